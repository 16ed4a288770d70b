/* SPDX-License-Identifier: Apache-2.0 */
/* The site's time zone as a table of offsets that the shell made (contracts.md, Time). */
#include "trial/trial.h"

int zone_minutes(const zone_table *zone, int64_t unix_seconds) {
    if (!zone || zone->n == 0) return 0;
    isize low = 0, high = zone->n; /* rules[low-1].from <= t < rules[high].from */
    while (low < high) {
        isize middle = low + (high - low) / 2;
        if (zone->rules[middle].from <= unix_seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return zone->rules[low > 0 ? low - 1 : 0].minutes;
}
