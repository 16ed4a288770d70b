/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c: pauses and rates. */
#include "deliver/pace.h"

#include "deliver/crypto.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static int64_t seconds_form(str text) {
    int64_t seconds = 0;
    for (isize i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return -1;
        seconds = clamp(seconds * 10 + (text.p[i] - '0'), 0, RETRY_AFTER_MOST_MS);
    }
    return seconds * 1000;
}

static int64_t date_form(str text, int64_t now) {
    char copy[64];
    if (text.n >= (isize)sizeof copy) return -1;
    memcpy(copy, text.p, (size_t)text.n);
    copy[text.n] = 0;
    time_t when = curl_getdate(copy, NULL);
    if (when < 0) return -1;
    return clamp((int64_t)when - now, 0, RETRY_AFTER_MOST_MS / 1000) * 1000;
}

int64_t pace_retry_after(str header, int64_t now) {
    str text = str_trim(header);
    if (text.n == 0) return -1;
    int64_t ms = seconds_form(text);
    if (ms < 0) ms = date_form(text, now);
    return ms < 0 ? -1 : clamp(ms, 0, RETRY_AFTER_MOST_MS);
}

int64_t pace_backoff(int64_t first_ms, int64_t most_ms, int failures) {
    uint64_t dice;
    int64_t ceiling = first_ms;
    for (int i = 1; i < failures && ceiling < most_ms; i++) ceiling *= 2;
    ceiling = clamp(ceiling, 1, most_ms);
    if (!crypto_random((uint8_t *)&dice, sizeof dice)) return ceiling;
    return (int64_t)(dice % (uint64_t)(ceiling + 1));
}

/* --- token bucket --- */

bucket bucket_new(int64_t per_second, int64_t now_ms) {
    int64_t rate = clamp(per_second, 1, 1000000);
    return (bucket){rate, rate * 1000, now_ms};
}

static void fill(bucket *b, int64_t now_ms) {
    int64_t passed = clamp(now_ms - b->at, 0, 1000);
    b->level = clamp(b->level + passed * b->per_second, 0, b->per_second * 1000);
    b->at = now_ms;
}

bool bucket_take(bucket *b, int64_t now_ms) {
    fill(b, now_ms);
    if (b->level < 1000) return false;
    b->level -= 1000;
    return true;
}

int64_t bucket_wait(bucket *b, int64_t now_ms) {
    fill(b, now_ms);
    if (b->level >= 1000) return 0;
    return (1000 - b->level + b->per_second - 1) / b->per_second;
}

/* --- clocks --- */

static int64_t read_clock(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t pace_monotonic_ms(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t pace_wall_ms(void) { return read_clock(CLOCK_REALTIME); }
