/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody with the file and sqlite3 can change, and how verifying names it. */
#include "store_help.h"
#include "unit.h"

#include <stdio.h>

/* Two resources with rows, one of them in two versions, a verdict, a Flag with its message. */
static bool filled(shelf *s, const char *name) {
    verdict_write verdict = {.patient = {S("a"), S("p1")},
                             .study = S("nct1"),
                             .kind = S("eligible"),
                             .document = S("{\"verdict\":\"eligible\"}")};
    message_write decided = {.source = S("a"), .verdicts = &verdict, .verdict_count = 1};
    return CHECK(shelf_open(s, name)) &&
           CHECK_INT(shelf_put(s, "Observation", "o1", "p1", "", "c1"), STORE_OK) &&
           CHECK_INT(shelf_put(s, "Observation", "o2", "p1", "", "c2"), STORE_OK) &&
           CHECK_INT(shelf_put(s, "Observation", "o1", "p1", "", "c3"), STORE_OK) &&
           CHECK_INT(store_commit(s->store, &decided, &s->fault), STORE_OK) &&
           CHECK_INT(shelf_flag(s, "k1", "active", "the body"), STORE_OK);
}

static audit_report verified(shelf *s, str expect) {
    audit_report r = {0};
    CHECK_MSG(store_audit_verify(s->store, expect, &r, &s->fault) == STORE_OK, "%s", s->fault.text);
    return r;
}

static void nothing_was_changed(void) {
    shelf s;
    CHECK_OR_RETURN(filled(&s, "verify-fine"));
    audit_report r = verified(&s, (str){0});
    CHECK_STR(r.record, "");
    CHECK_INT(r.bad, 0);
    CHECK_INT(r.entries, shelf_number(&s, "SELECT count(*) FROM audit"));
    CHECK_STR(r.head, shelf_text(&s, "SELECT lower(hex(hash)) FROM audit ORDER BY seq DESC"));
    /* 2 resources, 2 of rows, 3 kept versions, verdict, Flag, message */
    CHECK_INT(r.records, 10);
    shelf_close(&s);
}

/* Entries: a message each (1 to 3), message and verdict (4, 5), message and Flag (6, 7). */
static void every_change_is_named(void) {
    static const struct {
        const char *table, *change, *record;
        int entry;
    } rows[] = {
        {"resource", "UPDATE resource SET content = 'cx' WHERE id = 'o2'",
         "resource a Observation/o2 was changed", 2},
        {"resource", "UPDATE resource SET removed = 1 WHERE id = 'o1'",
         "resource a Observation/o1 was changed", 3},
        {"view_row", "UPDATE view_row SET cells = '[\"9.60\",null]' WHERE resource = 2",
         "rows of resource a Observation/o2 was changed", 2},
        {"view_row", "DELETE FROM view_row WHERE resource = 1", "rows of resource 1 is missing", 3},
        {"view_row",
         "INSERT INTO view_row SELECT resource, view, 1, cells, view_digest"
         " FROM view_row WHERE resource = 2",
         "rows of resource a Observation/o2 was changed", 2},
        {"kept", "UPDATE kept SET bytes = zeroblob(length(bytes)) WHERE pk = 1",
         "kept bytes of resource a Observation/o1 was changed", 1},
        {"kept", "UPDATE kept SET kept_ms = kept_ms + 1 WHERE pk = 2",
         "kept bytes of resource a Observation/o2 was changed", 2},
        {"kept", "DELETE FROM kept WHERE pk = 1", "kept bytes of resource 1 is missing", 1},
        {"verdict", "UPDATE verdict SET kind = 'ineligible'",
         "verdict of patient a p1, study nct1 was changed", 5},
        {"verdict", "DELETE FROM verdict", "verdict of patient 1 is missing", 5},
        {"flag", "UPDATE flag SET status = 'inactive'", "Flag ehr k1 was changed", 7},
        {"flag", "UPDATE flag SET period_start = '2024-01-01T00:00:00Z'", "Flag ehr k1 was changed",
         7},
        {"flag", "DELETE FROM flag", "Flag of the entry named is missing", 7},
        {"flag",
         "INSERT INTO flag SELECT endpoint, 'k2', study, patient_key, status, code,"
         " period_start, period_end, hold_since, seq, why, changed_ms FROM flag",
         "Flag ehr k2 was added beside the trail", 0},
        {"outbox", "UPDATE outbox SET body = 'another'",
         "outbox message 1, endpoint ehr was changed", 7},
        {"outbox", "DELETE FROM outbox", "outbox message 1 is missing", 7},
    };
    shelf s;
    char sql[400];
    CHECK_OR_RETURN(filled(&s, "verify-changes"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE copy AS SELECT * FROM %s; %s", rows[i].table,
                 rows[i].change);
        CHECK(shelf_exec(&s, sql));
        audit_report r = verified(&s, (str){0});
        CHECK_STR(r.record, rows[i].record);
        CHECK_INT(r.record_entry, rows[i].entry);
        CHECK_INT(r.bad, 0);
        snprintf(sql, sizeof sql,
                 "DELETE FROM %s; INSERT INTO %s SELECT * FROM copy; DROP TABLE copy",
                 rows[i].table, rows[i].table);
        CHECK(shelf_exec(&s, sql));
        CHECK_STR(verified(&s, (str){0}).record, "");
    }
    shelf_close(&s);
}

/* The former state of a resource, with all that was true of it then, is not the state in force. */
static void a_former_state_put_back(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "verify-back"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    CHECK(shelf_exec(&s, "CREATE TABLE copy AS SELECT * FROM resource"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c2"), STORE_OK);
    CHECK_STR(verified(&s, (str){0}).record, "");
    CHECK(shelf_exec(&s, "DELETE FROM resource; INSERT INTO resource SELECT * FROM copy"));
    audit_report r = verified(&s, (str){0});
    CHECK_STR(r.record, "resource a Observation/o1 was changed");
    CHECK_INT(r.record_entry, 2);
    shelf_close(&s);
}

static void seals_are_held_by_the_chain(void) {
    shelf s;
    CHECK_OR_RETURN(filled(&s, "verify-seals"));
    CHECK(shelf_exec(&s, "CREATE TABLE copy AS SELECT seq, seals FROM audit"));
    static const char *const changes[] = {
        "UPDATE audit SET seals = NULL WHERE seq = 2",
        "UPDATE audit SET seals = (SELECT seals FROM copy WHERE seq = 1) WHERE seq = 2",
        "UPDATE audit SET seals = substr(seals, 1, 41) WHERE seq = 2"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        CHECK(shelf_exec(&s, changes[i]));
        CHECK_INT(verified(&s, (str){0}).bad, 2);
        CHECK(shelf_exec(&s, "UPDATE audit SET seals = (SELECT seals FROM copy c"
                             " WHERE c.seq = audit.seq)"));
    }
    CHECK_INT(verified(&s, (str){0}).bad, 0);
    shelf_close(&s);
}

/* The end of the trail goes together with what it told of: only a note kept elsewhere tells. */
static void an_end_that_was_cut_off(void) {
    shelf s;
    char noted[DIGEST_HEX + 1];
    CHECK_OR_RETURN(filled(&s, "verify-cut"));
    snprintf(noted, sizeof noted, "%s", verified(&s, (str){0}).head);
    CHECK_INT(verified(&s, str_from(noted)).expected_at, 7);
    CHECK_INT(store_audit_add(s.store, "more", (str){0}, &s.fault), STORE_OK);
    CHECK_INT(verified(&s, str_from(noted)).expected_at, 7); /* it went on since */
    CHECK(shelf_exec(&s, "DELETE FROM audit WHERE seq >= 6; DELETE FROM flag; DELETE FROM outbox"));
    CHECK_STR(verified(&s, (str){0}).record, "");
    CHECK_INT(verified(&s, str_from(noted)).expected_at, 0);
    shelf_close(&s);
}

/* What the retention deletes is gone for good; a row that comes back is noticed. */
static void purged_rows(void) {
    shelf s;
    CHECK_OR_RETURN(filled(&s, "verify-purge"));
    CHECK(shelf_exec(&s, "CREATE TABLE copy AS SELECT * FROM kept WHERE pk = 1"));
    CHECK_INT(store_purge(s.store, INT64_MAX, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 2);
    CHECK_STR(verified(&s, (str){0}).record, "");
    CHECK(shelf_exec(&s, "INSERT INTO kept SELECT * FROM copy"));
    CHECK_STR(verified(&s, (str){0}).record,
              "kept bytes of resource a Observation/o1 was put back after it was deleted");
    shelf_close(&s);
}

const unit_test store_verify_suite[] = {
    UNIT_TEST(nothing_was_changed),
    UNIT_TEST(every_change_is_named),
    UNIT_TEST(a_former_state_put_back),
    UNIT_TEST(seals_are_held_by_the_chain),
    UNIT_TEST(an_end_that_was_cut_off),
    UNIT_TEST(purged_rows),
    UNIT_END,
};
