/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as text. */
#include "tools/rows.h"

/* A cell as plain text: a primitive as FHIR writes it, anything else as JSON; null is empty. */
static void cell_text(const rows *r, path_run *run, isize column, const collection *cell,
                      buf *out) {
    str text;
    if (cell->n == 0) return;
    if (!r->columns[column].collection && item_text(run, cell->items[0], &text)) {
        buf_add(out, text);
        return;
    }
    if (r->columns[column].collection) buf_byte(out, '[');
    for (isize i = 0; i < cell->n; i++) {
        if (i) buf_byte(out, ',');
        item_json(run, cell->items[i], false, out);
    }
    if (r->columns[column].collection) buf_byte(out, ']');
}

static void cell_json(const rows *r, path_run *run, isize column, const collection *cell,
                      buf *out) {
    bool many = r->columns[column].collection;
    if (many) buf_byte(out, '[');
    for (isize i = 0; i < cell->n; i++) {
        if (i) buf_byte(out, ',');
        item_json(run, cell->items[i], false, out);
    }
    if (many) buf_byte(out, ']');
    if (!many && cell->n == 0) buf_add(out, S("null"));
}

/* RFC 4180: quoted where a comma, quote, CR or LF is in it; quotes doubled. */
static void csv_field(str text, buf *out) {
    bool plain = true;
    for (isize i = 0; i < text.n && plain; i++)
        plain = text.p[i] != ',' && text.p[i] != '"' && text.p[i] != '\r' && text.p[i] != '\n';
    if (plain) {
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

static void csv_row(const rows *r, path_run *run, const view_row *row, buf *out) {
    for (isize i = 0; i < row->n; i++) {
        buf text = buf_new(run->arena, LIMIT_STRING_BYTES, "a cell");
        cell_text(r, run, i, &row->cells[i], &text);
        if (i) buf_byte(out, ',');
        csv_field(buf_str(&text), out);
    }
    buf_add(out, S("\r\n"));
}

static void json_row(const rows *r, path_run *run, const view_row *row, buf *out) {
    buf_byte(out, '{');
    for (isize i = 0; i < row->n; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, r->columns[i].name);
        buf_byte(out, ':');
        cell_json(r, run, i, &row->cells[i], out);
    }
    buf_byte(out, '}');
}

void rows_format_row(const rows *r, path_run *run, const view_row *row, buf *out) {
    if (r->format == ROWS_CSV)
        csv_row(r, run, row, out);
    else if (r->format == ROWS_NDJSON) {
        json_row(r, run, row, out);
        buf_byte(out, '\n');
    } else if (r->format == ROWS_JSON) {
        buf_add(out, r->written == 0 && out->n == 0 ? S("\n") : S(",\n"));
        json_row(r, run, row, out);
    }
}

void rows_write(rows *r, str text, isize count) {
    fwrite(text.p, 1, (size_t)text.n, r->to);
    r->written += (long)count;
}

void rows_keep(rows *r, path_run *run, const view_row *row) {
    if (r->n == r->cap) {
        isize cap = r->cap ? r->cap * 2 : 64;
        r->cells = arena_grow(r->arena, r->cells, r->n * r->column_count, cap * r->column_count,
                              (isize)sizeof(str), (isize) _Alignof(str));
        r->cap = cap;
    }
    for (isize i = 0; i < row->n; i++) {
        buf text = buf_new(run->arena, LIMIT_STRING_BYTES, "a cell");
        cell_text(r, run, i, &row->cells[i], &text);
        r->cells[r->n * r->column_count + i] = arena_str(r->arena, buf_str(&text));
    }
    r->n++;
    r->written++;
}

void rows_begin(rows *r, FILE *to, rows_format format, const view *v, arena *arena) {
    *r = (rows){.to = to, .format = format, .view = v, .arena = arena};
    r->columns = view_columns(v, &r->column_count);
    if (format == ROWS_JSON) fputc('[', to);
    for (isize i = 0; format == ROWS_CSV && i < r->column_count; i++)
        fprintf(to, "%s%.*s", i ? "," : "", STR_ARGS(r->columns[i].name));
    if (format == ROWS_CSV) fputs("\r\n", to);
}

/* --- tables --- */
enum { WIDEST = 48 };

/* Code points, which is what a terminal shows for most of the texts here. */
static isize width(str text) {
    isize n = 0;
    for (isize i = 0; i < text.n; i++) n += (text.p[i] & 0xc0) != 0x80;
    return n;
}

/* The first `most` code points. */
static str cut(str text, isize most) {
    isize i = 0, n = 0;
    for (; i < text.n; i++) {
        if ((text.p[i] & 0xc0) == 0x80) continue;
        if (n++ == most) break;
    }
    return str_slice(text, 0, i);
}

/* A control character would move the terminal's cursor. */
static void put_cell(const rows *r, str text, isize wide, bool last) {
    str shown = cut(text, wide);
    for (isize i = 0; i < shown.n; i++)
        fputc((unsigned char)shown.p[i] < 0x20 || shown.p[i] == 0x7f ? ' ' : shown.p[i], r->to);
    for (isize i = width(shown); !last && i < wide + 2; i++) fputc(' ', r->to);
}

static void put_table(const rows *r) {
    isize *wide = arena_new(r->arena, isize, r->column_count);
    for (isize c = 0; c < r->column_count; c++) {
        wide[c] = width(r->columns[c].name);
        for (isize i = 0; i < r->n; i++) {
            isize w = width(r->cells[i * r->column_count + c]);
            if (w > WIDEST) w = WIDEST;
            if (w > wide[c]) wide[c] = w;
        }
    }
    for (isize i = -1; i < r->n; i++) {
        for (isize c = 0; c < r->column_count; c++) {
            str text = i < 0 ? r->columns[c].name : r->cells[i * r->column_count + c];
            put_cell(r, text, wide[c], c + 1 == r->column_count);
        }
        fputc('\n', r->to);
    }
}

bool rows_end(rows *r) {
    if (r->format == ROWS_TABLE) put_table(r);
    if (r->format == ROWS_JSON) fputs(r->written ? "\n]\n" : "]\n", r->to);
    return fflush(r->to) == 0 && !ferror(r->to);
}
