/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h: regular expressions on PCRE2 (FHIRPath 3.0: matches, matchesFull, replaceMatches). A
 * pattern is compiled into the program's arena when it is a literal, else for the one call. Match
 * and depth limits bound what a hostile pattern may do from one place of the text, and the steps of
 * the expression what it does from all of them; reaching one is an answer, not a hang. No jump
 * crosses PCRE2: its memory comes from a region that says no by NULL. The dot matches a line end
 * (the suite's single-line mode); `i` and `m` are the flags of the specification. Thread-safe. */
#ifndef FHIRTRIAL_PATH_REGEX_H
#define FHIRTRIAL_PATH_REGEX_H

#include "base/buf.h"

typedef struct regex regex;

typedef enum regex_status {
    REGEX_OK,
    REGEX_MALFORMED,
    REGEX_MATCH_LIMIT,
    REGEX_STEPS /* *steps is used up */
} regex_status;

/* NULL when the pattern or a flag is malformed: *why (in the arena) and *at (offset in the pattern)
 * say what. */
const regex *regex_compile(arena *arena, str pattern, str flags, str *why, isize *at);
/* Whether the pattern is found in the text, or matches all of it when `full`. *steps is lessened by
 * the work: one for each item of the pattern that is tried, and one for each 16 bytes passed. */
regex_status regex_match(const regex *r, str text, bool full, int64_t *steps, bool *found);
/* The text with every non-empty match replaced; $1, \1, ${1}, ${name} stand for groups (0: the
 * whole match), $$ for $. */
regex_status regex_replace(const regex *r, arena *arena, str text, str substitution, int64_t *steps,
                           str *out);

#endif
