/* SPDX-License-Identifier: Apache-2.0 */
/* Identity (contracts.md): who a resource is, its version and content, and whose it is. */
#include "trial_kit.h"

static message extract(kit *k, const char *text) {
    kit_views(k);
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    return kit_message(k, text);
}

#define ENTRY(full_url, resource) "{`fullUrl`:`" full_url "`,`resource`:" resource "}"
#define BUNDLE(entries)           "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:[" entries "]}"
#define OBS_OF(reference)                                                                          \
    "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{},`subject`:{`reference`:"    \
    "`" reference "`}}"

/* --- identity --- */
static void uuid_step(kit *k) {
    message m = extract(k, BUNDLE(ENTRY("urn:uuid:11111111-2222-3333-4444-555555555555",
                                        "{`resourceType`:`Patient`}")));
    CHECK_TEXT(m.entries[0].id, "11111111-2222-3333-4444-555555555555");
    CHECK_TEXT(m.entries[0].patient, "11111111-2222-3333-4444-555555555555");
}
static void without_id_it_is_the_uuid_of_the_full_url(void) { kit_run(uuid_step); }

static void odd_uuid_step(kit *k) {
    message m = extract(k, BUNDLE(ENTRY("urn:uuid:no id|at all", "{`resourceType`:`Patient`}")));
    CHECK_INT(m.entries[0].id.n, DIGEST_HEX);
}
static void a_full_url_without_an_id_gives_none(void) { kit_run(odd_uuid_step); }

static void long_identifier_step(kit *k) {
    char *value = arena_new(&k->arena, char, LIMIT_IDENTIFIER_BYTES + 2);
    memset(value, 'x', LIMIT_IDENTIFIER_BYTES + 1);
    message m = extract(k, arena_printf(&k->arena,
                                        "{`resourceType`:`Patient`,`id`:`p`,`identifier`:[{`system`"
                                        ":`s`,`value`:`%s`},{`system`:`s`,`value`:`1`}]}",
                                        value)
                               .p);
    CHECK_TEXT(m.entries[0].identifiers, "[[\"s\",\"1\"]]");
    CHECK(kit_found(k, "longer than 1024 bytes"));
}
static void a_very_long_identifier_is_passed_over(void) { kit_run(long_identifier_step); }

static void own_id_step(kit *k) {
    message m = extract(k, BUNDLE(ENTRY("urn:uuid:11111111-2222-3333-4444-555555555555",
                                        "{`resourceType`:`Patient`,`id`:`own`}")));
    CHECK_TEXT(m.entries[0].id, "own");
}
static void its_own_id_comes_first(void) { kit_run(own_id_step); }

/* printf '{"gender":"male","resourceType":"Patient"}' | sha256sum */
#define MALE "8b36b0008d8d19f6d304af85318e4038ff0ad7183dc4da56228f969556306241"

static void content_step(kit *k) {
    message m = extract(k, "{`gender`:`male`,`resourceType`:`Patient`}");
    message other = kit_message(k, "{ `resourceType` : `Patient`, `gender` : `male` }");
    CHECK_TEXT(m.entries[0].id, MALE);
    CHECK(str_eq(m.entries[0].id, m.entries[0].content));
    CHECK(str_eq(m.entries[0].id, other.entries[0].id)); /* spacing and order do not count */
    CHECK(kit_found(k, "neither id nor fullUrl"));
}
static void without_both_it_is_its_content(void) { kit_run(content_step); }

static void version_step(kit *k) {
    message m = extract(k, "{`resourceType`:`Patient`,`id`:`p`,`meta`:{`versionId`:`7`,"
                           "`lastUpdated`:`2025-01-01T00:00:00Z`}}");
    CHECK_TEXT(m.entries[0].version, "7");
    CHECK_TEXT(m.entries[0].updated, "2025-01-01T00:00:00Z");
    m = kit_message(k, "{`resourceType`:`Patient`,`id`:`p`}");
    CHECK_INT(m.entries[0].version.n, 7 + DIGEST_HEX);
    CHECK(str_starts(m.entries[0].version, S("sha256:")));
    CHECK_TEXT(m.entries[0].updated, "");
}
static void without_a_version_it_is_the_hash(void) { kit_run(version_step); }

/* --- whose it is --- */
static void owner(kit *k, const char *text, const char *expected) {
    message m = extract(k, text);
    CHECK_OR_RETURN(m.n > 0);
    CHECK_TEXT(m.entries[m.n - 1].patient, expected);
}

#define OWNER(name, text, expected)                                                                \
    static void name##_step(kit *k) { owner(k, text, expected); }                                  \
    static void name(void) { kit_run(name##_step); }

OWNER(a_patient_is_its_own, "{`resourceType`:`Patient`,`id`:`p`}", "p")
OWNER(a_relative_reference_is_followed, OBS_OF("Patient/p1"), "p1")
OWNER(a_version_in_a_reference_does_not_count, OBS_OF("Patient/p1/_history/4"), "p1")
OWNER(an_absolute_reference_is_followed, OBS_OF("https://h.example/fhir/Patient/p1"), "p1")
OWNER(a_reference_to_a_group_has_no_patient, OBS_OF("Group/g"), "")
OWNER(a_contained_patient_is_no_identity, OBS_OF("#p"), "")
OWNER(a_uuid_leads_to_the_id_of_its_patient,
      BUNDLE(ENTRY("urn:uuid:aaaa",
                   "{`resourceType`:`Patient`,`id`:`p9`}") "," ENTRY("urn:uuid:bbbb",
                                                                     OBS_OF("urn:uuid:aaaa"))),
      "p9")
OWNER(a_uuid_that_nobody_has_leads_nowhere, OBS_OF("urn:uuid:cccc"), "")
OWNER(
    a_full_url_comes_before_its_last_part,
    BUNDLE(
        ENTRY("https://a.example/Patient/1", "{`resourceType`:`Patient`,`id`:`renamed`}") "," ENTRY(
            "https://a.example/Observation/2", OBS_OF("https://a.example/Patient/1"))),
    "renamed")
OWNER(a_conditional_reference_needs_one_match,
      BUNDLE("{`resource`:{`resourceType`:`Patient`,`id`:`p2`,`identifier`:[{`system`:`s`,"
             "`value`:`v`}]}},{`resource`:" OBS_OF("Patient?identifier=s|v") "}"),
      "p2")
OWNER(a_conditional_reference_with_two_matches_leads_nowhere,
      BUNDLE("{`resource`:{`resourceType`:`Patient`,`id`:`p2`,`identifier`:[{`system`:`s`,"
             "`value`:`v`}]}},{`resource`:{`resourceType`:`Patient`,`id`:`p3`,`identifier`:["
             "{`system`:`s`,`value`:`v`}]}},{`resource`:" OBS_OF("Patient?identifier=s|v") "}"),
      "")
OWNER(a_conditional_reference_without_a_system_is_followed,
      BUNDLE("{`resource`:{`resourceType`:`Patient`,`id`:`p2`,`identifier`:[{`system`:`s`,"
             "`value`:`v`},{`system`:`t`,`value`:`v`}]}},{`resource`:" OBS_OF(
                 "Patient?identifier=v") "}"),
      "p2")
OWNER(a_conditional_reference_to_another_system_leads_nowhere,
      BUNDLE("{`resource`:{`resourceType`:`Patient`,`id`:`p2`,`identifier`:[{`system`:`s`,"
             "`value`:`v`}]}},{`resource`:" OBS_OF("Patient?identifier=u|v") "}"),
      "")
OWNER(a_research_subject_belongs_to_its_individual,
      "{`resourceType`:`ResearchSubject`,`id`:`r`,`status`:`candidate`,`individual`:{`reference`:"
      "`Patient/i`}}",
      "i")
OWNER(a_consent_belongs_to_its_patient,
      "{`resourceType`:`Consent`,`id`:`c`,`patient`:{`reference`:`Patient/c1`},`performer`:["
      "{`reference`:`Patient/other`}]}",
      "c1")
OWNER(a_performer_is_never_the_patient,
      "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{},`performer`:["
      "{`reference`:`Patient/p`}]}",
      "")
OWNER(outside_the_compartment_a_subject_is_no_patient,
      "{`resourceType`:`Contract`,`id`:`c`,`subject`:[{`reference`:`Patient/p`}]}", "")
OWNER(an_organization_belongs_to_nobody, "{`resourceType`:`Organization`,`id`:`o`}", "")

static void patient_step(kit *k) {
    message m = extract(k, "{`resourceType`:`Patient`,`id`:`old`,`identifier`:[{`system`:`s`,"
                           "`value`:`1`},{`value`:`no system`},{`system`:`t`,`value`:`2`}],"
                           "`link`:[{`other`:{`reference`:`Patient/new`},`type`:`replaced-by`},"
                           "{`other`:{`reference`:`RelatedPerson/r`},`type`:`seealso`}]}");
    CHECK_TEXT(m.entries[0].identifiers, "[[\"s\",\"1\"],[\"t\",\"2\"]]");
    CHECK_TEXT(m.entries[0].links, "[[\"replaced-by\",\"new\"]]");
}
static void a_patient_tells_identifiers_and_links(void) { kit_run(patient_step); }

const unit_test trial_identity_suite[] = {
    UNIT_TEST(a_full_url_without_an_id_gives_none),
    UNIT_TEST(a_very_long_identifier_is_passed_over),
    UNIT_TEST(without_id_it_is_the_uuid_of_the_full_url),
    UNIT_TEST(its_own_id_comes_first),
    UNIT_TEST(without_both_it_is_its_content),
    UNIT_TEST(without_a_version_it_is_the_hash),
    UNIT_TEST(a_patient_is_its_own),
    UNIT_TEST(a_relative_reference_is_followed),
    UNIT_TEST(a_version_in_a_reference_does_not_count),
    UNIT_TEST(an_absolute_reference_is_followed),
    UNIT_TEST(a_reference_to_a_group_has_no_patient),
    UNIT_TEST(a_contained_patient_is_no_identity),
    UNIT_TEST(a_uuid_leads_to_the_id_of_its_patient),
    UNIT_TEST(a_uuid_that_nobody_has_leads_nowhere),
    UNIT_TEST(a_full_url_comes_before_its_last_part),
    UNIT_TEST(a_conditional_reference_needs_one_match),
    UNIT_TEST(a_conditional_reference_with_two_matches_leads_nowhere),
    UNIT_TEST(a_conditional_reference_without_a_system_is_followed),
    UNIT_TEST(a_conditional_reference_to_another_system_leads_nowhere),
    UNIT_TEST(a_research_subject_belongs_to_its_individual),
    UNIT_TEST(a_consent_belongs_to_its_patient),
    UNIT_TEST(a_performer_is_never_the_patient),
    UNIT_TEST(outside_the_compartment_a_subject_is_no_patient),
    UNIT_TEST(an_organization_belongs_to_nobody),
    UNIT_TEST(a_patient_tells_identifiers_and_links),
    UNIT_END};
