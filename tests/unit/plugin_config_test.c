/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

/* The least that a configuration must say, with room for more members in front. */
#define LEAST                                                                                      \
    "\"store\":{\"path\":\"s.db\"},\"mappings\":{\"path\":\"/m\"},\"source\":\"ward\","            \
    "\"siteKey\":\"k\",\"flag\":{\"identifierSystem\":\"https://h/f\",\"codeSystem\":"             \
    "\"https://h/c\"}"
#define WHOLE(more) "{\"schema\":1,\"base\":\"/b\"," more LEAST "}"
#define ENDPOINT(rest)                                                                             \
    WHOLE("\"endpoints\":[{\"name\":\"e\",\"patient\":\"same-as-source: ward\"," rest "}],")

typedef struct reading {
    arena arena;
    landing landing;
    const char *text;
    settings settings;
    problems found;
    bool ok;
} reading;

static void read_step(void *state) {
    reading *r = state;
    r->found = problems_new(&r->arena);
    r->ok = settings_read(&r->arena, str_from(r->text), &r->settings, &r->found);
}

static void read_config(reading *r, const char *text) {
    *r = (reading){.text = text};
    arena_init(&r->arena, 1 << 22, &r->landing);
    CHECK_MSG(guarded(&r->landing, read_step, r), "raised: %s", r->landing.fault.text);
}

static void end_config(reading *r) { arena_release(&r->arena); }

#define CHECK_TEXT(value, expected) CHECK_BYTES((value).p, (value).n, expected)

static void accepted(const char *text) {
    reading r;
    read_config(&r, text);
    CHECK_MSG(r.ok, "refused: %s", text);
    end_config(&r);
}

/* Refused, with one finding at this pointer whose text and remedy hold the words. */
static void refused(const char *text, const char *place, const char *said) {
    reading r;
    bool seen = false;
    read_config(&r, text);
    CHECK_MSG(!r.ok, "accepted: %s", text);
    for (isize i = 0; i < r.found.n; i++) {
        const problem *p = &r.found.list[i];
        char line[1024];
        snprintf(line, sizeof line, "%.*s: %.*s", STR_ARGS(p->text), STR_ARGS(p->remedy));
        seen |= str_eq(p->place, str_from(place)) && strstr(line, said);
    }
    CHECK_MSG(seen, "%s: no finding at %s says \"%s\"; the first: %.*s at %.*s", text, place, said,
              r.found.n > 0 ? (int)r.found.list[0].text.n : 0,
              r.found.n > 0 ? r.found.list[0].text.p : "",
              r.found.n > 0 ? (int)r.found.list[0].place.n : 0,
              r.found.n > 0 ? r.found.list[0].place.p : "");
    end_config(&r);
}

static void the_least_has_its_defaults(void) {
    reading r;
    read_config(&r, WHOLE(""));
    CHECK(r.ok);
    CHECK_INT(r.found.n, 0);
    CHECK_TEXT(r.settings.store_path, "/b/s.db");
    CHECK_TEXT(r.settings.mappings_path, "/m");
    CHECK_TEXT(r.settings.site_key_path, "/b/k");
    CHECK_TEXT(r.settings.source, "ward");
    CHECK_INT(r.settings.threads, 0);
    CHECK_INT(r.settings.keep, KEEP_REACHED);
    CHECK_INT(r.settings.busy_ms, 5000);
    CHECK_INT(r.settings.retention_ms, 0);
    CHECK_INT(r.settings.message_bytes, INT64_C(64) << 20);
    CHECK_INT(r.settings.queue_messages, 1024);
    CHECK_INT(r.settings.endpoint_count, 0);
    end_config(&r);
}

static void every_member_is_read(void) {
    reading r;
    read_config(&r, ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h:8443/fhir\",\"evidence\":"
                             "\"same-as-source\",\"auth\":{\"type\":\"smart-backend\",\"clientId\":"
                             "\"c\",\"key\":\"key.pem\",\"keyId\":\"k1\",\"algorithm\":\"ES384\","
                             "\"scope\":\"system/Flag.crus\"},\"tls\":{\"ca\":\"/ca.pem\"},"
                             "\"timeouts\":{\"connect\":\"PT1.5S\",\"total\":\"PT2M\"},\"rate\":{"
                             "\"perSecond\":7,\"maxInFlight\":3,\"backoffFirst\":\"PT0.05S\","
                             "\"backoffMost\":\"P1D\"}"));
    CHECK_OR_RETURN(r.ok && r.settings.endpoint_count == 1);
    const endpoint_settings *e = &r.settings.endpoints[0];
    CHECK_TEXT(e->wire.name, "e");
    CHECK_INT(e->wire.type, ENDPOINT_FHIR);
    CHECK_INT(e->wire.auth, AUTH_SMART_BACKEND);
    CHECK_TEXT(e->wire.url, "https://h:8443/fhir");
    CHECK_TEXT(e->wire.key_path, "/b/key.pem");
    CHECK_TEXT(e->wire.ca_path, "/ca.pem");
    CHECK_TEXT(e->source, "ward");
    CHECK(!e->by_identifier);
    CHECK_INT(e->evidence, EVIDENCE_SAME_AS_SOURCE);
    CHECK_INT(e->wire.connect_ms, 1500);
    CHECK_INT(e->wire.total_ms, 120000);
    CHECK_INT(e->wire.per_second, 7);
    CHECK_INT(e->wire.max_in_flight, 3);
    CHECK_INT(e->wire.backoff_first_ms, 50);
    CHECK_INT(e->wire.backoff_max_ms, 86400000);
    end_config(&r);
}

static void a_null_is_an_absent_member(void) {
    accepted(WHOLE("\"threads\":null,\"limits\":null,"));
    refused(
        "{\"schema\":1,\"base\":\"/b\",\"store\":null,\"mappings\":{\"path\":\"/m\"},\"source\":"
        "\"w\",\"siteKey\":\"k\",\"flag\":{\"identifierSystem\":\"urn:a\",\"codeSystem\":\"urn:b\"}"
        "}",
        "", "store");
}

static void unknown_keys_get_a_suggestion(void) {
    refused(WHOLE("\"thread\":1,"), "/thread", "threads");
    refused(WHOLE("\"limits\":{\"messagebytes\":1024},"), "/limits/messagebytes", "messageBytes");
    refused(ENDPOINT("\"typ\":\"file\""), "/endpoints/0/typ", "type");
}

static void ranges_are_kept(void) {
    accepted(WHOLE("\"threads\":64,"));
    refused(WHOLE("\"threads\":65,"), "/threads", "0 to 64");
    refused(WHOLE("\"threads\":-1,"), "/threads", "0 to 64");
    refused(WHOLE("\"threads\":1.5,"), "/threads", "whole number");
    refused(WHOLE("\"threads\":\"1\","), "/threads", "whole number");
    refused(WHOLE("\"threads\":1e300,"), "/threads", "whole number");
    accepted(WHOLE("\"limits\":{\"messageBytes\":1024},"));
    refused(WHOLE("\"limits\":{\"messageBytes\":1023},"), "/limits/messageBytes", "1024");
    refused("{\"schema\":2,\"base\":\"/b\"," LEAST "}", "/schema", "range");
    refused("{\"base\":\"/b\"," LEAST "}", "", "schema");
}

static void durations_are_iso_8601(void) {
    static const char *const wrong[] = {
        "",     "P",    "PT",        "5S",    "PT5",  "P5S", "PT5.1M",
        "PT.S", "P1DT", "PT1.0001S", "-PT5S", "PT5s", "P1H", "PT99999999999999S"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"schema\":1,\"base\":\"/b\",\"store\":{\"path\":\"s\",\"retention\":\"%s\"},"
                 "\"mappings\":{\"path\":\"/m\"},\"source\":\"w\",\"siteKey\":\"k\",\"flag\":{"
                 "\"identifierSystem\":\"urn:a\",\"codeSystem\":\"urn:b\"}}",
                 wrong[i]);
        refused(text, "/store/retention", "duration");
    }
    reading r;
    read_config(
        &r,
        "{\"schema\":1,\"base\":\"/b\",\"store\":{\"path\":\"s\",\"retention\":"
        "\"P1Y2M3W4DT5H6M7S\"},\"mappings\":{\"path\":\"/m\"},\"source\":\"w\","
        "\"siteKey\":\"k\",\"flag\":{\"identifierSystem\":\"urn:a\",\"codeSystem\":\"urn:b\"}}");
    CHECK(r.ok);
    CHECK_INT(r.settings.retention_ms,
              ((INT64_C(365) + 60 + 21 + 4) * 86400 + 5 * 3600 + 6 * 60 + 7) * 1000);
    end_config(&r);
}

static void relative_paths_need_a_base(void) {
    refused("{\"schema\":1," LEAST "}", "/store/path", "base");
    refused("{\"schema\":1,\"base\":\"here\"," LEAST "}", "/base", "absolute");
    reading r;
    read_config(&r, "{\"schema\":1,\"base\":\"/b/\"," LEAST "}");
    CHECK(r.ok);
    CHECK_TEXT(r.settings.store_path, "/b/s.db");
    end_config(&r);
}

static void paths_end_with_a_nul(void) {
    reading r;
    read_config(&r, WHOLE("\"endpoints\":[{\"name\":\"e\",\"type\":\"file\",\"path\":\"/f\","
                          "\"patient\":\"same-as-source: w\"}],"));
    str paths[] = {r.settings.store_path, r.settings.mappings_path, r.settings.site_key_path,
                   r.settings.endpoints[0].wire.path};
    for (isize i = 0; i < COUNT_OF(paths); i++)
        CHECK_MSG(paths[i].n > 0 && paths[i].p[paths[i].n] == 0, "path %d", (int)i);
    end_config(&r);
}

static void an_endpoint_says_what_it_needs(void) {
    accepted(ENDPOINT("\"type\":\"file\",\"path\":\"flags.ndjson\""));
    refused(ENDPOINT("\"type\":\"file\""), "/endpoints/0", "path");
    refused(ENDPOINT("\"type\":\"fhir\",\"tls\":{\"ca\":\"c\"}"), "/endpoints/0", "url");
    refused(ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h/f\""), "/endpoints/0", "authorities");
    refused(ENDPOINT("\"type\":\"soap\""), "/endpoints/0/type", "\"fhir\" or \"file\"");
    refused(ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h/f\",\"tls\":{\"ca\":\"c\"},\"auth\":{"
                     "\"type\":\"smart-backend\"}"),
            "/endpoints/0/auth", "clientId");
    refused(ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h/f\",\"tls\":{\"ca\":\"c\"},\"auth\":{"
                     "\"type\":\"smart-backend\",\"clientId\":\"c\",\"key\":\"k\",\"keyId\":\"i\","
                     "\"scope\":\"s\",\"algorithm\":\"HS256\"}"),
            "/endpoints/0/auth", "RS384");
    refused(ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h/f\",\"tls\":{\"ca\":\"c\"},\"auth\":{"
                     "\"type\":\"basic\",\"user\":\"u\"}"),
            "/endpoints/0/auth", "password");
    refused(ENDPOINT("\"type\":\"fhir\",\"url\":\"https://h/f\",\"tls\":{\"ca\":\"c\"},\"auth\":{"
                     "\"type\":\"mtls\"}"),
            "/endpoints/0", "clientCert");
}

static void a_base_url_is_https_and_nothing_more(void) {
    static const char *const wrong[] = {"http://h/f", "https://h/f/", "https://h/f?x=1",
                                        "https://u@h/f", "h/f"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 ENDPOINT("\"type\":\"fhir\",\"url\":\"%s\",\"tls\":{\"ca\":\"c\"}"), wrong[i]);
        refused(text, "/endpoints/0/url", "https base URL");
    }
}

static void the_subject_is_said_one_of_two_ways(void) {
    reading r;
    read_config(&r, WHOLE("\"endpoints\":[{\"name\":\"e\",\"type\":\"file\",\"path\":\"f\","
                          "\"patient\":\"identifier: https://h/mrn\"}],"));
    CHECK_OR_RETURN(r.ok);
    CHECK(r.settings.endpoints[0].by_identifier);
    CHECK_TEXT(r.settings.endpoints[0].identifier_system, "https://h/mrn");
    end_config(&r);
    refused(WHOLE("\"endpoints\":[{\"name\":\"e\",\"type\":\"file\",\"path\":\"f\",\"patient\":"
                  "\"mrn\"}],"),
            "/endpoints/0/patient", "same-as-source");
    refused(WHOLE("\"endpoints\":[{\"name\":\"e\",\"type\":\"file\",\"path\":\"f\",\"patient\":"
                  "\"identifier:  \"}],"),
            "/endpoints/0/patient", "same-as-source");
}

static void systems_of_a_flag_are_uris(void) {
    static const char *const wrong[] = {"acme", ":acme", "a b:c", "1a:b", "https:", "//h/x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512];
        snprintf(
            text, sizeof text,
            "{\"schema\":1,\"base\":\"/b\",\"store\":{\"path\":\"s\"},\"mappings\":{\"path\":\"/"
            "m\"},\"source\":\"w\",\"siteKey\":\"k\",\"flag\":{\"identifierSystem\":\"urn:a\","
            "\"codeSystem\":\"%s\"}}",
            wrong[i]);
        refused(text, "/flag/codeSystem", "no URI");
    }
}

static void two_endpoints_differ_in_name(void) {
    refused(WHOLE("\"endpoints\":[{\"name\":\"e\",\"type\":\"file\",\"path\":\"f\",\"patient\":"
                  "\"same-as-source: w\"},{\"name\":\"e\",\"type\":\"file\",\"path\":\"g\","
                  "\"patient\":\"same-as-source: w\"}],"),
            "/endpoints/1", "one name");
}

static void wrong_shapes_are_said(void) {
    refused("[]", "", "object");
    refused("3", "", "object");
    refused(WHOLE("\"endpoints\":{},"), "/endpoints", "array");
    refused(WHOLE("\"endpoints\":[3],"), "/endpoints/0", "object");
    refused(WHOLE("\"patientIdentifiers\":\"x\","), "/patientIdentifiers", "array");
    refused(WHOLE("\"patientIdentifiers\":[1],"), "/patientIdentifiers/0", "array of texts");
    refused(WHOLE("\"limits\":[],"), "/limits", "object");
}

static void malformed_text_has_a_place(void) {
    reading r;
    read_config(&r, "{\"schema\":1,\n\"base\" \"x\"}");
    CHECK(!r.ok);
    CHECK_OR_RETURN(r.found.n == 1);
    int line, column;
    problem_line_column(str_from(r.text), r.found.list[0].at, &line, &column);
    CHECK_INT(line, 2);
    CHECK_INT(column, 8);
    end_config(&r);
}

/* --- the schema --- */

static void schema_step(void *state) {
    reading *r = state;
    buf out = buf_new(&r->arena, 1 << 20, "the schema");
    settings_schema(&out);
    buf_byte(&out, 0);
    r->text = out.p;
}

static void the_schema_knows_every_key(void) {
    static const char *const keys[] = {
        "schema",    "base",     "store",     "busyTimeout", "retention",    "mappings",
        "studies",   "site",     "source",    "siteKey",     "threads",      "messageBytes",
        "endpoints", "tokenUrl", "tokenHost", "crl",         "backoffFirst", "patientIdentifiers"};
    reading r = {0};
    arena_init(&r.arena, 1 << 22, &r.landing);
    CHECK_OR_RETURN(guarded(&r.landing, schema_step, &r));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char member[64];
        snprintf(member, sizeof member, "\"%s\":{\"type\":", keys[i]);
        CHECK_MSG(strstr(r.text, member) != NULL, "no %s", member);
    }
    CHECK(strstr(r.text, "\"additionalProperties\":false") != NULL);
    CHECK(strstr(r.text, "\"required\":[\"schema\",\"store\"") != NULL);
    end_config(&r);
}

const unit_test plugin_config_suite[] = {
    UNIT_TEST(the_least_has_its_defaults),
    UNIT_TEST(every_member_is_read),
    UNIT_TEST(a_null_is_an_absent_member),
    UNIT_TEST(unknown_keys_get_a_suggestion),
    UNIT_TEST(ranges_are_kept),
    UNIT_TEST(durations_are_iso_8601),
    UNIT_TEST(relative_paths_need_a_base),
    UNIT_TEST(paths_end_with_a_nul),
    UNIT_TEST(an_endpoint_says_what_it_needs),
    UNIT_TEST(a_base_url_is_https_and_nothing_more),
    UNIT_TEST(the_subject_is_said_one_of_two_ways),
    UNIT_TEST(systems_of_a_flag_are_uris),
    UNIT_TEST(two_endpoints_differ_in_name),
    UNIT_TEST(wrong_shapes_are_said),
    UNIT_TEST(malformed_text_has_a_place),
    UNIT_TEST(the_schema_knows_every_key),
    UNIT_END,
};
