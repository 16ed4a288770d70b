/* SPDX-License-Identifier: Apache-2.0 */
/* One sender an endpoint: a lock on a file beside the store keeps other processes out while this
 * one lives, and an epoch in the store keeps out one that only believes it still has the lock. */
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static sender_lock *find(const store *s, str endpoint) {
    for (sender_lock *l = s->senders; l; l = l->next) {
        if (str_eq(str_from(l->endpoint), endpoint)) return l;
    }
    return NULL;
}

/* The lock file's descriptor; -1 with the status set. */
static int lock_file(const store *s, str endpoint, store_status *status, fault *fault) {
    char *path;
    if (asprintf(&path, "%s.sender-%016llx.lock", s->path, (unsigned long long)str_hash(endpoint)) <
        0) {
        if (fault) fault_set(fault, FAULT_STORE, -1, "store: no memory");
        *status = STORE_BUSY;
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        if (fault) {
            fault_set(fault, FAULT_STORE, -1, "store: cannot open %s (errno %d)", path, errno);
        }
        *status = STORE_BROKEN;
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (fault) {
            fault_set(fault, FAULT_STORE, -1,
                      "store: another process is the sender of endpoint %.*s", STR_ARGS(endpoint));
        }
        close(fd);
        fd = -1;
        *status = STORE_NONE;
    }
    free(path);
    return fd;
}

typedef struct lock_call {
    call call;
    str endpoint;
    int64_t epoch;
} lock_call;

static void lock_step(void *state) {
    lock_call *l = state;
    call *c = &l->call;
    db_run(c->db, "INSERT INTO sender VALUES (?1, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1",
           VALUES(T(l->endpoint)));
    l->epoch =
        db_number(c->db, "SELECT epoch FROM sender WHERE endpoint = ?1", VALUES(T(l->endpoint)), 0);
    /* What was in flight may or may not have arrived: it is read before it is sent again. */
    db_run(c->db,
           "INSERT INTO attempt (outbox, request_id, sent_ms) SELECT id, request_id, sent_ms"
           " FROM outbox WHERE state = 'inflight' AND endpoint = ?1",
           VALUES(T(l->endpoint)));
    db_run(c->db,
           "UPDATE outbox SET state = 'ready', recovered = 1, next_ms = 0"
           " WHERE state = 'inflight' AND endpoint = ?1",
           VALUES(T(l->endpoint)));
    if (!db_ok(c->db)) return;
    buf members = audit_members(c);
    audit_text(&members, "endpoint", l->endpoint);
    audit_number(&members, "epoch", l->epoch);
    audit_number(&members, "recovered", db_changes(c->db));
    audit_append(c, "sender", buf_str(&members));
}

store_status store_sender_lock(store *store, str endpoint, fault *fault) {
    store_status status = STORE_OK;
    pthread_mutex_lock(&store->write_lock);
    bool held = find(store, endpoint) != NULL;
    pthread_mutex_unlock(&store->write_lock);
    if (held) {
        if (fault) {
            fault_set(fault, FAULT_STORE, -1,
                      "store: this process has a sender of endpoint %.*s already",
                      STR_ARGS(endpoint));
        }
        return STORE_NONE;
    }
    int fd = lock_file(store, endpoint, &status, fault);
    if (fd < 0) return status;
    lock_call l = {.endpoint = endpoint};
    sender_lock *lock = malloc(sizeof *lock + (size_t)endpoint.n + 1);
    status = lock ? store_write(store, fault, lock_step, &l.call) : STORE_BUSY;
    if (status != STORE_OK) {
        free(lock);
        close(fd);
        return status;
    }
    lock->fd = fd;
    lock->epoch = l.epoch;
    memcpy(lock->endpoint, endpoint.p ? endpoint.p : "", (size_t)endpoint.n);
    lock->endpoint[endpoint.n] = '\0';
    pthread_mutex_lock(&store->write_lock);
    lock->next = store->senders;
    store->senders = lock;
    pthread_mutex_unlock(&store->write_lock);
    return STORE_OK;
}

typedef struct wait_call {
    call call;
    str endpoint;
    int64_t until_ms;
} wait_call;

static void limit_step(void *state) {
    wait_call *w = state;
    db_run(w->call.db,
           "UPDATE outbox SET next_ms = ?2"
           " WHERE state = 'ready' AND endpoint = ?1 AND next_ms > ?2",
           VALUES(T(w->endpoint), N(w->until_ms)));
}

store_status store_outbox_limit_waits(store *store, str endpoint, int64_t until_ms, fault *fault) {
    wait_call w = {.endpoint = endpoint, .until_ms = until_ms};
    return store_write(store, fault, limit_step, &w.call);
}

void store_sender_unlock(store *store, str endpoint) {
    pthread_mutex_lock(&store->write_lock);
    sender_lock *lock = find(store, endpoint);
    if (lock) {
        sender_lock **at = &store->senders;
        while (*at != lock) at = &(*at)->next;
        *at = lock->next;
    }
    pthread_mutex_unlock(&store->write_lock);
    if (!lock) return;
    close(lock->fd); /* the file stays: removing it would let two processes lock two files */
    free(lock);
}
