/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h: rows of a view written to a stream as CSV (RFC 4180), NDJSON, one JSON array or an
 * aligned table. Rows of one resource are held back until the resource is through, so that a row
 * never stands there of a resource that failed. The table is held to the end, for its widths. */
#ifndef FHIRTRIAL_TOOLS_ROWS_H
#define FHIRTRIAL_TOOLS_ROWS_H

#include "view/view.h"

#include <stdio.h>

typedef enum rows_format { ROWS_CSV, ROWS_NDJSON, ROWS_JSON, ROWS_TABLE } rows_format;

typedef struct rows {
    FILE *to;
    rows_format format;
    const view *view;
    const view_column *columns;
    isize column_count;
    arena *arena; /* of the table: lives until rows_end */
    str *cells;   /* of the table, row by row */
    isize n, cap; /* rows in the table */
    long written; /* rows */
} rows;

/* Writes what stands before the first row. */
void rows_begin(rows *r, FILE *to, rows_format format, const view *v, arena *arena);
/* Adds one row's text to `out` (one resource's rows, in the run's arena). */
void rows_format_row(const rows *r, path_run *run, const view_row *row, buf *out);
/* Writes the collected rows of one resource. */
void rows_write(rows *r, str text, isize count);
/* Keeps one row of a table. */
void rows_keep(rows *r, path_run *run, const view_row *row);
/* Writes what stands after the last row; false when the stream failed. */
bool rows_end(rows *r);

#endif
