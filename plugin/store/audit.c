/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: entries are appended in the transaction of the change they tell of, each hashed
 * together with the hash of the one before (docs/decisions.md has the layout). */
#include "base/when.h"
#include "store/state.h"

#include <string.h>

enum { ENTRY_BYTES = 1 << 20 };

buf audit_members(call *c) { return buf_new(c->arena, ENTRY_BYTES, "an audit entry"); }

void audit_text(buf *members, const char *name, str text) {
    buf_printf(members, ",\"%s\":", name);
    buf_json_string(members, text);
}

void audit_number(buf *members, const char *name, int64_t n) {
    buf_printf(members, ",\"%s\":%lld", name, (long long)n);
}

/* hash = SHA-256(previous, entry) */
static bool chain(call *c, const uint8_t previous[DIGEST_BYTES], str entry,
                  uint8_t hash[DIGEST_BYTES]) {
    char *both = arena_new(c->arena, char, DIGEST_BYTES + entry.n);
    memcpy(both, previous, DIGEST_BYTES);
    if (entry.n > 0) memcpy(both + DIGEST_BYTES, entry.p, (size_t)entry.n);
    return c->store->digest->sha256((str){both, DIGEST_BYTES + entry.n}, hash);
}

/* The last entry, read once a transaction; 0 and zeros before the first. */
static chain_head *head(call *c) {
    chain_head *h = &c->store->head;
    if (h->known) return h;
    *h = (chain_head){.known = true};
    query q = db_query(c->db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", NO_VALUES);
    if (!db_row(&q)) return h;
    h->seq = db_int(&q, 0);
    str bytes = db_bytes(&q, 1);
    if (bytes.n == DIGEST_BYTES) memcpy(h->hash, bytes.p, DIGEST_BYTES);
    db_done(&q);
    return h;
}

static void put_entry(call *c, buf *entry, int64_t seq, const char *action, str members) {
    char utc[WHEN_TEXT];
    isize n = when_format(when_from_unix(store_wall_ms() * 1000000, 0), utc);
    buf_printf(entry, "{\"seq\":%lld,\"utc\":\"%.*s\",\"mono\":%lld,\"boot\":\"%s\"",
               (long long)seq, (int)n, utc, (long long)store_monotonic_ns(), c->store->boot);
    buf_printf(entry, ",\"version\":\"%s\",\"action\":\"%s\"", PACKAGE_VERSION, action);
    buf_add(entry, members);
    buf_byte(entry, '}');
}

void audit_append(call *c, const char *action, str members) {
    if (!db_ok(c->db)) return;
    chain_head *last = head(c);
    if (!db_ok(c->db)) return;
    buf entry = buf_new(c->arena, 2 * ENTRY_BYTES, "an audit entry");
    put_entry(c, &entry, last->seq + 1, action, members);
    if (!chain(c, last->hash, buf_str(&entry), last->hash)) {
        db_fail(c->db, STORE_BROKEN, "store: SHA-256 is not available");
        return;
    }
    last->seq++;
    db_run(
        c->db, "INSERT INTO audit (seq, entry, hash) VALUES (?1, ?2, ?3)",
        VALUES(N(last->seq), T(buf_str(&entry)), B((str){(const char *)last->hash, DIGEST_BYTES})));
}

/* --- adding from outside --- */

typedef struct add_call {
    call call;
    const char *action;
    str detail;
} add_call;

static void add_step(void *state) {
    add_call *a = state;
    buf members = audit_members(&a->call);
    if (a->detail.n > 0) {
        buf_add(&members, S(",\"detail\":"));
        buf_add(&members, a->detail);
    }
    audit_append(&a->call, a->action, buf_str(&members));
}

store_status store_audit_add(store *store, const char *action, str detail_json, fault *fault) {
    add_call a = {.action = action, .detail = detail_json};
    return store_write(store, fault, add_step, &a.call);
}

/* --- verifying --- */

typedef struct verify_call {
    call call;
    int64_t after;    /* last sequence number that was checked */
    int64_t bad;      /* first broken one, or 0 */
    uint8_t hash[32]; /* of `after` */
    bool more;
} verify_call;

enum { VERIFY_AT_ONCE = 1000 };

/* An entry says its own number, so that one cannot be put in another's place. */
static bool says_its_number(str entry, int64_t seq) {
    str rest = entry;
    int64_t n = 0;
    if (!str_starts(rest, S("{\"seq\":"))) return false;
    for (isize i = 7; i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9' && n < INT64_MAX / 20;
         i++) {
        n = n * 10 + (rest.p[i] - '0');
    }
    return n == seq;
}

static bool entry_holds(verify_call *v, query *q) {
    int64_t seq = db_int(q, 0);
    str entry = db_text(q, 1);
    str hash = db_bytes(q, 2);
    uint8_t expected[DIGEST_BYTES];
    if (seq != v->after + 1 || hash.n != DIGEST_BYTES || !says_its_number(entry, seq)) return false;
    arena_mark mark = arena_here(v->call.arena);
    bool ok = chain(&v->call, v->hash, entry, expected);
    arena_rewind(v->call.arena, mark);
    if (!ok || memcmp(expected, hash.p, DIGEST_BYTES) != 0) return false;
    memcpy(v->hash, expected, DIGEST_BYTES);
    return true;
}

static void verify_step(void *state) {
    verify_call *v = state;
    query q = db_query(v->call.db,
                       "SELECT seq, entry, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                       VALUES(N(v->after), N(VERIFY_AT_ONCE)));
    int64_t count = 0;
    while (v->bad == 0 && db_row(&q)) {
        count++;
        if (entry_holds(v, &q)) {
            v->after++;
        } else {
            v->bad = v->after + 1;
        }
    }
    db_done(&q);
    v->more = count == VERIFY_AT_ONCE && v->bad == 0;
}

store_status store_audit_verify(store *store, int64_t *entries, int64_t *bad, fault *fault) {
    verify_call v = {.more = true};
    arena scratch;
    arena_init(&scratch, 16 << 20, NULL);
    store_status status = STORE_OK;
    /* In pieces, so that nobody waits long for the reading connection. */
    while (status == STORE_OK && v.more) {
        status = store_read(store, &scratch, fault, verify_step, &v.call);
    }
    arena_release(&scratch);
    *entries = v.after;
    *bad = v.bad;
    return status;
}

void audit_check_head(call *c) {
    verify_call v = {.call = *c};
    v.after = db_number(c->db, "SELECT ifnull(max(seq), 0) FROM audit", NO_VALUES, 0) - 1;
    if (v.after < 0) return;
    query q = db_query(c->db, "SELECT hash FROM audit WHERE seq = ?1", VALUES(N(v.after)));
    if (db_row(&q)) {
        str hash = db_bytes(&q, 0);
        if (hash.n == DIGEST_BYTES) memcpy(v.hash, hash.p, DIGEST_BYTES);
        db_done(&q);
    }
    verify_step(&v);
    if (v.bad != 0) {
        db_fail(c->db, STORE_BROKEN,
                "store: audit entry %lld does not fit the one before: the trail was changed; stop, "
                "keep the file, and restore a backup",
                (long long)v.bad);
    }
}

/* --- reading --- */

typedef struct json_call {
    call call;
    int64_t from, most;
    buf *out;
} json_call;

static void json_step(void *state) {
    json_call *j = state;
    query q = db_query(j->call.db,
                       "SELECT entry, lower(hex(hash)) FROM audit WHERE seq >= ?1 ORDER BY seq"
                       " LIMIT ?2",
                       VALUES(N(j->from), N(j->most)));
    buf_byte(j->out, '[');
    for (bool first = true; db_row(&q); first = false) {
        if (!first) buf_add(j->out, S(",\n"));
        buf_add(j->out, S("{\"entry\":"));
        buf_add(j->out, db_text(&q, 0));
        buf_add(j->out, S(",\"hash\":"));
        buf_json_string(j->out, db_text(&q, 1));
        buf_byte(j->out, '}');
    }
    buf_byte(j->out, ']');
}

store_status store_audit_json(store *store, int64_t from, int64_t most, buf *out, fault *fault) {
    json_call j = {.from = from, .most = most, .out = out};
    return store_read(store, out->arena, fault, json_step, &j.call);
}
