/* SPDX-License-Identifier: Apache-2.0 */
/* A date or time that is read is written back as it stood (but for -00:00), lies within its own
 * boundaries, and a day more and a day less is where it was. */
#include "base/when.h"
#include "fuzz.h"

#include <string.h>

static void arithmetic(when w) {
    when next, back;
    int order = 1;
    if (w.kind != WHEN_TIME && when_add(w, decimal_int(1), WHEN_U_DAY, &next)) {
        FUZZ_MUST(when_add(next, decimal_int(-1), WHEN_U_DAY, &back));
        FUZZ_MUST(when_equal(back, w) == TRI_TRUE);
    }
    FUZZ_MUST(when_compare(w, w, &order) == TRI_TRUE && order == 0);
    when low, high;
    int digits = w.kind == WHEN_TIME ? 9 : w.kind == WHEN_DATE ? 8 : 17;
    FUZZ_MUST(when_low(w, digits, &low) && when_high(w, digits, &high));
    if (when_compare(low, high, &order) == TRI_TRUE) FUZZ_MUST(order <= 0);
}

void fuzz_when(const uint8_t *data, size_t size) {
    str text = {(const char *)data, (isize)size};
    when w;
    char again[WHEN_TEXT];
    if (!when_parse_date(text, &w) && !when_parse_datetime(text, &w) &&
        !when_parse_time(text, &w)) {
        return;
    }
    isize n = when_format(w, again);
    FUZZ_MUST(str_eq((str){again, n}, text) || str_ends(text, S("-00:00")));
    arithmetic(w);
}
