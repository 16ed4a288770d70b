/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h: rows of a view as text. CSV is RFC 4180 with CRLF; NDJSON one object a line; JSON one
 * array; a table aligned columns for people, cut at 48 characters a cell. Numbers keep their
 * digits, a collection and a complex value are JSON, null is nothing in CSV and a table. */
#ifndef FHIRTRIAL_TOOLS_ROWS_H
#define FHIRTRIAL_TOOLS_ROWS_H

#include "tools/bytes.h"
#include "view/view.h"

typedef enum rows_format { ROWS_CSV, ROWS_NDJSON, ROWS_JSON, ROWS_TABLE } rows_format;

enum { ROWS_CELL_END = 0x1f /* behind each cell of a row that waits for its table */ };

/* The format by its name on the command line, or by the ending of a file's name; false when there
 * is none. */
bool rows_format_named(const char *name, rows_format *out);
bool rows_format_of_file(const char *path, rows_format *out);
/* The ending of files of this format, with its dot. */
const char *rows_ending(rows_format format);

/* What stands before the first row. */
void rows_head(rows_format format, const view *v, bytes *out);
/* Adds one row. In JSON each row begins with ",\n": whoever writes the first one leaves out the
 * comma. A row of a table is its cells, as they will be shown, each ended by ROWS_CELL_END. */
void rows_add(rows_format format, const view *v, path_run *run, const view_row *row, buf *out);
/* What stands after the last row; for a table, the table of the `kept` rows. */
void rows_tail(rows_format format, const view *v, bool any, str kept, bytes *out);

#endif
