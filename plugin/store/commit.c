/* SPDX-License-Identifier: Apache-2.0 */
/* Committing messages. Callers queue up; the first becomes the leader and writes all that wait in
 * one transaction, so that many messages share one flush to disk. Whatever can be in conflict is
 * compared before anything of a message is written: a conflict of one does not undo another. */
#include "store/seal.h"

#include <stdlib.h>

enum { BATCH_MOST = 64 };

struct commit_request {
    commit_request *next;
    const message_write *message;
    fault *fault;
    store_status status;
    bool done;
};

/* --- patients of a message --- */

/* What the transaction knows of a patient: found once, used by everything that names him. */
typedef struct known_patient {
    patient_ref ref;
    int64_t pk, due;
    bool decided; /* under the message's mappings */
    bool any;
} known_patient;

enum { KNOWN_PATIENTS = 64 };

typedef struct message_call {
    call call;
    const message_write *message;
    known_patient known[KNOWN_PATIENTS]; /* by hash; a later one takes an earlier one's place */
} message_call;

static known_patient *place_of(message_call *w, patient_ref patient) {
    return &w->known[str_hash(patient.id) % KNOWN_PATIENTS];
}

/* Gives the patient's rev; 0 where he is not stored. */
static int64_t look_up(message_call *w, patient_ref patient, known_patient *out) {
    query q = db_query(w->call.db,
                       "SELECT pk, rev, due_ns, decided_under = ?3 FROM patient"
                       " WHERE source = ?1 AND id = ?2",
                       VALUES(T(patient.source), T(patient.id), T(w->message->mapping_digest)));
    if (!db_row(&q)) return 0;
    *out = (known_patient){patient, db_int(&q, 0), db_int(&q, 2), db_int(&q, 3) != 0, true};
    int64_t rev = db_int(&q, 1);
    db_done(&q);
    return rev;
}

static known_patient *known(message_call *w, patient_ref patient) {
    known_patient *k = place_of(w, patient);
    if (k->any && str_eq(k->ref.id, patient.id) && str_eq(k->ref.source, patient.source)) return k;
    *k = (known_patient){.ref = patient};
    (void)look_up(w, patient, k);
    if (k->pk == 0) k->pk = patient_insert(w->call.db, patient);
    k->any = k->pk != 0;
    return k;
}

/* --- one message --- */

static void write_inbox(call *c, const message_write *m) {
    if (m->message_id.n == 0) return;
    db_run(c->db, "INSERT OR IGNORE INTO inbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
           VALUES(T(m->source), T(m->message_id), B((str){(const char *)m->sha256, DIGEST_BYTES}),
                  N(m->code), B(pack(c, m->document)), N(m->document.n), N(m->clock),
                  N(store_wall_ms())));
    if (db_ok(c->db) && db_changes(c->db) == 0) {
        db_fail(c->db, STORE_CONFLICT, "store: another process stored this message meanwhile");
    }
}

static void check_revs(message_call *w) {
    for (isize i = 0; i < w->message->rev_count; i++) {
        const rev_check *r = &w->message->revs[i];
        known_patient *k = place_of(w, r->patient);
        *k = (known_patient){0};
        if (look_up(w, r->patient, k) == r->rev) continue;
        db_fail(w->call.db, STORE_CONFLICT, "store: a patient changed since it was read");
    }
}

static void write_verdict(message_call *w, const verdict_write *v) {
    call *c = &w->call;
    int64_t patient = known(w, v->patient)->pk;
    str sha256 = store_sha256(c, v->document);
    const value values[] = {N(patient),          T(v->study),
                            T(v->kind),          B(pack(c, v->document)),
                            N(v->document.n),    T(sha256),
                            T(v->record_sha256), T(v->mapping_digest),
                            T(v->study_digest),  T(v->library_version),
                            T(v->clock),         T(v->inputs),
                            N(store_wall_ms())};
    db_run(c->db,
           "INSERT INTO verdict (patient, study, kind, document, document_size, sha256,"
           " record_sha256, mapping_digest, study_digest, library_version, clock, inputs,"
           " decided_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
           values, COUNT_OF(values));
    if (db_ok(c->db)) seal(c, SEAL_VERDICT, db_last_key(c->db), values, COUNT_OF(values));
    buf members = audit_members(c);
    audit_text(&members, "source", v->patient.source);
    audit_text(&members, "patient", v->patient.id);
    audit_text(&members, "study", v->study);
    audit_text(&members, "verdict", v->kind);
    audit_text(&members, "sha256", sha256);
    audit_text(&members, "record", v->record_sha256);
    audit_text(&members, "mappings", v->mapping_digest);
    audit_text(&members, "clock", v->clock);
    audit_append(c, "verdict", buf_str(&members));
}

/* The number after the last one that we gave, or that the server showed. */
static int64_t next_seq(db *d, str endpoint, str key) {
    int64_t ours = db_number(d, "SELECT seq FROM flag WHERE endpoint = ?1 AND identifier = ?2",
                             VALUES(T(endpoint), T(key)), 0);
    int64_t theirs = db_number(d, "SELECT seq FROM remote WHERE endpoint = ?1 AND key = ?2",
                               VALUES(T(endpoint), T(key)), 0);
    return 1 + (ours > theirs ? ours : theirs);
}

static void write_flag(call *c, const flag_write_row *w) {
    const stored_flag *f = &w->flag;
    bool send = w->body.n > 0;
    int64_t seq = next_seq(c->db, f->endpoint, f->identifier) - (send ? 0 : 1);
    str patient_key = f->patient_key.n > 0 ? f->patient_key : w->patient_key;
    const value values[] = {T(f->endpoint),   T(f->identifier), T(f->study),        T(patient_key),
                            T(f->status),     T(f->code),       T(f->start),        T(f->end),
                            T(f->hold_since), T(w->why),        N(store_wall_ms()), N(seq)};
    db_run(c->db,
           "INSERT INTO flag (endpoint, identifier, study, patient_key, status, code, period_start,"
           " period_end, hold_since, why, changed_ms, seq)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
           " ON CONFLICT DO UPDATE SET study = ?3, patient_key = ?4, status = ?5, code = ?6,"
           " period_start = ?7, period_end = ?8, hold_since = ?9, why = ?10, changed_ms = ?11,"
           " seq = ?12",
           values, COUNT_OF(values));
    seal(c, SEAL_FLAG, seal_key(c, f->endpoint, f->identifier), values, COUNT_OF(values) - 1);
    buf members = audit_members(c);
    audit_text(&members, "endpoint", f->endpoint);
    audit_text(&members, "key", f->identifier);
    audit_text(&members, "patientKey", patient_key);
    audit_text(&members, "study", f->study);
    audit_text(&members, "status", f->status);
    audit_text(&members, "code", f->code);
    audit_text(&members, "why", w->why);
    if (send) {
        str sha256 = store_sha256(c, w->body);
        const value message[] = {T(f->endpoint), T(f->identifier),   T(w->body),
                                 T(sha256),      N(store_wall_ms()), N(seq)};
        db_run(c->db,
               "INSERT INTO outbox (endpoint, key, body, body_sha256, created_ms, seq, state)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'ready')",
               message, COUNT_OF(message));
        if (db_ok(c->db)) seal(c, SEAL_OUTBOX, db_last_key(c->db), message, COUNT_OF(message) - 1);
        audit_number(&members, "sequence", seq);
        audit_text(&members, "body", sha256);
    }
    audit_append(c, "flag", buf_str(&members));
}

static void audit_message(call *c, const message_write *m) {
    char hex[DIGEST_HEX];
    isize rows = 0;
    for (isize i = 0; i < m->resource_count; i++) rows += m->resources[i].row_count;
    digest_hex(m->sha256, hex);
    buf members = audit_members(c);
    audit_text(&members, "source", m->source);
    audit_text(&members, "message", m->message_id);
    audit_text(&members, "sha256", (str){hex, DIGEST_HEX});
    audit_number(&members, "code", m->code);
    audit_number(&members, "clockNs", m->clock);
    audit_number(&members, "resources", m->resource_count);
    audit_number(&members, "rows", rows);
    audit_append(c, "message", buf_str(&members));
}

/* --- revs --- */

/* A patient whose rev grows, and what was decided of him, where he was. */
typedef struct change {
    int64_t pk;
    const decided_patient *decided;
} change;

static int by_key(const void *a, const void *b) {
    const change *x = a, *y = b;
    if (x->pk != y->pk) return x->pk < y->pk ? -1 : 1;
    return (y->decided != NULL) - (x->decided != NULL);
}

/* A column that is set anew has its index written anew, so what stays is left alone. */
static void note_decision(message_call *w, int64_t pk, const decided_patient *d) {
    const known_patient *k = known(w, d->patient);
    db *db = w->call.db;
    if (k->decided && k->due == d->due)
        db_run(db, "UPDATE patient SET rev = rev + 1 WHERE pk = ?1", VALUES(N(pk)));
    else if (k->decided)
        db_run(db, "UPDATE patient SET rev = rev + 1, due_ns = ?2 WHERE pk = ?1",
               VALUES(N(pk), N(d->due)));
    else
        db_run(db,
               "UPDATE patient SET rev = rev + 1, due_ns = ?2, decided_under = ?3 WHERE pk = ?1",
               VALUES(N(pk), N(d->due), T(w->message->mapping_digest)));
}

/* Each changed or decided patient's rev grows once. */
static void raise_revs(message_call *w, change *changes, isize n) {
    qsort(changes, (size_t)n, sizeof *changes, by_key);
    for (isize i = 0; i < n; i++) {
        const change *c = &changes[i];
        if (c->pk == 0 || (i > 0 && c->pk == changes[i - 1].pk)) continue;
        if (c->decided)
            note_decision(w, c->pk, c->decided);
        else
            db_run(w->call.db, "UPDATE patient SET rev = rev + 1 WHERE pk = ?1", VALUES(N(c->pk)));
    }
}

static void write_notes(call *c, const message_write *m) {
    for (isize i = 0; i < m->audit_count; i++) {
        buf members = audit_members(c);
        buf_add(&members, S(",\"detail\":"));
        buf_add(&members, m->audit[i]);
        audit_append(c, "note", buf_str(&members));
    }
}

static const stored_head *find_heads(call *c, const message_write *m) {
    stored_head *heads = arena_new(c->arena, stored_head, m->resource_count);
    for (isize i = 0; i < m->resource_count && db_ok(c->db); i++)
        heads[i] = find_head(c, m->source, &m->resources[i]);
    return heads;
}

static void message_step(void *state) {
    message_call *w = state;
    call *c = &w->call;
    const message_write *m = w->message;
    isize n = 0;
    change *changes =
        arena_new(c->arena, change, m->resource_count + m->touched_count + m->decided_count);
    check_revs(w);
    const stored_head *heads = find_heads(c, m);
    write_inbox(c, m);
    if (!db_ok(c->db)) return;
    for (isize i = 0; i < m->resource_count; i++) {
        const resource_write *r = &m->resources[i];
        int64_t patient = r->patient.id.n > 0 ? known(w, r->patient)->pk : 0;
        write_resource(c, m->source, patient, heads[i], r);
        changes[n++] = (change){patient, NULL};
    }
    audit_message(c, m); /* with the seals of what was written; verdicts and Flags follow it */
    for (isize i = 0; i < m->touched_count; i++)
        changes[n++] = (change){known(w, m->touched[i])->pk, NULL};
    for (isize i = 0; i < m->verdict_count; i++) write_verdict(w, &m->verdicts[i]);
    for (isize i = 0; i < m->flag_count; i++) write_flag(c, &m->flags[i]);
    for (isize i = 0; i < m->decided_count; i++)
        changes[n++] = (change){known(w, m->decided[i].patient)->pk, &m->decided[i]};
    write_notes(c, m);
    raise_revs(w, changes, n);
}

static store_status write_message(store *s, const message_write *m, fault *fault) {
    message_call w = {.message = m};
    return store_write(s, fault, message_step, &w.call);
}

/* --- the batch --- */

static void fail_all(commit_request *requests, store_status status, const fault *why) {
    for (commit_request *r = requests; r; r = r->next) {
        r->status = status;
        if (r->fault) *r->fault = *why;
    }
}

/* All in one transaction; where that could not be committed, one by one: one message must not fail
 * the others. */
static void commit_batch(store *s, commit_request *requests) {
    fault why = {.code = FAULT_NONE};
    store_status status = requests->next ? store_group_begin(s, &why) : STORE_OK;
    if (status != STORE_OK) {
        fail_all(requests, status, &why);
        return;
    }
    for (commit_request *r = requests; r; r = r->next)
        r->status = write_message(s, r->message, r->fault);
    if (!requests->next || store_group_end(s, &why) == STORE_OK) return;
    for (commit_request *r = requests; r; r = r->next)
        r->status = write_message(s, r->message, r->fault);
}

/* Takes what waits, the oldest first. Called with the queue's lock. */
static commit_request *take_batch(store *s) {
    commit_request *first = s->queue;
    commit_request *last = first;
    for (int i = 1; i < BATCH_MOST && last->next; i++) last = last->next;
    s->queue = last->next;
    last->next = NULL;
    return first;
}

static void enqueue(store *s, commit_request *mine) {
    commit_request **end = &s->queue;
    while (*end) end = &(*end)->next;
    *end = mine;
}

store_status store_commit(store *s, const message_write *message, fault *fault) {
    commit_request mine = {.message = message, .fault = fault};
    if (store_grouped(s)) return write_message(s, message, fault);
    pthread_mutex_lock(&s->queue_lock);
    enqueue(s, &mine);
    while (!mine.done) {
        if (s->leading) {
            pthread_cond_wait(&s->queue_moved, &s->queue_lock);
            continue;
        }
        s->leading = true;
        commit_request *batch = take_batch(s);
        pthread_mutex_unlock(&s->queue_lock);
        commit_batch(s, batch);
        pthread_mutex_lock(&s->queue_lock);
        for (commit_request *r = batch, *next; r; r = next) {
            next = r->next; /* a request is gone once its owner sees it done */
            r->done = true;
        }
        s->leading = false;
        pthread_cond_broadcast(&s->queue_moved);
    }
    pthread_mutex_unlock(&s->queue_lock);
    return mine.status;
}
