/* SPDX-License-Identifier: Apache-2.0 */
/* The R4 model: lookups in the generated tables. Types and keys beyond the tables belong to an
 * extension (model_extend.c) and are asked there. */
#include "fhir/model.h"

#include "fhir/model_extend.h"
#include "fhir/model_ids.h"
#include "fhir/model_table.h"

#include "fhir/model_r4.inc"

_Static_assert(COUNT_OF(r4_keys) == KEY_R4_COUNT, "model_ids.h is of another generation");
_Static_assert(COUNT_OF(r4_types) == TYPE_R4_COUNT, "model_ids.h is of another generation");

static const model r4 = {.base = NULL};

const model *model_r4(void) { return &r4; }

static str name_of(model_name name) { return (str){r4_text + name.at, name.length}; }

static bool is(model_name name, str text) {
    return name.length == text.n && memcmp(r4_text + name.at, text.p, (size_t)text.n) == 0;
}

/* Where a name's search begins in a table of 2^n slots. */
static uint32_t first_slot(str name, isize slots) {
    uint64_t h = model_mix(model_words_of(name, false), name) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> (__builtin_clzll((uint64_t)slots) + 1));
}

static const model_row *row_of(model_type type) { return &r4_types[type]; }

model_key model_find_key(const model *m, str name) {
    uint32_t mask = (uint32_t)COUNT_OF(r4_key_slots) - 1;
    for (uint32_t at = first_slot(name, mask + 1); r4_key_slots[at]; at = (at + 1) & mask)
        if (is(r4_keys[r4_key_slots[at]], name)) return r4_key_slots[at];
    return extension_find_key(m, name);
}

str model_key_name(const model *m, model_key key) {
    if (key >= KEY_R4_COUNT) return extension_key_name(m, key);
    return name_of(r4_keys[key]);
}

model_type model_find_type(const model *m, str name) {
    uint32_t mask = (uint32_t)COUNT_OF(r4_type_slots) - 1;
    for (uint32_t at = first_slot(name, mask + 1); r4_type_slots[at]; at = (at + 1) & mask)
        if (is(r4_types[r4_type_slots[at]].name, name)) return r4_type_slots[at];
    return extension_find_type(m, name);
}

str model_type_name(const model *m, model_type type) {
    if (type >= TYPE_R4_COUNT) return extension_type_name(m, type);
    return name_of(row_of(type)->name);
}

model_type model_base(const model *m, model_type type) {
    if (type >= TYPE_R4_COUNT) return extension_base(m, type);
    return row_of(type)->base;
}

bool model_is_a(const model *m, model_type type, model_type ancestor) {
    if (ancestor == TYPE_NONE) return false;
    while (type != TYPE_NONE && type != ancestor) type = model_base(m, type);
    return type != TYPE_NONE;
}

/* The R4 type that decides what an extension's type is. */
static const model_row *nature(const model *m, model_type type) {
    while (type >= TYPE_R4_COUNT) type = extension_base(m, type);
    return row_of(type);
}

bool model_is_resource(const model *m, model_type type) {
    return nature(m, type)->flags & TYPE_RESOURCE;
}

bool model_is_primitive(const model *m, model_type type) {
    return nature(m, type)->flags & TYPE_PRIMITIVE;
}

bool model_is_abstract(const model *m, model_type type) {
    (void)m; /* types of an extension are concrete */
    return type < TYPE_R4_COUNT && (row_of(type)->flags & TYPE_ABSTRACT);
}

/* The member `name` of an R4 type, inherited ones included, or NULL. */
static inline const model_spelling *r4_member(model_type type, str name, model_words w) {
    const model_row *row = row_of(type);
    uint16_t number = r4_member_slots[row->slot + (model_mix(w, name) * row->factor >> row->shift)];
    const model_spelling *m = &r4_members[number];
    uint64_t other = (model_word(m->head) ^ w.head) | (model_word(m->head + 8) ^ w.tail);
    if (other | (uint64_t)(m->name.length ^ name.n)) return NULL;
    return name.n <= 16 || is(m->name, name) ? m : NULL;
}

/* Apart, so that the way of R4 types needs no stack. */
static __attribute__((noinline)) const model_spelling *
extended_member(const model *m, model_type type, str name, model_words w) {
    for (; type >= TYPE_R4_COUNT; type = extension_base(m, type)) {
        const model_spelling *own = extension_lookup(m, type, name);
        if (own) return own;
    }
    return name.n ? r4_member(type, name, w) : NULL;
}

const model_spelling *model_lookup_words(const model *m, model_type type, str name, model_words w) {
    if (type >= TYPE_R4_COUNT || name.n == 0) return extended_member(m, type, name, w);
    return r4_member(type, name, w);
}

const model_spelling *model_lookup(const model *m, model_type type, str name) {
    return model_lookup_words(m, type, name, model_words_of(name, false));
}

static model_element element_of(const model_spelling *member) {
    return (model_element){.key = member->key,
                           .type = member->type,
                           .choices = member->choices,
                           .many = member->flags & MEMBER_MANY,
                           .resource = member->flags & MEMBER_RESOURCE};
}

/* The R4 member that the key stands for (a choice itself, not a spelling), or NULL. */
static const model_spelling *member_by_key(model_type type, model_key key) {
    if (key == KEY_NONE || key >= KEY_R4_COUNT) return NULL;
    str name = name_of(r4_keys[key]);
    const model_spelling *member = r4_member(type, name, model_words_of(name, false));
    return member && !(member->flags & MEMBER_SPELT) ? member : NULL;
}

isize model_spellings_of(const model *m, model_type type, model_key key,
                         const model_spelling **first) {
    while (type >= TYPE_R4_COUNT) type = extension_base(m, type);
    const model_spelling *member = member_by_key(type, key);
    if (!member) return 0;
    bool choice = member->flags & MEMBER_CHOICE;
    *first = member + choice; /* the spellings follow the choice */
    return choice ? member->choices : 1;
}

str model_spelling_name(const model_spelling *spelling) { return name_of(spelling->name); }

bool model_element_of(const model *m, model_type type, model_key key, model_element *out) {
    for (; type >= TYPE_R4_COUNT; type = extension_base(m, type))
        if (extension_element(m, type, key, out)) return true;
    const model_spelling *member = member_by_key(type, key);
    if (member) *out = element_of(member);
    return member;
}

model_type model_choice(const model *m, model_type type, model_key key, int i) {
    while (type >= TYPE_R4_COUNT) type = extension_base(m, type);
    const model_spelling *member = member_by_key(type, key);
    if (!member || i < 0 || i >= member->choices) return TYPE_NONE;
    return member[1 + i].type; /* the spellings follow the choice */
}

bool model_member(const model *m, model_type type, str name, model_element *element,
                  model_type *type_out) {
    const model_spelling *found = model_lookup(m, type, name);
    if (!found || (found->flags & MEMBER_CHOICE)) return false;
    if (!model_element_of(m, type, found->key, element)) return false;
    *type_out = found->type;
    return true;
}

isize model_elements(const model *m, model_type type, arena *a, model_element **list) {
    model_type chain[8]; /* R4 needs five, extensions add one or two */
    int depth = 0;
    for (model_type t = type; t != TYPE_NONE && depth < COUNT_OF(chain); t = model_base(m, t))
        chain[depth++] = t;
    model_element *out = arena_new(a, model_element, MODEL_MEMBERS);
    isize n = 0;
    while (depth > 0) {
        model_type t = chain[--depth];
        if (t >= TYPE_R4_COUNT) {
            n += extension_elements(m, t, out + n);
            continue;
        }
        const model_row *row = row_of(t);
        for (int i = row->first; i < row->first + row->count; i++)
            if (!(r4_members[i].flags & MEMBER_SPELT)) out[n++] = element_of(&r4_members[i]);
    }
    *list = out;
    return n;
}

isize model_spellings(const model *m, model_type type, arena *a, str **list) {
    str *out = arena_new(a, str, MODEL_MEMBERS);
    isize n = 0;
    for (; type >= TYPE_R4_COUNT; type = extension_base(m, type)) {
        model_element own[MODEL_MEMBERS];
        isize count = extension_elements(m, type, own);
        for (isize i = 0; i < count; i++) out[n++] = model_key_name(m, own[i].key);
    }
    for (; type != TYPE_NONE; type = row_of(type)->base) {
        const model_row *row = row_of(type);
        for (int i = row->first; i < row->first + row->count; i++)
            if (!(r4_members[i].flags & MEMBER_CHOICE)) out[n++] = name_of(r4_members[i].name);
    }
    *list = out;
    return n;
}

model_key model_patient_element(const model *m, model_type type) {
    (void)m; /* the compartment lists R4 types only */
    return type < TYPE_R4_COUNT ? row_of(type)->patient : KEY_NONE;
}

int model_r4_members(model_type type) {
    return type < TYPE_R4_COUNT ? row_of(type)->inherited + row_of(type)->count : 0;
}
