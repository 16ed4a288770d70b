/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: zeroed, aligned, bounded, reusable; and under AddressSanitizer its red zones. */
#include "unit.h"

#include "base/arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

typedef struct work {
    landing where;
    arena a;
    isize count, size;
    isize done;
} work;

static bool run(work *w, void (*step)(void *), isize limit) {
    arena_init(&w->a, limit, &w->where);
    return guarded(&w->where, step, w);
}

static void zeroed_and_aligned_step(void *state) {
    work *w = state;
    for (int round = 0; round < 2; round++) {
        for (isize align = 1; align <= 64; align *= 2) {
            for (isize n = 0; n < 40; n++) {
                unsigned char *p = arena_alloc(&w->a, n, 1, align);
                CHECK(((uintptr_t)p & (uintptr_t)(align - 1)) == 0);
                for (isize i = 0; i < n; i++) CHECK(p[i] == 0);
                memset(p, 0xaa, (size_t)n);
            }
        }
        arena_clear(&w->a); /* the second round sees dirty memory */
    }
}

static void zeroed_and_aligned(void) {
    work w = {.count = 0};
    CHECK(run(&w, zeroed_and_aligned_step, 1 << 20));
    arena_release(&w.a);
    CHECK_INT(w.a.used, 0);
}

static void one_step(void *state) {
    work *w = state;
    arena_alloc(&w->a, w->count, w->size, 8);
    w->done++;
}

static void refusals(void) {
    work w = {.count = PTRDIFF_MAX, .size = 2};
    CHECK(!run(&w, one_step, PTRDIFF_MAX));
    CHECK_INT(w.where.fault.code, FAULT_NOMEM);
    w = (work){.count = PTRDIFF_MAX - 8, .size = 1};
    CHECK(!run(&w, one_step, PTRDIFF_MAX));
    w = (work){.count = -1, .size = 1};
    CHECK(!run(&w, one_step, PTRDIFF_MAX));
    w = (work){.count = 1, .size = 100000};
    CHECK(!run(&w, one_step, 100000)); /* the block's own header does not fit */
    CHECK(strstr(w.where.fault.text, "100000") != NULL);
    w = (work){.count = 1, .size = 1};
    CHECK(!run(&w, one_step, 0));
    CHECK_INT(w.a.used, 0);
}

static void many_step(void *state) {
    work *w = state;
    for (w->done = 0; w->done < w->count; w->done++) arena_alloc(&w->a, 1, w->size, 8);
}

/* The torture of a ceiling: every ceiling ends in success or NOMEM, and never takes more. */
static void ceilings_hold(void) {
    isize succeeded = 0;
    for (isize limit = 0; limit < 300000; limit += 3333) {
        work w = {.count = 100, .size = 1000};
        bool ok = run(&w, many_step, limit);
        CHECK(ok || w.where.fault.code == FAULT_NOMEM);
        CHECK(ok || w.a.at_ceiling);
        CHECK(w.a.used <= limit);
        succeeded += ok;
        arena_release(&w.a);
        CHECK_INT(w.a.used, 0);
    }
    CHECK(succeeded > 0);
}

static void clear_reuses_step(void *state) {
    work *w = state;
    isize after_first = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 300; i++) arena_alloc(&w->a, 1000, 1, 8);
        arena_alloc(&w->a, 500000, 1, 8);
        if (round == 0) after_first = w->a.used;
        arena_clear(&w->a);
    }
#ifndef ARENA_EACH
    CHECK_INT(w->a.used, after_first);
#endif
}

static void clear_keeps_blocks(void) {
    work w = {.count = 0};
    CHECK(run(&w, clear_reuses_step, 4 << 20));
    arena_release(&w.a);
}

/* Kept blocks that are too small for the next object are given back before NOMEM is raised. */
static void spares_do_not_starve_step(void *state) {
    work *w = state;
    for (int i = 0; i < 10; i++) arena_alloc(&w->a, 60000, 1, 8);
    arena_clear(&w->a);
    arena_alloc(&w->a, 900000, 1, 8);
}

static void spares_do_not_starve(void) {
    work w = {.count = 0};
    CHECK(run(&w, spares_do_not_starve_step, 1000000));
    arena_release(&w.a);
}

static void grow_step(void *state) {
    work *w = state;
    int *list = NULL;
    isize cap = 0;
    for (isize i = 0; i < 20000; i++) {
        if (i == cap) {
            isize more = cap ? cap * 2 : 1;
            list = arena_grow(&w->a, list, cap, more, (isize)sizeof *list, (isize) _Alignof(int));
            for (isize j = cap; j < more; j++) CHECK(list[j] == 0);
            cap = more;
            if (i % 3 == 0) arena_new(&w->a, char, 3); /* sometimes it is not the newest */
        }
        list[i] = (int)i;
    }
    bool intact = true;
    for (isize i = 0; i < 20000; i++) intact = intact && list[i] == (int)i;
    CHECK(intact);
    char *newest = arena_new(&w->a, char, 10);
    char *grown = arena_grow(&w->a, newest, 10, 20, 1, 1);
#ifndef ARENA_EACH
    CHECK(newest == grown);
#endif
    CHECK(grown[19] == 0);
}

static void growing(void) {
    work w = {.count = 0};
    CHECK(run(&w, grow_step, 4 << 20));
    arena_release(&w.a);
}

static void marks_step(void *state) {
    work *w = state;
    arena_mark empty = arena_here(&w->a);
    char *kept = arena_new(&w->a, char, 8);
    memcpy(kept, "keep me", 8);
    arena_mark inner = arena_here(&w->a);
    for (int i = 0; i < 200; i++) memset(arena_new(&w->a, char, 2000), 0xff, 2000);
    arena_rewind(&w->a, inner);
    char *next = arena_new(&w->a, char, 2000);
    for (int i = 0; i < 2000; i++) CHECK(next[i] == 0);
    CHECK_STR(kept, "keep me");
    arena_rewind(&w->a, empty);
    CHECK(arena_new(&w->a, char, 1) != NULL);
}

static void marks(void) {
    work w = {.count = 0};
    CHECK(run(&w, marks_step, 4 << 20));
    arena_release(&w.a);
}

static void text_step(void *state) {
    work *w = state;
    char local[] = "copy";
    str copy = arena_str(&w->a, (str){local, 4});
    local[0] = 'x';
    CHECK_STR(copy.p, "copy");
    CHECK_INT(arena_str(&w->a, (str){0}).n, 0);
    CHECK_STR(arena_str(&w->a, (str){0}).p, "");
    str line = arena_printf(&w->a, "%s %.*s %d %zd", "a", STR_ARGS(S("bc")), -5, (isize)7);
    CHECK_STR(line.p, "a bc -5 7");
    CHECK_INT(line.n, 9);
}

static void texts(void) {
    work w = {.count = 0};
    CHECK(run(&w, text_step, 1 << 20));
    arena_release(&w.a);
}

#ifdef WITH_ASAN
static void poison_step(void *state) {
    work *w = state;
    char *first = arena_new(&w->a, char, 13);
    char *second = arena_new(&w->a, char, 8);
    CHECK(!__asan_address_is_poisoned(first + 12));
    CHECK(__asan_address_is_poisoned(first + 13));
    CHECK(__asan_address_is_poisoned(second + 8));
    arena_mark mark = arena_here(&w->a);
    char *gone = arena_new(&w->a, char, 8);
    arena_rewind(&w->a, mark);
    CHECK(__asan_address_is_poisoned(gone));
    arena_clear(&w->a);
    CHECK(__asan_address_is_poisoned(first));
}
#endif

static void red_zones(void) {
#ifdef WITH_ASAN
    work w = {.count = 0};
    CHECK(run(&w, poison_step, 1 << 20));
    arena_release(&w.a);
#else
    CHECK(true); /* only a build with AddressSanitizer has red zones */
#endif
}

const unit_test base_arena_suite[] = {
    UNIT_TEST(zeroed_and_aligned),
    UNIT_TEST(refusals),
    UNIT_TEST(ceilings_hold),
    UNIT_TEST(clear_keeps_blocks),
    UNIT_TEST(growing),
    UNIT_TEST(spares_do_not_starve),
    UNIT_TEST(marks),
    UNIT_TEST(texts),
    UNIT_TEST(red_zones),
    UNIT_END,
};
