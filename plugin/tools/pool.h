/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h: several threads over a stream of pieces. One thread at a time takes the next piece from
 * the stream, all work on theirs at once, and the results are given on in the order of the stream.
 * There are only as many pieces as the caller lent, so whoever is ahead waits: memory is bounded.
 * With one thread none is started. The callbacks of one worker number run on one thread. */
#ifndef FHIRTRIAL_TOOLS_POOL_H
#define FHIRTRIAL_TOOLS_POOL_H

#include <stdbool.h>

enum { POOL_MOST = 64 };

typedef struct pool_work {
    void *self;
    /* Fills the piece; false at the end of the stream. One caller at a time. */
    bool (*take)(void *self, void *piece);
    /* Works on it; as many callers as there are workers. */
    void (*work)(void *self, int worker, void *piece);
    /* NULL, or what of the result may go out in any order; one caller at a time, never together
     * with `give`. */
    void (*early)(void *self, void *piece);
    /* Hands the result on, in the order of the stream; false ends everything. One caller at a time.
     */
    bool (*give)(void *self, void *piece);
} pool_work;

/* Runs to the end of the stream, or until `give` ends it, with 1 to POOL_MOST threads, this one
 * included; fewer when the system has no more. `pieces` are `count` objects, at least one. */
void pool_run(const pool_work *work, int threads, void *const *pieces, int count);

#endif
