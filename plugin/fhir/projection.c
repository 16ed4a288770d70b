/* SPDX-License-Identifier: Apache-2.0 */
/* The projection: one trie of member names for each resource type, and what has to stand in a
 * resource of the type. */
#include "fhir/projection.h"

#include "fhir/model_ids.h"

#include <string.h>

typedef struct projected {
    keep *wanted;
    const need *needs;
    bool any;   /* wanted whatever stands in it */
    bool never; /* a message that is one is not wanted */
} projected;

struct projection {
    arena *arena;
    const model *model;
    projected types[TYPE_R4_COUNT];
};

static const keep nothing;

projection *projection_new(arena *a, const model *m) {
    (void)m; /* keys and resource types of messages are R4's in every model */
    projection *p = arena_new(a, projection, 1);
    p->arena = a;
    p->model = model_r4();
    return p;
}

static keep *new_keep(projection *p, model_type type) {
    keep *k = arena_new(p->arena, keep, 1);
    k->type = type;
    return k;
}

static void put(keep *k, keep_member member) {
    uint32_t mask = (uint32_t)(UINT64_C(1) << (64 - k->shift)) - 1;
    uint32_t at = keep_slot(k, member.name, member.words);
    while (k->table[at].spelling) at = (at + 1) & mask;
    k->table[at] = member;
}

/* Room for one member more, half of the table free. */
static void make_room(projection *p, keep *k) {
    uint32_t old = k->n ? (uint32_t)(UINT64_C(1) << (64 - k->shift)) : 0;
    if (2 * (k->n + 1) <= old) return;
    keep_member *members = k->table;
    uint8_t bits = (uint8_t)(k->n ? 64 - k->shift + 1 : 2);
    k->shift = (uint8_t)(64 - bits);
    k->table = arena_new(p->arena, keep_member, (isize)1 << bits);
    for (uint32_t i = 0; i < old; i++)
        if (members[i].spelling) put(k, members[i]);
}

/* What hangs at the member, added when it is not there. */
static keep *below(projection *p, keep *k, const model_spelling *spelling) {
    str name = model_spelling_name(spelling);
    model_words words = model_words_of(name, false);
    const keep_member *found = keep_find(k, name, words);
    if (found) return found->below;
    make_room(p, k);
    keep *child = new_keep(p, spelling->type);
    put(k, (keep_member){words, name, spelling, child});
    k->n++;
    return child;
}

/* A choice is kept in each of its spellings, whose types go on in different ways. */
static void add(projection *p, keep *k, const model_key *keys, isize n, bool deep) {
    if (n == 0) {
        k->deep |= deep;
        return;
    }
    const model_spelling *first;
    isize count = model_spellings_of(p->model, k->type, keys[0], &first);
    for (isize i = 0; i < count; i++) add(p, below(p, k, &first[i]), keys + 1, n - 1, deep);
}

void projection_keep(projection *p, model_type type, const model_key *keys, isize n, bool deep) {
    if (type == TYPE_NONE || type >= TYPE_R4_COUNT) return;
    projected *t = &p->types[type];
    if (!t->wanted) t->wanted = new_keep(p, type);
    add(p, t->wanted, keys, n, deep);
}

static spelt spell(str text) {
    spelt s = {.text = text};
    char head[sizeof s.head] = {0}, mask[sizeof s.mask] = {0};
    isize n = text.n < (isize)sizeof head ? text.n : (isize)sizeof head;
    if (n) memcpy(head, text.p, (size_t)n);
    if (n < (isize)sizeof head) head[n++] = '"';
    memset(mask, 0xFF, (size_t)n);
    memcpy(&s.head, head, sizeof head);
    memcpy(&s.mask, mask, sizeof mask);
    return s;
}

/* The names of the members on a way of plain elements; false when it has a choice or ends. */
static bool names_of(const projection *p, model_type type, const model_key *keys, isize n,
                     spelt *names) {
    for (isize i = 0; i < n; i++) {
        const model_spelling *s;
        if (model_spellings_of(p->model, type, keys[i], &s) != 1) return false;
        if (s->flags & (MEMBER_RESOURCE | MEMBER_SPELT)) return false;
        names[i] = spell(model_spelling_name(s));
        type = s->type;
    }
    return n > 0;
}

void projection_need(projection *p, model_type type, const model_key *keys, isize n, str text) {
    if (type == TYPE_NONE || type >= TYPE_R4_COUNT) return;
    need *one = arena_new(p->arena, need, 1);
    *one = (need){.next = p->types[type].needs, .names = arena_new(p->arena, spelt, n), .n = n};
    one->text = spell(arena_str(p->arena, text));
    projected *t = &p->types[type];
    if (!names_of(p, type, keys, n, one->names)) {
        t->any = true;
        return;
    }
    t->needs = one;
}

void projection_need_nothing(projection *p, model_type type) {
    if (type < TYPE_R4_COUNT) p->types[type].any = true;
}

void projection_need_never(projection *p, model_type type) {
    if (type < TYPE_R4_COUNT) p->types[type].never = true;
}

bool projection_never(const projection *p, model_type type) {
    return type < TYPE_R4_COUNT && p->types[type].never;
}

const keep *projection_of(const projection *p, model_type type) {
    if (type >= TYPE_R4_COUNT || !p->types[type].wanted) return &nothing;
    return p->types[type].wanted->deep ? NULL : p->types[type].wanted;
}

const need *projection_needs_of(const projection *p, model_type type) {
    return type >= TYPE_R4_COUNT || p->types[type].any ? NULL : p->types[type].needs;
}

bool projection_below(const keep *k, const node *child, const keep **below) {
    *below = NULL;
    if (!k) return true;
    isize places = k->n ? (isize)1 << (64 - k->shift) : 0;
    for (isize i = 0; i < places; i++) {
        const keep_member *m = &k->table[i];
        if (!m->spelling || m->spelling->key != child->key) continue;
        if ((m->spelling->flags & MEMBER_SPELT) && m->spelling->type != child->type) continue;
        *below = keep_below(m);
        return true;
    }
    return false;
}
