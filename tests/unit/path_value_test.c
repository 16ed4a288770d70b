/* SPDX-License-Identifier: Apache-2.0 */
/* Items as types, text and JSON: digits are kept, elements are FHIR JSON, values say their kind. */
#include "path_fixture.h"

static const char observation[] =
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\\\"b\\u00e4\"},"
    "\"valueQuantity\":{\"value\":7.60,\"unit\":\"g\",\"system\":\"http://"
    "unitsofmeasure.org\",\"code\":\"g\"},"
    "\"issued\":\"2025-06-30T10:00:00.120Z\",\"_status\":{\"extension\":[{\"url\":\"u\","
    "\"valueBoolean\":true}]},"
    "\"component\":[{\"code\":{\"text\":\"x\"},\"valueInteger\":12}]}";

/* The only item of an expression as JSON, as text in JSON, and its FHIR type. */
static void item_is(fixture *f, const char *expression, const char *json, const char *text,
                    const char *type) {
    fixture_eval(f, str_from(expression));
    if (!CHECK_MSG(f->got.n == 1, "%s: %td items", expression, f->got.n)) return;
    buf a = buf_new(&f->arena, 1 << 20, "json"), b = a;
    item_json(&f->run, f->got.items[0], false, &a);
    CHECK_BYTES(a.p, a.n, json);
    item_json(&f->run, f->got.items[0], true, &b);
    CHECK_BYTES(b.p, b.n, text);
    str name = model_type_name(f->tape.model, item_type(&f->run, f->got.items[0]));
    CHECK_BYTES(name.p, name.n, type);
}

static void elements(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(observation));
    item_is(&f, "status", "\"final\"", "\"final\"", "code");
    item_is(&f, "code.text", "\"a\\\"b\xC3\xA4\"", "\"a\\\"b\xC3\xA4\"", "string");
    item_is(&f, "value.value", "7.60", "\"7.60\"", "decimal");
    item_is(&f, "component.value", "12", "\"12\"", "integer");
    item_is(&f, "issued", "\"2025-06-30T10:00:00.120Z\"", "\"2025-06-30T10:00:00.120Z\"",
            "instant");
    item_is(&f, "status.extension.value", "true", "\"true\"", "boolean");
    item_is(&f, "component.code", "{\"text\":\"x\"}", "{\"text\":\"x\"}", "CodeableConcept");
    item_is(&f, "component.value.type()", "{\"namespace\":\"FHIR\",\"name\":\"integer\"}",
            "{\"namespace\":\"FHIR\",\"name\":\"integer\"}", "");
    fixture_end(&f);
}

static void values(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(observation));
    item_is(&f, "1.50", "1.50", "\"1.50\"", "decimal");
    item_is(&f, "3", "3", "\"3\"", "integer");
    item_is(&f, "true", "true", "\"true\"", "boolean");
    item_is(&f, "@2025-06", "\"2025-06\"", "\"2025-06\"", "date");
    item_is(&f, "@T10:30", "\"10:30\"", "\"10:30\"", "time");
    item_is(&f, "now()", "\"2025-06-30T12:34:56.789+02:00\"", "\"2025-06-30T12:34:56.789+02:00\"",
            "dateTime");
    item_is(&f, "'a\nb'", "\"a\\nb\"", "\"a\\nb\"", "string");
    const char *grams =
        "{\"value\":4.0,\"unit\":\"g\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"g\"}";
    item_is(&f, "4.0 'g'", grams, grams, "Quantity");
    const char *days =
        "{\"value\":14,\"unit\":\"day\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"d\"}";
    item_is(&f, "14 days", days, days, "Quantity");
    const char *month = "{\"value\":1,\"unit\":\"month\"}";
    item_is(&f, "1 month", month, month, "Quantity");
    fixture_end(&f);
}

/* A primitive that has only extensions has no text and is no value. */
static void without_value(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f,
                  S("{\"resourceType\":\"Patient\",\"_birthDate\":{\"extension\":[{\"url\":\"u\","
                    "\"valueCode\":\"unknown\"}]}}"));
    item_is(&f, "birthDate", "null", "null", "date");
    str text;
    CHECK(!item_text(&f.run, f.got.items[0], &text));
    fixture_expect(&f, "compare", S("birthDate > @1950"), S(""));
    fixture_expect(&f, "equal", S("birthDate = birthDate"), S(""));
    fixture_expect(&f, "string", S("birthDate.toString()"), S(""));
    fixture_end(&f);
}

/* Terminology: Codings of translate(), membership in three values. */
static bool known(const void *self, str url) {
    (void)self;
    return str_eq(url, S("urn:known"));
}

static tri member(const void *self, str url, str system, str code) {
    (void)self;
    if (!str_eq(url, S("urn:known"))) return TRI_UNKNOWN;
    return tri_of(str_eq(code, S("m")) && (system.n == 0 || str_eq(system, S("urn:s"))));
}

static isize translate(const void *self, str url, str system, str code, path_coding *out,
                       isize cap) {
    (void)self, (void)url, (void)system;
    isize n = str_eq(code, S("m")) ? 20 : 0;
    for (isize i = 0; i < n && i < cap; i++) out[i] = (path_coding){S("urn:t"), S("c"), S("Sea")};
    return n;
}

static void terminology(void) {
    const path_terminology t = {.has_value_set = known,
                                .has_concept_map = known,
                                .member_of = member,
                                .translate = translate};
    fixture f;
    fixture_begin(&f);
    f.terminology = &t;
    fixture_input(&f, S("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                        "\"coding\":[{\"system\":"
                        "\"urn:x\",\"code\":\"m\"},{\"system\":\"urn:s\",\"code\":\"m\"}]},"
                        "\"category\":[{\"text\":\"t\"}]}"));
    fixture_expect(&f, "concept", S("code.memberOf('urn:known')"), S("true"));
    fixture_expect(&f, "coding", S("code.coding[0].memberOf('urn:known')"), S("false"));
    fixture_expect(&f, "code", S("'m'.memberOf('urn:known')"), S("true"));
    fixture_expect(&f, "none", S("category.memberOf('urn:known')"), S("false"));
    fixture_expect(&f, "many", S("code.coding.memberOf('urn:known')"), S("error at most one item"));
    fixture_expect(&f, "unknown set", S("code.memberOf('urn:other')"), S(""));
    fixture_expect(&f, "targets", S("code.coding[1].translate('urn:known').count()"), S("20"));
    fixture_expect(&f, "members", S("'m'.translate('urn:known').first().code"), S("'c'"));
    fixture_expect(&f, "members", S("code.translate('urn:known').system.distinct()"), S("'urn:t'"));
    fixture_expect(&f, "equal", S("'m'.translate('urn:known').distinct().count()"), S("1"));
    item_is(&f, "'m'.translate('urn:known').first()",
            "{\"system\":\"urn:t\",\"code\":\"c\",\"display\":\"Sea\"}",
            "{\"system\":\"urn:t\",\"code\":\"c\",\"display\":\"Sea\"}", "Coding");
    f.strict = true;
    fixture_expect(&f, "strict", S("code.memberOf('urn:other')"),
                   S("refused 14: the value set \"urn:other\" is not loaded"));
    fixture_expect(&f, "strict", S("code.translate('urn:other')"), S("refused concept map"));
    fixture_end(&f);
}

const unit_test path_value_suite[] = {UNIT_TEST(elements), UNIT_TEST(values),
                                      UNIT_TEST(without_value), UNIT_TEST(terminology), UNIT_END};
