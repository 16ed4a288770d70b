/* SPDX-License-Identifier: Apache-2.0 */
/* Positions by key: each found, the last added first, also among many and among equal hashes. */
#include "index.h"
#include "unit.h"

enum { MANY = 5000 };

static void nothing_is_in_an_empty_one(void) {
    const list_index none = {0};
    CHECK(index_first(&none, index_hash(S("a"), S("b"))) == -1);
}

typedef struct table {
    arena arena;
    landing landing;
} table;

static void run(void (*step)(void *)) {
    table t;
    arena_init(&t.arena, 16 << 20, &t.landing);
    CHECK(guarded(&t.landing, step, &t));
    arena_release(&t.arena);
}

static void last_first_step(void *state) {
    arena *a = &((table *)state)->arena;
    list_index index = {0};
    index_add(a, &index, 7, 10);
    index_add(a, &index, 8, 11);
    index_add(a, &index, 7, 12);
    isize e = index_first(&index, 7);
    CHECK(index.entries[e].at == 12);
    e = index_next(&index, e);
    CHECK(index.entries[e].at == 10);
    CHECK(index_next(&index, e) == -1);
    CHECK(index_first(&index, 9) == -1);
}

static void the_last_comes_first(void) { run(last_first_step); }

static void many_step(void *state) {
    arena *a = &((table *)state)->arena;
    list_index index = {0};
    for (isize i = 0; i < MANY; i++)
        index_add(a, &index, index_hash(S("Patient"), arena_printf(a, "%td", i)), i);
    for (isize i = 0; i < MANY; i++) {
        isize found = 0;
        isize e = index_first(&index, index_hash(S("Patient"), arena_printf(a, "%td", i)));
        for (; e >= 0; e = index_next(&index, e)) found += index.entries[e].at == i;
        CHECK(found == 1);
    }
}

static void each_of_many_is_found_once(void) { run(many_step); }

static void the_parts_of_a_key_are_told_apart(void) {
    CHECK(index_hash(S("a"), S("b")) != index_hash(S("b"), S("a")));
    CHECK(index_hash(S("ab"), S("")) != index_hash(S(""), S("ab")));
}

const unit_test plugin_index_suite[] = {
    UNIT_TEST(nothing_is_in_an_empty_one),
    UNIT_TEST(the_last_comes_first),
    UNIT_TEST(each_of_many_is_found_once),
    UNIT_TEST(the_parts_of_a_key_are_told_apart),
    UNIT_END,
};
