/* SPDX-License-Identifier: Apache-2.0 */
/* Seals: the SHA-256 of a row as it was written, noted in the audit entry of the message that wrote
 * it, so that the trail vouches for resources, kept bytes, rows, verdicts, Flags and what was to be
 * sent, and not for itself alone (docs/decisions.md has the layout). */
#include "store/seal.h"

#include <string.h>

enum { ROW_BYTES = 1 << 20, LONG_VALUE = 512, SEALS_BYTES = 256 << 20 };

/* --- one row --- */

static void put_number(buf *out, char kind, int64_t n) {
    char bytes[9] = {kind};
    for (int i = 0; i < 8; i++) bytes[1 + i] = (char)((uint64_t)n >> (56 - 8 * i));
    buf_add(out, (str){bytes, sizeof bytes});
}

/* A long value enters by its own hash, so that no row needs a copy of its bytes. */
static bool put_value(const call *c, buf *out, const value *v) {
    uint8_t hash[DIGEST_BYTES];
    bool text = v->kind == VALUE_TEXT;
    if (v->kind == VALUE_NULL) {
        buf_byte(out, 'n');
    } else if (v->kind == VALUE_INTEGER) {
        put_number(out, 'i', v->n);
    } else if (v->s.n <= LONG_VALUE) {
        put_number(out, text ? 't' : 'b', v->s.n);
        buf_add(out, v->s);
    } else {
        if (!c->store->digest->sha256(v->s, hash)) return false;
        put_number(out, text ? 'T' : 'B', v->s.n);
        buf_add(out, (str){(const char *)hash, DIGEST_BYTES});
    }
    return true;
}

static void no_digest(const call *c) {
    db_fail(c->db, STORE_BROKEN, "store: SHA-256 is not available");
}

void seal_begin(seal_row *row, call *c) {
    *row = (seal_row){.call = c, .mark = arena_here(c->arena), .good = true};
    row->text = buf_new(c->arena, ROW_BYTES, "a row's values");
}

void seal_values(seal_row *row, const value *values, int n) {
    for (int i = 0; i < n && row->good; i++)
        row->good = put_value(row->call, &row->text, &values[i]);
    buf_byte(&row->text, '.');
    /* Rows without end (a patient of a resource with a million of them) are hashed on the way. */
    if (row->text.n > ROW_BYTES / 2) {
        uint8_t hash[DIGEST_BYTES];
        row->good = row->good && row->call->store->digest->sha256(buf_str(&row->text), hash);
        arena_rewind(row->call->arena, row->mark);
        row->text = buf_new(row->call->arena, ROW_BYTES, "a row's values");
        buf_add(&row->text, (str){(const char *)hash, DIGEST_BYTES});
    }
}

bool seal_end(seal_row *row, uint8_t out[DIGEST_BYTES]) {
    row->good = row->good && row->call->store->digest->sha256(buf_str(&row->text), out);
    arena_rewind(row->call->arena, row->mark);
    if (!row->good) no_digest(row->call);
    return row->good;
}

int64_t seal_key(call *c, str first, str second) {
    uint8_t hash[DIGEST_BYTES] = {0};
    seal_row row;
    int64_t key = 0;
    seal_begin(&row, c);
    seal_values(&row, VALUES(T(first), T(second)));
    if (!seal_end(&row, hash)) return 0;
    for (int i = 0; i < 8; i++) key = (int64_t)((uint64_t)key << 8 | hash[i]);
    return key;
}

/* --- what the transaction has sealed --- */

static void note(call *c, char kind, int64_t key, const uint8_t hash[DIGEST_BYTES]) {
    buf *seals = &c->store->seals;
    if (seals->n == 0) *seals = buf_new(c->arena, SEALS_BYTES, "the seals of a message");
    put_number(seals, kind, key);
    buf_add(seals, (str){(const char *)hash, DIGEST_BYTES});
}

void seal(call *c, char kind, int64_t key, const value *values, int n) {
    uint8_t hash[DIGEST_BYTES];
    seal_row row;
    if (!db_ok(c->db)) return;
    seal_begin(&row, c);
    seal_values(&row, values, n);
    if (seal_end(&row, hash)) note(c, kind, key, hash);
}

void seal_hash(call *c, char kind, int64_t key, const uint8_t hash[DIGEST_BYTES]) {
    if (db_ok(c->db)) note(c, kind, key, hash);
}

void seal_gone(call *c, char kind, int64_t key) {
    static const uint8_t nothing[DIGEST_BYTES];
    seal_hash(c, kind, key, nothing);
}

/* --- every row there is --- */

#define NAME "ifnull(r.source || ' ' || r.type || '/' || r.id, 'a resource that is gone')"

/* Key, name, and the values as they were sealed. Rows of one key that follow each other are one. */
const seal_table seal_tables[] = {
    {SEAL_RESOURCE, "resource",
     "SELECT r.pk, " NAME ", r.source, r.type, r.id, r.patient, r.version, r.updated, r.content,"
     " r.view_digest, r.removed, r.kept FROM resource r ORDER BY r.pk"},
    {SEAL_ROWS, "rows of resource",
     "SELECT w.resource, " NAME ", w.view, w.n, w.cells, w.view_digest FROM view_row w"
     " LEFT JOIN resource r ON r.pk = w.resource ORDER BY w.resource, w.view, w.n"},
    {SEAL_KEPT, "kept bytes of resource",
     "SELECT k.pk, " NAME ", k.pk, k.resource, k.version, k.updated, k.content, k.bytes,"
     " k.bytes_size, k.kept_ms FROM kept k LEFT JOIN resource r ON r.pk = k.resource"
     " ORDER BY k.pk"},
    {SEAL_VERDICT, "verdict of patient",
     "SELECT v.pk, ifnull(p.source || ' ' || p.id, 'who is gone') || ', study ' || v.study,"
     " v.patient, v.study, v.kind, v.document, v.document_size, v.sha256, v.record_sha256,"
     " v.mapping_digest, v.study_digest, v.library_version, v.clock, v.inputs, v.decided_ms"
     " FROM verdict v LEFT JOIN patient p ON p.pk = v.patient ORDER BY v.pk"},
    {SEAL_FLAG, "Flag",
     "SELECT 0, endpoint || ' ' || identifier, endpoint, identifier, study, patient_key, status,"
     " code, period_start, period_end, hold_since, why, changed_ms FROM flag"},
    {SEAL_OUTBOX, "outbox message",
     "SELECT id, id || ', endpoint ' || endpoint, endpoint, key, body, body_sha256, created_ms"
     " FROM outbox ORDER BY id"},
    {0, NULL, NULL}};

static value column_value(const query *q, int i) {
    sqlite3_stmt *s = q->statement;
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER: return N(db_int(q, i));
    case SQLITE_TEXT: return T(db_text(q, i));
    case SQLITE_BLOB: return B(db_bytes(q, i));
    default: return (value){.kind = VALUE_NULL};
    }
}

enum { NAME_BYTES = 512, VALUES_MOST = 16 };

typedef struct walk {
    call *call;
    const seal_table *table;
    seal_row row;
    bool open;
    int64_t key;
    char name[NAME_BYTES];
} walk;

static void close_row(walk *w, seal_seen *seen, void *self) {
    uint8_t hash[DIGEST_BYTES];
    if (w->open && seal_end(&w->row, hash)) seen(self, w->table, w->key, w->name, hash);
    w->open = false;
}

static void open_row(walk *w, const query *q, int64_t key) {
    str name = db_text(q, 1);
    isize n = name.n < NAME_BYTES - 1 ? name.n : NAME_BYTES - 1;
    if (n > 0) memcpy(w->name, name.p, (size_t)n);
    w->name[n] = '\0';
    w->key = key;
    w->open = true;
    seal_begin(&w->row, w->call);
}

void seal_walk(call *c, const seal_table *table, seal_seen *seen, void *self) {
    walk w = {.call = c, .table = table};
    value values[VALUES_MOST];
    query q = db_query(c->db, table->sql, NO_VALUES);
    while (db_row(&q)) {
        int n = sqlite3_column_count(q.statement) - 2;
        for (int i = 0; i < n && i < VALUES_MOST; i++) values[i] = column_value(&q, i + 2);
        int64_t key = db_int(&q, 0);
        if (table->kind == SEAL_FLAG) key = seal_key(c, values[0].s, values[1].s);
        if (!w.open || key != w.key) {
            close_row(&w, seen, self);
            open_row(&w, &q, key);
        }
        seal_values(&w.row, values, n);
    }
    close_row(&w, seen, self);
}
