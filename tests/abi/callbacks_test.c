/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: on the host's own thread inside a call, never after close, and what they may call. */
#include "engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const site plain = {.name = "callbacks"};
static const site workers = {.name = "callbacks-workers", .threads = 3};

static __thread bool inside; /* a call of ours into the library is in progress on this thread */

typedef struct watch {
    int32_t handle;
    atomic_int lines, strangers, bad, metrics, clocks;
    int least; /* lowest level seen */
    int32_t query_code, write_code, process_code, submit_code, wait_code, result_code, step_code,
        close_code, open_code, configure_code, next_code, on_log_code;
    bool curious;
    char last[1024];
} watch;

static void ask_everything(watch *w) {
    const engine *e = engine_get();
    char room[64];
    int64_t n, job = 0;
    int32_t other = 5;
    w->query_code = e->query(w->handle, "info", NULL, 0, &n);
    w->write_code = e->query(w->handle, "outbox.retry?id=1", room, sizeof room, &n);
    w->process_code = e->process(w->handle, "{}", 2, NULL, room, sizeof room, &n, &job);
    w->submit_code = e->submit(w->handle, "{}", 2, NULL, &job);
    w->wait_code = e->wait(w->handle, &job, 0);
    w->result_code = e->result(w->handle, 1, room, sizeof room, &n);
    w->step_code = e->step(w->handle, 0);
    w->close_code = e->close(w->handle, 0);
    w->open_code = e->open(FHIRTRIAL_ABI, "{}", 2, &other);
    w->configure_code = e->configure(w->handle, "{}", 2);
    w->next_code = e->next_event(w->handle, room, sizeof room, &n);
    w->on_log_code = e->on_log(w->handle, 0, NULL, NULL);
}

static void on_line(void *user, int32_t level, const char *line) {
    watch *w = user;
    size_t n = strlen(line);
    atomic_fetch_add(&w->lines, 1);
    if (!inside) atomic_fetch_add(&w->strangers, 1);
    if (level < 0 || level > FHIRTRIAL_LOG_HOST || n < 2 || line[0] != '{' || line[n - 1] != '}' ||
        strchr(line, '\n'))
        atomic_fetch_add(&w->bad, 1);
    /* Lines may come on several of the host's threads at once. */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (level < w->least) w->least = level;
    snprintf(w->last, sizeof w->last, "%s", line);
    pthread_mutex_unlock(&lock);
    if (w->curious) {
        w->curious = false;
        ask_everything(w);
    }
}

static void on_metric(void *user, const char *name, double value) {
    watch *w = user;
    atomic_fetch_add(&w->metrics, 1);
    if (!inside) atomic_fetch_add(&w->strangers, 1);
    if (!name || !*name || value < 0) atomic_fetch_add(&w->bad, 1);
}

static int32_t make_noise(int32_t h, answer *a) {
    inside = true;
    int32_t code = give(h, "not a resource", NULL, a);
    inside = false;
    return code;
}

static void lines_come_on_the_calling_thread(const site *s) {
    const engine *e = engine_get();
    answer *a = answer_new();
    watch w = {.least = 99};
    w.handle = site_open(s);
    inside = true;
    CHECK_INT(e->on_log(w.handle, FHIRTRIAL_LOG_DEBUG, on_line, &w), FHIRTRIAL_OK);
    CHECK_INT(e->on_metric(w.handle, on_metric, &w), FHIRTRIAL_OK);
    inside = false;
    for (int i = 0; i < 20; i++) CHECK_INT(make_noise(w.handle, a), FHIRTRIAL_E_PARSE);
    CHECK_MSG(atomic_load(&w.lines) >= 20, "%d lines for 20 refusals", atomic_load(&w.lines));
    struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    inside = true;
    CHECK_INT(e->close(w.handle, 0), FHIRTRIAL_OK);
    inside = false;
    CHECK_INT(atomic_load(&w.strangers), 0);
    CHECK_INT(atomic_load(&w.bad), 0);
    free(a);
}

static void lines_alone(void) { lines_come_on_the_calling_thread(&plain); }
static void lines_with_workers(void) { lines_come_on_the_calling_thread(&workers); }

static void a_callback_may_only_ask(void) {
    const engine *e = engine_get();
    answer *a = answer_new();
    watch w = {.curious = true};
    w.handle = site_open(&plain);
    CHECK_INT(e->on_log(w.handle, 0, on_line, &w), FHIRTRIAL_OK);
    make_noise(w.handle, a);
    CHECK(!w.curious);
    CHECK_INT(w.query_code, FHIRTRIAL_E_BUFFER);
    const int32_t refused[] = {w.write_code,     w.process_code, w.submit_code, w.wait_code,
                               w.result_code,    w.step_code,    w.close_code,  w.open_code,
                               w.configure_code, w.next_code,    w.on_log_code};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        CHECK_MSG(refused[i] == FHIRTRIAL_E_ARG, "refusal %zu is %d", i, refused[i]);
    int before = atomic_load(&w.lines);
    make_noise(w.handle, a);
    CHECK_MSG(atomic_load(&w.lines) > before, "the callback removed itself");
    CHECK_INT(e->close(w.handle, 0), FHIRTRIAL_OK);
    free(a);
}

static void levels_are_kept(void) {
    const engine *e = engine_get();
    answer *a = answer_new();
    watch w = {.least = 99};
    w.handle = site_open(&plain);
    CHECK_INT(e->on_log(w.handle, FHIRTRIAL_LOG_HOST, on_line, &w), FHIRTRIAL_OK);
    make_noise(w.handle, a);
    CHECK_INT(atomic_load(&w.lines), 0);
    CHECK_INT(e->on_log(w.handle, FHIRTRIAL_LOG_WARNING, on_line, &w), FHIRTRIAL_OK);
    make_noise(w.handle, a);
    CHECK(atomic_load(&w.lines) > 0);
    CHECK(w.least >= FHIRTRIAL_LOG_WARNING);
    CHECK_INT(e->close(w.handle, 0), FHIRTRIAL_OK);
    free(a);
}

static void a_removed_callback_is_silent(void) {
    const engine *e = engine_get();
    answer *a = answer_new();
    char line[4096];
    int64_t n;
    watch w = {0};
    w.handle = site_open(&plain);
    CHECK_INT(e->on_log(w.handle, 0, on_line, &w), FHIRTRIAL_OK);
    make_noise(w.handle, a);
    CHECK_INT(e->next_event(w.handle, line, sizeof line, &n), FHIRTRIAL_NOMATCH);
    CHECK_INT(e->on_log(w.handle, 0, NULL, NULL), FHIRTRIAL_OK);
    int lines = atomic_load(&w.lines);
    make_noise(w.handle, a);
    CHECK_INT(atomic_load(&w.lines), lines);
    CHECK_INT(e->next_event(w.handle, line, sizeof line, &n), FHIRTRIAL_OK);
    CHECK_INT(e->close(w.handle, 0), FHIRTRIAL_OK);
    free(a);
}

typedef struct noise {
    int32_t handle;
    atomic_bool end;
} noise;

static void *noisy(void *argument) {
    noise *n = argument;
    answer *a = answer_new();
    while (!atomic_load(&n->end)) {
        int32_t code = make_noise(n->handle, a);
        if (code == FHIRTRIAL_E_HANDLE || code == FHIRTRIAL_E_CLOSED) break;
    }
    free(a);
    return NULL;
}

static void no_callback_after_close(void) {
    const engine *e = engine_get();
    for (int round = 0; round < 5; round++) {
        watch w = {0};
        noise n = {.handle = site_open(&workers)};
        pthread_t threads[3];
        CHECK_INT(e->on_log(n.handle, 0, on_line, &w), FHIRTRIAL_OK);
        for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, noisy, &n);
        while (atomic_load(&w.lines) < 20) sched_yield();
        inside = true;
        CHECK_INT(e->close(n.handle, 0), FHIRTRIAL_OK);
        inside = false;
        int lines = atomic_load(&w.lines);
        struct timespec pause = {0, 30000000};
        nanosleep(&pause, NULL);
        CHECK_INT(atomic_load(&w.lines), lines);
        atomic_store(&n.end, true);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
        CHECK_INT(atomic_load(&w.strangers), 0);
    }
}

static void no_callback_after_it_was_replaced(void) {
    const engine *e = engine_get();
    watch w = {0};
    noise n = {.handle = site_open(&plain)};
    pthread_t thread;
    pthread_create(&thread, NULL, noisy, &n);
    for (int round = 0; round < 20; round++) {
        inside = true;
        CHECK_INT(e->on_log(n.handle, 0, on_line, &w), FHIRTRIAL_OK);
        int begun = atomic_load(&w.lines);
        inside = false;
        while (atomic_load(&w.lines) < begun + 3) sched_yield();
        inside = true;
        CHECK_INT(e->on_log(n.handle, 0, NULL, NULL), FHIRTRIAL_OK);
        inside = false;
        int lines = atomic_load(&w.lines);
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, NULL);
        CHECK_INT(atomic_load(&w.lines), lines);
    }
    atomic_store(&n.end, true);
    pthread_join(thread, NULL);
    CHECK_INT(e->close(n.handle, 0), FHIRTRIAL_OK);
}

static int64_t counted_clock(void *user) {
    atomic_fetch_add(&((watch *)user)->clocks, 1);
    return cohort_clock(NULL);
}

static void the_hosts_clock_is_the_evaluation_clock(void) {
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\"}";
    const engine *e = engine_get();
    answer *a = answer_new();
    watch w = {0};
    int32_t h = site_open(&plain);
    CHECK_INT(e->on_clock(h, counted_clock, &w), FHIRTRIAL_OK);
    CHECK_INT(give(h, text, NULL, a), FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "2025-06-30T12:00:00Z") != NULL, "%.300s", a->text);
    CHECK_INT(atomic_load(&w.clocks), 1);
    CHECK_INT(e->on_clock(h, NULL, NULL), FHIRTRIAL_OK);
    CHECK_INT(give(h, text, NULL, a), FHIRTRIAL_OK);
    CHECK(strstr(a->text, "2025-06-30T12:00:00Z") == NULL);
    CHECK_INT(atomic_load(&w.clocks), 1);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static int64_t inside_clock(void *user) {
    watch *w = user;
    atomic_fetch_add(&w->clocks, 1);
    if (!inside) atomic_fetch_add(&w->strangers, 1);
    return cohort_clock(NULL);
}

static void workers_do_not_call_the_hosts_clock(void) {
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\"}";
    const engine *e = engine_get();
    answer *a = answer_new();
    watch w = {0};
    int64_t job, n;
    int32_t h = site_open(&workers);
    CHECK_INT(e->on_clock(h, inside_clock, &w), FHIRTRIAL_OK);
    inside = true;
    CHECK_INT(e->submit(h, text, (int64_t)strlen(text), NULL, &job), FHIRTRIAL_OK);
    inside = false;
    /* The idle workers look for what time may change. */
    struct timespec pause = {1, 300000000};
    nanosleep(&pause, NULL);
    inside = true;
    CHECK_INT(e->wait(h, &job, 5000), FHIRTRIAL_OK);
    CHECK_INT(e->result(h, job, a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
    inside = false;
    a->text[n] = 0;
    CHECK(strstr(a->text, "2025-06-30T12:00:00Z") != NULL);
    CHECK_INT(atomic_load(&w.clocks), 1);
    CHECK_INT(atomic_load(&w.strangers), 0);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static int64_t odd_clock(void *user) { return *(int64_t *)user; }

static void an_absurd_clock_does_no_harm(void) {
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_C(-62135596800000000)};
    const engine *e = engine_get();
    answer *a = answer_new();
    int32_t h = site_open(&plain);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t now = times[i];
        CHECK_INT(e->on_clock(h, odd_clock, &now), FHIRTRIAL_OK);
        cohort_feed(h, "st-001-everything-met", a);
        CHECK(a->code >= 0 || a->code == FHIRTRIAL_E_REJECT || a->code == FHIRTRIAL_E_ARG);
        CHECK_INT(e->on_clock(h, NULL, NULL), FHIRTRIAL_OK);
    }
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static watch clock_watch;

static int64_t curious_clock(void *user) {
    watch *w = user;
    if (w->curious) {
        w->curious = false;
        ask_everything(w);
    }
    return cohort_clock(NULL);
}

static void the_clock_may_ask_but_not_feed(void) {
    const engine *e = engine_get();
    answer *a = answer_new();
    clock_watch = (watch){.curious = true};
    clock_watch.handle = site_open(&plain);
    CHECK_INT(e->on_clock(clock_watch.handle, curious_clock, &clock_watch), FHIRTRIAL_OK);
    CHECK_INT(give(clock_watch.handle, "{\"resourceType\":\"Patient\",\"id\":\"x\"}", NULL, a),
              FHIRTRIAL_OK);
    CHECK(!clock_watch.curious);
    CHECK_INT(clock_watch.query_code, FHIRTRIAL_E_BUFFER);
    CHECK_INT(clock_watch.process_code, FHIRTRIAL_E_ARG);
    CHECK_INT(clock_watch.close_code, FHIRTRIAL_E_ARG);
    CHECK_INT(e->close(clock_watch.handle, 0), FHIRTRIAL_OK);
    free(a);
}

const unit_test callbacks_suite[] = {
    UNIT_TEST(lines_alone),
    UNIT_TEST(lines_with_workers),
    UNIT_TEST(a_callback_may_only_ask),
    UNIT_TEST(levels_are_kept),
    UNIT_TEST(a_removed_callback_is_silent),
    UNIT_TEST(no_callback_after_close),
    UNIT_TEST(no_callback_after_it_was_replaced),
    UNIT_TEST(the_hosts_clock_is_the_evaluation_clock),
    UNIT_TEST(workers_do_not_call_the_hosts_clock),
    UNIT_TEST(an_absurd_clock_does_no_harm),
    UNIT_TEST(the_clock_may_ask_but_not_feed),
    UNIT_END,
};
