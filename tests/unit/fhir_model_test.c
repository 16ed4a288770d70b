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

const unit_test fhir_model_suite[] = {UNIT_TEST(names_and_numbers),
                                      UNIT_TEST(whole_model),
                                      UNIT_TEST(inheritance),
                                      UNIT_TEST(members),
                                      UNIT_TEST(choices),
                                      UNIT_TEST(definition_order),
                                      UNIT_TEST(patient_of_a_resource),
                                      UNIT_TEST(ordinals_are_unique),
                                      UNIT_END};
