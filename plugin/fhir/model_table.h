/* SPDX-License-Identifier: Apache-2.0 */
/* model_table.h: how the R4 tables and extensions of them are laid out, for model.c and for the
 * readers, which look up every member name of a message here. Others use model.h.
 *
 * A type's row lists its own members only; inherited ones are found in its base's row. A member has
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
    uint16_t slot, mask;   /* hash table of the own members; mask 0: none */
    model_key patient;
    uint8_t flags;
} model_row;

enum {
    MEMBER_MANY = 1,
    MEMBER_RESOURCE = 2,  /* a nested resource stands here */
    MEMBER_ATTRIBUTE = 4, /* XML spells it as an attribute */
    MEMBER_CHOICE = 8,    /* the choice as such ("value"): no legal spelling */
    MEMBER_SPELT = 16     /* one spelling of a choice ("valueQuantity") */
};

typedef struct model_row_member {
    model_name name;
    model_key key;
    model_type type;
    uint16_t root;    /* for spellings: index of the choice among the type's own members */
    uint16_t choices; /* for choices: how many spellings follow */
    uint8_t flags;
} model_row_member;

/* What a member name means inside a type. */
typedef struct model_found {
    model_key key;
    model_type type;       /* TYPE_NONE for a choice and for a nested resource */
    uint16_t ordinal;      /* of the member */
    uint16_t root_ordinal; /* of the choice it spells, else the same */
    uint8_t flags;
} model_found;

/* A hash of a short name; make-model.mjs computes the same. Reads only the name's bytes. */
static inline uint64_t model_load(const char *p, int bytes) {
    uint64_t word = 0;
    for (int i = 0; i < bytes; i++) word |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return word;
}

static inline uint32_t model_hash(str name) {
    const char *p = name.p;
    uint64_t n = (uint64_t)name.n, a = 0, b = 0;
    if (n >= 8) {
        a = model_load(p, 8);
        b = model_load(p + n - 8, 8);
    } else if (n >= 4) {
        a = model_load(p, 4);
        b = model_load(p + n - 4, 4);
    } else if (n > 0) {
        a = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[n >> 1] << 8 |
            (uint64_t)(uint8_t)p[n - 1] << 16;
    }
    uint64_t h = (a ^ (b << 32 | b >> 32) ^ n) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((h ^ h >> 29) >> 32);
}

/* Finds a member of `type` by its JSON name, inherited ones included; also a choice's own name,
 * which has MEMBER_CHOICE set and is no legal spelling. */
bool model_lookup(const model *m, model_type type, str name, model_found *out);

/* Every legal member name of `type` in JSON, inherited ones included: an array in the arena. */
isize model_spellings(const model *m, model_type type, arena *arena, str **list);

#endif
