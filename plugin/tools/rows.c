/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as text. */
#include "tools/rows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *ending, *other;
} formats[] = {{"csv", ".csv", ".csv"},
               {"ndjson", ".ndjson", ".jsonl"},
               {"json", ".json", ".json"},
               {"table", ".txt", ".txt"}};

bool rows_format_named(const char *name, rows_format *out) {
    for (int i = 0; i < (int)COUNT_OF(formats); i++)
        if (strcmp(name, formats[i].name) == 0) {
            *out = (rows_format)i;
            return true;
        }
    return false;
}

bool rows_format_of_file(const char *path, rows_format *out) {
    const char *dot = strrchr(path, '.');
    for (int i = 0; dot && i < (int)COUNT_OF(formats); i++)
        if (strcasecmp(dot, formats[i].ending) == 0 || strcasecmp(dot, formats[i].other) == 0) {
            *out = (rows_format)i;
            return true;
        }
    return false;
}

const char *rows_ending(rows_format format) { return formats[format].ending; }

/* --- cells --- */
static void cell_json(path_run *run, bool many, const collection *cell, buf *out) {
    if (many) buf_byte(out, '[');
    for (isize i = 0; i < cell->n; i++) {
        if (i) buf_byte(out, ',');
        item_json(run, cell->items[i], false, out);
    }
    if (many) buf_byte(out, ']');
}

/* A cell as plain text: a primitive as FHIR writes it, anything else as JSON; null is empty. */
static str cell_text(path_run *run, bool many, const collection *cell) {
    str text;
    if (cell->n == 0) return (str){0};
    if (!many && item_text(run, cell->items[0], &text)) return text;
    buf json = buf_new(run->arena, LIMIT_MESSAGE_BYTES, "a cell");
    cell_json(run, many, cell, &json);
    return buf_str(&json);
}

/* --- rows --- */
static bool csv_plain(str text) {
    for (isize i = 0; i < text.n; i++)
        if (text.p[i] == ',' || text.p[i] == '"' || text.p[i] == '\r' || text.p[i] == '\n')
            return false;
    return true;
}

/* RFC 4180: quoted where a comma, quote, CR or LF is in it; quotes doubled. */
static void csv_field(str text, buf *out) {
    if (csv_plain(text)) {
        buf_add(out, text);
        return;
    }
    buf_byte(out, '"');
    for (isize i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_byte(out, '"');
        buf_byte(out, text.p[i]);
    }
    buf_byte(out, '"');
}

static void csv_row(const view_column *columns, path_run *run, const view_row *row, buf *out) {
    for (isize i = 0; i < row->n; i++) {
        if (i) buf_byte(out, ',');
        csv_field(cell_text(run, columns[i].collection, &row->cells[i]), out);
    }
    buf_add(out, S("\r\n"));
}

static void json_row(const view_column *columns, path_run *run, const view_row *row, buf *out) {
    buf_byte(out, '{');
    for (isize i = 0; i < row->n; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, columns[i].name);
        buf_byte(out, ':');
        if (row->cells[i].n == 0 && !columns[i].collection)
            buf_add(out, S("null"));
        else
            cell_json(run, columns[i].collection, &row->cells[i], out);
    }
    buf_byte(out, '}');
}

enum { WIDEST = 48 };

/* The first `most` code points, which is what a terminal shows for most of the texts here. */
static str first_points(str text, isize most) {
    isize i = 0, n = 0;
    for (; i < text.n; i++) {
        if ((text.p[i] & 0xc0) == 0x80) continue;
        if (n++ == most) break;
    }
    return str_slice(text, 0, i);
}

static void table_row(const view_column *columns, path_run *run, const view_row *row, buf *out) {
    for (isize i = 0; i < row->n; i++) {
        str shown = first_points(cell_text(run, columns[i].collection, &row->cells[i]), WIDEST);
        for (isize k = 0; k < shown.n; k++) /* a control character would move the cursor */
            buf_byte(out,
                     (unsigned char)shown.p[k] < 0x20 || shown.p[k] == 0x7f ? ' ' : shown.p[k]);
        buf_byte(out, ROWS_CELL_END);
    }
}

void rows_add(rows_format format, const view *v, path_run *run, const view_row *row, buf *out) {
    isize n;
    const view_column *columns = view_columns(v, &n);
    switch (format) {
    case ROWS_CSV: csv_row(columns, run, row, out); break;
    case ROWS_NDJSON:
        json_row(columns, run, row, out);
        buf_byte(out, '\n');
        break;
    case ROWS_JSON:
        buf_add(out, S(",\n"));
        json_row(columns, run, row, out);
        break;
    case ROWS_TABLE: table_row(columns, run, row, out); break;
    }
}

/* --- around the rows --- */
void rows_head(rows_format format, const view *v, bytes *out) {
    isize n;
    const view_column *columns = view_columns(v, &n);
    if (format == ROWS_JSON) bytes_add(out, S("["));
    for (isize i = 0; format == ROWS_CSV && i < n; i++) {
        if (i) bytes_add(out, S(","));
        bytes_add(out, columns[i].name);
    }
    if (format == ROWS_CSV) bytes_add(out, S("\r\n"));
}

static isize width(str text) {
    isize n = 0;
    for (isize i = 0; i < text.n; i++) n += (text.p[i] & 0xc0) != 0x80;
    return n;
}

/* The next cell of the kept rows. */
static str next_cell(str *kept) {
    isize end = str_find_byte(*kept, ROWS_CELL_END, 0);
    str cell = str_slice(*kept, 0, end);
    *kept = str_slice(*kept, end + 1, kept->n);
    return cell;
}

static void table_cell(str text, isize wide, bool last, bytes *out) {
    bytes_add(out, text);
    for (isize i = width(text); !last && i < wide + 2; i++) bytes_add(out, S(" "));
    if (last) bytes_add(out, S("\n"));
}

static void table(const view *v, str kept, bytes *out) {
    isize n, c = 0;
    const view_column *columns = view_columns(v, &n);
    isize *wide = tool_memory(n, (isize)sizeof *wide);
    for (isize i = 0; i < n; i++) wide[i] = width(columns[i].name);
    for (str rest = kept; rest.n; c = (c + 1) % n) {
        isize w = width(next_cell(&rest));
        if (w > wide[c]) wide[c] = w;
    }
    for (isize i = 0; i < n; i++) table_cell(columns[i].name, wide[i], i + 1 == n, out);
    for (str rest = kept; rest.n; c = (c + 1) % n)
        table_cell(next_cell(&rest), wide[c], c + 1 == n, out);
    free(wide);
}

void rows_tail(rows_format format, const view *v, bool any, str kept, bytes *out) {
    if (format == ROWS_TABLE) table(v, kept, out);
    if (format == ROWS_JSON) bytes_add(out, any ? S("\n]\n") : S("]\n"));
}
