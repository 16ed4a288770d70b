/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of a schedule: windows that overlap, worked out with a calendar by hand, and visits that
 * an arm cannot have. */
#include "conduct_kit.h"

#define SECOND(offset)                                                                             \
    ",{`id`:`V2`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{" offset "},"                   \
    "`before`:`early`,`after`:`late`}"
#define AT_BOTH                                                                                    \
    "{`id`:`e`,`role`:`primary`,`text`:`x`,`visits`:[`V1`,`V2`],`rows`:`obs`,"                     \
    "`value`:`%rows.score`}"
#define DAYS(n) "`value`:" n ",`unit`:`days`"
#define OVERLAP "the windows of visits 'V1' and 'V2' overlap"

static void expect_warnings(kit *k, conduct_case c, isize n, const char *text, const char *place) {
    c.rows[0] = (seen){"score", "2025-03-08", "4"};
    conduct_of(k, &c);
    CHECK_INT(k->found.n, n);
    if (n != 1 || k->found.n != 1) return;
    CHECK_INT(k->found.list[0].level, PROBLEM_WARNING);
    CHECK(kit_found(k, text));
    CHECK_TEXT(k->found.list[0].place, place);
}

#define WARNINGS(name, n, text, place, ...)                                                        \
    static void name##_step(kit *k) {                                                              \
        expect_warnings(k, (conduct_case){__VA_ARGS__}, n, text, place);                           \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

/* 7 + 3 and 14 - 4: both have the tenth day. */
WARNINGS(windows_that_share_a_day, 1, OVERLAP, "/endpoints/0/visits", .visits = SECOND(DAYS("14")),
         .before = DAYS("4"), .after = DAYS("3"), .endpoints = AT_BOTH)
WARNINGS(windows_that_touch_share_none, 0, "", "", .visits = SECOND(DAYS("14")),
         .before = DAYS("3"), .after = DAYS("3"), .endpoints = AT_BOTH)
/* The month after 1 February 2024 has 29 days: 28 and a day of tolerance reach its visit; they
 * reach that of no other month. */
WARNINGS(a_month_of_some_length, 1, OVERLAP, "/endpoints/0/visits", .offset = DAYS("28"),
         .visits = SECOND("`value`:1,`unit`:`month`"), .after = DAYS("1"), .endpoints = AT_BOTH)
WARNINGS(a_tolerance_that_nobody_has_set, 0, "", "", .visits = SECOND(DAYS("7")), .after = "",
         .endpoints = AT_BOTH)
WARNINGS(visits_of_no_common_rows, 0, "", "", .visits = SECOND(DAYS("7")))
WARNINGS(an_arm_without_the_anchor, 1, "arm 'B' has no anchor 'start'", "/visits/0/anchor",
         .anchors = "{`id`:`start`,`arm`:`A`,`text`:`x`,`date`:`obs.effective.first()`}")
WARNINGS(an_anchor_of_each_arm, 0, "", "",
         .anchors = "{`id`:`start`,`arm`:`A`,`text`:`x`,`date`:`obs.effective.first()`},"
                    "{`id`:`start`,`arm`:`B`,`text`:`x`,`date`:`obs.effective.last()`}")

const unit_test trial_schedule_check_suite[] = {
    UNIT_TEST(windows_that_share_a_day), UNIT_TEST(windows_that_touch_share_none),
    UNIT_TEST(a_month_of_some_length),   UNIT_TEST(a_tolerance_that_nobody_has_set),
    UNIT_TEST(visits_of_no_common_rows), UNIT_TEST(an_arm_without_the_anchor),
    UNIT_TEST(an_anchor_of_each_arm),    UNIT_END};
