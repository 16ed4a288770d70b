/* SPDX-License-Identifier: Apache-2.0 */
/* Running views: the algorithm of SQL on FHIR v2 (Process), with the cases that its suite leaves
 * open or sorts away: row order, null rows, errors. Expected rows are worked out by hand. */
#include "view_kit.h"

#define ADA                                                                                        \
    "{`resourceType`:`Patient`,`id`:`p`,`gender`:`female`,`name`:[{`family`:`A`,`given`:[`x`,"     \
    "`y`]},{`family`:`B`}],`telecom`:[{`value`:`1`},{`value`:`2`}]}"
#define FORM                                                                                       \
    "{`resourceType`:`QuestionnaireResponse`,`status`:`completed`,`item`:[{`linkId`:`1`,`item`:["  \
    "{`linkId`:`1.1`},{`linkId`:`1.2`}]},{`linkId`:`2`}]}"

#define ROWS(name, definition, resource, expected)                                                 \
    static void name##_step(kit *k) {                                                              \
        str rows = view_kit_run(k, definition, resource);                                          \
        str want = kit_text(k, expected);                                                          \
        CHECK_TEXT(rows, arena_printf(&k->arena, "%.*s", STR_ARGS(want)).p);                       \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

ROWS(one_select_one_row, VIEW("{`column`:[" COLUMN("a", "id") "," COLUMN("b", "birthDate") "]}"),
     ADA, "[`p`,null]\n")
ROWS(the_last_sibling_is_the_fastest,
     VIEW("{`forEach`:`name`,`column`:[" COLUMN(
         "f", "family") "]},"
                        "{`forEach`:`telecom`,`column`:[" COLUMN("t", "value") "]}"),
     ADA, "[`A`,`1`]\n[`A`,`2`]\n[`B`,`1`]\n[`B`,`2`]\n")
ROWS(an_empty_for_each_gives_no_row,
     VIEW("{`column`:[" COLUMN("a",
                               "id") "]},{`forEach`:`contact`,`column`:[" COLUMN("c",
                                                                                 "gender") "]}"),
     ADA, "")
ROWS(an_empty_for_each_or_null_gives_one_row,
     VIEW("{`column`:[" COLUMN("a", "id") "]},{`forEachOrNull`:`contact`,`column`:[" COLUMN(
         "c", "gender") "," COLUMN("i", "%rowIndex") "," COLUMN("l", "'literal'") "]}"),
     ADA, "[`p`,null,`0`,null]\n")
ROWS(the_null_row_is_one_whatever_is_below,
     VIEW("{`forEachOrNull`:`contact`,`column`:[" COLUMN(
         "c",
         "gender") "],`unionAll`:[{`column`:[" COLUMN("n",
                                                      "gender") "]},{`forEach`:`telecom`,`column`:"
                                                                "[" COLUMN(
                                                                    "n",
                                                                    "value") "]}],"
                                                                             "`select`:["
                                                                             "{`forEach`"
                                                                             ":`telecom`"
                                                                             ",`column`:"
                                                                             "[" COLUMN(
                                                                                 "i",
                                                                                 "%rowIn"
                                                                                 "dex") "]}]}"),
     ADA, "[null,null,null]\n")
ROWS(a_for_each_below_without_rows_takes_its_row_away,
     VIEW("{`forEach`:`name`,`column`:[" COLUMN("f", "family") "],`select`:[{`forEach`:`given`,"
                                                               "`column`:[" COLUMN("g",
                                                                                   "$this") "]}]}"),
     ADA, "[`A`,`x`]\n[`A`,`y`]\n")
ROWS(row_index_counts_each_level,
     VIEW("{`column`:[" COLUMN("top", "%rowIndex") "]},{`forEach`:`name`,`column`:[" COLUMN(
         "n",
         "%rowIndex") "],`select`:[{`forEachOrNull`:`given`,`column`:[" COLUMN("g",
                                                                               "%rowIndex") "]}]}"),
     ADA, "[`0`,`0`,`0`]\n[`0`,`0`,`1`]\n[`0`,`1`,`0`]\n")
ROWS(a_union_gives_its_branches_in_turn,
     VIEW("{`unionAll`:[{`forEach`:`telecom`,`column`:[" COLUMN(
         "v", "value") "]},{`column`:[" COLUMN("v", "gender") "]}]},{`column`:[" COLUMN("i",
                                                                                        "id") "]}"),
     ADA, "[`1`,`p`]\n[`2`,`p`]\n[`female`,`p`]\n")
ROWS(columns_come_before_selects_and_unions,
     VIEW("{`unionAll`:[{`column`:[" COLUMN("c", "'c'") "]}],`select`:[{`column`:[" COLUMN(
         "b", "'b'") "]}],`column`:[" COLUMN("a", "'a'") "]}"),
     ADA, "[`a`,`b`,`c`]\n")
ROWS(
    repeat_goes_down_in_pre_order,
    "{`name`:`v`,`resource`:`QuestionnaireResponse`,`select`:[{`repeat`:[`item`],`column`:[" COLUMN(
        "l", "linkId") "," COLUMN("i", "%rowIndex") "]}]}",
    FORM, "[`1`,`0`]\n[`1.1`,`1`]\n[`1.2`,`2`]\n[`2`,`3`]\n")
ROWS(a_repeat_that_does_not_go_down_is_an_error,
     VIEW("{`repeat`:[`$this`],`column`:[" COLUMN("a", "id") "]}"), ADA,
     "error: : repeat must lead to elements below the current one")
ROWS(a_collection_is_an_array_also_when_empty,
     VIEW("{`column`:[" MANY("f", "name.family") "," MANY("c", "contact.gender") "]}"), ADA,
     "[[`A`,`B`],[]]\n")
ROWS(several_values_without_collection_are_an_error,
     VIEW("{`column`:[" COLUMN("f", "name.family") "]}"), ADA,
     "error: f: more than one value in a column that is no collection")
ROWS(only_true_passes_a_where,
     "{`name`:`v`,`resource`:`Patient`,`where`:[{`path`:`active`}],`select`:[{`column`:[" COLUMN(
         "a", "id") "]}]}",
     ADA, "")
ROWS(every_where_must_hold,
     "{`name`:`v`,`resource`:`Patient`,`where`:[{`path`:`true`},{`path`:`false`}],`select`:[{"
     "`column`:[" COLUMN("a", "id") "]}]}",
     ADA, "")
ROWS(a_where_with_several_values_is_an_error,
     "{`name`:`v`,`resource`:`Patient`,`where`:[{`path`:`name.select(true)`}],`select`:[{"
     "`column`:[" COLUMN("a", "id") "]}]}",
     ADA, "error: : a where that gives no single Boolean")
ROWS(an_error_in_a_path_names_the_column,
     VIEW("{`column`:[" COLUMN("a", "id") "," COLUMN("b", "name.single().family") "]}"), ADA,
     "error: b: single() found more than one item")
ROWS(for_each_wants_elements,
     VIEW("{`forEach`:`name.family + 'x'`,`column`:[" COLUMN("a", "$this") "]}"),
     "{`resourceType`:`Patient`,`name`:[{`family`:`A`}]}",
     "error: : forEach gave a value that is no element")
ROWS(constants_have_their_values,
     "{`name`:`v`,`resource`:`Patient`,`constant`:[{`name`:`sex`,`valueCode`:`female`}],"
     "`where`:[{`path`:`gender = %sex`}],`select`:[{`column`:[" COLUMN("a", "%sex") "]}]}",
     ADA, "[`female`]\n")

ROWS(a_complex_value_needs_a_type,
     "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[" COLUMN("a", "value") "]}]}",
     "{`resourceType`:`Observation`,`status`:`final`,`code`:{},`valueQuantity`:{`value`:1}}",
     "error: a: a value that is no primitive needs a \"type\"")
ROWS(a_complex_value_is_no_string,
     "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[{`name`:`a`,`type`:`string`,`path`:"
     "`value`}]}]}",
     "{`resourceType`:`Observation`,`status`:`final`,`code`:{},`valueQuantity`:{`value`:1}}",
     "error: a: a value of another type than the column declares")
ROWS(a_primitive_of_a_choice_needs_none,
     "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[" COLUMN("a", "value") "]}]}",
     "{`resourceType`:`Observation`,`status`:`final`,`code`:{},`valueString`:`x`}", "[`x`]\n")

/* 600 names times 600 telecoms are more rows than LIMIT_ROWS (262,144). */
static void limit_step(kit *k) {
    buf text = buf_new(&k->arena, 1 << 20, "a Patient");
    buf_add(&text, S("{`resourceType`:`Patient`,`name`:["));
    for (int i = 0; i < 600; i++) buf_add(&text, i ? S(",{`family`:`A`}") : S("{`family`:`A`}"));
    buf_add(&text, S("],`telecom`:["));
    for (int i = 0; i < 600; i++) buf_add(&text, i ? S(",{`value`:`1`}") : S("{`value`:`1`}"));
    buf_add(&text, S("]}"));
    buf_byte(&text, 0);
    str rows = view_kit_run(
        k,
        VIEW("{`forEach`:`name`,`column`:[" COLUMN(
            "f", "family") "]},{`forEach`:`telecom`,`column`:[" COLUMN("t", "value") "]}"),
        text.p);
    CHECK_TEXT(rows, "limit: : rows of one view from one resource");
}
static void too_many_rows_are_a_limit(void) { kit_run(limit_step); }

static void type_step(kit *k) {
    const view *v = view_kit_compile(
        k,
        "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[{`name`:`a`,`type`:`Quantity`,"
        "`path`:`%resource.value`}]}]}",
        true);
    if (!CHECK(v != NULL)) kit_show(k);
    CHECK_TEXT(view_kit_rows(k, v,
                             "{`resourceType`:`Observation`,`status`:`final`,`code`:{},"
                             "`valueString`:`x`}"),
               "error: a: a value of another type than the column declares");
}
static void a_value_of_another_type_is_an_error(void) { kit_run(type_step); }

const unit_test view_run_suite[] = {UNIT_TEST(one_select_one_row),
                                    UNIT_TEST(the_last_sibling_is_the_fastest),
                                    UNIT_TEST(an_empty_for_each_gives_no_row),
                                    UNIT_TEST(an_empty_for_each_or_null_gives_one_row),
                                    UNIT_TEST(the_null_row_is_one_whatever_is_below),
                                    UNIT_TEST(a_for_each_below_without_rows_takes_its_row_away),
                                    UNIT_TEST(row_index_counts_each_level),
                                    UNIT_TEST(a_union_gives_its_branches_in_turn),
                                    UNIT_TEST(columns_come_before_selects_and_unions),
                                    UNIT_TEST(repeat_goes_down_in_pre_order),
                                    UNIT_TEST(a_repeat_that_does_not_go_down_is_an_error),
                                    UNIT_TEST(a_collection_is_an_array_also_when_empty),
                                    UNIT_TEST(several_values_without_collection_are_an_error),
                                    UNIT_TEST(only_true_passes_a_where),
                                    UNIT_TEST(every_where_must_hold),
                                    UNIT_TEST(a_where_with_several_values_is_an_error),
                                    UNIT_TEST(an_error_in_a_path_names_the_column),
                                    UNIT_TEST(for_each_wants_elements),
                                    UNIT_TEST(constants_have_their_values),
                                    UNIT_TEST(a_complex_value_needs_a_type),
                                    UNIT_TEST(a_complex_value_is_no_string),
                                    UNIT_TEST(a_primitive_of_a_choice_needs_none),
                                    UNIT_TEST(too_many_rows_are_a_limit),
                                    UNIT_TEST(a_value_of_another_type_is_an_error),
                                    UNIT_END};
