/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the schema: a store that an earlier release wrote (store_schema_1.sql) becomes one of
 * this release, nothing that was accepted is lost, and an upgrade is whole or did not happen. */
#include "store_help.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { IN_FLIGHT = 1, WAITING = 2, DONE = 3, NEWER = 4 /* of the key of the first */ };

/* A file of the earlier release in place of the new store. */
static bool former(shelf *s, const char *name) {
    size_t length;
    if (!CHECK(shelf_open(s, name))) return false;
    store_close(s->store);
    s->store = NULL;
    CHECK(unlink(s->path) == 0);
    close(open(s->path, O_CREAT | O_EXCL | O_WRONLY, 0600));
    char *sql = unit_read(unit_source("tests/unit/store_schema_1.sql"), &length);
    bool ok = CHECK(sql != NULL) && shelf_exec(s, sql);
    free(sql);
    return ok && CHECK_INT(shelf_number(s, "PRAGMA user_version"), 1);
}

static void everything_comes_along(void) {
    shelf s;
    patient_state patient;
    stored_row *rows;
    stale_resource *kept;
    stored_flag flag;
    isize n;
    CHECK_OR_RETURN(former(&s, "schema-former"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
    patient_ref p1 = {S("a"), S("p1")};
    CHECK_INT(store_patient(s.store, &s.arena, p1, &patient, &s.fault), STORE_OK);
    CHECK_INT(patient.rev, 1);
    CHECK_INT(store_rows(s.store, &s.arena, p1, &rows, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 1);
    CHECK(str_eq(rows[0].cells, S("[\"7.60\",null]")));
    CHECK_INT(store_stale(s.store, &s.arena, S("d2"), 5, &kept, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(store_stale_bytes(s.store, &s.arena, &kept[0], &s.fault), STORE_OK);
    CHECK(str_eq(kept[0].bytes,
                 S("{\"resourceType\":\"Observation\",\"id\":\"o1\",\"valueInteger\":7}")));
    CHECK_INT(store_flag(s.store, &s.arena, S("ehr"), S("k1"), &flag, &s.fault), STORE_OK);
    CHECK_INT(flag.seq, 2);
    shelf_close(&s);
}

/* What was in flight is read before it is sent again, and before the newer state of its key. */
static void messages_go_on_where_they_were(void) {
    shelf s;
    outbox_message *list;
    isize n;
    CHECK_OR_RETURN(former(&s, "schema-outbox"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT sent_ms FROM outbox WHERE id = 1"), 1700000004000);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM attempt WHERE outbox = 1"), 1);
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT sent_ms FROM attempt WHERE request_id = 'r-flight'"),
              1700000004000);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM attempt"), 3);
    CHECK_INT(store_outbox_due(s.store, &s.arena, S("ehr"), 1, 10, &list, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 2);
    CHECK_INT(list[0].id, WAITING);
    CHECK(!list[0].recovered);
    CHECK_INT(list[1].id, NEWER);
    CHECK(list[1].recovered);
    CHECK_STR(shelf_text(&s, "SELECT state FROM outbox WHERE id = 1"), "superseded");
    CHECK_STR(shelf_text(&s, "SELECT state FROM outbox WHERE id = 3"), "done");
    shelf_close(&s);
}

/* The trail goes on, and says what happened. */
static void the_trail_tells_of_it(void) {
    shelf s;
    int64_t entries, bad;
    CHECK_OR_RETURN(former(&s, "schema-trail"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(bad, 0);
    CHECK_INT(entries, 8); /* one more for each of five tables that held something */
    CHECK_STR(shelf_text(&s, "SELECT entry ->> 'action' FROM audit WHERE seq = 3"), "upgrade");
    CHECK_INT(shelf_number(&s, "SELECT entry ->> 'from' FROM audit WHERE seq = 3"), 1);
    CHECK_STR(shelf_text(&s, "SELECT entry ->> 'what' FROM audit WHERE seq = 8"), "outbox message");
    CHECK_INT(shelf_number(&s, "SELECT entry ->> 'rows' FROM audit WHERE seq = 8"), 4);
    store_close(s.store);
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK); /* once */
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 8);
    shelf_close(&s);
}

/* Columns and indexes of all tables, by name. */
static char *layout(const shelf *s) {
    return strdup(shelf_text(
        s, "SELECT group_concat(line, char(10)) FROM (SELECT m.type || ' ' || m.name || ' '"
           " || group_concat(c.name || ' ' || ifnull(c.type, '') || ' ' || ifnull(c.dflt, ''), ',')"
           " AS line FROM sqlite_schema m, (SELECT t.name AS owner, x.name, x.type, x.dflt_value"
           " AS dflt FROM sqlite_schema t, pragma_table_info(t.name) x WHERE t.type = 'table'"
           " UNION ALL SELECT t.name, x.name, NULL, x.seqno FROM sqlite_schema t,"
           " pragma_index_info(t.name) x WHERE t.type = 'index') c ON c.owner = m.name"
           " GROUP BY m.type, m.name ORDER BY m.type, m.name)"));
}

static void it_is_the_schema_of_a_new_store(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "schema-new"));
    char *fresh = layout(&s);
    shelf_close(&s);
    CHECK_OR_RETURN(former(&s, "schema-same"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    char *stepped = layout(&s);
    CHECK(strlen(fresh) > 500);
    CHECK_STR(stepped, fresh);
    free(fresh);
    free(stepped);
    shelf_close(&s);
}

/* No room for the new index: the store stays what it was, and is taken along when there is. */
static void an_upgrade_that_fails_changes_nothing(void) {
    shelf s;
    CHECK_OR_RETURN(former(&s, "schema-room"));
    CHECK(shelf_exec(&s, "CREATE TRIGGER busy BEFORE DELETE ON attempt BEGIN"
                         " SELECT raise(ABORT, 'not now'); END"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    CHECK_INT(shelf_number(&s, "PRAGMA user_version"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM pragma_table_info('outbox')"
                               " WHERE name = 'sent_ms'"),
              0);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 2);
    CHECK(shelf_exec(&s, "DROP TRIGGER busy"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    shelf_close(&s);
}

static void a_newer_schema_is_refused(void) {
    shelf s;
    char sql[64], words[64];
    CHECK_OR_RETURN(shelf_open(&s, "schema-newer"));
    store_close(s.store);
    int known = (int)shelf_number(&s, "PRAGMA user_version");
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", known + 1);
    snprintf(words, sizeof words, "newer release (schema %d, this one knows %d)", known + 1, known);
    CHECK(shelf_exec(&s, sql));
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    CHECK(strstr(s.fault.text, words) != NULL);
    CHECK_INT(shelf_number(&s, "PRAGMA user_version"), known + 1);
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", known);
    CHECK(shelf_exec(&s, sql));
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    shelf_close(&s);
}

const unit_test store_schema_suite[] = {
    UNIT_TEST(everything_comes_along),
    UNIT_TEST(messages_go_on_where_they_were),
    UNIT_TEST(the_trail_tells_of_it),
    UNIT_TEST(it_is_the_schema_of_a_new_store),
    UNIT_TEST(an_upgrade_that_fails_changes_nothing),
    UNIT_TEST(a_newer_schema_is_refused),
    UNIT_END,
};
