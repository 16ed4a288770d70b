/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "instance.h"

#include <stdlib.h>
#include <time.h>

static int64_t fixed(void *user) { return *(int64_t *)user; }

static void the_hosts_clock_is_asked(void) {
    int64_t now = 42;
    instance *i = calloc(1, sizeof *i);
    CHECK_OR_RETURN(i != NULL);
    pthread_rwlock_init(&i->clock_lock, NULL);
    int64_t before = clock_real_ns();
    int64_t real = clock_evaluation_ns(i);
    CHECK(real >= before && real <= clock_real_ns());
    clock_set(i, fixed, &now);
    CHECK_INT(clock_evaluation_ns(i), 42);
    clock_set(i, NULL, NULL);
    CHECK(clock_evaluation_ns(i) >= real);
    pthread_rwlock_destroy(&i->clock_lock);
    free(i);
}

static void monotonic_time_goes_on(void) {
    int64_t before = clock_monotonic_ms();
    struct timespec pause = {0, 5000000};
    nanosleep(&pause, NULL);
    CHECK(clock_monotonic_ms() >= before + 4);
}

typedef struct instant {
    arena arena;
    landing landing;
    int64_t ns;
    str text;
} instant;

static void instant_step(void *state) {
    instant *i = state;
    i->text = clock_instant(&i->arena, i->ns);
}

static void instants_have_whole_seconds(void) {
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00Z"},
                 {INT64_C(1751284800) * 1000000000, "2025-06-30T12:00:00Z"},
                 {INT64_C(1751284800) * 1000000000 + 999999999, "2025-06-30T12:00:00Z"},
                 {INT64_C(-1), "1969-12-31T23:59:59Z"},
                 {INT64_C(-1000000000), "1969-12-31T23:59:59Z"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        instant i = {.ns = cases[k].ns};
        arena_init(&i.arena, 1 << 16, &i.landing);
        CHECK(guarded(&i.landing, instant_step, &i));
        CHECK_BYTES(i.text.p, i.text.n, cases[k].text);
        arena_release(&i.arena);
    }
}

/* Summer time in Berlin ended on 2024-10-27 at 01:00 UTC. */
static void an_evaluation_has_the_sites_offset(void) {
    static const zone_rule rules[] = {{0, 60}, {1711846800, 120}, {1729990800, 60}};
    configuration *c = calloc(1, sizeof *c);
    CHECK_OR_RETURN(c != NULL);
    c->zone = (zone_table){S("Europe/Berlin"), rules, 3};
    CHECK_INT(clock_when(c, INT64_C(1729990799) * 1000000000).zone, 120);
    CHECK_INT(clock_when(c, INT64_C(1729990800) * 1000000000).zone, 60);
    when late = clock_when(c, INT64_C(1729980000) * 1000000000); /* 2024-10-26T22:00:00Z */
    CHECK_INT(late.day, 27);
    CHECK_INT(late.hour, 0);
    CHECK_INT(clock_when(c, -1).zone, 60);
    free(c);
}

const unit_test plugin_clock_suite[] = {
    UNIT_TEST(the_hosts_clock_is_asked),
    UNIT_TEST(monotonic_time_goes_on),
    UNIT_TEST(instants_have_whole_seconds),
    UNIT_TEST(an_evaluation_has_the_sites_offset),
    UNIT_END,
};
