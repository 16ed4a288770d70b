/* SPDX-License-Identifier: Apache-2.0 */
/* What a reply proves: identifier, subject, sequence, in every form that servers were seen to use.
 */
#include "unit.h"

#include "deliver/flag_reply.h"

#define KEY   "0a1b2c3d-0000-8000-8000-0123456789ab"
#define HASH  "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define BASE  S("https://ehr.example/fhir")

static landing ground;
static arena memory;
static flag_message message;

/* Message: sequence 5, status active, code c|eligible, a start and no end. */
static void begin(void) {
    const char *why;
    arena_init(&memory, 4 << 20, &ground);
    (void)flag_message_read(
        &memory,
        S("{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"s\",\"value\":\"" KEY "\"}],"
          "\"status\":\"active\",\"code\":{\"coding\":[{\"system\":\"c\",\"code\":\"eligible\"}],"
          "\"text\":\"t\"},\"subject\":{\"reference\":\"Patient/7\"},\"period\":{\"start\":"
          "\"2025-01-01\"}}"),
        S(KEY), 5, S(HASH), &message, &why);
}

typedef struct shape {
    const char *id, *tags, *identifier, *status, *subject, *period, *code;
} shape;

static const shape same = {"\"a.1\"",
                           "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"5-" HASH "\"}",
                           "{\"use\":\"official\",\"system\":\"s\",\"value\":\"" KEY "\"}",
                           "active",
                           "Patient/7",
                           "{\"start\":\"2025-01-01T00:00:00+00:00\"}",
                           "{\"system\":\"c\",\"code\":\"eligible\",\"display\":\"added\"}"};

static str text_of(const shape *s) {
    return arena_printf(&memory,
                        "{\"resourceType\":\"Flag\",\"id\":%s,\"meta\":{\"versionId\":\"3\","
                        "\"tag\":[%s]},\"identifier\":[%s],\"status\":\"%s\",\"subject\":{"
                        "\"reference\":\"%s\"},\"period\":%s,\"code\":{\"coding\":[%s]}}",
                        s->id, s->tags, s->identifier, s->status, s->subject, s->period, s->code);
}

static flag_sight read_shape(const shape *s, flag_seen *seen) {
    return flag_reply_read(document_read(&memory, text_of(s)), &message, BASE, (str){0}, seen);
}

static void our_flag(void) {
    flag_seen seen;
    begin();
    CHECK(read_shape(&same, &seen) == SIGHT_OURS);
    CHECK_BYTES(seen.id.p, seen.id.n, "a.1");
    CHECK_BYTES(seen.version.p, seen.version.n, "3");
    CHECK_INT(seen.seq, 5);
    CHECK(seen.same_message && seen.same_content);
    arena_release(&memory);
}

/* Reads the shape with one member changed; `seen` is what came of it. */
#define WITH(member, value, sight)                                                                 \
    shape s = same;                                                                                \
    flag_seen seen;                                                                                \
    begin();                                                                                       \
    s.member = (value);                                                                            \
    CHECK_INT(read_shape(&s, &seen), (sight));                                                     \
    arena_release(&memory)

static void other_identifier(void) {
    WITH(identifier, "{\"system\":\"s\",\"value\":\"0A1B2C3D-0000-8000-8000-0123456789AB\"}",
         SIGHT_OTHER_IDENTIFIER);
}

static void other_system(void) {
    WITH(identifier, "{\"system\":\"S\",\"value\":\"" KEY "\"}", SIGHT_OTHER_IDENTIFIER);
}

static void other_subject(void) { WITH(subject, "Patient/77", SIGHT_OTHER_SUBJECT); }

static void subject_as_absolute_and_versioned_reference(void) {
    WITH(subject, "https://ehr.example/fhir/Patient/7/_history/2", SIGHT_OURS);
}

static void subject_on_another_server(void) {
    WITH(subject, "https://other.example/fhir/Patient/7", SIGHT_OTHER_SUBJECT);
}

static void id_that_is_a_path(void) { WITH(id, "\"../../Patient/7\"", SIGHT_UNUSABLE); }

static void no_id(void) { WITH(id, "null", SIGHT_UNUSABLE); }

static void status_that_somebody_changed(void) {
    WITH(status, "inactive", SIGHT_OURS);
    CHECK(seen.same_message && !seen.same_content);
}

static void period_that_somebody_ended(void) {
    WITH(period, "{\"start\":\"2025-01-01\",\"end\":\"2025-02-01\"}", SIGHT_OURS);
    CHECK(!seen.same_content);
}

static void code_that_somebody_changed(void) {
    WITH(code, "{\"system\":\"c\",\"code\":\"needs-review\"}", SIGHT_OURS);
    CHECK(!seen.same_content);
}

static void older_sequence(void) {
    WITH(tags, "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"4-" OTHER "\"}", SIGHT_OURS);
    CHECK_INT(seen.seq, 4);
    CHECK(!seen.same_message);
}

static void same_sequence_of_another_body(void) {
    WITH(tags, "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"5-" OTHER "\"}", SIGHT_OURS);
    CHECK_INT(seen.seq, 5);
    CHECK(!seen.same_message);
}

/* R4 2.6: a server may carry the tags of earlier versions forward. */
static void highest_of_several_tags(void) {
    WITH(tags,
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"5-" HASH "\"},"
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"4-" OTHER "\"}",
         SIGHT_OURS);
    CHECK_INT(seen.seq, 5);
    CHECK(seen.same_message);
}

static void later_tag_beside_ours(void) {
    WITH(tags,
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"5-" HASH "\"},"
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"6-" OTHER "\"}",
         SIGHT_OURS);
    CHECK_INT(seen.seq, 6);
    CHECK(!seen.same_message);
}

static void tags_that_are_not_ours(void) {
    WITH(tags,
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"9\"},"
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"-" HASH "\"},"
         "{\"system\":\"urn:fhirtrial:sequence\",\"code\":\"9x-" HASH "\"},"
         "{\"system\":\"x\",\"code\":\"9-" HASH "\"}",
         SIGHT_OURS);
    CHECK_INT(seen.seq, -1);
    CHECK(seen.same_message); /* without a tag the content decides */
}

static void version_from_the_etag(void) {
    flag_seen seen;
    begin();
    str text = S("{\"resourceType\":\"Flag\",\"id\":\"a\",\"identifier\":[{\"system\":\"s\","
                 "\"value\":\"" KEY "\"}],\"subject\":{\"reference\":\"Patient/7\"}}");
    const json *flag = document_read(&memory, text);
    CHECK(flag_reply_read(flag, &message, BASE, S("W/\"9\""), &seen) == SIGHT_OURS);
    CHECK_BYTES(seen.version.p, seen.version.n, "9");
    CHECK(flag_reply_read(flag, &message, BASE, (str){0}, &seen) == SIGHT_OURS);
    CHECK_INT(seen.version.n, 0);
    CHECK(flag_reply_read(NULL, &message, BASE, (str){0}, &seen) == SIGHT_UNUSABLE);
    arena_release(&memory);
}

static void etags(void) {
    static const char *const cases[][2] = {{"W/\"1\"", "1"},
                                           {"\"1\"", "1"},
                                           {"1", "1"},
                                           {" W/\"a-b.c\" ", "a-b.c"},
                                           {"", ""},
                                           {"W/\"\"", ""},
                                           {"W/\"a b\"", ""},
                                           {"\"a\"\"b\"", ""},
                                           {"W/\"1\r\nX: y\"", ""},
                                           {"\"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        str got = etag_version(str_from(cases[i][0]));
        CHECK_BYTES(got.p, got.n, cases[i][1]);
    }
}

static void locations(void) {
    static const char *const cases[][3] = {
        {"https://ehr.example/fhir/Flag/a1/_history/2", "a1", "2"},
        {"https://ehr.example/fhir/Flag/a1", "a1", ""},
        {"4_0_1/Flag/a1", "a1", ""},
        {"Flag/a1/_history/2", "a1", "2"},
        {"/Flag/a1/", "a1", ""},
        {"https://ehr.example/Flag/Flag/a1/_history/2", "a1", "2"},
        {"https://ehr.example/fhir/Flag/a1?x=Flag/b", "a1", ""}};
    static const char *const bad[] = {
        "", "https://ehr.example/fhir", "Patient/a1", "Flag", "Flag/", "Flag/a b", "flag/a1"};
    str id, version;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_MSG(location_flag(str_from(cases[i][0]), &id, &version), "%s", cases[i][0]);
        CHECK_BYTES(id.p, id.n, cases[i][1]);
        CHECK_BYTES(version.p, version.n, cases[i][2]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_MSG(!location_flag(str_from(bad[i]), &id, &version), "%s", bad[i]);
}

static flag_sight search(const char *entries, const char *more, flag_seen *seen) {
    str text = arena_printf(&memory,
                            "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"%s,\"entry\":[%s]}",
                            more, entries);
    return flag_reply_search(document_read(&memory, text), &message, BASE, seen);
}

static void searches(void) {
    flag_seen seen;
    begin();
    shape foreign = same;
    foreign.identifier = "{\"system\":\"s\",\"value\":\"else\"}";
    str one = arena_printf(&memory, "{\"resource\":%.*s}", STR_ARGS(text_of(&same)));
    str two = arena_printf(&memory, "%.*s,%.*s", STR_ARGS(one), STR_ARGS(one));
    str not_ours = arena_printf(&memory, "{\"resource\":%.*s}", STR_ARGS(text_of(&foreign)));
    str included = arena_printf(&memory,
                                "%.*s,{\"search\":{\"mode\":\"include\"},\"resource\":%.*s},"
                                "{\"search\":{\"mode\":\"outcome\"},\"resource\":{\"resourceType\":"
                                "\"OperationOutcome\"}}",
                                STR_ARGS(one), STR_ARGS(text_of(&foreign)));
    CHECK(search("", "", &seen) == SIGHT_NONE);
    CHECK(search(one.p, "", &seen) == SIGHT_OURS && seen.seq == 5);
    CHECK(search(two.p, "", &seen) == SIGHT_MANY);
    CHECK(search(one.p, ",\"total\":2", &seen) == SIGHT_MANY);
    CHECK(search(not_ours.p, "", &seen) == SIGHT_OTHER_IDENTIFIER);
    CHECK(search(included.p, "", &seen) == SIGHT_OURS);
    CHECK(flag_reply_search(document_read(&memory, text_of(&same)), &message, BASE, &seen) ==
          SIGHT_UNUSABLE);
    CHECK(flag_reply_search(NULL, &message, BASE, &seen) == SIGHT_UNUSABLE);
    arena_release(&memory);
}

static void patients(const char *entries, const char *more, bool found, int count) {
    str text = arena_printf(&memory,
                            "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"%s,\"entry\":[%s]}",
                            more, entries);
    str reference = {0};
    int n;
    CHECK(patient_reply_search(&memory, document_read(&memory, text), &reference, &n) == found);
    CHECK_INT(n, count);
    if (found) CHECK_BYTES(reference.p, reference.n, "Patient/p1");
}

static void exactly_one_patient(void) {
    static const char one[] = "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\"}}";
    begin();
    patients(one, "", true, 1);
    patients("", "", false, 0);
    patients(one, ",\"total\":2", false, 2);
    patients("{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a/b\"}}", "", false, -1);
    patients("{\"resource\":{\"resourceType\":\"Person\",\"id\":\"p1\"}}", "", false, 0);
    arena_release(&memory);
}

const unit_test deliver_flag_reply_suite[] = {
    UNIT_TEST(our_flag),
    UNIT_TEST(other_identifier),
    UNIT_TEST(other_system),
    UNIT_TEST(other_subject),
    UNIT_TEST(subject_as_absolute_and_versioned_reference),
    UNIT_TEST(subject_on_another_server),
    UNIT_TEST(id_that_is_a_path),
    UNIT_TEST(no_id),
    UNIT_TEST(status_that_somebody_changed),
    UNIT_TEST(period_that_somebody_ended),
    UNIT_TEST(code_that_somebody_changed),
    UNIT_TEST(older_sequence),
    UNIT_TEST(same_sequence_of_another_body),
    UNIT_TEST(highest_of_several_tags),
    UNIT_TEST(later_tag_beside_ours),
    UNIT_TEST(tags_that_are_not_ours),
    UNIT_TEST(version_from_the_etag),
    UNIT_TEST(etags),
    UNIT_TEST(locations),
    UNIT_TEST(searches),
    UNIT_TEST(exactly_one_patient),
    UNIT_END};
