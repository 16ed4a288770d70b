/* SPDX-License-Identifier: Apache-2.0 */
/* The patient record as a tape: one element of Record a row, in the store's order, then the rows of
 * the derived views, each computed over what stands there already. */
#include "fhir/model_ids.h"
#include "trial/set.h"
#include <string.h>

typedef struct recorder {
    const mappings *set;
    arena *arena;
    problems *found;
    tape_builder to;
    when now;
} recorder;

str record_error_cells(arena *arena, isize columns) {
    buf out = buf_new(arena, LIMIT_STRING_BYTES, "the cells of one row");
    buf_byte(&out, '[');
    for (isize i = 0; i < columns; i++) buf_add(&out, S("null,"));
    buf_add(&out, S("\"error\"]"));
    return buf_str(&out);
}

/* --- the names that expressions may use --- */
when record_day(when moment) {
    moment.kind = WHEN_DATE;
    if (moment.precision > WHEN_DAY) moment.precision = WHEN_DAY;
    moment.fraction = 0;
    moment.has_zone = false;
    moment.zone = 0;
    moment.hour = moment.minute = moment.second = 0;
    moment.nano = 0;
    return moment;
}

collection record_when(arena *arena, item_kind kind, when value) {
    item *it = arena_new(arena, item, 1);
    when *w = arena_new(arena, when, 1);
    *w = value;
    it->kind = (uint8_t)kind;
    it->when = w;
    return (collection){it, 1};
}

/* The date the record gives as the screening date, as precisely as it is written; the evaluation
 * date where it gives none (contracts.md, Time). An error leaves it unknown. */
static collection screening_of(const study *s, path_run *run, collection today) {
    static const collection unknown = {NULL, 0};
    collection found;
    str text;
    when date;
    if (!s || !s->screening_date) return today;
    if (path_evaluate(s->screening_date, run, 0, &found) != PATH_OK || found.n > 1) return unknown;
    if (found.n == 0) return today;
    if (!item_text(run, found.items[0], &text) || !when_parse_datetime(text, &date)) return unknown;
    return record_when(run->arena, ITEM_DATE, record_day(date));
}

void record_run_init(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                     path_run *run) {
    isize n = s ? s->name_count : NAME_FIRST_PARAMETER;
    collection *values = arena_new(arena, collection, n);
    for (isize i = NAME_FIRST_PARAMETER; s && i < s->define_first; i++) values[i] = s->values[i];
    values[NAME_TODAY] = record_when(arena, ITEM_DATE, record_day(now));
    values[NAME_NOW] = record_when(arena, ITEM_DATETIME, now);
    values[NAME_SCREENING] = values[NAME_TODAY];
    *run = (path_run){.tape = record,
                      .arena = arena,
                      .constants = values,
                      .terminology = &m->terms.face,
                      .now = now};
    values[NAME_SCREENING] = screening_of(s, run, values[NAME_TODAY]);
}

void record_run_defines(const study *s, path_run *run, view_mask *errors, view_mask *limits) {
    collection *values = arena_new(run->arena, collection, s->name_count);
    for (isize i = 0; i < s->define_first; i++) values[i] = run->constants[i];
    run->constants = values;
    for (isize i = s->define_first; i < s->name_count; i++) {
        path_status status =
            path_evaluate(s->defines[i - s->define_first].program, run, 0, &values[i]);
        if (status == PATH_OK) continue;
        values[i] = (collection){NULL, 0};
        mask_add(status == PATH_LIMIT ? limits : errors, i - s->define_first);
    }
}

/* --- stored rows --- */
static void report_row(recorder *r, const record_view *v, const char *text) {
    problems_add(r->found, (problem){.level = PROBLEM_ERROR,
                                     .code = "exception",
                                     .at = -1,
                                     .text = arena_printf(r->arena, "a stored row of view %.*s: %s",
                                                          STR_ARGS(v->name), text),
                                     .remedy = S("feed the resource again, or restore the store")});
}

/* A dateTime with a time but no zone gets the zone that the site declares for its sources. */
static str with_zone(recorder *r, str text, model_type type) {
    str zone = r->set->site.default_zone;
    bool moment = type == TYPE_dateTime || type == TYPE_instant;
    isize time = str_find_byte(text, 'T', 0);
    if (!moment || !zone.n || text.n < 3 || text.p[0] != '"' || time < 0) return text;
    for (isize i = time; i < text.n; i++)
        if (text.p[i] == 'Z' || text.p[i] == '+' || text.p[i] == '-') return text;
    return arena_printf(r->arena, "%.*s%.*s\"", (int)(text.n - 1), text.p, STR_ARGS(zone));
}

/* The text of an element of the cells array, which our own writer made without spaces. */
static str cell_text(str cells, const json *cell) {
    isize end = cell->next ? cell->next->at - 1 : cells.n - 1;
    return str_slice(cells, cell->at, end);
}

/* Writes the cells of a row; false when they do not fit the view. */
static bool write_cells(recorder *r, const record_view *v, str cells) {
    const json *root;
    fault fault;
    isize n, i = 0;
    const view_column *columns = view_columns(v->view, &n);
    if (!json_read(r->arena, cells, &root, &fault) || root->kind != JSON_ARRAY) return false;
    if (root->count != n) return false;
    for (const json *cell = root->child; cell; cell = cell->next, i++) {
        if (cell->kind == JSON_NULL || (cell->kind == JSON_ARRAY && cell->count == 0)) continue;
        str text = with_zone(r, cell_text(cells, cell), columns[i].type);
        if (!read_json_element(&r->to, v->columns[i], columns[i].type, text, &fault)) return false;
    }
    return true;
}

static bool is_error_row(const record_view *v, str cells) {
    isize n;
    view_columns(v->view, &n);
    return str_ends(cells, S("\"error\"]")) && str_starts(cells, S("[")) &&
           cells.n == 2 + 5 * n + 7;
}

static void mark(recorder *r, model_key key) {
    tape_primitive(&r->to, key, TYPE_boolean, S("true"), 0);
}

static void write_row(recorder *r, const record_view *v, const record_row *row) {
    uint32_t at = tape_open(&r->to, v->key, v->type, 0);
    bool error = !row->stale && is_error_row(v, row->cells);
    if (!row->stale && !error && !write_cells(r, v, row->cells)) {
        r->to.n = at + 1; /* what was written of the cells is taken back */
        report_row(r, v, "its cells do not fit the view");
        error = true;
    }
    if (row->source.n) tape_primitive(&r->to, r->set->key_source, TYPE_string, row->source, 0);
    if (row->version.n) tape_primitive(&r->to, r->set->key_version, TYPE_string, row->version, 0);
    if (row->updated.n) tape_primitive(&r->to, r->set->key_updated, TYPE_instant, row->updated, 0);
    if (row->stale) mark(r, r->set->key_stale);
    if (error) mark(r, r->set->key_error);
    tape_close(&r->to, at);
}

/* --- derived views --- */
typedef struct derived_rows {
    recorder *recorder;
    const record_view *view;
    path_run *run;
    str *cells;
    isize n, cap;
} derived_rows;

static void take_row(void *self, const view_row *row) {
    derived_rows *d = self;
    arena *arena = d->recorder->arena;
    buf cells = buf_new(arena, LIMIT_STRING_BYTES, "the cells of one row");
    view_cells_json(d->view->view, d->run, row, &cells);
    if (d->n == d->cap) {
        isize cap = d->cap ? d->cap * 2 : 4;
        d->cells =
            arena_grow(arena, d->cells, d->n, cap, (isize)sizeof(str), (isize) _Alignof(str));
        d->cap = cap;
    }
    d->cells[d->n++] = buf_str(&cells);
}

static void report_derived(recorder *r, const record_view *v, str column, const char *why) {
    problems_add(
        r->found,
        (problem){.level = PROBLEM_ERROR,
                  .code = "processing",
                  .at = -1,
                  .text = arena_printf(r->arena, "derived view %.*s%s%.*s: %s", STR_ARGS(v->name),
                                       column.n ? ", column " : "", STR_ARGS(column), why),
                  .remedy = S("criteria that use it are unknown; correct the view")});
}

static void add_derived(recorder *r, uint32_t root, const record_view *v) {
    tape so_far = tape_finish(&r->to, (str){0});
    path_run run;
    str column;
    const study *s = v->study < 0 ? NULL : &r->set->studies[v->study];
    record_run_init(r->set, s, r->arena, &so_far, r->now, &run);
    derived_rows rows = {.recorder = r, .view = v, .run = &run};
    view_status status = view_rows(v->view, &run, root, take_row, &rows, &column);
    if (status != VIEW_OK) {
        report_derived(r, v, column, run.reason);
        tape_primitive(&r->to, r->set->key_failed, TYPE_string, v->name, 0);
        rows.n = 0;
    }
    for (isize i = 0; i < rows.n; i++)
        write_row(r, v, &(record_row){.view = v->name, .cells = rows.cells[i]});
    tape_close(&r->to, root); /* the root's range grows with what was added */
}

void record_build(const mappings *m, arena *arena, str feed, const record_row *rows, isize n,
                  when now, problems *found, tape *out) {
    recorder r = {.set = m, .arena = arena, .found = found, .now = now};
    r.to = tape_begin(arena, m->model);
    uint32_t root = tape_open(&r.to, KEY_NONE, m->record_type, NODE_RESOURCE);
    if (feed.n) tape_primitive(&r.to, m->key_feed, TYPE_string, feed, 0);
    for (isize i = 0; i < n; i++) {
        isize view = views_find(m, rows[i].view);
        if (view >= 0 && view < m->stored_count) write_row(&r, &m->views[view], &rows[i]);
    }
    tape_close(&r.to, root);
    for (isize i = m->stored_count; i < m->view_count; i++) add_derived(&r, root, &m->views[i]);
    *out = tape_finish(&r.to, (str){0});
}

void record_json(const tape *record, buf *out) { tape_write_json(record, 0, true, out); }
