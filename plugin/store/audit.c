/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: entries are appended in the transaction of the change they tell of, each hashed
 * together with the hash of the one before (docs/decisions.md has the layout). */
#include "base/when.h"
#include "store/state.h"

#include <string.h>

enum { ENTRY_BYTES = 1 << 20 };

buf audit_members(call *c) { return buf_new(c->arena, ENTRY_BYTES, "an audit entry"); }

static void put_name(buf *members, const char *name) {
    buf_add(members, S(",\""));
    buf_add(members, str_from(name));
    buf_add(members, S("\":"));
}

void audit_text(buf *members, const char *name, str text) {
    put_name(members, name);
    buf_json_string(members, text);
}

void audit_number(buf *members, const char *name, int64_t n) {
    put_name(members, name);
    buf_integer(members, n);
}

bool audit_chain(call *c, const uint8_t previous[DIGEST_BYTES], str entry,
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

static void put_entry(call *c, buf *entry, int64_t seq, const char *action, str members,
                      str seals) {
    char utc[WHEN_TEXT];
    isize n = when_format(when_from_unix(store_wall_ms() * 1000000, 0), utc);
    buf_add(entry, S("{\"seq\":"));
    buf_integer(entry, seq);
    audit_text(entry, "utc", (str){utc, n});
    audit_number(entry, "mono", store_monotonic_ns());
    audit_text(entry, "boot", str_from(c->store->boot));
    audit_text(entry, "version", S(PACKAGE_VERSION));
    audit_text(entry, "action", str_from(action));
    buf_add(entry, members);
    if (seals.n > 0) audit_text(entry, "seals", store_sha256(c, seals));
    buf_byte(entry, '}');
}

void audit_append(call *c, const char *action, str members) {
    if (!db_ok(c->db)) return;
    chain_head *last = head(c);
    if (!db_ok(c->db)) return;
    buf entry = buf_new(c->arena, 2 * ENTRY_BYTES, "an audit entry");
    str seals = buf_str(&c->store->seals);
    c->store->seals = (buf){0};
    put_entry(c, &entry, last->seq + 1, action, members, seals);
    if (!db_ok(c->db)) return;
    if (!audit_chain(c, last->hash, buf_str(&entry), last->hash)) {
        db_fail(c->db, STORE_BROKEN, "store: SHA-256 is not available");
        return;
    }
    last->seq++;
    db_run(c->db, "INSERT INTO audit (seq, entry, hash, seals) VALUES (?1, ?2, ?3, ?4)",
           VALUES(N(last->seq), T(buf_str(&entry)),
                  B((str){(const char *)last->hash, DIGEST_BYTES}),
                  seals.n > 0 ? B(seals) : (value){.kind = VALUE_NULL}));
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
