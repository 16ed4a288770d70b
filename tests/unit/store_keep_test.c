/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: bytes and mapping sets, stale rows, due patients, analysts' views, retention; and
 * the inbox, whose documents are kept the same way. */
#include "store_help.h"
#include "unit.h"

#include <stdio.h>

static void the_same_result_again(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "keep-inbox"));
    message_write m = {
        .source = S("a"), .message_id = S("m1"), .code = 7, .document = S("{\"outcome\":\"ok\"}")};
    memset(m.sha256, 0x5a, DIGEST_BYTES);
    stored_result result;
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("a"), S("m1"), m.sha256, &result, &s.fault),
              STORE_NONE);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("a"), S("m1"), m.sha256, &result, &s.fault),
              STORE_OK);
    CHECK(result.same_bytes);
    CHECK_INT(result.code, 7);
    CHECK_STR(result.document.p, "{\"outcome\":\"ok\"}");
    m.sha256[31] ^= 1;
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("a"), S("m1"), m.sha256, &result, &s.fault),
              STORE_OK);
    CHECK(!result.same_bytes);
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("b"), S("m1"), m.sha256, &result, &s.fault),
              STORE_NONE);
    CHECK(shelf_exec(&s, "UPDATE inbox SET document = x'00'"));
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("a"), S("m1"), m.sha256, &result, &s.fault),
              STORE_BROKEN); /* a damaged document is not an empty one */
    shelf_close(&s);
}

static void mapping_sets_once(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "keep-mappings"));
    CHECK_INT(store_keep_mappings(s.store, S("d1"), S("files"), &s.fault), STORE_OK);
    CHECK_INT(store_keep_mappings(s.store, S("d1"), S("files"), &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM mapping_set"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 1);
    shelf_close(&s);
}

static void stale_rows(void) {
    shelf s;
    stale_resource *list;
    isize n;
    CHECK_OR_RETURN(shelf_open(&s, "keep-stale"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "2025-01-01T00:00:00Z", "first"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "2025-01-02T00:00:00Z", "second"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Device", "d1", "", "", "device"), STORE_OK);
    CHECK_INT(store_stale(s.store, &s.arena, S("d1"), 10, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(store_stale(s.store, &s.arena, S("d2"), 1, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 1);
    CHECK_INT(store_stale(s.store, &s.arena, S("d2"), 10, &list, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 2);
    CHECK_INT(store_stale_bytes(s.store, &s.arena, &list[0], &s.fault), STORE_OK);
    CHECK_STR(list[0].bytes.p, "second"); /* of the state in force */
    stale_resource former = list[0];
    former.version = former.content = S("first");
    CHECK_INT(store_stale_bytes(s.store, &s.arena, &former, &s.fault), STORE_NONE);
    CHECK_STR(list[0].patient.id.p, "p1");
    CHECK_INT(list[1].patient.id.n, 0);
    patient_ref p1 = list[0].patient, other = {S("a"), S("p2")};
    CHECK_INT(store_stale_of(s.store, &s.arena, p1, S("d1"), &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(store_stale_of(s.store, &s.arena, other, S("d2"), &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(store_stale_of(s.store, &s.arena, p1, S("d2"), &list, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 1);
    CHECK_STR(list[0].type.p, "Observation");
    CHECK_STR(list[0].id.p, "o1");
    /* Computed anew: no bytes come along, and the kept ones stay in force. */
    resource_write r = {.patient = list[0].patient,
                        .type = list[0].type,
                        .id = list[0].id,
                        .version = list[0].version,
                        .updated = list[0].updated,
                        .content = S("second"),
                        .view_digest = S("d2")};
    message_write m = {.source = S("a"), .resources = &r, .resource_count = 1};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_stale(s.store, &s.arena, S("d2"), 10, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 1);
    CHECK_INT(store_stale(s.store, &s.arena, S("d3"), 10, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 2);
    r.content = S("third"); /* another state that no view reached: nothing kept is of it */
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_stale(s.store, &s.arena, S("d3"), 10, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 1);
    shelf_close(&s);
}

static void due_patients(void) {
    shelf s;
    patient_ref *list;
    isize n;
    CHECK_OR_RETURN(shelf_open(&s, "keep-due"));
    decided_patient decided[] = {
        {{S("a"), S("soon")}, 100}, {{S("a"), S("later")}, 900}, {{S("a"), S("never")}, 0}};
    message_write m = {
        .source = S("a"), .decided = decided, .decided_count = 3, .mapping_digest = S("m1")};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "undecided", "", "c"), STORE_OK);
    CHECK_INT(store_due_patients(s.store, &s.arena, 99, S("m1"), 10, &list, &n, &s.fault),
              STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(store_due_patients(s.store, &s.arena, 100, S("m1"), 10, &list, &n, &s.fault),
              STORE_OK);
    CHECK_OR_RETURN(n == 1);
    CHECK_STR(list[0].id.p, "soon");
    CHECK_INT(store_due_patients(s.store, &s.arena, 100, S("m2"), 10, &list, &n, &s.fault),
              STORE_OK);
    CHECK_INT(n, 3); /* each once */
    CHECK_INT(store_due_patients(s.store, &s.arena, 100, S("m2"), 2, &list, &n, &s.fault),
              STORE_OK);
    CHECK_INT(n, 2);
    shelf_close(&s);
}

static void views_for_analysts(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "keep-view"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    sql_column columns[] = {{S("score"), true}, {S("unit"), false}};
    CHECK_INT(store_sql_view(s.store, S("things"), columns, 2, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT score FROM view_things"), "7.60"); /* the digits */
    CHECK_STR(shelf_text(&s, "SELECT typeof(score) || score_num || typeof(score_num) FROM"
                             " view_things"),
              "text7.6real");
    CHECK_STR(shelf_text(&s, "SELECT unit FROM view_things"), "NULL");
    CHECK_STR(shelf_text(&s, "SELECT row_source || row_patient || row_resource FROM view_things"),
              "ap1Observation/o1");
    long long version = shelf_number(&s, "PRAGMA schema_version");
    CHECK_INT(store_sql_view(s.store, S("things"), columns, 2, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "PRAGMA schema_version"), version); /* unchanged: left alone */
    CHECK_INT(store_sql_view(s.store, S("things"), columns, 1, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM pragma_table_info('view_things')"), 8);
    columns[0].name = S("x\"; DROP TABLE audit; --");
    CHECK_INT(store_sql_view(s.store, S("things"), columns, 1, &s.fault), STORE_BROKEN);
    /* A call that failed inside its transaction leaves none open. */
    CHECK_INT(shelf_put(&s, "Observation", "o2", "p1", "", "c2"), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM view_things"), 2);
    shelf_close(&s);
}

static void retention(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "keep-purge"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "first"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "second"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", "sent"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "waits"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE outbox SET state = 'done', ended_ms = 5 WHERE key = 'k1'"));
    CHECK_INT(store_purge(s.store, 1, &s.fault), STORE_OK); /* nothing is that old */
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 2);
    CHECK_INT(store_purge(s.store, INT64_MAX, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT content FROM kept"), "second"); /* what is in force stays */
    CHECK_STR(shelf_text(&s, "SELECT group_concat(body) FROM outbox"), "waits");
    CHECK_INT(
        shelf_number(&s, "SELECT entry ->> '$.versions' FROM audit ORDER BY seq DESC LIMIT 1"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    shelf_close(&s);
}

/* 25000 versions and 25000 messages with an attempt each: no piece is left out, and the trail still
 * vouches for what stays. */
static void a_long_retention_ends_piece_by_piece(void) {
    shelf s;
    audit_report report;
    CHECK_OR_RETURN(shelf_open(&s, "keep-pieces"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "first"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", "waits"), STORE_OK);
    CHECK(shelf_exec(&s, "WITH RECURSIVE c (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM c"
                         " WHERE i < 25001) INSERT INTO kept SELECT i, 1, '', '', '', X'', 0, 5"
                         " FROM c"));
    CHECK(shelf_exec(&s, "INSERT INTO outbox (endpoint, key, seq, body, body_sha256, state,"
                         " created_ms, ended_ms) SELECT 'ehr', pk, 1, '', '', 'done', 5, 5"
                         " FROM kept WHERE pk > 1"));
    CHECK(shelf_exec(&s, "INSERT INTO attempt (outbox, request_id, sent_ms) SELECT id, '', 5"
                         " FROM outbox WHERE state = 'done'"));
    CHECK_INT(store_purge(s.store, 6, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 1);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(body) FROM outbox"), "waits");
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM attempt"), 0);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit WHERE entry ->> '$.action' = 'purge'"),
              3);
    CHECK_INT(store_audit_verify(s.store, (str){0}, &report, &s.fault), STORE_OK);
    CHECK_STR(report.record, "");
    shelf_close(&s);
}

static void what_is_pinned_stays(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "keep-pin"));
    CHECK_INT(store_pin(s.store, S("siteKey"), S("a"), &s.fault), STORE_OK);
    CHECK_INT(store_pin(s.store, S("siteKey"), S("a"), &s.fault), STORE_OK);
    CHECK_INT(store_pin(s.store, S("siteKey"), S("b"), &s.fault), STORE_CONFLICT);
    CHECK_INT(store_pin(s.store, S("other"), S("b"), &s.fault), STORE_OK);
    shelf_close(&s);
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    CHECK_INT(store_pin(s.store, S("siteKey"), S("b"), &s.fault), STORE_CONFLICT);
    shelf_close(&s);
}

const unit_test store_keep_suite[] = {
    UNIT_TEST(the_same_result_again),
    UNIT_TEST(mapping_sets_once),
    UNIT_TEST(stale_rows),
    UNIT_TEST(due_patients),
    UNIT_TEST(views_for_analysts),
    UNIT_TEST(retention),
    UNIT_TEST(a_long_retention_ends_piece_by_piece),
    UNIT_TEST(what_is_pinned_stays),
    UNIT_END,
};
