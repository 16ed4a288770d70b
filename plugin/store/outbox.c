/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox as the sender sees it (delivery.md, section 5): what is due, what is in flight before
 * its first byte leaves, and what came of it, each with its audit entry in one transaction. */
#include "store/state.h"

/* --- what is due --- */

typedef struct due_call {
    call call;
    str endpoint;
    int64_t now_ms;
    isize most;
    outbox_message *list;
    isize n;
    bool superseded; /* an older message of a key still waits behind a newer one */
} due_call;

/* The first of a key in line: nothing of the key is in flight or parked. Where two wait, the older
 * one is superseded first. `+` keeps the search on the key, whose messages are few. */
#define FREE_KEY                                                                                   \
    " AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.endpoint = o.endpoint AND b.key = o.key"      \
    " AND +b.state IN ('inflight', 'parked'))"
#define ANOTHER                                                                                    \
    "EXISTS (SELECT 1 FROM outbox b WHERE b.endpoint = o.endpoint AND b.key = o.key"               \
    " AND b.seq <> o.seq AND +b.state = 'ready')"

static str copied(const call *c, const query *q, int column) {
    return arena_str(c->arena, db_text(q, column));
}

static outbox_message message_of(const call *c, const query *q, str endpoint) {
    return (outbox_message){.id = db_int(q, 0),
                            .seq = db_int(q, 1),
                            .endpoint = endpoint,
                            .key = copied(c, q, 2),
                            .body = copied(c, q, 3),
                            .body_sha256 = copied(c, q, 4),
                            .attempts = (int)db_int(q, 5),
                            .recovered = db_int(q, 6) != 0,
                            .remote = {.fhir_id = copied(c, q, 7),
                                       .etag = copied(c, q, 8),
                                       .seq = db_int(q, 9),
                                       .body_sha256 = copied(c, q, 10)}};
}

/* The queue is walked in its order only as far as messages are wanted. */
static void due_step(void *state) {
    due_call *u = state;
    u->n = 0;
    u->superseded = false;
    u->list = arena_new(u->call.arena, outbox_message, u->most);
    query q = db_query(u->call.db,
                       "SELECT o.id, o.seq, o.key, o.body, o.body_sha256, o.attempts, o.recovered,"
                       " ifnull(r.fhir_id, ''), ifnull(r.etag, ''), ifnull(r.seq, 0),"
                       " ifnull(r.body_sha256, ''), " ANOTHER " FROM outbox o"
                       " LEFT JOIN remote r ON r.endpoint = o.endpoint AND r.key = o.key"
                       " WHERE o.state = 'ready' AND o.endpoint = ?1 AND o.next_ms <= ?2" FREE_KEY
                       " ORDER BY o.id LIMIT ?3",
                       VALUES(T(u->endpoint), N(u->now_ms), N(u->most)));
    while (u->n < u->most && !u->superseded && db_row(&q)) {
        u->superseded = db_int(&q, 11) != 0;
        u->list[u->n++] = message_of(&u->call, &q, u->endpoint);
    }
    db_done(&q);
}

/* A newer state of a key takes the place of older ones that wait. Where one of those was sent
 * before, what the server holds is not known: the newer one counts as recovered. It also takes over
 * their waiting time. */
static void supersede_step(void *state) {
    due_call *u = state;
    call *c = &u->call;
    db_run(c->db,
           "UPDATE outbox AS n SET recovered = max(n.recovered, w.doubt),"
           " next_ms = max(n.next_ms, w.wait) FROM (SELECT o.endpoint, o.key, max(o.seq) AS last,"
           " max(o.next_ms) AS wait, max(o.recovered OR o.attempts > 0) AS doubt FROM outbox o"
           " WHERE o.state = 'ready' AND o.endpoint = ?1 GROUP BY o.endpoint, o.key"
           " HAVING count(*) > 1) AS w"
           " WHERE n.endpoint = w.endpoint AND n.key = w.key AND n.seq = w.last",
           VALUES(T(u->endpoint)));
    db_run(c->db,
           "UPDATE outbox SET state = 'superseded', ended_ms = ?2, reason = 'newer state'"
           " WHERE state = 'ready' AND endpoint = ?1 AND EXISTS (SELECT 1 FROM outbox b"
           " WHERE b.state = 'ready' AND b.endpoint = outbox.endpoint AND b.key = outbox.key"
           " AND b.seq > outbox.seq)",
           VALUES(T(u->endpoint), N(store_wall_ms())));
    if (!db_ok(c->db)) return;
    buf members = audit_members(c);
    audit_text(&members, "endpoint", u->endpoint);
    audit_number(&members, "messages", db_changes(c->db));
    audit_append(c, "superseded", buf_str(&members));
}

store_status store_outbox_due(store *store, arena *arena, str endpoint, int64_t now_ms, isize most,
                              outbox_message **out, isize *n, fault *fault) {
    due_call u = {.endpoint = endpoint, .now_ms = now_ms, .most = most};
    store_status status = store_read(store, arena, fault, due_step, &u.call);
    if (status == STORE_OK && u.superseded) {
        status = store_write(store, fault, supersede_step, &u.call);
        if (status == STORE_OK) status = store_read(store, arena, fault, due_step, &u.call);
    }
    *out = u.list;
    *n = status == STORE_OK ? u.n : 0;
    return status;
}

typedef struct wait_call {
    call call;
    str endpoint;
    int64_t now_ms, next_ms; /* next -1: nothing waits */
} wait_call;

static void wait_step(void *state) {
    wait_call *w = state;
    /* Mostly one is due, and the first that is ends the search. */
    w->next_ms =
        db_number(w->call.db,
                  "SELECT o.next_ms FROM outbox o WHERE o.state = 'ready'"
                  " AND o.endpoint = ?1 AND o.next_ms <= ?2" FREE_KEY " ORDER BY o.id LIMIT 1",
                  VALUES(T(w->endpoint), N(w->now_ms)), -1);
    if (w->next_ms >= 0) return;
    w->next_ms = db_number(w->call.db,
                           "SELECT ifnull(min(o.next_ms), -1) FROM outbox o"
                           " WHERE o.state = 'ready' AND o.endpoint = ?1" FREE_KEY,
                           VALUES(T(w->endpoint)), -1);
}

int64_t store_outbox_wait_ms(store *store, str endpoint, int64_t now_ms) {
    wait_call w = {.endpoint = endpoint, .now_ms = now_ms, .next_ms = -1};
    arena none;
    arena_init(&none, 0, NULL);
    if (store_read(store, &none, NULL, wait_step, &w.call) != STORE_OK) return 0;
    if (w.next_ms < 0) return -1;
    return w.next_ms > now_ms ? w.next_ms - now_ms : 0;
}

/* --- one attempt --- */

typedef struct begin_call {
    call call;
    outbox_start *list;
    isize n;
} begin_call;

/* Whether this process is still the latest sender of the message's endpoint. */
static bool is_sender(call *c, str endpoint) {
    for (sender_lock *l = c->store->senders; l; l = l->next) {
        if (!str_eq(str_from(l->endpoint), endpoint)) continue;
        return l->epoch == db_number(c->db, "SELECT epoch FROM sender WHERE endpoint = ?1",
                                     VALUES(T(endpoint)), 0);
    }
    return false;
}

/* `mine`: an endpoint that this process was found to send for; the messages of a call mostly have
 * the same. */
static void begin_one(call *c, outbox_start *b, str *mine, int64_t now) {
    query q = db_query(c->db, "SELECT endpoint FROM outbox WHERE id = ?1 AND state = 'ready'",
                       VALUES(N(b->id)));
    if (!db_row(&q)) return;
    str endpoint = db_text(&q, 0);
    bool known = mine->n > 0 && str_eq(*mine, endpoint);
    if (!known) endpoint = arena_str(c->arena, endpoint);
    db_done(&q);
    b->begun = known || is_sender(c, endpoint);
    if (!b->begun) return;
    if (!known) *mine = endpoint;
    db_run(c->db,
           "UPDATE outbox SET state = 'inflight', attempts = attempts + 1, request_id = ?2,"
           " sent_ms = ?3 WHERE id = ?1",
           VALUES(N(b->id), T(b->request_id), N(now)));
}

static void begin_step(void *state) {
    begin_call *b = state;
    str mine = {0};
    for (isize i = 0; i < b->n; i++) begin_one(&b->call, &b->list[i], &mine, store_wall_ms());
}

store_status store_outbox_begin(store *store, outbox_start *list, isize n, fault *fault) {
    begin_call b = {.list = list, .n = n};
    for (isize i = 0; i < n; i++) list[i].begun = false;
    return store_write(store, fault, begin_step, &b.call);
}

typedef struct ending {
    call *call;
    const outbox_outcome *o;
    str endpoint, key;
    int64_t seq, sent_ms;
} ending;

static void write_remote(const ending *e) {
    const remote_state *r = e->o->remote;
    if (!r) return;
    db_run(
        e->call->db,
        "INSERT INTO remote VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
        " fhir_id = ?3, etag = ?4, seq = ?5, body_sha256 = ?6",
        VALUES(T(e->endpoint), T(e->key), T(r->fhir_id), T(r->etag), N(r->seq), T(r->body_sha256)));
}

static void audit_end(const ending *e, str state, str outcome_sha256) {
    const outbox_outcome *o = e->o;
    buf members = audit_members(e->call);
    audit_text(&members, "endpoint", e->endpoint);
    audit_text(&members, "key", e->key);
    audit_number(&members, "sequence", e->seq);
    audit_text(&members, "request", o->request_id);
    audit_text(&members, "class", str_from(o->class));
    audit_number(&members, "http", o->http);
    audit_text(&members, "state", state);
    if (o->reason.n > 0) audit_text(&members, "reason", o->reason);
    if (outcome_sha256.n > 0) audit_text(&members, "outcome", outcome_sha256);
    if (o->remote) {
        audit_text(&members, "serverId", o->remote->fhir_id);
        audit_text(&members, "serverVersion", o->remote->etag);
    }
    audit_append(e->call, "delivery", buf_str(&members));
}

/* Not one byte of it left: as if it had not been begun. */
static void take_back(call *c, const outbox_outcome *o) {
    db_run(c->db,
           "UPDATE outbox SET state = 'ready', attempts = attempts - 1, request_id = ''"
           " WHERE id = ?1 AND request_id = ?2 AND state = 'inflight'",
           VALUES(N(o->id), T(o->request_id)));
}

/* Only the attempt that is under way decides: an operator or a new sender may have been faster. */
static bool move_on(const ending *e, str next, int64_t now) {
    const outbox_outcome *o = e->o;
    db_run(e->call->db,
           "UPDATE outbox SET state = ?3, next_ms = ?4, last_class = ?5, last_http = ?6,"
           " reason = ?7, outcome = ?8, ended_ms = ?9"
           " WHERE id = ?1 AND request_id = ?2 AND state = 'inflight'",
           VALUES(N(o->id), T(o->request_id), T(next), N(o->next_wall_ms), T(str_from(o->class)),
                  N(o->http), T(o->reason), T(o->outcome), N(o->done ? now : 0)));
    return !db_ok(e->call->db) || db_changes(e->call->db) > 0;
}

/* A new sender has noted an attempt that it found in flight already. */
static void note_attempt(const ending *e, bool ours, int64_t now, str outcome) {
    const outbox_outcome *o = e->o;
    if (!ours)
        db_run(e->call->db, "DELETE FROM attempt WHERE outbox = ?1 AND request_id = ?2",
               VALUES(N(o->id), T(o->request_id)));
    db_run(e->call->db,
           "INSERT INTO attempt (outbox, request_id, sent_ms, ended_ms, class, http,"
           " outcome_sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
           VALUES(N(o->id), T(o->request_id), N(e->sent_ms), N(now), T(str_from(o->class)),
                  N(o->http), T(outcome)));
}

static void end_one(call *c, const outbox_outcome *o, int64_t now) {
    ending e = {.call = c, .o = o};
    if (o->unsent) {
        take_back(c, o);
        return;
    }
    query q = db_query(c->db, "SELECT endpoint, key, seq, sent_ms FROM outbox WHERE id = ?1",
                       VALUES(N(o->id)));
    if (!db_row(&q)) {
        db_fail(c->db, STORE_BROKEN, "store: outbox message %lld is not there", (long long)o->id);
        return;
    }
    e.endpoint = copied(c, &q, 0);
    e.key = copied(c, &q, 1);
    e.seq = db_int(&q, 2);
    e.sent_ms = db_int(&q, 3);
    db_done(&q);
    str outcome = o->outcome.n > 0 ? store_sha256(c, o->outcome) : (str){0};
    str next = o->done ? S("done") : o->park ? S("parked") : S("ready");
    bool ours = move_on(&e, next, now);
    note_attempt(&e, ours, now, outcome);
    write_remote(&e);
    audit_end(&e, ours ? next : S("overtaken"), outcome);
}

typedef struct end_call {
    call call;
    const outbox_outcome *const *list;
    isize n;
} end_call;

static void end_step(void *state) {
    end_call *e = state;
    for (isize i = 0; i < e->n; i++) end_one(&e->call, e->list[i], store_wall_ms());
}

store_status store_outbox_end(store *store, const outbox_outcome *const *list, isize n,
                              fault *fault) {
    end_call e = {.list = list, .n = n};
    return store_write(store, fault, end_step, &e.call);
}

/* --- what the server holds --- */

typedef struct remote_call {
    call call;
    str endpoint, key;
    remote_state *out;
    bool any;
} remote_call;

static void remote_step(void *state) {
    remote_call *r = state;
    query q = db_query(r->call.db,
                       "SELECT fhir_id, etag, seq, body_sha256 FROM remote"
                       " WHERE endpoint = ?1 AND key = ?2",
                       VALUES(T(r->endpoint), T(r->key)));
    if (!db_row(&q)) return;
    arena *a = r->call.arena;
    *r->out = (remote_state){.fhir_id = arena_str(a, db_text(&q, 0)),
                             .etag = arena_str(a, db_text(&q, 1)),
                             .seq = db_int(&q, 2),
                             .body_sha256 = arena_str(a, db_text(&q, 3))};
    r->any = true;
    db_done(&q);
}

store_status store_remote(store *store, arena *arena, str endpoint, str key, remote_state *out,
                          fault *fault) {
    remote_call r = {.endpoint = endpoint, .key = key, .out = out};
    store_status status = store_read(store, arena, fault, remote_step, &r.call);
    return status == STORE_OK && !r.any ? STORE_NONE : status;
}

/* --- numbers above the server's --- */

typedef struct raise_call {
    call call;
    int64_t id, above, seq;
} raise_call;

static void raise_step(void *state) {
    raise_call *r = state;
    call *c = &r->call;
    query q =
        db_query(c->db, "SELECT endpoint, key, seq FROM outbox WHERE id = ?1", VALUES(N(r->id)));
    if (!db_row(&q)) {
        db_fail(c->db, STORE_BROKEN, "store: outbox message %lld is not there", (long long)r->id);
        return;
    }
    str endpoint = arena_str(c->arena, db_text(&q, 0));
    str key = arena_str(c->arena, db_text(&q, 1));
    int64_t from = db_int(&q, 2);
    db_done(&q);
    int64_t shift = r->above + 1 - from;
    r->seq = from;
    if (shift <= 0) return;
    /* This message and the newer ones keep their order. Each step leaves the range before it moves
     * into the new one, so that no two share a number on the way. */
    value where[] = {T(endpoint), T(key), N(from), N(shift)};
    db_run(c->db,
           "UPDATE outbox SET seq = -(seq + ?4) WHERE endpoint = ?1 AND key = ?2 AND seq >= ?3",
           where, 4);
    db_run(c->db, "UPDATE outbox SET seq = -seq WHERE endpoint = ?1 AND key = ?2 AND seq < 0",
           where, 2);
    db_run(c->db,
           "UPDATE flag SET seq = seq + ?4 WHERE endpoint = ?1 AND identifier = ?2"
           " AND seq >= ?3",
           where, 4);
    r->seq = from + shift;
    buf members = audit_members(c);
    audit_text(&members, "endpoint", endpoint);
    audit_text(&members, "key", key);
    audit_number(&members, "from", from);
    audit_number(&members, "seq", r->seq);
    audit_append(c, "seq.raise", buf_str(&members));
}

store_status store_raise_seq(store *store, int64_t id, int64_t above, int64_t *seq, fault *fault) {
    raise_call r = {.id = id, .above = above};
    store_status status = store_write(store, fault, raise_step, &r.call);
    *seq = r.seq;
    return status;
}
