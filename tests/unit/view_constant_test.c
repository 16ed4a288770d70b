/* SPDX-License-Identifier: Apache-2.0 */
/* The nineteen types of a view's constants, and mistakes in them. */
#include "view_kit.h"

static str value_of(kit *k, const char *member, const char *value) {
    str text = arena_printf(&k->arena,
                            "{`name`:`v`,`resource`:`Patient`,`constant`:[{`name`:`c`,`%s`:%s}],"
                            "`select`:[{`column`:[{`name`:`a`,`path`:`%%c`}]}]}",
                            member, value);
    const view *v = view_kit_compile(k, text.p, false);
    if (!v) return S("refused");
    str rows = view_kit_rows(k, v, "{`resourceType`:`Patient`}");
    return str_slice(rows, 1, rows.n - 2); /* without [ and ]\n */
}

static void good(kit *k, const char *member, const char *value, const char *expected) {
    str text = value_of(k, member, value);
    CHECK_TEXT(text, expected);
}

static void values_step(kit *k) {
    good(k, "valueBase64Binary", "`aGVsbG8K`", "\"aGVsbG8K\"");
    good(k, "valueBoolean", "false", "\"false\"");
    good(k, "valueCanonical", "`https://a.example|1`", "\"https://a.example|1\"");
    good(k, "valueCode", "`x`", "\"x\"");
    good(k, "valueDate", "`2025-03`", "\"2025-03\"");
    good(k, "valueDateTime", "`2025-03-01T10:00:00+01:00`", "\"2025-03-01T10:00:00+01:00\"");
    good(k, "valueDecimal", "1.50", "\"1.50\"");
    good(k, "valueId", "`a.b`", "\"a.b\"");
    good(k, "valueInstant", "`2015-02-07T13:28:17.239+02:00`", "\"2015-02-07T13:28:17.239+02:00\"");
    good(k, "valueInteger", "-3", "\"-3\"");
    good(k, "valueInteger64", "9223372036854775807", "\"9223372036854775807\"");
    good(k, "valueOid", "`urn:oid:1.0`", "\"urn:oid:1.0\"");
    good(k, "valueString", "`s`", "\"s\"");
    good(k, "valuePositiveInt", "1", "\"1\"");
    good(k, "valueTime", "`18:12:00`", "\"18:12:00\"");
    good(k, "valueUnsignedInt", "0", "\"0\"");
    good(k, "valueUri", "`urn:x`", "\"urn:x\"");
    good(k, "valueUrl", "`http://a.example`", "\"http://a.example\"");
    good(k, "valueUuid", "`urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7`",
         "\"urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7\"");
}
static void every_type_keeps_its_value(void) { kit_run(values_step); }

static void mistakes_step(kit *k) {
    good(k, "valueDate", "`2025-13`", "refused");
    good(k, "valueInteger", "1.0", "refused");
    good(k, "valueInteger", "2147483648", "refused");
    good(k, "valueInteger", "`1`", "refused");
    good(k, "valuePositiveInt", "0", "refused");
    good(k, "valueUnsignedInt", "-1", "refused");
    good(k, "valueBoolean", "`true`", "refused");
    good(k, "valueString", "1", "refused");
    good(k, "valueQuantity", "{}", "refused");
}
static void values_that_do_not_fit_are_refused(void) { kit_run(mistakes_step); }

static void structure_step(kit *k) {
    CHECK(!view_kit_compile(k,
                            "{`resource`:`Patient`,`constant`:[{`name`:`c`}],`select`:[{`column`:[{"
                            "`name`:`a`,`path`:`id`}]}]}",
                            false));
    CHECK(kit_found(k, "has no value"));
    CHECK(!view_kit_compile(k,
                            "{`resource`:`Patient`,`constant`:[{`name`:`c`,`valueCode`:`x`,"
                            "`valueString`:`y`}],`select`:[{`column`:[{`name`:`a`,`path`:`id`}]}]}",
                            false));
    CHECK(kit_found(k, "exactly one value"));
    CHECK(!view_kit_compile(k,
                            "{`resource`:`Patient`,`constant`:[{`name`:`c`,`valueCode`:`x`},"
                            "{`name`:`c`,`valueCode`:`y`}],`select`:[{`column`:[{`name`:`a`,"
                            "`path`:`id`}]}]}",
                            false));
    CHECK(kit_found(k, "taken by another constant"));
}
static void a_constant_has_one_name_and_one_value(void) { kit_run(structure_step); }

const unit_test view_constant_suite[] = {
    UNIT_TEST(every_type_keeps_its_value), UNIT_TEST(values_that_do_not_fit_are_refused),
    UNIT_TEST(a_constant_has_one_name_and_one_value), UNIT_END};
