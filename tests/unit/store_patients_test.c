/* SPDX-License-Identifier: Apache-2.0 */
/* Who is tied to whom: links in both directions, identifiers of listed systems, and their end. */
#include "store_help.h"
#include "unit.h"

#include <stdio.h>

static store_status put_patient(shelf *s, const char *source, const char *id,
                                const char *identifiers, const char *links, bool removal) {
    static int version;
    char content[16];
    snprintf(content, sizeof content, "v%d", ++version);
    resource_write r = {.patient = {str_from(source), str_from(id)},
                        .type = S("Patient"),
                        .id = str_from(id),
                        .version = str_from(content),
                        .content = str_from(content),
                        .removal = removal,
                        .identifiers = str_from(identifiers),
                        .links = str_from(links)};
    message_write m = {.source = str_from(source), .resources = &r, .resource_count = 1};
    return store_commit(s->store, &m, &s->fault);
}

/* The ties as "kind source/id" joined by commas. */
static const char *ties(shelf *s, const char *source, const char *id) {
    static char text[512];
    static const char *const kinds[] = {"to", "from", "same"};
    const str systems[] = {S("urn:mrn"), S("urn:none")};
    patient_edge *edges;
    isize n;
    size_t used = 0;
    text[0] = '\0';
    store_status status =
        store_edges(s->store, &s->arena, (patient_ref){str_from(source), str_from(id)}, systems, 2,
                    &edges, &n, &s->fault);
    CHECK_INT(status, n > 0 ? STORE_OK : STORE_NONE);
    for (isize i = 0; i < n; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s %s/%s", i ? "," : "",
                             kinds[edges[i].kind], edges[i].other.source.p, edges[i].other.id.p);
    }
    return text;
}

static void links_in_both_directions(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "patients-links"));
    CHECK_INT(put_patient(&s, "a", "old", "[]", "[[\"replaced-by\",\"new\"]]", false), STORE_OK);
    CHECK_STR(ties(&s, "a", "old"), "to a/new"); /* the other one has not arrived */
    CHECK_STR(ties(&s, "a", "new"), "from a/old");
    CHECK_STR(ties(&s, "b", "new"), ""); /* ids are of a source */
    patient_state state;
    patient_ref old = {S("a"), S("old")};
    CHECK_INT(store_patient(s.store, &s.arena, old, &state, &s.fault), STORE_OK);
    CHECK(state.known);
    CHECK_STR(state.links.p, "[[\"replaced-by\",\"new\"]]");
    CHECK_INT(put_patient(&s, "a", "old", "[]", "[]", false), STORE_OK); /* unlinked again */
    CHECK_STR(ties(&s, "a", "new"), "");
    shelf_close(&s);
}

static void identifiers_across_sources(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "patients-identifiers"));
    CHECK_INT(put_patient(&s, "a", "1", "[[\"urn:mrn\",\"7\"],[\"urn:x\",\"9\"]]", "[]", false),
              STORE_OK);
    CHECK_INT(put_patient(&s, "b", "2", "[[\"urn:mrn\",\"7\"]]", "[]", false), STORE_OK);
    CHECK_INT(put_patient(&s, "c", "3", "[[\"urn:x\",\"9\"]]", "[]", false), STORE_OK);
    CHECK_STR(ties(&s, "a", "1"), "same b/2"); /* urn:x is not listed */
    patient_ref *holders;
    isize n;
    CHECK_INT(store_holders(s.store, &s.arena, S("urn:x"), S("9"), &holders, &n, &s.fault),
              STORE_OK);
    CHECK_INT(n, 2);
    CHECK_STR(holders[1].source.p, "c");
    CHECK_INT(store_holders(s.store, &s.arena, S("urn:x"), S("8"), &holders, &n, &s.fault),
              STORE_NONE);
    CHECK_INT(put_patient(&s, "b", "2", "[[\"urn:mrn\",\"8\"]]", "[]", false), STORE_OK);
    CHECK_STR(ties(&s, "a", "1"), "");
    shelf_close(&s);
}

static void a_removed_patient_has_no_ties(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "patients-removed"));
    CHECK_INT(put_patient(&s, "a", "1", "[[\"urn:mrn\",\"7\"]]", "[[\"seealso\",\"2\"]]", false),
              STORE_OK);
    CHECK_INT(put_patient(&s, "a", "2", "[[\"urn:mrn\",\"7\"]]", "[]", false), STORE_OK);
    CHECK_STR(ties(&s, "a", "2"), "from a/1,same a/1");
    CHECK_INT(put_patient(&s, "a", "1", NULL, NULL, true), STORE_OK);
    CHECK_STR(ties(&s, "a", "2"), "");
    patient_state state;
    patient_ref one = {S("a"), S("1")};
    CHECK_INT(store_patient(s.store, &s.arena, one, &state, &s.fault), STORE_OK);
    CHECK(!state.known);
    CHECK_INT(state.rev, 2);
    shelf_close(&s);
}

/* NULL leaves identity as it is: rows computed anew bring none. */
static void no_identity_changes_none(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "patients-same"));
    CHECK_INT(put_patient(&s, "a", "1", "[]", "[[\"seealso\",\"2\"]]", false), STORE_OK);
    CHECK_INT(put_patient(&s, "a", "1", NULL, NULL, false), STORE_OK);
    CHECK_STR(ties(&s, "a", "2"), "from a/1");
    shelf_close(&s);
}

const unit_test store_patients_suite[] = {
    UNIT_TEST(links_in_both_directions),
    UNIT_TEST(identifiers_across_sources),
    UNIT_TEST(a_removed_patient_has_no_ties),
    UNIT_TEST(no_identity_changes_none),
    UNIT_END,
};
