/* SPDX-License-Identifier: Apache-2.0 */
/* view_rows.c: the rows of a record's own views as they leave: which columns, and which values. */
#include "export/writer.h"

#include "fhir/model_ids.h"

isize view_rows_views(const export_job *job) {
    return mappings_view_count(job->mappings) + mappings_derived_count(job->mappings);
}

const view *view_rows_view(const export_job *job, isize i) {
    isize stored = mappings_view_count(job->mappings);
    return i < stored ? mappings_view(job->mappings, i)
                      : mappings_derived(job->mappings, i - stored);
}

static bool is_stored(const export_job *job, const view *v) {
    return !str_eq(model_type_name(mappings_model(job->mappings), view_resource(v)), S("Record"));
}

isize view_rows_columns(const export_job *job, arena *arena, const view *v,
                        view_rows_column **out) {
    const model *m = mappings_model(job->mappings);
    isize n, count = 0;
    const view_column *columns = view_columns(v, &n);
    *out = arena_new(arena, view_rows_column, n + 1);
    if (is_stored(job, v))
        (*out)[count++] = (view_rows_column){.name = S("source"),
                                             .type = TYPE_string,
                                             .key = model_find_key(m, S("source")),
                                             .leaving = LEAVE_KEY};
    for (isize i = 0; i < n; i++) {
        leaving how =
            mappings_leaving(job->mappings, view_name(v), columns[i].name, columns[i].type);
        if (how == LEAVE_NOT) continue;
        (*out)[count++] =
            (view_rows_column){columns[i].name, columns[i].type, model_find_key(m, columns[i].name),
                               how, columns[i].collection};
    }
    return count;
}

static bool marked(const tape *t, uint32_t row, str name) {
    model_key key = model_find_key(t->model, name);
    return key != KEY_NONE && tape_child(t, row, key) != TAPE_NONE;
}

void view_rows_each(const subject *s, const view *v, void (*row)(void *self, uint32_t node),
                    void *self) {
    const tape *t = &s->record;
    model_key key = model_find_key(t->model, view_name(v));
    for (uint32_t i = tape_child(t, 0, key); i != TAPE_NONE; i = tape_next(t, 0, i))
        if (!marked(t, i, S("sourceStale")) && !marked(t, i, S("sourceError"))) row(self, i);
}

static str child(const tape *t, uint32_t node, model_key key, arena *arena) {
    str text = tape_child_text(t, node, key, arena);
    return text.n ? text : (str){0};
}

static bool value_of(const export_job *job, arena *arena, const subject *s, uint32_t node,
                     const view_rows_column *c, view_value *v) {
    const tape *t = &s->record;
    *v = (view_value){.type = c->type};
    if (t->nodes[node].kind == NODE_PRIMITIVE) {
        v->text = leave_text(job, arena, c->leaving, s->key, tape_text(t, node, arena));
        return v->text.p && v->text.n;
    }
    if (c->leaving != LEAVE_PLAIN) return false;
    v->system = child(t, node, KEY_system, arena);
    v->code = child(t, node, KEY_code, arena);
    if (model_is_a(t->model, c->type, TYPE_Quantity)) v->value = child(t, node, KEY_value, arena);
    if (c->type == TYPE_Period) {
        v->start = child(t, node, KEY_start, arena);
        v->end = child(t, node, KEY_end, arena);
    }
    return v->code.n || v->value.n || v->start.n || v->end.n;
}

isize view_rows_values(const export_job *job, arena *arena, const subject *s, uint32_t row,
                       const view_rows_column *column, view_value **out) {
    const tape *t = &s->record;
    isize n = 0, cap = 0;
    *out = NULL;
    for (uint32_t i = tape_child(t, row, column->key); i != TAPE_NONE; i = tape_next(t, row, i)) {
        view_value value;
        if (!value_of(job, arena, s, i, column, &value)) continue;
        if (n == cap) {
            isize more = cap ? cap * 2 : 4;
            *out = arena_grow(arena, *out, n, more, (isize)sizeof(view_value),
                              (isize) _Alignof(view_value));
            cap = more;
        }
        (*out)[n++] = value;
    }
    return n;
}

/* --- a subject's lines --- */
typedef struct lining {
    leaving_rows rows;
    void (*line)(const leaving_rows *rows, uint32_t node, buf *out);
    str *lines;
    isize n, cap;
} lining;

static void take_row(void *self, uint32_t node) {
    lining *l = self;
    arena *arena = l->rows.arena;
    buf line = buf_new(arena, EXPORT_TEXT_BYTES, "a line of an export");
    l->line(&l->rows, node, &line);
    if (l->n == l->cap) {
        isize cap = l->cap ? l->cap * 2 : 16;
        l->lines =
            arena_grow(arena, l->lines, l->n, cap, (isize)sizeof(str), (isize) _Alignof(str));
        l->cap = cap;
    }
    l->lines[l->n++] = buf_str(&line);
}

void view_rows_subject(const export_job *job, const subject *s, str (*file)(arena *, const view *),
                       void (*line)(const leaving_rows *rows, uint32_t node, buf *out), parts *to) {
    for (isize i = 0; i < view_rows_views(job); i++) {
        const view *v = view_rows_view(job, i);
        view_rows_column *columns;
        isize n = view_rows_columns(job, to->arena, v, &columns);
        lining l = {.rows = {job, to->arena, s, columns, n}, .line = line};
        view_rows_each(s, v, take_row, &l);
        sort_texts(to->arena, l.lines, l.n);
        buf text = buf_new(to->arena, EXPORT_TEXT_BYTES, "a subject's rows");
        for (isize k = 0; k < l.n; k++) buf_add(&text, l.lines[k]);
        if (l.n) parts_add(to, file(to->arena, v), l.n, buf_str(&text));
    }
}
