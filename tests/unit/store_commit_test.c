/* SPDX-License-Identifier: Apache-2.0 */
/* Committing: what a message leaves, conflicts, duplicates, many at once. */
#include "store_help.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>

static void a_resource_and_its_rows(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-resource"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "2025-01-01T00:00:00Z", "c1"), STORE_OK);
    resource_head head;
    CHECK_INT(store_resource(s.store, &s.arena, S("a"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_OK);
    CHECK_STR(head.patient.p, "p1");
    CHECK_STR(head.version.p, "c1");
    CHECK_STR(head.updated.p, "2025-01-01T00:00:00Z");
    CHECK(!head.removed);
    CHECK_INT(store_resource(s.store, &s.arena, S("b"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_NONE);
    stored_row *rows;
    isize n;
    patient_ref p1 = {S("a"), S("p1")};
    CHECK_INT(store_rows(s.store, &s.arena, p1, &rows, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 1);
    CHECK_STR(rows[0].cells.p, "[\"7.60\",null]"); /* digits stay */
    CHECK_STR(rows[0].type.p, "Observation");
    CHECK_STR(rows[0].view_digest.p, "v1");
    patient_state patient;
    CHECK_INT(store_patient(s.store, &s.arena, p1, &patient, &s.fault), STORE_OK);
    CHECK_INT(patient.rev, 1);
    CHECK(!patient.known); /* an Observation before its Patient */
    shelf_close(&s);
}

const unit_test store_commit_suite[] = {UNIT_TEST(a_resource_and_its_rows), UNIT_END};
