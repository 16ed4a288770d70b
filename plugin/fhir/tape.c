/* SPDX-License-Identifier: Apache-2.0 */
/* The tape: walking it and building it. A tape is in document order, so a subtree is a range and
 * everything here is a loop. */
#include "fhir/tape.h"

#include "fhir/scan.h"

#include <string.h>

uint32_t tape_child(const tape *t, uint32_t parent, model_key key) {
    const node *nodes = t->nodes;
    uint32_t end = nodes[parent].next;
    for (uint32_t i = parent + 1; i < end; i = nodes[i].next)
        if (nodes[i].key == key) return i;
    return TAPE_NONE;
}

uint32_t tape_next(const tape *t, uint32_t parent, uint32_t child) {
    uint32_t next = t->nodes[child].next;
    bool same = next < t->nodes[parent].next && t->nodes[next].key == t->nodes[child].key;
    return same ? next : TAPE_NONE;
}

str tape_text(const tape *t, uint32_t index, arena *a) {
    const node *n = &t->nodes[index];
    if (!(n->flags & NODE_HAS_TEXT)) return (str){0};
    str raw = {n->text, (isize)n->length};
    return n->flags & NODE_ESCAPED ? scan_unescape(raw, a) : raw;
}

str tape_child_text(const tape *t, uint32_t parent, model_key key, arena *a) {
    uint32_t child = tape_child(t, parent, key);
    return child == TAPE_NONE ? (str){0} : tape_text(t, child, a);
}

uint32_t tape_resource_of(const tape *t, uint32_t index) {
    /* Backwards: the root is as near as the resource is small, even in a large Bundle. */
    for (uint32_t i = index; i > 0; i--)
        if ((t->nodes[i].flags & NODE_RESOURCE) && t->nodes[i].next > index) return i;
    return 0;
}

isize tape_offset(const tape *t, uint32_t index) {
    const char *text = t->nodes[index].text;
    uintptr_t at = (uintptr_t)text, beg = (uintptr_t)t->input.p;
    if (!text || at < beg || at > beg + (uintptr_t)t->input.n) return -1;
    return (isize)(at - beg);
}

/* --- building --- */

tape_builder tape_begin(arena *a, const model *m) { return (tape_builder){.arena = a, .model = m}; }

static void grow(tape_builder *b, uint32_t count) {
    if (count > LIMIT_NODES || b->n > LIMIT_NODES - count)
        fault_raise(b->arena->landing, FAULT_LIMIT, -1,
                    "a message has more than the limit of %d elements; send smaller Bundles",
                    LIMIT_NODES);
    uint32_t cap = b->cap ? b->cap : 16;
    while (cap < b->n + count) cap *= 2;
    b->nodes =
        arena_grow(b->arena, b->nodes, b->n, cap, (isize)sizeof(node), (isize) _Alignof(node));
    b->cap = cap;
}

void tape_expect(tape_builder *b, uint32_t count) {
    if (b->cap - b->n < count) grow(b, count);
}

uint32_t tape_copy(tape_builder *b, const tape *from, uint32_t index, model_key key) {
    const node *source = &from->nodes[index];
    uint32_t count = source->next - index, at = b->n;
    if (b->cap - b->n < count) grow(b, count);
    memcpy(b->nodes + at, source, (size_t)count * sizeof(node));
    for (uint32_t i = at; i < at + count; i++) b->nodes[i].next = b->nodes[i].next - index + at;
    b->nodes[at].key = key;
    b->nodes[at].flags &= (uint8_t)~NODE_CHOICE; /* the new key is spelt as it is */
    b->n += count;
    return at;
}

tape tape_finish(tape_builder *b, str input) {
    return (tape){.nodes = b->nodes, .n = b->n, .model = b->model, .input = input};
}
