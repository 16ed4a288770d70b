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
    uint16_t slot, mask;   /* hash table of all members, inherited ones included */
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
    model_name name; /* R4's only: a span of the table's text */
    model_key key;
    model_type type;  /* TYPE_NONE for a choice and for a nested resource */
    uint16_t ordinal; /* of the member */
    uint16_t root;    /* ordinal of the choice it spells, else its own */
    uint16_t choices; /* for choices: how many spellings follow */
    uint8_t flags;
} model_spelling;

/* A short name as two words that overlap: up to 16 bytes are compared and hashed without a loop.
 * Reads only the name's bytes. */
typedef struct model_words {
    uint64_t head, tail;
} model_words;

static inline model_words model_words_of(str name) {
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tables were hashed that way");
    const char *p = name.p;
    model_words w = {0, 0};
    if (name.n >= 8) {
        memcpy(&w.head, p, 8);
        memcpy(&w.tail, p + name.n - 8, 8);
    } else if (name.n >= 4) {
        memcpy(&w.head, p, 4);
        memcpy(&w.tail, p + name.n - 4, 4);
    } else if (name.n > 0) {
        w.head = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[name.n >> 1] << 8 |
                 (uint64_t)(uint8_t)p[name.n - 1] << 16;
    }
    return w;
}

/* make-model.mjs computes the same. */
static inline uint32_t model_hash(model_words w, isize n) {
    uint64_t h =
        (w.head ^ (w.tail << 32 | w.tail >> 32) ^ (uint64_t)n) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((h ^ h >> 29) >> 32);
}

/* Finds a member of `type` by its JSON name, inherited ones included; also a choice's own name,
 * which has MEMBER_CHOICE set and is no legal spelling. NULL when there is none; else it lives as
 * long as the model. */
const model_spelling *model_lookup(const model *m, model_type type, str name);

/* Every legal member name of `type` in JSON, inherited ones included: an array in the arena. */
isize model_spellings(const model *m, model_type type, arena *arena, str **list);

#endif
