/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h: where the rows of one view go: a file or standard output. Rows are collected and written
 * in large pieces; a table is held to the end, for its widths. Every write is checked: a full disk
 * is an error, not a shorter file. Whoever reads a pipe may go away: that is an error without a
 * message. */
#ifndef FHIRTRIAL_TOOLS_SINK_H
#define FHIRTRIAL_TOOLS_SINK_H

#include "tools/rows.h"

typedef struct sink {
    const view *view;
    rows_format format;
    const char *path; /* NULL: standard output */
    bool titled;      /* the view's name stands above its table */
    int fd;
    bytes waiting; /* to be written; of a table, the rows so far */
    long rows;
    bool failed;
} sink;

/* Opens the file, empty, and puts the head into it. False: it was told on standard error. */
bool sink_open(sink *s);
/* Takes rows as rows_add made them; false after a failure. */
bool sink_put(sink *s, str text, long rows);
/* Writes what is waiting, unless it waits for the table. */
bool sink_flush(sink *s);
/* Writes the rest and closes; false after a failure. */
bool sink_close(sink *s);

#endif
