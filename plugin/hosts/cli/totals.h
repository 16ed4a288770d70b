/* SPDX-License-Identifier: Apache-2.0 */
/* totals.h: results of endpoints counted by endpoint, visit and arm. A rate has the subjects of
 * which it is known in its denominator, met and not met; unknown, not applicable and measured stand
 * beside it. */
#ifndef FHIRTRIAL_HOSTS_CLI_TOTALS_H
#define FHIRTRIAL_HOSTS_CLI_TOTALS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

typedef struct total {
    const char *endpoint, *visit; /* ids; visit "": asked once; borrowed of the plan */
    const char *arm;              /* id; "" those without a known arm; NULL: all */
    bool count;                   /* values are numbers of events */
    bool incomplete;              /* the source leaves out how it is measured */
    long met, not_met, unknown, not_applicable, measured;
    long long events; /* sum of the values where the result is known */
    cJSON *reasons;   /* of the unknown: reason -> count */
} total;

typedef struct totals {
    total *list;
    int n;
} totals;

/* A row for each endpoint, visit and arm of the plan's `conduct`, which must outlive it; false: no
 * memory. */
bool totals_init(totals *t, const cJSON *conduct);
/* Counts one subject's `conduct`. */
void totals_add(totals *t, const cJSON *conduct);
/* As a table, and as a JSON array; rows that nobody is in are left out, of the table also those of
 * endpoints that the source leaves incomplete. */
void totals_print(const totals *t);
void totals_print_json(const totals *t);
void totals_free(totals *t);

#endif
