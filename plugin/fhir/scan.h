/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h: the strict JSON lexer under the FHIR reader and the configuration reader: RFC 8259 with
 * UTF-8 (RFC 3629) checked byte by byte, surrogates in pairs only, no control characters, no NUL in
 * any spelling, nesting limited. It hands out spans of the text and copies nothing. It does not
 * know what a value means, and does not look for duplicate names: its callers do, where they keep
 * them.
 *
 * The text need not be padded or end in NUL; nothing outside it is read. Every function that
 * returns bool has set the fault (offset, what is wrong, remedy) when it returns false, and the
 * scan is then finished. One thread at a time. */
#ifndef FHIRTRIAL_FHIR_SCAN_H
#define FHIRTRIAL_FHIR_SCAN_H

#include "base/arena.h"

typedef struct scan {
    const char *p, *end; /* what is still to be read */
    const char *beg;
    int depth, max_depth; /* open objects and arrays; at most LIMIT_DEPTH */
    fault *fault;
} scan;

/* Starts at the text's first byte, behind a byte-order mark if there is one. max_depth 0, or more
 * than LIMIT_DEPTH, means LIMIT_DEPTH. */
scan scan_new(str text, int max_depth, fault *fault);
/* Records a fault of kind FAULT_INPUT at `at`, a place in the text, ends the scan and gives false.
 */
bool scan_fail(scan *s, const char *at, const char *text);
static inline isize scan_offset(const scan *s, const char *at) { return at - s->beg; }

/* The first byte that is no white space, not yet consumed; 0 at the end of the text. */
static inline char scan_peek(scan *s) {
    while (s->p < s->end) {
        char c = *s->p;
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
        s->p++;
    }
    return 0;
}

/* Consumes '{' or '[' and counts the level; scan_leave counts it off again. */
bool scan_enter(scan *s);
static inline void scan_leave(scan *s) {
    s->p++;
    s->depth--;
}

/* A string, from its opening quote: the span between the quotes, and whether it holds escapes. */
bool scan_string(scan *s, str *raw, bool *escaped);
/* A member's name with its colon; unescaped (in the arena only when it held escapes). */
bool scan_name(scan *s, arena *arena, str *name);
/* A number as written. */
bool scan_number(scan *s, str *raw);
/* true, false or null as written. */
bool scan_literal(scan *s, str *raw);
/* After an element or a member: true when `close` follows (not consumed), or a comma (consumed)
 * and *more says which. */
bool scan_next(scan *s, char close, bool *more);
/* Any one value, checked in full and forgotten. */
bool scan_skip(scan *s);
/* Nothing but white space is left. */
bool scan_end(scan *s);

/* The text of a span that scan_string has accepted, in the arena when it held escapes. */
str scan_unescape(str raw, arena *arena);

/* Where the first two equal texts are: the index of the later one in `texts`, or -1. Sorts a copy,
 * so that no choice of names makes it slow. */
isize scan_duplicate(const str *texts, isize n, arena *arena);

#endif
