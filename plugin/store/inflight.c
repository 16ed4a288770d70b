/* SPDX-License-Identifier: Apache-2.0 */
/* inflight.c: which messages are being worked on, in a mapped file beside the store (`-inflight`).
 * What a process writes there is in the kernel's page and survives the process, so the next one to
 * open the store sees what was under way when the last one died. A message that was under way at
 * two deaths, and was not worked off in between, is quarantined: an engine that replays it at every
 * start must not die for ever.
 *
 * A process owns one row, which it holds by a lock on one byte (F_OFD_SETLK: the kernel lets go of
 * it with the process); a row that can be locked is that of a dead process. A slot is one message
 * under way; a suspect is a message that was under way at a death. All processes on the store map
 * the same file, so what one learns all know. */
#include "store/inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROWS = 64,
    SLOTS = 512,
    SUSPECTS = 256,
    CLAIMED = 1 << 16,   /* a slot whose hash is not written yet: with the row below it */
    LOCKED_AT = 1 << 20, /* the bytes that stand for rows, behind the file's end */
    GUARD = ROWS         /* one more byte: whoever changes suspects */
};

typedef struct slot {
    _Atomic uint32_t owner; /* 0: free; row + 1 */
    uint8_t sha256[DIGEST_BYTES];
    uint8_t unused[28];
} slot;

typedef struct suspect {
    _Atomic uint32_t crashes; /* 0: free */
    uint32_t unused;
    int64_t first_ms, last_ms;
    uint8_t sha256[DIGEST_BYTES];
    uint8_t more[8];
} suspect;

typedef struct journal_page {
    char magic[8];
    _Atomic uint32_t suspects; /* in use */
    uint8_t unused[52];
    slot slots[SLOTS];
    suspect list[SUSPECTS];
} journal_page;
_Static_assert(sizeof(slot) == 64 && sizeof(suspect) == 64, "entries do not share a cache line");

static const char magic[8] = {'F', 'H', 'T', 'R', 'F', 'L', 'Y', '1'};

struct inflight {
    int fd;
    uint32_t row; /* + 1; 0: all rows are taken, nothing is watched */
    _Atomic uint32_t hint;
    pthread_mutex_t lock; /* this process's threads among suspects */
    journal_page *page;
};

/* --- locks --- */

static bool lock_byte(int fd, int byte, short type, bool wait) {
    struct flock l = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = LOCKED_AT + byte, .l_len = 1};
    int result;
    do result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

static void suspects_lock(inflight *f) {
    pthread_mutex_lock(&f->lock);
    (void)lock_byte(f->fd, GUARD, F_WRLCK, true);
}

static void suspects_unlock(inflight *f) {
    (void)lock_byte(f->fd, GUARD, F_UNLCK, false);
    pthread_mutex_unlock(&f->lock);
}

/* --- suspects; the lock is held --- */

static suspect *find(inflight *f, const uint8_t sha256[DIGEST_BYTES]) {
    for (int i = 0; i < SUSPECTS; i++) {
        suspect *s = &f->page->list[i];
        if (atomic_load(&s->crashes) > 0 && memcmp(s->sha256, sha256, DIGEST_BYTES) == 0) return s;
    }
    return NULL;
}

static void drop(inflight *f, suspect *s) {
    atomic_store(&s->crashes, 0);
    atomic_fetch_sub(&f->page->suspects, 1);
}

/* A free entry, or that of the suspect of one crash who was seen the longest ago; NULL where all
 * are quarantined. */
static suspect *room(inflight *f) {
    suspect *oldest = NULL;
    for (int i = 0; i < SUSPECTS; i++) {
        suspect *s = &f->page->list[i];
        uint32_t crashes = atomic_load(&s->crashes);
        if (crashes == 0) return s;
        if (crashes < INFLIGHT_CRASHES && (!oldest || s->last_ms < oldest->last_ms)) oldest = s;
    }
    if (oldest) drop(f, oldest);
    return oldest;
}

/* True where the message is quarantined by this. */
static bool count_crash(inflight *f, const uint8_t sha256[DIGEST_BYTES]) {
    suspect *s = find(f, sha256);
    int64_t now = store_wall_ms();
    if (!s) {
        s = room(f);
        if (!s) return false;
        memcpy(s->sha256, sha256, DIGEST_BYTES);
        s->first_ms = s->last_ms = now;
        atomic_store(&s->crashes, 1);
        atomic_fetch_add(&f->page->suspects, 1);
        return false;
    }
    s->last_ms = now;
    return atomic_fetch_add(&s->crashes, 1) + 1 == INFLIGHT_CRASHES;
}

/* --- opening --- */

/* What a dead process had under way becomes suspect; `found` gets what is quarantined now. */
static int take_over(inflight *f, uint32_t owner, uint8_t found[][DIGEST_BYTES], int n) {
    for (int i = 0; i < SLOTS; i++) {
        slot *s = &f->page->slots[i];
        uint32_t now = atomic_load(&s->owner);
        if ((now & ~(uint32_t)CLAIMED) != owner) continue;
        if (!(now & CLAIMED) && count_crash(f, s->sha256) && n < SLOTS)
            memcpy(found[n++], s->sha256, DIGEST_BYTES);
        atomic_store(&s->owner, 0);
    }
    return n;
}

/* Every row that can be locked has no living owner; the first becomes ours. */
static int take_rows(inflight *f, uint8_t found[][DIGEST_BYTES]) {
    int n = 0;
    for (int row = 0; row < ROWS; row++) {
        if (!lock_byte(f->fd, row, F_WRLCK, false)) continue;
        n = take_over(f, (uint32_t)row + 1, found, n);
        if (f->row == 0)
            f->row = (uint32_t)row + 1;
        else
            (void)lock_byte(f->fd, row, F_UNLCK, false);
    }
    return n;
}

static store_status refuse(fault *fault, store_status status, const char *path, const char *doing,
                           int error) {
    if (fault)
        fault_set(fault, FAULT_STORE, -1,
                  "store: cannot %s %s (errno %d): it stands beside the store and needs %zu bytes",
                  doing, path, error, sizeof(journal_page));
    return status;
}

/* The file with all its blocks, so that no write through the map can meet a full disk. */
static store_status map(inflight *f, const char *path, fault *fault) {
    struct stat about;
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0) return refuse(fault, STORE_BROKEN, path, "open", errno);
    if (fstat(f->fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid())
        return refuse(fault, STORE_BROKEN, path, "use", EPERM);
    if (!lock_byte(f->fd, GUARD, F_WRLCK, true))
        return refuse(fault, STORE_BROKEN, path, "lock", errno);
    int error = posix_fallocate(f->fd, 0, sizeof(journal_page));
    if (error != 0)
        return refuse(fault, error == ENOSPC || error == EDQUOT ? STORE_FULL : STORE_BROKEN, path,
                      "make", error);
    f->page = mmap(NULL, sizeof(journal_page), PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    if (f->page == MAP_FAILED) {
        f->page = NULL;
        return refuse(fault, STORE_BROKEN, path, "map", errno);
    }
    if (memcmp(f->page->magic, magic, sizeof magic) != 0) {
        memset(f->page, 0, sizeof *f->page);
        memcpy(f->page->magic, magic, sizeof magic);
    }
    return STORE_OK;
}

/* One entry of the audit trail for each message that is quarantined from now on. */
static store_status tell(store *s, uint8_t found[][DIGEST_BYTES], int n, fault *fault) {
    store_status status = STORE_OK;
    for (int i = 0; i < n && status == STORE_OK; i++) {
        char hex[DIGEST_HEX], text[128];
        digest_hex(found[i], hex);
        snprintf(text, sizeof text, "{\"sha256\":\"%.*s\",\"crashes\":%d}", DIGEST_HEX, hex,
                 INFLIGHT_CRASHES);
        status = store_audit_add(s, "quarantined", str_from(text), fault);
    }
    return status;
}

store_status inflight_open(store *s, const char *store_path, inflight **out, fault *fault) {
    char *path;
    uint8_t(*found)[DIGEST_BYTES] = calloc(SLOTS, sizeof *found);
    inflight *f = calloc(1, sizeof *f);
    if (!f || !found || asprintf(&path, "%s-inflight", store_path) < 0) {
        free(f);
        free(found);
        if (fault) fault_set(fault, FAULT_NOMEM, -1, "store: no memory");
        return STORE_BUSY;
    }
    f->fd = -1;
    pthread_mutex_init(&f->lock, NULL);
    *out = f;
    store_status status = map(f, path, fault);
    int n = status == STORE_OK ? take_rows(f, found) : 0;
    if (f->fd >= 0) (void)lock_byte(f->fd, GUARD, F_UNLCK, false);
    if (status == STORE_OK) status = tell(s, found, n, fault);
    free(path);
    free(found);
    return status;
}

void inflight_close(inflight *f) {
    if (!f) return;
    if (f->page) munmap(f->page, sizeof *f->page);
    if (f->fd >= 0) close(f->fd); /* lets go of the row */
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* --- a message --- */

static bool quarantined(inflight *f, const uint8_t sha256[DIGEST_BYTES]) {
    if (atomic_load(&f->page->suspects) == 0) return false;
    suspects_lock(f);
    const suspect *s = find(f, sha256);
    bool yes = s && atomic_load(&s->crashes) >= INFLIGHT_CRASHES;
    suspects_unlock(f);
    return yes;
}

bool store_inflight_begin(store *s, const uint8_t sha256[DIGEST_BYTES], int *mark) {
    inflight *f = store_inflight(s);
    *mark = -1;
    if (quarantined(f, sha256)) return false;
    if (f->row == 0) return true;
    for (int i = 0; i < SLOTS; i++) {
        uint32_t at = atomic_fetch_add(&f->hint, 1) % SLOTS, none = 0;
        slot *free_slot = &f->page->slots[at];
        if (!atomic_compare_exchange_strong(&free_slot->owner, &none, f->row | CLAIMED)) continue;
        memcpy(free_slot->sha256, sha256, DIGEST_BYTES);
        atomic_store(&free_slot->owner, f->row);
        *mark = (int)at;
        return true;
    }
    return true;
}

void store_inflight_end(store *s, int mark, bool done) {
    inflight *f = store_inflight(s);
    if (mark < 0) return;
    slot *mine = &f->page->slots[mark];
    if (done && atomic_load(&f->page->suspects) > 0) {
        suspects_lock(f);
        suspect *known = find(f, mine->sha256);
        if (known && atomic_load(&known->crashes) < INFLIGHT_CRASHES) drop(f, known);
        suspects_unlock(f);
    }
    atomic_store(&mine->owner, 0);
}

/* --- for people --- */

int64_t store_quarantined(store *s) {
    inflight *f = store_inflight(s);
    int64_t n = 0;
    for (int i = 0; i < SUSPECTS; i++)
        n += atomic_load(&f->page->list[i].crashes) >= INFLIGHT_CRASHES;
    return n;
}

void store_quarantine_json(store *s, buf *out) {
    inflight *f = store_inflight(s);
    suspect *copies = arena_new(out->arena, suspect, SUSPECTS);
    int n = 0;
    suspects_lock(f); /* nothing may raise before it is let go */
    for (int i = 0; i < SUSPECTS; i++)
        if (atomic_load(&f->page->list[i].crashes) > 0)
            memcpy(&copies[n++], &f->page->list[i], sizeof copies[0]);
    suspects_unlock(f);
    buf_byte(out, '[');
    for (int i = 0; i < n; i++) {
        char hex[DIGEST_HEX];
        uint32_t crashes = atomic_load(&copies[i].crashes);
        digest_hex(copies[i].sha256, hex);
        buf_printf(out,
                   "%s{\"sha256\":\"%.*s\",\"crashes\":%u,\"quarantined\":%s,\"firstMs\":%lld,"
                   "\"lastMs\":%lld}",
                   i ? "," : "", DIGEST_HEX, hex, crashes,
                   crashes >= INFLIGHT_CRASHES ? "true" : "false", (long long)copies[i].first_ms,
                   (long long)copies[i].last_ms);
    }
    buf_byte(out, ']');
}

static suspect *find_hex(inflight *f, str sha256) {
    for (int i = 0; i < SUSPECTS; i++) {
        char hex[DIGEST_HEX];
        suspect *s = &f->page->list[i];
        if (atomic_load(&s->crashes) == 0) continue;
        digest_hex(s->sha256, hex);
        if (str_eq(sha256, (str){hex, DIGEST_HEX})) return s;
    }
    return NULL;
}

/* Audited first: a release without a trace would be worse than a trace of one that was not done. */
store_status store_quarantine_release(store *s, str sha256, fault *fault) {
    inflight *f = store_inflight(s);
    char text[128];
    suspects_lock(f);
    bool known = find_hex(f, sha256) != NULL;
    suspects_unlock(f);
    if (!known) return STORE_NONE;
    snprintf(text, sizeof text, "{\"sha256\":\"%.*s\"}", STR_ARGS(sha256));
    store_status status = store_audit_add(s, "released", str_from(text), fault);
    if (status != STORE_OK) return status;
    suspects_lock(f);
    suspect *released = find_hex(f, sha256);
    if (released) drop(f, released);
    suspects_unlock(f);
    return STORE_OK;
}
