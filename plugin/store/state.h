/* SPDX-License-Identifier: Apache-2.0 */
/* state.h: what the files of the store room share: the store itself, how a call reads or writes
 * under its lock, the audit chain, and compressed documents. A call's work is a step that runs
 * guarded with its arena's faults landing here, so that running out of memory gives back lock,
 * statement and transaction first and is raised to the caller afterwards. */
#ifndef FHIRTRIAL_STORE_STATE_H
#define FHIRTRIAL_STORE_STATE_H

#include "store/db.h"

#include <pthread.h>
#include <sys/types.h>

enum { STORE_SCHEMA = 4, STORE_APPLICATION = 0x46485452 /* "FHTR" */, BOOT_ID = 36 };

/* A message waiting for the leader of a group commit. */
typedef struct commit_request commit_request;

/* An endpoint whose only sender this process is. */
typedef struct sender_lock {
    struct sender_lock *next;
    int fd;
    int64_t epoch;
    char endpoint[];
} sender_lock;

/* The last entry of the audit trail as the transaction under way knows it. */
typedef struct chain_head {
    bool known;
    int64_t seq;
    uint8_t hash[DIGEST_BYTES];
} chain_head;

struct store {
    struct store *next; /* open stores of this process */
    int references;
    dev_t device;
    ino_t inode;
    char *path;
    char boot[BOOT_ID + 1];
    const digest *digest;

    pthread_mutex_t read_lock;
    db reader;
    pthread_mutex_t write_lock;
    db writer;
    arena scratch; /* of the writer, cleared by each call */
    chain_head head;
    int64_t last_kept;     /* greatest key in `kept`, as head; -1: not asked yet */
    buf seals;             /* seal.c's, for the next audit entry of the call; in `scratch` */
    struct packer *packer; /* pack.c's, used with the write lock */
    sender_lock *senders;
    struct inflight *inflight; /* inflight.c's */

    pthread_mutex_t queue_lock; /* group commit */
    pthread_cond_t queue_moved;
    commit_request *queue;
    bool leading;
};

/* The first member of every step's state. */
typedef struct call {
    store *store;
    db *db;
    arena *arena; /* the caller's when reading, the writer's scratch when writing */
} call;

/* Runs step(call) on the reading connection. Results go into `arena`. */
store_status store_read(store *s, arena *a, fault *fault, void (*step)(void *), call *c);
/* Runs step(call) in one transaction of the writing connection: committed when the status is
 * STORE_OK at its end, else rolled back. In a group it is a part of the group's transaction. */
store_status store_write(store *s, fault *fault, void (*step)(void *), call *c);

/* Whether the calling thread has a group open on the store. */
bool store_grouped(const store *s);

/* --- audit.c --- */
/* Appends {"seq","utc","mono","boot","version","action", members...} to the chain, within the
 * transaction of a writing step. `members` is JSON text without braces, or empty. */
void audit_append(call *c, const char *action, str members);
/* What was sealed in the step before goes with it. JSON members for it: ,"name":"text" and
 * ,"name":number. */
void audit_text(buf *members, const char *name, str text);
void audit_number(buf *members, const char *name, int64_t n);
buf audit_members(call *c);
/* hash = SHA-256(hash of the entry before, entry) */
bool audit_chain(call *c, const uint8_t previous[DIGEST_BYTES], str entry,
                 uint8_t hash[DIGEST_BYTES]);

/* --- verify.c --- */
/* Recomputes the last entry's hash; the store is broken where it differs. */
void audit_check_head(call *c);

/* --- schema.c --- */
/* The file's schema, 0 where it holds nothing yet. What is not ours, or newer, sets the status and
 * is left untouched. */
int schema_version(db *d);
/* Makes the schema, or takes a store of an earlier one to it, within the transaction of a writing
 * step; audited. */
void schema_prepare(call *c);

/* --- pack.c --- */
/* `text` compressed, in the call's arena; for writing steps. */
str pack(call *c, str text);
/* The same for FHIR JSON, with the dictionary of its words. */
str pack_resource(call *c, str text);
void packer_free(struct packer *packer);
/* The other way; a stream that is damaged breaks the store. */
str unpack(call *c, str packed, int64_t size);

/* --- dictionary.c --- */
extern const str pack_dictionary;

/* --- patients.c --- */
/* Key of the row of a patient who is not stored yet; 0 on an error. */
int64_t patient_insert(db *d, patient_ref patient);

/* --- resource.c --- */
/* What is stored of a resource before a message writes it. */
typedef struct stored_head {
    int64_t pk, kept;
    bool same_content;
} stored_head;
/* STORE_CONFLICT where a newer state of it came meanwhile; nothing is written. */
stored_head find_head(call *c, str source, const resource_write *r);
/* Writes the state, bytes, rows and identity of a resource over its head; `patient` is the key of
 * whose it is, or 0. */
void write_resource(call *c, str source, int64_t patient, stored_head head,
                    const resource_write *r);

int64_t store_wall_ms(void);
int64_t store_monotonic_ns(void);
/* Lower-case hex of the SHA-256 in the call's arena. */
str store_sha256(call *c, str text);

/* Room for one more element of a growing list. */
#define GROW(c, list, n, cap)                                                                      \
    do {                                                                                           \
        if ((n) < (cap)) break;                                                                    \
        isize more_ = (cap) ? (cap)*2 : 8;                                                         \
        (list) = arena_grow((c)->arena, (list), (cap), more_, (isize)sizeof *(list),               \
                            (isize) _Alignof(max_align_t));                                        \
        (cap) = more_;                                                                             \
    } while (0)

#endif
