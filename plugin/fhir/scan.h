/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h: the strict JSON lexer under the configuration reader (json.h), and the one that tells
 * where a message stops being JSON: the FHIR reader asks it once its index (index.h) has refused a
 * text. Both must agree on what is JSON. It works from the front, byte by byte where it matters:
 * RFC 8259 with UTF-8 (RFC 3629) checked byte by byte, surrogates in pairs only, no control
 * characters, no NUL in any spelling, nesting limited. It hands out spans of the text and copies
 * nothing. It does not know what a value means, and does not look for duplicate names: its callers
 * do, where they keep them.
 *
 * The text need not be padded or end in NUL; nothing outside it is read. Every function that
 * returns bool has set the fault (offset, what is wrong, remedy) when it returns false, and the
 * scan is then finished. One thread at a time. */
#ifndef FHIRTRIAL_FHIR_SCAN_H
#define FHIRTRIAL_FHIR_SCAN_H

#include "base/arena.h"

#include <string.h>

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

/* The first byte at or after p that is no white space, or the end. */
static inline const char *scan_space(const char *p, const char *end) {
    while (p < end && (uint8_t)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* The first byte that is no white space, not yet consumed; 0 at the end of the text. */
static inline char scan_peek(scan *s) {
    s->p = scan_space(s->p, s->end);
    return s->p < s->end ? *s->p : 0;
}

/* Consumes '{' or '[' and counts the level; scan_leave counts it off again. */
bool scan_enter(scan *s);
static inline void scan_leave(scan *s) {
    s->p++;
    s->depth--;
}

enum { SCAN_STRIDE = 8 };

/* How many plain bytes stand at p, of the next SCAN_STRIDE: no quote, no backslash, no control
 * character, no byte of UTF-8. The high bit of each byte of the word that is not plain is set;
 * bytes above the lowest such one may be wrong through borrows, which does not matter. */
static inline int scan_plain(const char *p) {
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)(uint8_t)p[i] << (8 * i);
    uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
    uint64_t odd = (v | ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) |
                    ((backslash - ones) & ~backslash)) &
                   high;
    return odd ? __builtin_ctzll(odd) >> 3 : SCAN_STRIDE;
}

/* The closing quote of a string from its first byte that needs a closer look, or near the end of
 * the text; NULL with a fault when there is none. */
const char *scan_quote_slowly(scan *s, const char *p, bool *escaped);

/* The closing quote of the string whose text begins at p. Most bytes of a message are in strings,
 * and nearly all strings are plain. */
static inline __attribute__((always_inline)) const char *scan_quote(scan *s, const char *p,
                                                                    bool *escaped) {
    *escaped = false;
    while (s->end - p >= SCAN_STRIDE) {
        int n = scan_plain(p);
        p += n;
        if (n == SCAN_STRIDE) continue;
        if (*p == '"') return p;
        break;
    }
    return scan_quote_slowly(s, p, escaped);
}

/* A string, from its opening quote: the span between the quotes, and whether it holds escapes. */
static inline __attribute__((always_inline)) bool scan_string(scan *s, str *raw, bool *escaped) {
    const char *start = s->p + 1, *quote = scan_quote(s, start, escaped);
    if (!quote) return false;
    *raw = (str){start, quote - start};
    s->p = quote + 1;
    return true;
}

/* A member's name with its colon; *escaped when it has to be unescaped. */
bool scan_fail_name(scan *s);
static inline __attribute__((always_inline)) bool scan_name_raw(scan *s, str *name, bool *escaped) {
    if (scan_peek(s) != '"') return scan_fail_name(s);
    if (!scan_string(s, name, escaped)) return false;
    if (scan_peek(s) != ':') return scan_fail_name(s);
    s->p++;
    return true;
}
/* The same, unescaped (in the arena only when it held escapes). */
bool scan_name(scan *s, arena *arena, str *name);
/* A number as written. */
bool scan_number(scan *s, str *raw);
/* true, false or null as written. */
bool scan_literal(scan *s, str *raw);
/* After an element or a member: true when `close` follows (not consumed), or a comma (consumed)
 * and *more says which. */
bool scan_fail_next(scan *s, char close);
static inline bool scan_next(scan *s, char close, bool *more) {
    char c = scan_peek(s);
    *more = c == ',';
    if (!*more) return c == close || scan_fail_next(s, close);
    s->p++;
    return true;
}
/* Any one value, checked in full and forgotten. */
bool scan_skip(scan *s);
/* Nothing but white space is left. */
bool scan_end(scan *s);

/* The text of a span that scan_string has accepted, in the arena when it held escapes. */
str scan_unescape(str raw, arena *arena);

/* Bytes of the UTF-8 sequence at p, whose first byte is above 0x7F; 0 when it is not well-formed
 * (RFC 3629 section 4). */
int scan_sequence_bytes(const char *p, const char *end);
/* Bytes of the escape at p, a backslash; 0 when it is none that RFC 8259 section 7 knows, NUL, or
 * half of a surrogate pair. */
int scan_escape_bytes(const char *p, const char *end);

/* Where the first two equal texts are: the index of the later one in `texts`, or -1. Sorts a copy,
 * so that no choice of names makes it slow. */
isize scan_duplicate(const str *texts, isize n, arena *arena);

#endif
