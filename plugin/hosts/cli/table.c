/* SPDX-License-Identifier: Apache-2.0 */
/* table.c: a plain text table. */
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_init(table *t, int columns) { *t = (table){.columns = columns}; }

/* A copy without bytes that a terminal would obey. */
static char *printable(const char *text) {
    char *copy = strdup(text ? text : "");
    if (!copy) abort();
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' ';
    return copy;
}

void table_add(table *t, const char *text) {
    if (t->rows == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 256;
        t->cells = realloc(t->cells, (size_t)t->cap * sizeof *t->cells);
        if (!t->cells) abort();
    }
    t->cells[t->rows++] = printable(text);
}

static int width(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int column_width(const table *t, int column) {
    int most = 0;
    for (long i = t->columns + column; i < t->rows; i += t->columns)
        if (width(t->cells[i]) > most) most = width(t->cells[i]);
    int heading = width(t->cells[column]);
    return most == 0 ? 0 : most > heading ? most : heading;
}

static void print_row(const table *t, long row, const int *widths) {
    for (int c = 0; c < t->columns; c++) {
        if (widths[c] == 0) continue;
        const char *text = t->cells[row * t->columns + c];
        printf("  %s%*s", text, widths[c] - width(text), "");
    }
    putchar('\n');
}

void table_print(const table *t) {
    int widths[TABLE_COLUMNS];
    for (int c = 0; c < t->columns; c++) widths[c] = column_width(t, c);
    print_row(t, 0, widths);
    for (int c = 0; c < t->columns; c++) {
        if (widths[c] == 0) continue;
        fputs("  ", stdout);
        for (int i = 0; i < widths[c]; i++) putchar('-');
    }
    putchar('\n');
    for (long row = 1; row < t->rows / t->columns; row++) print_row(t, row, widths);
}

void table_free(table *t) {
    for (long i = 0; i < t->rows; i++) free(t->cells[i]);
    free(t->cells);
}
