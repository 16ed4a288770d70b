/* SPDX-License-Identifier: Apache-2.0 */
/* outgoing.c: the senders of one handle. With worker threads each endpoint has a thread of its own;
 * without, fhirtrial_step steps them in turn. */
#include "instance.h"

#include <stdlib.h>
#include <string.h>

enum { SENDER_TURN_MS = 1000, SENDER_IDLE_MS = 200 };

static int level_of(int level) {
    return level < FHIRTRIAL_LOG_DEBUG   ? FHIRTRIAL_LOG_DEBUG
           : level > FHIRTRIAL_LOG_ERROR ? FHIRTRIAL_LOG_ERROR
                                         : level;
}

static void take_line(void *self, int level, const char *event, str endpoint, str text) {
    instance *instance = self;
    journal_line(&instance->journal, level_of(level), event, endpoint, text);
}

static void take_metric(void *self, const char *name, double value) {
    instance *instance = self;
    journal_metric(&instance->journal, name, value);
}

static bool open_one(instance *instance, const endpoint_settings *settings, endpoint_sender *slot,
                     fault *fault) {
    deliver_log log = {instance, take_line, take_metric};
    *slot = (endpoint_sender){.name = settings->wire.name, .instance = instance};
    slot->sender = sender_open(instance->store, &settings->wire, &log, fault);
    if (!slot->sender) return false;
    pthread_mutex_init(&slot->lock, NULL);
    (void)sender_status_json(slot->sender, slot->status, sizeof slot->status);
    return true;
}

bool outgoing_open(instance *instance, const configuration *configuration, endpoint_sender **out,
                   int *n, fault *fault) {
    isize count = configuration->settings.endpoint_count;
    *n = 0;
    *out = calloc((size_t)count + 1, sizeof **out);
    if (!*out) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the senders");
        return false;
    }
    for (isize i = 0; i < count; i++) {
        if (open_one(instance, &configuration->settings.endpoints[i], &(*out)[i], fault)) {
            ++*n;
            continue;
        }
        outgoing_close(*out, *n);
        *out = NULL;
        *n = 0;
        return false;
    }
    return true;
}

static int64_t step_sender(endpoint_sender *s, int64_t budget_ms) {
    pthread_mutex_lock(&s->lock);
    (void)sender_step(s->sender, (int)budget_ms);
    int64_t due = sender_due_ms(s->sender);
    char status[sizeof s->status] = "";
    (void)sender_status_json(s->sender, status, sizeof status);
    pthread_mutex_lock(&s->instance->outcome_lock);
    memcpy(s->status, status, sizeof status);
    pthread_mutex_unlock(&s->instance->outcome_lock);
    pthread_mutex_unlock(&s->lock);
    return due;
}

static bool stopping(instance *instance) {
    pthread_mutex_lock(&instance->lock);
    bool yes = instance->stopping;
    pthread_mutex_unlock(&instance->lock);
    return yes;
}

static void pause_ms(int64_t ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void *send_all(void *argument) {
    endpoint_sender *s = argument;
    while (!atomic_load(&s->ending) && !stopping(s->instance)) {
        int64_t due = step_sender(s, SENDER_TURN_MS);
        if (due != 0) pause_ms(SENDER_IDLE_MS);
    }
    return NULL;
}

bool outgoing_start(endpoint_sender *senders, int n) {
    for (int i = 0; i < n; i++) {
        senders[i].threaded =
            thread_start(&senders[i].thread, send_all, &senders[i], "fhirtrial-send");
        if (!senders[i].threaded) return false;
    }
    return true;
}

void outgoing_close(endpoint_sender *senders, int n) {
    for (int i = 0; i < n; i++) {
        atomic_store(&senders[i].ending, true);
        sender_interrupt(senders[i].sender);
    }
    for (int i = 0; i < n; i++) {
        if (senders[i].threaded) pthread_join(senders[i].thread, NULL);
        sender_close(senders[i].sender);
        pthread_mutex_destroy(&senders[i].lock);
    }
    free(senders);
}

static bool refused(instance *instance, const endpoint_sender *s) {
    pthread_mutex_lock(&instance->outcome_lock);
    bool yes = strstr(s->status, "\"class\":\"auth\"") != NULL;
    pthread_mutex_unlock(&instance->outcome_lock);
    return yes;
}

int32_t outgoing_step(instance *instance, int64_t budget_ms) {
    int32_t code = FHIRTRIAL_OK;
    bool more = false;
    pthread_rwlock_rdlock(&instance->senders_lock);
    int64_t share = instance->sender_count > 0 ? budget_ms / instance->sender_count : 0;
    for (int i = 0; i < instance->sender_count; i++) {
        endpoint_sender *s = &instance->senders[i];
        if (s->threaded) continue;
        more |= step_sender(s, share) >= 0;
        if (refused(instance, s)) code = FHIRTRIAL_E_AUTH;
    }
    pthread_rwlock_unlock(&instance->senders_lock);
    return code == FHIRTRIAL_OK && more ? FHIRTRIAL_PENDING : code;
}

bool outgoing_waiting(instance *instance) {
    bool waiting = false;
    pthread_rwlock_rdlock(&instance->senders_lock);
    for (int i = 0; i < instance->sender_count; i++)
        waiting |= store_outbox_wait_ms(instance->store, instance->senders[i].name,
                                        clock_real_ns() / 1000000) == 0;
    pthread_rwlock_unlock(&instance->senders_lock);
    return waiting;
}

void outgoing_pause(void) { pause_ms(SENDER_IDLE_MS / 10); }
