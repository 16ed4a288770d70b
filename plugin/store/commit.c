/* SPDX-License-Identifier: Apache-2.0 */
/* Committing messages. Callers queue up; the first becomes the leader and writes all that wait in
 * one transaction, each in a savepoint of its own, so that many messages share one flush to disk
 * and a conflict of one does not undo another. */
#include "store/state.h"

#include <stdlib.h>

enum { BATCH_MOST = 64 };

struct commit_request {
    commit_request *next;
    const message_write *message;
    fault *fault;
    store_status status;
    bool done;
};

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

static void check_revs(call *c, const message_write *m) {
    for (isize i = 0; i < m->rev_count; i++) {
        const rev_check *r = &m->revs[i];
        int64_t rev = db_number(c->db, "SELECT rev FROM patient WHERE source = ?1 AND id = ?2",
                                VALUES(T(r->patient.source), T(r->patient.id)), 0);
        if (rev != r->rev) {
            db_fail(c->db, STORE_CONFLICT, "store: a patient changed since it was read");
        }
    }
}

/* A Patient's identity replaces what he had; a removal leaves none. */
static void write_identity(call *c, int64_t patient, const resource_write *r) {
    db *d = c->db;
    value pk = N(patient);
    db_run(d, "UPDATE patient SET known = ?2 WHERE pk = ?1", VALUES(pk, N(r->removal ? 0 : 1)));
    if (r->removal || r->identifiers.p) {
        str text = r->removal ? (str){0} : r->identifiers;
        db_run(d, "UPDATE patient SET identifiers = ?2 WHERE pk = ?1", VALUES(pk, T(text)));
        db_run(d, "DELETE FROM identifier WHERE patient = ?1", &pk, 1);
        if (text.n > 0) {
            db_run(d,
                   "INSERT OR IGNORE INTO identifier SELECT j.value ->> 0, j.value ->> 1, ?1"
                   " FROM json_each(?2) j"
                   " WHERE j.value ->> 0 IS NOT NULL AND j.value ->> 1 IS NOT NULL",
                   VALUES(pk, T(text)));
        }
    }
    if (r->removal || r->links.p) {
        str text = r->removal ? (str){0} : r->links;
        db_run(d, "UPDATE patient SET links = ?2 WHERE pk = ?1", VALUES(pk, T(text)));
        db_run(d, "DELETE FROM link WHERE patient = ?1", &pk, 1);
        if (text.n > 0) {
            db_run(d,
                   "INSERT OR IGNORE INTO link SELECT ?1, j.value ->> 0, ?3, j.value ->> 1"
                   " FROM json_each(?2) j"
                   " WHERE j.value ->> 0 IS NOT NULL AND j.value ->> 1 IS NOT NULL",
                   VALUES(pk, T(text), T(r->patient.source)));
        }
    }
}

typedef struct stored_head {
    int64_t pk, kept;
    bool same_content, newer;
} stored_head;

/* What is stored of the resource now. One of no patient has no rev: its order is checked here. */
static stored_head find_head(call *c, str source, const resource_write *r) {
    stored_head h = {0};
    query q = db_query(c->db,
                       "SELECT pk, ifnull(kept, 0), version, updated, content, removed"
                       " FROM resource WHERE source = ?1 AND type = ?2 AND id = ?3",
                       VALUES(T(source), T(r->type), T(r->id)));
    if (!db_row(&q)) return h;
    resource_head head = {.version = db_text(&q, 2),
                          .updated = db_text(&q, 3),
                          .content = db_text(&q, 4),
                          .removed = db_int(&q, 5) != 0};
    h.pk = db_int(&q, 0);
    h.kept = db_int(&q, 1);
    h.same_content = str_eq(head.content, r->content);
    h.newer = store_order(&head, r->version, r->updated, r->content, r->removal) == ORDER_OLDER;
    db_done(&q);
    return h;
}

static int64_t keep_bytes(call *c, int64_t resource, const resource_write *r) {
    db_run(c->db,
           "INSERT INTO kept (resource, version, updated, content, bytes, bytes_size, kept_ms)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
           VALUES(N(resource), T(r->version), T(r->updated), T(r->content), B(pack(c, r->bytes)),
                  N(r->bytes.n), N(store_wall_ms())));
    return db_ok(c->db) ? db_last_key(c->db) : 0;
}

static void write_rows(call *c, int64_t resource, const resource_write *r) {
    db_run(c->db, "DELETE FROM view_row WHERE resource = ?1", VALUES(N(resource)));
    for (isize i = 0; !r->removal && i < r->row_count; i++) {
        const stored_row *row = &r->rows[i];
        db_run(c->db, "INSERT INTO view_row VALUES (?1, ?2, ?3, ?4, ?5)",
               VALUES(N(resource), T(row->view), N(row->row), T(row->cells), T(row->view_digest)));
    }
}

/* Returns the patient's key, or 0. */
static int64_t write_resource(call *c, str source, const resource_write *r) {
    db *d = c->db;
    int64_t patient = r->patient.id.n > 0 ? patient_make(d, r->patient) : 0;
    stored_head h = find_head(c, source, r);
    if (patient == 0 && h.newer) {
        db_fail(d, STORE_CONFLICT, "store: a newer state of a resource came meanwhile");
    }
    if (!db_ok(d)) return 0;
    if (h.pk == 0) {
        db_run(d,
               "INSERT INTO resource (source, type, id, patient, version, updated, content,"
               " view_digest, removed) VALUES (?1, ?2, ?3, ?4, '', '', '', '', 0)",
               VALUES(T(source), T(r->type), T(r->id), KEY(patient)));
        h.pk = db_last_key(d);
    }
    /* Rows computed anew from the kept bytes bring no bytes: those that are there stay in force. */
    int64_t kept = h.same_content && !r->removal ? h.kept : 0;
    if (r->bytes.n > 0 && !r->removal) kept = keep_bytes(c, h.pk, r);
    db_run(d,
           "UPDATE resource SET patient = ?2, version = ?3, updated = ?4, content = ?5,"
           " view_digest = ?6, removed = ?7, kept = ?8 WHERE pk = ?1",
           VALUES(N(h.pk), KEY(patient), T(r->version), T(r->updated), T(r->content),
                  T(r->view_digest), N(r->removal), KEY(kept)));
    write_rows(c, h.pk, r);
    if (patient != 0 && str_eq(r->type, S("Patient")) && str_eq(r->id, r->patient.id)) {
        write_identity(c, patient, r);
    }
    return patient;
}

static void write_verdict(call *c, const verdict_write *v) {
    int64_t patient = patient_make(c->db, v->patient);
    str sha256 = store_sha256(c, v->document);
    db_run(c->db,
           "INSERT INTO verdict (patient, study, kind, document, document_size, sha256,"
           " record_sha256, mapping_digest, study_digest, library_version, clock, inputs,"
           " decided_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
           VALUES(N(patient), T(v->study), T(v->kind), B(pack(c, v->document)), N(v->document.n),
                  T(sha256), T(v->record_sha256), T(v->mapping_digest), T(v->study_digest),
                  T(v->library_version), T(v->clock), T(v->inputs), N(store_wall_ms())));
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
    db_run(c->db,
           "INSERT INTO flag VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
           " ON CONFLICT DO UPDATE SET study = ?3, patient_key = ?4, status = ?5, code = ?6,"
           " period_start = ?7, period_end = ?8, hold_since = ?9, seq = ?10, why = ?11,"
           " changed_ms = ?12",
           VALUES(T(f->endpoint), T(f->identifier), T(f->study), T(patient_key), T(f->status),
                  T(f->code), T(f->start), T(f->end), T(f->hold_since), N(seq), T(w->why),
                  N(store_wall_ms())));
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
        db_run(c->db,
               "INSERT INTO outbox (endpoint, key, seq, body, body_sha256, state, created_ms)"
               " VALUES (?1, ?2, ?3, ?4, ?5, 'ready', ?6)",
               VALUES(T(f->endpoint), T(f->identifier), N(seq), T(w->body), T(sha256),
                      N(store_wall_ms())));
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

static int by_key(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Each changed or decided patient's rev grows once. */
static void raise_revs(call *c, int64_t *keys, isize n) {
    qsort(keys, (size_t)n, sizeof *keys, by_key);
    for (isize i = 0; i < n; i++) {
        if (keys[i] == 0 || (i > 0 && keys[i] == keys[i - 1])) continue;
        db_run(c->db, "UPDATE patient SET rev = rev + 1 WHERE pk = ?1", VALUES(N(keys[i])));
    }
}

static void write_message(call *c, const message_write *m) {
    isize n = 0;
    int64_t *keys =
        arena_new(c->arena, int64_t, m->resource_count + m->touched_count + m->decided_count);
    write_inbox(c, m);
    check_revs(c, m);
    if (!db_ok(c->db)) return;
    audit_message(c, m);
    for (isize i = 0; i < m->resource_count; i++) {
        keys[n++] = write_resource(c, m->source, &m->resources[i]);
    }
    for (isize i = 0; i < m->touched_count; i++) keys[n++] = patient_make(c->db, m->touched[i]);
    for (isize i = 0; i < m->verdict_count; i++) write_verdict(c, &m->verdicts[i]);
    for (isize i = 0; i < m->flag_count; i++) write_flag(c, &m->flags[i]);
    for (isize i = 0; i < m->decided_count; i++) {
        int64_t patient = patient_make(c->db, m->decided[i].patient);
        db_run(c->db, "UPDATE patient SET due_ns = ?2, decided_under = ?3 WHERE pk = ?1",
               VALUES(N(patient), N(m->decided[i].due), T(m->mapping_digest)));
        keys[n++] = patient;
    }
    for (isize i = 0; i < m->audit_count; i++) {
        buf members = audit_members(c);
        buf_add(&members, S(",\"detail\":"));
        buf_add(&members, m->audit[i]);
        audit_append(c, "note", buf_str(&members));
    }
    raise_revs(c, keys, n);
}

/* --- the batch --- */

typedef struct batch_call {
    call call;
    commit_request *requests;
} batch_call;

static void batch_step(void *state) {
    batch_call *b = state;
    db *d = b->call.db;
    fault *whole = d->fault;
    for (commit_request *r = b->requests; r && db_ok(d); r = r->next) {
        arena_mark mark = arena_here(b->call.arena);
        db_run(d, "SAVEPOINT message", NO_VALUES);
        d->fault = r->fault;
        write_message(&b->call, r->message);
        r->status = d->status;
        if (d->status == STORE_CONFLICT) {
            d->status = STORE_OK;
            db_run(d, "ROLLBACK TO message", NO_VALUES);
        }
        if (!db_ok(d) && whole && r->fault) *whole = *r->fault;
        d->fault = whole;
        db_run(d, "RELEASE message", NO_VALUES);
        arena_rewind(b->call.arena, mark);
    }
}

static void commit_batch(store *s, commit_request *requests) {
    batch_call b = {.requests = requests};
    fault why = {.code = FAULT_NONE};
    store_status status = store_write(s, &why, batch_step, &b.call);
    if (status == STORE_OK) return;
    bool alone = !requests->next || status == STORE_BUSY;
    for (commit_request *r = requests; r; r = r->next) {
        if (alone) { /* nothing of the batch was stored */
            r->status = status;
            if (r->fault) *r->fault = why;
            continue;
        }
        commit_request *next = r->next; /* one message must not fail the others */
        r->next = NULL;
        commit_batch(s, r);
        r->next = next;
    }
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
