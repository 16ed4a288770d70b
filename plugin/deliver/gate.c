/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c: a circuit breaker for one endpoint, and its log lines. */
#include "deliver/sending.h"

#include <stdarg.h>
#include <stdio.h>

enum { FAILURES_BEFORE_PAUSE = 3, LINE_TEXT = 400 };

void sender_line(sender *s, int level, const char *event, const char *format, ...) {
    char text[LINE_TEXT];
    va_list arguments;
    if (!s->log.line) return;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0) n = 0;
    if (n > LINE_TEXT - 1) n = LINE_TEXT - 1;
    s->log.line(s->log.self, level, event, s->config->name, (str){text, n});
}

bool gate_open(const sender *s, int64_t now_ms) { return now_ms >= s->gate.resume_at; }

/* A stopped endpoint stays so while it is tried again: only a success opens it. */
const char *gate_state(const sender *s, int64_t now_ms) {
    if (s->gate.stopped) return "stopped";
    return gate_open(s, now_ms) ? NULL : "paused";
}

int gate_width(const sender *s) {
    return s->gate.failures >= FAILURES_BEFORE_PAUSE || s->gate.stopped ? 1 : s->width;
}

void gate_success(sender *s) {
    if (s->gate.stopped || s->gate.failures >= FAILURES_BEFORE_PAUSE)
        sender_line(s, DELIVER_INFO, "endpoint.resumed", "messages are delivered again");
    s->gate = (gate){0};
}

/* At least the first pause, so that the jitter never makes a stop a busy loop. */
static int64_t pause_of(const sender *s, int64_t retry_after_ms) {
    const endpoint_config *c = s->config;
    if (retry_after_ms > 0) return retry_after_ms;
    int64_t pause = c->backoff_first_ms +
                    pace_backoff(c->backoff_first_ms, c->backoff_max_ms, s->gate.failures);
    return pause < c->backoff_max_ms ? pause : c->backoff_max_ms;
}

static void remember(sender *s, reply_class class, int status, const char *text) {
    s->gate.class = class;
    s->gate.status = status;
    s->gate.text = text;
    if (s->gate.failures < 1000) s->gate.failures++;
}

void gate_stop(sender *s, reply_class class, int status, const char *text, int64_t retry_after_ms) {
    bool news = !s->gate.stopped || s->gate.text != text;
    remember(s, class, status, text);
    s->gate.stopped = true;
    s->known = false; /* what the server can do is asked again */
    int64_t pause = pause_of(s, retry_after_ms);
    s->gate.resume_at = pace_monotonic_ms() + pause;
    sender_line(s, news ? DELIVER_ERROR : DELIVER_DEBUG, "endpoint.stopped",
                "class %s, HTTP %d: %s; nothing is lost, next try in %lld ms", class_name(class),
                status, text, (long long)pause);
}

void gate_failure(sender *s, reply_class class, int status, const char *text,
                  int64_t retry_after_ms, bool answered) {
    bool news = s->gate.text != text;
    remember(s, class, status, text);
    if (retry_after_ms > 0 || !answered || s->gate.failures >= FAILURES_BEFORE_PAUSE)
        s->gate.resume_at = pace_monotonic_ms() + pause_of(s, retry_after_ms);
    sender_line(s, news ? DELIVER_WARNING : DELIVER_DEBUG, "endpoint.failed",
                "class %s, HTTP %d: %s", class_name(class), status, text);
}
