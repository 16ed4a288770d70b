/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the children of one object in order when all its members have been seen.
 *
 *     "given": ["Ada", null], "_given": [null, {"extension": ...}]
 *
 * On the tape stand two `given`, the second a hole. The children are taken off and put back one by
 * one, each followed by what its item of `_given` holds, which is read now; holes that stay empty,
 * and choices that were given twice, are left out. */
#include "fhir/read_state.h"

#include <string.h>

/* The items of one `_x`, read in step with the values of `x`. */
typedef struct items {
    late *late; /* NULL: there is no `_x` */
    bool more;
    uint32_t t; /* the next item */
    place place;
} items;

typedef struct mender {
    reader *reader;
    object *object;
    node *old; /* the children as they stood from tape index `first` */
    uint32_t first, n;
} mender;

static bool is_conflict(const object *o, model_key key) {
    for (const conflict *c = o->conflicts; c; c = c->next)
        if (c->key == key) return true;
    return false;
}

/* --- the items of a `_x` --- */

static void begin_items(mender *m, late *l, items *it) {
    reader *r = m->reader;
    *it = (items){.late = l, .place = {.up = m->object->place, .name = l->name, .index = -1}};
    bool many = l->member->flags & MEMBER_MANY;
    l->done = true;
    const char *kind = r->index->kind;
    it->t = l->value;
    it->more = true;
    if ((kind[it->t] == '[') != many) {
        read_problem(r, &it->place, read_at(r, l->value), "structure",
                     many ? "the element repeats, so its extensions stand in an array"
                          : "the element does not repeat, so its extensions stand in an object",
                     "give it the same shape as the member without the underscore");
        it->more = false;
        return;
    }
    if (!many) return;
    it->more = kind[++it->t] != ']';
    if (!it->more)
        read_problem(r, &it->place, read_at(r, l->value), "structure",
                     "an array must not be empty in FHIR JSON", "leave the element out");
}

/* Reads one item as children of the primitive `index`; gives the token behind it. */
static uint32_t read_item(mender *m, items *it, uint32_t index) {
    reader *r = m->reader;
    const token_index *x = r->index;
    uint32_t t = it->t;
    if (x->kind[t] == 'n' && it->place.index >= 0) return t + 1;
    if (x->kind[t] != '{') {
        read_problem(r, &it->place, read_at(r, t), "structure",
                     "beside a primitive only an object with id and extension may stand",
                     "put the value itself into the member without the underscore");
        return token_past(x, t);
    }
    if (x->kind[t + 1] == '}')
        read_problem(r, &it->place, read_at(r, t), "structure",
                     "an object must not be empty in FHIR JSON", "leave the element out");
    object o;
    object_begin(&o, &it->place, NULL, it->late->member->type, false);
    uint32_t behind = read_members(r, t, &o);
    if (behind != READ_FAULT) tape_close(&r->tape, index);
    return behind;
}

/* The next item, if there is one, for the primitive `index`. */
static bool next_item(mender *m, items *it, uint32_t index) {
    if (!it->late || !it->more) return true;
    bool many = it->late->member->flags & MEMBER_MANY;
    it->place.index += many;
    uint32_t behind = read_item(m, it, index);
    if (behind == READ_FAULT) return false;
    it->more = many && m->reader->index->kind[behind] == ',';
    it->t = behind + 1;
    return true;
}

/* --- the children --- */

/* A primitive without text and children says nothing. */
static void drop_if_empty(mender *m, uint32_t index, int position) {
    tape_builder *b = &m->reader->tape;
    node *n = &b->nodes[index];
    bool reported = n->reserved & REPORTED;
    n->reserved = 0;
    if ((n->flags & NODE_HAS_TEXT) || n->next > index + 1) return;
    place here = {
        .up = m->object->place, .name = model_key_name(b->model, n->key), .index = position};
    b->n = index;
    if (!reported)
        place_problem(m->reader->found, &here, -1, "structure",
                      S("null stands for a value that has extensions, and there are none"),
                      S("leave the null out"));
}

/* Puts the old children from `at` to `end`, one run or none, back onto the tape with the items of
 * their `_x`. Items beyond the last child are values that have extensions only. */
static bool put_run(mender *m, uint32_t at, uint32_t end, late *l) {
    tape_builder *b = &m->reader->tape;
    const tape old = {.nodes = m->old, .n = m->n};
    items it = {.late = NULL};
    if (l) begin_items(m, l, &it);
    for (int position = 0; at < end || it.more; position++) {
        uint32_t index = b->n;
        if (at < end) {
            uint8_t flags = m->old[at].flags;
            tape_copy(b, &old, at, m->old[at].key);
            b->nodes[index].flags = flags;
            at = m->old[at].next;
        } else {
            uint8_t flags = l->member->flags & MEMBER_SPELT ? NODE_CHOICE : 0;
            tape_primitive(b, l->member->key, l->member->type, (str){0}, flags);
            if (!(l->member->flags & MEMBER_MANY)) b->nodes[index].reserved = REPORTED;
        }
        if (!next_item(m, &it, index)) return false;
        if (b->nodes[index].kind == NODE_PRIMITIVE) drop_if_empty(m, index, position);
    }
    return true;
}

static bool has_child(const mender *m, model_key key) {
    for (uint32_t i = 0; i < m->n; i = m->old[i].next)
        if (m->old[i].key == key) return true;
    return false;
}

/* The `_x` without `x` that were met before the tape had `length` nodes. */
static bool put_lone(mender *m, uint32_t length) {
    for (late *l = m->object->late; l; l = l->next) {
        if (l->done || l->before > length || has_child(m, l->member->key)) continue;
        l->done = true;
        if (!is_conflict(m->object, l->member->key) && !put_run(m, 0, 0, l)) return false;
    }
    return true;
}

static late *late_of_key(const object *o, model_key key) {
    late *l = o->late;
    while (l && l->member->key != key) l = l->next;
    return l;
}

static bool put_children(mender *m) {
    for (uint32_t at = 0; at < m->n;) {
        model_key key = m->old[at].key;
        uint32_t end = at;
        while (end < m->n && m->old[end].key == key) end = m->old[end].next;
        if (!put_lone(m, m->first + at)) return false;
        if (!is_conflict(m->object, key) && !put_run(m, at, end, late_of_key(m->object, key)))
            return false;
        at = end;
    }
    return put_lone(m, UINT32_MAX);
}

bool read_mend(reader *r, object *o, uint32_t first) {
    mender m = {.reader = r, .object = o, .first = first, .n = r->tape.n - first};
    m.old = arena_new(r->tape.arena, node, m.n);
    if (m.n) memcpy(m.old, r->tape.nodes + first, (size_t)m.n * sizeof(node));
    for (uint32_t i = 0; i < m.n; i++) m.old[i].next -= first;
    r->tape.n = first;
    return put_children(&m);
}
