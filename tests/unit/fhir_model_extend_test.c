/* SPDX-License-Identifier: Apache-2.0 */
/* A model with types of our own on top of R4's: the patient record's root and its rows. */
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

static void types_of_our_own(void) {
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

const unit_test fhir_model_extend_suite[] = {UNIT_TEST(types_of_our_own),
                                             UNIT_TEST(an_extended_type_is_bounded), UNIT_END};
