/* SPDX-License-Identifier: Apache-2.0 */
/* literals_find.h: the search that literals.h stands on, once for each set of vector instructions.
 * Sixty-four places are tried together: at each, the first and the last byte of each text, or the
 * sixty-fourth of a longer one, have to fit before the text is compared. Internal to literals*.c.
 */
#ifndef FHIRTRIAL_FHIR_LITERALS_FIND_H
#define FHIRTRIAL_FHIR_LITERALS_FIND_H

#include "fhir/literals.h"

#include <string.h>

enum { LITERALS_BLOCK = 64 };

struct literals {
    str texts[LITERALS_MOST];
    isize n;
    isize reach;  /* the most bytes of a text that are looked at before it is compared */
    bool useless; /* a text that cannot serve was added */
};

/* The first place in [p, end) where one of the texts or \u stands, or NULL. */
typedef const char *literals_find(const literals *l, const char *p, const char *end);
literals_find literals_find_none, literals_find_sse2, literals_find_avx2, literals_find_avx512,
    literals_find_neon;
/* Whether one of the texts or \u stands at p. */
bool literals_at(const literals *l, const char *p, const char *end);

/* Where the byte is that has to fit beside the first. */
static inline isize literals_last(str text) {
    return (text.n < LITERALS_BLOCK ? text.n : LITERALS_BLOCK) - 1;
}

/* Fewer than two blocks. */
static inline void literals_rest(char rest[3 * LITERALS_BLOCK], const char *p, const char *end) {
    memset(rest, 0, 3 * LITERALS_BLOCK);
    memcpy(rest, p, (size_t)(end - p));
}

/* A variant has equal64(p, byte): a bit for each of the 64 bytes at p that equals `byte`. What is
 * left behind the last whole block is looked at in a copy, with zeros behind it. */
#define LITERALS_FIND(name, target)                                                                \
    target static inline uint64_t name##_hits(const literals *l, const char *p) {                  \
        uint64_t hits = equal64(p, '\\');                                                          \
        if (hits) hits &= equal64(p + 1, 'u');                                                     \
        for (isize i = 0; i < l->n; i++) {                                                         \
            str t = l->texts[i];                                                                   \
            isize last = literals_last(t);                                                         \
            hits |= equal64(p, t.p[0]) & equal64(p + last, t.p[last]);                             \
        }                                                                                          \
        return hits;                                                                               \
    }                                                                                              \
    target const char *name(const literals *l, const char *p, const char *end) {                   \
        char rest[3 * LITERALS_BLOCK];                                                             \
        for (; end - p >= LITERALS_BLOCK + l->reach; p += LITERALS_BLOCK)                          \
            for (uint64_t hits = name##_hits(l, p); hits; hits &= hits - 1) {                      \
                const char *hit = p + __builtin_ctzll(hits);                                       \
                if (literals_at(l, hit, end)) return hit;                                          \
            }                                                                                      \
        if (p < end) literals_rest(rest, p, end);                                                  \
        for (isize at = 0; at < end - p; at += LITERALS_BLOCK)                                     \
            for (uint64_t hits = name##_hits(l, rest + at); hits; hits &= hits - 1) {              \
                const char *hit = p + at + __builtin_ctzll(hits);                                  \
                if (literals_at(l, hit, end)) return hit;                                          \
            }                                                                                      \
        return NULL;                                                                               \
    }

#endif
