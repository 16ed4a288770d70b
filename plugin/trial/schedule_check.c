/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a study's schedule before there is a subject: visits that an arm can never
 * have, and windows in which a row could belong to two visits. Warnings, because a study may mean
 * it so. */
#include "trial/set.h"

static void warn(loader *l, const study *s, const json *where, str text, str remedy) {
    set_problem(l, PROBLEM_WARNING, s->file, where, "informational", text, remedy);
}

static const json *element(const study *s, const char *list, isize i) {
    const json *at = json_get(s->file->root, list)->child;
    while (i-- > 0) at = at->next;
    return at;
}

/* --- anchors --- */
static bool has_anchor(const study *s, str id, isize arm) {
    for (isize i = 0; i < s->anchor_count; i++)
        if (str_eq(s->anchors[i].id, id) && (s->anchors[i].arm < 0 || s->anchors[i].arm == arm))
            return true;
    return false;
}

static void check_anchors(loader *l, const study *s) {
    for (isize v = 0; v < s->visit_count; v++)
        for (isize a = 0; s->visits[v].anchor.n && a < s->arm_count; a++) {
            if (has_anchor(s, s->visits[v].anchor, a)) continue;
            warn(l, s, json_get(element(s, "visits", v), "anchor"),
                 arena_printf(l->arena, "arm '%.*s' has no anchor '%.*s': it never has this visit",
                              STR_ARGS(s->arms[a].id), STR_ARGS(s->visits[v].anchor)),
                 S("add an anchor of this id with the arm, or one without an arm"));
        }
}

/* --- windows --- */
typedef struct days {
    int64_t from, to;
} days;

static const quantity_value *value_of(const study *s, isize slot) {
    return slot >= 0 && s->values[slot].n == 1 ? s->values[slot].items[0].quantity : NULL;
}

static bool move(when *day, const quantity_value *by, bool back) {
    when_unit unit;
    when from = *day;
    return by && parameter_days(by, &unit) &&
           when_add(from, back ? decimal_neg(by->value) : by->value, unit, day);
}

static bool window_of(const study *s, const visit *v, when anchor, days *out) {
    when from = anchor, to;
    if (!v->offset.quantity || !move(&from, v->offset.quantity, false)) return false;
    to = from;
    if (!move(&from, value_of(s, v->before), true) || !move(&to, value_of(s, v->after), false))
        return false;
    *out = (days){when_day_number(from), when_day_number(to)};
    return true;
}

/* Months differ in length, so every month of a leap year is tried as the anchor's. */
static bool overlap(const study *s, const visit *a, const visit *b) {
    for (int month = 1; month <= 12; month++) {
        when anchor = {.kind = WHEN_DATE, .precision = WHEN_DAY, .year = 2024, .day = 1};
        days one, other;
        anchor.month = (int8_t)month;
        if (window_of(s, a, anchor, &one) && window_of(s, b, anchor, &other) &&
            one.from <= other.to && other.from <= one.to)
            return true;
    }
    return false;
}

static void check_windows(loader *l, const study *s, isize at) {
    const endpoint *e = &s->endpoints[at];
    for (isize i = 0; e->rows.program && i < e->visit_count; i++)
        for (isize k = 0; k < i; k++) {
            const visit *a = &s->visits[e->visits[k]], *b = &s->visits[e->visits[i]];
            if (!str_eq(a->anchor, b->anchor) || !overlap(s, a, b)) continue;
            warn(l, s, json_get(element(s, "endpoints", at), "visits"),
                 arena_printf(l->arena,
                              "the windows of visits '%.*s' and '%.*s' overlap: a row in both "
                              "belongs to neither",
                              STR_ARGS(a->id), STR_ARGS(b->id)),
                 S("set shorter tolerances of the visits"));
        }
}

void schedule_check(loader *l, const study *s) {
    check_anchors(l, s);
    for (isize i = 0; i < s->endpoint_count; i++) check_windows(l, s, i);
}
