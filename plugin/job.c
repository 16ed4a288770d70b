/* SPDX-License-Identifier: Apache-2.0 */
/* job.c: messages that were handed in and their results. Jobs stand in one list in the order they
 * came; a job may run when no earlier unfinished one has its key. Jobs that could not run side by
 * side anyway run as one batch, which shares its commits. Without workers the thread that waits,
 * fetches or steps does the work. */
#include "instance.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE } job_state;

struct job {
    job *next, *previous;
    int64_t id;
    job_state state;
    bool chosen;  /* for the batch that is being put together */
    bool dropped; /* nobody wants the result any more */
    reply reply;
    int64_t clock;     /* evaluation clock at acceptance */
    message_meta meta; /* texts in `bytes` behind the message */
    isize message_n;
    char bytes[];
};

enum { WORKER_STACK = 1 << 20, IDLE_MS = 1000, BATCH_MOST = 1024 };

static str copy_text(char **to, str text) {
    memcpy(*to, text.p ? text.p : "", (size_t)text.n);
    str copy = {*to, text.n};
    *to += text.n;
    return copy;
}

static job *job_new(str bytes, const message_meta *meta) {
    isize n = bytes.n + meta->source.n + meta->id.n + meta->key.n + meta->content_type.n +
              meta->traceparent.n;
    job *j = calloc(1, sizeof *j + (size_t)n + 1);
    if (!j) return NULL;
    char *to = j->bytes;
    (void)copy_text(&to, bytes);
    j->message_n = bytes.n;
    j->meta = (message_meta){copy_text(&to, meta->source), copy_text(&to, meta->id),
                             copy_text(&to, meta->key), copy_text(&to, meta->content_type),
                             copy_text(&to, meta->traceparent)};
    return j;
}

/* The lock of the instance is held by the callers of these. */
static void append(jobs *jobs, job *j) {
    j->id = ++jobs->next_id;
    j->previous = jobs->last;
    if (jobs->last)
        jobs->last->next = j;
    else
        jobs->first = j;
    jobs->last = j;
    jobs->unfinished++;
}

static void unlink_job(jobs *jobs, job *j) {
    *(j->previous ? &j->previous->next : &jobs->first) = j->next;
    *(j->next ? &j->next->previous : &jobs->last) = j->previous;
    if (j->state == JOB_DONE) jobs->finished--;
    if (j->state != JOB_DONE) jobs->unfinished--;
    free(j->reply.document);
    free(j);
}

static job *find(jobs *jobs, int64_t id) {
    job *j = jobs->first;
    while (j && j->id != id) j = j->next;
    return j;
}

static job *find_done(jobs *jobs) {
    job *j = jobs->first;
    while (j && (j->state != JOB_DONE || j->dropped)) j = j->next;
    return j;
}

/* A message without a key may be about anybody, so it waits for all before it, and all behind it
 * wait for it; messages with keys wait for those of their own. */
static bool blocked(const jobs *jobs, const job *candidate) {
    str key = candidate->meta.key;
    for (const job *j = jobs->first; j != candidate; j = j->next)
        if (j->state != JOB_DONE && !j->chosen &&
            (key.n == 0 || j->meta.key.n == 0 || str_eq(j->meta.key, key)))
            return true;
    return false;
}

static job *next_runnable(const jobs *jobs) {
    job *j = jobs->first;
    while (j && (j->state != JOB_WAITING || blocked(jobs, j))) j = j->next;
    return j;
}

/* With several workers, jobs of other keys are left to them. */
static bool belongs(const instance *instance, const job *first, const job *j) {
    if (j->state != JOB_WAITING) return false;
    return instance->worker_count < 2 || str_eq(j->meta.key, first->meta.key);
}

/* Jobs that wait and may run in their order, `first` and others behind it, are taken. */
static isize take_batch(instance *instance, job *first, job **batch) {
    isize n = 0;
    for (job *j = first; j && n < BATCH_MOST; j = j->next) {
        if (!belongs(instance, first, j) || blocked(&instance->jobs, j)) continue;
        j->chosen = true;
        batch[n++] = j;
    }
    for (isize i = 0; i < n; i++) {
        batch[i]->chosen = false;
        batch[i]->state = JOB_RUNNING;
    }
    return n;
}

static void finish(instance *instance, job *j, reply reply) {
    j->reply = reply;
    j->state = JOB_DONE;
    instance->jobs.unfinished--;
    instance->jobs.finished++;
    if (j->dropped) unlink_job(&instance->jobs, j);
}

/* Runs waiting jobs from `first` on; the lock is held on entry and on return, not while they run.
 */
static void run(instance *instance, job *first) {
    job *batch[BATCH_MOST];
    submitted *list;
    isize n = take_batch(instance, first, batch);
    pthread_mutex_unlock(&instance->lock);
    list = calloc(n > 0 ? (size_t)n : 1, sizeof *list);
    for (isize i = 0; i < n; i++) {
        const job *j = batch[i];
        str bytes = {j->bytes, j->message_n};
        if (list) list[i] = (submitted){bytes, &j->meta, j->clock, {0, NULL, 0}};
    }
    if (list) process_batch(instance, list, n);
    pthread_mutex_lock(&instance->lock);
    for (isize i = 0; i < n; i++)
        finish(instance, batch[i], list ? list[i].reply : (reply){FHIRTRIAL_E_NOMEM, NULL, 0});
    free(list);
    pthread_cond_broadcast(&instance->changed);
}

int32_t job_submit(instance *instance, str bytes, const message_meta *meta, int64_t *id) {
    job *j = job_new(bytes, meta);
    int32_t code = j ? FHIRTRIAL_OK : FHIRTRIAL_E_NOMEM;
    *id = 0;
    if (!j) return code;
    j->clock = clock_evaluation_ns(instance);
    pthread_mutex_lock(&instance->lock);
    int64_t held = instance->jobs.unfinished + instance->jobs.finished;
    if (instance->closing)
        code = FHIRTRIAL_E_CLOSED;
    else if (held >= instance->current->settings.queue_messages)
        code = FHIRTRIAL_E_FULL;
    if (code == FHIRTRIAL_OK) {
        append(&instance->jobs, j);
        *id = j->id;
        pthread_cond_broadcast(&instance->changed);
    }
    pthread_mutex_unlock(&instance->lock);
    if (code != FHIRTRIAL_OK) free(j);
    return code;
}

bool job_run_one(instance *instance) {
    pthread_mutex_lock(&instance->lock);
    job *j = next_runnable(&instance->jobs);
    if (j) run(instance, j);
    pthread_mutex_unlock(&instance->lock);
    return j != NULL;
}

bool job_waiting(instance *instance) {
    pthread_mutex_lock(&instance->lock);
    bool waiting = false;
    for (job *j = instance->jobs.first; j && !waiting; j = j->next) waiting = j->state != JOB_DONE;
    pthread_mutex_unlock(&instance->lock);
    return waiting;
}

static struct timespec deadline_after(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* One turn of waiting; false when the time is over. The lock is held. */
static bool wait_turn(instance *instance, const struct timespec *deadline) {
    job *j = instance->worker_count == 0 ? next_runnable(&instance->jobs) : NULL;
    if (j) {
        run(instance, j);
        return true;
    }
    if (!deadline) return pthread_cond_wait(&instance->changed, &instance->lock) == 0;
    return pthread_cond_timedwait(&instance->changed, &instance->lock, deadline) != ETIMEDOUT;
}

int32_t job_wait(instance *instance, int64_t *id, int64_t timeout_ms) {
    struct timespec deadline = deadline_after(timeout_ms > 0 ? timeout_ms : 0);
    int32_t code = FHIRTRIAL_PENDING;
    pthread_mutex_lock(&instance->lock);
    for (bool in_time = true;; in_time = wait_turn(instance, timeout_ms < 0 ? NULL : &deadline)) {
        job *j = *id == 0 ? find_done(&instance->jobs) : find(&instance->jobs, *id);
        if (!j && *id != 0)
            code = FHIRTRIAL_E_HANDLE;
        else if (!j && !instance->jobs.first)
            code = FHIRTRIAL_NOMATCH;
        else if (j && j->state == JOB_DONE) {
            *id = j->id;
            code = FHIRTRIAL_OK;
        } else if (instance->stopping)
            code = FHIRTRIAL_E_CLOSED;
        if (code != FHIRTRIAL_PENDING || !in_time) break;
    }
    pthread_mutex_unlock(&instance->lock);
    return code;
}

int32_t job_fetch(instance *instance, int64_t id, void *out, int64_t cap, int64_t *n) {
    pthread_mutex_lock(&instance->lock);
    job *j = find(&instance->jobs, id);
    int32_t code = !j || j->dropped       ? FHIRTRIAL_E_HANDLE
                   : j->state != JOB_DONE ? FHIRTRIAL_PENDING
                                          : FHIRTRIAL_OK;
    if (code == FHIRTRIAL_OK) {
        code = copy_out((str){j->reply.document, j->reply.n}, out, cap, n);
        if (code == FHIRTRIAL_OK) {
            code = j->reply.code;
            unlink_job(&instance->jobs, j);
        }
    }
    pthread_mutex_unlock(&instance->lock);
    return code;
}

void job_drop(instance *instance, int64_t id) {
    pthread_mutex_lock(&instance->lock);
    job *j = find(&instance->jobs, id);
    if (j && j->state == JOB_DONE)
        unlink_job(&instance->jobs, j);
    else if (j)
        j->dropped = true;
    pthread_mutex_unlock(&instance->lock);
}

void jobs_free(instance *instance) {
    while (instance->jobs.first) unlink_job(&instance->jobs, instance->jobs.first);
}

/* --- workers --- */

static __thread bool worker;

bool thread_is_worker(void) { return worker; }

static void *work(void *argument) {
    instance *instance = argument;
    worker = true;
    bool more = false; /* of the sweep's work is left */
    pthread_mutex_lock(&instance->lock);
    while (!instance->stopping) {
        job *j = next_runnable(&instance->jobs);
        struct timespec deadline = deadline_after(IDLE_MS);
        if (j)
            run(instance, j);
        else if (!more)
            pthread_cond_timedwait(&instance->changed, &instance->lock, &deadline);
        /* Between two messages, too: a feed that never rests must not keep Flags on hold or rows of
         * an older mapping for ever. */
        if (instance->stopping || !(more || sweep_due(instance))) continue;
        pthread_mutex_unlock(&instance->lock);
        more = sweep_some(instance);
        pthread_mutex_lock(&instance->lock);
    }
    pthread_mutex_unlock(&instance->lock);
    return NULL;
}

bool thread_start(pthread_t *thread, void *(*run_thread)(void *), void *argument,
                  const char *name) {
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all,
                    &before); /* the new thread inherits the mask: signals are the host's */
    bool ok = pthread_create(thread, &attributes, run_thread, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (ok) pthread_setname_np(*thread, name);
    return ok;
}

bool workers_start(instance *instance) {
    int64_t wanted = instance->current->settings.threads;
    if (wanted == 0) return true;
    instance->workers = calloc((size_t)wanted, sizeof *instance->workers);
    if (!instance->workers) return false;
    for (int64_t i = 0; i < wanted; i++) {
        if (!thread_start(&instance->workers[i], work, instance, "fhirtrial")) return false;
        instance->worker_count++;
    }
    return true;
}

void workers_stop(instance *instance) {
    pthread_mutex_lock(&instance->lock);
    instance->stopping = true;
    pthread_cond_broadcast(&instance->changed);
    pthread_mutex_unlock(&instance->lock);
    for (int i = 0; i < instance->worker_count; i++) pthread_join(instance->workers[i], NULL);
    free(instance->workers);
    instance->workers = NULL;
    instance->worker_count = 0;
}
