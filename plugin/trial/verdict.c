/* SPDX-License-Identifier: Apache-2.0 */
/* A study's verdict over a patient record, and how results, reasons and verdicts are named. */
#include "trial/decide.h"

str result_name(result r) {
    static const str names[] = {S_INIT("met"), S_INIT("not-met"), S_INIT("unknown"),
                                S_INIT("not-applicable")};
    return names[r];
}

str reason_name(reason r) {
    static const str names[] = {S_INIT(""),
                                S_INIT("no-data"),
                                S_INIT("stale"),
                                S_INIT("imprecise"),
                                S_INIT("ambiguous-scale"),
                                S_INIT("ambiguous-site"),
                                S_INIT("conflict"),
                                S_INIT("bad-unit"),
                                S_INIT("unsupported-code"),
                                S_INIT("needs-human"),
                                S_INIT("source-incomplete"),
                                S_INIT("stale-mapping"),
                                S_INIT("limit"),
                                S_INIT("error")};
    return names[r];
}

str verdict_name(verdict_kind k) {
    static const str names[] = {S_INIT("ineligible"), S_INIT("not-screened"), S_INIT("eligible"),
                                S_INIT("needs-review")};
    return names[k];
}

str criterion_kind_name(criterion_kind kind) {
    static const str names[] = {S_INIT("inclusion"), S_INIT("exclusion"), S_INIT("report"),
                                S_INIT("rule")};
    return names[kind];
}

/* --- the record's state --- */
static isize view_of_key(const mappings *m, model_key key) {
    for (isize i = 0; i < m->view_count; i++)
        if (m->views[i].key == key) return i;
    return -1;
}

static void look_through(decider *d) {
    const tape *t = d->run.tape;
    for (uint32_t i = 1; i < t->n; i = t->nodes[i].next) {
        if (t->nodes[i].key == d->set->key_failed) {
            isize failed = views_find(d->set, tape_text(t, i, d->run.arena));
            if (failed >= 0) mask_add(&d->broken, failed);
            continue;
        }
        isize view = view_of_key(d->set, t->nodes[i].key);
        if (view < 0 || d->set->views[view].derived) continue;
        if (tape_child(t, i, d->set->key_error) != TAPE_NONE) mask_add(&d->broken, view);
        if (tape_child(t, i, d->set->key_stale) == TAPE_NONE) continue;
        mask_add(&d->stale, view);
        d->any_stale = true;
    }
}

void decider_init(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                  decider *d) {
    *d = (decider){.set = m, .study = s};
    record_run_init(m, s, arena, record, now, &d->run);
    record_run_defines(s, &d->run, &d->errors, &d->limits);
    look_through(d);
}

reason decider_trust(const decider *d, const view_mask *defines) {
    if (mask_meets(defines, &d->limits)) return REASON_LIMIT;
    return mask_meets(defines, &d->errors) ? REASON_ERROR : REASON_NONE;
}

/* --- the verdict --- */
static bool fails(const finding *f) {
    return (f->criterion->kind == CRITERION_EXCLUSION && f->result == RESULT_MET) ||
           (f->criterion->kind == CRITERION_INCLUSION && f->result == RESULT_NOT_MET);
}

static bool unscreened(const finding *f) {
    return f->criterion->screening && f->result == RESULT_UNKNOWN;
}

static bool settled(const finding *f) {
    if (f->result == RESULT_NOT_APPLICABLE || f->criterion->kind == CRITERION_REPORT) return true;
    return f->result == (f->criterion->kind == CRITERION_EXCLUSION ? RESULT_NOT_MET : RESULT_MET);
}

static void count(verdict *v, const finding *f) {
    v->met += f->result == RESULT_MET;
    v->not_met += f->result == RESULT_NOT_MET;
    v->unknown += f->result == RESULT_UNKNOWN;
    v->not_applicable += f->result == RESULT_NOT_APPLICABLE;
}

/* A guideline asks for its Flag as soon as one rule is met, whatever the others say; while none is
 * met, an unknown one leaves it open. */
static void conclude_guideline(verdict *v) {
    bool met = false, open = false;
    for (isize i = 0; i < v->n; i++) {
        const finding *f = &v->findings[i];
        bool rule = f->criterion->kind == CRITERION_RULE;
        count(v, f);
        met = met || (rule && f->result == RESULT_MET);
        open = open || (rule && f->result == RESULT_UNKNOWN);
    }
    v->kind = met ? VERDICT_NEEDS_REVIEW : open ? VERDICT_NOT_SCREENED : VERDICT_INELIGIBLE;
}

static void conclude(verdict *v) {
    bool failed = false, open = false, all_settled = true;
    isize causes = 0, transient = 0;
    for (isize i = 0; i < v->n; i++) {
        const finding *f = &v->findings[i];
        count(v, f);
        failed = failed || fails(f);
        open = open || unscreened(f);
        all_settled = all_settled && settled(f);
        if (!fails(f) && !unscreened(f)) continue;
        causes++;
        transient += f->criterion->transient;
    }
    v->only_transient_failed = causes > 0 && causes == transient;
    v->kind = failed        ? VERDICT_INELIGIBLE
              : open        ? VERDICT_NOT_SCREENED
              : all_settled ? VERDICT_ELIGIBLE
                            : VERDICT_NEEDS_REVIEW;
}

static void contradict(decider *d, verdict *v) {
    const study *s = d->study;
    contradiction *list = arena_new(d->run.arena, contradiction, s->contradiction_count);
    for (isize i = 0; i < s->contradiction_count; i++) {
        tri holds;
        if (path_test(s->contradictions[i].when, &d->run, 0, &holds) == PATH_OK &&
            holds == TRI_TRUE)
            list[v->contradiction_count++] = s->contradictions[i].shown;
    }
    v->contradictions = list;
}

/* Whether a circumstance holds. One that cannot be told because of an error counts as holding: a
 * Flag is rather missing than shown for someone who may have refused. */
static bool circumstance(decider *d, const circumstance_rule *c) {
    tri holds;
    if (!c->when) return false;
    if (decider_trust(d, &c->defines) != REASON_NONE) return true;
    return path_test(c->when, &d->run, 0, &holds) != PATH_OK || holds == TRI_TRUE;
}

static flag_circumstances circumstances(decider *d) {
    const study *s = d->study;
    return (flag_circumstances){.dead = circumstance(d, &s->dead),
                                .test_patient = circumstance(d, &s->test_patient),
                                .consent_denied = circumstance(d, &s->consent_denied),
                                .enrolled = circumstance(d, &s->enrolled),
                                .study_closed = !s->open};
}

flag_circumstances flag_circumstances_of(const mappings *m, const study *s, arena *arena,
                                         const tape *record, when now) {
    decider d;
    decider_init(m, s, arena, record, now, &d);
    return circumstances(&d);
}

void verdict_decide(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                    verdict *out) {
    decider d;
    decider_init(m, s, arena, record, now, &d);
    *out = (verdict){.study = s, .n = s->criterion_count, .stale_mapping = d.any_stale};
    finding *findings = arena_new(arena, finding, out->n);
    for (isize i = 0; i < out->n; i++) criterion_decide(&d, &s->criteria[i], &findings[i]);
    out->findings = findings;
    if (s->guideline)
        conclude_guideline(out);
    else
        conclude(out);
    contradict(&d, out);
    out->circumstances = circumstances(&d);
}

/* --- as JSON --- */
static void asserted_json(const assertion *a, buf *out) {
    buf_add(out, S(",\"asserted\":{\"by\":"));
    buf_json_string(out, a->by);
    buf_add(out, S(",\"at\":"));
    buf_json_string(out, a->at);
    buf_add(out, S(",\"feed\":"));
    buf_json_string(out, a->feed);
    buf_add(out, S(",\"source\":"));
    buf_json_string(out, a->source);
    buf_byte(out, '}');
}

static void finding_json(const finding *f, buf *out) {
    buf_add(out, S("{\"id\":"));
    buf_json_string(out, f->criterion->id);
    buf_add(out, S(",\"result\":"));
    buf_json_string(out, result_name(f->result));
    buf_add(out, S(",\"reason\":"));
    if (f->reason == REASON_NONE)
        buf_add(out, S("null"));
    else
        buf_json_string(out, reason_name(f->reason));
    buf_add(out, S(",\"evidence\":["));
    for (isize i = 0; i < f->evidence_count; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, f->evidence[i]);
    }
    buf_byte(out, ']');
    if (f->asserted) asserted_json(f->asserted, out);
    if (f->detail.n) {
        buf_add(out, S(",\"detail\":"));
        buf_json_string(out, f->detail);
    }
    buf_byte(out, '}');
}

static void circumstances_json(flag_circumstances c, buf *out) {
    const struct {
        bool holds;
        const char *name;
    } all[] = {{c.dead, "dead"},
               {c.test_patient, "test-patient"},
               {c.consent_denied, "consent-denied"},
               {c.enrolled, "enrolled"},
               {c.study_closed, "study-closed"}};
    bool first = true;
    buf_add(out, S(",\"circumstances\":["));
    for (isize i = 0; i < COUNT_OF(all); i++) {
        if (!all[i].holds) continue;
        buf_printf(out, "%s\"%s\"", first ? "" : ",", all[i].name);
        first = false;
    }
    buf_byte(out, ']');
}

void verdict_json(const verdict *v, buf *out) {
    buf_add(out, S("{\"study\":"));
    buf_json_string(out, v->study->id);
    buf_add(out, S(",\"verdict\":"));
    buf_json_string(out, verdict_name(v->kind));
    buf_printf(out, ",\"met\":%td,\"notMet\":%td,\"unknown\":%td,\"notApplicable\":%td", v->met,
               v->not_met, v->unknown, v->not_applicable);
    buf_add(out, S(",\"criteria\":["));
    for (isize i = 0; i < v->n; i++) {
        if (i) buf_byte(out, ',');
        finding_json(&v->findings[i], out);
    }
    buf_add(out, S("],\"contradictions\":["));
    for (isize i = 0; i < v->contradiction_count; i++) {
        if (i) buf_byte(out, ',');
        buf_add(out, S("{\"id\":"));
        buf_json_string(out, v->contradictions[i].id);
        buf_add(out, S(",\"text\":"));
        buf_json_string(out, v->contradictions[i].text);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
    circumstances_json(v->circumstances, out);
    buf_byte(out, '}');
}
