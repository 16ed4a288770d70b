/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c: the only place of the shell that asks what time it is. */
#include "instance.h"

#include <time.h>

static int64_t read_clock(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_real_ns(void) { return read_clock(CLOCK_REALTIME); }

int64_t clock_monotonic_ms(void) { return read_clock(CLOCK_MONOTONIC) / 1000000; }

static int64_t ask_host(instance *instance) {
    callback_enter();
    int64_t now = instance->clock(instance->clock_user);
    callback_leave();
    atomic_store(&instance->clock_latest, now);
    atomic_store(&instance->clock_asked, true);
    return now;
}

/* A host's callback runs on the host's threads only: a worker gets the latest instant it told. */
int64_t clock_evaluation_ns(instance *instance) {
    pthread_rwlock_rdlock(&instance->clock_lock);
    int64_t now = !instance->clock     ? clock_real_ns()
                  : thread_is_worker() ? atomic_load(&instance->clock_latest)
                                       : ask_host(instance);
    pthread_rwlock_unlock(&instance->clock_lock);
    return now;
}

bool clock_known(instance *instance) {
    pthread_rwlock_rdlock(&instance->clock_lock);
    bool known = !instance->clock || !thread_is_worker() || atomic_load(&instance->clock_asked);
    pthread_rwlock_unlock(&instance->clock_lock);
    return known;
}

void clock_set(instance *instance, fhirtrial_clock_fn fn, void *user) {
    pthread_rwlock_wrlock(&instance->clock_lock);
    instance->clock = fn;
    instance->clock_user = user;
    atomic_store(&instance->clock_asked, false);
    pthread_rwlock_unlock(&instance->clock_lock);
}

bool clock_read(instance *instance, str at, int64_t *unix_ns) {
    when moment;
    if (at.n == 0) {
        *unix_ns = clock_evaluation_ns(instance);
        return true;
    }
    return when_parse_datetime(at, &moment) && when_to_unix(moment, unix_ns);
}

str clock_instant(arena *arena, int64_t unix_ns) {
    char text[WHEN_TEXT];
    when value = when_from_unix(unix_ns, 0);
    value.fraction = 0;
    value.nano = 0;
    isize n = when_format(value, text);
    return arena_str(arena, (str){text, n});
}

when clock_when(const configuration *configuration, int64_t unix_ns) {
    int64_t seconds = unix_ns / 1000000000 - (unix_ns % 1000000000 < 0);
    return when_from_unix(unix_ns, zone_minutes(&configuration->zone, seconds));
}
