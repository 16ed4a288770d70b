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

static void cell_json(const leaving_rows *r, uint32_t node, const view_rows_column *c, buf *line) {
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

static void write_row(const leaving_rows *r, uint32_t node, buf *line) {
    buf_add(line, S("{\"subject\":"));
    buf_json_string(line, r->subject->name);
    for (isize i = 0; i < r->column_count; i++) cell_json(r, node, &r->columns[i], line);
    buf_add(line, S("}\n"));
}

void ndjson_subject(const export_job *job, const subject *s, parts *to) {
    view_rows_subject(job, s, ndjson_file, write_row, to);
}
