/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing: one store a file and process, and the frame in which every call reads or
 * writes. */
#include "store/inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static store *registry;

enum {
    SCRATCH_BYTES = 512 << 20, /* a message of the greatest size and its compressed copy */
    CHECKED_BYTES = 256 << 20  /* a larger file is checked by store_check only: it takes seconds */
};

int64_t store_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int64_t store_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* --- the frame of a call --- */

/* The store whose group this thread has open, or NULL. */
static __thread const store *grouped;

bool store_grouped(const store *s) { return grouped == s; }

/* A call is one of three: a reading one, one with a transaction of its own, or a part of the
 * group's transaction. */
typedef enum frame { FRAME_READ, FRAME_TRANSACTION, FRAME_PART } frame;

/* What the last transaction knew of the tables' ends: other processes append too. */
static void forget_ends(store *s) {
    s->head.known = false;
    s->last_kept = -1;
}

static void frame_begin(const call *c, frame frame) {
    if (frame == FRAME_TRANSACTION) {
        forget_ends(c->store);
        db_begin(c->db);
    }
    if (frame == FRAME_PART) db_part_begin(c->db);
    if (frame != FRAME_READ) c->store->seals = (buf){0};
}

static void frame_end(const call *c, frame frame) {
    if (frame == FRAME_TRANSACTION) db_finish(c->db);
    if (frame != FRAME_PART) return;
    db_part_end(c->db);
    if (!db_ok(c->db)) forget_ends(c->store);
}

/* One call on one connection. What was raised, and not what SQLite refused, is in *raised. */
static store_status run(call *c, fault *fault, void (*step)(void *), frame frame,
                        struct fault *raised) {
    landing here;
    landing *outer = c->arena->landing;
    raised->code = FAULT_NONE;
    db_ready(c->db, fault);
    frame_begin(c, frame);
    c->arena->landing = &here;
    if (db_ok(c->db) && !guarded(&here, step, c)) {
        *raised = here.fault;
        db_fail(c->db, here.fault.code == FAULT_NOMEM ? STORE_BUSY : STORE_BROKEN, "store: %s",
                here.fault.text);
    }
    c->arena->landing = outer;
    if (frame != FRAME_READ && db_ok(c->db) && c->store->seals.n > 0)
        db_fail(c->db, STORE_BROKEN, "store: rows were written without an audit entry");
    frame_end(c, frame);
    store_status status = c->db->status;
    db_ready(c->db, NULL);
    return status;
}

/* A group reads what it has written itself: on its own connection, whose lock it holds. */
store_status store_read(store *s, arena *a, fault *fault, void (*step)(void *), call *c) {
    struct fault raised;
    bool own = store_grouped(s);
    *c = (call){s, own ? &s->writer : &s->reader, a};
    if (!own) pthread_mutex_lock(&s->read_lock);
    store_status status = run(c, fault, step, FRAME_READ, &raised);
    if (!own) pthread_mutex_unlock(&s->read_lock);
    /* The caller's arena is at its end: his landing is told now that nothing is held. */
    if (raised.code != FAULT_NONE && a->landing && a->landing->armed) {
        fault_raise(a->landing, raised.code, raised.at, "%s", raised.text);
    }
    return status;
}

store_status store_write(store *s, fault *fault, void (*step)(void *), call *c) {
    struct fault raised;
    bool own = store_grouped(s);
    if (!own) pthread_mutex_lock(&s->write_lock);
    *c = (call){s, &s->writer, &s->scratch};
    store_status status = run(c, fault, step, own ? FRAME_PART : FRAME_TRANSACTION, &raised);
    arena_clear(&s->scratch);
    if (!own) pthread_mutex_unlock(&s->write_lock);
    return status;
}

/* --- many calls, one commit --- */

store_status store_group_begin(store *s, fault *fault) {
    pthread_mutex_lock(&s->write_lock);
    db_ready(&s->writer, fault);
    forget_ends(s);
    db_begin(&s->writer);
    store_status status = s->writer.status;
    db_ready(&s->writer, NULL);
    if (status == STORE_OK)
        grouped = s;
    else
        pthread_mutex_unlock(&s->write_lock);
    return status;
}

store_status store_group_end(store *s, fault *fault) {
    db_ready(&s->writer, fault);
    if (!db_in_transaction(&s->writer)) /* SQLite undid it all after a full disk or an I/O error */
        db_fail(&s->writer, STORE_BUSY, "store: nothing of the group was stored: try again");
    db_finish(&s->writer);
    store_status status = s->writer.status;
    db_ready(&s->writer, NULL);
    grouped = NULL;
    pthread_mutex_unlock(&s->write_lock);
    return status;
}

str store_sha256(call *c, str text) {
    uint8_t hash[DIGEST_BYTES];
    char *hex = arena_new(c->arena, char, DIGEST_HEX);
    if (!c->store->digest->sha256(text, hash)) {
        db_fail(c->db, STORE_BROKEN, "store: SHA-256 is not available");
        return (str){0};
    }
    digest_hex(hash, hex);
    return (str){hex, DIGEST_HEX};
}

/* --- the file --- */

static store_status refuse(fault *fault, const char *path, const char *why) {
    if (fault) fault_set(fault, FAULT_STORE, -1, "store %s: %s", path, why);
    return STORE_BROKEN;
}

static store_status refuse_errno(fault *fault, const char *path, const char *doing) {
    char text[128];
    snprintf(text, sizeof text, "cannot %s (errno %d): check the path and its owner", doing, errno);
    return refuse(fault, path, text);
}

/* Locks of POSIX files are not kept by servers that crash: SQLite's log would not be safe there. */
static bool on_network(const char *path) {
    static const unsigned long types[] = {0x6969 /* NFS */,
                                          0x517b /* SMB */,
                                          0xff534d42 /* CIFS */,
                                          0xfe534d42 /* SMB2 */,
                                          0x01021997 /* 9P */,
                                          0x5346414f /* AFS */,
                                          0x00c36400 /* Ceph */};
    struct statfs system;
    if (statfs(path, &system) != 0) return false;
    for (isize i = 0; i < COUNT_OF(types); i++) {
        if (((unsigned long)system.f_type & 0xffffffffu) == types[i]) return true;
    }
    return false;
}

/* The path with its folder resolved, malloc'ed: SQLite is asked to follow no link. */
static char *resolve(str path) {
    char *given = strndup(path.p ? path.p : "", (size_t)path.n);
    char *slash = given ? strrchr(given, '/') : NULL;
    char *whole = NULL;
    if (slash && given[0] == '/' && slash[1] != '\0') {
        *slash = '\0';
        char *folder = realpath(slash == given ? "/" : given, NULL);
        if (folder) {
            if (asprintf(&whole, "%s%s%s", folder, folder[1] ? "/" : "", slash + 1) < 0)
                whole = NULL;
        }
        free(folder);
    }
    free(given);
    return whole;
}

/* Makes the file where it is absent, 0600; an existing one must be ours and nobody else's to read.
 * It is never opened here: closing a descriptor would drop the locks of another connection. */
static store_status prepare_file(const char *path, struct stat *about, fault *fault) {
    if (lstat(path, about) != 0) {
        if (errno != ENOENT) return refuse_errno(fault, path, "look at the file");
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno != EEXIST) return refuse_errno(fault, path, "make the file");
        if (fd >= 0) close(fd);
        if (lstat(path, about) != 0) return refuse_errno(fault, path, "look at the file");
    }
    if (!S_ISREG(about->st_mode)) return refuse(fault, path, "is no regular file");
    if (about->st_uid != geteuid()) {
        return refuse(fault, path, "belongs to another user: run as its owner");
    }
    if (on_network(path)) {
        return refuse(fault, path, "is on a network file system: use a local disk");
    }
    if ((about->st_mode & 077) != 0) {
        return refuse(fault, path, "can be read by others: chmod 600 it and its -wal and -shm");
    }
    return STORE_OK;
}

/* --- the whole file --- */

static int64_t pragma(db *d, const char *sql) { return db_number(d, sql, NO_VALUES, 0); }

static void quick_check(db *d) {
    query q = db_query(d, "PRAGMA quick_check(1)", NO_VALUES);
    if (!db_row(&q)) return;
    bool fine = str_eq(db_text(&q, 0), S("ok"));
    db_done(&q);
    if (!fine) {
        db_fail(d, STORE_BROKEN,
                "store: the file is damaged (quick_check): stop, keep it, and restore a backup");
    }
}

static void open_step(void *state) {
    call *c = state;
    int64_t bytes = pragma(c->db, "PRAGMA page_count") * pragma(c->db, "PRAGMA page_size");
    if (bytes <= CHECKED_BYTES) quick_check(c->db);
    schema_prepare(c);
    audit_check_head(c);
}

static void check_step(void *state) {
    call *c = state;
    if (schema_version(c->db) != STORE_SCHEMA)
        db_fail(c->db, STORE_BROKEN, "store: the file was replaced while it was open");
    quick_check(c->db);
    audit_check_head(c);
}

store_status store_check(store *s, fault *fault) {
    call c;
    return store_write(s, fault, check_step, &c);
}

/* --- one store a file and process --- */

static void read_boot_id(char boot[BOOT_ID + 1]) {
    memcpy(boot, "unknown", 8);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    char text[BOOT_ID];
    if (read(fd, text, BOOT_ID) == BOOT_ID) {
        memcpy(boot, text, BOOT_ID);
        boot[BOOT_ID] = '\0';
    }
    close(fd);
}

inflight *store_inflight(store *s) { return s->inflight; }

static void free_store(store *s) {
    inflight_close(s->inflight);
    db_close(&s->reader);
    db_close(&s->writer);
    arena_release(&s->scratch);
    packer_free(s->packer);
    pthread_mutex_destroy(&s->read_lock);
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->queue_lock);
    pthread_cond_destroy(&s->queue_moved);
    free(s->path);
    free(s);
}

static store *new_store(char *path, const digest *digest) {
    store *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->path = path;
    s->digest = digest;
    s->references = 1;
    arena_init(&s->scratch, SCRATCH_BYTES, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_mutex_init(&s->write_lock, NULL);
    pthread_mutex_init(&s->queue_lock, NULL);
    pthread_cond_init(&s->queue_moved, NULL);
    read_boot_id(s->boot);
    return s;
}

/* Takes over `path`. */
static store_status open_new(char *path, const store_options *o, store **out, fault *fault) {
    call c;
    store *s = new_store(path, o->digest);
    if (!s) {
        free(path);
        if (fault) fault_set(fault, FAULT_NOMEM, -1, "store: no memory");
        return STORE_BUSY;
    }
    if (!db_open(&s->writer, path, o->busy_ms, o->max_pages, fault) ||
        (schema_version(&s->writer), !db_ok(&s->writer)) ||
        !db_write_ahead(&s->writer, o->busy_ms)) {
        store_status status = s->writer.status;
        free_store(s);
        return status;
    }
    store_status status = store_write(s, fault, open_step, &c);
    if (status == STORE_OK && !db_open(&s->reader, path, o->busy_ms, o->max_pages, fault)) {
        status = s->reader.status;
    }
    if (status == STORE_OK) status = inflight_open(s, path, &s->inflight, fault);
    if (status != STORE_OK) {
        free_store(s);
        return status;
    }
    *out = s;
    return STORE_OK;
}

static store *already_open(const struct stat *about) {
    for (store *s = registry; s; s = s->next) {
        if (s->device == about->st_dev && s->inode == about->st_ino) return s;
    }
    return NULL;
}

static store_status open_locked(char *path, const store_options *o, store **out, fault *fault) {
    struct stat about;
    store_status status = prepare_file(path, &about, fault);
    store *shared = status == STORE_OK ? already_open(&about) : NULL;
    if (status != STORE_OK || shared) {
        free(path);
        if (shared) shared->references++;
        *out = shared;
        return status;
    }
    status = open_new(path, o, out, fault);
    if (status != STORE_OK) return status;
    (*out)->device = about.st_dev;
    (*out)->inode = about.st_ino;
    (*out)->next = registry;
    registry = *out;
    return STORE_OK;
}

store_status store_open(const store_options *options, store **out, fault *fault) {
    *out = NULL;
    char *path = resolve(options->path);
    if (!path) {
        if (fault) {
            fault_set(fault, FAULT_STORE, -1,
                      "store %.*s: the path must be absolute and its folder must exist",
                      STR_ARGS(options->path));
        }
        return STORE_BROKEN;
    }
    pthread_mutex_lock(&registry_lock);
    store_status status = open_locked(path, options, out, fault);
    pthread_mutex_unlock(&registry_lock);
    return status;
}

void store_close(store *s) {
    if (!s) return;
    pthread_mutex_lock(&registry_lock);
    bool last = --s->references == 0;
    if (last) {
        store **at = &registry;
        while (*at != s) at = &(*at)->next;
        *at = s->next;
        while (s->senders) store_sender_unlock(s, str_from(s->senders->endpoint));
        free_store(s);
    }
    pthread_mutex_unlock(&registry_lock);
}
