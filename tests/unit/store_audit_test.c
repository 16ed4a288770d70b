/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain: its layout recomputed here from docs/decisions.md, and every way to change it.
 */
#include "store_help.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t first_bad(shelf *s, int64_t *entries) {
    int64_t bad = -1;
    CHECK_INT(shelf_verify(s, entries, &bad), STORE_OK);
    return bad;
}

static bool three_entries(shelf *s, const char *name) {
    return shelf_open(s, name) &&
           CHECK_INT(store_audit_add(s->store, "one", S("{\"x\":1}"), &s->fault), STORE_OK) &&
           CHECK_INT(store_audit_add(s->store, "two", (str){0}, &s->fault), STORE_OK) &&
           CHECK_INT(store_audit_add(s->store, "three", S("\"t\xc3\xa9xt\""), &s->fault), STORE_OK);
}

static void layout(void) {
    shelf s;
    CHECK_OR_RETURN(three_entries(&s, "audit-layout"));
    char text[600], hex[DIGEST_HEX + 1] = {0};
    uint8_t previous[DIGEST_BYTES] = {0};
    for (int seq = 1; seq <= 3; seq++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT entry FROM audit WHERE seq = %d", seq);
        char bytes[700];
        memcpy(bytes, previous, DIGEST_BYTES);
        snprintf(text, sizeof text, "%s", shelf_text(&s, sql));
        size_t n = strlen(text);
        memcpy(bytes + DIGEST_BYTES, text, n);
        CHECK(shelf_digest.sha256((str){bytes, DIGEST_BYTES + (isize)n}, previous));
        digest_hex(previous, hex);
        snprintf(sql, sizeof sql, "SELECT lower(hex(hash)) FROM audit WHERE seq = %d", seq);
        CHECK_STR(shelf_text(&s, sql), hex);
    }
    CHECK_STR(shelf_text(&s, "SELECT entry ->> '$.action' FROM audit WHERE seq = 1"), "one");
    CHECK_STR(shelf_text(&s, "SELECT entry ->> '$.detail.x' FROM audit WHERE seq = 1"), "1");
    CHECK_STR(shelf_text(&s, "SELECT group_concat(key) FROM audit, json_each(entry) WHERE seq = 2"),
              "seq,utc,mono,boot,version,action");
    CHECK_INT(shelf_number(&s, "SELECT entry ->> '$.utc' GLOB '20*-*-*T*:*:*.*Z' FROM audit"), 1);
    int64_t entries = 0;
    CHECK_INT(first_bad(&s, &entries), 0);
    CHECK_INT(entries, 3);
    shelf_close(&s);
}

/* Writes a value over a column of entry `seq` through a connection beside the store. */
static void put(sqlite3 *handle, const char *sql, int seq, const char *bytes, int n, bool blob) {
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK);
    if (blob) {
        sqlite3_bind_blob(statement, 1, bytes, n, SQLITE_STATIC);
    } else {
        sqlite3_bind_text(statement, 1, bytes, n, SQLITE_STATIC);
    }
    sqlite3_bind_int(statement, 2, seq);
    CHECK(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
}

static int get(sqlite3 *handle, const char *sql, int seq, char *bytes, int most) {
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK);
    sqlite3_bind_int(statement, 1, seq);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    int n = sqlite3_column_bytes(statement, 0);
    CHECK(n <= most);
    memcpy(bytes, sqlite3_column_blob(statement, 0), (size_t)n);
    sqlite3_finalize(statement);
    return n;
}

static void flip_each(shelf *s, sqlite3 *handle, int seq, bool hash) {
    char bytes[600];
    const char *read =
        hash ? "SELECT hash FROM audit WHERE seq = ?1" : "SELECT entry FROM audit WHERE seq = ?1";
    const char *write = hash ? "UPDATE audit SET hash = ?1 WHERE seq = ?2"
                             : "UPDATE audit SET entry = ?1 WHERE seq = ?2";
    int n = get(handle, read, seq, bytes, (int)sizeof bytes);
    int64_t entries;
    for (int i = 0; i < n; i++) {
        bytes[i] ^= 1;
        put(handle, write, seq, bytes, n, hash);
        CHECK_MSG(first_bad(s, &entries) == seq, "byte %d of entry %d", i, seq);
        bytes[i] ^= 1;
    }
    put(handle, write, seq, bytes, n, hash);
}

static void every_byte_counts(void) {
    shelf s;
    int64_t entries;
    CHECK_OR_RETURN(three_entries(&s, "audit-bytes"));
    sqlite3 *handle = shelf_peek(&s);
    sqlite3_exec(handle, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    for (int seq = 1; seq <= 3; seq++) {
        flip_each(&s, handle, seq, false);
        flip_each(&s, handle, seq, true);
    }
    CHECK_INT(first_bad(&s, &entries), 0);
    sqlite3_close(handle);
    shelf_close(&s);
}

static void rows_out_of_place(void) {
    shelf s;
    int64_t entries;
    CHECK_OR_RETURN(three_entries(&s, "audit-rows"));
    CHECK(shelf_exec(&s, "CREATE TABLE copy AS SELECT * FROM audit"));
    static const struct {
        const char *change;
        int bad;
    } rows[] = {
        {"DELETE FROM audit WHERE seq = 2", 2},
        {"DELETE FROM audit WHERE seq = 1", 1},
        {"UPDATE audit SET seq = 4 WHERE seq = 3", 3},
        {"UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
         "UPDATE audit SET seq = 3 WHERE seq = -2",
         2}, /* swapped */
        {"DELETE FROM audit WHERE seq = 1; UPDATE audit SET seq = 1 WHERE seq = 2;"
         "UPDATE audit SET seq = 2 WHERE seq = 3",
         1}, /* moved up */
        {"INSERT INTO audit SELECT 4, entry, hash, seals FROM audit WHERE seq = 3",
         4}, /* repeated */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(shelf_exec(&s, rows[i].change));
        CHECK_MSG(first_bad(&s, &entries) == rows[i].bad, "%s", rows[i].change);
        CHECK(shelf_exec(&s, "DELETE FROM audit; INSERT INTO audit SELECT * FROM copy"));
    }
    CHECK_INT(first_bad(&s, &entries), 0);
    /* The chain alone cannot tell that its end was cut off: the count says it (decisions.md). */
    CHECK(shelf_exec(&s, "DELETE FROM audit WHERE seq = 3"));
    CHECK_INT(first_bad(&s, &entries), 0);
    CHECK_INT(entries, 2);
    shelf_close(&s);
}

static void read_as_json(void) {
    shelf s;
    CHECK_OR_RETURN(three_entries(&s, "audit-json"));
    buf out = buf_new(&s.arena, 1 << 20, "audit");
    CHECK_INT(store_audit_json(s.store, 2, 1, &out, &s.fault), STORE_OK);
    buf_byte(&out, '\0');
    sqlite3 *handle = shelf_peek(&s);
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(handle, "SELECT ?1 ->> '$[0].entry.action', json_array_length(?1)", -1,
                       &statement, NULL);
    sqlite3_bind_text(statement, 1, out.p, -1, SQLITE_STATIC);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    CHECK_STR((const char *)sqlite3_column_text(statement, 0), "two");
    CHECK_INT(sqlite3_column_int(statement, 1), 1);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    shelf_close(&s);
}

const unit_test store_audit_suite[] = {
    UNIT_TEST(layout),
    UNIT_TEST(every_byte_counts),
    UNIT_TEST(rows_out_of_place),
    UNIT_TEST(read_as_json),
    UNIT_END,
};
