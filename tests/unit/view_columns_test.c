/* SPDX-License-Identifier: Apache-2.0 */
/* What a view of the mappings may use beyond SQL on FHIR: the columns before it as %name, and
 * %resource with the type of the view's resource. The official suite covers the rest. */
#include "trial_kit.h"

#define HEAD                                                                                       \
    "{`resourceType`:`ViewDefinition`,`name`:`v`,`url`:`https://x.example/"                        \
    "v`,`status`:`active`,`fhirVersion`:[`4.0.1`],"

static void columns_in_order(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/v.json",
             HEAD "`resource`:`Observation`,`select`:["
                  "{`column`:[{`name`:`n`,`type`:`integer`,`path`:`value.ofType(integer)`}]},"
                  "{`unionAll`:["
                  "{`forEach`:`code.coding`,`column`:["
                  "{`name`:`c`,`type`:`code`,`path`:`code`},"
                  "{`name`:`d`,`type`:`string`,`path`:`%c & %n.toString()`}]},"
                  "{`forEach`:`category.coding`,`column`:["
                  "{`name`:`c`,`type`:`code`,`path`:`code.upper()`},"
                  "{`name`:`d`,`type`:`string`,`path`:`%c & '!'`}]}]}]}");
    if (!CHECK(kit_load(k) != NULL)) return kit_show(k);
    message m = kit_message(k, "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,"
                               "`subject`:{`reference`:`Patient/p`},`code`:{`coding`:["
                               "{`code`:`a`},{`code`:`b`}]},`category`:[{`coding`:["
                               "{`code`:`x`}]}],`valueInteger`:7}");
    tape record = kit_record(k, &m);
    str text = kit_record_text(k, &record);
    CHECK(str_find(text, S("\"d\":\"a7\""), 0) > 0);
    CHECK(str_find(text, S("\"d\":\"b7\""), 0) > 0);
    CHECK(str_find(text, S("\"d\":\"X!\""), 0) > 0);
    for (isize i = 0; i < mappings_view_count(k->set); i++) {
        str why;
        if (!str_eq(view_name(mappings_view(k->set, i)), S("v"))) continue;
        CHECK(!view_shareable(mappings_view(k->set, i), &why));
        CHECK_TEXT(why, "path '%c & %n.toString()' uses another column");
    }
}

static void not_the_column_after(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/v.json",
             HEAD "`resource`:`Observation`,`select`:[{`column`:["
                  "{`name`:`a`,`type`:`string`,`path`:`%b`},"
                  "{`name`:`b`,`type`:`string`,`path`:`id`}]}]}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "there is no %b"));
}

static void not_in_where(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/v.json",
             HEAD "`resource`:`Observation`,`where`:[{`path`:`%a = 'x'`}],`select`:[{`column`:["
                  "{`name`:`a`,`type`:`string`,`path`:`id`}]}]}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "there is no %a"));
}

static void typed_columns(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/v.json",
             HEAD "`resource`:`Observation`,`select`:[{`column`:["
                  "{`name`:`a`,`type`:`code`,`collection`:true,`path`:`category.coding.code`},"
                  "{`name`:`b`,`type`:`string`,`path`:`%a`}]}]}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "column 'b' may get more than one value"));
}

static void resource_below_for_each(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/v.json",
             HEAD "`resource`:`Record`,`select`:[{`forEach`:`obs`,`column`:["
                  "{`name`:`born`,`type`:`date`,`path`:`%resource.persons.born.first()`}]}]}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "has no element \"persons\""));
}

#define STEP(name)                                                                                 \
    static void test_##name(void) { kit_run(name); }
STEP(columns_in_order)
STEP(not_the_column_after)
STEP(not_in_where)
STEP(typed_columns)
STEP(resource_below_for_each)

const unit_test view_columns_suite[] = {UNIT_TEST(test_columns_in_order),
                                        UNIT_TEST(test_not_the_column_after),
                                        UNIT_TEST(test_not_in_where),
                                        UNIT_TEST(test_typed_columns),
                                        UNIT_TEST(test_resource_below_for_each),
                                        UNIT_END};
