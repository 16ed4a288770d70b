/* SPDX-License-Identifier: Apache-2.0 */
/* conduct.h: what visits.c and endpoints.c share while one study's conduct is evaluated over one
 * record. Lives for one call of conduct_evaluate. */
#ifndef FHIRTRIAL_TRIAL_CONDUCT_H
#define FHIRTRIAL_TRIAL_CONDUCT_H

#include "trial/decide.h"

typedef struct conductor {
    decider d;
    path_run run;       /* with the names of endpoints behind those of the study */
    collection *values; /* its constants: ENDPOINT_… count from study->name_count */
    isize arm;          /* of the study, -1: not known */
    reason arm_reason;
    visit_window *visits;
    row_mark *marks;
    isize mark_count, mark_cap;
} conductor;

/* The day of an anchor for this subject. */
typedef struct anchor_day {
    when day; /* of day precision, where the reason is REASON_NONE */
    reason reason;
    const char *detail; /* or NULL */
} anchor_day;

/* Why an expression that leans on these views and defines cannot be trusted; REASON_NONE: it can.
 */
reason conductor_trust(const conductor *c, const expression_facts *facts);
/* Finds the arm: exactly one that was assigned. */
void conductor_arm(conductor *c);
/* The anchor `id` of the subject's arm. */
anchor_day conductor_anchor(conductor *c, str id);
/* Windows of all visits (visits.c). */
void conductor_visits(conductor *c);
/* Remembers what the protocol makes of the row that an item lies in (endpoints.c). */
void conductor_mark(conductor *c, mark_kind kind, item it, isize at);

#endif
