/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c: the record's views as CSV (RFC 4180: CR LF, quotes doubled), UTF-8 without a mark. Several
 * values of a cell are joined by ';', a coding is system|code, a quantity "value code", a period
 * start/end. */
#include "export/writer.h"

#include "fhir/model_ids.h"

/* What Excel, LibreOffice and Google Sheets take for the beginning of a formula, also behind a tab
 * or a carriage return (OWASP, CSV injection). */
static bool formula(str text) {
    static const char starts[] = "=+-@\t\r";
    for (isize i = 0; text.n > 0 && i < COUNT_OF(starts) - 1; i++)
        if (text.p[0] == starts[i]) return true;
    return false;
}

void csv_field(buf *out, str text, bool number) {
    bool guard = !number && formula(text);
    bool quote = guard || str_trim(text).n != text.n;
    for (isize i = 0; i < text.n && !quote; i++) {
        char c = text.p[i];
        quote = c == '"' || c == ',' || c == '\r' || c == '\n';
    }
    if (quote) buf_byte(out, '"');
    if (guard) buf_byte(out, '\'');
    for (isize i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_byte(out, '"');
        buf_byte(out, text.p[i]);
    }
    if (quote) buf_byte(out, '"');
}

void csv_line_end(buf *out) { buf_add(out, S("\r\n")); }

str csv_file(arena *arena, const view *v) {
    return arena_printf(arena, "%.*s.csv", STR_ARGS(view_name(v)));
}

static bool is_number(const view_rows_column *c) {
    return !c->collection && (c->type == TYPE_decimal || c->type == TYPE_integer ||
                              c->type == TYPE_positiveInt || c->type == TYPE_unsignedInt);
}

static void value_text(const view_value *v, buf *out) {
    if (v->text.p) {
        buf_add(out, v->text);
    } else if (v->value.n) {
        buf_add(out, v->value);
        if (v->code.n) buf_printf(out, " %.*s", STR_ARGS(v->code));
    } else if (v->start.n || v->end.n) {
        buf_printf(out, "%.*s/%.*s", STR_ARGS(v->start), STR_ARGS(v->end));
    } else {
        buf_printf(out, "%.*s|%.*s", STR_ARGS(v->system), STR_ARGS(v->code));
    }
}

typedef struct csv_rows {
    const export_job *job;
    arena *arena;
    const subject *subject;
    const view_rows_column *columns;
    isize column_count;
    str *lines;
    isize n, cap;
} csv_rows;

static void take_row(void *self, uint32_t node) {
    csv_rows *r = self;
    buf line = buf_new(r->arena, EXPORT_TEXT_BYTES, "a line of CSV");
    csv_field(&line, r->subject->name, false);
    for (isize i = 0; i < r->column_count; i++) {
        view_value *values;
        buf cell = buf_new(r->arena, EXPORT_TEXT_BYTES, "a cell of CSV");
        isize n = view_rows_values(r->job, r->arena, r->subject, node, &r->columns[i], &values);
        for (isize k = 0; k < n; k++) {
            if (k) buf_byte(&cell, ';');
            value_text(&values[k], &cell);
        }
        buf_byte(&line, ',');
        csv_field(&line, buf_str(&cell), is_number(&r->columns[i]));
    }
    csv_line_end(&line);
    if (r->n == r->cap) {
        isize cap = r->cap ? r->cap * 2 : 16;
        r->lines =
            arena_grow(r->arena, r->lines, r->n, cap, (isize)sizeof(str), (isize) _Alignof(str));
        r->cap = cap;
    }
    r->lines[r->n++] = buf_str(&line);
}

void csv_subject(const export_job *job, const subject *s, parts *to) {
    for (isize i = 0; i < view_rows_views(job); i++) {
        const view *v = view_rows_view(job, i);
        view_rows_column *columns;
        csv_rows rows = {.job = job, .arena = to->arena, .subject = s};
        rows.column_count = view_rows_columns(job, to->arena, v, &columns);
        rows.columns = columns;
        view_rows_each(s, v, take_row, &rows);
        sort_texts(to->arena, rows.lines, rows.n);
        buf text = buf_new(to->arena, EXPORT_TEXT_BYTES, "a subject's rows of CSV");
        for (isize k = 0; k < rows.n; k++) buf_add(&text, rows.lines[k]);
        if (rows.n) parts_add(to, csv_file(to->arena, v), rows.n, buf_str(&text));
    }
}

void csv_frame(const export_job *job, arena *arena, const view *v, export_frame *out) {
    view_rows_column *columns;
    isize n = view_rows_columns(job, arena, v, &columns);
    buf head = buf_new(arena, EXPORT_TEXT_BYTES, "a heading of CSV");
    buf_add(&head, S("subject"));
    for (isize i = 0; i < n; i++) {
        buf_byte(&head, ',');
        csv_field(&head, columns[i].name, false);
    }
    csv_line_end(&head);
    out->head = buf_str(&head);
}
