/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of a study over one record: at each of their visits, or once. What is missing,
 * imprecise or ambiguous makes an endpoint unknown, in the order of `decide` below; so does a
 * window that is not over, because a later row could still turn the answer. */
#include "trial/conduct.h"

/* One endpoint at one visit, while it is worked out. */
typedef struct asking {
    conductor *c;
    const endpoint *e;
    const visit_window *visit; /* NULL: asked once */
    endpoint_finding *f;
    reason timing; /* why anchor or window are not known */
    const char *timing_detail;
    collection evidence, baseline, value, change;
    tri applies, met, not_met;
    reason unknown; /* of the first unknown rule that holds */
    reason failed;  /* a limit or an error in one of the expressions */
    bool differ;    /* several values that are equally good are not the same */
    bool shared;    /* a row lies in the windows of two visits */
} asking;

str outcome_name(outcome o) {
    static const str names[] = {S_INIT("met"), S_INIT("not-met"), S_INIT("unknown"),
                                S_INIT("not-applicable"), S_INIT("measured")};
    return names[o];
}

/* --- names --- */
static void set_name(conductor *c, int which, collection value) {
    c->values[c->d.study->name_count + which] = value;
}

static collection code_value(arena *arena, str text) {
    item *it = arena_new(arena, item, 1);
    it->kind = ITEM_STRING;
    it->text = text;
    return text.n ? (collection){it, 1} : (collection){NULL, 0};
}

static collection day_value(conductor *c, bool known, when day) {
    return known ? record_when(c->run.arena, ITEM_DATE, day) : (collection){NULL, 0};
}

static void clear_names(conductor *c) {
    for (int i = 0; i < ENDPOINT_NAMES; i++) set_name(c, i, (collection){NULL, 0});
    if (c->arm >= 0)
        set_name(c, ENDPOINT_ARM, code_value(c->run.arena, c->d.study->arms[c->arm].id));
}

static void name_visit(conductor *c, const visit_window *v) {
    clear_names(c);
    set_name(c, ENDPOINT_ANCHOR, day_value(c, v->anchored, v->anchor));
    set_name(c, ENDPOINT_FROM, day_value(c, v->placed, v->from));
    set_name(c, ENDPOINT_TO, day_value(c, v->placed, v->to));
    set_name(c, ENDPOINT_VISIT, code_value(c->run.arena, v->id));
}

static void name_times(asking *a) {
    conductor *c = a->c;
    if (a->visit) {
        name_visit(c, a->visit);
        a->timing = a->visit->reason;
        a->timing_detail = a->visit->detail;
        return;
    }
    clear_names(c);
    if (!a->e->anchor.n) return;
    anchor_day at = conductor_anchor(c, a->e->anchor);
    a->timing = at.reason;
    a->timing_detail = at.detail;
    set_name(c, ENDPOINT_ANCHOR, day_value(c, at.reason == REASON_NONE, at.day));
}

/* --- expressions --- */
static void fail(asking *a, const program *p, path_status status) {
    if (a->failed != REASON_NONE) return;
    a->failed = status == PATH_LIMIT ? REASON_LIMIT : REASON_ERROR;
    a->f->detail =
        arena_printf(a->c->run.arena, "%.*s: %s", STR_ARGS(path_source(p)), a->c->run.reason);
}

static collection run_rows(asking *a, const measure *m) {
    collection out = {NULL, 0};
    if (!m->program) return out;
    path_status status = path_evaluate(m->program, &a->c->run, 0, &out);
    if (status == PATH_OK) return out;
    fail(a, m->program, status);
    return (collection){NULL, 0};
}

static tri run_test(asking *a, const program *p, tri otherwise) {
    tri out = TRI_UNKNOWN;
    if (!p) return otherwise;
    path_status status = path_test(p, &a->c->run, 0, &out);
    if (status != PATH_OK) fail(a, p, status);
    return status == PATH_OK ? out : TRI_UNKNOWN;
}

static str text_of(conductor *c, const collection *value) {
    str text;
    if (value->n == 0) return (str){0};
    if (item_text(&c->run, value->items[0], &text)) return text;
    buf out = buf_new(c->run.arena, LIMIT_STRING_BYTES, "a value");
    item_json(&c->run, value->items[0], true, &out);
    return buf_str(&out);
}

static bool same_value(conductor *c, item a, item b) {
    collection left = {&a, 1}, right = {&b, 1};
    str one = text_of(c, &left), other = text_of(c, &right);
    const model *m = c->d.set->model;
    str type = model_type_name(m, item_type(&c->run, a));
    bool number = str_eq(type, S("decimal")) || str_eq(type, S("integer"));
    decimal x, y;
    return str_eq(one, other) || (number && decimal_parse(one, &x) && decimal_parse(other, &y) &&
                                  decimal_compare(x, y) == 0);
}

/* Several equal values are one; of several that differ none is chosen. */
static collection run_value(asking *a, const measure *m) {
    collection out = run_rows(a, m);
    for (isize i = 1; i < out.n; i++) {
        if (same_value(a->c, out.items[0], out.items[i])) continue;
        a->differ = true;
        return (collection){NULL, 0};
    }
    out.n = out.n > 1 ? 1 : out.n;
    return out;
}

static void run_unknown(asking *a) {
    for (isize i = 0; i < a->e->unknown_count; i++) {
        tri holds = run_test(a, a->e->unknown[i].when, TRI_UNKNOWN);
        if (holds == TRI_TRUE && a->unknown == REASON_NONE) a->unknown = a->e->unknown[i].reason;
    }
}

/* Every expression is run, so that a limit or an error anywhere is seen first. */
static void run_all(asking *a, collection rows) {
    const endpoint *e = a->e;
    a->applies = run_test(a, e->applies.program, TRI_TRUE);
    set_name(a->c, ENDPOINT_ROWS, rows);
    a->evidence = e->evidence.program == e->rows.program ? rows : run_rows(a, &e->evidence);
    a->baseline = run_value(a, &e->baseline);
    set_name(a->c, ENDPOINT_BASELINE, a->baseline);
    a->value = run_value(a, &e->value);
    set_name(a->c, ENDPOINT_VALUE, a->value);
    a->change = run_rows(a, &e->change);
    set_name(a->c, ENDPOINT_CHANGE, a->change);
    a->met = run_test(a, e->met.program, TRI_UNKNOWN);
    a->not_met = run_test(a, e->not_met.program, tri_not(a->met));
    run_unknown(a);
}

/* --- the answer --- */
static void set_unknown(asking *a, reason why, const char *detail) {
    a->f->outcome = OUTCOME_UNKNOWN;
    a->f->reason = why;
    if (detail) a->f->detail = str_from(detail);
}

static reason reason_or(reason of_rule, reason otherwise) {
    return of_rule != REASON_NONE ? of_rule : otherwise;
}

static const char *missing(const asking *a) {
    const endpoint *e = a->e;
    if (e->baseline.program && !a->baseline.n) return "there is no baseline";
    if (e->value.program && !a->value.n) return "there is no value";
    if (e->change.program && !a->change.n) return "there is no change";
    return NULL;
}

static void decide_values(asking *a) {
    const char *gap = missing(a);
    bool asks = a->e->met.program != NULL;
    if (asks && a->met == TRI_TRUE && a->not_met == TRI_TRUE)
        set_unknown(a, REASON_CONFLICT, "met and not met");
    else if (asks && a->met == TRI_TRUE)
        a->f->outcome = OUTCOME_MET;
    else if (asks && a->not_met == TRI_TRUE)
        a->f->outcome = OUTCOME_NOT_MET;
    else if (!asks && !gap)
        a->f->outcome = OUTCOME_MEASURED;
    else
        set_unknown(a, reason_or(a->unknown, gap ? REASON_NO_DATA : REASON_ERROR), gap);
}

static bool window_over(const asking *a) {
    int64_t today = when_day_number(record_day(a->c->run.now));
    return !a->visit || today > when_day_number(a->visit->to);
}

static void decide(asking *a) {
    reason trust = conductor_trust(a->c, &a->e->facts);
    if (trust != REASON_NONE && trust != REASON_SOURCE_INCOMPLETE)
        set_unknown(a, trust, "rows that this endpoint leans on");
    else if (a->failed != REASON_NONE)
        set_unknown(a, a->failed, NULL);
    else if (a->e->incomplete.n) {
        set_unknown(a, REASON_SOURCE_INCOMPLETE, NULL);
        a->f->detail = a->e->incomplete;
    } else if (a->applies == TRI_FALSE && !a->e->applies.facts.unset)
        a->f->outcome = OUTCOME_NOT_APPLICABLE;
    else if (a->applies == TRI_UNKNOWN)
        set_unknown(a, reason_or(a->unknown, REASON_NO_DATA), "whether it applies is not known");
    else if (trust != REASON_NONE)
        set_unknown(a, trust, "the site has not set what the source leaves open");
    else if (a->timing != REASON_NONE)
        set_unknown(a, a->timing, a->timing_detail);
    else if (a->e->human)
        set_unknown(a, REASON_NEEDS_HUMAN, NULL);
    else if (a->shared)
        set_unknown(a, REASON_CONFLICT, "a row lies in the windows of two visits");
    else if (!window_over(a))
        set_unknown(a, REASON_NO_DATA, "the visit's window is not over");
    else if (a->differ)
        set_unknown(a, REASON_CONFLICT, "values that are equally new differ");
    else if (a->evidence.n == 0)
        set_unknown(a, reason_or(a->unknown, REASON_NO_DATA), missing(a));
    else
        decide_values(a);
}

static void ask(conductor *c, const endpoint *e, const visit_window *visit, collection rows,
                bool shared, endpoint_finding *f) {
    asking a = {.c = c, .e = e, .visit = visit, .f = f, .shared = shared};
    *f = (endpoint_finding){.endpoint = e->id, .visit = visit ? visit->id : (str){0}};
    name_times(&a);
    if (e->rows.program && visit && visit->placed) rows = run_rows(&a, &e->rows);
    run_all(&a, rows);
    decide(&a);
    if (a.timing == REASON_NONE) {
        f->baseline = text_of(c, &a.baseline);
        f->value = text_of(c, &a.value);
        f->change = text_of(c, &a.change);
    }
    f->evidence = decider_evidence(&c->d, &a.evidence, &f->evidence_count);
    for (isize i = 0; i < a.baseline.n; i++)
        conductor_mark(c, MARK_BASELINE, a.baseline.items[i], 0);
}

/* --- rows of visits --- */
/* What the endpoint's rows are at one visit, and where in the record each lies: to look that up is
 * a walk over the record, done once. */
typedef struct visit_rows {
    collection items;
    uint32_t *at;
} visit_rows;

/* The rows at each visit of the endpoint; without a window, or after an error, none. */
static visit_rows *rows_of_visits(conductor *c, const endpoint *e) {
    visit_rows *rows = arena_new(c->run.arena, visit_rows, e->visit_count);
    for (isize i = 0; e->rows.program && i < e->visit_count; i++) {
        const visit_window *v = &c->visits[e->visits[i]];
        collection *items = &rows[i].items;
        if (!v->placed) continue;
        name_visit(c, v);
        if (path_evaluate(e->rows.program, &c->run, 0, items) != PATH_OK)
            *items = (collection){NULL, 0};
        rows[i].at = arena_new(c->run.arena, uint32_t, items->n);
        for (isize k = 0; k < items->n; k++) rows[i].at[k] = decider_row(&c->d, items->items[k]);
    }
    return rows;
}

static bool holds_row(const visit_rows *rows, uint32_t row) {
    for (isize i = 0; i < rows->items.n; i++)
        if (rows->at[i] == row) return true;
    return false;
}

/* Marks the rows that lie in the window of this visit alone; whether some lie in another's too. */
static bool mark_rows(conductor *c, const endpoint *e, const visit_rows *rows, isize at) {
    bool shared = false;
    for (isize i = 0; i < rows[at].items.n; i++) {
        uint32_t row = rows[at].at[i];
        bool elsewhere = false;
        for (isize k = 0; row != TAPE_NONE && !elsewhere && k < e->visit_count; k++)
            elsewhere = k != at && holds_row(&rows[k], row);
        shared = shared || elsewhere;
        if (!elsewhere) conductor_mark(c, MARK_VISIT, rows[at].items.items[i], e->visits[at]);
    }
    return shared;
}

static endpoint_finding *ask_endpoint(conductor *c, const endpoint *e, endpoint_finding *to) {
    if (e->visit_count == 0) {
        ask(c, e, NULL, (collection){NULL, 0}, false, to);
        return to + 1;
    }
    const visit_rows *rows = rows_of_visits(c, e);
    for (isize i = 0; i < e->visit_count; i++)
        ask(c, e, &c->visits[e->visits[i]], rows[i].items, mark_rows(c, e, rows, i), to++);
    return to;
}

/* --- marks --- */
static str view_of_key(const mappings *m, model_key key) {
    for (isize i = 0; i < m->view_count; i++)
        if (m->views[i].key == key) return m->views[i].name;
    return (str){0};
}

void conductor_mark(conductor *c, mark_kind kind, item it, isize at) {
    const tape *t = c->run.tape;
    arena *arena = c->run.arena;
    uint32_t row = decider_row(&c->d, it);
    if (row == TAPE_NONE) return;
    row_mark mark = {kind, view_of_key(c->d.set, t->nodes[row].key),
                     tape_child_text(t, row, c->d.set->key_source, arena), at};
    for (isize i = 0; i < c->mark_count; i++) {
        const row_mark *k = &c->marks[i];
        if (k->kind == kind && k->at == at && str_eq(k->view, mark.view) &&
            str_eq(k->source, mark.source))
            return;
    }
    if (c->mark_count == c->mark_cap) {
        isize cap = c->mark_cap ? 2 * c->mark_cap : 16;
        c->marks = arena_grow(arena, c->marks, c->mark_count, cap, (isize)sizeof(row_mark),
                              (isize) _Alignof(row_mark));
        c->mark_cap = cap;
    }
    c->marks[c->mark_count++] = mark;
}

static void mark_schemes(conductor *c) {
    const study *s = c->d.study;
    for (isize i = 0; i < s->scheme_count; i++) {
        const measure *rows = &s->schemes[i].rows;
        collection found;
        if (conductor_trust(c, &rows->facts) != REASON_NONE ||
            path_evaluate(rows->program, &c->run, 0, &found) != PATH_OK)
            continue;
        for (isize k = 0; k < found.n; k++) conductor_mark(c, MARK_SCHEME, found.items[k], i);
    }
}

/* --- the whole --- */
static void begin(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                  conductor *c) {
    *c = (conductor){0};
    decider_init(m, s, arena, record, now, &c->d);
    c->run = c->d.run;
    c->values = arena_new(arena, collection, s->name_count + ENDPOINT_NAMES);
    for (isize i = 0; i < s->name_count; i++) c->values[i] = c->d.run.constants[i];
    c->run.constants = c->values;
}

void conduct_evaluate(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                      conduct *out) {
    conductor c;
    begin(m, s, arena, record, now, &c);
    conductor_arm(&c);
    conductor_visits(&c);
    isize n = 0;
    for (isize i = 0; i < s->endpoint_count; i++)
        n += s->endpoints[i].visit_count ? s->endpoints[i].visit_count : 1;
    endpoint_finding *findings = arena_new(arena, endpoint_finding, n), *to = findings;
    for (isize i = 0; i < s->endpoint_count; i++) to = ask_endpoint(&c, &s->endpoints[i], to);
    clear_names(&c);
    mark_schemes(&c);
    *out = (conduct){.study = s,
                     .arm_reason = c.arm_reason,
                     .visits = c.visits,
                     .visit_count = s->visit_count,
                     .findings = findings,
                     .n = n,
                     .marks = c.marks,
                     .mark_count = c.mark_count};
    if (c.arm < 0) return;
    out->arm = s->arms[c.arm].id;
    out->arm_title = s->arms[c.arm].title;
}
