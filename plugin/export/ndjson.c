/* SPDX-License-Identifier: Apache-2.0 */
/* ndjson.c: the record's views as NDJSON: one object a row, null members left out, collections as
 * arrays, numbers with their digits. */
#include "export/writer.h"

#include "fhir/model_ids.h"

str ndjson_file(arena *arena, const view *v) {
    return arena_printf(arena, "%.*s.ndjson", STR_ARGS(view_name(v)));
}

static void member(buf *out, const char *name, str text, bool raw) {
    if (!text.n) return;
    if (out->p[out->n - 1] != '{') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    if (raw)
        buf_add(out, text);
    else
        buf_json_string(out, text);
}

static bool is_raw(model_type type) {
    return type == TYPE_decimal || type == TYPE_integer || type == TYPE_boolean ||
           type == TYPE_positiveInt || type == TYPE_unsignedInt;
}

static void value_json(const view_value *v, buf *out) {
    if (v->text.p) {
        if (is_raw(v->type))
            buf_add(out, v->text);
        else
            buf_json_string(out, v->text);
        return;
    }
    buf_byte(out, '{');
    member(out, "value", v->value, true);
    member(out, "system", v->system, false);
    member(out, "code", v->code, false);
    member(out, "start", v->start, false);
    member(out, "end", v->end, false);
    buf_byte(out, '}');
}

typedef struct json_rows {
    const export_job *job;
    arena *arena;
    const subject *subject;
    const view_rows_column *columns;
    isize column_count;
    str *lines;
    isize n, cap;
} json_rows;

static void cell_json(json_rows *r, uint32_t node, const view_rows_column *c, buf *line) {
    view_value *values;
    isize n = view_rows_values(r->job, r->arena, r->subject, node, c, &values);
    if (n == 0) return;
    buf_byte(line, ',');
    buf_json_string(line, c->name);
    buf_byte(line, ':');
    if (c->collection) buf_byte(line, '[');
    for (isize i = 0; i < n; i++) {
        if (i) buf_byte(line, ',');
        value_json(&values[i], line);
    }
    if (c->collection) buf_byte(line, ']');
}

static void take_row(void *self, uint32_t node) {
    json_rows *r = self;
    buf line = buf_new(r->arena, EXPORT_TEXT_BYTES, "a line of NDJSON");
    buf_add(&line, S("{\"subject\":"));
    buf_json_string(&line, r->subject->name);
    for (isize i = 0; i < r->column_count; i++) cell_json(r, node, &r->columns[i], &line);
    buf_add(&line, S("}\n"));
    if (r->n == r->cap) {
        isize cap = r->cap ? r->cap * 2 : 16;
        r->lines =
            arena_grow(r->arena, r->lines, r->n, cap, (isize)sizeof(str), (isize) _Alignof(str));
        r->cap = cap;
    }
    r->lines[r->n++] = buf_str(&line);
}

void ndjson_subject(const export_job *job, const subject *s, parts *to) {
    for (isize i = 0; i < view_rows_views(job); i++) {
        const view *v = view_rows_view(job, i);
        view_rows_column *columns;
        json_rows rows = {.job = job, .arena = to->arena, .subject = s};
        rows.column_count = view_rows_columns(job, to->arena, v, &columns);
        rows.columns = columns;
        view_rows_each(s, v, take_row, &rows);
        sort_texts(to->arena, rows.lines, rows.n);
        buf text = buf_new(to->arena, EXPORT_TEXT_BYTES, "a subject's rows of NDJSON");
        for (isize k = 0; k < rows.n; k++) buf_add(&text, rows.lines[k]);
        if (rows.n) parts_add(to, ndjson_file(to->arena, v), rows.n, buf_str(&text));
    }
}
