/* SPDX-License-Identifier: Apache-2.0 */
/* A subtree as FHIR JSON (R4: JSON Representation of Resources). Each run of siblings with one key
 * is a member; a primitive with an id or extensions has a second member, `_x`, aligned with the
 * first by nulls. Recursion is as deep as the data, which the readers limit. */
#include "fhir/model_ids.h"
#include "fhir/tape.h"

#include <string.h>

typedef enum part { PART_VALUE, PART_UNDERSCORE, PART_RESOURCE_TYPE } part;

typedef struct member {
    str name;
    uint32_t first; /* of the run */
    part part;
} member;

typedef struct writer {
    const tape *tape;
    bool canonical;
    buf *out;
} writer;

static void write_node(const writer *w, uint32_t index);

str tape_name(const tape *t, uint32_t index, arena *a) {
    const node *n = &t->nodes[index];
    str key = model_key_name(t->model, n->key);
    if (!(n->flags & NODE_CHOICE)) return key;
    str type = model_type_name(t->model, n->type);
    char *name = arena_alloc(a, key.n + type.n, 1, 1);
    memcpy(name, key.p, (size_t)key.n);
    memcpy(name + key.n, type.p, (size_t)type.n);
    if (type.n && name[key.n] >= 'a' && name[key.n] <= 'z') name[key.n] -= 'a' - 'A';
    return (str){name, key.n + type.n};
}

static uint32_t run_end(const tape *t, uint32_t first, uint32_t end) {
    uint32_t i = first;
    while (i < end && t->nodes[i].key == t->nodes[first].key) i = t->nodes[i].next;
    return i;
}

static bool has_children(const node *n, uint32_t index) { return n->next > index + 1; }

/* Which of a run's two members are needed. */
static void parts_of(const tape *t, uint32_t first, uint32_t end, bool *value, bool *underscore) {
    *value = t->nodes[first].kind == NODE_COMPLEX;
    *underscore = false;
    if (*value) return;
    for (uint32_t i = first; i < end; i = t->nodes[i].next) {
        *value |= (t->nodes[i].flags & NODE_HAS_TEXT) != 0;
        *underscore |= has_children(&t->nodes[i], i);
    }
}

static str underscored(str name, arena *a) {
    char *text = arena_alloc(a, name.n + 1, 1, 1);
    text[0] = '_';
    memcpy(text + 1, name.p, (size_t)name.n);
    return (str){text, name.n + 1};
}

/* At most two members a run, and resourceType. */
static isize list_members(const writer *w, uint32_t index, member *list) {
    const tape *t = w->tape;
    uint32_t end = t->nodes[index].next;
    isize n = 0;
    if (t->nodes[index].flags & NODE_RESOURCE)
        list[n++] = (member){S("resourceType"), index, PART_RESOURCE_TYPE};
    for (uint32_t i = index + 1; i < end;) {
        uint32_t next = run_end(t, i, end);
        bool value, underscore;
        parts_of(t, i, next, &value, &underscore);
        str name = tape_name(t, i, w->out->arena);
        if (value) list[n++] = (member){name, i, PART_VALUE};
        if (underscore) list[n++] = (member){underscored(name, w->out->arena), i, PART_UNDERSCORE};
        i = next;
    }
    return n;
}

/* Members are few (a type has no more elements), so insertion will do. */
static void sort_members(member *list, isize n) {
    for (isize i = 1; i < n; i++) {
        member m = list[i];
        isize j = i;
        for (; j > 0 && str_compare(list[j - 1].name, m.name) > 0; j--) list[j] = list[j - 1];
        list[j] = m;
    }
}

/* JSON spells booleans and numbers without quotes. */
static bool is_bare(const tape *t, const node *n) {
    if (n->type == TYPE_NONE) return n->flags & NODE_NUMBER;
    return model_is_a(t->model, n->type, TYPE_boolean) ||
           model_is_a(t->model, n->type, TYPE_decimal) ||
           model_is_a(t->model, n->type, TYPE_integer);
}

static void write_scalar(const writer *w, uint32_t index) {
    const node *n = &w->tape->nodes[index];
    str text = tape_text(w->tape, index, w->out->arena);
    if (!(n->flags & NODE_HAS_TEXT))
        buf_add(w->out, S("null"));
    else if (is_bare(w->tape, n))
        buf_add(w->out, text);
    else
        buf_json_string(w->out, text);
}

static void write_object(const writer *w, uint32_t index);

static void write_part(const writer *w, uint32_t index, part part) {
    const node *n = &w->tape->nodes[index];
    if (part == PART_VALUE)
        write_node(w, index);
    else if (has_children(n, index))
        write_object(w, index);
    else
        buf_add(w->out, S("null"));
}

static bool is_array(const tape *t, uint32_t parent, uint32_t first) {
    model_element element;
    if (model_element_of(t->model, t->nodes[parent].type, t->nodes[first].key, &element))
        return element.many;
    return tape_next(t, parent, first) != TAPE_NONE;
}

static void write_member(const writer *w, uint32_t parent, member m) {
    const tape *t = w->tape;
    buf_json_string(w->out, m.name);
    buf_byte(w->out, ':');
    if (m.part == PART_RESOURCE_TYPE) {
        buf_json_string(w->out, model_type_name(t->model, t->nodes[parent].type));
        return;
    }
    if (!is_array(t, parent, m.first)) {
        write_part(w, m.first, m.part);
        return;
    }
    buf_byte(w->out, '[');
    for (uint32_t i = m.first; i != TAPE_NONE; i = tape_next(t, parent, i)) {
        if (i != m.first) buf_byte(w->out, ',');
        write_part(w, i, m.part);
    }
    buf_byte(w->out, ']');
}

static void write_object(const writer *w, uint32_t index) {
    const tape *t = w->tape;
    isize room = 1;
    for (uint32_t i = index + 1; i < t->nodes[index].next; i = run_end(t, i, t->nodes[index].next))
        room += 2;
    member *list = arena_new(w->out->arena, member, room);
    isize n = list_members(w, index, list);
    if (w->canonical) sort_members(list, n);
    buf_byte(w->out, '{');
    for (isize i = 0; i < n; i++) {
        if (i) buf_byte(w->out, ',');
        write_member(w, index, list[i]);
    }
    buf_byte(w->out, '}');
}

static void write_node(const writer *w, uint32_t index) {
    if (w->tape->nodes[index].kind == NODE_PRIMITIVE)
        write_scalar(w, index);
    else
        write_object(w, index);
}

void tape_write_json(const tape *t, uint32_t index, bool canonical, buf *out) {
    writer w = {.tape = t, .canonical = canonical, .out = out};
    write_node(&w, index);
}
