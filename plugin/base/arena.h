/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h: memory that is freed all at once. An arena has a ceiling, hands out zeroed bytes and
 * never returns NULL: when it cannot serve, it raises FAULT_NOMEM at its landing. Three lifetimes
 * exist in the product: configuration (written once, then read only), message (one call of process)
 * and scratch (mark and reset inside one of the others). An arena belongs to one thread at a time.
 * Unused bytes and a red zone between objects are poisoned under AddressSanitizer, so that an
 * overflow inside the arena is caught as one on the heap would be. The only malloc of the pure
 * rooms is here. */
#ifndef FHIRTRIAL_BASE_ARENA_H
#define FHIRTRIAL_BASE_ARENA_H

#include "base/fault.h"

typedef struct arena_block arena_block;

typedef struct arena {
    arena_block *blocks; /* the newest first */
    arena_block *spare;  /* emptied by clear or rewind, kept for later */
    char *beg, *end;     /* what is free in the newest */
    isize used, limit;   /* bytes taken from the system, and the ceiling */
    bool at_ceiling;     /* the last FAULT_NOMEM came from the ceiling, not from the system */
    landing *landing;
} arena;

typedef struct arena_mark {
    arena_block *block;
    char *beg;
} arena_mark;

/* A new, empty arena; `limit` in bytes bounds what it takes from the system. No memory is taken
 * yet. */
void arena_init(arena *arena, isize limit, landing *landing);
/* Gives everything back; the arena may be used again afterwards. */
void arena_release(arena *arena);
/* Forgets all objects but keeps the blocks for the next message: nothing is allocated after
 * warm-up. */
void arena_clear(arena *arena);
/* `count` objects of `size` bytes with alignment `align` (a power of two), zeroed. Raises
 * FAULT_NOMEM on overflow, at the ceiling, and when the system has no memory. count == 0 gives a
 * valid pointer. */
void *arena_alloc(arena *arena, isize count, isize size, isize align);
/* The same, but holding a copy of the objects at `from`. */
void *arena_copy(arena *arena, const void *from, isize count, isize size, isize align);
/* Grows an array of `size`-byte objects from `count` to `capacity` objects; in place where it was
 * the newest object, else by copy. The old pointer is dead afterwards. */
void *arena_grow(arena *arena, void *old, isize count, isize capacity, isize size, isize align);
/* Everything allocated after the mark is forgotten by arena_rewind, and so is what an older object
 * grew by arena_grow meanwhile: grow nothing older inside a mark. Marks nest like scopes. */
arena_mark arena_here(const arena *arena);
void arena_rewind(arena *arena, arena_mark mark);
/* A copy of the text in the arena, followed by a NUL that is not counted. */
str arena_str(arena *arena, str text);
/* printf into the arena; only %s %.*s %c %d %i %u %x %ld %lld %zd %zu %td, so no locale matters. */
str arena_printf(arena *arena, const char *format, ...)
    __attribute__((nonnull(2), format(printf, 2, 3)));

#define arena_new(a, T, n) ((T *)arena_alloc((a), (n), (isize)sizeof(T), (isize) _Alignof(T)))

#endif
