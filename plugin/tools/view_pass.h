/* SPDX-License-Identifier: Apache-2.0 */
/* view_pass.h: one pass of views over inputs: blocks to workers, rows to sinks, findings to
 * standard error in the order of the input, a count at the end. */
#ifndef FHIRTRIAL_TOOLS_VIEW_PASS_H
#define FHIRTRIAL_TOOLS_VIEW_PASS_H

#include "tools/engine.h"
#include "tools/sink.h"

typedef struct view_pass {
    const engine_job *job;
    const inputs *inputs;
    sink *sinks; /* one each view of the job, open */
    int threads;
    bool unordered;
    bool progress; /* a line on standard error while it runs */
    /* results */
    long messages, resources;
    long passed_over; /* messages that could not be used, wholly or for one view */
    long unseen;      /* lines that were not looked at, where the job trusts them */
    long unread;      /* inputs that could not be read to their end */
    bool failed;      /* a sink */
} view_pass;

void view_pass_run(view_pass *p);

#endif
