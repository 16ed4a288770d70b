/* SPDX-License-Identifier: Apache-2.0 */
/* The stored Flag and the one that is sent, byte for byte. */
#include "unit.h"

#include "deliver/flag_body.h"

#define KEY  "0a1b2c3d-0000-8000-8000-0123456789ab"
#define HASH "00112233445566778899aabbccddeeff"
#define FLAG                                                                                       \
    "{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"other\",\"value\":\"1\"},{"          \
    "\"system\":\"https://h.example/f\",\"value\":\"" KEY "\"}],\"status\":\"active\","            \
    "\"subject\":{\"reference\":\"Patient/7\"}}"

static landing ground;
static arena memory;

static void begin(void) { arena_init(&memory, 4 << 20, &ground); }

static bool read_message(const char *body, flag_message *out, const char **why) {
    return flag_message_read(&memory, str_from(body), S(KEY), 12, S(HASH "0123"), out, why);
}

static void a_create(void) {
    flag_message m;
    const char *why;
    begin();
    CHECK_OR_RETURN(read_message(FLAG, &m, &why));
    CHECK_BYTES(m.system.p, m.system.n, "https://h.example/f");
    CHECK_BYTES(m.subject.p, m.subject.n, "Patient/7");
    str wire = flag_wire(&memory, &m, (str){0});
    CHECK_BYTES(wire.p, wire.n,
                "{\"resourceType\":\"Flag\",\"meta\":{\"tag\":[{\"system\":"
                "\"urn:fhirtrial:sequence\",\"code\":\"12-" HASH "\"}]},\"identifier\":[{"
                "\"system\":\"other\",\"value\":\"1\"},{\"system\":\"https://h.example/f\","
                "\"value\":\"" KEY "\"}],\"status\":\"active\",\"subject\":{\"reference\":"
                "\"Patient/7\"}}");
    arena_release(&memory);
}

static void an_update_keeps_tags_and_digits(void) {
    flag_message m;
    const char *why;
    begin();
    CHECK_OR_RETURN(read_message(
        "{\"resourceType\":\"Flag\",\"id\":\"old\",\"meta\":{\"profile\":[\"p\"],\"tag\":[{"
        "\"code\":\"t\"}]},\"identifier\":[{\"system\":\"s\",\"value\":\"" KEY "\"}],"
        "\"extension\":[{\"url\":\"u\",\"valueDecimal\":1.10}],\"subject\":{\"reference\":\"x/1\","
        "\"display\":\"d\"}}",
        &m, &why));
    m.subject = S("Patient/9");
    str wire = flag_wire(&memory, &m, S("abc"));
    CHECK_BYTES(wire.p, wire.n,
                "{\"resourceType\":\"Flag\",\"id\":\"abc\",\"meta\":{\"tag\":[{\"code\":\"t\"},{"
                "\"system\":\"urn:fhirtrial:sequence\",\"code\":\"12-" HASH "\"}],\"profile\":["
                "\"p\"]},\"identifier\":[{\"system\":\"s\",\"value\":\"" KEY "\"}],\"extension\":["
                "{\"url\":\"u\",\"valueDecimal\":1.10}],\"subject\":{\"reference\":\"Patient/9\","
                "\"display\":\"d\"}}");
    arena_release(&memory);
}

static void a_logical_subject_is_looked_up_or_kept(void) {
    flag_message m;
    const char *why;
    begin();
    CHECK_OR_RETURN(read_message("{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"s\","
                                 "\"value\":\"" KEY "\"}],\"subject\":{\"identifier\":{"
                                 "\"system\":\"m\",\"value\":\"1\"}}}",
                                 &m, &why));
    CHECK_INT(m.subject.n, 0);
    CHECK_BYTES(m.subject_system.p, m.subject_system.n, "m");
    CHECK_BYTES(m.subject_value.p, m.subject_value.n, "1");
    str file = flag_wire(&memory, &m, (str){0});
    CHECK(str_find(file, S("\"subject\":{\"identifier\":{\"system\":\"m\",\"value\":\"1\"}}"), 0) >
          0);
    m.subject = S("Patient/a");
    str sent = flag_wire(&memory, &m, (str){0});
    CHECK(str_find(sent,
                   S("\"subject\":{\"reference\":\"Patient/a\",\"identifier\":{\"system\":\"m\","
                     "\"value\":\"1\"}}"),
                   0) > 0);
    arena_release(&memory);
}

static void what_cannot_be_sent(void) {
    static const char *const bodies[][2] = {
        {"", "no Flag"},
        {"{\"resourceType\":\"List\"}", "no Flag"},
        {"{\"resourceType\":\"Flag\"}", "identifier"},
        {"{\"resourceType\":\"Flag\",\"identifier\":[{\"value\":\"" KEY "\"}]}", "identifier"},
        {"{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"s\",\"value\":\"" KEY "\"}]}",
         "subject"}};
    flag_message m;
    const char *why;
    begin();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CHECK(!read_message(bodies[i][0], &m, &why));
        CHECK_MSG(why && strstr(why, bodies[i][1]), "%s", why);
    }
    CHECK(!flag_message_read(&memory, S(FLAG), S("A,b|c"), 1, S(HASH), &m, &why));
    CHECK(!flag_message_read(&memory, S(FLAG), S(KEY), 1, S("00"), &m, &why));
    arena_release(&memory);
}

/* FHIR's escapes come before percent-encoding (R4, Search, 3.1.1.4.0.1; RFC 3986). */
static void search_values(void) {
    begin();
    str plain = flag_search_value(&memory, S("https://h.example/f"), S("0-9a~"));
    CHECK_BYTES(plain.p, plain.n, "https%3A%2F%2Fh.example%2Ff%7C0-9a~");
    str hard = flag_search_value(&memory, S("a,b|c$d\\e"), S("\xc3\xa4 &"));
    CHECK_BYTES(hard.p, hard.n, "a%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce%7C%C3%A4%20%26");
    arena_release(&memory);
}

const unit_test deliver_flag_body_suite[] = {UNIT_TEST(a_create),
                                             UNIT_TEST(an_update_keeps_tags_and_digits),
                                             UNIT_TEST(a_logical_subject_is_looked_up_or_kept),
                                             UNIT_TEST(what_cannot_be_sent),
                                             UNIT_TEST(search_values),
                                             UNIT_END};
