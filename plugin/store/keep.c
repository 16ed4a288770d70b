/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept beyond the state in force: mapping sets, what has to be computed anew from kept
 * bytes, the SQL views for analysts, and the end of their time. */
#include "store/seal.h"

/* --- what never changes --- */

typedef struct pin_call {
    call call;
    str name, value;
    bool differs;
} pin_call;

static void pin_step(void *state) {
    pin_call *p = state;
    db_run(p->call.db, "INSERT OR IGNORE INTO meta VALUES (?1, ?2)",
           VALUES(T(p->name), T(p->value)));
    query q = db_query(p->call.db, "SELECT value FROM meta WHERE name = ?1", VALUES(T(p->name)));
    if (db_row(&q)) p->differs = !str_eq(db_text(&q, 0), p->value);
    db_done(&q);
}

store_status store_pin(store *store, str name, str value, fault *fault) {
    pin_call p = {.name = name, .value = value};
    store_status status = store_write(store, fault, pin_step, &p.call);
    if (status != STORE_OK || !p.differs) return status;
    fault_set(fault, FAULT_CONFIG, -1, "store: it was made with another %.*s", STR_ARGS(name));
    return STORE_CONFLICT;
}

/* --- mapping sets --- */

typedef struct mappings_call {
    call call;
    str digest, document;
} mappings_call;

static void mappings_step(void *state) {
    mappings_call *m = state;
    call *c = &m->call;
    if (db_number(c->db, "SELECT 1 FROM mapping_set WHERE digest = ?1", VALUES(T(m->digest)), 0)) {
        return;
    }
    db_run(c->db, "INSERT INTO mapping_set VALUES (?1, ?2, ?3, ?4)",
           VALUES(T(m->digest), B(pack(c, m->document)), N(m->document.n), N(store_wall_ms())));
    buf members = audit_members(c);
    audit_text(&members, "digest", m->digest);
    audit_append(c, "mappings", buf_str(&members));
}

store_status store_keep_mappings(store *store, str digest, str document, fault *fault) {
    mappings_call m = {.digest = digest, .document = document};
    return store_write(store, fault, mappings_step, &m.call);
}

/* --- SQL views --- */

typedef struct view_call {
    call call;
    str view;
    const sql_column *columns;
    isize n;
} view_call;

/* SQL on FHIR: ^[A-Za-z][A-Za-z0-9_]*$; anything else would have to be quoted. */
static bool is_name(str name) {
    for (isize i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || (c != '_' && (c < '0' || c > '9')))) return false;
    }
    return name.n > 0;
}

static str view_sql(view_call *v) {
    buf sql = buf_new(v->call.arena, 1 << 20, "an SQL view");
    buf_printf(&sql,
               "CREATE VIEW \"view_%.*s\" AS SELECT r.source AS row_source,"
               " ifnull(p.id, '') AS row_patient, r.type || '/' || r.id AS row_resource,"
               " r.version AS row_version, r.updated AS row_updated, v.n AS row_number",
               STR_ARGS(v->view));
    for (isize i = 0; i < v->n; i++) {
        const sql_column *column = &v->columns[i];
        buf_printf(&sql, ", v.cells ->> '$[%td]' AS \"%.*s\"", i, STR_ARGS(column->name));
        if (column->numeric) {
            buf_printf(&sql, ", CAST(v.cells ->> '$[%td]' AS REAL) AS \"%.*s_num\"", i,
                       STR_ARGS(column->name));
        }
    }
    buf_printf(&sql,
               " FROM view_row v JOIN resource r ON r.pk = v.resource"
               " LEFT JOIN patient p ON p.pk = r.patient WHERE v.view = '%.*s'",
               STR_ARGS(v->view));
    return buf_str(&sql);
}

static void view_step(void *state) {
    view_call *v = state;
    db *d = v->call.db;
    bool good = is_name(v->view);
    for (isize i = 0; i < v->n; i++) good = good && is_name(v->columns[i].name);
    if (!good) {
        db_fail(d, STORE_BROKEN, "store: view %.*s: a name is no SQL on FHIR name",
                STR_ARGS(v->view));
        return;
    }
    str sql = view_sql(v);
    str name = arena_printf(v->call.arena, "view_%.*s", STR_ARGS(v->view));
    /* Unchanged views stay: each change makes every process prepare its statements again. */
    if (db_number(d, "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1 AND sql = ?2",
                  VALUES(T(name), T(sql)), 0)) {
        return;
    }
    db_script(d, arena_printf(v->call.arena, "DROP VIEW IF EXISTS \"%s\"", name.p).p);
    db_script(d, arena_str(v->call.arena, sql).p);
}

store_status store_sql_view(store *store, str view, const sql_column *columns, isize n,
                            fault *fault) {
    view_call v = {.view = view, .columns = columns, .n = n};
    return store_write(store, fault, view_step, &v.call);
}

/* --- what has to be done again --- */

typedef struct stale_call {
    call call;
    str digest;
    isize most;
    stale_resource *list;
    isize n;
} stale_call;

static void stale_step(void *state) {
    stale_call *s = state;
    call *c = &s->call;
    s->list = arena_new(c->arena, stale_resource, s->most);
    query q = db_query(c->db,
                       "SELECT r.source, r.type, r.id, r.version, r.updated, ifnull(p.source, ''),"
                       " ifnull(p.id, ''), r.content FROM resource r"
                       " LEFT JOIN patient p ON p.pk = r.patient"
                       " WHERE r.kept IS NOT NULL AND (r.view_digest < ?1 OR r.view_digest > ?1)"
                       " LIMIT ?2",
                       VALUES(T(s->digest), N(s->most)));
    while (s->n < s->most && db_row(&q)) {
        arena *a = c->arena;
        s->list[s->n++] = (stale_resource){
            .source = arena_str(a, db_text(&q, 0)),
            .type = arena_str(a, db_text(&q, 1)),
            .id = arena_str(a, db_text(&q, 2)),
            .version = arena_str(a, db_text(&q, 3)),
            .updated = arena_str(a, db_text(&q, 4)),
            .content = arena_str(a, db_text(&q, 7)),
            .patient = {arena_str(a, db_text(&q, 5)), arena_str(a, db_text(&q, 6))}};
    }
    db_done(&q);
}

store_status store_stale(store *store, arena *arena, str digest, isize most, stale_resource **out,
                         isize *n, fault *fault) {
    stale_call s = {.digest = digest, .most = most};
    store_status status = store_read(store, arena, fault, stale_step, &s.call);
    *out = s.list;
    *n = status == STORE_OK ? s.n : 0;
    return status;
}

typedef struct bytes_call {
    call call;
    stale_resource *stale;
    bool found;
} bytes_call;

static void bytes_step(void *state) {
    bytes_call *b = state;
    const stale_resource *s = b->stale;
    query q = db_query(
        b->call.db,
        "SELECT k.bytes, k.bytes_size FROM resource r JOIN kept k ON k.pk = r.kept"
        " WHERE r.source = ?1 AND r.type = ?2 AND r.id = ?3 AND r.version = ?4"
        " AND r.updated = ?5 AND r.content = ?6",
        VALUES(T(s->source), T(s->type), T(s->id), T(s->version), T(s->updated), T(s->content)));
    b->found = db_row(&q);
    if (b->found) b->stale->bytes = unpack(&b->call, db_bytes(&q, 0), db_int(&q, 1));
    db_done(&q);
}

store_status store_stale_bytes(store *store, arena *arena, stale_resource *stale, fault *fault) {
    bytes_call b = {.stale = stale};
    store_status status = store_read(store, arena, fault, bytes_step, &b.call);
    return status == STORE_OK && !b.found ? STORE_NONE : status;
}

typedef struct stale_of_call {
    call call;
    patient_ref patient;
    str digest;
    stale_resource *list;
    isize n, cap;
} stale_of_call;

static void stale_of_step(void *state) {
    stale_of_call *s = state;
    arena *a = s->call.arena;
    query q = db_query(s->call.db,
                       "SELECT r.type, r.id, r.version, r.updated FROM patient p"
                       " JOIN resource r ON r.patient = p.pk WHERE p.source = ?1 AND p.id = ?2"
                       " AND r.kept IS NOT NULL AND r.view_digest <> ?3 ORDER BY r.type, r.id",
                       VALUES(T(s->patient.source), T(s->patient.id), T(s->digest)));
    while (db_row(&q)) {
        GROW(&s->call, s->list, s->n, s->cap);
        s->list[s->n++] = (stale_resource){.source = s->patient.source,
                                           .type = arena_str(a, db_text(&q, 0)),
                                           .id = arena_str(a, db_text(&q, 1)),
                                           .version = arena_str(a, db_text(&q, 2)),
                                           .updated = arena_str(a, db_text(&q, 3)),
                                           .patient = s->patient};
    }
    db_done(&q);
}

store_status store_stale_of(store *store, arena *arena, patient_ref patient, str digest,
                            stale_resource **out, isize *n, fault *fault) {
    stale_of_call s = {.patient = patient, .digest = digest};
    store_status status = store_read(store, arena, fault, stale_of_step, &s.call);
    *out = s.list;
    *n = status == STORE_OK ? s.n : 0;
    return status;
}

typedef struct due_call {
    call call;
    int64_t now;
    str digest;
    isize most;
    patient_ref *list;
    isize n;
} due_call;

static void take_due(due_call *u, query q) {
    while (u->n < u->most && db_row(&q)) {
        u->list[u->n++] = (patient_ref){arena_str(u->call.arena, db_text(&q, 0)),
                                        arena_str(u->call.arena, db_text(&q, 1))};
    }
    db_done(&q);
}

static void due_step(void *state) {
    due_call *u = state;
    u->list = arena_new(u->call.arena, patient_ref, u->most);
    take_due(u, db_query(u->call.db,
                         "SELECT source, id FROM patient WHERE due_ns > 0 AND due_ns <= ?1"
                         " ORDER BY due_ns LIMIT ?2",
                         VALUES(N(u->now), N(u->most))));
    take_due(u, db_query(u->call.db,
                         "SELECT source, id FROM patient WHERE decided_under <> ''"
                         " AND (decided_under < ?1 OR decided_under > ?1)"
                         " AND NOT (due_ns > 0 AND due_ns <= ?2) LIMIT ?3",
                         VALUES(T(u->digest), N(u->now), N(u->most - u->n))));
}

store_status store_due_patients(store *store, arena *arena, int64_t now, str mapping_digest,
                                isize most, patient_ref **out, isize *n, fault *fault) {
    due_call u = {.now = now, .digest = mapping_digest, .most = most};
    store_status status = store_read(store, arena, fault, due_step, &u.call);
    *out = u.list;
    *n = status == STORE_OK ? u.n : 0;
    return status;
}

/* --- retention --- */

enum { PURGED_AT_ONCE = 10000 };

typedef struct purge_call {
    call call;
    int64_t before;
    int64_t kept_after, outbox_after; /* keys up to these were looked at */
    bool more;
} purge_call;

/* Runs a deletion of keys beyond *after that returns them; gives how many. */
static int64_t purge_sealed(purge_call *p, char kind, int64_t *after, const char *sql) {
    int64_t n = 0;
    query q = db_query(p->call.db, sql, VALUES(N(p->before), N(*after), N(PURGED_AT_ONCE)));
    for (; db_row(&q); n++) {
        int64_t key = db_int(&q, 0);
        if (key > *after) *after = key;
        seal_gone(&p->call, kind, key);
    }
    p->more = p->more || n == PURGED_AT_ONCE;
    return n;
}

#define PURGED_OUTBOX                                                                              \
    "(SELECT id FROM outbox WHERE id > ?2 AND state IN ('done', 'superseded') AND ended_ms < ?1"   \
    " ORDER BY id LIMIT ?3)"

/* Piece by piece: the seals of what is gone stand in one entry, and others want to write, too. */
static void purge_step(void *state) {
    purge_call *p = state;
    db *d = p->call.db;
    value before = N(p->before);
    p->more = false;
    int64_t versions =
        purge_sealed(p, SEAL_KEPT, &p->kept_after,
                     "DELETE FROM kept WHERE pk IN (SELECT k.pk FROM kept k WHERE k.pk > ?2"
                     " AND k.kept_ms < ?1 AND NOT EXISTS (SELECT 1 FROM resource r"
                     " WHERE r.pk = k.resource AND r.kept = k.pk) ORDER BY k.pk LIMIT ?3)"
                     " RETURNING pk");
    db_run(d, "DELETE FROM attempt WHERE outbox IN " PURGED_OUTBOX,
           VALUES(before, N(p->outbox_after), N(PURGED_AT_ONCE)));
    int64_t sent = purge_sealed(p, SEAL_OUTBOX, &p->outbox_after,
                                "DELETE FROM outbox WHERE id IN " PURGED_OUTBOX " RETURNING id");
    db_run(d, "DELETE FROM inbox WHERE received_ms < ?1", &before, 1);
    int64_t messages = db_ok(d) ? db_changes(d) : 0;
    if (versions + sent + messages == 0) return;
    buf members = audit_members(&p->call);
    audit_number(&members, "beforeMs", p->before);
    audit_number(&members, "versions", versions);
    audit_number(&members, "outbox", sent);
    audit_number(&members, "inbox", messages);
    audit_append(&p->call, "purge", buf_str(&members));
}

store_status store_purge(store *store, int64_t before_ms, fault *fault) {
    purge_call p = {.before = before_ms, .kept_after = INT64_MIN, .outbox_after = INT64_MIN};
    store_status status;
    do status = store_write(store, fault, purge_step, &p.call);
    while (status == STORE_OK && p.more);
    return status;
}
