/* SPDX-License-Identifier: Apache-2.0 */
/* Retry-After: any bytes give a pause within its bounds, or none. */
#include "deliver/pace.h"
#include "fuzz.h"

void fuzz_retry_after(const uint8_t *data, size_t size) {
    int64_t ms = pace_retry_after((str){(const char *)data, (isize)size}, 1750000000);
    FUZZ_MUST(ms >= -1 && ms <= RETRY_AFTER_MOST_MS);
}
