/* SPDX-License-Identifier: Apache-2.0 */
/* Patients whom the sweep could not decide: growing waits, an end to them, and a full list. */
#include "unit.h"
#include "work.h"

static void waits_grow(void) {
    static setbacks s;
    uint64_t p = 17, other = 18;
    s.n = 0;
    CHECK(!setback_waits(&s, p, 0));
    setback_note(&s, p, true, 1000);
    CHECK(setback_waits(&s, p, 2999)); /* two seconds */
    CHECK(!setback_waits(&s, p, 3000));
    CHECK(!setback_waits(&s, other, 1000));
    setback_note(&s, p, true, 3000);
    CHECK(setback_waits(&s, p, 6999)); /* four */
    CHECK(!setback_waits(&s, p, 7000));
    for (int i = 0; i < 40; i++) setback_note(&s, p, true, 10000);
    CHECK(setback_waits(&s, p, 10000 + 3599999)); /* an hour at most */
    CHECK(!setback_waits(&s, p, 10000 + 3600000));
    CHECK_INT(s.n, 1);
    setback_note(&s, other, false, 10000); /* nothing to forget */
    CHECK_INT(s.n, 1);
    setback_note(&s, p, false, 10000);
    CHECK_INT(s.n, 0);
    CHECK(!setback_waits(&s, p, 10000));
}

static void a_full_list_lets_go_of_the_soonest(void) {
    static setbacks s;
    s.n = 0;
    for (int i = 0; i < SETBACKS_MOST; i++) setback_note(&s, (uint64_t)i, true, 100 + i);
    setback_note(&s, 9999, true, 5000);
    CHECK_INT(s.n, SETBACKS_MOST);
    CHECK(!setback_waits(&s, 0, 101));
    CHECK(setback_waits(&s, 1, 102));
    CHECK(setback_waits(&s, 9999, 5001));
}

const unit_test plugin_setback_suite[] = {
    UNIT_TEST(waits_grow),
    UNIT_TEST(a_full_list_lets_go_of_the_soonest),
    UNIT_END,
};
