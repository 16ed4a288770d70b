/* SPDX-License-Identifier: Apache-2.0 */
/* literals_find.h: the search that literals.h stands on, once for each set of vector instructions.
 * Sixty-four places are tried together: at each, the first and the last byte of each text have to
 * fit before the text is compared. Internal to literals*.c. */
#ifndef FHIRTRIAL_FHIR_LITERALS_FIND_H
#define FHIRTRIAL_FHIR_LITERALS_FIND_H

#include "fhir/literals.h"

struct literals {
    str texts[LITERALS_MOST];
    isize n;
    isize longest;
    bool useless; /* a text that cannot serve was added */
};

/* The first place in [p, end) where one of the texts or \u stands, or NULL. */
typedef const char *literals_find(const literals *l, const char *p, const char *end);
literals_find literals_find_none, literals_find_sse2, literals_find_avx2, literals_find_avx512,
    literals_find_neon;
/* Whether one of the texts or \u stands at p. */
bool literals_at(const literals *l, const char *p, const char *end);

/* A variant has equal64(p, byte): a bit for each of the 64 bytes at p that equals `byte`. */
#define LITERALS_FIND(name, target)                                                                \
    target const char *name(const literals *l, const char *p, const char *end) {                   \
        for (; end - p >= 64 + l->longest; p += 64) {                                              \
            uint64_t hits = equal64(p, '\\');                                                      \
            if (hits) hits &= equal64(p + 1, 'u');                                                 \
            for (isize i = 0; i < l->n; i++) {                                                     \
                str t = l->texts[i];                                                               \
                hits |= equal64(p, t.p[0]) & equal64(p + t.n - 1, t.p[t.n - 1]);                   \
            }                                                                                      \
            for (; hits; hits &= hits - 1) {                                                       \
                const char *hit = p + __builtin_ctzll(hits);                                       \
                if (literals_at(l, hit, end)) return hit;                                          \
            }                                                                                      \
        }                                                                                          \
        return literals_find_none(l, p, end);                                                      \
    }

#endif
