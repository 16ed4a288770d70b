/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c: slots with generations; every call checks the number it was given. */
#include "handle.h"

#include <sched.h>
#include <unistd.h>

enum { SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS, GENERATIONS = 1 << (31 - SLOT_BITS) };

typedef struct slot {
    instance *instance;
    int generation; /* of the handle in use, or of the last one */
    int users;
    bool closing;
} slot;

static pthread_mutex_t lock; /* both made by enter() */
static pthread_cond_t given_back;
static slot slots[SLOTS]; /* slot 0 stays empty, so that no handle is 0 */

static _Atomic pid_t owner; /* the process whose lock this is; -pid while that one makes it anew */

/* Takes the lock. A fork may have copied it while another thread of the parent held it: the child
 * makes it anew, as what it guards there are handles that are refused anyway. */
static void enter(void) {
    pid_t self = getpid(), seen = atomic_load(&owner);
    while (seen != self) {
        if (seen == -self) {
            sched_yield();
            seen = atomic_load(&owner);
        } else if (atomic_compare_exchange_weak(&owner, &seen, -self)) {
            pthread_mutex_init(&lock, NULL);
            pthread_cond_init(&given_back, NULL);
            atomic_store(&owner, self);
            seen = self;
        }
    }
    pthread_mutex_lock(&lock);
}

int32_t handle_add(instance *instance) {
    int32_t handle = 0;
    enter();
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
    enter();
    slot *s = find(handle);
    *code = why_not(s);
    instance *found = *code == FHIRTRIAL_OK ? s->instance : NULL;
    if (found) s->users++;
    pthread_mutex_unlock(&lock);
    return found;
}

void handle_give(int32_t handle) {
    enter();
    slot *s = find(handle);
    if (s && --s->users == 0) pthread_cond_broadcast(&given_back);
    pthread_mutex_unlock(&lock);
}

instance *handle_close(int32_t handle, int32_t *code) {
    enter();
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
    enter();
    slot *s = find(handle);
    while (s && s->users > 0) pthread_cond_wait(&given_back, &lock);
    if (s) s->instance = NULL;
    pthread_mutex_unlock(&lock);
}
