/* SPDX-License-Identifier: Apache-2.0 */
/* store.h: the face of the store room, the only place with SQL. One SQLite file (WAL,
 * synchronous=FULL, STRICT) holds inbox, resources, rows, verdicts, Flags' states, outbox and
 * audit, so that one transaction makes a message durable or leaves nothing of it. Two kinds of use:
 *   - a message is decided outside any transaction on what was read (each patient with its `rev`),
 * and committed by store_commit, which compares the revs first;
 *   - the sender takes outbox messages, and records every attempt and effect in the same
 * transaction as its audit entry. All handles of one process on one file share one `store`
 * (counted). Several processes may open the file. Every function is thread-safe. Functions return a
 * store_status; on anything but STORE_OK *fault has place and remedy and no patient data. What is
 * returned lives in the caller's arena. Only SQLITE_DONE means "no more". */
#ifndef FHIRTRIAL_STORE_STORE_H
#define FHIRTRIAL_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"

typedef struct store store;

typedef enum store_status {
    STORE_OK,
    STORE_NONE,     /* nothing there */
    STORE_CONFLICT, /* a rev changed since it was read: decide again */
    STORE_BUSY,     /* another writer held the file past the time-out: retry later */
    STORE_FULL,     /* no space: nothing was stored, retry later */
    STORE_BROKEN    /* I/O fault, corruption, newer schema, tampering: stop and alarm */
} store_status;

typedef struct store_options {
    str path; /* absolute */
    int64_t busy_ms;
    int64_t max_pages; /* 0: no limit (tests) */
    const digest *digest;
} store_options;

/* Opens or creates (0600, owner checked); the same file already open in this process gives the same
 * store with one more reference. A file of something else or of a newer schema is refused before
 * anything in it changes; pages (up to 256 MiB of them) and the audit trail's last link are
 * checked. No store may be used across a fork. */
store_status store_open(const store_options *options, store **out, fault *fault);
void store_close(store *store);
/* quick_check, schema version, chain head; for `health`. */
store_status store_check(store *store, fault *fault);

/* --- messages under way (inflight.c) --- */
/* A message that was under way at so many deaths of a process, and was never worked off between
 * them, is quarantined. */
enum { INFLIGHT_CRASHES = 2 };
/* Marks that this thread works on the message with this hash; *mark is for store_inflight_end.
 * False: it is quarantined and must not be worked on. Any number of threads, of any process on the
 * store. [never blocks on the disk] */
bool store_inflight_begin(store *store, const uint8_t sha256[DIGEST_BYTES], int *mark);
/* The thread got through a part; done: through all of it, whatever became of the message, so that
 * earlier deaths are forgotten. */
void store_inflight_end(store *store, int mark, bool done);
/* How many messages are quarantined; and all that were under way at a death: JSON array of {sha256,
 * crashes, quarantined, firstMs, lastMs}. */
int64_t store_quarantined(store *store);
void store_quarantine_json(store *store, buf *out);
/* The operator's command: the message may come in again. STORE_NONE: no such message. Audited. */
store_status store_quarantine_release(store *store, str sha256, fault *fault);

/* --- inbox --- */
typedef struct stored_result {
    bool same_bytes;
    int32_t code;
    str document;
} stored_result;
/* STORE_NONE when (source, message id) is new; else whether the bytes were the same and the result
 * given then. */
store_status store_inbox_find(store *store, arena *arena, str source, str message_id,
                              const uint8_t sha256[DIGEST_BYTES], stored_result *out, fault *fault);

/* --- reading what a decision needs --- */
typedef struct resource_head {
    str type, id;
    str patient;     /* Patient id within the source, or empty */
    str version;     /* of the state in force, or of the removal, else of what was removed */
    str updated;     /* meta.lastUpdated, or empty */
    str content;     /* hex SHA-256 of the canonical content, or of what was removed */
    str view_digest; /* mapping digest its rows were made with */
    bool removed;
} resource_head;
/* STORE_NONE when never seen. */
store_status store_resource(store *store, arena *arena, str source, str type, str id,
                            resource_head *out, fault *fault);
/* Whether a state with these order facts is newer than the head: lastUpdated, else numeric
 * versionId, where both have it and they differ, else arrival (newer). Equal content is `same`, and
 * so is an equal version where a content is not known; a second removal that is not newer is too.
 * What a removal removed, or older, restores nothing. (contracts.md, Identity.) */
typedef enum order_result { ORDER_NEWER, ORDER_SAME, ORDER_OLDER } order_result;
order_result store_order(const resource_head *head, str version, str updated, str content,
                         bool removal);

typedef struct patient_ref {
    str source, id;
} patient_ref;
/* What ties a patient to another: its own Patient.link, another's Patient.link to it, or an
 * identifier of one of `systems` that both have. */
typedef enum edge_kind { EDGE_LINK_OUT, EDGE_LINK_IN, EDGE_IDENTIFIER } edge_kind;
typedef struct patient_edge {
    patient_ref other;
    edge_kind kind;
} patient_edge;
/* Every patient the store has heard of, by source and id: for exports. */
store_status store_everybody(store *store, arena *arena, patient_ref **out, isize *n, fault *fault);
store_status store_edges(store *store, arena *arena, patient_ref patient, const str *systems,
                         isize system_count, patient_edge **out, isize *n, fault *fault);
/* Patients of any source that have the identifier. */
store_status store_holders(store *store, arena *arena, str system, str value, patient_ref **out,
                           isize *n, fault *fault);
typedef struct patient_state {
    int64_t rev;     /* 0: never seen */
    str identifiers; /* JSON array of [system, value], or empty */
    str links;       /* JSON array of [type, other id], or empty */
    bool known;      /* its Patient resource is here */
    str decided;     /* mapping digest under which he was last decided, or empty */
} patient_state;
store_status store_patient(store *store, arena *arena, patient_ref patient, patient_state *out,
                           fault *fault);
typedef struct stored_row {
    str view, type, id; /* resource within the patient's source */
    str version, updated, cells;
    str view_digest;
    int64_t row;
} stored_row;
/* All rows of one patient, ordered by (view, type, id, row). */
store_status store_rows(store *store, arena *arena, patient_ref patient, stored_row **out, isize *n,
                        fault *fault);
/* Last verdict of a patient key for a study: its canonical JSON's SHA-256 and kind; STORE_NONE
 * before the first. */
typedef struct last_verdict {
    str kind;
    str sha256;
    str mapping_digest;
    str decided;
} last_verdict;
store_status store_last_verdict(store *store, arena *arena, patient_ref patient, str study,
                                last_verdict *out, fault *fault);
/* State of one Flag as decided (not as delivered). `identifier` is the Flag identifier; it and
 * `endpoint` outlive the result. */
typedef struct stored_flag {
    str endpoint, study, patient_key, identifier, status, code, start, end, hold_since;
    int64_t seq;
} stored_flag;
store_status store_flag(store *store, arena *arena, str endpoint, str identifier, stored_flag *out,
                        fault *fault);

/* --- committing one message (or several, in one commit) --- */
typedef struct resource_write {
    patient_ref patient; /* id empty: of no patient */
    str type, id, version, updated, content;
    bool removal;
    bool unseen;            /* decided on as one that was never stored: STORE_CONFLICT if it is */
    str bytes;              /* kept compressed; empty: not kept */
    const stored_row *rows; /* replaces all rows of the resource */
    isize row_count;
    str view_digest;
    str identifiers, links; /* Patient only; NULL pointer: unchanged */
} resource_write;
typedef struct verdict_write {
    patient_ref patient;
    str study, kind, document; /* canonical verdict JSON */
    str record_sha256, mapping_digest, study_digest, library_version;
    str clock;  /* evaluation clock, instant */
    str inputs; /* JSON array of "source|Type/id/_history/version" read, and links */
} verdict_write;
typedef struct flag_write_row {
    stored_flag flag;
    str why;  /* row of the transition table */
    str body; /* Flag JSON for the outbox; empty: state only (hold) */
    str patient_key;
} flag_write_row;
/* A patient that was decided: when time alone may change the result (Unix ns; 0: never). */
typedef struct decided_patient {
    patient_ref patient;
    int64_t due;
} decided_patient;
typedef struct rev_check {
    patient_ref patient;
    int64_t rev;
} rev_check;
typedef struct message_write {
    str source, message_id; /* message_id empty: not remembered in the inbox */
    uint8_t sha256[DIGEST_BYTES];
    int32_t code;
    str document;  /* the result given to the host */
    int64_t clock; /* evaluation clock, Unix ns */
    const rev_check *revs;
    isize rev_count; /* of every patient read; each changed patient's rev grows by one */
    const patient_ref *touched;
    isize touched_count;
    const resource_write *resources; /* each (type, id) once */
    isize resource_count;
    const verdict_write *verdicts;
    isize verdict_count;
    const flag_write_row *flags;
    isize flag_count;
    const decided_patient *decided;
    isize decided_count;
    str mapping_digest; /* under which they were decided */
    const str *audit;
    isize audit_count; /* further audit entries: JSON objects without patient data beyond ids */
} message_write;
/* BEGIN IMMEDIATE; compare revs; write everything with audit entries; COMMIT. STORE_CONFLICT:
 * nothing was written, decide again. A message id that another process stored meanwhile with the
 * same bytes is STORE_CONFLICT too (look it up again). The document of a Flag's outbox sequence is
 * completed by the store: each enqueued body gets the next seq of its (endpoint, key). */
store_status store_commit(store *store, const message_write *message, fault *fault);

/* Many messages, one flush to disk. Between the two calls this thread has the store's one
 * transaction: what it reads is what it wrote, each store_commit (or other writing call) is a part
 * that fails by itself where it had written nothing yet, as in a conflict, and else (a full disk)
 * takes the group with it. Nothing is durable, so nothing may be acknowledged, before
 * store_group_end gave STORE_OK; on anything else nothing of the group was stored. Others in this
 * process and in other ones wait with their writing meanwhile, so a group ends soon. Begin that
 * does not give STORE_OK has begun nothing. */
store_status store_group_begin(store *store, fault *fault);
store_status store_group_end(store *store, fault *fault);

/* --- what never changes in the life of a store --- */
/* Remembers `value` under `name` at the first call; later STORE_CONFLICT where another value is
 * given. */
store_status store_pin(store *store, str name, str value, fault *fault);

/* --- mapping sets --- */
/* Keeps a mapping set's files (one JSON document, compressed) under its digest, once. */
store_status store_keep_mappings(store *store, str digest, str document, fault *fault);
/* (Re)makes one SQL view a mapping view for analysts, named view_<name>: row_source row_patient
 * row_resource row_version row_updated row_number, then each column as TEXT with its digits, and
 * beside a numeric one <column>_num REAL. An unchanged view is left alone. */
typedef struct sql_column {
    str name;
    bool numeric;
} sql_column;
store_status store_sql_view(store *store, str view, const sql_column *columns, isize n,
                            fault *fault);
/* Resources whose rows were made with another digest than `digest` and whose bytes are kept, at
 * most `most`: to be recomputed. Without their bytes, of which one can be as long as a message. */
typedef struct stale_resource {
    str source, type, id, version, updated, content;
    patient_ref patient;
    str bytes;
} stale_resource;
store_status store_stale(store *store, arena *arena, str digest, isize most, stale_resource **out,
                         isize *n, fault *fault);
/* The bytes of one of them, into `stale`; STORE_NONE when that state is not in force any more. */
store_status store_stale_bytes(store *store, arena *arena, stale_resource *stale, fault *fault);
/* Those of one patient. */
store_status store_stale_of(store *store, arena *arena, patient_ref patient, str digest,
                            stale_resource **out, isize *n, fault *fault);
/* Patients whose next decision is due at or before `now` (Unix ns), or who were last decided under
 * another mapping digest; at most `most`. */
store_status store_due_patients(store *store, arena *arena, int64_t now, str mapping_digest,
                                isize most, patient_ref **out, isize *n, fault *fault);

/* --- outbox: deliver's part (delivery.md section 5) --- */
typedef struct remote_state {
    str fhir_id, etag;
    int64_t seq;
    str body_sha256;
} remote_state;
typedef struct outbox_message {
    int64_t id, seq;
    str endpoint, key;     /* key = Flag identifier value; `endpoint` is the caller's */
    str body, body_sha256; /* Flag JSON; hex */
    int attempts;
    bool recovered;      /* was in flight when a sender died: read before sending */
    remote_state remote; /* what the server is known to hold; empty: nothing */
} outbox_message;
/* One sender per endpoint: takes the lock (flock on a file beside the store, and an epoch);
 * STORE_NONE when another process has it. Messages left in flight become ready and `recovered`. */
store_status store_sender_lock(store *store, str endpoint, fault *fault);
void store_sender_unlock(store *store, str endpoint);
/* No message of the endpoint waits beyond `until_ms` (wall time in Unix ms): times that were stored
 * before the clock was set back are brought down to it. */
store_status store_outbox_limit_waits(store *store, str endpoint, int64_t until_ms, fault *fault);
/* The next due message per key whose head is not in flight or parked, at most `most`; superseded
 * older ones of the same key are marked so. `now_ms` is wall time in Unix ms. */
store_status store_outbox_due(store *store, arena *arena, str endpoint, int64_t now_ms, isize most,
                              outbox_message **out, isize *n, fault *fault);
/* Commits `inflight`, attempts + 1 and the request id of every message in the list, before the
 * first byte of any leaves. `begun` is false afterwards for one that is ready no more, or whose
 * endpoint another sender has taken over. */
typedef struct outbox_start {
    int64_t id;
    str request_id;
    bool begun;
} outbox_start;
store_status store_outbox_begin(store *store, outbox_start *list, isize n, fault *fault);
typedef struct outbox_outcome {
    int64_t id;
    str request_id;
    const char *class; /* ok retry ambiguous reconcile auth permanent config (static) */
    int http;          /* 0: none */
    bool unsent;       /* nothing left: ready as if it had not been begun; the rest is not read */
    bool done, park;   /* neither: ready again at next_wall_ms */
    int64_t next_wall_ms;
    str reason;                 /* short, no patient data */
    str outcome;                /* the server's OperationOutcome, kept in the store only */
    const remote_state *remote; /* new remote state, or NULL */
} outbox_outcome;
/* All in one transaction, each with its audit entry. */
store_status store_outbox_end(store *store, const outbox_outcome *const *list, isize n,
                              fault *fault);
store_status store_remote(store *store, arena *arena, str endpoint, str key, remote_state *out,
                          fault *fault);
/* Our seq of a key is raised above the server's (lost or restored store); audited. */
store_status store_raise_seq(store *store, int64_t id, int64_t above, int64_t *seq, fault *fault);
/* Milliseconds (wall) until the endpoint's next due message: 0 now; -1 nothing waits. */
int64_t store_outbox_wait_ms(store *store, str endpoint, int64_t now_ms);

/* --- for people: JSON documents written to `out` --- */
store_status store_outbox_json(store *store, str state /* empty: all */, buf *out, fault *fault);
/* The operator's commands. STORE_NONE: no such message; STORE_CONFLICT: not in a state for it. */
store_status store_outbox_retry(store *store, int64_t id, fault *fault); /* parked -> ready */
store_status store_outbox_park(store *store, int64_t id, str reason, fault *fault);
store_status store_audit_json(store *store, int64_t from, int64_t most, buf *out, fault *fault);
/* Appends one entry of its own transaction (operator's commands, configuration changes). */
store_status store_audit_add(store *store, const char *action, str detail_json, fault *fault);
/* What verifying found. */
typedef struct audit_report {
    int64_t entries;           /* that hold, from the first */
    int64_t bad;               /* the first that does not; 0: all do */
    char head[DIGEST_HEX + 1]; /* hash of the last that holds, hex: for a note kept elsewhere */
    int64_t expected_at;       /* the entry with the expected hash; 0: none has it */
    char record[640];          /* the first row that is not as it was written; empty: all are */
    int64_t record_entry;      /* the entry that vouches for it; 0: none does */
    int64_t records;           /* rows that were compared */
} audit_report;
/* Recomputes the chain, and compares the rows of resources, kept bytes, views, verdicts, Flags and
 * outbox with what the trail says was written. `expect`: hash (hex) of an entry that an auditor
 * noted elsewhere, or empty; an end of the trail that was cut off shows by it only. Reads on a
 * connection of its own, as of one moment, and holds nobody up. */
store_status store_audit_verify(store *store, str expect, audit_report *out, fault *fault);
/* Counters: messages, resources, rows, verdicts, outbox by state, oldest waiting seconds. */
store_status store_stats_json(store *store, int64_t now_ms, buf *out, fault *fault);
/* Every patient with a decision: JSON array of {source, patient, study, verdict, decided}. */
store_status store_patients_json(store *store, buf *out, fault *fault);
/* The stored verdict document and its circumstances, for `explain`. */
store_status store_verdict_json(store *store, patient_ref patient, str study, buf *out,
                                fault *fault);
/* A Flag as decided, what the endpoint is known to hold of it, and how its newest message fared:
 * {endpoint, identifier, status, code, start, end, holdSince, why, changedMs, seq, remote: {id,
 * version, seq} | null, message: {id, seq, state, attempts, class, http, reason, endedMs} | null}.
 * STORE_NONE: no such Flag. */
store_status store_flag_json(store *store, str endpoint, str identifier, buf *out, fault *fault);
/* Deletes superseded bytes and finished outbox rows older than the retention; audited. In several
 * transactions where there are many. */
store_status store_purge(store *store, int64_t before_ms, fault *fault);

#endif
