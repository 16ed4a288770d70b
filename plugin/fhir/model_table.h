/* SPDX-License-Identifier: Apache-2.0 */
/* model_table.h: how the R4 tables and extensions of them are laid out, for model.c and for the
 * readers, which look up every member name of a message here. Others use model.h.
 *
 * A type's row lists its own members only, its hash table has the inherited ones too. A member has
 * an ordinal that is unique within a type and everything it inherits: the base's members come
 * first, so the readers can note what an object already holds in a bit set. */
#ifndef FHIRTRIAL_FHIR_MODEL_TABLE_H
#define FHIRTRIAL_FHIR_MODEL_TABLE_H

#include "fhir/model.h"

#include <string.h>

enum {
    MODEL_MEMBERS = 320 /* most members of one type, spellings of choices and bases included */
};

/* A span of the table's text. */
typedef struct model_name {
    uint16_t at;
    uint8_t length;
} model_name;

enum {
    TYPE_PRIMITIVE = 1,
    TYPE_RESOURCE = 2,
    TYPE_ABSTRACT = 4,
};

typedef struct model_row {
    model_name name;
    model_type base;
    uint16_t first, count; /* own members */
    uint16_t inherited;    /* members of the bases, that is the first own ordinal */
    uint16_t slot;         /* first of the hash table of all members, inherited ones included */
    uint8_t shift;         /* its slot is mix * factor >> shift; no two members share one */
    uint64_t factor;
    model_key patient;
    uint8_t flags;
} model_row;

enum {
    MEMBER_MANY = 1,
    MEMBER_RESOURCE = 2,  /* a nested resource stands here */
    MEMBER_ATTRIBUTE = 4, /* XML spells it as an attribute */
    MEMBER_CHOICE = 8,    /* the choice as such ("value"): no legal spelling */
    MEMBER_SPELT = 16,    /* one spelling of a choice ("valueQuantity") */
    MEMBER_PRIMITIVE = 32 /* of a primitive type */
};

/* What a member name means inside a type. */
typedef struct model_spelling {
    char head[16];   /* R4's only: the name's first bytes, without a NUL when there are 16 */
    model_name name; /* R4's only: a span of the table's text */
    model_key key;
    model_type type;  /* TYPE_NONE for a choice and for a nested resource */
    uint16_t ordinal; /* of the member */
    uint16_t root;    /* ordinal of the choice it spells, else its own */
    uint16_t choices; /* for choices: how many spellings follow */
    uint8_t flags;
} model_spelling;

/* The first 16 bytes of a name, filled up with zeros: most names are compared without a loop. */
typedef struct model_words {
    uint64_t head, tail;
} model_words;

static inline uint64_t model_word(const char *p) {
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tables were made that way");
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* `n` bytes of the word, the rest zeros. */
static inline uint64_t model_part(uint64_t word, isize n) {
    return n >= 8 ? word : word & ((UINT64_C(1) << (8 * n)) - 1);
}

/* `within` says that 16 bytes can be read at the name's beginning, whatever its length. */
static inline model_words model_words_of(str name, bool within) {
    const char *p = name.p;
    isize n = name.n, rest = n > 8 ? n - 8 : 0;
    if (within) { /* without a branch: lengths of names are hard to guess */
        static const uint64_t parts[9] = {
            0,          0xFF,         0xFFFF,         0xFFFFFF,
            0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
            UINT64_MAX};
        isize head = n < 8 ? n : 8, tail = rest < 8 ? rest : 8;
        return (model_words){model_word(p) & parts[head], model_word(p + 8) & parts[tail]};
    }
    if (n >= 16)
        return (model_words){model_part(model_word(p), n), model_part(model_word(p + 8), rest)};
    if (n >= 8) /* the last 8 bytes begin before the second word: what overlaps is shifted out */
        return (model_words){model_word(p), rest ? model_word(p + n - 8) >> (64 - 8 * rest) : 0};
    uint64_t head = 0;
    for (isize i = 0; i < n; i++) head |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return (model_words){head, 0};
}

/* make-model.mjs computes the same. */
static inline uint64_t model_mix(model_words w, str name) {
    uint64_t x = w.head ^ (w.tail << 29 | w.tail >> 35) ^ (uint64_t)name.n;
    if (name.n > 16) {
        uint64_t last = model_word(name.p + name.n - 8);
        x ^= last << 17 | last >> 47;
    }
    return x;
}

/* Finds a member of `type` by its JSON name, inherited ones included; also a choice's own name,
 * which has MEMBER_CHOICE set and is no legal spelling. NULL when there is none; else it lives as
 * long as the model. */
const model_spelling *model_lookup(const model *m, model_type type, str name);
/* The same for who has the name's words already. */
const model_spelling *model_lookup_words(const model *m, model_type type, str name, model_words w);

/* The legal spellings of the element `key` in an R4 type, one or, of a choice, as many as it has
 * types, from *first on; 0 when the type has no such element. Static storage. */
isize model_spellings_of(const model *m, model_type type, model_key key,
                         const model_spelling **first);
/* The name of an R4 spelling; static storage. */
str model_spelling_name(const model_spelling *spelling);

/* Every legal member name of `type` in JSON, inherited ones included: an array in the arena. */
isize model_spellings(const model *m, model_type type, arena *arena, str **list);

#endif
