/* SPDX-License-Identifier: Apache-2.0 */
/* The projection: one trie of element keys for each resource type. */
#include "fhir/projection.h"

#include "fhir/model_ids.h"

struct projection {
    arena *arena;
    keep *types[TYPE_R4_COUNT];
};

static const keep nothing;

projection *projection_new(arena *a, const model *m) {
    (void)m; /* keys and resource types of messages are R4's in every model */
    projection *p = arena_new(a, projection, 1);
    p->arena = a;
    return p;
}

/* The child of `k` for the key, added when it is not there. */
static keep *child_of(projection *p, keep *k, model_key key) {
    keep **bucket = &k->bucket[key % KEEP_BUCKETS];
    for (keep *c = *bucket; c; c = c->next)
        if (c->key == key) return c;
    keep *c = arena_new(p->arena, keep, 1);
    c->key = key;
    c->next = *bucket;
    *bucket = c;
    return c;
}

void projection_keep(projection *p, model_type type, const model_key *keys, isize n, bool deep) {
    if (type == TYPE_NONE || type >= TYPE_R4_COUNT) return;
    if (!p->types[type]) p->types[type] = arena_new(p->arena, keep, 1);
    keep *k = p->types[type];
    for (isize i = 0; i < n; i++) k = child_of(p, k, keys[i]);
    k->deep |= deep;
}

const keep *projection_of(const projection *p, model_type type) {
    if (type >= TYPE_R4_COUNT || !p->types[type]) return &nothing;
    return p->types[type]->deep ? NULL : p->types[type];
}
