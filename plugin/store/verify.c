/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying: the audit trail's chain is recomputed, and every sealed row is compared with the last
 * entry that tells of it. The first that differs is named. */
#include "store/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what the trail says of the rows --- */

typedef struct expectation {
    char kind; /* 0: empty place */
    bool seen;
    int64_t key, entry;
    uint8_t hash[DIGEST_BYTES];
} expectation;

typedef struct expectations {
    expectation *at;
    uint64_t n, places; /* a power of two */
} expectations;

static expectation *place(const expectations *e, char kind, int64_t key) {
    uint64_t h = ((uint64_t)key ^ (uint64_t)kind << 56) * UINT64_C(0x9e3779b97f4a7c15);
    for (h ^= h >> 29;; h++) {
        expectation *x = &e->at[h & (e->places - 1)];
        if (x->kind == 0 || (x->kind == kind && x->key == key)) return x;
    }
}

static bool make_room(expectations *e) {
    if (e->n * 4 < e->places * 3) return true;
    expectations more = {.n = e->n, .places = e->places ? e->places * 2 : 1024};
    more.at = calloc(more.places, sizeof *more.at);
    if (!more.at) return false;
    for (uint64_t i = 0; i < e->places; i++)
        if (e->at[i].kind) *place(&more, e->at[i].kind, e->at[i].key) = e->at[i];
    free(e->at);
    *e = more;
    return true;
}

/* --- the chain --- */

typedef struct verifying {
    call call;
    int64_t after;    /* last sequence number that was checked */
    int64_t bad;      /* first broken one, or 0 */
    uint8_t hash[32]; /* of `after` */
    str expect;
    expectations rows;
    audit_report *report;
} verifying;

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

/* The entry's last member is the hash of its seals, where it has any. */
static bool says_its_seals(call *c, str entry, str seals) {
    static const char name[] = ",\"seals\":\"";
    isize most = (isize)sizeof name - 1 + DIGEST_HEX + 2;
    str tail = entry.n > most ? (str){entry.p + entry.n - most, most} : (str){0};
    bool named = tail.n > 0 && str_starts(tail, S(",\"seals\":\""));
    if (!named || seals.n == 0) return !named && seals.n == 0;
    str hash = {tail.p + sizeof name - 1, DIGEST_HEX};
    return seals.n % SEAL_BYTES == 0 && str_eq(store_sha256(c, seals), hash);
}

static bool entry_holds(verifying *v, const query *q) {
    int64_t seq = db_int(q, 0);
    str entry = db_text(q, 1);
    str hash = db_bytes(q, 2);
    uint8_t expected[DIGEST_BYTES];
    if (seq != v->after + 1 || hash.n != DIGEST_BYTES || !says_its_number(entry, seq)) return false;
    arena_mark mark = arena_here(v->call.arena);
    bool ok = audit_chain(&v->call, v->hash, entry, expected) &&
              says_its_seals(&v->call, entry, db_bytes(q, 3));
    arena_rewind(v->call.arena, mark);
    if (!ok || memcmp(expected, hash.p, DIGEST_BYTES) != 0) return false;
    memcpy(v->hash, expected, DIGEST_BYTES);
    return true;
}

static int64_t key_of(const char *bytes) {
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) key = key << 8 | (uint8_t)bytes[i];
    return (int64_t)key;
}

static void take_seals(verifying *v, str seals) {
    for (isize i = 0; i + SEAL_BYTES <= seals.n; i += SEAL_BYTES) {
        if (!make_room(&v->rows)) {
            db_fail(v->call.db, STORE_BUSY, "store: no memory to verify so many rows");
            return;
        }
        expectation *x = place(&v->rows, seals.p[i], key_of(seals.p + i + 1));
        v->rows.n += x->kind == 0;
        *x = (expectation){.kind = seals.p[i], .key = key_of(seals.p + i + 1), .entry = v->after};
        memcpy(x->hash, seals.p + i + 9, DIGEST_BYTES);
    }
}

static void take_entry(verifying *v, const query *q) {
    char hex[DIGEST_HEX];
    v->after++;
    digest_hex(v->hash, hex);
    if (str_eq((str){hex, DIGEST_HEX}, v->expect)) v->report->expected_at = v->after;
    memcpy(v->report->head, hex, DIGEST_HEX);
    take_seals(v, db_bytes(q, 3));
}

static void walk_chain(verifying *v) {
    query q =
        db_query(v->call.db, "SELECT seq, entry, hash, seals FROM audit ORDER BY seq", NO_VALUES);
    while (v->bad == 0 && db_row(&q)) {
        if (entry_holds(v, &q))
            take_entry(v, &q);
        else
            v->bad = v->after + 1;
    }
    db_done(&q);
}

/* --- the rows --- */

static void name_record(verifying *v, const seal_table *table, int64_t entry, const char *name,
                        const char *what) {
    audit_report *r = v->report;
    if (r->record[0]) return;
    snprintf(r->record, sizeof r->record, "%s %s %s", table->noun, name, what);
    r->record_entry = entry;
}

static void see_row(void *self, const seal_table *table, int64_t key, const char *name,
                    const uint8_t hash[DIGEST_BYTES]) {
    static const uint8_t gone[DIGEST_BYTES];
    verifying *v = self;
    expectation *x = v->rows.places ? place(&v->rows, table->kind, key) : NULL;
    v->report->records++;
    if (!x || x->kind == 0)
        name_record(v, table, 0, name, "was added beside the trail");
    else if (memcmp(x->hash, gone, DIGEST_BYTES) == 0)
        name_record(v, table, x->entry, name, "was put back after it was deleted");
    else if (memcmp(x->hash, hash, DIGEST_BYTES) != 0)
        name_record(v, table, x->entry, name, "was changed");
    if (x) x->seen = true;
}

/* The first, in the trail's order, of the rows that should be there. */
static void name_missing(verifying *v, const seal_table *table) {
    static const uint8_t gone[DIGEST_BYTES];
    const expectation *first = NULL;
    char key[32];
    for (uint64_t i = 0; i < v->rows.places; i++) {
        const expectation *x = &v->rows.at[i];
        if (x->kind != table->kind || x->seen || memcmp(x->hash, gone, DIGEST_BYTES) == 0) continue;
        if (!first || x->entry < first->entry) first = x;
    }
    if (!first) return;
    snprintf(key, sizeof key, "%lld", (long long)first->key);
    name_record(v, table, first->entry, table->kind == SEAL_FLAG ? "of the entry named" : key,
                "is missing");
}

static void verify_step(void *state) {
    verifying *v = state;
    walk_chain(v);
    if (v->bad != 0) return; /* what the rest of the trail says is worth nothing */
    for (const seal_table *t = seal_tables; t->kind && db_ok(v->call.db); t++) {
        seal_walk(&v->call, t, see_row, v);
        name_missing(v, t);
    }
}

/* --- the whole --- */

static void verify_on(verifying *v, arena *scratch, db *d, fault *fault) {
    landing here;
    v->call.db = d;
    v->call.arena = scratch;
    scratch->landing = &here;
    db_ready(d, fault);
    db_run(d, "BEGIN", NO_VALUES); /* all of one moment */
    if (!guarded(&here, verify_step, v)) db_fail(d, STORE_BUSY, "store: %s", here.fault.text);
    scratch->landing = NULL;
}

store_status store_audit_verify(store *store, str expect, audit_report *out, fault *fault) {
    verifying v = {.call = {.store = store}, .expect = expect, .report = out};
    db own;
    arena scratch;
    *out = (audit_report){0};
    if (!db_open(&own, store->path, 1000, 0, fault)) {
        store_status status = own.status;
        db_close(&own);
        return status;
    }
    arena_init(&scratch, 512 << 20, NULL);
    verify_on(&v, &scratch, &own, fault);
    store_status status = own.status;
    db_close(&own);
    arena_release(&scratch);
    free(v.rows.at);
    out->entries = v.after;
    out->bad = v.bad;
    return status;
}

void audit_check_head(call *c) {
    verifying v = {.call = *c};
    v.after = db_number(c->db, "SELECT ifnull(max(seq), 0) FROM audit", NO_VALUES, 0) - 1;
    if (v.after < 0) return;
    query q = db_query(c->db, "SELECT hash FROM audit WHERE seq = ?1", VALUES(N(v.after)));
    if (db_row(&q)) {
        str hash = db_bytes(&q, 0);
        if (hash.n == DIGEST_BYTES) memcpy(v.hash, hash.p, DIGEST_BYTES);
        db_done(&q);
    }
    q = db_query(c->db, "SELECT seq, entry, hash, seals FROM audit WHERE seq > ?1",
                 VALUES(N(v.after)));
    if (db_row(&q) && !entry_holds(&v, &q))
        db_fail(c->db, STORE_BROKEN,
                "store: audit entry %lld does not fit the one before: the trail was changed; stop, "
                "keep the file, and restore a backup",
                (long long)v.after + 1);
    db_done(&q);
}
