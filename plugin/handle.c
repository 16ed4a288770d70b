/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c: slots with generations; every call checks the number it was given. */
#include "handle.h"

#include <unistd.h>

enum { SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS, GENERATIONS = 1 << (31 - SLOT_BITS) };

typedef struct slot {
    instance *instance;
    int generation; /* of the handle in use, or of the last one */
    int users;
    bool closing;
} slot;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given_back = PTHREAD_COND_INITIALIZER;
static slot slots[SLOTS]; /* slot 0 stays empty, so that no handle is 0 */

int32_t handle_add(instance *instance) {
    int32_t handle = 0;
    pthread_mutex_lock(&lock);
    for (int i = 1; i < SLOTS && handle == 0; i++) {
        slot *s = &slots[i];
        if (s->instance) continue;
        int generation = (s->generation + 1) % GENERATIONS;
        *s = (slot){.instance = instance, .generation = generation};
        handle = generation << SLOT_BITS | i;
    }
    pthread_mutex_unlock(&lock);
    return handle;
}

/* The slot of a live handle, or NULL; the lock is held. */
static slot *find(int32_t handle) {
    if (handle <= 0) return NULL;
    slot *s = &slots[handle & (SLOTS - 1)];
    return s->instance && s->generation == handle >> SLOT_BITS ? s : NULL;
}

static int32_t why_not(const slot *s) {
    if (!s) return FHIRTRIAL_E_HANDLE;
    if (s->instance->process != getpid()) return FHIRTRIAL_E_FORK;
    return s->closing ? FHIRTRIAL_E_CLOSED : FHIRTRIAL_OK;
}

instance *handle_take(int32_t handle, int32_t *code) {
    pthread_mutex_lock(&lock);
    slot *s = find(handle);
    *code = why_not(s);
    instance *found = *code == FHIRTRIAL_OK ? s->instance : NULL;
    if (found) s->users++;
    pthread_mutex_unlock(&lock);
    return found;
}

void handle_give(int32_t handle) {
    pthread_mutex_lock(&lock);
    slot *s = find(handle);
    if (s && --s->users == 0) pthread_cond_broadcast(&given_back);
    pthread_mutex_unlock(&lock);
}

instance *handle_close(int32_t handle, int32_t *code) {
    pthread_mutex_lock(&lock);
    slot *s = find(handle);
    *code = why_not(s);
    instance *found = *code == FHIRTRIAL_OK ? s->instance : NULL;
    if (found) s->closing = true;
    /* The child of a fork gives its copy up: no store, thread or connection of the parent is
     * touched. */
    if (*code == FHIRTRIAL_E_FORK) s->instance = NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

void handle_remove(int32_t handle) {
    pthread_mutex_lock(&lock);
    slot *s = find(handle);
    while (s && s->users > 0) pthread_cond_wait(&given_back, &lock);
    if (s) s->instance = NULL;
    pthread_mutex_unlock(&lock);
}
