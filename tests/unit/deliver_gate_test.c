/* SPDX-License-Identifier: Apache-2.0 */
/* The circuit breaker: when requests may go, and how many at a time. */
#include "unit.h"

#include "deliver/sending.h"

static endpoint_config config = {.backoff_first_ms = 1000, .backoff_max_ms = 8000};
static int errors;

static void on_line(void *self, int level, const char *event, str endpoint, str text) {
    (void)self, (void)event, (void)endpoint, (void)text;
    errors += level == DELIVER_ERROR;
}

static sender make(void) {
    return (sender){.config = &config, .width = 8, .log = {.line = on_line}};
}

static void one_failure_with_a_reply_pauses_nothing(void) {
    sender s = make();
    gate_failure(&s, CLASS_RETRY, 500, "x", -1, true);
    CHECK(gate_open(&s, pace_monotonic_ms()));
    CHECK_INT(gate_width(&s), 8);
}

static void failures_in_a_row_pause_and_narrow(void) {
    sender s = make();
    for (int i = 0; i < 3; i++) gate_failure(&s, CLASS_RETRY, 500, "x", -1, true);
    int64_t now = pace_monotonic_ms();
    CHECK(!gate_open(&s, now + 500));
    CHECK(gate_open(&s, now + 8001));
    CHECK_INT(gate_width(&s), 1);
    gate_success(&s);
    CHECK(gate_open(&s, now));
    CHECK_INT(gate_width(&s), 8);
}

static void no_connection_pauses_at_once(void) {
    sender s = make();
    gate_failure(&s, CLASS_RETRY, 0, "x", -1, false);
    CHECK(!gate_open(&s, pace_monotonic_ms() + 500));
}

static void retry_after_is_obeyed(void) {
    sender s = make();
    gate_failure(&s, CLASS_RETRY, 429, "x", 60000, true);
    int64_t now = pace_monotonic_ms();
    CHECK(!gate_open(&s, now + 59000));
    CHECK(gate_open(&s, now + 60001));
}

static void a_stop_ends_by_itself_and_is_said_once(void) {
    sender s = make();
    errors = 0;
    for (int i = 0; i < 20; i++) gate_stop(&s, CLASS_AUTH, 401, "x", -1);
    int64_t now = pace_monotonic_ms();
    CHECK_INT(errors, 1);
    CHECK(!gate_open(&s, now));
    CHECK(gate_open(&s, now + 8001));
    CHECK_INT(gate_width(&s), 1);
    CHECK(s.gate.class == CLASS_AUTH && s.gate.status == 401);
    gate_stop(&s, CLASS_CONFIG, 0, "y", -1);
    CHECK_INT(errors, 2);
}

static void its_state_is_stopped_until_a_success(void) {
    sender s = make();
    int64_t now = pace_monotonic_ms();
    CHECK(!gate_state(&s, now));
    gate_stop(&s, CLASS_CONFIG, 0, "x", -1);
    CHECK_STR(gate_state(&s, now), "stopped");
    CHECK_STR(gate_state(&s, now + 8001), "stopped");
    gate_success(&s);
    CHECK(!gate_state(&s, now));
    gate_failure(&s, CLASS_RETRY, 0, "x", -1, false);
    CHECK_STR(gate_state(&s, now), "paused");
    CHECK(!gate_state(&s, now + 8001));
}

const unit_test deliver_gate_suite[] = {UNIT_TEST(one_failure_with_a_reply_pauses_nothing),
                                        UNIT_TEST(failures_in_a_row_pause_and_narrow),
                                        UNIT_TEST(no_connection_pauses_at_once),
                                        UNIT_TEST(retry_after_is_obeyed),
                                        UNIT_TEST(a_stop_ends_by_itself_and_is_said_once),
                                        UNIT_TEST(its_state_is_stopped_until_a_success),
                                        UNIT_END};
