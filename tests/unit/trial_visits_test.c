/* SPDX-License-Identifier: Apache-2.0 */
/* Arms, anchors and the windows of visits. Days worked out with a calendar by hand. */
#include "conduct_kit.h"

static void expect_window(kit *k, conduct_case c, const char *expected) {
    conduct out = conduct_of(k, &c);
    CHECK_STR(conduct_window(k, &out, "V1"), expected);
}

#define WINDOW(name, expected, ...)                                                                \
    static void name##_step(kit *k) { expect_window(k, (conduct_case){__VA_ARGS__}, expected); }   \
    static void name(void) { kit_run(name##_step); }

#define STARTS(date) .rows = {{"start", date, NULL}}
#define MONTH(n)     .offset = "`value`:" n ",`unit`:`months`"
#define DAYS(n)      "`value`:" n ",`unit`:`days`"

WINDOW(a_week_is_seven_days, "2025-03-08 2025-03-08 2025-03-08", STARTS("2025-03-01"),
       .offset = "`value`:1,`unit`:`week`")
WINDOW(tolerances_lie_around_the_due_day, "2025-03-05 2025-03-08 2025-03-15", STARTS("2025-03-01"),
       .before = DAYS("3"), .after = "`value`:1,`unit`:`wk`")
WINDOW(a_month_after_31_january_ends_february, "2025-02-28 2025-02-28 2025-02-28",
       STARTS("2025-01-31"), MONTH("1"))
WINDOW(a_month_after_31_january_of_a_leap_year, "2024-02-29 2024-02-29 2024-02-29",
       STARTS("2024-01-31"), MONTH("1"))
WINDOW(a_month_after_28_february_is_28_march, "2025-03-28 2025-03-28 2025-03-28",
       STARTS("2025-02-28"), MONTH("1"))
WINDOW(three_months_after_30_november, "2024-02-28 2024-02-29 2024-03-01", STARTS("2023-11-30"),
       MONTH("3"), .before = DAYS("1"), .after = DAYS("1"))
WINDOW(a_year_after_29_february, "2025-02-28 2025-02-28 2025-02-28", STARTS("2024-02-29"),
       .offset = "`value`:1,`unit`:`year`")
WINDOW(a_visit_before_the_anchor, "2024-12-25 2024-12-25 2024-12-25", STARTS("2025-01-01"),
       .offset = DAYS("-7"))
/* The day is the one that is written, not the one in UTC (2025-03-02). */
WINDOW(a_moment_counts_on_its_own_day, "2025-03-08 2025-03-08 2025-03-08",
       STARTS("2025-03-01T23:30:00-05:00"))
WINDOW(no_anchor, "unknown no-data", .rows = {{"other", "2025-03-01", NULL}})
WINDOW(an_anchor_without_a_date, "unknown no-data", .rows = {{"start", NULL, NULL}})
WINDOW(an_anchor_of_which_only_the_month_is_known, "unknown imprecise", STARTS("2025-03"))
WINDOW(a_tolerance_before_that_nobody_has_set, "unknown source-incomplete", STARTS("2025-03-01"),
       .before = "")
WINDOW(a_tolerance_after_that_nobody_has_set, "unknown source-incomplete", STARTS("2025-03-01"),
       .after = "")
WINDOW(a_due_day_outside_the_calendar, "unknown error", STARTS("9999-12-31"))

#define OF_ARMS                                                                                    \
    "{`id`:`start`,`arm`:`A`,`text`:`x`,"                                                          \
    "`date`:`obs.where(tag contains 'a-day').effective.first()`},"                                 \
    "{`id`:`start`,`arm`:`B`,`text`:`x`,"                                                          \
    "`date`:`obs.where(tag contains 'b-day').effective.first()`}"
#define BOTH_DAYS                                                                                  \
    {"a-day", "2025-03-01", NULL}, { "b-day", "2025-04-01", NULL }

WINDOW(the_anchor_of_arm_a, "2025-03-08 2025-03-08 2025-03-08", .anchors = OF_ARMS,
       .rows = {BOTH_DAYS, {"A", NULL, NULL}})
WINDOW(the_anchor_of_arm_b, "2025-04-08 2025-04-08 2025-04-08", .anchors = OF_ARMS,
       .rows = {BOTH_DAYS, {"B", NULL, NULL}})
WINDOW(an_anchor_of_no_known_arm, "unknown no-data", .anchors = OF_ARMS, .rows = {BOTH_DAYS})
WINDOW(an_anchor_of_two_arms, "unknown conflict", .anchors = OF_ARMS,
       .rows = {BOTH_DAYS, {"A", NULL, NULL}, {"B", NULL, NULL}})
WINDOW(an_anchor_that_the_arm_has_not, "unknown no-data",
       .anchors = "{`id`:`start`,`arm`:`A`,`text`:`x`,`date`:`obs.effective.first()`}",
       .rows = {BOTH_DAYS, {"B", NULL, NULL}})
/* Both anchors of one id: the arm's own goes before the one of all arms. */
WINDOW(the_arms_own_anchor_goes_first, "2025-04-08 2025-04-08 2025-04-08",
       .anchors = "{`id`:`start`,`text`:`x`,"
                  "`date`:`obs.where(tag contains 'a-day').effective.first()`},"
                  "{`id`:`start`,`arm`:`B`,`text`:`x`,"
                  "`date`:`obs.where(tag contains 'b-day').effective.first()`}",
       .rows = {BOTH_DAYS, {"B", NULL, NULL}})
WINDOW(an_anchor_that_fails, "unknown error",
       .anchors = "{`id`:`start`,`text`:`x`,`date`:`obs.effective.single()`}", .rows = {BOTH_DAYS})

static void arm_step(kit *k) {
    conduct one = conduct_of(k, &(conduct_case){.rows = {{"B", NULL, NULL}}});
    CHECK_TEXT(one.arm, "B");
    CHECK_TEXT(one.arm_title, "b");
    CHECK_INT(one.arm_reason, REASON_NONE);
    conduct none = conduct_of(k, &(conduct_case){.rows = {{"C", NULL, NULL}}});
    CHECK_INT(none.arm.n, 0);
    CHECK_INT(none.arm_reason, REASON_NO_DATA);
    conduct two = conduct_of(k, &(conduct_case){.rows = {{"A", NULL, NULL}, {"B", NULL, NULL}}});
    CHECK_INT(two.arm.n, 0);
    CHECK_INT(two.arm_reason, REASON_CONFLICT);
}
static void the_arm_is_the_one_that_was_assigned(void) { kit_run(arm_step); }

const unit_test trial_visits_suite[] = {UNIT_TEST(a_week_is_seven_days),
                                        UNIT_TEST(tolerances_lie_around_the_due_day),
                                        UNIT_TEST(a_month_after_31_january_ends_february),
                                        UNIT_TEST(a_month_after_31_january_of_a_leap_year),
                                        UNIT_TEST(a_month_after_28_february_is_28_march),
                                        UNIT_TEST(three_months_after_30_november),
                                        UNIT_TEST(a_year_after_29_february),
                                        UNIT_TEST(a_visit_before_the_anchor),
                                        UNIT_TEST(a_moment_counts_on_its_own_day),
                                        UNIT_TEST(no_anchor),
                                        UNIT_TEST(an_anchor_without_a_date),
                                        UNIT_TEST(an_anchor_of_which_only_the_month_is_known),
                                        UNIT_TEST(a_tolerance_before_that_nobody_has_set),
                                        UNIT_TEST(a_tolerance_after_that_nobody_has_set),
                                        UNIT_TEST(a_due_day_outside_the_calendar),
                                        UNIT_TEST(the_anchor_of_arm_a),
                                        UNIT_TEST(the_anchor_of_arm_b),
                                        UNIT_TEST(an_anchor_of_no_known_arm),
                                        UNIT_TEST(an_anchor_of_two_arms),
                                        UNIT_TEST(an_anchor_that_the_arm_has_not),
                                        UNIT_TEST(the_arms_own_anchor_goes_first),
                                        UNIT_TEST(an_anchor_that_fails),
                                        UNIT_TEST(the_arm_is_the_one_that_was_assigned),
                                        UNIT_END};
