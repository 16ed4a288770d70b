/* SPDX-License-Identifier: Apache-2.0 */
/* The store for people: JSON documents of the outbox, counters, patients and verdicts, and the
 * operator's hand on a parked message. */
#include "store/state.h"

typedef struct json_call {
    call call;
    buf *out;
    str word; /* a state or a study */
    patient_ref patient;
    int64_t now_ms;
    bool any;
} json_call;

static void put_text(buf *out, const char *name, str text) {
    if (out->n > 0 && out->p[out->n - 1] != '{') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

static void put_number(buf *out, const char *name, int64_t n) {
    if (out->n > 0 && out->p[out->n - 1] != '{') buf_byte(out, ',');
    buf_printf(out, "\"%s\":%lld", name, (long long)n);
}

/* --- the outbox --- */

static void outbox_step(void *state) {
    json_call *j = state;
    query q = db_query(j->call.db,
                       "SELECT id, endpoint, key, seq, state, attempts, next_ms, last_class,"
                       " last_http, reason, created_ms, ended_ms FROM outbox"
                       " WHERE ?1 = '' OR state = ?1 ORDER BY id",
                       VALUES(T(j->word)));
    static const char *const names[] = {"id",    "endpoint", "key",       "seq",
                                        "state", "attempts", "nextMs",    "class",
                                        "http",  "reason",   "createdMs", "endedMs"};
    buf_byte(j->out, '[');
    for (bool first = true; db_row(&q); first = false) {
        if (!first) buf_add(j->out, S(",\n"));
        buf_byte(j->out, '{');
        for (int i = 0; i < (int)COUNT_OF(names); i++) {
            bool text = i == 1 || i == 2 || i == 4 || i == 7 || i == 9;
            if (text) {
                put_text(j->out, names[i], db_text(&q, i));
            } else {
                put_number(j->out, names[i], db_int(&q, i));
            }
        }
        buf_byte(j->out, '}');
    }
    buf_byte(j->out, ']');
}

store_status store_outbox_json(store *store, str state, buf *out, fault *fault) {
    json_call j = {.out = out, .word = state};
    return store_read(store, out->arena, fault, outbox_step, &j.call);
}

typedef struct move_call {
    call call;
    int64_t id;
    str reason;
    bool park, moved, known;
} move_call;

static void move_step(void *state) {
    move_call *m = state;
    db *d = m->call.db;
    if (m->park) {
        db_run(d,
               "UPDATE outbox SET state = 'parked', reason = ?2"
               " WHERE id = ?1 AND state IN ('ready', 'inflight')",
               VALUES(N(m->id), T(m->reason)));
    } else { /* what the server holds may have changed since: it is read first */
        db_run(d,
               "UPDATE outbox SET state = 'ready', next_ms = 0, recovered = 1"
               " WHERE id = ?1 AND state = 'parked'",
               VALUES(N(m->id)));
    }
    if (!db_ok(d)) return;
    m->moved = db_changes(d) > 0;
    m->known = m->moved ||
               db_number(d, "SELECT count(*) FROM outbox WHERE id = ?1", VALUES(N(m->id)), 0) > 0;
    if (!m->moved) return;
    buf members = audit_members(&m->call);
    audit_number(&members, "id", m->id);
    if (m->reason.n > 0) audit_text(&members, "reason", m->reason);
    audit_append(&m->call, m->park ? "outbox.park" : "outbox.retry", buf_str(&members));
}

static store_status move(store *store, move_call *m, fault *fault) {
    store_status status = store_write(store, fault, move_step, &m->call);
    if (status != STORE_OK || m->moved) return status;
    if (fault) {
        fault_set(fault, FAULT_STORE, -1, "store: no outbox message %lld is %s", (long long)m->id,
                  m->park ? "waiting" : "parked");
    }
    return m->known ? STORE_CONFLICT : STORE_NONE;
}

store_status store_outbox_retry(store *store, int64_t id, fault *fault) {
    move_call m = {.id = id};
    return move(store, &m, fault);
}

store_status store_outbox_park(store *store, int64_t id, str reason, fault *fault) {
    move_call m = {.id = id, .reason = reason, .park = true};
    return move(store, &m, fault);
}

/* --- counters --- */

static int64_t count(db *d, const char *sql) { return db_number(d, sql, NO_VALUES, 0); }

static void stats_step(void *state) {
    json_call *j = state;
    db *d = j->call.db;
    buf *out = j->out;
    buf_byte(out, '{');
    put_number(out, "schema", STORE_SCHEMA);
    put_number(out, "messages", count(d, "SELECT count(*) FROM inbox"));
    put_number(out, "resources", count(d, "SELECT count(*) FROM resource WHERE removed = 0"));
    put_number(out, "rows", count(d, "SELECT count(*) FROM view_row"));
    put_number(out, "patients", count(d, "SELECT count(*) FROM patient"));
    put_number(out, "verdicts", count(d, "SELECT count(*) FROM verdict"));
    put_number(out, "flags", count(d, "SELECT count(*) FROM flag"));
    put_number(out, "audit", count(d, "SELECT ifnull(max(seq), 0) FROM audit"));
    put_number(out, "bytes", count(d, "PRAGMA page_count") * count(d, "PRAGMA page_size"));
    buf_add(out, S(",\"outbox\":{"));
    query q =
        db_query(d, "SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state", NO_VALUES);
    for (bool first = true; db_row(&q); first = false) {
        if (!first) buf_byte(out, ',');
        buf_json_string(out, db_text(&q, 0));
        buf_printf(out, ":%lld", (long long)db_int(&q, 1));
    }
    buf_byte(out, '}');
    int64_t oldest = count(d, "SELECT ifnull(min(created_ms), 0) FROM outbox"
                              " WHERE state IN ('ready', 'inflight', 'parked')");
    int64_t age = oldest > 0 && j->now_ms > oldest ? (j->now_ms - oldest) / 1000 : 0;
    put_number(out, "oldestWaitingSeconds", age);
    buf_byte(out, '}');
}

store_status store_stats_json(store *store, int64_t now_ms, buf *out, fault *fault) {
    json_call j = {.out = out, .now_ms = now_ms};
    return store_read(store, out->arena, fault, stats_step, &j.call);
}

/* --- patients and verdicts --- */

static void patients_step(void *state) {
    json_call *j = state;
    query q = db_query(j->call.db,
                       "SELECT p.source, p.id, v.study, v.kind, v.clock FROM verdict v"
                       " JOIN patient p ON p.pk = v.patient WHERE v.pk IN"
                       " (SELECT max(pk) FROM verdict GROUP BY patient, study)"
                       " ORDER BY p.source, p.id, v.study",
                       NO_VALUES);
    buf_byte(j->out, '[');
    for (bool first = true; db_row(&q); first = false) {
        if (!first) buf_add(j->out, S(",\n"));
        buf_byte(j->out, '{');
        put_text(j->out, "source", db_text(&q, 0));
        put_text(j->out, "patient", db_text(&q, 1));
        put_text(j->out, "study", db_text(&q, 2));
        put_text(j->out, "verdict", db_text(&q, 3));
        put_text(j->out, "decided", db_text(&q, 4));
        buf_byte(j->out, '}');
    }
    buf_byte(j->out, ']');
}

store_status store_patients_json(store *store, buf *out, fault *fault) {
    json_call j = {.out = out};
    return store_read(store, out->arena, fault, patients_step, &j.call);
}

typedef struct everybody_call {
    call call;
    patient_ref *list;
    isize n, cap;
} everybody_call;

static void everybody_step(void *state) {
    everybody_call *e = state;
    query q = db_query(e->call.db, "SELECT source, id FROM patient ORDER BY source, id", NO_VALUES);
    while (db_row(&q)) {
        GROW(&e->call, e->list, e->n, e->cap);
        e->list[e->n++] = (patient_ref){arena_str(e->call.arena, db_text(&q, 0)),
                                        arena_str(e->call.arena, db_text(&q, 1))};
    }
}

store_status store_everybody(store *store, arena *arena, patient_ref **out, isize *n,
                             fault *fault) {
    everybody_call e = {0};
    store_status status = store_read(store, arena, fault, everybody_step, &e.call);
    *out = e.list;
    *n = e.n;
    return status;
}

static void verdict_step(void *state) {
    json_call *j = state;
    call *c = &j->call;
    query q = db_query(c->db,
                       "SELECT v.document, v.document_size, v.sha256, v.record_sha256,"
                       " v.mapping_digest, v.study_digest, v.library_version, v.clock, v.inputs"
                       " FROM verdict v JOIN patient p ON p.pk = v.patient"
                       " WHERE p.source = ?1 AND p.id = ?2 AND v.study = ?3"
                       " ORDER BY v.pk DESC LIMIT 1",
                       VALUES(T(j->patient.source), T(j->patient.id), T(j->word)));
    if (!db_row(&q)) return;
    str document = unpack(c, db_bytes(&q, 0), db_int(&q, 1));
    if (!str_eq(store_sha256(c, document), db_text(&q, 2))) {
        db_done(&q);
        db_fail(c->db, STORE_BROKEN,
                "store: a verdict's document is not the one that was written (its SHA-256 "
                "differs): stop, keep the file, and restore a backup");
        return;
    }
    j->any = true;
    buf_byte(j->out, '{');
    put_text(j->out, "source", j->patient.source);
    put_text(j->out, "patient", j->patient.id);
    put_text(j->out, "study", j->word);
    put_text(j->out, "sha256", db_text(&q, 2));
    put_text(j->out, "recordSha256", db_text(&q, 3));
    put_text(j->out, "mappingDigest", db_text(&q, 4));
    put_text(j->out, "studyDigest", db_text(&q, 5));
    put_text(j->out, "libraryVersion", db_text(&q, 6));
    put_text(j->out, "clock", db_text(&q, 7));
    buf_add(j->out, S(",\"inputs\":"));
    str inputs = db_text(&q, 8);
    buf_add(j->out, inputs.n > 0 ? inputs : S("[]"));
    buf_add(j->out, S(",\"verdict\":"));
    buf_add(j->out, document);
    buf_byte(j->out, '}');
    db_done(&q);
}

store_status store_verdict_json(store *store, patient_ref patient, str study, buf *out,
                                fault *fault) {
    json_call j = {.out = out, .word = study, .patient = patient};
    store_status status = store_read(store, out->arena, fault, verdict_step, &j.call);
    return status == STORE_OK && !j.any ? STORE_NONE : status;
}

/* --- Flags --- */

typedef struct flag_call {
    call call;
    buf *out;
    str endpoint, identifier;
    bool any;
} flag_call;

static void put_members(buf *out, query *q, const char *const *names, int n, unsigned numbers) {
    buf_byte(out, '{');
    for (int i = 0; i < n; i++) {
        if (numbers >> i & 1)
            put_number(out, names[i], db_int(q, i));
        else
            put_text(out, names[i], db_text(q, i));
    }
}

static void put_remote(flag_call *f) {
    static const char *const names[] = {"id", "version", "seq"};
    query q = db_query(f->call.db,
                       "SELECT fhir_id, etag, seq FROM remote WHERE endpoint = ?1 AND key = ?2",
                       VALUES(T(f->endpoint), T(f->identifier)));
    buf_add(f->out, S(",\"remote\":"));
    if (!db_row(&q)) {
        buf_add(f->out, S("null"));
        return;
    }
    put_members(f->out, &q, names, COUNT_OF(names), 1u << 2);
    buf_byte(f->out, '}');
    db_done(&q);
}

static void put_message(flag_call *f) {
    static const char *const names[] = {"id",    "seq",  "state",  "attempts",
                                        "class", "http", "reason", "endedMs"};
    query q = db_query(f->call.db,
                       "SELECT id, seq, state, attempts, last_class, last_http, reason, ended_ms"
                       " FROM outbox WHERE endpoint = ?1 AND key = ?2 ORDER BY seq DESC LIMIT 1",
                       VALUES(T(f->endpoint), T(f->identifier)));
    buf_add(f->out, S(",\"message\":"));
    if (!db_row(&q)) {
        buf_add(f->out, S("null"));
        return;
    }
    put_members(f->out, &q, names, COUNT_OF(names), 1u | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 7);
    buf_byte(f->out, '}');
    db_done(&q);
}

static void flag_step(void *state) {
    static const char *const names[] = {"endpoint", "identifier", "status", "code",      "start",
                                        "end",      "holdSince",  "why",    "changedMs", "seq"};
    flag_call *f = state;
    query q = db_query(f->call.db,
                       "SELECT endpoint, identifier, status, code, period_start, period_end,"
                       " hold_since, why, changed_ms, seq FROM flag"
                       " WHERE endpoint = ?1 AND identifier = ?2",
                       VALUES(T(f->endpoint), T(f->identifier)));
    if (!db_row(&q)) return;
    f->any = true;
    put_members(f->out, &q, names, COUNT_OF(names), 1u << 8 | 1u << 9);
    db_done(&q);
    put_remote(f);
    put_message(f);
    buf_byte(f->out, '}');
}

store_status store_flag_json(store *store, str endpoint, str identifier, buf *out, fault *fault) {
    flag_call f = {.out = out, .endpoint = endpoint, .identifier = identifier};
    store_status status = store_read(store, out->arena, fault, flag_step, &f.call);
    return status == STORE_OK && !f.any ? STORE_NONE : status;
}
