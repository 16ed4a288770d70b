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

static void write_row(const leaving_rows *r, uint32_t node, buf *line) {
    csv_field(line, r->subject->name, false);
    for (isize i = 0; i < r->column_count; i++) {
        view_value *values;
        buf cell = buf_new(r->arena, EXPORT_TEXT_BYTES, "a cell of CSV");
        isize n = view_rows_values(r->job, r->arena, r->subject, node, &r->columns[i], &values);
        for (isize k = 0; k < n; k++) {
            if (k) buf_byte(&cell, ';');
            value_text(&values[k], &cell);
        }
        buf_byte(line, ',');
        csv_field(line, buf_str(&cell), is_number(&r->columns[i]));
    }
    csv_line_end(line);
}

void csv_subject(const export_job *job, const subject *s, parts *to) {
    view_rows_subject(job, s, csv_file, write_row, to);
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
