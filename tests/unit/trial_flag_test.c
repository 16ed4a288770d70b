/* SPDX-License-Identifier: Apache-2.0 */
/* The Flag's life (contracts.md, Flag life): every row of the table, and which row wins. */
#include "trial_kit.h"

#define START S("2025-01-01T08:00:00Z")
#define ENDED S("2025-02-01T08:00:00Z")
#define NOW   "2025-03-01T12:00:00Z"

static const flag_state absent = {.status = FLAG_ABSENT};
static const flag_state final = {.status = FLAG_ENTERED_IN_ERROR, .code = VERDICT_ELIGIBLE};

static flag_state active(verdict_kind code) {
    return (flag_state){.status = FLAG_ACTIVE, .code = code, .start = START};
}

static flag_state inactive(void) {
    return (flag_state){
        .status = FLAG_INACTIVE, .code = VERDICT_ELIGIBLE, .start = START, .end = ENDED};
}

static flag_state held(const char *since) {
    flag_state s = active(VERDICT_ELIGIBLE);
    s.hold_since = str_from(since);
    return s;
}

typedef struct step_input {
    flag_state state;
    verdict verdict;
    flag_circumstances circumstances;
} step_input;

typedef struct step_output {
    flag_change change;
    flag_state next;
    const char *why;
    char start[WHEN_TEXT], end[WHEN_TEXT], hold[WHEN_TEXT];
} step_output;

static void copy(char to[WHEN_TEXT], str from) {
    memcpy(to, from.p ? from.p : "", (size_t)from.n);
    to[from.n] = 0;
}

static step_input input;
static step_output output;

static void step(kit *k) {
    output.change = flag_next(&input.state, &input.verdict, input.circumstances, 7, kit_now(),
                              &k->arena, &output.next, &output.why);
    copy(output.start, output.next.start);
    copy(output.end, output.next.end);
    copy(output.hold, output.next.hold_since);
}

static void next(flag_state state, verdict_kind kind, flag_circumstances c) {
    input = (step_input){state, {.kind = kind}, c};
    kit_run(step);
}

static void next_transient(flag_state state, verdict_kind kind) {
    input = (step_input){state, {.kind = kind, .only_transient_failed = true}, {0}};
    kit_run(step);
}

static void expect(flag_change change, flag_status status, const char *why) {
    CHECK_INT(output.change, change);
    CHECK_INT(output.next.status, status);
    CHECK_STR(output.why, why);
}

static const flag_circumstances none;

/* --- positive results --- */
static void eligible_creates(void) {
    next(absent, VERDICT_ELIGIBLE, none);
    expect(FLAG_WRITE, FLAG_ACTIVE, "created");
    CHECK_INT(output.next.code, VERDICT_ELIGIBLE);
    CHECK_STR(output.start, NOW);
    CHECK_STR(output.end, "");
}

static void needs_review_creates(void) {
    next(absent, VERDICT_NEEDS_REVIEW, none);
    expect(FLAG_WRITE, FLAG_ACTIVE, "created");
    CHECK_INT(output.next.code, VERDICT_NEEDS_REVIEW);
}

static void the_same_result_writes_nothing(void) {
    next(active(VERDICT_ELIGIBLE), VERDICT_ELIGIBLE, none);
    expect(FLAG_KEEP, FLAG_ACTIVE, "unchanged");
    CHECK_STR(output.start, "2025-01-01T08:00:00Z");
}

static void another_positive_result_updates_the_code(void) {
    next(active(VERDICT_NEEDS_REVIEW), VERDICT_ELIGIBLE, none);
    expect(FLAG_WRITE, FLAG_ACTIVE, "recoded");
    CHECK_INT(output.next.code, VERDICT_ELIGIBLE);
    CHECK_STR(output.start, "2025-01-01T08:00:00Z"); /* the period goes on */
}

static void a_positive_result_reactivates_with_a_new_start(void) {
    next(inactive(), VERDICT_NEEDS_REVIEW, none);
    expect(FLAG_WRITE, FLAG_ACTIVE, "reactivated");
    CHECK_INT(output.next.code, VERDICT_NEEDS_REVIEW);
    CHECK_STR(output.start, NOW);
    CHECK_STR(output.end, "");
}

/* --- negative results --- */
static void ineligible_creates_nothing(void) {
    next(absent, VERDICT_INELIGIBLE, none);
    expect(FLAG_KEEP, FLAG_ABSENT, "ineligible");
}

static void not_screened_creates_nothing(void) {
    next(absent, VERDICT_NOT_SCREENED, none);
    expect(FLAG_KEEP, FLAG_ABSENT, "not-screened");
}

static void ineligible_ends_at_once_and_keeps_the_code(void) {
    next(active(VERDICT_ELIGIBLE), VERDICT_INELIGIBLE, none);
    expect(FLAG_WRITE, FLAG_INACTIVE, "ineligible");
    CHECK_INT(output.next.code, VERDICT_ELIGIBLE);
    CHECK_STR(output.start, "2025-01-01T08:00:00Z");
    CHECK_STR(output.end, NOW);
}

static void not_screened_ends_at_once(void) {
    next(active(VERDICT_NEEDS_REVIEW), VERDICT_NOT_SCREENED, none);
    expect(FLAG_WRITE, FLAG_INACTIVE, "not-screened");
    CHECK_INT(output.next.code, VERDICT_NEEDS_REVIEW);
    CHECK_STR(output.end, NOW);
}

static void ineligible_leaves_an_inactive_flag(void) {
    next(inactive(), VERDICT_INELIGIBLE, none);
    expect(FLAG_KEEP, FLAG_INACTIVE, "ineligible");
    CHECK_STR(output.end, "2025-02-01T08:00:00Z");
}

static void not_screened_leaves_an_inactive_flag(void) {
    next(inactive(), VERDICT_NOT_SCREENED, none);
    expect(FLAG_KEEP, FLAG_INACTIVE, "not-screened");
}

/* --- the hold --- */
static void a_transient_failure_begins_a_hold(void) {
    next_transient(active(VERDICT_ELIGIBLE), VERDICT_INELIGIBLE);
    expect(FLAG_HOLD, FLAG_ACTIVE, "hold-begins");
    CHECK_STR(output.hold, NOW);
    next_transient(active(VERDICT_ELIGIBLE), VERDICT_NOT_SCREENED);
    expect(FLAG_HOLD, FLAG_ACTIVE, "hold-begins");
}

static void a_hold_lasts_its_days(void) {
    next_transient(held("2025-02-22T12:00:01Z"), VERDICT_INELIGIBLE); /* a second short of P7D */
    expect(FLAG_KEEP, FLAG_ACTIVE, "held");
    CHECK_STR(output.hold, "2025-02-22T12:00:01Z");
    next_transient(held("2025-02-22T12:00:01Z"), VERDICT_NOT_SCREENED);
    expect(FLAG_KEEP, FLAG_ACTIVE, "held");
}

static void a_hold_that_is_over_ends_the_flag(void) {
    next_transient(held("2025-02-22T12:00:00Z"), VERDICT_INELIGIBLE);
    expect(FLAG_WRITE, FLAG_INACTIVE, "hold-over");
    CHECK_STR(output.end, NOW);
    CHECK_STR(output.hold, "");
    next_transient(held("2025-02-22T13:00:00+01:00"), VERDICT_NOT_SCREENED);
    expect(FLAG_WRITE, FLAG_INACTIVE, "hold-over");
}

static void a_hold_ends_when_something_else_fails(void) {
    next(held("2025-02-28T12:00:00Z"), VERDICT_INELIGIBLE, none);
    expect(FLAG_WRITE, FLAG_INACTIVE, "ineligible");
}

static void a_good_result_clears_the_hold_and_writes_nothing(void) {
    next(held("2025-02-28T12:00:00Z"), VERDICT_ELIGIBLE, none);
    expect(FLAG_HOLD, FLAG_ACTIVE, "recovered");
    CHECK_STR(output.hold, "");
}

static void another_code_clears_the_hold_too(void) {
    next(held("2025-02-28T12:00:00Z"), VERDICT_NEEDS_REVIEW, none);
    expect(FLAG_WRITE, FLAG_ACTIVE, "recoded");
    CHECK_STR(output.hold, "");
}

static void no_days_step(kit *k) {
    flag_state from = active(VERDICT_ELIGIBLE), after;
    verdict v = {.kind = VERDICT_INELIGIBLE, .only_transient_failed = true};
    const char *why;
    CHECK_INT(flag_next(&from, &v, none, 0, kit_now(), &k->arena, &after, &why), FLAG_WRITE);
    CHECK_INT(after.status, FLAG_INACTIVE);
}
static void a_hold_of_no_days_ends_at_once(void) { kit_run(no_days_step); }

/* --- circumstances --- */
#define CIRCUMSTANCE(name, member, word)                                                           \
    static void name##_ends_an_active_flag(void) {                                                 \
        next(active(VERDICT_ELIGIBLE), VERDICT_ELIGIBLE, (flag_circumstances){.member = true});    \
        expect(FLAG_WRITE, FLAG_INACTIVE, word);                                                   \
        CHECK_STR(output.end, NOW);                                                                \
        CHECK_INT(output.next.code, VERDICT_ELIGIBLE);                                             \
    }                                                                                              \
    static void name##_creates_nothing(void) {                                                     \
        next(absent, VERDICT_ELIGIBLE, (flag_circumstances){.member = true});                      \
        expect(FLAG_KEEP, FLAG_ABSENT, word);                                                      \
    }                                                                                              \
    static void name##_reactivates_nothing(void) {                                                 \
        next(inactive(), VERDICT_ELIGIBLE, (flag_circumstances){.member = true});                  \
        expect(FLAG_KEEP, FLAG_INACTIVE, word);                                                    \
        CHECK_STR(output.end, "2025-02-01T08:00:00Z");                                             \
    }

CIRCUMSTANCE(death, dead, "dead")
CIRCUMSTANCE(a_test_patient, test_patient, "test-patient")
CIRCUMSTANCE(denial, consent_denied, "consent-denied")
CIRCUMSTANCE(enrolment, enrolled, "enrolled")
CIRCUMSTANCE(closure, study_closed, "study-closed")

static void death_does_not_wait_for_a_hold(void) {
    input = (step_input){held("2025-02-28T12:00:00Z"),
                         {.kind = VERDICT_INELIGIBLE, .only_transient_failed = true},
                         {.dead = true}};
    kit_run(step);
    expect(FLAG_WRITE, FLAG_INACTIVE, "dead");
    CHECK_STR(output.hold, "");
}

static void death_beats_a_stale_mapping(void) {
    input = (step_input){active(VERDICT_ELIGIBLE),
                         {.kind = VERDICT_NEEDS_REVIEW, .stale_mapping = true},
                         {.dead = true}};
    kit_run(step);
    expect(FLAG_WRITE, FLAG_INACTIVE, "dead");
}

/* --- a stale mapping --- */
static void with_stale(flag_state state, verdict_kind kind, flag_status status) {
    input = (step_input){state, {.kind = kind, .stale_mapping = true}, {0}};
    kit_run(step);
    expect(FLAG_KEEP, status, "stale-mapping");
}

static void a_stale_mapping_changes_nothing(void) {
    with_stale(absent, VERDICT_ELIGIBLE, FLAG_ABSENT);
    with_stale(active(VERDICT_ELIGIBLE), VERDICT_INELIGIBLE, FLAG_ACTIVE);
    with_stale(active(VERDICT_ELIGIBLE), VERDICT_NOT_SCREENED, FLAG_ACTIVE);
    with_stale(active(VERDICT_ELIGIBLE), VERDICT_NEEDS_REVIEW, FLAG_ACTIVE);
    with_stale(inactive(), VERDICT_ELIGIBLE, FLAG_INACTIVE);
}

/* --- entered in error --- */
static const flag_circumstances error_command = {.error_command = true};

static void the_error_command_marks_an_active_flag(void) {
    next(active(VERDICT_ELIGIBLE), VERDICT_ELIGIBLE, error_command);
    expect(FLAG_WRITE, FLAG_ENTERED_IN_ERROR, "entered-in-error");
}

static void the_error_command_marks_an_inactive_flag(void) {
    next(inactive(), VERDICT_INELIGIBLE, error_command);
    expect(FLAG_WRITE, FLAG_ENTERED_IN_ERROR, "entered-in-error");
}

static void the_error_command_beats_death(void) {
    next(active(VERDICT_ELIGIBLE), VERDICT_ELIGIBLE,
         (flag_circumstances){.error_command = true, .dead = true});
    expect(FLAG_WRITE, FLAG_ENTERED_IN_ERROR, "entered-in-error");
}

static void the_error_command_without_a_flag_does_nothing(void) {
    next(absent, VERDICT_ELIGIBLE, error_command);
    expect(FLAG_KEEP, FLAG_ABSENT, "no-flag");
}

static void entered_in_error_is_final(void) {
    next(final, VERDICT_ELIGIBLE, none);
    expect(FLAG_KEEP, FLAG_ENTERED_IN_ERROR, "final");
    next(final, VERDICT_INELIGIBLE, (flag_circumstances){.dead = true});
    expect(FLAG_KEEP, FLAG_ENTERED_IN_ERROR, "final");
    next(final, VERDICT_ELIGIBLE, error_command);
    expect(FLAG_KEEP, FLAG_ENTERED_IN_ERROR, "final");
}

const unit_test trial_flag_suite[] = {UNIT_TEST(eligible_creates),
                                      UNIT_TEST(needs_review_creates),
                                      UNIT_TEST(the_same_result_writes_nothing),
                                      UNIT_TEST(another_positive_result_updates_the_code),
                                      UNIT_TEST(a_positive_result_reactivates_with_a_new_start),
                                      UNIT_TEST(ineligible_creates_nothing),
                                      UNIT_TEST(not_screened_creates_nothing),
                                      UNIT_TEST(ineligible_ends_at_once_and_keeps_the_code),
                                      UNIT_TEST(not_screened_ends_at_once),
                                      UNIT_TEST(ineligible_leaves_an_inactive_flag),
                                      UNIT_TEST(not_screened_leaves_an_inactive_flag),
                                      UNIT_TEST(a_transient_failure_begins_a_hold),
                                      UNIT_TEST(a_hold_lasts_its_days),
                                      UNIT_TEST(a_hold_that_is_over_ends_the_flag),
                                      UNIT_TEST(a_hold_ends_when_something_else_fails),
                                      UNIT_TEST(a_good_result_clears_the_hold_and_writes_nothing),
                                      UNIT_TEST(another_code_clears_the_hold_too),
                                      UNIT_TEST(a_hold_of_no_days_ends_at_once),
                                      UNIT_TEST(death_ends_an_active_flag),
                                      UNIT_TEST(death_creates_nothing),
                                      UNIT_TEST(death_reactivates_nothing),
                                      UNIT_TEST(a_test_patient_ends_an_active_flag),
                                      UNIT_TEST(a_test_patient_creates_nothing),
                                      UNIT_TEST(a_test_patient_reactivates_nothing),
                                      UNIT_TEST(denial_ends_an_active_flag),
                                      UNIT_TEST(denial_creates_nothing),
                                      UNIT_TEST(denial_reactivates_nothing),
                                      UNIT_TEST(enrolment_ends_an_active_flag),
                                      UNIT_TEST(enrolment_creates_nothing),
                                      UNIT_TEST(enrolment_reactivates_nothing),
                                      UNIT_TEST(closure_ends_an_active_flag),
                                      UNIT_TEST(closure_creates_nothing),
                                      UNIT_TEST(closure_reactivates_nothing),
                                      UNIT_TEST(death_does_not_wait_for_a_hold),
                                      UNIT_TEST(death_beats_a_stale_mapping),
                                      UNIT_TEST(a_stale_mapping_changes_nothing),
                                      UNIT_TEST(the_error_command_marks_an_active_flag),
                                      UNIT_TEST(the_error_command_marks_an_inactive_flag),
                                      UNIT_TEST(the_error_command_beats_death),
                                      UNIT_TEST(the_error_command_without_a_flag_does_nothing),
                                      UNIT_TEST(entered_in_error_is_final),
                                      UNIT_END};
