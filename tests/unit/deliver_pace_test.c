/* SPDX-License-Identifier: Apache-2.0 */
/* Retry-After in its forms, full jitter within its bounds, the bucket's arithmetic. */
#include "unit.h"

#include "deliver/pace.h"

enum { HOUR_MS = 3600000 };

/* RFC 9110 section 5.6.7's example is 784111777 Unix seconds. */
static const int64_t example = 784111777;

static void retry_after_in_seconds(void) {
    CHECK_INT(pace_retry_after(S("0"), example), 0);
    CHECK_INT(pace_retry_after(S(" 120 "), example), 120000);
    CHECK_INT(pace_retry_after(S("3600"), example), HOUR_MS);
    CHECK_INT(pace_retry_after(S("3601"), example), HOUR_MS);
    CHECK_INT(pace_retry_after(S("999999999999999999999999"), example), HOUR_MS);
}

static void retry_after_as_a_date(void) {
    CHECK_INT(pace_retry_after(S("Sun, 06 Nov 1994 08:49:37 GMT"), example - 30), 30000);
    CHECK_INT(pace_retry_after(S("Sunday, 06-Nov-94 08:49:37 GMT"), example - 30), 30000);
    CHECK_INT(pace_retry_after(S("Sun Nov  6 08:49:37 1994"), example - 30), 30000);
    CHECK_INT(pace_retry_after(S("Sun, 06 Nov 1994 08:49:37 GMT"), example + 30), 0);
    CHECK_INT(pace_retry_after(S("Sun, 06 Nov 1994 08:49:37 GMT"), example - 7200), HOUR_MS);
}

static void retry_after_that_says_nothing(void) {
    CHECK_INT(pace_retry_after(S(""), example), -1);
    CHECK_INT(pace_retry_after(S("soon"), example), -1);
    CHECK_INT(pace_retry_after(
                  S("12 minutes or so, perhaps, when the night shift has restarted it"), example),
              -1);
}

static void backoff_stays_below_its_ceiling(void) {
    static const int64_t ceilings[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    for (int failures = 1; failures <= 7; failures++) {
        bool upper_half = false;
        for (int i = 0; i < 200; i++) {
            int64_t pause = pace_backoff(1000, 20000, failures);
            CHECK(pause >= 0 && pause <= ceilings[failures - 1]);
            upper_half |= pause > ceilings[failures - 1] / 2;
        }
        CHECK(upper_half);
    }
    CHECK(pace_backoff(1000, 900000, 1000000) <= 900000);
}

static void bucket_gives_a_burst_and_then_the_rate(void) {
    bucket b = bucket_new(10, 5000);
    for (int i = 0; i < 10; i++) CHECK(bucket_take(&b, 5000));
    CHECK(!bucket_take(&b, 5000));
    CHECK_INT(bucket_wait(&b, 5000), 100);
    CHECK_INT(bucket_wait(&b, 5099), 1);
    CHECK(!bucket_take(&b, 5099));
    CHECK(bucket_take(&b, 5100));
    CHECK(!bucket_take(&b, 5100));
}

static void bucket_never_holds_more_than_a_second(void) {
    bucket b = bucket_new(2, 0);
    int n = 0;
    while (bucket_take(&b, 86400000)) n++;
    CHECK_INT(n, 2);
    CHECK(!bucket_take(&b, 1000)); /* a clock that goes back gives nothing */
}

const unit_test deliver_pace_suite[] = {UNIT_TEST(retry_after_in_seconds),
                                        UNIT_TEST(retry_after_as_a_date),
                                        UNIT_TEST(retry_after_that_says_nothing),
                                        UNIT_TEST(backoff_stays_below_its_ceiling),
                                        UNIT_TEST(bucket_gives_a_burst_and_then_the_rate),
                                        UNIT_TEST(bucket_never_holds_more_than_a_second),
                                        UNIT_END};
