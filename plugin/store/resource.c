/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one resource of a message: its state, the bytes that are kept, its rows, and what a
 * Patient says of his identity. */
#include "store/seal.h"

#include <stdlib.h>

/* --- identity --- */

typedef struct pairs_sql {
    const char *note, *empty, *fill;
    int filled_with; /* values of `fill`: the patient, the pairs, his source */
} pairs_sql;

/* What a table holds of one patient is replaced by the pairs of a JSON array. */
static void replace_pairs(call *c, int64_t patient, str pairs, str source, const pairs_sql *sql) {
    const value values[] = {N(patient), T(pairs), T(source)};
    db_run(c->db, sql->note, values, 2);
    db_run(c->db, sql->empty, values, 1);
    if (pairs.n > 0) db_run(c->db, sql->fill, values, sql->filled_with);
}

static const pairs_sql identifier_sql = {
    "UPDATE patient SET identifiers = ?2 WHERE pk = ?1",
    "DELETE FROM identifier WHERE patient = ?1",
    "INSERT OR IGNORE INTO identifier SELECT j.value ->> 0, j.value ->> 1, ?1 FROM json_each(?2) j"
    " WHERE j.value ->> 0 IS NOT NULL AND j.value ->> 1 IS NOT NULL",
    2};
static const pairs_sql link_sql = {
    "UPDATE patient SET links = ?2 WHERE pk = ?1", "DELETE FROM link WHERE patient = ?1",
    "INSERT OR IGNORE INTO link SELECT ?1, j.value ->> 0, ?3, j.value ->> 1 FROM json_each(?2) j"
    " WHERE j.value ->> 0 IS NOT NULL AND j.value ->> 1 IS NOT NULL",
    3};

/* A Patient's identity replaces what he had; a removal leaves none. */
static void write_identity(call *c, int64_t patient, const resource_write *r) {
    db_run(c->db, "UPDATE patient SET known = ?2 WHERE pk = ?1",
           VALUES(N(patient), N(r->removal ? 0 : 1)));
    str source = r->patient.source;
    if (r->removal || r->identifiers.p)
        replace_pairs(c, patient, r->removal ? (str){0} : r->identifiers, source, &identifier_sql);
    if (r->removal || r->links.p)
        replace_pairs(c, patient, r->removal ? (str){0} : r->links, source, &link_sql);
}

/* --- the state in force --- */

/* Its order is checked here too: a resource of no patient has no rev, and a rev that was read after
 * the state does not vouch for that state. */
stored_head find_head(call *c, str source, const resource_write *r) {
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
    bool newer = store_order(&head, r->version, r->updated, r->content, r->removal) == ORDER_OLDER;
    db_done(&q);
    if (newer || r->unseen)
        db_fail(c->db, STORE_CONFLICT, "store: a newer state of a resource came meanwhile");
    return h;
}

static void keep_bytes(call *c, int64_t key, int64_t resource, const resource_write *r) {
    const value values[] = {N(key),        N(resource),       T(r->version),
                            T(r->updated), T(r->content),     B(pack_resource(c, r->bytes)),
                            N(r->bytes.n), N(store_wall_ms())};
    db_run(c->db,
           "INSERT INTO kept (pk, resource, version, updated, content, bytes, bytes_size, kept_ms)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
           values, COUNT_OF(values));
    seal(c, SEAL_KEPT, key, values, COUNT_OF(values));
}

/* The key that the bytes will have: a resource names them when it is written, and not in a second
 * change of its row and its indexes. Asked once a transaction. */
static int64_t next_kept(call *c) {
    int64_t *last = &c->store->last_kept;
    if (*last < 0) *last = db_number(c->db, "SELECT ifnull(max(pk), 0) FROM kept", NO_VALUES, 0);
    return ++*last;
}

static int by_view(const void *a, const void *b) {
    const stored_row *x = *(const stored_row *const *)a, *y = *(const stored_row *const *)b;
    int order = str_compare(x->view, y->view);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void write_rows(call *c, int64_t resource, bool had_rows, const resource_write *r) {
    uint8_t hash[DIGEST_BYTES];
    seal_row row;
    isize n = r->removal ? 0 : r->row_count;
    if (n == 0 && had_rows) seal_gone(c, SEAL_ROWS, resource);
    if (n == 0) return;
    const stored_row **list = arena_new(c->arena, const stored_row *, n);
    for (isize i = 0; i < n; i++) list[i] = &r->rows[i];
    if (n > 1) qsort(list, (size_t)n, sizeof *list, by_view);
    seal_begin(&row, c);
    for (isize i = 0; i < n; i++) {
        const value values[] = {N(resource), T(list[i]->view), N(list[i]->row), T(list[i]->cells),
                                T(list[i]->view_digest)};
        db_run(c->db, "INSERT INTO view_row VALUES (?1, ?2, ?3, ?4, ?5)", values, COUNT_OF(values));
        seal_values(&row, values + 1, COUNT_OF(values) - 1);
    }
    if (seal_end(&row, hash)) seal_hash(c, SEAL_ROWS, resource, hash);
}

/* Writes the state in force: a new row where `pk` is 0, else in place of the one that is there.
 * Gives its key. */
static int64_t write_head(call *c, str source, int64_t pk, int64_t patient, int64_t kept,
                          const resource_write *r) {
    const value values[] = {T(source),     T(r->type),    T(r->id),      KEY(patient),
                            T(r->version), T(r->updated), T(r->content), T(r->view_digest),
                            N(r->removal), KEY(kept),     N(pk)};
    int n = COUNT_OF(values) - 1;
    if (pk == 0) {
        db_run(c->db,
               "INSERT INTO resource (source, type, id, patient, version, updated, content,"
               " view_digest, removed, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
               values, n);
        pk = db_ok(c->db) ? db_last_key(c->db) : 0;
    } else {
        db_run(c->db,
               "UPDATE resource SET patient = ?4, version = ?5, updated = ?6, content = ?7,"
               " view_digest = ?8, removed = ?9, kept = ?10"
               " WHERE pk = ?11", /* what names the resource stays */
               values, n + 1);
    }
    seal(c, SEAL_RESOURCE, pk, values, n);
    return pk;
}

void write_resource(call *c, str source, int64_t patient, stored_head h, const resource_write *r) {
    if (!db_ok(c->db)) return;
    /* Rows computed anew from the kept bytes bring no bytes: those that are there stay in force. */
    bool fresh = r->bytes.n > 0 && !r->removal;
    int64_t kept = fresh ? next_kept(c) : h.same_content && !r->removal ? h.kept : 0;
    bool had_rows = false;
    if (h.pk != 0) {
        db_run(c->db, "DELETE FROM view_row WHERE resource = ?1", VALUES(N(h.pk)));
        had_rows = db_ok(c->db) && db_changes(c->db) > 0;
    }
    int64_t pk = write_head(c, source, h.pk, patient, kept, r);
    if (fresh) keep_bytes(c, kept, pk, r);
    write_rows(c, pk, had_rows, r);
    if (patient != 0 && str_eq(r->type, S("Patient")) && str_eq(r->id, r->patient.id))
        write_identity(c, patient, r);
}
