/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a message apart: a Bundle of any type or a single resource becomes the state of its
 * resources as rows of the views (contracts.md, Messages). */
#include "trial/message.h"
#include "fhir/model_ids.h"

void message_problem(extraction *x, const part *p, uint32_t at, problem_level level,
                     const char *code, str text, str remedy) {
    if (at == TAPE_NONE) at = p->resource != TAPE_NONE ? p->resource : p->wrapper;
    problems_add(x->found, (problem){.level = level,
                                     .code = code,
                                     .at = at == TAPE_NONE ? -1 : tape_offset(x->tape, at),
                                     .place = at == TAPE_NONE ? (str){0}
                                                              : tape_pointer(x->tape, at, x->arena),
                                     .text = text,
                                     .remedy = remedy});
}

static str text_at(const extraction *x, uint32_t parent, model_key key) {
    return parent == TAPE_NONE ? (str){0} : tape_child_text(x->tape, parent, key, x->arena);
}

/* --- entries of a Bundle --- */
static bool entered_in_error(const extraction *x, uint32_t resource) {
    if (str_eq(text_at(x, resource, KEY_status), S("entered-in-error"))) return true;
    uint32_t concept = tape_child(x->tape, resource, KEY_verificationStatus);
    if (concept == TAPE_NONE) return false;
    for (uint32_t i = tape_child(x->tape, concept, KEY_coding); i != TAPE_NONE;
         i = tape_next(x->tape, concept, i))
        if (str_eq(text_at(x, i, KEY_code), S("entered-in-error"))) return true;
    return false;
}

/* "Observation/x" of a DELETE; a condition cannot be followed. */
static bool removed_by_url(extraction *x, part *p, uint32_t request) {
    str url = text_at(x, request, KEY_url);
    isize slash = str_find_byte(url, '/', 0);
    bool plain = slash > 0 && slash + 1 < url.n && str_find_byte(url, '?', 0) < 0 &&
                 str_find_byte(url, '/', slash + 1) < 0;
    if (!plain ||
        !model_is_resource(x->tape->model,
                           model_find_type(x->tape->model, str_slice(url, 0, slash))) ||
        !identity_good_id(str_slice(url, slash + 1, url.n))) {
        message_problem(x, p, request, PROBLEM_ERROR, plain ? "value" : "not-supported",
                        S("a DELETE must name one resource as Type/id"),
                        plain ? S("write a type of FHIR R4 and an id")
                              : S("conditional deletes cannot be followed without a server"));
        return false;
    }
    p->entry.type = str_slice(url, 0, slash);
    p->entry.id = str_slice(url, slash + 1, url.n);
    p->entry.action = ENTRY_REMOVE;
    return true;
}

static bool same_text(str method, const char *name) { return str_eq(method, str_from(name)); }

/* Whether the entry tells a state or a removal; reports what cannot be used. */
static bool entry_usable(extraction *x, part *p) {
    uint32_t request = tape_child(x->tape, p->wrapper, KEY_request);
    uint32_t search = tape_child(x->tape, p->wrapper, KEY_search);
    str method = text_at(x, request, KEY_method);
    if (str_eq(text_at(x, search, KEY_mode), S("outcome"))) return false;
    if (same_text(method, "DELETE")) return p->resource = TAPE_NONE, removed_by_url(x, p, request);
    if (same_text(method, "PATCH")) {
        message_problem(x, p, request, PROBLEM_ERROR, "not-supported",
                        S("a PATCH does not tell the state of the resource"),
                        S("send the whole resource with PUT, POST or no request"));
        return false;
    }
    if (same_text(method, "GET") || same_text(method, "HEAD")) return false;
    if (method.n && !same_text(method, "PUT") && !same_text(method, "POST")) {
        message_problem(x, p, request, PROBLEM_ERROR, "code-invalid",
                        S("this is no HTTP verb of a Bundle request"),
                        S("use POST, PUT or DELETE"));
        return false;
    }
    if (p->resource != TAPE_NONE) return true;
    if (tape_child(x->tape, p->wrapper, KEY_response) == TAPE_NONE)
        message_problem(x, p, TAPE_NONE, PROBLEM_ERROR, "required",
                        S("this entry has no resource that can be read"),
                        S("add entry.resource with a known resourceType"));
    return false;
}

static part *add_part(extraction *x) { return &x->parts[x->n++]; }

static void list_bundle(extraction *x, message *out) {
    isize count = 0;
    uint32_t first = tape_child(x->tape, 0, KEY_entry);
    for (uint32_t i = first; i != TAPE_NONE; i = tape_next(x->tape, 0, i)) count++;
    x->parts = arena_new(x->arena, part, count);
    for (uint32_t i = first; i != TAPE_NONE; i = tape_next(x->tape, 0, i)) {
        part p = {.resource = tape_child(x->tape, i, KEY_resource),
                  .wrapper = i,
                  .full_url = text_at(x, i, KEY_fullUrl)};
        out->resources += p.resource != TAPE_NONE;
        if (entry_usable(x, &p)) *add_part(x) = p;
    }
}

static void list_parts(extraction *x, message *out) {
    if (x->tape->nodes[0].type == TYPE_Bundle) {
        list_bundle(x, out);
        return;
    }
    x->parts = arena_new(x->arena, part, 1);
    *add_part(x) = (part){.resource = 0, .wrapper = TAPE_NONE};
    out->resources = 1;
}

/* --- rows --- */
typedef struct row_sink {
    extraction *x;
    part *part;
    path_run *run;
    isize view;
    entry_row *rows;
    isize n, cap;
} row_sink;

/* A column tagged so tells by its value that another column's value was rejected. */
static void report_rejected(row_sink *s, const view_column *column, const collection *cell) {
    for (isize t = 0; t < column->tag_count; t++) {
        if (!str_eq(column->tags[t].name, S("fhirtrial/problem"))) continue;
        for (isize i = 0; i < cell->n; i++) {
            str rule;
            if (!item_text(s->run, cell->items[i], &rule)) continue;
            message_problem(s->x, s->part, TAPE_NONE, PROBLEM_WARNING, "value",
                            arena_printf(s->x->arena, "%.*s: value not used", STR_ARGS(rule)),
                            column->tags[t].value);
        }
    }
}

static isize column_count(const view *v) {
    isize n;
    view_columns(v, &n);
    return n;
}

static void add_row(row_sink *s, str cells) {
    if (s->n == s->cap) {
        isize cap = s->cap ? s->cap * 2 : 4;
        s->rows = arena_grow(s->x->arena, s->rows, s->n, cap, (isize)sizeof(entry_row),
                             (isize) _Alignof(entry_row));
        s->cap = cap;
    }
    s->rows[s->n++] = (entry_row){s->view, cells};
}

static void take_row(void *self, const view_row *row) {
    row_sink *s = self;
    const view *v = s->x->set->views[s->view].view;
    isize columns;
    const view_column *column = view_columns(v, &columns);
    buf cells = buf_new(s->x->arena, LIMIT_STRING_BYTES, "the cells of one row");
    view_cells_json(v, s->run, row, &cells);
    add_row(s, buf_str(&cells));
    for (isize i = 0; i < columns; i++)
        if (column[i].tag_count) report_rejected(s, &column[i], &row->cells[i]);
}

static void report_view(row_sink *s, view_status status, str column) {
    extraction *x = s->x;
    const view *v = x->set->views[s->view].view;
    str name = view_name(v);
    message_problem(x, s->part, TAPE_NONE, PROBLEM_ERROR,
                    status == VIEW_LIMIT ? "too-costly" : "processing",
                    arena_printf(x->arena, "view %.*s%s%.*s: %s", STR_ARGS(name),
                                 column.n ? ", column " : "", STR_ARGS(column), s->run->reason),
                    S("no row of this view was taken from the resource; correct the resource or "
                      "the view"));
}

static void make_rows(extraction *x, part *p, path_run *run, const uint32_t *moved) {
    model_type type = x->tape->nodes[p->resource].type;
    row_sink sink = {.x = x, .part = p, .run = run};
    for (isize v = 0; v < x->set->stored_count; v++) {
        if (view_resource(x->set->views[v].view) != type) continue;
        str column;
        isize before = sink.n;
        sink.view = v;
        uint32_t at = moved ? moved[p->resource] : p->resource;
        view_status status = view_rows(x->set->views[v].view, run, at, take_row, &sink, &column);
        p->entry.reached = p->entry.reached || status != VIEW_OK || sink.n > before;
        if (status == VIEW_OK) continue;
        sink.n = before;
        report_view(&sink, status, column);
        add_row(&sink, record_error_cells(x->arena, column_count(x->set->views[v].view)));
    }
    p->entry.rows = sink.rows;
    p->entry.row_count = sink.n;
}

/* --- one entry --- */
static void warn_without_patient(extraction *x, const part *p, bool unusable) {
    if (p->entry.row_count == 0 || p->entry.patient.n) return;
    message_problem(x, p, TAPE_NONE, PROBLEM_WARNING, unusable ? "required" : "not-found",
                    S("the resource belongs to no Patient that can be found: its rows are not "
                      "kept"),
                    S("give it a subject such as Patient/id, or the fullUrl of a Patient in the "
                      "same Bundle"));
}

static void finish_part(extraction *x, part *p, path_run *run, const uint32_t *moved) {
    bool unusable;
    p->entry.patient = identity_patient(x, p, &unusable);
    identity_of_patient(x, p);
    if (p->resource == TAPE_NONE) return;
    if (entered_in_error(x, p->resource)) {
        p->entry.action = ENTRY_REMOVE;
        return;
    }
    if (x->tape->nodes[p->resource].type == TYPE_Bundle) {
        message_problem(x, p, TAPE_NONE, PROBLEM_WARNING, "not-supported",
                        S("a Bundle inside a Bundle is not opened"),
                        S("send it as a message of its own"));
        return;
    }
    make_rows(x, p, run, moved);
    warn_without_patient(x, p, unusable);
}

void message_extract(const mappings *m, arena *arena, const tape *tape, const digest *digest,
                     when now, problems *found, message *out) {
    extraction x = {.set = m, .arena = arena, .tape = tape, .digest = digest, .found = found};
    const uint32_t *moved;
    *out = (message){0};
    if (tape->n == 0) return;
    list_parts(&x, out);
    for (isize i = 0; i < x.n; i++) identity_of(&x, &x.parts[i]);
    identity_index(&x);
    path_run run = {.tape = codemap_apply(m, arena, long_text_hidden(&x), &moved),
                    .arena = arena,
                    .terminology = &m->terms.face,
                    .now = now};
    path_prepare(&run);
    entry *entries = arena_new(arena, entry, x.n);
    out->entries = entries;
    for (isize i = 0; i < x.n; i++) {
        if (x.parts[i].refused) continue;
        finish_part(&x, &x.parts[i], &run, moved);
        entries[out->n++] = x.parts[i].entry;
    }
}
