/* SPDX-License-Identifier: Apache-2.0 */
/* `_x` members in every order: all 24 orders of two members and their underscored siblings give one
 * tape, and what stands between them stays where it was. */
#include "fhir_fixture.h"

#include <stdio.h>

static const char *const members[] = {
    "\"given\":[\"A\",null,\"C\"]",
    "\"_given\":[null,{\"extension\":[{\"url\":\"u\",\"valueCode\":\"x\"}]},{\"id\":\"c\"}]",
    "\"family\":\"F\"",
    "\"_family\":{\"id\":\"f\"}",
};

static const char expected[] =
    "{\"name\":[{\"_family\":{\"id\":\"f\"},\"_given\":[null,{\"extension\":[{\"url\":\"u\","
    "\"valueCode\":\"x\"}]},{\"id\":\"c\"}],\"family\":\"F\",\"given\":[\"A\",null,\"C\"]}],"
    "\"resourceType\":\"Patient\"}";

static void every_order(void) {
    int orders = 0;
    for (int code = 0; code < 256; code++) {
        int order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15) continue;
        char text[1024];
        int n =
            snprintf(text, sizeof text, "{\"resourceType\":\"Patient\",\"name\":[{%s,%s,%s,%s}]}",
                     members[order[0]], members[order[1]], members[order[2]], members[order[3]]);
        fixture f;
        fixture_read(&f, (str){text, n});
        CHECK(f.ok && !f.found.n);
        CHECK_TEXT(fixture_json(&f, 0, true), S(expected));
        fixture_end(&f);
        orders++;
    }
    CHECK_INT(orders, 24);
}

/* Children keep the order in which the members appear; a lone `_x` stands where it was met. */
static void document_order(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Patient\",\"_active\":{\"id\":\"1\"},\"gender\":\"male\","
                   "\"_birthDate\":{\"id\":\"2\"},\"name\":[{\"text\":\"t\"}],\"_gender\":{\"id\":"
                   "\"3\"},\"_deceasedBoolean\":{\"id\":\"4\"}}"));
    static const model_key order[] = {KEY_active, KEY_gender, KEY_birthDate, KEY_name,
                                      KEY_deceased};
    CHECK_OR_RETURN(f.ok && !f.found.n);
    uint32_t child = 1;
    for (isize i = 0; i < COUNT_OF(order) && child < f.tape.n; i++) {
        CHECK_INT(f.tape.nodes[child].key, order[i]);
        child = f.tape.nodes[child].next;
    }
    CHECK_INT(child, f.tape.n);
    CHECK_TEXT(tape_child_text(&f.tape, tape_child(&f.tape, 0, KEY_gender), KEY_id, &f.a), S("3"));
    CHECK(f.tape.nodes[tape_child(&f.tape, 0, KEY_deceased)].flags & NODE_CHOICE);
    fixture_end(&f);
}

/* Siblings that come after the mended ones keep their descendants. */
static void what_follows_is_moved_whole(void) {
    fixture f;
    fixture_read(
        &f, S("{\"resourceType\":\"Patient\",\"birthDate\":\"1950\",\"name\":[{\"given\":[\"A\"],"
              "\"period\":{\"start\":\"2020\"}}],\"_birthDate\":{\"extension\":[{\"url\":\"u\"},"
              "{\"url\":\"v\"}]}}"));
    CHECK_OR_RETURN(f.ok && f.tape.n == 10);
    uint32_t name = tape_child(&f.tape, 0, KEY_name),
             period = tape_child(&f.tape, name, KEY_period);
    CHECK_TEXT(tape_child_text(&f.tape, period, KEY_start, &f.a), S("2020"));
    CHECK_INT(f.tape.nodes[name].next, 10);
    fixture_end(&f);
}

/* Where two values of a choice conflict, what else the object holds is untouched. */
static void conflicts(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1},\"status\":"
                   "\"final\",\"valueString\":\"x\",\"_valueString\":{\"id\":\"s\"},\"issued\":"
                   "\"2020-01-01T00:00:00Z\",\"effectiveDateTime\":\"2020\"}"));
    CHECK(f.ok && f.found.n == 1);
    CHECK_TEXT(fixture_json(&f, 0, false),
               S("{\"resourceType\":\"Observation\",\"status\":\"final\",\"issued\":"
                 "\"2020-01-01T00:00:00Z\",\"effectiveDateTime\":\"2020\"}"));
    fixture_end(&f);
}

const unit_test fhir_read_mend_suite[] = {UNIT_TEST(every_order), UNIT_TEST(document_order),
                                          UNIT_TEST(what_follows_is_moved_whole),
                                          UNIT_TEST(conflicts), UNIT_END};
