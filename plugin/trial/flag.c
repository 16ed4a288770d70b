/* SPDX-License-Identifier: Apache-2.0 */
/* The Flag's life: contracts.md (Flag life) as a table, first row that holds. */
#include "trial/trial.h"

/* What is the case; a row holds when all of its conditions are among these. */
enum {
    IS_ABSENT = 1 << 0,
    IS_ACTIVE = 1 << 1,
    IS_INACTIVE = 1 << 2,
    IS_FINAL = 1 << 3,
    IF_ERROR_COMMAND = 1 << 4,
    IF_DEAD = 1 << 5,
    IF_CONSENT_DENIED = 1 << 6,
    IF_ENROLLED = 1 << 7,
    IF_STUDY_CLOSED = 1 << 8,
    IF_STALE_MAPPING = 1 << 9,
    IF_INELIGIBLE = 1 << 10,
    IF_NOT_SCREENED = 1 << 11,
    IF_ELIGIBLE = 1 << 12,
    IF_NEEDS_REVIEW = 1 << 13,
    IF_TRANSIENT = 1 << 14, /* everything that fails is transient */
    IF_HELD = 1 << 15,      /* a hold has begun */
    IF_HOLD_OVER = 1 << 16,
    IF_SAME_CODE = 1 << 17,
    IF_TEST_PATIENT = 1 << 18
};

typedef enum action {
    DO_NOTHING,
    DO_CREATE,
    DO_RECODE,
    DO_REACTIVATE,
    DO_END,
    DO_ERROR,
    DO_BEGIN_HOLD,
    DO_CLEAR_HOLD
} action;

static const struct {
    uint32_t when;
    action action;
    const char *why;
} transitions[] = {
    {IS_FINAL, DO_NOTHING, "final"},
    {IF_ERROR_COMMAND | IS_ABSENT, DO_NOTHING, "no-flag"},
    {IF_ERROR_COMMAND, DO_ERROR, "entered-in-error"},
    {IF_DEAD | IS_ACTIVE, DO_END, "dead"},
    {IF_DEAD, DO_NOTHING, "dead"},
    {IF_TEST_PATIENT | IS_ACTIVE, DO_END, "test-patient"},
    {IF_TEST_PATIENT, DO_NOTHING, "test-patient"},
    {IF_CONSENT_DENIED | IS_ACTIVE, DO_END, "consent-denied"},
    {IF_CONSENT_DENIED, DO_NOTHING, "consent-denied"},
    {IF_ENROLLED | IS_ACTIVE, DO_END, "enrolled"},
    {IF_ENROLLED, DO_NOTHING, "enrolled"},
    {IF_STUDY_CLOSED | IS_ACTIVE, DO_END, "study-closed"},
    {IF_STUDY_CLOSED, DO_NOTHING, "study-closed"},
    {IF_STALE_MAPPING, DO_NOTHING, "stale-mapping"},
    {IF_INELIGIBLE | IS_ABSENT, DO_NOTHING, "ineligible"},
    {IF_INELIGIBLE | IS_INACTIVE, DO_NOTHING, "ineligible"},
    {IF_INELIGIBLE | IF_TRANSIENT | IF_HOLD_OVER, DO_END, "hold-over"},
    {IF_INELIGIBLE | IF_TRANSIENT | IF_HELD, DO_NOTHING, "held"},
    {IF_INELIGIBLE | IF_TRANSIENT, DO_BEGIN_HOLD, "hold-begins"},
    {IF_INELIGIBLE, DO_END, "ineligible"},
    {IF_NOT_SCREENED | IS_ABSENT, DO_NOTHING, "not-screened"},
    {IF_NOT_SCREENED | IS_INACTIVE, DO_NOTHING, "not-screened"},
    {IF_NOT_SCREENED | IF_TRANSIENT | IF_HOLD_OVER, DO_END, "hold-over"},
    {IF_NOT_SCREENED | IF_TRANSIENT | IF_HELD, DO_NOTHING, "held"},
    {IF_NOT_SCREENED | IF_TRANSIENT, DO_BEGIN_HOLD, "hold-begins"},
    {IF_NOT_SCREENED, DO_END, "not-screened"},
    {IS_ABSENT, DO_CREATE, "created"},
    {IS_INACTIVE, DO_REACTIVATE, "reactivated"},
    {IF_SAME_CODE | IF_HELD, DO_CLEAR_HOLD, "recovered"},
    {IF_SAME_CODE, DO_NOTHING, "unchanged"},
    {IS_ACTIVE, DO_RECODE, "recoded"},
};

/* Whether `days` have passed since the hold began; a hold of no days is over at once. */
static bool hold_over(str since, int days, when now) {
    static const int64_t day = (int64_t)86400 * 1000000000;
    when began;
    int64_t from, to;
    if (days <= 0) return true;
    if (!since.n || !when_parse_datetime(since, &began)) return false;
    if (!when_to_unix(began, &from) || !when_to_unix(now, &to)) return false;
    return to - from >= day * days;
}

static uint32_t facts_of_state(const flag_state *s, int hold_days, when now) {
    static const uint32_t states[] = {IS_ABSENT, IS_ACTIVE, IS_INACTIVE, IS_FINAL};
    uint32_t facts = states[s->status];
    if (s->hold_since.n) facts |= IF_HELD;
    if (hold_over(s->hold_since, hold_days, now)) facts |= IF_HOLD_OVER;
    return facts;
}

static uint32_t facts_of_verdict(const flag_state *s, const verdict *v) {
    static const uint32_t kinds[] = {IF_INELIGIBLE, IF_NOT_SCREENED, IF_ELIGIBLE, IF_NEEDS_REVIEW};
    uint32_t facts = kinds[v->kind];
    if (v->only_transient_failed) facts |= IF_TRANSIENT;
    if (v->stale_mapping) facts |= IF_STALE_MAPPING;
    if (s->status == FLAG_ACTIVE && s->code == v->kind) facts |= IF_SAME_CODE;
    return facts;
}

static uint32_t facts_of_circumstances(flag_circumstances c) {
    return (c.error_command ? IF_ERROR_COMMAND : 0u) | (c.dead ? IF_DEAD : 0u) |
           (c.test_patient ? IF_TEST_PATIENT : 0u) | (c.consent_denied ? IF_CONSENT_DENIED : 0u) |
           (c.enrolled ? IF_ENROLLED : 0u) | (c.study_closed ? IF_STUDY_CLOSED : 0u);
}

static str instant(arena *arena, when now) {
    char text[WHEN_TEXT];
    isize n = when_format(now, text);
    return arena_str(arena, (str){text, n});
}

str flag_end(arena *arena, str start, when now) {
    when began;
    int64_t from, to;
    bool before = start.n && when_parse_datetime(start, &began) && when_to_unix(began, &from) &&
                  when_to_unix(now, &to) && to < from;
    return before ? start : instant(arena, now);
}

static flag_change apply(action action, const verdict *v, str now, str end, flag_state *next) {
    switch (action) {
    case DO_NOTHING: return FLAG_KEEP;
    case DO_BEGIN_HOLD: next->hold_since = now; return FLAG_HOLD;
    case DO_CLEAR_HOLD: next->hold_since = (str){0}; return FLAG_HOLD;
    case DO_CREATE:
    case DO_REACTIVATE:
        next->status = FLAG_ACTIVE;
        next->start = now;
        next->end = (str){0};
        next->code = v->kind;
        break;
    case DO_RECODE: next->code = v->kind; break;
    case DO_END:
        next->status = FLAG_INACTIVE;
        next->end = end;
        break;
    case DO_ERROR: next->status = FLAG_ENTERED_IN_ERROR; break;
    }
    next->hold_since = (str){0};
    return FLAG_WRITE;
}

flag_change flag_next(const flag_state *now_state, const verdict *v, flag_circumstances c,
                      int hold_days, when now, arena *arena, flag_state *next, const char **why) {
    uint32_t facts = facts_of_state(now_state, hold_days, now) | facts_of_verdict(now_state, v) |
                     facts_of_circumstances(c);
    isize row = 0;
    *next = *now_state;
    while (row < COUNT_OF(transitions) - 1 && (transitions[row].when & ~facts) != 0) row++;
    *why = transitions[row].why;
    return apply(transitions[row].action, v, instant(arena, now),
                 flag_end(arena, now_state->start, now), next);
}
