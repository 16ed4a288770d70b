/* SPDX-License-Identifier: Apache-2.0 */
/* The R4 tables, compared with what the specification's pages say (hl7.org/fhir/R4). */
#include "fhir/model.h"
#include "fhir/model_ids.h"
#include "fhir/model_table.h"

#include "unit.h"

static const model *m;

static void check_key(model_key key, const char *expected) {
    str name = model_key_name(m, key);
    CHECK_BYTES(name.p, name.n, expected);
}

static void check_type(model_type type, const char *expected) {
    str name = model_type_name(m, type);
    CHECK_BYTES(name.p ? name.p : "", name.n, expected);
}

/* The type that member `name` of `type` has, "" for a nested resource, NULL for none. */
static void check_member(const char *type, const char *name, const char *key, const char *expected,
                         bool many) {
    model_element element;
    model_type found;
    bool known =
        model_member(m, model_find_type(m, str_from(type)), str_from(name), &element, &found);
    CHECK_MSG(known == (expected != NULL), "%s.%s", type, name);
    if (!known) return;
    check_key(element.key, key);
    check_type(found, expected);
    CHECK_MSG(element.many == many, "%s.%s many", type, name);
}

static void names_and_numbers(void) {
    m = model_r4();
    CHECK_INT(model_find_key(m, S("birthDate")), KEY_birthDate);
    CHECK_INT(model_find_key(m, S("birthdate")), KEY_NONE);
    CHECK_INT(model_find_key(m, S("")), KEY_NONE);
    check_key(KEY_valueSet, "valueSet");
    CHECK_INT(model_find_type(m, S("Observation.component")), TYPE_Observation_component);
    CHECK_INT(model_find_type(m, S("observation")), TYPE_NONE);
    CHECK_INT(model_find_type(m, S("SubscriptionStatus")), TYPE_NONE); /* not in R4 */
    for (model_key key = 1; key < KEY_R4_COUNT; key++)
        CHECK_INT(model_find_key(m, model_key_name(m, key)), key);
    for (model_type type = 1; type < TYPE_R4_COUNT; type++)
        CHECK_INT(model_find_type(m, model_type_name(m, type)), type);
}

/* R4 has 146 concrete resource types, Resource and DomainResource (resourcelist.html), and 20
 * primitive types (datatypes.html). */
static void whole_model(void) {
    m = model_r4();
    int resources = 0, primitives = 0;
    for (model_type type = 1; type < TYPE_R4_COUNT; type++) {
        resources += model_is_resource(m, type) && !model_is_abstract(m, type);
        primitives += model_is_primitive(m, type);
    }
    CHECK_INT(resources, 146);
    CHECK_INT(primitives, 20);
}

static void inheritance(void) {
    m = model_r4();
    CHECK_INT(model_base(m, TYPE_Age), TYPE_Quantity);
    CHECK_INT(model_base(m, TYPE_code), TYPE_string);
    CHECK_INT(model_base(m, TYPE_uuid), TYPE_uri);
    CHECK_INT(model_base(m, TYPE_Element), TYPE_NONE);
    CHECK_INT(model_base(m, TYPE_Bundle), TYPE_Resource);
    CHECK_INT(model_base(m, TYPE_Timing_repeat), TYPE_Element);
    CHECK_INT(model_base(m, TYPE_Patient_contact), TYPE_BackboneElement);
    CHECK(model_is_a(m, TYPE_positiveInt, TYPE_Element));
    CHECK(model_is_a(m, TYPE_Patient, TYPE_Patient));
    CHECK(!model_is_a(m, TYPE_Bundle, TYPE_DomainResource));
    CHECK(!model_is_a(m, TYPE_Patient, TYPE_NONE));
    CHECK(model_is_abstract(m, TYPE_DomainResource) && !model_is_abstract(m, TYPE_Quantity));
    CHECK(model_is_primitive(m, TYPE_xhtml) && !model_is_primitive(m, TYPE_Element));
}

static void members(void) {
    m = model_r4();
    check_member("Patient", "birthDate", "birthDate", "date", false);
    check_member("Patient", "id", "id", "id", false);
    check_member("HumanName", "id", "id", "string", false);
    check_member("HumanName", "given", "given", "string", true);
    check_member("Patient", "deceasedBoolean", "deceased", "boolean", false);
    check_member("Patient", "deceased", NULL, NULL, false); /* a choice is spelt with its type */
    check_member("Observation", "valueCodeableConcept", "value", "CodeableConcept", false);
    check_member("Observation", "valueReference", NULL, NULL, false);
    check_member("Extension", "valueReference", "value", "Reference", false);
    check_member("Extension", "url", "url", "uri", false);
    check_member("Observation.component", "modifierExtension", "modifierExtension", "Extension",
                 true);
    check_member("Questionnaire.item", "item", "item", "Questionnaire.item", true);
    check_member("Observation.component", "referenceRange", "referenceRange",
                 "Observation.referenceRange", true);
    check_member("Bundle.entry", "resource", "resource", "", false);
    check_member("Patient", "contained", "contained", "", true);
    check_member("date", "extension", "extension", "Extension", true);
    check_member("date", "value", NULL, NULL, false); /* a primitive's value is its text */
    check_member("Narrative", "div", "div", "xhtml", false);
    check_member("Patient", "animal", NULL, NULL, false);
    check_member("Patient", "", NULL, NULL, false);
}

static void choices(void) {
    m = model_r4();
    model_element element;
    CHECK_OR_RETURN(model_element_of(m, TYPE_Observation, KEY_effective, &element));
    CHECK_INT(element.choices, 4);
    CHECK_INT(element.type, TYPE_NONE);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, 0), TYPE_dateTime);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, 1), TYPE_Period);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, 2), TYPE_Timing);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, 3), TYPE_instant);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, 4), TYPE_NONE);
    CHECK_INT(model_choice(m, TYPE_Observation, KEY_effective, -1), TYPE_NONE);
    CHECK(model_element_of(m, TYPE_Extension, KEY_value, &element) && element.choices == 50);
    CHECK(model_element_of(m, TYPE_Bundle_entry, KEY_resource, &element) && element.resource);
    CHECK(!model_element_of(m, TYPE_Patient, KEY_value, &element));
    CHECK(!model_element_of(m, TYPE_Patient, KEY_NONE, &element));
}

static void definition_order(void) {
    m = model_r4();
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    static const char *const expected[] = {"id",   "extension", "value", "comparator",
                                           "unit", "system",    "code"};
    model_element *list;
    isize n = model_elements(m, TYPE_Age, &a, &list); /* Age adds nothing to Quantity */
    CHECK_INT(n, COUNT_OF(expected));
    for (isize i = 0; i < n && i < COUNT_OF(expected); i++) check_key(list[i].key, expected[i]);
    arena_release(&a);
}

static void patient_of_a_resource(void) {
    m = model_r4();
    static const struct {
        model_type type;
        model_key key;
    } expected[] = {
        {TYPE_Observation, KEY_subject},
        {TYPE_Condition, KEY_subject},
        {TYPE_Consent, KEY_patient},
        {TYPE_BodyStructure, KEY_patient},
        {TYPE_ResearchSubject, KEY_individual},
        {TYPE_ImagingStudy, KEY_subject},
        {TYPE_Patient, KEY_NONE},
        {TYPE_Medication, KEY_NONE},
        {TYPE_Group, KEY_NONE},
        {TYPE_Provenance, KEY_NONE},
        {TYPE_Appointment, KEY_NONE},
        {TYPE_Coverage, KEY_NONE},
    };
    for (isize i = 0; i < COUNT_OF(expected); i++)
        CHECK_INT(model_patient_element(m, expected[i].type), expected[i].key);
}

static void ordinals_are_unique(void) {
    m = model_r4();
    const model_spelling *id, *value, *quantity, *string;
    CHECK_OR_RETURN((id = model_lookup(m, TYPE_Observation, S("id"))) != NULL);
    CHECK_OR_RETURN((value = model_lookup(m, TYPE_Observation, S("value"))) != NULL);
    CHECK_OR_RETURN((quantity = model_lookup(m, TYPE_Observation, S("valueQuantity"))) != NULL);
    CHECK_OR_RETURN((string = model_lookup(m, TYPE_Observation, S("valueString"))) != NULL);
    CHECK_INT(id->ordinal, 0);
    CHECK(value->flags & MEMBER_CHOICE);
    CHECK(quantity->ordinal != string->ordinal);
    CHECK_INT(quantity->root, value->ordinal);
    CHECK_INT(string->root, value->ordinal);
}

static void extension_of_the_model(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    model *own = model_extend(&a, model_r4());
    m = own;
    model_key pain = model_add_key(own, S("pain_score")), score = model_add_key(own, S("score"));
    CHECK_INT(model_add_key(own, S("birthDate")), KEY_birthDate);
    CHECK_INT(model_add_key(own, S("score")), score);
    model_type record = model_add_type(own, S("Record"), TYPE_Resource);
    model_type row = model_add_type(own, S("Record.pain_score"), TYPE_Element);
    model_add_element(own, record, pain, row, true);
    model_add_element(own, row, score, TYPE_decimal, false);
    model_add_element(own, row, KEY_code, TYPE_Coding, true);

    CHECK_INT(model_find_type(own, S("Record")), record);
    CHECK_INT(model_find_type(model_r4(), S("Record")), TYPE_NONE);
    CHECK_INT(model_find_key(own, S("pain_score")), pain);
    CHECK(model_is_resource(own, record) && !model_is_resource(own, row));
    CHECK(model_is_a(own, record, TYPE_Resource) && !model_is_abstract(own, record));
    CHECK_INT(model_patient_element(own, record), KEY_NONE);
    check_member("Record", "pain_score", "pain_score", "Record.pain_score", true);
    check_member("Record", "id", "id", "id", false);
    check_member("Record.pain_score", "score", "score", "decimal", false);
    check_member("Record.pain_score", "extension", "extension", "Extension", true);
    check_member("Record.pain_score", "nothing", NULL, NULL, false);
    check_member("Patient", "birthDate", "birthDate", "date", false);
    model_element *list;
    CHECK_INT(model_elements(own, row, &a, &list), 4); /* id, extension, score, code */
    const model_spelling *id, *first;
    id = model_lookup(own, row, S("extension"));
    first = model_lookup(own, row, S("score"));
    CHECK_OR_RETURN(id && first);
    CHECK(first->ordinal > id->ordinal);

    model *second = model_extend(&a, own); /* a layer upon a layer */
    m = second;
    model_key more = model_add_key(second, S("more_text"));
    CHECK(more > score && model_find_key(second, S("score")) == score);
    model_type sub = model_add_type(second, S("Record.more"), row);
    model_add_element(second, sub, more, TYPE_string, false);
    check_member("Record.more", "more_text", "more_text", "string", false);
    check_member("Record.more", "score", "score", "decimal", false);
    arena_release(&a);
}

typedef struct growth {
    model *model;
    model_type type;
} growth;

static void grow_without_end(void *state) {
    growth *g = state;
    for (int i = 0;; i++) model_add_element(g->model, g->type, KEY_id, TYPE_string, false);
}

static void an_extended_type_is_bounded(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    growth g = {.model = model_extend(&a, model_r4())};
    g.type = model_add_type(g.model, S("Record"), TYPE_Resource);
    CHECK(!guarded(&where, grow_without_end, &g));
    CHECK_INT(where.fault.code, FAULT_LIMIT);
    g.type = TYPE_Patient; /* not its own */
    CHECK(!guarded(&where, grow_without_end, &g));
    CHECK_INT(where.fault.code, FAULT_INTERNAL);
    arena_release(&a);
}

const unit_test fhir_model_suite[] = {UNIT_TEST(names_and_numbers),
                                      UNIT_TEST(whole_model),
                                      UNIT_TEST(inheritance),
                                      UNIT_TEST(members),
                                      UNIT_TEST(choices),
                                      UNIT_TEST(definition_order),
                                      UNIT_TEST(patient_of_a_resource),
                                      UNIT_TEST(ordinals_are_unique),
                                      UNIT_TEST(extension_of_the_model),
                                      UNIT_TEST(an_extended_type_is_bounded),
                                      UNIT_END};
