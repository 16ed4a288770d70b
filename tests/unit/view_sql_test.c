/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL type of each kind of column (SQL on FHIR v2, ViewDefinition, type hinting). */
#include "view_kit.h"

static void typed(kit *k, const char *type, const char *more, const char *expected) {
    str text = arena_printf(&k->arena,
                            "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[{`name`:`a`,"
                            "`path`:`%%resource.value`,`type`:`%s`%s}]}]}",
                            type, more);
    const view *v = view_kit_compile(k, text.p, false);
    if (!CHECK(v != NULL)) return kit_show(k);
    CHECK_TEXT(view_sql_type(v, 0), expected);
}

static void defaults_step(kit *k) {
    static const char *const texts[] = {"string", "code",      "id",   "markdown", "uri",
                                        "url",    "canonical", "oid",  "uuid",     "decimal",
                                        "date",   "dateTime",  "time", "Quantity", "Coding"};
    for (isize i = 0; i < COUNT_OF(texts); i++) typed(k, texts[i], "", "CHARACTER VARYING");
    typed(k, "boolean", "", "BOOLEAN");
    typed(k, "integer", "", "INT");
    typed(k, "positiveInt", "", "INT");
    typed(k, "unsignedInt", "", "INT");
    typed(k, "instant", "", "TIMESTAMP WITH TIME ZONE");
    typed(k, "base64Binary", "", "BINARY");
}
static void each_fhir_type_has_a_default(void) { kit_run(defaults_step); }

static void tag_step(kit *k) {
    typed(k, "decimal",
          ",`tag`:[{`name`:`x`,`value`:`y`},{`name`:`ansi/type`,`value`:`NUMERIC(9,2)`}]",
          "NUMERIC(9,2)");
    typed(k, "integer", ",`collection`:true", "INT ARRAY");
}
static void a_tag_and_a_collection_change_it(void) { kit_run(tag_step); }

static void inferred_step(kit *k) {
    const view *w = view_kit_compile(
        k, VIEW("{`column`:[" COLUMN("a", "active") "," COLUMN("b", "name.count()") "]}"), false);
    if (!CHECK(w != NULL)) return kit_show(k);
    CHECK_TEXT(view_sql_type(w, 0), "BOOLEAN");
    CHECK_TEXT(view_sql_type(w, 1), "INT");
}
static void a_type_that_is_known_need_not_be_declared(void) { kit_run(inferred_step); }

const unit_test view_sql_suite[] = {UNIT_TEST(each_fhir_type_has_a_default),
                                    UNIT_TEST(a_tag_and_a_collection_change_it),
                                    UNIT_TEST(a_type_that_is_known_need_not_be_declared), UNIT_END};
