/* SPDX-License-Identifier: Apache-2.0 */
/* Documents for people are JSON, whole, and hold no body and no patient's data beyond ids. */
#include "store_help.h"
#include "unit.h"

#include <stdio.h>

/* One value out of a JSON text, by SQLite's own reader. */
static const char *pick(shelf *s, buf *json, const char *path) {
    static char text[256];
    sqlite3 *handle = shelf_peek(s);
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(handle, "SELECT json_valid(?1), ?1 ->> ?2", -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, json->p, (int)json->n, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    CHECK_INT(sqlite3_column_int(statement, 0), 1);
    const char *value = (const char *)sqlite3_column_text(statement, 1);
    snprintf(text, sizeof text, "%s", value ? value : "");
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return text;
}

static void documents(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "people-json"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", "secret body"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE outbox SET created_ms = 1000"));
    buf out = buf_new(&s.arena, 1 << 20, "a document");
    CHECK_INT(store_outbox_json(s.store, S(""), &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$[0].key"), "k1");
    CHECK_STR(pick(&s, &out, "$[0].state"), "ready");
    CHECK_INT(str_find(buf_str(&out), S("secret"), 0), -1);
    out.n = 0;
    CHECK_INT(store_outbox_json(s.store, S("parked"), &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$"), "[]");
    out.n = 0;
    CHECK_INT(store_stats_json(s.store, 61000, &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$.resources"), "1");
    CHECK_STR(pick(&s, &out, "$.rows"), "1");
    CHECK_STR(pick(&s, &out, "$.outbox.ready"), "1");
    CHECK_STR(pick(&s, &out, "$.oldestWaitingSeconds"), "60");
    CHECK_STR(pick(&s, &out, "$.audit"), "3");
    shelf_close(&s);
}

static void everybody(void) {
    shelf s;
    patient_ref *list;
    isize n;
    CHECK_OR_RETURN(shelf_open(&s, "people-everybody"));
    CHECK_INT(store_everybody(s.store, &s.arena, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p2", "", "c1"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o2", "p1", "", "c2"), STORE_OK);
    CHECK_INT(store_everybody(s.store, &s.arena, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 2);
    CHECK_BYTES(list[0].id.p, list[0].id.n, "p1");
    CHECK_BYTES(list[1].id.p, list[1].id.n, "p2");
    shelf_close(&s);
}

static void patients(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "people-patients"));
    verdict_write v[] = {{.patient = {S("a"), S("p\"1")},
                          .study = S("s1"),
                          .kind = S("eligible"),
                          .document = S("{}"),
                          .clock = S("2025-01-01T00:00:00Z")},
                         {.patient = {S("a"), S("p\"1")},
                          .study = S("s1"),
                          .kind = S("ineligible"),
                          .document = S("{}"),
                          .clock = S("2025-01-02T00:00:00Z")}};
    message_write m = {.source = S("a"), .verdicts = v, .verdict_count = 2};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    buf out = buf_new(&s.arena, 1 << 20, "a document");
    CHECK_INT(store_patients_json(s.store, &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$[0].patient"), "p\"1");
    CHECK_STR(pick(&s, &out, "$[0].verdict"), "ineligible"); /* the last one is in force */
    CHECK_STR(pick(&s, &out, "$[1]"), "");
    shelf_close(&s);
}

static void a_replaced_verdict_is_refused(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "people-forged"));
    verdict_write v[] = {{.patient = {S("a"), S("p1")},
                          .study = S("s1"),
                          .kind = S("eligible"),
                          .document = S("{\"verdict\":\"eligible\"}"),
                          .clock = S("2025-01-01T00:00:00Z")},
                         {.patient = {S("a"), S("p2")},
                          .study = S("s1"),
                          .kind = S("ineligible"),
                          .document = S("{\"verdict\":\"ineligible\"}"),
                          .clock = S("2025-01-01T00:00:00Z")}};
    message_write m = {.source = S("a"), .verdicts = v, .verdict_count = 2};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    buf out = buf_new(&s.arena, 1 << 20, "a document");
    CHECK_INT(store_verdict_json(s.store, v[0].patient, S("s1"), &out, &s.fault), STORE_OK);
    CHECK(shelf_exec(
        &s, "UPDATE verdict SET (document, document_size) = (SELECT document, document_size FROM "
            "verdict WHERE kind = 'ineligible') WHERE kind = 'eligible'"));
    CHECK_INT(store_verdict_json(s.store, v[0].patient, S("s1"), &out, &s.fault), STORE_BROKEN);
    shelf_close(&s);
}

static void a_flag_and_how_it_fared(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "people-flag"));
    buf out = buf_new(&s.arena, 1 << 20, "a document");
    CHECK_INT(store_flag_json(s.store, S("ehr"), S("k1"), &out, &s.fault), STORE_NONE);
    CHECK_INT(out.n, 0);
    CHECK_INT(shelf_flag(&s, "k1", "active", "secret body"), STORE_OK);
    CHECK_INT(store_flag_json(s.store, S("ehr"), S("k1"), &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$.identifier"), "k1");
    CHECK_STR(pick(&s, &out, "$.status"), "active");
    CHECK_STR(pick(&s, &out, "$.why"), "eligible");
    CHECK_STR(pick(&s, &out, "$.start"), "2025-01-01T00:00:00Z");
    CHECK_STR(pick(&s, &out, "$.message.state"), "ready");
    CHECK_STR(pick(&s, &out, "$.message.seq"), "1");
    CHECK_INT(str_find(buf_str(&out), S("\"remote\":null"), 0) >= 0, 1);
    CHECK_INT(str_find(buf_str(&out), S("secret"), 0), -1);
    CHECK_INT(shelf_flag(&s, "k1", "inactive", "another body"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE outbox SET state = 'done', last_class = 'ok' WHERE seq = 1;"
                         "UPDATE outbox SET state = 'parked', last_class = 'permanent', last_http ="
                         " 422, reason = 'refused' WHERE seq = 2;"
                         "INSERT INTO remote VALUES ('ehr', 'k1', 'f7', 'W/\"3\"', 1, '')"));
    out.n = 0;
    CHECK_INT(store_flag_json(s.store, S("ehr"), S("k1"), &out, &s.fault), STORE_OK);
    CHECK_STR(pick(&s, &out, "$.status"), "inactive");
    CHECK_STR(pick(&s, &out, "$.message.state"), "parked"); /* the newest */
    CHECK_STR(pick(&s, &out, "$.message.http"), "422");
    CHECK_STR(pick(&s, &out, "$.message.reason"), "refused");
    CHECK_STR(pick(&s, &out, "$.remote.id"), "f7");
    CHECK_STR(pick(&s, &out, "$.remote.version"), "W/\"3\"");
    CHECK_STR(pick(&s, &out, "$.remote.seq"), "1");
    out.n = 0;
    CHECK_INT(store_flag_json(s.store, S("other"), S("k1"), &out, &s.fault), STORE_NONE);
    shelf_close(&s);
}

const unit_test store_people_suite[] = {UNIT_TEST(documents),
                                        UNIT_TEST(everybody),
                                        UNIT_TEST(a_flag_and_how_it_fared),
                                        UNIT_TEST(patients),
                                        UNIT_TEST(a_replaced_verdict_is_refused),
                                        UNIT_END};
