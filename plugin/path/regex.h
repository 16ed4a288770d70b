/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h: regular expressions on PCRE2 (FHIRPath 3.0: matches, matchesFull, replaceMatches). A
 * pattern is compiled into the program's arena when it is a literal, else for the one call. Match
 * and depth limits bound a hostile pattern; reaching one is an answer, not a hang. No jump crosses
 * PCRE2: its memory comes from a region that says no by NULL. The dot matches a line end (the
 * suite's single-line mode); `i` and `m` are the flags of the specification. Thread-safe. */
#ifndef FHIRTRIAL_PATH_REGEX_H
#define FHIRTRIAL_PATH_REGEX_H

#include "base/buf.h"

typedef struct regex regex;

typedef enum regex_status { REGEX_OK, REGEX_MALFORMED, REGEX_MATCH_LIMIT } regex_status;

/* NULL when the pattern or a flag is malformed: *why (in the arena) and *at (offset in the pattern)
 * say what. */
const regex *regex_compile(arena *arena, str pattern, str flags, str *why, isize *at);
/* Whether the pattern is found in the text, or matches all of it when `full`. */
regex_status regex_match(const regex *r, str text, bool full, bool *found);
/* The text with every non-empty match replaced; $1, ${1}, ${name} stand for groups, $$ for $. */
regex_status regex_replace(const regex *r, arena *arena, str text, str substitution, str *out);

#endif
