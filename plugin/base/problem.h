/* SPDX-License-Identifier: Apache-2.0 */
/* problem.h: findings that do not stop the work: a mistake in a mapping (file, offset, pointer), an
 * entry of a Bundle that cannot be used (pointer). They are collected in order, up to
 * LIMIT_PROBLEMS, and end as `fhirtrial check` lines or as issues of an OperationOutcome. A problem
 * names the place, the rule and the remedy, never a value out of a patient's data. The list and its
 * texts belong to the list's arena. */
#ifndef FHIRTRIAL_BASE_PROBLEM_H
#define FHIRTRIAL_BASE_PROBLEM_H

#include "base/arena.h"

typedef enum problem_level {
    PROBLEM_INFORMATION,
    PROBLEM_WARNING,
    PROBLEM_ERROR,
    PROBLEM_FATAL
} problem_level;

typedef struct problem {
    problem_level level;
    const char
        *code;  /* OperationOutcome issue type: invalid structure required value invariant
                   not-supported code-invalid not-found too-long processing exception ... (static) */
    str file;   /* mapping or configuration file as the user named it, or empty */
    isize at;   /* byte offset in that file or in the message, or -1 */
    str place;  /* JSON pointer or FHIRPath of the element, or empty */
    str text;   /* what is wrong: which rule */
    str remedy; /* what to do; "did you mean ..." */
} problem;

typedef struct problems {
    arena *arena;
    problem *list;
    isize n, cap;
    isize dropped; /* more than LIMIT_PROBLEMS */
    isize errors;  /* of level PROBLEM_ERROR or worse */
} problems;

problems problems_new(arena *arena);
/* Appends a copy (texts are copied into the list's arena). Over the limit it only counts. */
void problems_add(problems *problems, problem problem);
/* The closest of `count` candidates when it is near enough to be what was meant, else the empty
 * str. */
str problem_nearest(str name, const str *candidates, isize count);
/* Line and column, both from 1, columns in Unicode code points, of byte `at` in `text`. */
void problem_line_column(str text, isize at, int *line, int *column);

#endif
