/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.c: a dataset's rows for one subject, or of the study: texts as they leave, in the order of
 * the dataset's keys, numbered where a column asks for it. */
#include "export/writer.h"

typedef struct filling {
    const export_job *job;
    arena *arena;
    str owner;
    sheet *sheet;
} filling;

static str text_of(const filling *f, path_run *run, const dataset_column *c, const view_row *row) {
    str text = {0};
    if (c->cell < 0 || row->cells[c->cell].n == 0) return text;
    if (!item_text(run, row->cells[c->cell].items[0], &text)) return (str){0};
    return leave_text(f->job, f->arena, c->leaving, f->owner, arena_str(f->arena, text));
}

static void take_row(void *self, path_run *run, const view_row *row) {
    filling *f = self;
    sheet *s = f->sheet;
    if (s->n == s->cap) {
        isize cap = s->cap ? s->cap * 2 : 16;
        s->rows =
            arena_grow(f->arena, s->rows, s->n, cap, (isize)sizeof(str *), (isize) _Alignof(str *));
        s->cap = cap;
    }
    str *cells = arena_new(f->arena, str, s->dataset->column_count);
    for (isize i = 0; i < s->dataset->column_count; i++)
        cells[i] = text_of(f, run, &s->dataset->columns[i], row);
    s->rows[s->n++] = cells;
}

/* --- order --- */
enum { KEYS_MOST = 16 };
typedef struct order {
    isize keys[KEYS_MOST]; /* columns, the first key first */
    isize n, columns;
} order;

static order order_of(const dataset *d) {
    order o = {.columns = d->column_count};
    for (int key = 1; key <= 99 && o.n < KEYS_MOST; key++)
        for (isize i = 0; i < d->column_count && o.n < KEYS_MOST; i++)
            if (d->columns[i].key == key) o.keys[o.n++] = i;
    return o;
}

/* By the keys, then by all cells: no order of the feed's own ids is left. */
static int compare(const order *o, str *a, str *b) {
    for (isize i = 0; i < o->n; i++) {
        int difference = str_compare(a[o->keys[i]], b[o->keys[i]]);
        if (difference) return difference;
    }
    for (isize i = 0; i < o->columns; i++) {
        int difference = str_compare(a[i], b[i]);
        if (difference) return difference;
    }
    return 0;
}

typedef int (*comparing)(const void *how, const void *a, const void *b);

static int compare_rows(const void *how, const void *a, const void *b) {
    return compare(how, *(str *const *)a, *(str *const *)b);
}

static int compare_texts(const void *how, const void *a, const void *b) {
    (void)how;
    return str_compare(*(const str *)a, *(const str *)b);
}

static void copy(char *to, const char *from, isize size) {
    for (isize i = 0; i < size; i++) to[i] = from[i];
}

/* Merge sort of n elements of `size` bytes. */
static void sort(arena *arena, void *list, isize n, isize size, comparing less, const void *how) {
    char *from = list, *to = arena_alloc(arena, n, size, (isize) _Alignof(max_align_t));
    for (isize width = 1; width < n; width *= 2) {
        for (isize start = 0; start < n; start += 2 * width) {
            isize a = start, mid = start + width < n ? start + width : n, b = mid,
                  end = mid + width < n ? mid + width : n;
            for (isize k = start; k < end; k++) {
                bool left =
                    a < mid && (b >= end || less(how, from + a * size, from + b * size) <= 0);
                copy(to + k * size, from + (left ? a++ : b++) * size, size);
            }
        }
        char *swap = from;
        from = to;
        to = swap;
    }
    if (from != list) copy(list, from, n * size);
}

void sort_texts(arena *arena, str *texts, isize n) {
    sort(arena, texts, n, (isize)sizeof(str), compare_texts, NULL);
}

static void number(arena *arena, sheet *s) {
    for (isize c = 0; c < s->dataset->column_count; c++)
        for (isize i = 0; i < s->n && s->dataset->columns[c].sequence; i++)
            s->rows[i][c] = arena_printf(arena, "%td", i + 1);
}

void sheet_fill(const export_job *job, arena *arena, const dataset *d, str owner,
                const tape *document, sheet *out) {
    str column = {0};
    *out = (sheet){.dataset = d};
    filling f = {job, arena, owner, out};
    view_status status = dataset_rows(job->mappings, d, job->study, arena, document, job->now,
                                      take_row, &f, &column);
    if (status != VIEW_OK)
        fault_raise(arena->landing, status == VIEW_LIMIT ? FAULT_LIMIT : FAULT_CONFIG, -1,
                    "dataset %.*s%s%.*s failed on a subject: correct its view in core/exports",
                    STR_ARGS(d->name), column.n ? ", column " : "", STR_ARGS(column));
    order o = order_of(d);
    sort(arena, out->rows, out->n, (isize)sizeof(str *), compare_rows, &o);
    number(arena, out);
}

void sheet_of_study(const export_job *job, arena *arena, const dataset *d, sheet *out) {
    export_facts facts = {.evaluated = job->created};
    tape document;
    export_document(job->mappings, job->study, arena, NULL, &facts, &document);
    sheet_fill(job, arena, d, (str){0}, &document, out);
}
