/* SPDX-License-Identifier: Apache-2.0 */
/* tools.h: the commands of `fhirtrial` that need no store and no network. They link the core
 * itself, unlike the host commands, which load the library. Each has its own help and exit codes.
 * What is found goes to standard output, diagnostics to standard error. Single-threaded. */
#ifndef FHIRTRIAL_TOOLS_TOOLS_H
#define FHIRTRIAL_TOOLS_TOOLS_H

#include "base/buf.h"
#include "base/problem.h"
#include "base/when.h"

#include <stdio.h>

enum {
    TOOL_OK = 0,
    TOOL_FAILED = 1,  /* the work could not be done, or found errors */
    TOOL_USAGE = 2,   /* wrong arguments */
    TOOL_PARTIAL = 3, /* some input was skipped */
};

/* argv[0] is the command's own name. */
int tool_view(int argc, char **argv);
int tool_check(int argc, char **argv);
int tool_try(int argc, char **argv);
int tool_path(int argc, char **argv);
int tool_suite(int argc, char **argv);

/* "error", "warning", "note". */
const char *tool_level(problem_level level);
/* One finding as "name:line:column: level: text; remedy [place]"; `text` is the file's text, for
 * the line, or empty. */
void tool_print_problem(FILE *to, const char *name, str text, const problem *p);
/* One finding in a file of the mappings as a JSON object: file, line, column, level, code, place,
 * text, remedy. */
struct mapping_file;
void tool_json_problem(buf *out, const struct mapping_file *files, isize n, const problem *p);
/* A folder of mappings, loaded for its terminology; NULL after an error, which is told as that of
 * `command`. Lives in the arena. */
const struct mappings *tool_mappings(arena *arena, const char *command, const char *folder);
/* The machine's time in UTC. */
when tool_now(void);

#endif
