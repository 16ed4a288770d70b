/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in a ViewDefinition: each is found, with its JSON pointer and the words to mend it. */
#include "view_kit.h"

static void refused(kit *k, const char *definition, bool strict, const char *place,
                    const char *text, const char *remedy) {
    const view *v = view_kit_compile(k, definition, strict);
    if (!CHECK(v == NULL) || !CHECK(k->found.n > 0)) return;
    const problem *p = NULL;
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(text), 0) >= 0) p = &k->found.list[i];
    if (!CHECK_MSG(p != NULL, "nothing says \"%s\"", text)) {
        kit_show(k);
        return;
    }
    CHECK_TEXT(p->place, place);
    CHECK_TEXT(p->file, "v.json");
    CHECK(p->at >= 0);
    CHECK_MSG(str_find(p->remedy, str_from(remedy), 0) >= 0, "remedy: %.*s", STR_ARGS(p->remedy));
}

#define REFUSED(name, strict, definition, place, text, remedy)                                     \
    static void name##_step(kit *k) { refused(k, definition, strict, place, text, remedy); }       \
    static void name(void) { kit_run(name##_step); }

REFUSED(a_misspelt_element, false, VIEW("{`forEech`:`name`,`column`:[" COLUMN("a", "id") "]}"),
        "/select/0/forEech", "forEech", "forEach")
REFUSED(a_missing_resource, false, "{`select`:[{`column`:[" COLUMN("a", "id") "]}]}", "",
        "needs \"resource\"", "resource type")
REFUSED(an_unknown_resource, false,
        "{`resource`:`patient`,`select`:[{`column`:[" COLUMN("a", "id") "]}]}", "/resource",
        "not an R4 resource type", "case-sensitive")
REFUSED(a_data_type_as_resource, false,
        "{`resource`:`HumanName`,`select`:[{`column`:[" COLUMN("a", "id") "]}]}", "/resource",
        "not an R4 resource type", "")
REFUSED(another_resource_type, false,
        "{`resourceType`:`Library`,`resource`:`Patient`,`select`:[{`column`:[" COLUMN("a",
                                                                                      "id") "]}]}",
        "/resourceType", "not a ViewDefinition", "resourceType")
REFUSED(no_select, false, "{`resource`:`Patient`}", "", "at least one \"select\"", "select")
REFUSED(no_column, false, VIEW("{`forEach`:`name`}"), "/select", "no column", "column")
REFUSED(two_kinds_of_level, false,
        VIEW("{`forEach`:`name`,`repeat`:[`contact`],`column`:[" COLUMN("a", "id") "]}"),
        "/select/0", "only one of", "nest")
REFUSED(a_for_each_that_is_no_text, false, VIEW("{`forEach`:1}"), "/select/0/forEach",
        "JSON string", "double quotes")
REFUSED(a_repeat_that_is_no_array, false,
        VIEW("{`repeat`:`item`,`column`:[" COLUMN("a", "id") "]}"), "/select/0/repeat",
        "array of paths", "repeat")
REFUSED(a_where_that_is_no_condition, false,
        "{`resource`:`Patient`,`where`:[{`path`:`name.family`}],`select`:[{`column`:[" COLUMN(
            "a", "id") "]}]}",
        "/where/0/path", "Boolean", "exists()")
REFUSED(a_bad_column_name, false, VIEW("{`column`:[" COLUMN("1st", "id") "]}"),
        "/select/0/column/0/name", "letters, digits and _", "")
REFUSED(a_column_without_a_path, false, VIEW("{`column`:[{`name`:`a`}]}"), "/select/0/column/0",
        "\"name\" and \"path\"", "")
REFUSED(a_bad_view_name, false,
        "{`name`:`a-b`,`resource`:`Patient`,`select`:[{`column`:[" COLUMN("a", "id") "]}]}",
        "/name", "view's name", "")
REFUSED(a_name_that_stands_twice, false,
        VIEW("{`column`:[" COLUMN("a", "id") "],`select`:[{`column`:[" COLUMN("a",
                                                                              "gender") "]}]}"),
        "/select/0/select/0/column/0/name", "there already, at /select/0/column/0",
        "ValidateColumns")
REFUSED(
    a_name_that_stands_in_a_branch_too, false,
    VIEW("{`column`:[" COLUMN("a", "id") "]},{`unionAll`:[{`column`:[" COLUMN("b", "id") "," COLUMN(
        "a", "gender") "]},{`column`:[" COLUMN("b", "id") "," COLUMN("a", "gender") "]}]}"),
    "/select/1/unionAll/1/column/1/name", "there already, at /select/0/column/0", "'a_2'")
REFUSED(a_misspelt_column_element, false,
        VIEW("{`column`:[{`name`:`a`,`path`:`id`,`colection`:true}]}"),
        "/select/0/column/0/colection", "colection", "collection")
REFUSED(a_complex_value_without_a_type, false,
        VIEW("{`column`:[" COLUMN("a", "managingOrganization") "]}"), "/select/0/column/0/path",
        "gives a Reference, which is no primitive", "\"type\": \"Reference\"")
REFUSED(branches_of_other_width, false,
        VIEW("{`unionAll`:[{`column`:[" COLUMN("a", "id") "]},{`column`:[" COLUMN(
            "a", "id") "," COLUMN("b", "id") "]}]}"),
        "/select/0/unionAll/1", "2 columns, the first one has 1", "unionAll")
REFUSED(branches_in_other_order, false,
        VIEW("{`unionAll`:[{`column`:[" COLUMN("a", "id") "," COLUMN(
            "b", "id") "]},{`column`:[" COLUMN("b", "id") "," COLUMN("a", "id") "]}]}"),
        "/select/0/unionAll/1", "column 1 of this branch is 'b'", "same order")
REFUSED(branches_of_other_type, false,
        VIEW("{`unionAll`:[{`column`:[{`name`:`a`,`path`:`id`,`type`:`id`}]},{`column`:[{`name`:"
             "`a`,`path`:`gender`,`type`:`code`}]}]}"),
        "/select/0/unionAll/1", "differs in type", "same type")
REFUSED(a_misspelt_path, true, VIEW("{`column`:[{`name`:`a`,`type`:`date`,`path`:`birthDat`}]}"),
        "/select/0/column/0/path", "birthDat", "birthDate")
REFUSED(a_missing_type, true, VIEW("{`column`:[" COLUMN("a", "id") "]}"), "/select/0/column/0",
        "needs a \"type\"", "dateTime")
REFUSED(an_unknown_type, true, VIEW("{`column`:[{`name`:`a`,`type`:`datetime`,`path`:`id`}]}"),
        "/select/0/column/0/type", "not a FHIR R4 data type", "dateTime")
REFUSED(a_type_that_does_not_fit, true,
        VIEW("{`column`:[{`name`:`a`,`type`:`integer`,`path`:`birthDate`}]}"),
        "/select/0/column/0/path", "its path gives date", "change the type")
REFUSED(possibly_many_values, true,
        VIEW("{`column`:[{`name`:`a`,`type`:`string`,`path`:`name.family`}]}"),
        "/select/0/column/0/path", "more than one value", "collection")
REFUSED(a_column_called_id, true, VIEW("{`column`:[{`name`:`id`,`type`:`id`,`path`:`id`}]}"),
        "/select/0/column/0/name", "FHIR's own", "another name")
REFUSED(a_nameless_view, true,
        "{`resource`:`Patient`,`select`:[{`column`:[{`name`:`a`,`type`:`id`,`path`:`id`}]}]}", "",
        "needs \"name\"", "record")

/* A type that does not fit is told, but elsewhere than in mappings the values decide. */
static void warning_step(kit *k) {
    CHECK(view_kit_compile(k, VIEW("{`column`:[{`name`:`a`,`type`:`integer`,`path`:`birthDate`}]}"),
                           false) != NULL);
    CHECK_OR_RETURN(k->found.n == 1);
    CHECK(k->found.list[0].level == PROBLEM_WARNING);
    CHECK_TEXT(k->found.list[0].place, "/select/0/column/0/path");
}
static void a_type_that_does_not_fit_is_a_warning(void) { kit_run(warning_step); }

/* The place of a mistake inside an expression: `birthDat` begins at byte 77 of the file. */
static void offset_step(kit *k) {
    static const char definition[] =
        VIEW("{`column`:[{`name`:`a`,`type`:`date`,`path`:`id.birthDat`}]}");
    view_kit_compile(k, definition, true);
    CHECK_OR_RETURN(k->found.n > 0);
    isize path = str_find(str_from(definition), S("id.birthDat"), 0);
    CHECK(k->found.list[0].at >= path);
    CHECK(k->found.list[0].at <= path + 3);
}
static void a_mistake_in_a_path_has_its_offset(void) { kit_run(offset_step); }

static void urls_step(kit *k) {
    CHECK(view_kit_compile(
              k,
              "{`resourceType`:`https://sql-on-fhir.org/ig/StructureDefinition/"
              "ViewDefinition`,`resource`:`Patient`,`select`:[{`column`:[" COLUMN("a", "id") "]}]}",
              false) != NULL);
    CHECK(view_kit_compile(k,
                           "{`resourceType`:`ViewDefinition`,`identifier`:{`value`:`x`},"
                           "`resource`:`Patient`,`select`:[{`column`:[" COLUMN("a", "id") "]}]}",
                           false) != NULL);
    CHECK_INT(k->found.errors, 0);
}
static void both_canonicals_are_accepted(void) { kit_run(urls_step); }

const unit_test view_plan_suite[] = {UNIT_TEST(a_misspelt_element),
                                     UNIT_TEST(a_missing_resource),
                                     UNIT_TEST(an_unknown_resource),
                                     UNIT_TEST(a_data_type_as_resource),
                                     UNIT_TEST(another_resource_type),
                                     UNIT_TEST(no_select),
                                     UNIT_TEST(no_column),
                                     UNIT_TEST(two_kinds_of_level),
                                     UNIT_TEST(a_for_each_that_is_no_text),
                                     UNIT_TEST(a_repeat_that_is_no_array),
                                     UNIT_TEST(a_where_that_is_no_condition),
                                     UNIT_TEST(a_bad_column_name),
                                     UNIT_TEST(a_column_without_a_path),
                                     UNIT_TEST(a_bad_view_name),
                                     UNIT_TEST(a_name_that_stands_twice),
                                     UNIT_TEST(a_name_that_stands_in_a_branch_too),
                                     UNIT_TEST(a_misspelt_column_element),
                                     UNIT_TEST(a_complex_value_without_a_type),
                                     UNIT_TEST(branches_of_other_width),
                                     UNIT_TEST(branches_in_other_order),
                                     UNIT_TEST(branches_of_other_type),
                                     UNIT_TEST(a_misspelt_path),
                                     UNIT_TEST(a_missing_type),
                                     UNIT_TEST(an_unknown_type),
                                     UNIT_TEST(a_type_that_does_not_fit),
                                     UNIT_TEST(possibly_many_values),
                                     UNIT_TEST(a_column_called_id),
                                     UNIT_TEST(a_nameless_view),
                                     UNIT_TEST(a_type_that_does_not_fit_is_a_warning),
                                     UNIT_TEST(a_mistake_in_a_path_has_its_offset),
                                     UNIT_TEST(both_canonicals_are_accepted),
                                     UNIT_END};
