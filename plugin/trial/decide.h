/* SPDX-License-Identifier: Apache-2.0 */
/* decide.h: what deciding one study over one record shares between verdict.c and criteria.c. Lives
 * for one call of verdict_decide. */
#ifndef FHIRTRIAL_TRIAL_DECIDE_H
#define FHIRTRIAL_TRIAL_DECIDE_H

#include "trial/set.h"

typedef struct decider {
    const mappings *set;
    const study *study;
    path_run run;
    view_mask stale;          /* views with rows made by another mapping */
    view_mask broken;         /* views that could not be made for some resource, or at all */
    view_mask errors, limits; /* defines that ended so */
    bool any_stale;
} decider;

/* Sets up the run and looks through the record for stale and broken views. */
void decider_init(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                  decider *d);
/* Whether an expression may be trusted that leans on these defines: else why not. */
reason decider_trust(const decider *d, const view_mask *defines);
/* A source of the record as evidence names it: with its version where it has one. */
str decider_reference(const decider *d, str source);
/* The row of the record that an item is or lies in, TAPE_NONE for what was computed. */
uint32_t decider_row(const decider *d, item it);
/* The references of the rows that items lie in, each once. */
const str *decider_evidence(decider *d, const collection *rows, isize *n);
void criterion_decide(decider *d, const criterion *c, finding *out);
/* What people decided on the criterion (assertion.c). */
void assertion_apply(decider *d, const criterion *c, finding *f);

#endif
