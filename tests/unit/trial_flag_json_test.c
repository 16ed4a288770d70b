/* SPDX-License-Identifier: Apache-2.0 */
/* The posted Flag (its form is domain knowledge of R4: no narrative, no value, no display) and its
 * identifier. */
#include "trial_kit.h"

#include <stdio.h>

static const char study_members[] =
    "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`secret sentence`,"
    "`evidence`:`obs`,`met`:`true`}]";

static const study *load(kit *k, const char *members) {
    kit_views(k);
    kit_study(k, members);
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    return mappings_study(k->set, 0);
}

static const flag_target target = {.subject = S_INIT("Patient/123"),
                                   .identifier_system = S_INIT("https://h.example/flags"),
                                   .identifier_value = S_INIT("11111111-2222"),
                                   .code_system = S_INIT("https://h.example/codes"),
                                   .author_display = S_INIT("fhirtrial"),
                                   .author_system = S_INIT("https://h.example/devices"),
                                   .author_value = S_INIT("ft")};

static str written(kit *k, const study *s, const flag_state *state, const flag_target *to,
                   const str *evidence, isize n) {
    buf out = buf_new(&k->arena, 1 << 20, "a Flag");
    flag_write(s, state, to, evidence, n, &out);
    return buf_str(&out);
}

static const flag_state active = {
    .status = FLAG_ACTIVE, .code = VERDICT_NEEDS_REVIEW, .start = S_INIT("2025-03-01T12:00:00Z")};

static void whole_step(kit *k) {
    const study *s = load(k, study_members);
    const str evidence[] = {S("Observation/o/_history/3")};
    str expected = kit_text(
        k, "{`resourceType`:`Flag`,`extension`:[{`url`:`http://hl7.org/fhir/StructureDefinition/"
           "flag-priority`,`valueCodeableConcept`:{`coding`:[{`system`:`http://hl7.org/fhir/"
           "flag-priority-code`,`code`:`PL`}]}},{`url`:`http://hl7.org/fhir/StructureDefinition/"
           "flag-detail`,`valueReference`:{`reference`:`Observation/o/_history/3`}}],"
           "`identifier`:[{`use`:`official`,`system`:`https://h.example/flags`,`value`:"
           "`11111111-2222`}],`status`:`active`,`category`:[{`coding`:[{`system`:"
           "`http://terminology.hl7.org/CodeSystem/flag-category`,`code`:`research`,`display`:"
           "`Research`}]}],`code`:{`coding`:[{`system`:`https://h.example/codes`,`code`:"
           "`needs-review`}],`text`:`Research: screening review suggested, study T1`},`subject`:"
           "{`reference`:`Patient/123`},`period`:{`start`:`2025-03-01T12:00:00Z`},`author`:"
           "{`display`:`fhirtrial`,`identifier`:{`system`:`https://h.example/devices`,`value`:"
           "`ft`}}}");
    str text = written(k, s, &active, &target, evidence, 1);
    CHECK_BYTES(text.p, text.n, arena_printf(&k->arena, "%.*s", STR_ARGS(expected)).p);
}
static void the_flag_is_written_as_r4_has_it(void) { kit_run(whole_step); }

static void clinical_step(kit *k) {
    kit_views(k);
    kit_study(k, "`criteria`:[{`id`:`R`,`kind`:`rule`,`text`:`x`,`evidence`:`obs`,`met`:`true`}]");
    k->files[k->file_count - 1].name = S("guidelines/s1/protocol.json");
    CHECK_OR_RETURN(kit_load(k) != NULL);
    str text = written(k, mappings_study(k->set, 0), &active, &target, NULL, 0);
    str category =
        kit_text(k, "`category`:[{`coding`:[{`system`:`http://terminology.hl7.org/"
                    "CodeSystem/flag-category`,`code`:`clinical`,`display`:`Clinical`}]}]");
    CHECK(str_find(text, category, 0) >= 0);
    CHECK(str_find(text, S("esearch"), 0) < 0);
}
static void a_guideline_has_a_clinical_flag(void) { kit_run(clinical_step); }

static bool has(str text, const char *part) { return str_find(text, str_from(part), 0) >= 0; }

static void inactive_step(kit *k) {
    const study *s = load(k, study_members);
    flag_state state = active;
    state.status = FLAG_INACTIVE;
    state.code = VERDICT_ELIGIBLE;
    state.end = S("2025-03-08T12:00:00Z");
    str text = written(k, s, &state, &target, NULL, 0);
    CHECK(has(text, "\"status\":\"inactive\""));
    CHECK(has(text, "\"period\":{\"start\":\"2025-03-01T12:00:00Z\",\"end\":"
                    "\"2025-03-08T12:00:00Z\"}"));
    CHECK(has(text, "\"code\":\"eligible\""));
    CHECK(has(text, "\"code\":\"PM\""));
    state.status = FLAG_ENTERED_IN_ERROR;
    text = written(k, s, &state, &target, NULL, 0);
    CHECK(has(text, "\"status\":\"entered-in-error\""));
}
static void an_ended_flag_has_its_end(void) { kit_run(inactive_step); }

static void neutral_step(kit *k) {
    const study *s = load(k, study_members);
    str text = written(k, s, &active, &target, NULL, 0);
    CHECK(!has(text, "secret sentence"));
    CHECK(!has(text, "\"text\":{")); /* a narrative */
    CHECK(!has(text, "A study"));
}
static void the_text_is_neutral(void) { kit_run(neutral_step); }

static void template_step(kit *k) {
    static char members[512];
    snprintf(members, sizeof members, "`flag`:{`text`:`Ask the study \\\\ team`},%s",
             study_members);
    str text = written(k, load(k, members), &active, &target, NULL, 0);
    CHECK(has(text, "\"text\":\"Ask the study \\\\ team\""));
}
static void the_text_comes_from_the_protocol(void) { kit_run(template_step); }

static void cap_step(kit *k) {
    const study *s = load(k, study_members);
    str evidence[60];
    isize details = 0;
    for (isize i = 0; i < 60; i++) evidence[i] = arena_printf(&k->arena, "Observation/%td", i);
    str text = written(k, s, &active, &target, evidence, 60);
    for (isize at = 0; (at = str_find(text, S("flag-detail"), at)) >= 0; at++) details++;
    CHECK_INT(details, 50);
}
static void evidence_is_capped_at_fifty(void) { kit_run(cap_step); }

static void subject_step(kit *k) {
    flag_target to = target;
    to.subject = (str){0};
    to.subject_system = S("https://h.example/mrn");
    to.subject_value = S("42\"");
    to.author_device = S("Device/1");
    str text = written(k, load(k, study_members), &active, &to, NULL, 0);
    CHECK(has(text, "\"subject\":{\"identifier\":{\"system\":\"https://h.example/mrn\",\"value\":"
                    "\"42\\\"\"}}"));
    CHECK(has(text, "\"author\":{\"reference\":\"Device/1\"}"));
}
static void a_subject_may_be_an_identifier(void) { kit_run(subject_step); }

/* printf 'flag\037ehr\037s1\037ehr-feed|p1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:00..1f
 * = 1c368697 a830 2b39 5cf8 01ebbacc5fbc...; version 8: 2b -> 8b, variant: 5c -> 9c. */
static void the_identifier_is_the_keyed_hash(void) {
    static const char key[] = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"
                              "\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37";
    char uuid[36];
    CHECK(flag_identifier(&kit_digest, (str){key, 32}, S("ehr"), S("s1"), S("ehr-feed|p1"), uuid));
    CHECK_BYTES(uuid, 36, "1c368697-a830-8b39-9cf8-01ebbacc5fbc");
}

/* Worked out with Python's hmac: "export" 1F "s1" 1F "subject" 1F "ehr|p1" under 32 times 'k'. */
static void an_export_names_under_another_label(void) {
    char uuid[36];
    str key = S("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    CHECK(export_pseudonym(&kit_digest, key, S("s1"), S("subject"), S("ehr|p1"), uuid));
    CHECK_BYTES(uuid, 36, "1da9bc56-c10f-8899-b0a7-8755b0836da9");
}

static void the_identifier_separates_its_parts(void) {
    char a[36], b[36];
    CHECK(flag_identifier(&kit_digest, S("key"), S("e"), S("s1"), S("p"), a));
    CHECK(flag_identifier(&kit_digest, S("key"), S("es"), S("1"), S("p"), b));
    CHECK(memcmp(a, b, 36) != 0);
}

static char long_key[5000];

static void an_overlong_key_is_refused(void) {
    char uuid[36];
    memset(long_key, 'x', sizeof long_key);
    CHECK(!flag_identifier(&kit_digest, S("key"), S("e"), S("s"),
                           (str){long_key, (isize)sizeof long_key}, uuid));
}

const unit_test trial_flag_json_suite[] = {
    UNIT_TEST(the_flag_is_written_as_r4_has_it),    UNIT_TEST(a_guideline_has_a_clinical_flag),
    UNIT_TEST(an_ended_flag_has_its_end),           UNIT_TEST(the_text_is_neutral),
    UNIT_TEST(the_text_comes_from_the_protocol),    UNIT_TEST(evidence_is_capped_at_fifty),
    UNIT_TEST(a_subject_may_be_an_identifier),      UNIT_TEST(the_identifier_is_the_keyed_hash),
    UNIT_TEST(an_export_names_under_another_label), UNIT_TEST(the_identifier_separates_its_parts),
    UNIT_TEST(an_overlong_key_is_refused),          UNIT_END};
