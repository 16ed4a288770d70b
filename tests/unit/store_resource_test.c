/* SPDX-License-Identifier: Apache-2.0 */
/* One resource of a message: its head, its rows, the bytes that are kept, and what a Patient says
 * of his identity. */
#include "store_help.h"
#include "unit.h"

static store_status put(shelf *s, resource_write r) {
    message_write m = {.source = S("a"), .resources = &r, .resource_count = 1};
    return store_commit(s->store, &m, &s->fault);
}

static const stored_row row = {.view = S_INIT("obs"),
                               .type = S_INIT("Observation"),
                               .id = S_INIT("o"),
                               .cells = S_INIT("[\"7.60\"]"),
                               .view_digest = S_INIT("d1")};

static resource_write observation(void) {
    return (resource_write){.patient = {S("a"), S("p")},
                            .type = S("Observation"),
                            .id = S("o"),
                            .version = S("1"),
                            .content = S("c1"),
                            .view_digest = S("d1"),
                            .bytes = S("{\"resourceType\":\"Observation\"}"),
                            .rows = &row,
                            .row_count = 1};
}

static void rows_replace_those_of_before(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-rows"));
    CHECK_INT(put(&s, observation()), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT cells FROM view_row"), "[\"7.60\"]"); /* every digit */
    resource_write next = observation();
    next.version = S("2");
    next.content = S("c2");
    next.row_count = 0;
    CHECK_INT(put(&s, next), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM view_row"), 0);
    CHECK_STR(shelf_text(&s, "SELECT version FROM resource"), "2");
    shelf_close(&s);
}

static void the_bytes_of_every_version_are_kept(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-bytes"));
    CHECK_INT(put(&s, observation()), STORE_OK);
    resource_write next = observation();
    next.version = S("2");
    next.content = S("c2");
    CHECK_INT(put(&s, next), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 2);
    CHECK_STR(shelf_text(&s, "SELECT k.version FROM resource r JOIN kept k ON k.pk = r.kept"), "2");
    shelf_close(&s);
}

static void rows_made_again_leave_the_bytes_in_force(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-again"));
    CHECK_INT(put(&s, observation()), STORE_OK);
    resource_write again = observation();
    again.bytes = (str){0};
    again.view_digest = S("d2");
    CHECK_INT(put(&s, again), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 1);
    CHECK_INT(shelf_number(&s, "SELECT kept FROM resource"),
              shelf_number(&s, "SELECT pk FROM kept"));
    CHECK_STR(shelf_text(&s, "SELECT view_digest FROM resource"), "d2");
    shelf_close(&s);
}

static void a_removal_leaves_the_head_and_no_row(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-removal"));
    CHECK_INT(put(&s, observation()), STORE_OK);
    resource_write gone = observation();
    gone.removal = true;
    CHECK_INT(put(&s, gone), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM view_row"), 0);
    CHECK_INT(shelf_number(&s, "SELECT removed FROM resource"), 1);
    CHECK_STR(shelf_text(&s, "SELECT content FROM resource"), "c1"); /* its order stays */
    shelf_close(&s);
}

static resource_write patient(str identifiers, str links) {
    return (resource_write){.patient = {S("a"), S("p")},
                            .type = S("Patient"),
                            .id = S("p"),
                            .content = S("c"),
                            .identifiers = identifiers,
                            .links = links};
}

static void a_patient_says_who_he_is_each_time_anew(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-identity"));
    CHECK_INT(put(&s, patient(S("[[\"mrn\",\"1\"],[\"mrn\",\"2\"],[null,\"3\"]]"),
                              S("[[\"seealso\",\"q\"]]"))),
              STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM identifier"), 2); /* one has no system */
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM link"), 1);
    CHECK_INT(shelf_number(&s, "SELECT known FROM patient WHERE id = 'p'"), 1);
    CHECK_INT(put(&s, patient(S("[[\"mrn\",\"2\"]]"), S("[]"))), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM identifier"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM link"), 0);
    resource_write gone = patient((str){0}, (str){0});
    gone.removal = true;
    CHECK_INT(put(&s, gone), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM identifier"), 0);
    CHECK_INT(shelf_number(&s, "SELECT known FROM patient WHERE id = 'p'"), 0);
    shelf_close(&s);
}

static void what_was_decided_on_as_unseen_must_be(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "resource-unseen"));
    CHECK_INT(put(&s, observation()), STORE_OK);
    resource_write next = observation();
    next.unseen = true;
    CHECK_INT(put(&s, next), STORE_CONFLICT);
    shelf_close(&s);
}

static void an_older_state_never_takes_the_place(const char *name, const char *patient) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, name));
    resource_write r = {.patient = {S("a"), str_from(patient)},
                        .type = S("Device"),
                        .id = S("d"),
                        .version = S("2"),
                        .updated = S("2025-06-02T00:00:00Z"),
                        .content = S("c2")};
    CHECK_INT(put(&s, r), STORE_OK);
    r.version = S("1");
    r.updated = S("2025-06-01T00:00:00Z");
    r.content = S("c1");
    CHECK_INT(put(&s, r), STORE_CONFLICT); /* decided before the newer one came */
    CHECK_STR(shelf_text(&s, "SELECT version FROM resource"), "2");
    shelf_close(&s);
}

static void one_of_no_patient_is_checked_for_its_order(void) {
    an_older_state_never_takes_the_place("resource-nobody", "");
}

/* Two threads read the state; the one with the older state reads the rev when the other is done. */
static void one_of_a_patient_is_checked_too(void) {
    an_older_state_never_takes_the_place("resource-somebody", "p");
}

const unit_test store_resource_suite[] = {UNIT_TEST(rows_replace_those_of_before),
                                          UNIT_TEST(the_bytes_of_every_version_are_kept),
                                          UNIT_TEST(rows_made_again_leave_the_bytes_in_force),
                                          UNIT_TEST(a_removal_leaves_the_head_and_no_row),
                                          UNIT_TEST(a_patient_says_who_he_is_each_time_anew),
                                          UNIT_TEST(what_was_decided_on_as_unseen_must_be),
                                          UNIT_TEST(one_of_no_patient_is_checked_for_its_order),
                                          UNIT_TEST(one_of_a_patient_is_checked_too),
                                          UNIT_END};
