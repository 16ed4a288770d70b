/* SPDX-License-Identifier: Apache-2.0 */
/* index.c: chains of entries behind a table of heads that doubles with the entries. */
#include "index.h"

enum { FIRST_CAP = 16 };

uint64_t index_hash(str first, str second) {
    return str_hash(first) * UINT64_C(0x9e3779b97f4a7c15) ^ str_hash(second);
}

static isize *head_of(const list_index *index, uint64_t hash) {
    return &index->heads[(hash ^ hash >> 32) & (uint64_t)(index->cap - 1)];
}

static void chain(list_index *index, isize entry) {
    isize *head = head_of(index, index->entries[entry].hash);
    index->entries[entry].next = *head - 1;
    *head = entry + 1;
}

static void grow(arena *arena, list_index *index) {
    isize cap = index->cap ? 2 * index->cap : FIRST_CAP;
    index->entries = arena_grow(arena, index->entries, index->n, cap, (isize)sizeof(index_entry),
                                (isize) _Alignof(index_entry));
    index->heads = arena_new(arena, isize, cap);
    index->cap = cap;
    for (isize i = 0; i < index->n; i++) chain(index, i);
}

void index_add(arena *arena, list_index *index, uint64_t hash, isize at) {
    if (index->n == index->cap) grow(arena, index);
    index->entries[index->n] = (index_entry){.hash = hash, .at = at};
    chain(index, index->n++);
}

static isize matching(const list_index *index, isize entry, uint64_t hash) {
    while (entry >= 0 && index->entries[entry].hash != hash) entry = index->entries[entry].next;
    return entry;
}

isize index_first(const list_index *index, uint64_t hash) {
    return index->n == 0 ? -1 : matching(index, *head_of(index, hash) - 1, hash);
}

isize index_next(const list_index *index, isize entry) {
    const index_entry *e = &index->entries[entry];
    return matching(index, e->next, e->hash);
}
