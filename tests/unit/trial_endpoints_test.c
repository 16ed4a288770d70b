/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints over a record: baseline, value and change, windows to the day, ties, and that whatever
 * is missing or ambiguous is unknown with its reason. The visit V1 is due 7 days after 1 March. */
#include "conduct_kit.h"

#include <string.h>

#define START                                                                                      \
    { "start", "2025-03-01", NULL }
#define NEWEST(rows)                                                                               \
    rows ".sort(effective).last().defineVariable('newest')"                                        \
         ".select(" rows ".where(effective ~ %newest.effective or "                                \
         "(effective < %newest.effective).empty()).score)"
#define ROWS                                                                                       \
    "`rows`:`obs.where(tag contains 'score' and score.exists() and effective.toDate() >= %from "   \
    "and effective.toDate() <= %to)`,"
#define BASELINE                                                                                   \
    "`baseline`:`obs.where(tag contains 'score' and effective.toDate() <= %anchor)"                \
    ".sort(effective).last().score`,"
#define UNKNOWN "`unknown`:[{`when`:`true`,`reason`:`no-data`}]"
#define RESPONDER                                                                                  \
    "{`id`:`e`,`role`:`primary`,`text`:`x`,`visits`:[`V1`]," ROWS BASELINE                         \
    "`value`:`" NEWEST("%rows") "`,`change`:`%baseline - %value`,`met`:`%change >= 3`," UNKNOWN    \
                                "}"

static void expect_result(kit *k, conduct_case c, const char *expected) {
    if (!c.endpoints) c.endpoints = RESPONDER;
    conduct out = conduct_of(k, &c);
    CHECK_STR(conduct_result(k, &out, "e", strstr(c.endpoints, "`V1`") ? "V1" : ""), expected);
}

#define RESULT(name, expected, ...)                                                                \
    static void name##_step(kit *k) { expect_result(k, (conduct_case){__VA_ARGS__}, expected); }   \
    static void name(void) { kit_run(name##_step); }
#define THREE_DAYS  .before = "`value`:3,`unit`:`days`", .after = "`value`:3,`unit`:`days`"
#define SCORES(...) .rows = {START, {"score", "2025-02-27", "7"}, __VA_ARGS__}

RESULT(a_reduction_of_three_is_a_response, "met 7/4/3", SCORES({"score", "2025-03-08", "4"}))
RESULT(a_reduction_of_less_is_none, "not-met 7/4.1/2.9", SCORES({"score", "2025-03-08", "4.1"}))
RESULT(the_first_day_of_the_window_counts, "met 7/2/5", THREE_DAYS,
       SCORES({"score", "2025-03-05", "2"}))
RESULT(the_day_before_does_not, "unknown no-data 7//", THREE_DAYS,
       SCORES({"score", "2025-03-04", "2"}))
RESULT(the_last_day_of_the_window_counts, "met 7/2/5", THREE_DAYS,
       SCORES({"score", "2025-03-11", "2"}))
RESULT(the_day_after_does_not, "unknown no-data 7//", THREE_DAYS,
       SCORES({"score", "2025-03-12", "2"}))
RESULT(the_newest_in_the_window_counts, "not-met 7/6/1", THREE_DAYS,
       SCORES({"score", "2025-03-10", "6"}, {"score", "2025-03-08", "1"}))
RESULT(a_missing_baseline_is_unknown, "unknown no-data /4/",
       .rows = {START, {"score", "2025-03-08", "4"}})
RESULT(two_equal_scores_of_one_day_are_one, "met 7/4/3",
       SCORES({"score", "2025-03-08", "4"}, {"score", "2025-03-08", "4.0"}))
RESULT(two_scores_of_one_day_that_differ_are_a_conflict, "unknown conflict 7//",
       SCORES({"score", "2025-03-08", "4"}, {"score", "2025-03-08", "1"}))
RESULT(the_hour_orders_two_scores_of_one_day, "met 7/1/6",
       SCORES({"score", "2025-03-08T08:00:00Z", "4"}, {"score", "2025-03-08T09:00:00Z", "1"}))
RESULT(a_score_without_an_hour_is_as_new_as_one_with, "unknown conflict 7//",
       SCORES({"score", "2025-03-08T08:00:00Z", "4"}, {"score", "2025-03-08", "1"}))
RESULT(a_score_of_which_only_the_month_is_known_is_in_no_window, "unknown no-data 7//",
       SCORES({"score", "2025-03", "1"}))
RESULT(no_anchor_no_value_is_shown, "unknown no-data",
       .rows = {{"score", "2025-02-27", "7"}, {"score", "2025-03-08", "1"}})
RESULT(an_imprecise_anchor, "unknown imprecise",
       .rows = {{"start", "2025-03", NULL}, {"score", "2025-03-08", "1"}})
RESULT(a_window_that_the_site_has_not_set, "unknown source-incomplete", .after = "",
       SCORES({"score", "2025-03-08", "4"}))
/* A later score could still come on the last day. */
RESULT(on_the_last_day_the_window_is_not_over, "unknown no-data 7/4/3", THREE_DAYS,
       .now = "2025-03-11T23:00:00Z", SCORES({"score", "2025-03-08", "4"}))
RESULT(the_day_after_it_is, "met 7/4/3", THREE_DAYS, .now = "2025-03-12T00:00:00Z",
       SCORES({"score", "2025-03-08", "4"}))

#define ONCE "{`id`:`e`,`role`:`conduct`,`text`:`x`,"
RESULT(nothing_seen_is_no_data, "unknown no-data",
       .endpoints = ONCE "`evidence`:`obs.where(tag contains 'event')`,`met`:`true`}",
       .rows = {START})
RESULT(the_unknown_rule_says_why, "unknown imprecise",
       .endpoints = ONCE "`evidence`:`obs`,`met`:`{}`,"
                         "`unknown`:[{`when`:`false`,`reason`:`stale`},"
                         "{`when`:`true`,`reason`:`imprecise`}]}",
       .rows = {START})
RESULT(neither_met_nor_not_is_an_error_of_the_protocol, "unknown error",
       .endpoints = ONCE "`evidence`:`obs`,`met`:`{}`}", .rows = {START})
RESULT(met_and_not_met_is_a_conflict, "unknown conflict",
       .endpoints = ONCE "`evidence`:`obs`,`met`:`true`,`notMet`:`true`}", .rows = {START})
RESULT(not_met_of_its_own, "not-met",
       .endpoints = ONCE "`evidence`:`obs`,`met`:`{}`,`notMet`:`true`}", .rows = {START})
RESULT(a_value_alone_is_measured, "measured /5/",
       .endpoints = ONCE "`evidence`:`obs`,`value`:`obs.score.max()`}",
       .rows = {START, {"score", NULL, "5"}})
RESULT(for_another_arm, "not-applicable",
       .endpoints = ONCE "`applies`:`%arm = 'B'`,`evidence`:`obs`,`met`:`true`}",
       .rows = {START, {"A", NULL, NULL}})
RESULT(for_an_arm_that_is_not_known, "unknown no-data",
       .endpoints = ONCE "`applies`:`%arm = 'B'`,`evidence`:`obs`,`met`:`true`}", .rows = {START})
RESULT(whether_it_applies_waits_for_the_site, "unknown source-incomplete", .after = "",
       .endpoints = ONCE "`applies`:`%late.exists()`,`evidence`:`obs`,`met`:`true`}",
       .rows = {START})
RESULT(a_person_decides, "unknown needs-human", .endpoints = ONCE "`human`:true}", .rows = {START})
RESULT(the_source_leaves_it_out, "unknown source-incomplete",
       .endpoints = ONCE "`incomplete`:`no instrument`}", .rows = {START})
RESULT(an_error_in_an_expression, "unknown error",
       .endpoints = ONCE "`evidence`:`obs`,`met`:`obs.single().exists()`}",
       .rows = {START, {"score", NULL, "5"}})
RESULT(asked_once_at_an_anchor, "met",
       .endpoints = ONCE "`anchor`:`start`,`evidence`:`obs`,"
                         "`met`:`obs.where(effective.toDate() > %anchor).exists()`}",
       .rows = {START, {"event", "2025-03-02", NULL}})
RESULT(asked_once_at_an_anchor_that_is_missing, "unknown no-data",
       .endpoints = ONCE "`anchor`:`start`,`evidence`:`obs`,`met`:`true`}",
       .rows = {{"event", "2025-03-02", NULL}})

/* --- two visits --- */
#define SECOND                                                                                     \
    ",{`id`:`V2`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:14,`unit`:`days`},"     \
    "`before`:`early`,`after`:`late`}"
#define AT_BOTH                                                                                    \
    "{`id`:`e`,`role`:`primary`,`text`:`x`,`visits`:[`V1`,`V2`]," ROWS                             \
    "`value`:`%rows.sort(effective).last().score`}"

/* Windows 5 to 12 and 12 to 19 March: only the 12th lies in both. */
static void shared_step(kit *k) {
    conduct_case c = {.visits = SECOND,
                      .before = "`value`:3,`unit`:`days`",
                      .after = "`value`:4,`unit`:`days`",
                      .endpoints = AT_BOTH,
                      .rows = {START, {"score", "2025-03-11", "4"}, {"score", "2025-03-13", "2"}}};
    conduct apart = conduct_of(k, &c);
    CHECK_STR(conduct_result(k, &apart, "e", "V1"), "measured /4/");
    CHECK_STR(conduct_result(k, &apart, "e", "V2"), "measured /2/");
    c.rows[1].date = "2025-03-12";
    conduct shared = conduct_of(k, &c);
    CHECK_STR(conduct_result(k, &shared, "e", "V1"), "unknown conflict /4/");
    CHECK_STR(conduct_result(k, &shared, "e", "V2"), "unknown conflict /2/");
    CHECK_INT(shared.mark_count, 1); /* the 13th belongs to the second visit alone */
    CHECK_TEXT(shared.marks[0].source, "Observation/o2");
    CHECK_INT(shared.marks[0].at, 1);
}
static void a_row_in_two_windows_belongs_to_no_visit(void) { kit_run(shared_step); }

static void mark_step(kit *k) {
    conduct_case c = {.endpoints = RESPONDER, SCORES({"score", "2025-03-08", "4"})};
    conduct out = conduct_of(k, &c);
    CHECK_INT(out.mark_count, 2);
    for (isize i = 0; i < out.mark_count; i++) {
        bool visit = out.marks[i].kind == MARK_VISIT;
        CHECK_TEXT(out.marks[i].view, "obs");
        CHECK_TEXT(out.marks[i].source, visit ? "Observation/o2" : "Observation/o1");
    }
}
static void the_rows_of_a_visit_and_the_baseline_are_marked(void) { kit_run(mark_step); }

static void evidence_step(kit *k) {
    conduct_case c = {.endpoints = RESPONDER, SCORES({"score", "2025-03-08", "4"})};
    conduct out = conduct_of(k, &c);
    CHECK_INT(out.findings[0].evidence_count, 1);
    CHECK_TEXT(out.findings[0].evidence[0], "Observation/o2");
}
static void without_evidence_of_its_own_it_rests_on_its_rows(void) { kit_run(evidence_step); }

static void gap_step(kit *k) {
    conduct_case c = {.endpoints = RESPONDER, .rows = {START, {"score", "2025-03-08", "4"}}};
    conduct out = conduct_of(k, &c);
    CHECK_TEXT(out.findings[0].detail, "there is no baseline");
}
static void what_is_missing_is_said(void) { kit_run(gap_step); }

const unit_test trial_endpoints_suite[] = {
    UNIT_TEST(a_reduction_of_three_is_a_response),
    UNIT_TEST(a_reduction_of_less_is_none),
    UNIT_TEST(the_first_day_of_the_window_counts),
    UNIT_TEST(the_day_before_does_not),
    UNIT_TEST(the_last_day_of_the_window_counts),
    UNIT_TEST(the_day_after_does_not),
    UNIT_TEST(the_newest_in_the_window_counts),
    UNIT_TEST(a_missing_baseline_is_unknown),
    UNIT_TEST(two_equal_scores_of_one_day_are_one),
    UNIT_TEST(two_scores_of_one_day_that_differ_are_a_conflict),
    UNIT_TEST(the_hour_orders_two_scores_of_one_day),
    UNIT_TEST(a_score_without_an_hour_is_as_new_as_one_with),
    UNIT_TEST(a_score_of_which_only_the_month_is_known_is_in_no_window),
    UNIT_TEST(no_anchor_no_value_is_shown),
    UNIT_TEST(an_imprecise_anchor),
    UNIT_TEST(a_window_that_the_site_has_not_set),
    UNIT_TEST(on_the_last_day_the_window_is_not_over),
    UNIT_TEST(the_day_after_it_is),
    UNIT_TEST(nothing_seen_is_no_data),
    UNIT_TEST(the_unknown_rule_says_why),
    UNIT_TEST(neither_met_nor_not_is_an_error_of_the_protocol),
    UNIT_TEST(met_and_not_met_is_a_conflict),
    UNIT_TEST(not_met_of_its_own),
    UNIT_TEST(a_value_alone_is_measured),
    UNIT_TEST(for_another_arm),
    UNIT_TEST(for_an_arm_that_is_not_known),
    UNIT_TEST(whether_it_applies_waits_for_the_site),
    UNIT_TEST(a_person_decides),
    UNIT_TEST(the_source_leaves_it_out),
    UNIT_TEST(an_error_in_an_expression),
    UNIT_TEST(asked_once_at_an_anchor),
    UNIT_TEST(asked_once_at_an_anchor_that_is_missing),
    UNIT_TEST(a_row_in_two_windows_belongs_to_no_visit),
    UNIT_TEST(the_rows_of_a_visit_and_the_baseline_are_marked),
    UNIT_TEST(without_evidence_of_its_own_it_rests_on_its_rows),
    UNIT_TEST(what_is_missing_is_said),
    UNIT_END};
