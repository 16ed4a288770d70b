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
    RESOURCE_BYTES = INT32_MAX, /* of one, which came as a message or a part of one */
    PURGE_EVERY_MS = 60 * 60 * 1000
};

typedef struct sweep {
    instance *instance;
    configuration *c;
    arena arena;
    arena bytes; /* of the resource at hand */
    landing landing;
    fault fault;
    stale_resource *stale, *at_hand;
    store_status status;
    isize stale_count, stale_most;
    patient_ref *due;
    isize due_count, due_most;
} sweep;

/* Those that wait after a failure come first in the store's order: they are read past. */
static isize most_of(sweep *s, const setbacks *waiting, isize most) {
    pthread_mutex_lock(&s->instance->lock);
    most += waiting->n;
    pthread_mutex_unlock(&s->instance->lock);
    return most;
}

static void read_step(void *state) {
    sweep *s = state;
    s->stale_most = most_of(s, &s->instance->stale_setbacks, SWEEP_RESOURCES);
    if (store_stale(s->instance->store, &s->arena, s->c->views_digest, s->stale_most, &s->stale,
                    &s->stale_count, &s->fault) != STORE_OK)
        s->stale_count = 0;
}

static void read_due_step(void *state) {
    sweep *s = state;
    s->due_most = most_of(s, &s->instance->setbacks, SWEEP_PATIENTS);
    if (store_due_patients(s->instance->store, &s->arena, clock_evaluation_ns(s->instance),
                           s->c->digest, s->due_most, &s->due, &s->due_count,
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

static bool waits(sweep *s, setbacks *list, uint64_t what) {
    pthread_mutex_lock(&s->instance->lock);
    bool yes = setback_waits(list, what, clock_monotonic_ms());
    pthread_mutex_unlock(&s->instance->lock);
    return yes;
}

/* Gives 1 where it went well. */
static int note(sweep *s, setbacks *list, uint64_t what, int32_t code) {
    pthread_mutex_lock(&s->instance->lock);
    setback_note(list, what, code < 0, clock_monotonic_ms());
    pthread_mutex_unlock(&s->instance->lock);
    return code >= 0;
}

static void bytes_step(void *state) {
    sweep *s = state;
    s->status = store_stale_bytes(s->instance->store, &s->bytes, s->at_hand, &s->fault);
}

/* What was replaced since it was listed needs nothing more. */
static int32_t mend(sweep *s, stale_resource *r) {
    s->at_hand = r;
    arena_clear(&s->bytes);
    bool read = guarded(&s->landing, bytes_step, s);
    if (read && s->status == STORE_NONE) return FHIRTRIAL_NOMATCH;
    if (read && s->status == STORE_OK) return process_stale(s->instance, r);
    journal_line(&s->instance->journal, FHIRTRIAL_LOG_WARNING, "sweep-failed", (str){0},
                 str_from(read ? s->fault.text : s->landing.fault.text));
    return FHIRTRIAL_E_INTERNAL;
}

/* Both try those whose turn it is, and give how many went well. */
static isize mend_stale(sweep *s) {
    setbacks *list = &s->instance->stale_setbacks;
    isize done = 0;
    for (isize i = 0, tried = 0; i < s->stale_count && tried < SWEEP_RESOURCES; i++) {
        stale_resource *r = &s->stale[i];
        uint64_t what = index_hash(r->type, r->id) * 31 + str_hash(r->source);
        if (waits(s, list, what)) continue;
        tried++;
        done += note(s, list, what, mend(s, r));
    }
    return done;
}

static isize decide_due(sweep *s) {
    setbacks *list = &s->instance->setbacks;
    isize done = 0;
    for (isize i = 0, tried = 0; i < s->due_count && tried < SWEEP_PATIENTS; i++) {
        uint64_t what = index_hash(s->due[i].source, s->due[i].id);
        if (waits(s, list, what)) continue;
        tried++;
        done += note(s, list, what, process_patient(s->instance, s->due[i]));
    }
    return done;
}

bool sweep_some(instance *instance) {
    if (!clock_known(instance) || !take_turn(instance, &instance->next_sweep_ms, SWEEP_EVERY_MS))
        return false;
    sweep *s = calloc(1, sizeof *s);
    if (!s) return false;
    s->instance = instance;
    s->c = configuration_take(instance);
    arena_init(&s->arena, SWEEP_BYTES, &s->landing);
    arena_init(&s->bytes, RESOURCE_BYTES, &s->landing);
    isize done = 0;
    if (guarded(&s->landing, read_step, s)) done += mend_stale(s);
    /* First the rows, then what rests on them; rows that cannot be made stop nobody. */
    if (done == 0 && guarded(&s->landing, read_due_step, s)) done += decide_due(s);
    purge(s);
    bool more = done > 0 && (s->stale_count == s->stale_most || s->due_count == s->due_most);
    if (more) {
        pthread_mutex_lock(&instance->lock);
        instance->next_sweep_ms = 0;
        pthread_mutex_unlock(&instance->lock);
    }
    arena_release(&s->bytes);
    arena_release(&s->arena);
    configuration_drop(s->c);
    free(s);
    return more;
}
