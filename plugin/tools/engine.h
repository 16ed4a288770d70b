/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h: from a block of messages to rows. Each message is read once, keeping only what some
 * view can reach, and each of its resources goes to the views of its type. An engine is one
 * worker's memory: one thread at a time; the job is read only and shared. Nothing is printed here:
 * findings are notes, whose lines count from the block's first, because a worker does not know how
 * many lines came before. */
#ifndef FHIRTRIAL_TOOLS_ENGINE_H
#define FHIRTRIAL_TOOLS_ENGINE_H

#include "fhir/literals.h"
#include "tools/blocks.h"
#include "tools/rows.h"

/* What is to be done: made once, then read only. */
typedef struct engine_job {
    const view *const *views;
    const rows_format *formats; /* of each view */
    isize view_count;
    const projection *keep;  /* NULL: everything */
    const literals *trusted; /* lines with none of these are not looked at; NULL: all lines are */
    const path_terminology *terminology;
    when now;
} engine_job;

typedef struct note {
    isize line;    /* from 0: lines of the block before it */
    isize from, n; /* ":column: level: text" in the results' texts */
} note;

/* What came of one block. */
typedef struct results {
    bytes *rows; /* of each view */
    long *row_counts;
    bytes notes; /* array of note */
    bytes texts;
    long lines, messages, resources, passed_over;
    long unseen; /* lines that were not looked at */
} results;

/* What of a message these views can reach; NULL where that is everything. */
const projection *engine_projection(arena *arena, const view *const *views, isize n);

typedef struct engine engine;

engine *engine_new(const engine_job *job);
void engine_free(engine *e);
void results_init(results *r, isize views);
void results_free(results *r, isize views);
/* Replaces what is in `out` by what comes of the block. */
void engine_run(engine *e, const block *b, results *out);

#endif
