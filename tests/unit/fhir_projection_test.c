/* SPDX-License-Identifier: Apache-2.0 */
/* What a projection keeps, from JSON and from XML, and what it must not lose. */
#include "fhir_fixture.h"

typedef struct projected {
    arena *a;
    projection *p;
} projected;

static void projection_step(void *state) {
    projected *s = state;
    s->p = projection_new(s->a, model_r4());
    const model_key coding[] = {KEY_code, KEY_coding, KEY_code}, unit[] = {KEY_value, KEY_unit},
                    birth[] = {KEY_birthDate}, resource[] = {KEY_entry, KEY_resource};
    projection_keep(s->p, TYPE_Observation, coding, 3, false);
    projection_keep(s->p, TYPE_Observation, unit, 2, false);
    projection_keep(s->p, TYPE_Patient, birth, 1, false);
    projection_keep(s->p, TYPE_Bundle, resource, 2, false);
    projection_keep(s->p, TYPE_Consent, NULL, 0, true);
}

static void check_projected(const projection *p, const char *text, const char *expected,
                            isize problems) {
    read_options options = {.keep = p};
    fixture f;
    fixture_read_within(&f, str_from(text), &options, 1 << 20);
    if (CHECK_MSG(f.ok, "%s", f.fault.text)) {
        str json = fixture_json(&f, 0, true);
        CHECK_BYTES(json.p, json.n, expected);
        CHECK_INT(f.found.n, problems);
    }
    fixture_end(&f);
}

static void only_what_is_wanted(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    projected s = {.a = &a};
    CHECK(guarded(&where, projection_step, &s));
    check_projected(
        s.p,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"t\","
        "\"coding\":[{\"system\":\"s\",\"code\":\"c\"}]},\"valueQuantity\":{\"value\":1,"
        "\"unit\":\"cm\"},\"meta\":{\"wrong\":[{}]}}",
        "{\"code\":{\"coding\":[{\"code\":\"c\"}]},\"resourceType\":\"Observation\","
        "\"valueQuantity\":{\"unit\":\"cm\"}}",
        0);
    /* an extension of a primitive that is kept is kept */
    check_projected(
        s.p,
        "{\"resourceType\":\"Patient\",\"_birthDate\":{\"extension\":[{\"url\":\"u\"}]},"
        "\"_gender\":{\"id\":\"x\"},\"name\":[{\"text\":\"t\"}]}",
        "{\"_birthDate\":{\"extension\":[{\"url\":\"u\"}]},\"resourceType\":\"Patient\"}", 0);
    /* the model is not asked about what nobody wants */
    check_projected(s.p, "{\"resourceType\":\"Patient\",\"birthdate\":\"1950\"}",
                    "{\"resourceType\":\"Patient\"}", 0);
    check_projected(
        s.p,
        "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"fullUrl\":\"u\","
        "\"resource\":{\"resourceType\":\"Patient\",\"birthDate\":\"1950\",\"id\":\"1\"}},"
        "{\"resource\":{\"resourceType\":\"Device\",\"id\":\"d\"}}]}",
        "{\"entry\":[{\"resource\":{\"birthDate\":\"1950\",\"resourceType\":\"Patient\"}},"
        "{\"resource\":{\"resourceType\":\"Device\"}}],\"resourceType\":\"Bundle\"}",
        0);
    check_projected(s.p, "{\"resourceType\":\"Consent\",\"id\":\"c\",\"status\":\"active\"}",
                    "{\"id\":\"c\",\"resourceType\":\"Consent\",\"status\":\"active\"}", 0);
    arena_release(&a);
}

static void the_same_from_xml(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    projection *p = projection_new(&a, model_r4());
    const model_key keys[] = {KEY_birthDate};
    projection_keep(p, TYPE_Patient, keys, 1, false);
    read_options options = {.keep = p};
    fixture f;
    fixture_read_within(&f,
                        S("<Patient xmlns=\"http://hl7.org/fhir\"><id "
                          "value=\"a\"/><name><famly/></name><birthDate value=\"1950\">"
                          "<extension url=\"u\"/></birthDate></Patient>"),
                        &options, 1 << 20);
    CHECK(f.ok && !f.found.n);
    CHECK_TEXT(fixture_json(&f, 0, true),
               S("{\"_birthDate\":{\"extension\":[{\"url\":\"u\"}]},\"birthDate\":\"1950\","
                 "\"resourceType\":\"Patient\"}"));
    fixture_end(&f);
    arena_release(&a);
}

const unit_test fhir_projection_suite[] = {UNIT_TEST(only_what_is_wanted),
                                           UNIT_TEST(the_same_from_xml), UNIT_END};
