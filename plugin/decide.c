/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c: each affected person's record after this message, and every study's verdict over it. */
#include "work.h"

typedef LIST(record_row) row_list;

static bool rewritten(const work *w, patient_ref patient, const stored_row *row) {
    return str_eq(patient.source, w->source) && work_write(w, row->type, row->id) != NULL;
}

static bool current_digest(const work *w, const stored_row *row) {
    for (isize i = 0; i < mappings_view_count(w->c->mappings); i++)
        if (str_eq(view_name(mappings_view(w->c->mappings, i)), row->view))
            return str_eq(mappings_view_digest(w->c->mappings, i), row->view_digest);
    return true; /* a view that is gone: nothing refers to its rows */
}

static bool known_view(const work *w, str view) {
    for (isize i = 0; i < mappings_view_count(w->c->mappings); i++)
        if (str_eq(view_name(mappings_view(w->c->mappings, i)), view)) return true;
    return false;
}

/* Rows of the canonical patient's source are named Type/id; those of another source carry its name
 * in front. */
static void add_row(work *w, const group *g, patient_ref patient, const stored_row *row,
                    row_list *rows) {
    if (!known_view(w, row->view)) return;
    str source = reference_text(&w->person, row->type, row->id);
    if (!str_eq(patient.source, g->canonical->ref.source))
        source = arena_printf(&w->person, "%.*s|%.*s", STR_ARGS(patient.source), STR_ARGS(source));
    *PUSH_IN(&w->person, *rows) = (record_row){row->view,    source,     row->version,
                                               row->updated, row->cells, !current_digest(w, row)};
}

static bool same_rows(const stored_row *a, const stored_row *b) {
    return str_eq(a->view, b->view) && str_eq(a->id, b->id) && str_eq(a->type, b->type);
}

/* What views that have no row of a stale resource would say of it is not known either: one row
 * without cells stands for it. */
static bool stale_rows_of(work *w, const group *g, patient_ref patient, const stored_row *stored,
                          isize n, row_list *rows) {
    stale_resource *stale;
    isize count = 0;
    const mappings *m = w->c->mappings;
    w->status = store_stale_of(w->instance->store, &w->person, patient, w->c->views_digest, &stale,
                               &count, &w->fault);
    if (w->status != STORE_OK) return false;
    for (isize i = 0; i < count; i++) {
        const stale_resource *s = &stale[i];
        for (isize v = 0; v < mappings_view_count(m); v++) {
            const view *view = mappings_view(m, v);
            stored_row row = {.view = view_name(view),
                              .type = s->type,
                              .id = s->id,
                              .version = s->version,
                              .updated = s->updated};
            bool made = !str_eq(model_type_name(mappings_model(m), view_resource(view)), s->type);
            for (isize k = 0; k < n && !made; k++) made = same_rows(&stored[k], &row);
            if (!made && !rewritten(w, patient, &row)) add_row(w, g, patient, &row, rows);
        }
    }
    return true;
}

static bool stored_rows_of(work *w, const group *g, patient_ref patient, row_list *rows) {
    stored_row *stored;
    isize n = 0;
    w->status = store_rows(w->instance->store, &w->person, patient, &stored, &n, &w->fault);
    if (w->status != STORE_OK && w->status != STORE_NONE) return false;
    for (isize i = 0; w->status == STORE_OK && i < n; i++)
        if (!rewritten(w, patient, &stored[i])) add_row(w, g, patient, &stored[i], rows);
    return stale_rows_of(w, g, patient, stored, n, rows);
}

static void written_rows_of(work *w, const group *g, patient_ref patient, row_list *rows) {
    const list_index *index = &w->write_by_patient;
    isize e = index_first(index, index_hash(patient.source, patient.id));
    for (; e >= 0; e = index_next(index, e)) {
        const resource_write *write = &w->writes.at[index->entries[e].at];
        if (write->removal || !patient_same(write->patient, patient)) continue;
        for (isize k = 0; k < write->row_count; k++) add_row(w, g, patient, &write->rows[k], rows);
    }
}

static int by_view_and_source(const record_row *a, const record_row *b) {
    int order = str_compare(a->view, b->view);
    return order ? order : str_compare(a->source, b->source);
}

/* Stable merge sort: rows of one resource keep their order. */
static void sort_rows(arena *arena, record_row *rows, isize n) {
    record_row *from = rows, *to = arena_new(arena, record_row, n), *other = to;
    for (isize width = 1; width < n; width *= 2) {
        for (isize start = 0; start < n; start += 2 * width) {
            isize a = start, mid = start + width < n ? start + width : n, b = mid,
                  end = mid + width < n ? mid + width : n;
            for (isize k = start; k < end; k++)
                to[k] = a < mid && (b >= end || by_view_and_source(&from[a], &from[b]) <= 0)
                            ? from[a++]
                            : from[b++];
        }
        record_row *swap = from;
        from = to;
        to = swap;
    }
    for (isize i = 0; from == other && i < n; i++) rows[i] = from[i];
}

static bool rows_of(work *w, const group *g, row_list *rows) {
    for (isize i = 0; i < g->n; i++) {
        if (!stored_rows_of(w, g, g->members[i].ref, rows)) return false;
        written_rows_of(w, g, g->members[i].ref, rows);
    }
    sort_rows(&w->person, rows->at, rows->n);
    return true;
}

static bool record_of(work *w, const group *g, row_list *rows, tape *record) {
    if (!rows_of(w, g, rows)) return false;
    record_build(w->c->mappings, &w->person, g->canonical->ref.source, rows->at, rows->n, w->now,
                 &w->found, record);
    return true;
}

static str hex_of(work *w, str text) {
    uint8_t bytes[DIGEST_BYTES];
    char *hex = arena_new(&w->arena, char, DIGEST_HEX);
    if (!deliver_digest()->sha256(text, bytes))
        fault_raise(&w->landing, FAULT_INTERNAL, -1, "SHA-256 is not available from OpenSSL");
    digest_hex(bytes, hex);
    return (str){hex, DIGEST_HEX};
}

/* What the verdict was made from: every row's resource and version once, and the links that made
 * the person. */
static str inputs_of(work *w, const group *g, const row_list *rows) {
    buf out = buf_new(&w->person, w->person.limit / 4, "a verdict's inputs");
    str last = {0};
    buf_byte(&out, '[');
    for (isize i = 0; i < rows->n; i++) {
        const record_row *row = &rows->at[i];
        if (str_eq(row->source, last)) continue;
        last = row->source;
        if (out.n > 1) buf_byte(&out, ',');
        buf_json_string(&out, arena_printf(&w->person, "%.*s/_history/%.*s", STR_ARGS(row->source),
                                           STR_ARGS(row->version)));
    }
    for (isize i = 0; i < g->n; i++) {
        if (out.n > 1) buf_byte(&out, ',');
        buf_json_string(&out, arena_printf(&w->person, "link:%.*s|Patient/%.*s",
                                           STR_ARGS(g->members[i].ref.source),
                                           STR_ARGS(g->members[i].ref.id)));
    }
    buf_byte(&out, ']');
    return arena_str(&w->arena, buf_str(&out));
}

/* Who decided what, for the audit; and decisions that do not count, for the sender of the message.
 */
static void tell_assertions(work *w, const study *s, const finding *f) {
    str id = f->criterion->id;
    if (f->ignored)
        problems_add(
            &w->found,
            (problem){.level = PROBLEM_WARNING,
                      .code = "business-rule",
                      .at = -1,
                      .text = arena_printf(&w->arena,
                                           "criterion %.*s of %.*s: a person's decision "
                                           "on record does not count: %s",
                                           STR_ARGS(id), STR_ARGS(study_id(s)), f->ignored),
                      .remedy = S("list its author in site.json, or withdraw it")});
    if (!f->asserted) return;
    buf entry = buf_new(&w->arena, FAULT_TEXT * 4, "an audit entry");
    buf_add(&entry, S("{\"action\":\"assertion\",\"study\":"));
    buf_json_string(&entry, study_id(s));
    buf_add(&entry, S(",\"criterion\":"));
    buf_json_string(&entry, id);
    buf_printf(&entry, ",\"result\":\"%.*s\"", STR_ARGS(result_name(f->result)));
    buf_add(&entry, S(",\"by\":"));
    buf_json_string(&entry, f->asserted->by);
    buf_add(&entry, S(",\"at\":"));
    buf_json_string(&entry, f->asserted->at);
    buf_add(&entry, S(",\"feed\":"));
    buf_json_string(&entry, f->asserted->feed);
    buf_add(&entry, S(",\"source\":"));
    buf_json_string(&entry, f->asserted->source);
    buf_byte(&entry, '}');
    *PUSH(w, w->audit) = buf_str(&entry);
}

static bool time_may_change(const verdict *v) {
    if (study_circumstances_use_now(v->study)) return true;
    for (isize i = 0; i < v->n; i++)
        if (v->findings[i].criterion->uses_now) return true;
    return false;
}

static bool decide_study(work *w, const group *g, const study *s, const tape *record,
                         const row_list *rows, str record_sha256) {
    decided d = {.group = g};
    verdict verdict;
    last_verdict last = {0};
    verdict_decide(w->c->mappings, s, &w->person, record, w->now, &verdict);
    buf out = buf_new(&w->person, w->person.limit / 4, "a verdict");
    verdict_json(&verdict, &out);
    d.document = arena_str(&w->arena, buf_str(&out));
    w->again |= time_may_change(&verdict);
    w->status = store_last_verdict(w->instance->store, &w->person, g->canonical->ref, study_id(s),
                                   &last, &w->fault);
    if (w->status != STORE_OK && w->status != STORE_NONE) return false;
    d.changed = w->status == STORE_NONE || !str_eq(last.sha256, hex_of(w, d.document)) ||
                !str_eq(last.mapping_digest, w->c->digest);
    *PUSH(w, w->decisions) = d;
    for (isize i = 0; d.changed && i < verdict.n; i++) tell_assertions(w, s, &verdict.findings[i]);
    if (d.changed)
        *PUSH(w, w->verdicts) =
            (verdict_write){g->canonical->ref,    study_id(s),        verdict_name(verdict.kind),
                            d.document,           record_sha256,      w->c->digest,
                            study_digest(s),      S(PACKAGE_VERSION), w->now_text,
                            inputs_of(w, g, rows)};
    return work_flags(w, g, s, &verdict, verdict.circumstances);
}

enum { DECIDE_AGAIN_MINUTES = 60 };

/* Notes when this person is to be decided again: at once when a Flag is on hold or a criterion
 * looks at the clock. */
static void note_due(work *w, const group *g) {
    int64_t due = 0;
    if (w->again &&
        __builtin_add_overflow(w->clock, DECIDE_AGAIN_MINUTES * INT64_C(60000000000), &due))
        due = INT64_MAX;
    for (isize i = 0; i < g->n; i++)
        *PUSH(w, w->due) =
            (decided_patient){g->members[i].ref, &g->members[i] == g->canonical ? due : 0};
}

static bool decide_group(work *w, const group *g) {
    row_list rows = {0};
    tape record;
    w->again = false;
    arena_clear(&w->person);
    if (!record_of(w, g, &rows, &record)) return false;
    buf text = buf_new(&w->person, w->person.limit / 4, "a patient record");
    record_json(&record, &text);
    str sha256 = hex_of(w, buf_str(&text));
    for (isize i = 0; i < mappings_study_count(w->c->mappings); i++)
        if (!decide_study(w, g, mappings_study(w->c->mappings, i), &record, &rows, sha256))
            return false;
    note_due(w, g);
    return true;
}

static void index_patients(work *w) {
    for (isize i = 0; i < w->writes.n; i++) {
        patient_ref patient = w->writes.at[i].patient;
        index_add(&w->arena, &w->write_by_patient, index_hash(patient.source, patient.id), i);
    }
}

bool work_decide(work *w) {
    index_patients(w);
    for (isize i = 0; i < w->groups.n; i++)
        if (!decide_group(w, &w->groups.at[i])) return false;
    return true;
}

bool work_rows(work *w, const record_row **rows, isize *n) {
    row_list list = {0};
    if (!rows_of(w, &w->groups.at[0], &list)) return false;
    *rows = list.at;
    *n = list.n;
    return true;
}

bool work_record(work *w, isize *rows) {
    row_list list = {0};
    tape record;
    if (!record_of(w, &w->groups.at[0], &list, &record)) return false;
    buf text = buf_new(&w->arena, w->arena.limit / 4, "a patient record");
    record_json(&record, &text);
    w->document = buf_str(&text);
    *rows = list.n;
    return true;
}
