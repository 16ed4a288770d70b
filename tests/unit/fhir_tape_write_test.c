/* SPDX-License-Identifier: Apache-2.0 */
/* A tape as JSON: in the message's order, canonical, and part of it. */
#include "fhir_fixture.h"

static void in_the_order_of_the_message(void) {
    fixture f;
    fixture_read(
        &f, S("{ \"status\":\"final\", \"resourceType\":\"Observation\", \"id\":\"x\","
              "\"valueQuantity\":{\"unit\":\"cm\",\"value\":1.0},\"_status\":{\"id\":\"s\"} }"));
    CHECK_TEXT(
        fixture_json(&f, 0, false),
        S("{\"resourceType\":\"Observation\",\"status\":\"final\",\"_status\":{\"id\":\"s\"},"
          "\"id\":\"x\",\"valueQuantity\":{\"unit\":\"cm\",\"value\":1.0}}"));
    CHECK_TEXT(fixture_json(&f, 0, true),
               S("{\"_status\":{\"id\":\"s\"},\"id\":\"x\",\"resourceType\":\"Observation\","
                 "\"status\":\"final\",\"valueQuantity\":{\"unit\":\"cm\",\"value\":1.0}}"));
    fixture_end(&f);
}

static void parts(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1.50,\"unit\":"
                   "\"\\u00e9\"}}"));
    uint32_t value = tape_child(&f.tape, 0, KEY_value);
    CHECK_TEXT(fixture_json(&f, value, false), S("{\"value\":1.50,\"unit\":\"\xC3\xA9\"}"));
    CHECK_TEXT(fixture_json(&f, value + 1, false), S("1.50"));
    CHECK_TEXT(fixture_json(&f, value + 2, false), S("\"\xC3\xA9\""));
    fixture_end(&f);
}

/* The same content: other order, other spacing, other escapes, other format. */
static void canonical_text_is_one(void) {
    static const char *const same[] = {
        "{\"resourceType\":\"Patient\",\"active\":true,\"name\":[{\"given\":[\"\xC3\xA9\",\"b\"],"
        "\"_given\":[null,{\"id\":\"i\"}],\"family\":\"f\"}],\"_birthDate\":{\"id\":\"d\"}}",
        "{\"_birthDate\" : { \"id\" : \"d\" }, \"name\":[{\"family\":\"\\u0066\",\"_given\":[null,"
        "{\"id\":\"i\"}],\"given\":[\"\\u00e9\",\"b\"]}],\n\"active\":true,\"resourceType\":"
        "\"Patient\"}",
        "<Patient xmlns=\"http://hl7.org/fhir\"><active value=\"true\"/><name><family value=\"f\"/>"
        "<given value=\"&#xe9;\"/><given id=\"i\" value=\"b\"/></name><birthDate "
        "id=\"d\"/></Patient>",
    };
    for (isize i = 0; i < COUNT_OF(same); i++) {
        fixture f;
        fixture_read(&f, str_from(same[i]));
        CHECK(f.ok && !f.found.n);
        CHECK_TEXT(
            fixture_json(&f, 0, true),
            S("{\"_birthDate\":{\"id\":\"d\"},\"active\":true,\"name\":[{\"_given\":[null,{\"id\":"
              "\"i\"}],\"family\":\"f\",\"given\":[\"\xC3\xA9\",\"b\"]}],\"resourceType\":"
              "\"Patient\"}"));
        fixture_end(&f);
    }
}

static void build_record(void *state) {
    fixture *f = state;
    model *m = model_extend(&f->a, model_r4());
    model_type record = model_add_type(m, S("Record"), TYPE_Resource);
    model_type row = model_add_type(m, S("Record.pain_score"), TYPE_Element);
    model_key pain = model_add_key(m, S("pain_score")), score = model_add_key(m, S("score"));
    model_add_element(m, record, pain, row, true);
    model_add_element(m, row, score, TYPE_decimal, false);
    model_add_element(m, row, KEY_code, TYPE_code, true);
    tape_builder b = tape_begin(&f->a, m);
    uint32_t root = tape_open(&b, KEY_NONE, record, NODE_RESOURCE),
             first = tape_open(&b, pain, row, 0);
    tape_primitive(&b, score, TYPE_decimal, S("7.50"), 0);
    tape_primitive(&b, KEY_code, TYPE_code, S("a"), 0);
    tape_close(&b, first);
    tape_close(&b, root);
    f->tape = tape_finish(&b, (str){0});
    f->found = problems_new(&f->a);
}

/* Arrays follow the model of our own types too: one row is an array of one. */
static void a_record_of_our_own(void) {
    fixture f = {0};
    arena_init(&f.a, 1 << 20, &f.where);
    CHECK_OR_RETURN(guarded(&f.where, build_record, &f));
    CHECK_TEXT(
        fixture_json(&f, 0, false),
        S("{\"resourceType\":\"Record\",\"pain_score\":[{\"score\":7.50,\"code\":[\"a\"]}]}"));
    CHECK_TEXT(tape_fhirpath(&f.tape, 2, &f.a), S("Record.pain_score[0].score"));
    arena_release(&f.a);
}

static void a_name_with_its_type(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Observation\",\"valueCodeableConcept\":{\"text\":\"x\"},"
                   "\"effectiveDateTime\":\"2020\",\"status\":\"final\"}"));
    CHECK_TEXT(tape_name(&f.tape, 1, &f.a), S("valueCodeableConcept"));
    CHECK_TEXT(tape_name(&f.tape, 3, &f.a), S("effectiveDateTime"));
    CHECK_TEXT(tape_name(&f.tape, 4, &f.a), S("status"));
    fixture_end(&f);
}

const unit_test fhir_tape_write_suite[] = {
    UNIT_TEST(in_the_order_of_the_message), UNIT_TEST(parts),
    UNIT_TEST(canonical_text_is_one),       UNIT_TEST(a_record_of_our_own),
    UNIT_TEST(a_name_with_its_type),        UNIT_END};
