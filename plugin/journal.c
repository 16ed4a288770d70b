/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c: log lines and metrics wait in a ring until a call on the handle gives them to the host
 * on the host's own thread. */
#include "instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Set while this thread runs a callback of the host: the library then refuses what is not
 * callback-safe. */
static __thread int callback_depth;

bool inside_callback(void) { return callback_depth > 0; }
void callback_enter(void) { callback_depth++; }
void callback_leave(void) { callback_depth--; }

void journal_init(journal *j) {
    *j = (journal){.log_level = FHIRTRIAL_LOG_INFO};
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->idle, NULL);
    j->lines = calloc(LOG_LINES, sizeof *j->lines);
}

void journal_free(journal *j) {
    free(j->lines);
    pthread_cond_destroy(&j->idle);
    pthread_mutex_destroy(&j->lock);
}

static const char *level_name(int level) {
    static const char *const names[] = {"debug", "info", "warning", "error", "host"};
    return level >= 0 && level < COUNT_OF(names) ? names[level] : "info";
}

typedef struct line_work {
    arena arena;
    landing landing;
    const char *event;
    str endpoint, text;
    int level;
    str line;
} line_work;

static void write_line(void *state) {
    line_work *w = state;
    buf line = buf_new(&w->arena, LOG_LINE_BYTES - 1, "a log line");
    buf_add(&line, S("{\"time\":"));
    buf_json_string(&line, clock_instant(&w->arena, clock_real_ns()));
    buf_printf(&line, ",\"level\":\"%s\",\"event\":\"%s\"", level_name(w->level), w->event);
    if (w->endpoint.n > 0) {
        buf_add(&line, S(",\"endpoint\":"));
        buf_json_string(&line, w->endpoint);
    }
    buf_add(&line, S(",\"text\":"));
    buf_json_string(&line, str_slice(w->text, 0, 400));
    buf_byte(&line, '}');
    w->line = buf_str(&line);
}

static bool format_line(line_work *w) {
    arena_init(&w->arena, 1 << 18, &w->landing);
    return guarded(&w->landing, write_line, w);
}

static void fill(log_line *slot, const line_work *w) {
    slot->level = w->level;
    memcpy(slot->text, w->line.p, (size_t)w->line.n);
    slot->text[w->line.n] = 0;
}

void journal_line(journal *j, int level, const char *event, str endpoint, str text) {
    line_work w = {
        .event = event, .endpoint = str_slice(endpoint, 0, 64), .text = text, .level = level};
    bool ok = format_line(&w);
    pthread_mutex_lock(&j->lock);
    if (ok && j->lines) {
        if (j->n == LOG_LINES) {
            j->first = (j->first + 1) % LOG_LINES;
            j->n--;
            j->lost++;
        }
        fill(&j->lines[(j->first + j->n++) % LOG_LINES], &w);
    } else {
        j->lost++;
    }
    pthread_mutex_unlock(&j->lock);
    arena_release(&w.arena);
}

/* Where lines were lost, the oldest one that waits gives its place to one that says how many. The
 * lock is held. */
static void tell_lost(journal *j) {
    char text[64];
    if (j->lost == 0 || !j->lines) return;
    int64_t lost = j->lost + (j->n > 0);
    snprintf(text, sizeof text, "%lld log lines were lost: take them more often", (long long)lost);
    line_work w = {.event = "lines-lost", .text = str_from(text), .level = FHIRTRIAL_LOG_WARNING};
    if (format_line(&w)) {
        fill(&j->lines[j->first], &w);
        if (j->n == 0) j->n = 1;
        j->lost = 0;
    }
    arena_release(&w.arena);
}

void journal_metric(journal *j, const char *name, double value) {
    pthread_mutex_lock(&j->lock);
    int i = 0;
    while (i < j->metric_count && strcmp(j->metrics[i].name, name) != 0) i++;
    if (i < METRICS) {
        j->metrics[i] = (metric){name, value, true};
        if (i == j->metric_count) j->metric_count++;
    }
    pthread_mutex_unlock(&j->lock);
}

/* Takes the oldest line for the callback; false when none waits. Called with the lock held. */
static bool take_line(journal *j, log_line *out) {
    if (j->n == 0) return false;
    *out = j->lines[j->first];
    j->first = (j->first + 1) % LOG_LINES;
    j->n--;
    return true;
}

static void begin_call(journal *j) {
    j->calling++;
    pthread_mutex_unlock(&j->lock);
    callback_enter();
}

static void end_call(journal *j) {
    callback_leave();
    pthread_mutex_lock(&j->lock);
    if (--j->calling == 0) pthread_cond_broadcast(&j->idle);
}

void journal_deliver(journal *j) {
    log_line line;
    pthread_mutex_lock(&j->lock);
    if (j->log) tell_lost(j);
    while (j->log && take_line(j, &line)) {
        fhirtrial_log_fn fn = j->log;
        void *user = j->log_user;
        if (line.level < j->log_level) continue;
        begin_call(j);
        fn(user, line.level, line.text);
        end_call(j);
    }
    for (int i = 0; j->metric && i < j->metric_count; i++) {
        if (!j->metrics[i].changed) continue;
        metric m = j->metrics[i];
        fhirtrial_metric_fn fn = j->metric;
        void *user = j->metric_user;
        j->metrics[i].changed = false;
        begin_call(j);
        fn(user, m.name, m.value);
        end_call(j);
    }
    pthread_mutex_unlock(&j->lock);
}

int32_t journal_next(journal *j, void *out, int64_t cap, int64_t *n) {
    int32_t code = FHIRTRIAL_NOMATCH;
    pthread_mutex_lock(&j->lock);
    tell_lost(j);
    if (j->n > 0) {
        code = copy_out(str_from(j->lines[j->first].text), out, cap, n);
        if (code == FHIRTRIAL_OK) {
            j->first = (j->first + 1) % LOG_LINES;
            j->n--;
        }
    }
    pthread_mutex_unlock(&j->lock);
    return code;
}

/* A callback that is being replaced may be running on another thread of the host; it is waited for.
 */
static void wait_idle(journal *j) {
    while (j->calling > 0) pthread_cond_wait(&j->idle, &j->lock);
}

void journal_on_log(journal *j, int level, fhirtrial_log_fn fn, void *user) {
    pthread_mutex_lock(&j->lock);
    wait_idle(j);
    j->log = fn;
    j->log_user = user;
    j->log_level = level;
    pthread_mutex_unlock(&j->lock);
}

void journal_on_metric(journal *j, fhirtrial_metric_fn fn, void *user) {
    pthread_mutex_lock(&j->lock);
    wait_idle(j);
    j->metric = fn;
    j->metric_user = user;
    pthread_mutex_unlock(&j->lock);
}

void journal_prometheus(journal *j, buf *out) {
    metric copies[METRICS];
    pthread_mutex_lock(&j->lock);
    int n = j->metric_count;
    memcpy(copies, j->metrics, sizeof copies);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < n; i++)
        buf_printf(out, "# TYPE fhirtrial_%s gauge\nfhirtrial_%s %lld\n", copies[i].name,
                   copies[i].name, (long long)copies[i].value);
}
