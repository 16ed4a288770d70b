/* SPDX-License-Identifier: Apache-2.0 */
/* What a column declares, and the published profiles (ShareableViewDefinition,
 * TabularViewDefinition). */
#include "view_kit.h"

#define HEAD "`url`:`https://v.example/v`,`name`:`v`,`fhirVersion`:[`4.0.1`],`resource`:`Patient`,"

static const view *compiled(kit *k, const char *definition) {
    const view *v = view_kit_compile(k, definition, false);
    if (!CHECK(v != NULL)) kit_show(k);
    return v;
}

static void shareable_step(kit *k) {
    str why;
    CHECK(view_shareable(compiled(k, "{" HEAD "`select`:[{`column`:[{`name`:`a`,`type`:`id`,"
                                     "`path`:`id`}]}]}"),
                         &why));
    CHECK_TEXT(why, "");
    CHECK(!view_shareable(compiled(k, "{" HEAD "`select`:[{`column`:[{`name`:`a`,`path`:`id`}]}]}"),
                          &why));
    CHECK_TEXT(why, "column 'a' declares no type");
    CHECK(!view_shareable(compiled(k, "{`name`:`v`,`resource`:`Patient`,`select`:[{`column`:[{"
                                      "`name`:`a`,`type`:`id`,`path`:`id`}]}]}"),
                          &why));
    CHECK_TEXT(why, "it has no \"url\"");
    CHECK(!view_shareable(compiled(k, "{" HEAD "`select`:[{`column`:[{`name`:`a`,`type`:`string`,"
                                      "`path`:`id.upper()`}]}]}"),
                          &why));
    CHECK(str_find(why, S("id.upper()"), 0) >= 0);
    CHECK(!view_shareable(compiled(k, "{" HEAD "`where`:[{`path`:`id.matches('x')`}],`select`:[{"
                                      "`column`:[{`name`:`a`,`type`:`id`,`path`:`id`}]}]}"),
                          &why));
    CHECK(str_find(why, S("where"), 0) >= 0);
}
static void shareable_wants_a_head_types_and_simple_paths(void) { kit_run(shareable_step); }

static void tabular_step(kit *k) {
    str why;
    CHECK(view_tabular(compiled(k, VIEW("{`column`:[{`name`:`a`,`type`:`date`,`path`:`birthDate`}]"
                                        "}")),
                       &why));
    CHECK(!view_tabular(compiled(k, VIEW("{`column`:[{`name`:`a`,`type`:`string`,`path`:"
                                         "`name.family`,`collection`:true}]}")),
                        &why));
    CHECK_TEXT(why, "column 'a' is a collection");
    CHECK(!view_tabular(compiled(k, VIEW("{`column`:[{`name`:`a`,`type`:`HumanName`,`path`:"
                                         "`name.first()`}]}")),
                        &why));
    CHECK_TEXT(why, "column 'a' is not primitive");
}
static void tabular_wants_single_primitives(void) { kit_run(tabular_step); }

static void facts_step(kit *k) {
    isize n;
    const view *v = compiled(
        k, VIEW("{`column`:[{`name`:`a`,`path`:`birthDate`,`description`:`born`,`tag`:[{`name`:"
                "`ansi/type`,`value`:`DATE`}]},{`name`:`b`,`type`:"
                "`http://hl7.org/fhir/StructureDefinition/code`,`path`:`gender`}]}"));
    const view_column *c = view_columns(v, &n);
    CHECK_OR_RETURN(n == 2);
    CHECK_TEXT(c[0].description, "born");
    CHECK_INT(c[0].tag_count, 1);
    CHECK_TEXT(c[0].tags[0].value, "DATE");
    CHECK(!c[0].declared);
    CHECK_TEXT(model_type_name(model_r4(), c[0].type), "date"); /* inferred */
    CHECK(c[1].declared);
    CHECK_TEXT(model_type_name(model_r4(), c[1].type), "code");
}
static void columns_keep_what_they_declare(void) { kit_run(facts_step); }

static void fit(kit *k, const char *type, const char *path, bool fits) {
    str text = arena_printf(&k->arena,
                            "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[{`name`:`a`,"
                            "`type`:`%s`,`path`:`%s`}]}]}",
                            type, path);
    isize errors = k->found.errors;
    CHECK_MSG((view_kit_compile(k, text.p, true) != NULL) == fits, "%s from %s", type, path);
    k->found.errors = errors;
}

static void fits_step(kit *k) {
    fit(k, "code", "status", true);
    fit(k, "string", "status", true);
    fit(k, "code", "'literal'", true);
    fit(k, "dateTime", "issued", true);
    fit(k, "dateTime", "effective.ofType(Period).start", true);
    fit(k, "date", "issued", false);
    fit(k, "decimal", "value.ofType(integer)", true);
    fit(k, "integer", "value.ofType(Quantity).value", false);
    fit(k, "boolean", "status", false);
    fit(k, "Coding", "code.coding.first()", true);
    fit(k, "CodeableConcept", "code.coding.first()", false);
}
static void types_fit_where_every_value_fits(void) { kit_run(fits_step); }

const unit_test view_check_suite[] = {UNIT_TEST(shareable_wants_a_head_types_and_simple_paths),
                                      UNIT_TEST(tabular_wants_single_primitives),
                                      UNIT_TEST(columns_keep_what_they_declare),
                                      UNIT_TEST(types_fit_where_every_value_fits), UNIT_END};
