/* SPDX-License-Identifier: Apache-2.0 */
/* index.h: where in a list the elements with a certain key stand, so that a message about a hundred
 * thousand resources is not compared each with each. An index knows hashes and positions only; who
 * asks compares the keys. It lies in an arena and grows with what is added. One thread at a time.
 */
#ifndef FHIRTRIAL_INDEX_H
#define FHIRTRIAL_INDEX_H

#include "base/arena.h"

typedef struct index_entry {
    uint64_t hash;
    isize at, next; /* position in the list; entry behind it in its chain, or -1 */
} index_entry;
/* All zero is an empty index. */
typedef struct list_index {
    index_entry *entries;
    isize n, cap;
    isize *heads; /* entry number + 1; as many as `cap`, a power of two */
} list_index;

/* The hash of a key of two texts; either may be empty. */
uint64_t index_hash(str first, str second);
/* Notes that the element at position `at` has a key with this hash. */
void index_add(arena *arena, list_index *index, uint64_t hash, isize at);
/* The entry added last with this hash, then the one before it, and so on; -1: no more. */
isize index_first(const list_index *index, uint64_t hash);
isize index_next(const list_index *index, isize entry);

#endif
