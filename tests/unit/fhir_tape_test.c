/* SPDX-License-Identifier: Apache-2.0 */
/* Walking and building tapes. The tape of tape.h's drawing is checked node by node. */
#include "fhir_fixture.h"

static const char drawing[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"given\":[\"Ada\",\"Maria\"]}],"
    "\"birthDate\":\"1950-03\",\"active\":true}";

static void the_drawing_in_the_header(void) {
    static const struct {
        model_key key;
        node_kind kind;
        model_type type;
        uint32_t next;
        const char *text;
    } expected[] = {
        {KEY_NONE, NODE_COMPLEX, TYPE_Patient, 7, NULL},
        {KEY_id, NODE_PRIMITIVE, TYPE_id, 2, "p"},
        {KEY_name, NODE_COMPLEX, TYPE_HumanName, 5, NULL},
        {KEY_given, NODE_PRIMITIVE, TYPE_string, 4, "Ada"},
        {KEY_given, NODE_PRIMITIVE, TYPE_string, 5, "Maria"},
        {KEY_birthDate, NODE_PRIMITIVE, TYPE_date, 6, "1950-03"},
        {KEY_active, NODE_PRIMITIVE, TYPE_boolean, 7, "true"},
    };
    fixture f;
    fixture_read(&f, S(drawing));
    CHECK_OR_RETURN(f.ok && f.tape.n == 7);
    for (uint32_t i = 0; i < 7; i++) {
        const node *n = &f.tape.nodes[i];
        CHECK_INT(n->key, expected[i].key);
        CHECK_INT(n->kind, expected[i].kind);
        CHECK_INT(n->type, expected[i].type);
        CHECK_INT(n->next, expected[i].next);
        CHECK_INT(n->reserved, 0);
        if (expected[i].text) CHECK_BYTES(n->text, n->length, expected[i].text);
    }
    CHECK_INT(f.tape.nodes[0].flags, NODE_RESOURCE);
    CHECK_INT(f.tape.nodes[5].flags, NODE_HAS_TEXT);
    /* complex nodes keep their source */
    CHECK_BYTES(f.tape.nodes[2].text, f.tape.nodes[2].length, "{\"given\":[\"Ada\",\"Maria\"]}");
    fixture_end(&f);
}

static void children_and_siblings(void) {
    fixture f;
    fixture_read(&f, S(drawing));
    const tape *t = &f.tape;
    CHECK_INT(tape_child(t, 0, KEY_name), 2);
    CHECK_INT(tape_child(t, 0, KEY_given), TAPE_NONE); /* a grandchild */
    CHECK_INT(tape_child(t, 2, KEY_given), 3);
    CHECK_INT(tape_next(t, 2, 3), 4);
    CHECK_INT(tape_next(t, 2, 4), TAPE_NONE);
    CHECK_INT(tape_next(t, 0, 2), TAPE_NONE);
    CHECK_INT(tape_child(t, 1, KEY_id), TAPE_NONE);
    CHECK_TEXT(tape_child_text(t, 0, KEY_id, &f.a), S("p"));
    CHECK_INT(tape_child_text(t, 0, KEY_gender, &f.a).n, 0);
    CHECK_INT(tape_text(t, 0, &f.a).n, 0);
    fixture_end(&f);
}

static void flags_of_choices_and_numbers(void) {
    fixture f;
    fixture_read(&f, S("{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1.0},"
                       "\"_status\":{\"id\":\"s\"}}"));
    const tape *t = &f.tape;
    uint32_t value = tape_child(t, 0, KEY_value);
    CHECK_INT(t->nodes[value].flags, NODE_CHOICE);
    CHECK_INT(t->nodes[value].type, TYPE_Quantity);
    CHECK_INT(t->nodes[value + 1].flags, NODE_HAS_TEXT | NODE_NUMBER);
    uint32_t status = tape_child(t, 0, KEY_status);
    CHECK_INT(t->nodes[status].kind, NODE_PRIMITIVE);
    CHECK_INT(t->nodes[status].flags, 0);
    CHECK_INT(t->nodes[status].next, status + 2);
    fixture_end(&f);
}

static void text_is_unescaped(void) {
    fixture f;
    fixture_read(&f, S("{\"resourceType\":\"Patient\",\"text\":{\"status\":\"generated\",\"div\":"
                       "\"<div>\\u00e9\\n</div>\"},\"name\":[{\"text\":\"a\\tb\"}]}"));
    uint32_t text = tape_child(&f.tape, 0, KEY_text), div = tape_child(&f.tape, text, KEY_div);
    CHECK(f.tape.nodes[div].flags & NODE_ESCAPED); /* long, seldom used: unescaped when asked for */
    CHECK_TEXT(tape_text(&f.tape, div, &f.a), S("<div>\xC3\xA9\n</div>"));
    uint32_t name = tape_child(&f.tape, 0, KEY_name);
    CHECK_TEXT(tape_child_text(&f.tape, name, KEY_text, &f.a), S("a\tb"));
    fixture_end(&f);
}

static void the_resource_around_a_node(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"urn:a\",\"resource\":"
                   "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":"
                   "\"Patient\",\"id\":\"p\"}],\"status\":\"final\"}}],\"type\":\"batch\"}"));
    const tape *t = &f.tape;
    uint32_t entry = tape_child(t, 0, KEY_entry), url = tape_child(t, entry, KEY_fullUrl),
             observation = tape_child(t, entry, KEY_resource),
             patient = tape_child(t, observation, KEY_contained),
             id = tape_child(t, patient, KEY_id), status = tape_child(t, observation, KEY_status),
             type = tape_child(t, 0, KEY_type);
    CHECK_INT(tape_resource_of(t, id), patient);
    CHECK_INT(tape_resource_of(t, patient), patient);
    CHECK_INT(tape_resource_of(t, status), observation);
    CHECK_INT(tape_resource_of(t, url), 0);
    CHECK_INT(tape_resource_of(t, type), 0);
    CHECK_INT(tape_resource_of(t, 0), 0);
    fixture_end(&f);
}

static void offsets(void) {
    fixture f;
    fixture_read(
        &f, S(" {\"resourceType\":\"Patient\",\"id\":\"abc\",\"name\":[{\"text\":\"a\\n\"}]}"));
    CHECK_INT(tape_offset(&f.tape, 0), 1);
    CHECK_INT(tape_offset(&f.tape, 1), 33);
    CHECK_INT(tape_offset(&f.tape, 2), 46);
    CHECK_INT(tape_offset(&f.tape, 3), -1); /* unescaped: not in the message */
    fixture_end(&f);
}

typedef struct building {
    arena *a;
    const tape *from;
    tape out;
} building;

static void build_step(void *state) {
    building *s = state;
    tape_builder b = tape_begin(s->a, model_r4());
    uint32_t root = tape_open(&b, KEY_NONE, TYPE_Observation, NODE_RESOURCE);
    tape_primitive(&b, KEY_status, TYPE_code, S("final"), 0);
    uint32_t value = tape_child(s->from, 0, KEY_value);
    for (int i = 0; i < 100; i++) tape_copy(&b, s->from, value, KEY_component);
    tape_close(&b, root);
    tape_primitive(&b, KEY_issued, TYPE_instant, (str){0}, 0);
    tape_close(&b, root); /* a closed node may grow while it is the last */
    s->out = tape_finish(&b, (str){0});
}

static void building_and_copying(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1.0,\"unit\":"
                   "\"cm\"}}"));
    building s = {.a = &f.a, .from = &f.tape};
    CHECK_OR_RETURN(guarded(&f.where, build_step, &s));
    const tape *t = &s.out;
    CHECK_INT(t->n, 2 + 300 + 1);
    CHECK_INT(t->nodes[0].next, t->n);
    int n = 0;
    for (uint32_t c = tape_child(t, 0, KEY_component); c != TAPE_NONE; c = tape_next(t, 0, c)) {
        CHECK_INT(t->nodes[c].next, c + 3);
        CHECK_INT(t->nodes[c].flags & NODE_CHOICE, 0); /* the new key is no choice */
        CHECK_TEXT(tape_child_text(t, c, KEY_unit, &f.a), S("cm"));
        n++;
    }
    CHECK_INT(n, 100);
    uint32_t issued = tape_child(t, 0, KEY_issued);
    CHECK(issued != TAPE_NONE && !(t->nodes[issued].flags & NODE_HAS_TEXT));
    CHECK_INT(tape_offset(t, 1), -1);
    fixture_end(&f);
}

const unit_test fhir_tape_suite[] = {
    UNIT_TEST(the_drawing_in_the_header),    UNIT_TEST(children_and_siblings),
    UNIT_TEST(flags_of_choices_and_numbers), UNIT_TEST(text_is_unescaped),
    UNIT_TEST(the_resource_around_a_node),   UNIT_TEST(offsets),
    UNIT_TEST(building_and_copying),         UNIT_END};
