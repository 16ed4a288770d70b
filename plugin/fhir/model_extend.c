/* SPDX-License-Identifier: Apache-2.0 */
/* Types and keys of our own on top of the R4 tables: the patient record's root and one type a view.
 * There are dozens of them, not thousands, so lists are searched from end to end. */
#include "fhir/model_extend.h"

#include "fhir/model_ids.h"

model *model_extend(arena *a, const model *base) {
    model *m = arena_new(a, model, 1);
    m->base = base;
    m->arena = a;
    m->first_key = base->base ? (model_key)(base->first_key + base->n_keys) : KEY_R4_COUNT;
    m->first_type = base->base ? (model_type)(base->first_type + base->n_types) : TYPE_R4_COUNT;
    return m;
}

/* The layer that numbers `type`, or NULL. */
static const extension_type *type_in(const model *m, model_type type) {
    for (; m && m->base; m = m->base)
        if (type >= m->first_type) {
            isize i = type - m->first_type;
            return i < m->n_types ? &m->types[i] : NULL;
        }
    return NULL;
}

model_key extension_find_key(const model *m, str name) {
    for (; m->base; m = m->base)
        for (isize i = 0; i < m->n_keys; i++)
            if (str_eq(m->keys[i], name)) return (model_key)(m->first_key + i);
    return KEY_NONE;
}

str extension_key_name(const model *m, model_key key) {
    for (; m->base; m = m->base)
        if (key >= m->first_key) {
            isize i = key - m->first_key;
            return i < m->n_keys ? m->keys[i] : (str){0};
        }
    return (str){0};
}

model_type extension_find_type(const model *m, str name) {
    for (; m->base; m = m->base)
        for (isize i = 0; i < m->n_types; i++)
            if (str_eq(m->types[i].name, name)) return (model_type)(m->first_type + i);
    return TYPE_NONE;
}

str extension_type_name(const model *m, model_type type) {
    const extension_type *t = type_in(m, type);
    return t ? t->name : (str){0};
}

model_type extension_base(const model *m, model_type type) {
    const extension_type *t = type_in(m, type);
    return t ? t->base : TYPE_NONE;
}

const model_spelling *extension_lookup(const model *m, model_type type, str name) {
    const extension_type *t = type_in(m, type);
    for (isize i = 0; t && i < t->n; i++)
        if (str_eq(model_key_name(m, t->elements[i].key), name)) return &t->spellings[i];
    return NULL;
}

bool extension_element(const model *m, model_type type, model_key key, model_element *out) {
    const extension_type *t = type_in(m, type);
    for (isize i = 0; t && i < t->n; i++)
        if (t->elements[i].key == key) {
            *out = t->elements[i];
            return true;
        }
    return false;
}

isize extension_elements(const model *m, model_type type, model_element *out) {
    const extension_type *t = type_in(m, type);
    for (isize i = 0; t && i < t->n; i++) out[i] = t->elements[i];
    return t ? t->n : 0;
}

static _Noreturn void too_many(const model *m, const char *what) {
    fault_raise(m->arena->landing, FAULT_LIMIT, -1,
                "the mappings declare too many %s; use fewer views or columns", what);
}

model_key model_add_key(model *m, str name) {
    model_key known = model_find_key(m, name);
    if (known) return known;
    if (m->first_key + m->n_keys >= UINT16_MAX) too_many(m, "element names");
    if (m->n_keys == m->cap_keys) {
        isize cap = m->cap_keys ? m->cap_keys * 2 : 64;
        m->keys = arena_grow(m->arena, m->keys, m->n_keys, cap, (isize)sizeof(str),
                             (isize) _Alignof(str));
        m->cap_keys = cap;
    }
    m->keys[m->n_keys] = arena_str(m->arena, name);
    return (model_key)(m->first_key + m->n_keys++);
}

model_type model_add_type(model *m, str name, model_type base) {
    model_type known = model_find_type(m, name);
    if (known) return known;
    if (m->first_type + m->n_types >= UINT16_MAX) too_many(m, "types");
    if (m->n_types == m->cap_types) {
        isize cap = m->cap_types ? m->cap_types * 2 : 32;
        m->types = arena_grow(m->arena, m->types, m->n_types, cap, (isize)sizeof(extension_type),
                              (isize) _Alignof(extension_type));
        m->cap_types = cap;
    }
    const extension_type *own = type_in(m, base);
    int inherited = own ? own->inherited + (int)own->n : model_r4_members(base);
    m->types[m->n_types] = (extension_type){
        .name = arena_str(m->arena, name), .base = base, .inherited = (uint16_t)inherited};
    return (model_type)(m->first_type + m->n_types++);
}

static void grow_type(arena *a, extension_type *t) {
    isize cap = t->cap ? t->cap * 2 : 16;
    t->elements = arena_grow(a, t->elements, t->n, cap, (isize)sizeof(model_element),
                             (isize) _Alignof(model_element));
    t->spellings = arena_grow(a, t->spellings, t->n, cap, (isize)sizeof(model_spelling),
                              (isize) _Alignof(model_spelling));
    t->cap = cap;
}

void model_add_element(model *m, model_type type, model_key key, model_type child, bool many) {
    if (type < m->first_type || type >= m->first_type + m->n_types)
        fault_raise(m->arena->landing, FAULT_INTERNAL, -1, "only a model's own types can grow");
    extension_type *t = &m->types[type - m->first_type];
    if (t->inherited + t->n >= MODEL_MEMBERS) too_many(m, "elements of one type");
    if (t->n == t->cap) grow_type(m->arena, t);
    uint16_t ordinal = (uint16_t)(t->inherited + t->n);
    uint8_t flags = model_is_primitive(m, child) ? MEMBER_PRIMITIVE : 0;
    if (many) flags |= MEMBER_MANY;
    t->spellings[t->n] = (model_spelling){
        .key = key, .type = child, .ordinal = ordinal, .root = ordinal, .flags = flags};
    t->elements[t->n++] = (model_element){.key = key, .type = child, .many = many};
}
