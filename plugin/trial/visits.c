/* SPDX-License-Identifier: Apache-2.0 */
/* The arm a subject was assigned to, the day its anchors fell on, and the windows of its visits.
 * Days are calendar days: a moment counts as the day that is written in it, an offset of months
 * ends at the end of a shorter month. */
#include "trial/conduct.h"

reason conductor_trust(const conductor *c, const expression_facts *facts) {
    if (mask_meets(&facts->views, &c->d.stale)) return REASON_STALE_MAPPING;
    if (mask_meets(&facts->views, &c->d.broken)) return REASON_ERROR;
    reason why = decider_trust(&c->d, &facts->defines);
    if (why != REASON_NONE) return why;
    return facts->unset ? REASON_SOURCE_INCOMPLETE : REASON_NONE;
}

/* --- the arm --- */
void conductor_arm(conductor *c) {
    const study *s = c->d.study;
    c->arm = -1;
    c->arm_reason = s->arm_count ? REASON_NO_DATA : REASON_NONE;
    for (isize i = 0; i < s->arm_count; i++) {
        const measure *assigned = &s->arms[i].assigned;
        reason why = conductor_trust(c, &assigned->facts);
        tri holds = TRI_UNKNOWN;
        path_status status = path_test(assigned->program, &c->run, 0, &holds);
        if (why == REASON_NONE && status != PATH_OK)
            why = status == PATH_LIMIT ? REASON_LIMIT : REASON_ERROR;
        if (why == REASON_NONE && holds != TRI_TRUE) continue;
        if (why == REASON_NONE && c->arm >= 0) why = REASON_CONFLICT;
        c->arm = why == REASON_NONE ? i : -1;
        c->arm_reason = why;
        if (why != REASON_NONE) return;
    }
}

/* --- anchors --- */
/* Of several anchors of one id the one of the subject's arm, else the one of all arms. */
static const anchor *choose_anchor(const conductor *c, str id) {
    const study *s = c->d.study;
    const anchor *of_all = NULL;
    for (isize i = 0; i < s->anchor_count; i++) {
        const anchor *a = &s->anchors[i];
        if (!str_eq(a->id, id)) continue;
        if (a->arm < 0)
            of_all = a;
        else if (a->arm == c->arm)
            return a;
    }
    return of_all;
}

static anchor_day day_of(conductor *c, const collection *found) {
    anchor_day out = {0};
    str text;
    if (found->n == 0)
        return (anchor_day){.reason = REASON_NO_DATA, .detail = "the anchor has no date"};
    if (found->n > 1)
        return (anchor_day){.reason = REASON_CONFLICT, .detail = "the anchor has several dates"};
    if (!item_text(&c->run, found->items[0], &text) || !when_parse_datetime(text, &out.day))
        return (anchor_day){.reason = REASON_ERROR, .detail = "the anchor is no date"};
    out.day = record_day(out.day);
    if (out.day.precision < WHEN_DAY)
        return (anchor_day){.reason = REASON_IMPRECISE, .detail = "the anchor's day is not known"};
    return out;
}

anchor_day conductor_anchor(conductor *c, str id) {
    const anchor *a = choose_anchor(c, id);
    collection found;
    if (!a && c->arm_reason != REASON_NONE)
        return (anchor_day){.reason = c->arm_reason, .detail = "the arm is not known"};
    if (!a) return (anchor_day){.reason = REASON_NO_DATA, .detail = "the arm has no such anchor"};
    reason why = conductor_trust(c, &a->date.facts);
    if (why != REASON_NONE) return (anchor_day){.reason = why, .detail = "the anchor"};
    path_status status = path_evaluate(a->date.program, &c->run, 0, &found);
    if (status != PATH_OK)
        return (anchor_day){.reason = status == PATH_LIMIT ? REASON_LIMIT : REASON_ERROR,
                            .detail = "the anchor"};
    return day_of(c, &found);
}

/* --- windows --- */
static bool move(when day, const quantity_value *by, bool back, when *out) {
    when_unit unit;
    decimal amount = back ? decimal_neg(by->value) : by->value;
    return parameter_days(by, &unit) && when_add(day, amount, unit, out);
}

static const quantity_value *tolerance(const conductor *c, isize slot) {
    const study *s = c->d.study;
    if (slot < 0 || s->values[slot].n != 1) return NULL;
    return s->values[slot].items[0].quantity;
}

static void place(const conductor *c, const visit *v, visit_window *out) {
    const quantity_value *before = tolerance(c, v->before), *after = tolerance(c, v->after);
    out->reason = REASON_ERROR;
    out->detail = "the due day lies outside the calendar";
    if (!move(out->anchor, v->offset.quantity, false, &out->due)) return;
    out->anchored = true;
    if (!before || !after) {
        out->reason = REASON_SOURCE_INCOMPLETE;
        out->detail = "the site has not set the visit's tolerance";
    } else if (move(out->due, before, true, &out->from) && move(out->due, after, false, &out->to)) {
        out->placed = true;
        out->reason = REASON_NONE;
        out->detail = NULL;
    }
}

void conductor_visits(conductor *c) {
    const study *s = c->d.study;
    c->visits = arena_new(c->run.arena, visit_window, s->visit_count);
    for (isize i = 0; i < s->visit_count; i++) {
        const visit *v = &s->visits[i];
        visit_window *out = &c->visits[i];
        *out = (visit_window){.id = v->id, .title = v->title, .number = i + 1};
        anchor_day at = conductor_anchor(c, v->anchor);
        out->anchor = at.day;
        out->reason = at.reason;
        out->detail = at.detail;
        if (at.reason == REASON_NONE) place(c, v, out);
    }
}
