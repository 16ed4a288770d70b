/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's version: what a new file gets, which files are refused, and the steps by which a
 * store of an earlier release becomes one of this. All steps run in the transaction that opens the
 * file, so that a store is of one version or of the other, and a release that was interrupted
 * begins again. */
#include "store/seal.h"

#include <stdio.h>

static const char schema[] =
#include "schema.inc"
    ;

/* steps[n - 1] makes version n + 1 of version n. They are never changed once they were released. */
static const char *const steps[] = {
    /* An attempt is written when it ends; until then its beginning stands at the message. */
    "ALTER TABLE outbox ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0;"
    "UPDATE outbox SET sent_ms = a.sent_ms FROM attempt a WHERE a.outbox = outbox.id"
    " AND a.request_id = outbox.request_id AND outbox.state = 'inflight';"
    "DELETE FROM attempt WHERE ended_ms = 0 AND EXISTS (SELECT 1 FROM outbox o"
    " WHERE o.id = attempt.outbox AND o.request_id = attempt.request_id AND o.state = 'inflight');"
    "DROP INDEX outbox_state;"
    "CREATE INDEX outbox_state ON outbox (state, endpoint, id);",
    /* Rows are vouched for by the trail; what is there is sealed below. */
    "ALTER TABLE audit ADD COLUMN seals BLOB;",
    /* Kept resources may be packed with the dictionary: who does not have it must not read on. */
    "",
};
_Static_assert(COUNT_OF(steps) == STORE_SCHEMA - 1, "every version has the step that makes it");

static int64_t pragma(db *d, const char *sql) { return db_number(d, sql, NO_VALUES, 0); }

int schema_version(db *d) {
    int64_t version = pragma(d, "PRAGMA user_version");
    int64_t application = pragma(d, "PRAGMA application_id");
    int64_t tables = pragma(d, "SELECT count(*) FROM sqlite_schema");
    if (version == 0 && application == 0 && tables == 0) return 0;
    if (application != STORE_APPLICATION) {
        db_fail(d, STORE_BROKEN, "store: the file is a database of something else: name another");
    } else if (version > STORE_SCHEMA) {
        db_fail(
            d, STORE_BROKEN,
            "store: written by a newer release (schema %d, this one knows %d): install it again",
            (int)version, STORE_SCHEMA);
    } else if (version < 1) {
        db_fail(d, STORE_BROKEN, "store: schema %d is unknown", (int)version);
    }
    return (int)version;
}

enum { UNSEALED = 2 /* the last schema without seals */, SEALED_AT_ONCE = 10000 };

typedef struct sealing {
    call *call;
    arena_mark mark;
    int64_t n;
} sealing;

static void take_seals(sealing *s, const char *what) {
    buf members = audit_members(s->call);
    audit_text(&members, "what", str_from(what));
    audit_number(&members, "rows", s->n);
    audit_append(s->call, "upgrade", buf_str(&members));
    arena_rewind(s->call->arena, s->mark);
    s->n = 0;
}

static void seal_seen_row(void *self, const seal_table *table, int64_t key, const char *name,
                          const uint8_t hash[DIGEST_BYTES]) {
    sealing *s = self;
    (void)name;
    seal_hash(s->call, table->kind, key, hash);
    if (++s->n == SEALED_AT_ONCE) take_seals(s, table->noun);
}

/* From here on the trail vouches for what an earlier release wrote. */
static void seal_everything(call *c) {
    sealing s = {.call = c, .mark = arena_here(c->arena)};
    for (const seal_table *t = seal_tables; t->kind; t++) {
        seal_walk(c, t, seal_seen_row, &s);
        if (s.n > 0) take_seals(&s, t->noun);
    }
}

static void set_version(db *d) {
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             STORE_APPLICATION, STORE_SCHEMA);
    db_script(d, sql);
}

void schema_prepare(call *c) {
    int version = schema_version(c->db);
    if (!db_ok(c->db) || version == STORE_SCHEMA) return;
    if (version == 0) {
        db_script(c->db, schema);
        set_version(c->db);
        return;
    }
    for (int i = version - 1; i >= 0 && i < COUNT_OF(steps); i++) db_script(c->db, steps[i]);
    set_version(c->db);
    audit_check_head(c);
    buf members = audit_members(c);
    audit_number(&members, "from", version);
    audit_number(&members, "to", STORE_SCHEMA);
    audit_append(c, "upgrade", buf_str(&members));
    if (version <= UNSEALED) seal_everything(c);
}
