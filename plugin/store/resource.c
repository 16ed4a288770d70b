/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one resource of a message: its state, the bytes that are kept, its rows, and what a
 * Patient says of his identity. */
#include "store/state.h"

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

typedef struct stored_head {
    int64_t pk, kept;
    bool same_content, newer;
} stored_head;

/* What is stored of the resource now. One of no patient has no rev: its order is checked here. */
static stored_head find_head(call *c, str source, const resource_write *r) {
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
    h.newer = store_order(&head, r->version, r->updated, r->content, r->removal) == ORDER_OLDER;
    db_done(&q);
    return h;
}

static void keep_bytes(call *c, int64_t key, int64_t resource, const resource_write *r) {
    db_run(c->db,
           "INSERT INTO kept (pk, resource, version, updated, content, bytes, bytes_size, kept_ms)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
           VALUES(N(key), N(resource), T(r->version), T(r->updated), T(r->content),
                  B(pack(c, r->bytes)), N(r->bytes.n), N(store_wall_ms())));
}

/* The key that the bytes will have: a resource names them when it is written, and not in a second
 * change of its row and its indexes. */
static int64_t next_kept(db *d) {
    return db_number(d, "SELECT ifnull(max(pk), 0) + 1 FROM kept", NO_VALUES, 1);
}

static void write_rows(call *c, int64_t resource, const resource_write *r) {
    for (isize i = 0; !r->removal && i < r->row_count; i++) {
        const stored_row *row = &r->rows[i];
        db_run(c->db, "INSERT INTO view_row VALUES (?1, ?2, ?3, ?4, ?5)",
               VALUES(N(resource), T(row->view), N(row->row), T(row->cells), T(row->view_digest)));
    }
}

static int64_t insert_head(call *c, str source, int64_t patient, int64_t kept,
                           const resource_write *r) {
    db_run(c->db,
           "INSERT INTO resource (source, type, id, patient, version, updated, content,"
           " view_digest, removed, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
           VALUES(T(source), T(r->type), T(r->id), KEY(patient), T(r->version), T(r->updated),
                  T(r->content), T(r->view_digest), N(r->removal), KEY(kept)));
    return db_ok(c->db) ? db_last_key(c->db) : 0;
}

static void update_head(call *c, int64_t pk, int64_t patient, int64_t kept,
                        const resource_write *r) {
    db_run(c->db,
           "UPDATE resource SET patient = ?2, version = ?3, updated = ?4, content = ?5,"
           " view_digest = ?6, removed = ?7, kept = ?8 WHERE pk = ?1",
           VALUES(N(pk), KEY(patient), T(r->version), T(r->updated), T(r->content),
                  T(r->view_digest), N(r->removal), KEY(kept)));
    db_run(c->db, "DELETE FROM view_row WHERE resource = ?1", VALUES(N(pk)));
}

void write_resource(call *c, str source, int64_t patient, const resource_write *r) {
    stored_head h = find_head(c, source, r);
    if ((patient == 0 && h.newer) || (r->unseen && h.pk != 0))
        db_fail(c->db, STORE_CONFLICT, "store: a newer state of a resource came meanwhile");
    if (!db_ok(c->db)) return;
    /* Rows computed anew from the kept bytes bring no bytes: those that are there stay in force. */
    bool fresh = r->bytes.n > 0 && !r->removal;
    int64_t kept = fresh ? next_kept(c->db) : h.same_content && !r->removal ? h.kept : 0;
    if (h.pk == 0)
        h.pk = insert_head(c, source, patient, kept, r);
    else
        update_head(c, h.pk, patient, kept, r);
    if (fresh) keep_bytes(c, kept, h.pk, r);
    write_rows(c, h.pk, r);
    if (patient != 0 && str_eq(r->type, S("Patient")) && str_eq(r->id, r->patient.id))
        write_identity(c, patient, r);
}
