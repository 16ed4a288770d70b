/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c: work that no message brings: rows made by an older mapping set are computed anew from
 * the kept bytes, patients whose verdict or Flag time alone may change are decided again, and what
 * is older than the retention is deleted. */
#include "work.h"

#include <stdlib.h>

enum {
    SWEEP_RESOURCES = 64,
    SWEEP_PATIENTS = 32,
    SWEEP_EVERY_MS = 1000,
    SWEEP_BYTES = 64 << 20,
    PURGE_EVERY_MS = 60 * 60 * 1000
};

typedef struct sweep {
    instance *instance;
    configuration *c;
    arena arena;
    landing landing;
    fault fault;
    stale_resource *stale;
    isize stale_count;
    patient_ref *due;
    isize due_count;
} sweep;

static void read_step(void *state) {
    sweep *s = state;
    if (store_stale(s->instance->store, &s->arena, s->c->views_digest, SWEEP_RESOURCES, &s->stale,
                    &s->stale_count, &s->fault) != STORE_OK)
        s->stale_count = 0;
}

static void read_due_step(void *state) {
    sweep *s = state;
    if (store_due_patients(s->instance->store, &s->arena, clock_evaluation_ns(s->instance),
                           s->c->digest, SWEEP_PATIENTS, &s->due, &s->due_count,
                           &s->fault) != STORE_OK)
        s->due_count = 0;
}

bool sweep_due(const instance *instance) { return clock_monotonic_ms() >= instance->next_sweep_ms; }

/* Whether it is time for what is done every so often, and then not before again. */
static bool take_turn(instance *instance, int64_t *next_ms, int64_t every_ms) {
    int64_t now = clock_monotonic_ms();
    pthread_mutex_lock(&instance->lock);
    bool due = now >= *next_ms;
    if (due) *next_ms = now + every_ms;
    pthread_mutex_unlock(&instance->lock);
    return due;
}

static void purge(sweep *s) {
    instance *i = s->instance;
    int64_t keep = s->c->settings.retention_ms;
    if (keep == 0 || !take_turn(i, &i->next_purge_ms, PURGE_EVERY_MS)) return;
    if (store_purge(i->store, clock_real_ns() / 1000000 - keep, &s->fault) != STORE_OK)
        journal_line(&i->journal, FHIRTRIAL_LOG_WARNING, "purge-failed", (str){0},
                     str_from(s->fault.text));
}

bool sweep_some(instance *instance) {
    if (!clock_known(instance) || !take_turn(instance, &instance->next_sweep_ms, SWEEP_EVERY_MS))
        return false;
    sweep *s = calloc(1, sizeof *s);
    if (!s) return false;
    s->instance = instance;
    s->c = configuration_take(instance);
    arena_init(&s->arena, SWEEP_BYTES, &s->landing);
    isize done = 0;
    if (guarded(&s->landing, read_step, s)) {
        for (isize i = 0; i < s->stale_count; i++)
            done += process_stale(instance, &s->stale[i]) >= 0;
    }
    /* First the rows, then what rests on them; rows that cannot be made stop nobody. */
    if (done == 0 && guarded(&s->landing, read_due_step, s)) {
        for (isize i = 0; i < s->due_count; i++) done += process_patient(instance, s->due[i]) >= 0;
    }
    purge(s);
    bool more = done > 0 && (s->stale_count == SWEEP_RESOURCES || s->due_count == SWEEP_PATIENTS);
    if (more) {
        pthread_mutex_lock(&instance->lock);
        instance->next_sweep_ms = 0;
        pthread_mutex_unlock(&instance->lock);
    }
    arena_release(&s->arena);
    configuration_drop(s->c);
    free(s);
    return more;
}
