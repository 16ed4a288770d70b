/* SPDX-License-Identifier: Apache-2.0 */
/* conduct_kit: a study whose subject's arm, anchors and visits come from the Observations of the
 * trial kit: tag `A` or `B` assigns an arm, `start` is the anchor of both, tags of a test's own are
 * measured. For tests of visits.c and endpoints.c. */
#ifndef FHIRTRIAL_TESTS_CONDUCT_KIT_H
#define FHIRTRIAL_TESTS_CONDUCT_KIT_H

#include "trial_kit.h"

/* One Observation; no date: without; score NULL: without. */
typedef struct seen {
    const char *tag, *date, *score;
} seen;
enum { SEEN_MOST = 12 };

typedef struct conduct_case {
    const char *offset;         /* of visit V1: "`value`:3,`unit`:`months`"; NULL: 7 days */
    const char *before, *after; /* its tolerance as Quantity; NULL: 0 days; "": the site's to set */
    const char *visits;         /* further visits, each after a comma; NULL: none */
    const char *anchors;        /* instead of the one anchor `start` */
    const char *endpoints;      /* NULL: none */
    const char *now;            /* NULL: 2030-01-01T12:00:00Z */
    seen rows[SEEN_MOST];       /* ended by one without a tag */
} conduct_case;

/* Loads the study and evaluates it over the rows; a mapping error fails the test. */
conduct conduct_of(kit *k, const conduct_case *c);
/* The window of the visit: "FROM DUE TO", or "unknown REASON". */
const char *conduct_window(kit *k, const conduct *c, const char *visit);
/* Result, reason, and baseline, value and change where there are any: "met 7/3/4". */
const char *conduct_result(kit *k, const conduct *c, const char *endpoint, const char *visit);

#endif
