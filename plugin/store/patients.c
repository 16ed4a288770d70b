/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision reads: patients with their rev and ties, rows, last verdicts and Flags. */
#include "store/state.h"

int64_t patient_insert(db *d, patient_ref patient) {
    db_run(d, "INSERT INTO patient (source, id, rev) VALUES (?1, ?2, 0)",
           VALUES(T(patient.source), T(patient.id)));
    return db_ok(d) ? db_last_key(d) : 0;
}

static str copied(const call *c, const query *q, int column) {
    str text = db_text(q, column);
    return text.n > 0 ? arena_str(c->arena, text) : (str){0};
}

/* STORE_NONE where a search found nothing and nothing went wrong. */
static store_status found(store_status status, bool any) {
    return status == STORE_OK && !any ? STORE_NONE : status;
}

/* --- one resource --- */

typedef struct resource_call {
    call call;
    str source, type, id;
    resource_head *out;
    bool any;
} resource_call;

static void resource_step(void *state) {
    resource_call *r = state;
    query q = db_query(r->call.db,
                       "SELECT r.type, r.id, ifnull(p.id, ''), r.version, r.updated, r.content,"
                       " r.view_digest, r.removed"
                       " FROM resource r LEFT JOIN patient p ON p.pk = r.patient"
                       " WHERE r.source = ?1 AND r.type = ?2 AND r.id = ?3",
                       VALUES(T(r->source), T(r->type), T(r->id)));
    if (!db_row(&q)) return;
    const call *c = &r->call;
    *r->out = (resource_head){.type = copied(c, &q, 0),
                              .id = copied(c, &q, 1),
                              .patient = copied(c, &q, 2),
                              .version = copied(c, &q, 3),
                              .updated = copied(c, &q, 4),
                              .content = copied(c, &q, 5),
                              .view_digest = copied(c, &q, 6),
                              .removed = db_int(&q, 7) != 0};
    r->any = true;
    db_done(&q);
}

store_status store_resource(store *store, arena *arena, str source, str type, str id,
                            resource_head *out, fault *fault) {
    resource_call r = {.source = source, .type = type, .id = id, .out = out};
    store_status status = store_read(store, arena, fault, resource_step, &r.call);
    return found(status, r.any);
}

/* --- ties between patients --- */

typedef struct edges_call {
    call call;
    patient_ref patient;
    const str *systems;
    isize system_count;
    patient_edge *list;
    isize n, cap;
} edges_call;

static void take_edges(edges_call *e, query q, edge_kind kind) {
    while (db_row(&q)) {
        GROW(&e->call, e->list, e->n, e->cap);
        patient_ref other = {copied(&e->call, &q, 0), copied(&e->call, &q, 1)};
        e->list[e->n++] = (patient_edge){other, kind};
    }
}

static void edges_step(void *state) {
    edges_call *e = state;
    db *d = e->call.db;
    take_edges(e,
               db_query(d,
                        "SELECT DISTINCT l.source, l.other FROM link l"
                        " JOIN patient p ON p.pk = l.patient"
                        " WHERE p.source = ?1 AND p.id = ?2 ORDER BY l.other",
                        VALUES(T(e->patient.source), T(e->patient.id))),
               EDGE_LINK_OUT);
    take_edges(e,
               db_query(d,
                        "SELECT DISTINCT p.source, p.id FROM link l"
                        " JOIN patient p ON p.pk = l.patient"
                        " WHERE l.source = ?1 AND l.other = ?2 ORDER BY p.id",
                        VALUES(T(e->patient.source), T(e->patient.id))),
               EDGE_LINK_IN);
    for (isize i = 0; i < e->system_count; i++) {
        take_edges(e,
                   db_query(d,
                            "SELECT DISTINCT o.source, o.id FROM patient p"
                            " JOIN identifier a ON a.patient = p.pk AND a.system = ?3"
                            " JOIN identifier b ON b.system = a.system AND b.value = a.value"
                            " JOIN patient o ON o.pk = b.patient"
                            " WHERE p.source = ?1 AND p.id = ?2 AND o.pk <> p.pk"
                            " ORDER BY o.source, o.id",
                            VALUES(T(e->patient.source), T(e->patient.id), T(e->systems[i]))),
                   EDGE_IDENTIFIER);
    }
}

store_status store_edges(store *store, arena *arena, patient_ref patient, const str *systems,
                         isize system_count, patient_edge **out, isize *n, fault *fault) {
    edges_call e = {.patient = patient, .systems = systems, .system_count = system_count};
    store_status status = store_read(store, arena, fault, edges_step, &e.call);
    *out = e.list;
    *n = e.n;
    return found(status, e.n > 0);
}

typedef struct holders_call {
    call call;
    str system, value;
    patient_ref *list;
    isize n, cap;
} holders_call;

static void holders_step(void *state) {
    holders_call *h = state;
    query q = db_query(h->call.db,
                       "SELECT p.source, p.id FROM identifier i JOIN patient p ON p.pk = i.patient"
                       " WHERE i.system = ?1 AND i.value = ?2 ORDER BY p.source, p.id",
                       VALUES(T(h->system), T(h->value)));
    while (db_row(&q)) {
        GROW(&h->call, h->list, h->n, h->cap);
        h->list[h->n++] = (patient_ref){copied(&h->call, &q, 0), copied(&h->call, &q, 1)};
    }
}

store_status store_holders(store *store, arena *arena, str system, str value, patient_ref **out,
                           isize *n, fault *fault) {
    holders_call h = {.system = system, .value = value};
    store_status status = store_read(store, arena, fault, holders_step, &h.call);
    *out = h.list;
    *n = h.n;
    return found(status, h.n > 0);
}

/* --- a patient, his rows, his last verdict --- */

typedef struct patient_call {
    call call;
    patient_ref patient;
    patient_state *out;
    bool any;
} patient_call;

static void patient_step(void *state) {
    patient_call *p = state;
    query q = db_query(p->call.db,
                       "SELECT rev, identifiers, links, known, decided_under FROM patient"
                       " WHERE source = ?1 AND id = ?2",
                       VALUES(T(p->patient.source), T(p->patient.id)));
    if (!db_row(&q)) return;
    *p->out = (patient_state){.rev = db_int(&q, 0),
                              .identifiers = copied(&p->call, &q, 1),
                              .links = copied(&p->call, &q, 2),
                              .known = db_int(&q, 3) != 0,
                              .decided = copied(&p->call, &q, 4)};
    p->any = true;
    db_done(&q);
}

store_status store_patient(store *store, arena *arena, patient_ref patient, patient_state *out,
                           fault *fault) {
    patient_call p = {.patient = patient, .out = out};
    *out = (patient_state){0};
    store_status status = store_read(store, arena, fault, patient_step, &p.call);
    return found(status, p.any);
}

typedef struct rows_call {
    call call;
    patient_ref patient;
    stored_row *list;
    isize n, cap;
} rows_call;

static void rows_step(void *state) {
    rows_call *r = state;
    const call *c = &r->call;
    query q = db_query(c->db,
                       "SELECT v.view, r.type, r.id, r.version, r.updated, v.cells, v.view_digest,"
                       " v.n FROM patient p JOIN resource r ON r.patient = p.pk"
                       " JOIN view_row v ON v.resource = r.pk"
                       " WHERE p.source = ?1 AND p.id = ?2 ORDER BY v.view, r.type, r.id, v.n",
                       VALUES(T(r->patient.source), T(r->patient.id)));
    while (db_row(&q)) {
        GROW(c, r->list, r->n, r->cap);
        r->list[r->n++] = (stored_row){.view = copied(c, &q, 0),
                                       .type = copied(c, &q, 1),
                                       .id = copied(c, &q, 2),
                                       .version = copied(c, &q, 3),
                                       .updated = copied(c, &q, 4),
                                       .cells = copied(c, &q, 5),
                                       .view_digest = copied(c, &q, 6),
                                       .row = db_int(&q, 7)};
    }
}

store_status store_rows(store *store, arena *arena, patient_ref patient, stored_row **out, isize *n,
                        fault *fault) {
    rows_call r = {.patient = patient};
    store_status status = store_read(store, arena, fault, rows_step, &r.call);
    *out = r.list;
    *n = r.n;
    return status;
}

typedef struct verdict_call {
    call call;
    patient_ref patient;
    str study;
    last_verdict *out;
    bool any;
} verdict_call;

static void verdict_step(void *state) {
    verdict_call *v = state;
    query q = db_query(v->call.db,
                       "SELECT v.kind, v.sha256, v.mapping_digest, v.clock FROM verdict v"
                       " JOIN patient p ON p.pk = v.patient"
                       " WHERE p.source = ?1 AND p.id = ?2 AND v.study = ?3"
                       " ORDER BY v.pk DESC LIMIT 1",
                       VALUES(T(v->patient.source), T(v->patient.id), T(v->study)));
    if (!db_row(&q)) return;
    const call *c = &v->call;
    *v->out =
        (last_verdict){copied(c, &q, 0), copied(c, &q, 1), copied(c, &q, 2), copied(c, &q, 3)};
    v->any = true;
    db_done(&q);
}

store_status store_last_verdict(store *store, arena *arena, patient_ref patient, str study,
                                last_verdict *out, fault *fault) {
    verdict_call v = {.patient = patient, .study = study, .out = out};
    store_status status = store_read(store, arena, fault, verdict_step, &v.call);
    return found(status, v.any);
}

/* --- Flags --- */

typedef struct flag_call {
    call call;
    str endpoint, identifier;
    stored_flag *out;
    bool any;
} flag_call;

static void flag_step(void *state) {
    flag_call *f = state;
    const call *c = &f->call;
    query q = db_query(c->db,
                       "SELECT study, patient_key, status, code, period_start, period_end,"
                       " hold_since, seq FROM flag WHERE endpoint = ?1 AND identifier = ?2",
                       VALUES(T(f->endpoint), T(f->identifier)));
    if (!db_row(&q)) return;
    *f->out = (stored_flag){.endpoint = f->endpoint,
                            .study = copied(c, &q, 0),
                            .patient_key = copied(c, &q, 1),
                            .identifier = f->identifier,
                            .status = copied(c, &q, 2),
                            .code = copied(c, &q, 3),
                            .start = copied(c, &q, 4),
                            .end = copied(c, &q, 5),
                            .hold_since = copied(c, &q, 6),
                            .seq = db_int(&q, 7)};
    f->any = true;
    db_done(&q);
}

store_status store_flag(store *store, arena *arena, str endpoint, str identifier, stored_flag *out,
                        fault *fault) {
    flag_call f = {.endpoint = endpoint, .identifier = identifier, .out = out};
    store_status status = store_read(store, arena, fault, flag_step, &f.call);
    return found(status, f.any);
}
