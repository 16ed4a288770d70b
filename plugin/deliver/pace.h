/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h: when to try again, and how fast to go. Retry-After (RFC 9110 section 10.2.3) in both
 * forms, exponential backoff with full jitter, and a token bucket that bounds requests a second.
 * Times in a process are monotonic milliseconds; only Retry-After's date needs the wall clock. One
 * thread at a time. */
#ifndef FHIRTRIAL_DELIVER_PACE_H
#define FHIRTRIAL_DELIVER_PACE_H

#include "base/base.h"

enum { RETRY_AFTER_MOST_MS = 60 * 60 * 1000 };

/* Milliseconds of a Retry-After value, clamped to 0..1 h; -1 where the header says nothing usable.
 * `now` is Unix seconds, for the date form (IMF-fixdate, RFC 850 and asctime). */
int64_t pace_retry_after(str header, int64_t now);

/* A random pause of 0 to min(most, first * 2^(failures - 1)) milliseconds; failures from 1. Without
 * randomness the whole pause. */
int64_t pace_backoff(int64_t first_ms, int64_t most_ms, int failures);

typedef struct bucket {
    int64_t per_second;
    int64_t level; /* thousandths of a request */
    int64_t at;    /* monotonic ms of `level` */
} bucket;

/* A full bucket: a burst of one second's requests is allowed. */
bucket bucket_new(int64_t per_second, int64_t now_ms);
/* Takes one request out; false when there is none. */
bool bucket_take(bucket *bucket, int64_t now_ms);
/* Milliseconds until bucket_take succeeds; 0 now. */
int64_t bucket_wait(bucket *bucket, int64_t now_ms);

/* The monotonic and the real-time clock, in milliseconds. */
int64_t pace_monotonic_ms(void);
int64_t pace_wall_ms(void);

#endif
