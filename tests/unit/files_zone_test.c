/* SPDX-License-Identifier: Apache-2.0 */
/* Expected instants are those of the IANA time zone database, cross-checked by hand with the rules
 * of the zones (European Union: last Sundays of March and October, 01:00 UTC; Lord Howe: half an
 * hour). */
#include "unit.h"

#include "files/files.h"

typedef struct call {
    arena arena;
    landing landing;
    fault fault;
    const char *name;
    zone_table zone;
    bool ok;
} call;

static void zone_step(void *state) {
    call *c = state;
    c->ok = files_zone(&c->arena, str_from(c->name), &c->zone, &c->fault);
}

static void run(call *c) {
    arena_init(&c->arena, 1 << 22, &c->landing);
    CHECK_MSG(guarded(&c->landing, zone_step, c), "raised: %s", c->landing.fault.text);
}

static void offset(const char *name, int64_t at, int minutes) {
    call c = {.name = name};
    run(&c);
    CHECK_MSG(c.ok, "%s: %s", name, c.fault.text);
    if (c.ok) {
        int found = zone_minutes(&c.zone, at);
        CHECK_MSG(found == minutes, "%s at %lld: %d, expected %d", name, (long long)at, found,
                  minutes);
        CHECK_BYTES(c.zone.name.p, c.zone.name.n, name);
    }
    arena_release(&c.arena);
}

static void fixed_offsets(void) {
    offset("Z", 0, 0);
    offset("+01:00", 0, 60);
    offset("-03:30", 1751284800, -210);
    offset("+14:00", -5000000000, 840);
}

static void summer_time_of_berlin(void) {
    offset("Europe/Berlin", 1743296399, 60);  /* 2025-03-30T00:59:59Z */
    offset("Europe/Berlin", 1743296400, 120); /* 2025-03-30T01:00:00Z */
    offset("Europe/Berlin", 1761440399, 120); /* 2025-10-26T00:59:59Z */
    offset("Europe/Berlin", 1761440400, 60);  /* 2025-10-26T01:00:00Z */
    offset("Europe/Berlin", 0, 60);           /* no summer time in 1970 */
}

/* Behind the file's own table the rule of its footer goes on: 2050-03-27 and 2050-10-30. */
static void the_rule_goes_on(void) {
    offset("Europe/Berlin", 2531955599, 60);
    offset("Europe/Berlin", 2531955600, 120);
    offset("Europe/Berlin", 2550704399, 120);
    offset("Europe/Berlin", 2550704400, 60);
}

static void other_rules(void) {
    offset("America/New_York", 1741503599, -300); /* 2025-03-09T06:59:59Z */
    offset("America/New_York", 1741503600, -240);
    offset("Asia/Kolkata", 1751284800, 330);
    offset("Australia/Lord_Howe", 1751284800, 630); /* June: standard time, +10:30 */
    offset("Australia/Lord_Howe", 1735689600, 660); /* January: +11:00 */
    offset("UTC", 1751284800, 0);
}

static void refused(const char *name) {
    call c = {.name = name};
    run(&c);
    CHECK_MSG(!c.ok, "%s is taken", name);
    CHECK_MSG(c.fault.text[0] != 0, "no reason for %s", name);
    arena_release(&c.arena);
}

static void an_unknown_zone_is_refused(void) {
    static const char *const wrong[] = {
        "",       "Europe/Berlln", "../../etc/passwd", "/etc/passwd", "Europe",   "+1:00",
        "+25:00", "+01:60",        "Europe/..",        "01:00",       "zone.tab", "+01:00x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) refused(wrong[i]);
}

const unit_test files_zone_suite[] = {
    UNIT_TEST(fixed_offsets), UNIT_TEST(summer_time_of_berlin),      UNIT_TEST(the_rule_goes_on),
    UNIT_TEST(other_rules),   UNIT_TEST(an_unknown_zone_is_refused), UNIT_END,
};
