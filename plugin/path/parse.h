/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h: FHIRPath text to a tree (grammar of FHIRPath N1 2.0.0 and 3.0.0). Precedence climbing
 * over one table; no name is resolved here. */
#ifndef FHIRTRIAL_PATH_PARSE_H
#define FHIRTRIAL_PATH_PARSE_H

#include "path/ast.h"

/* Where findings go. `file` and `place` are copied into each; `at` is the offset in the expression.
 */
typedef struct reporter {
    problems *found;
    str source, file, place;
} reporter;

/* Adds an error or warning about the span at `at`. `text` is what is wrong, `remedy` what to do. */
void path_report(const reporter *r, problem_level level, const char *code, isize at, str text,
                 str remedy);

/* The tree in `arena`, or NULL after a syntax error, which was reported with its place and what was
 * expected there. */
ast *path_parse(arena *arena, str source, const reporter *reporter);

#endif
