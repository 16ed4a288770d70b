/* SPDX-License-Identifier: Apache-2.0 */
/* projection.h: the trie behind read_options.keep, for the readers. A `keep` stands for an element
 * (of one type) on a path to something wanted and knows the members that lead on, by their names in
 * a message; so a reader decides what to do with a member by one look into a small table, and the
 * model is not asked about members that nobody wants. NULL stands for "everything below". Built at
 * configuration time by read.h's functions, then read only. */
#ifndef FHIRTRIAL_FHIR_PROJECTION_H
#define FHIRTRIAL_FHIR_PROJECTION_H

#include "fhir/model_table.h"
#include "fhir/read.h"

typedef struct keep keep;

/* A member that is wanted, as messages spell it. */
typedef struct keep_member {
    model_words words;
    str name;
    const model_spelling *spelling; /* NULL: this place of the table is free */
    keep *below;
} keep_member;

struct keep {
    model_type type;
    bool deep; /* all below is wanted */
    uint8_t shift;
    uint32_t n;
    keep_member *table; /* 2^(64-shift) places, at least two of them free; NULL while n is 0 */
};

/* A string as a message spells it without escapes. Its first bytes, the closing quote among them
 * where the string is short, are compared as one word; all of them then only when those fit. */
typedef struct spelt {
    str text;
    uint64_t head, mask;
} spelt;

/* A text that has to stand at a path, or a row is impossible. */
typedef struct need need;
struct need {
    const need *next; /* another one that would do */
    spelt *names;     /* the members on the way from the resource */
    isize n;
    spelt text;
};

/* What is wanted of a resource of this type; NULL: everything. */
const keep *projection_of(const projection *p, model_type type);
/* One of these has to be there, or nothing of the resource is wanted; NULL: nothing is asked. */
const need *projection_needs_of(const projection *p, model_type type);
/* Whether nothing of a message that is such a resource is wanted. */
bool projection_never(const projection *p, model_type type);

static inline uint32_t keep_slot(const keep *k, str name, model_words words) {
    uint64_t mixed = model_mix(words, name) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> k->shift);
}

/* The member of this name; NULL when nobody wants it. */
static inline const keep_member *keep_find(const keep *k, str name, model_words words) {
    if (!k->n) return NULL;
    uint32_t mask = (uint32_t)(UINT64_C(1) << (64 - k->shift)) - 1;
    for (uint32_t at = keep_slot(k, name, words);; at = (at + 1) & mask) {
        const keep_member *m = &k->table[at];
        if (!m->spelling) return NULL;
        if (m->words.head == words.head && m->words.tail == words.tail && m->name.n == name.n &&
            (name.n <= 16 || memcmp(m->name.p, name.p, (size_t)name.n) == 0))
            return m;
    }
}

/* What is wanted below a member that was found. */
static inline const keep *keep_below(const keep_member *m) {
    return m->below->deep ? NULL : m->below;
}

/* The same for a node of a tape, child of what `k` stands for: false when nobody wants it.
 * Searches; for rare use. */
bool projection_below(const keep *k, const node *child, const keep **below);

#endif
