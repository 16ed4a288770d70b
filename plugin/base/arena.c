/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: a chain of blocks, the newest first, objects laid one behind the other.
 *
 *     block  [header|object|red zone|object|red zone|......free......]
 *                                                   ^beg             ^end
 *
 * Built with -DARENA_EACH every object gets a block of its own, so that the memory checkers see
 * each object as the heap's: the stress build of the tests. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { RED_ZONE = 16, ALIGN_LEAST = 8 }; /* a shadow byte covers eight bytes */
static void poison(void *p, isize n) { __asan_poison_memory_region(p, (size_t)n); }
static void unpoison(void *p, isize n) { __asan_unpoison_memory_region(p, (size_t)n); }
#else
enum { RED_ZONE = 0, ALIGN_LEAST = 1 };
static void poison(void *p, isize n) { (void)p, (void)n; }
static void unpoison(void *p, isize n) { (void)p, (void)n; }
#endif

enum { BLOCK_BYTES = 64 << 10 };

struct arena_block {
    arena_block *next;
    isize size; /* of the whole block, this header included */
    _Alignas(16) char bytes[];
};

void arena_init(arena *a, isize limit, landing *where) {
    *a = (arena){.limit = limit, .landing = where};
}

static void free_chain(arena *a, arena_block *block) {
    while (block) {
        arena_block *next = block->next;
        a->used -= block->size;
        unpoison(block->bytes, block->size - (isize)sizeof *block);
        free(block);
        block = next;
    }
}

void arena_release(arena *a) {
    free_chain(a, a->blocks);
    free_chain(a, a->spare);
    a->blocks = a->spare = NULL;
    a->beg = a->end = NULL;
}

static void use_block(arena *a, arena_block *block) {
    a->beg = block ? block->bytes : NULL;
    a->end = block ? (char *)block + block->size : NULL;
}

/* Takes the newest block out of use and keeps it for later. */
static void retire_block(arena *a) {
    arena_block *block = a->blocks;
    a->blocks = block->next;
    poison(block->bytes, block->size - (isize)sizeof *block);
#ifdef ARENA_EACH
    block->next = NULL;
    free_chain(a, block);
#else
    block->next = a->spare;
    a->spare = block;
#endif
}

void arena_clear(arena *a) {
    while (a->blocks) retire_block(a);
    use_block(a, NULL);
}

/* Unlinks and returns a spare block of at least `size` bytes: the first standard one, else the
 * smallest that fits. */
static arena_block *take_spare(arena *a, isize size) {
    arena_block **best = NULL;
    for (arena_block **at = &a->spare; *at; at = &(*at)->next) {
        if ((*at)->size < size) continue;
        if (!best || (*at)->size < (*best)->size) best = at;
        if ((*best)->size <= BLOCK_BYTES) break;
    }
    if (!best) return NULL;
    arena_block *block = *best;
    *best = block->next;
    return block;
}

static _Noreturn void no_memory(arena *a, const char *why) {
    fault_raise(a->landing, FAULT_NOMEM, -1, "%s (ceiling %td bytes)", why, a->limit);
}

/* Puts a block with room for `room` bytes at the head of the chain. */
static void add_block(arena *a, isize room) {
    if (room > PTRDIFF_MAX - (isize)sizeof(arena_block)) no_memory(a, "object too large");
    isize size = room + (isize)sizeof(arena_block);
    arena_block *block = take_spare(a, size);
    if (!block) {
        if (size > a->limit - a->used) { /* spares that are too small must not starve us */
            free_chain(a, a->spare);
            a->spare = NULL;
        }
        isize left = a->limit - a->used;
        a->at_ceiling = size > left;
        if (a->at_ceiling) no_memory(a, "the memory ceiling of this work is reached");
#ifndef ARENA_EACH
        if (size < BLOCK_BYTES) size = left < BLOCK_BYTES ? left : BLOCK_BYTES;
#endif
        block = malloc((size_t)size);
        if (!block) no_memory(a, "the system has no memory left");
        block->size = size;
        a->used += size;
        poison(block->bytes, size - (isize)sizeof *block);
    }
    block->next = a->blocks;
    a->blocks = block;
    use_block(a, block);
}

static isize padding(const char *p, isize align) {
    return (isize)(-(uintptr_t)p & (uintptr_t)(align - 1));
}

/* Room for the objects, not zeroed; *bytes is how much. */
static inline char *take_room(arena *a, isize count, isize size, isize align, isize *out) {
    isize bytes;
    if (count < 0 || __builtin_mul_overflow(count, size, &bytes) ||
        bytes > PTRDIFF_MAX - RED_ZONE - align) {
        no_memory(a, "object too large");
    }
    if (align < ALIGN_LEAST) align = ALIGN_LEAST;
#ifdef ARENA_EACH
    add_block(a, bytes + align + RED_ZONE);
#else
    /* count == 0 has to give a valid pointer even in an arena that holds no block yet. */
    if (!a->beg || bytes + RED_ZONE + padding(a->beg, align) > a->end - a->beg) {
        add_block(a, bytes + align + RED_ZONE);
    }
#endif
    char *object = a->beg + padding(a->beg, align);
    a->beg = object + bytes + RED_ZONE;
    unpoison(object, bytes);
    *out = bytes;
    return object;
}

void *arena_alloc(arena *a, isize count, isize size, isize align) {
    isize bytes;
    char *object = take_room(a, count, size, align, &bytes);
    return memset(object, 0, (size_t)bytes);
}

void *arena_copy(arena *a, const void *from, isize count, isize size, isize align) {
    isize bytes;
    char *object = take_room(a, count, size, align, &bytes);
    return bytes > 0 ? memcpy(object, from, (size_t)bytes) : object;
}

void *arena_grow(arena *a, void *old, isize count, isize capacity, isize size, isize align) {
#ifndef ARENA_EACH
    isize more;
    bool fits = capacity >= count && !__builtin_mul_overflow(capacity - count, size, &more) &&
                old && (char *)old + count * size + RED_ZONE == a->beg && more <= a->end - a->beg;
    if (fits) {
        char *tail = (char *)old + count * size;
        a->beg += more;
        unpoison(tail, more);
        memset(tail, 0, (size_t)more);
        return old;
    }
#endif
    void *new_place = arena_alloc(a, capacity, size, align);
    isize keep = count < capacity ? count : capacity;
    if (keep > 0) memcpy(new_place, old, (size_t)(keep * size));
    if (old) poison(old, count * size);
    return new_place;
}

arena_mark arena_here(const arena *a) { return (arena_mark){a->blocks, a->beg}; }

void arena_rewind(arena *a, arena_mark mark) {
    while (a->blocks != mark.block) retire_block(a);
    use_block(a, mark.block);
    if (mark.block) {
        a->beg = mark.beg;
        poison(a->beg, a->end - a->beg);
    }
}

str arena_str(arena *a, str text) {
    char *copy = arena_new(a, char, text.n + 1);
    if (text.n > 0) memcpy(copy, text.p, (size_t)text.n);
    return (str){copy, text.n};
}

str arena_printf(arena *a, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int need = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (need < 0) fault_raise(a->landing, FAULT_INTERNAL, -1, "bad format");
    char *text = arena_new(a, char, (isize)need + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)need + 1, format, arguments);
    va_end(arguments);
    return (str){text, need};
}
