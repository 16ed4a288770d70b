/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as the store keeps them, the explanation, and what a view reaches. */
#include "view_kit.h"

static void cells_step(kit *k) {
    str rows = view_kit_run(
        k,
        "{`name`:`v`,`resource`:`Observation`,`select`:[{`column`:[{`name`:`a`,`path`:"
        "`value.ofType(Quantity).value`},{`name`:`b`,`type`:`Coding`,`path`:`code.coding.first()`},"
        "{`name`:`c`,"
        "`type`:`Coding`,`path`:`code.coding`,`collection`:true},{`name`:`d`,`path`:`status = "
        "'final'`},{`name`:"
        "`e`,`path`:`issued`},{`name`:`f`,`path`:`note.text`}]}]}",
        "{`resourceType`:`Observation`,`status`:`final`,`code`:{`coding`:[{`system`:`s`,`code`:"
        "`1`},{`code`:`2`}]},`valueQuantity`:{`value`:7.60},`note`:[{`text`:`a \\`b\\``}]}");
    str want = kit_text(k, "[`7.60`,{`system`:`s`,`code`:`1`},[{`system`:`s`,`code`:`1`},{`code`:"
                           "`2`}],`true`,null,`a \\`b\\``]\n");
    CHECK_TEXT(rows, arena_printf(&k->arena, "%.*s", STR_ARGS(want)).p); /* no digit is lost */
}
static void cells_are_texts_objects_arrays_and_null(void) { kit_run(cells_step); }

static void explain_step(kit *k) {
    const view *v = view_kit_compile(
        k,
        VIEW("{`column`:[{`name`:`a`,`type`:`id`,`path`:`id`}],`select`:[{`forEachOrNull`:`name`,"
             "`column`:[{`name`:`f`,`path`:`family`},{`name`:`g`,`path`:`given`,`collection`:true}]"
             "}]}"),
        false);
    CHECK_OR_RETURN(v != NULL);
    buf out = buf_new(&k->arena, 1 << 20, "an explanation");
    view_explain(v, &out);
    str text = buf_str(&out);
    CHECK(str_starts(text, S("view v on Patient\nselect cells 0..2\n")));
    CHECK(str_find(text, S("  column cells 0..0 a: id\n"), 0) >= 0);
    CHECK(str_find(text, S("  forEachOrNull cells 1..2\n"), 0) >= 0);
    CHECK(str_find(text, S("    column cells 2..2 g: string*\n"), 0) >= 0);
    CHECK(str_find(text, S("path family\n"), 0) >= 0);
}
static void the_explanation_shows_plan_and_paths(void) { kit_run(explain_step); }

static void project_step(kit *k) {
    const view *v = view_kit_compile(k,
                                     VIEW("{`column`:[{`name`:`a`,`path`:`birthDate`}]},{`forEach`:"
                                          "`name`,`column`:[{`name`:`f`,`path`:`family`}]}"),
                                     false);
    CHECK_OR_RETURN(v != NULL);
    projection *keep = projection_new(&k->arena, model_r4());
    view_project(v, keep);
    read_options options = {.keep = keep};
    tape t;
    fault fault;
    CHECK_OR_RETURN(read_json(&k->arena,
                              kit_text(k, "{`resourceType`:`Patient`,`birthDate`:`1950-03`,`name`:["
                                          "{`family`:`A`,`given`:[`x`]}]}"),
                              &options, NULL, &t, &fault));
    CHECK(tape_child(&t, 0, model_find_key(model_r4(), S("birthDate"))) != TAPE_NONE);
    uint32_t name = tape_child(&t, 0, model_find_key(model_r4(), S("name")));
    CHECK_OR_RETURN(name != TAPE_NONE);
    CHECK(tape_child(&t, name, model_find_key(model_r4(), S("family"))) != TAPE_NONE);
}
static void what_a_view_reads_is_kept(void) { kit_run(project_step); }

typedef struct told {
    kit *kit;
    str all;
} told;

static void tell(void *self, str text) {
    told *t = self;
    t->all = arena_printf(&t->kit->arena, "%.*s%.*s;", STR_ARGS(t->all), STR_ARGS(text));
}

static void check_literals(kit *k, const char *definition, bool known, const char *expected) {
    const view *v = view_kit_compile(k, definition, false);
    told t = {.kit = k};
    CHECK_OR_RETURN(v != NULL);
    CHECK(view_literals(v, tell, &t) == known);
    CHECK_BYTES(t.all.p ? t.all.p : "", t.all.n, expected);
}

#define WHERE(more, conditions)                                                                    \
    "{`name`:`v`,`resource`:`Observation`," more                                                   \
    "`select`:[{`column`:[{`name`:`a`,`path`:`id`}]}],"                                            \
    "`where`:[" conditions "]}"

static void literals_step(kit *k) {
    check_literals(k, WHERE("", "{`path`:`status = 'final'`}"), true, "final;");
    check_literals(k, WHERE("", "{`path`:`value.exists()`},{`path`:`id = 'a' or id = 'b'`}"), true,
                   "a;b;");
    check_literals(k, WHERE("", "{`path`:`id = 'a' or id = 'b'`},{`path`:`status = 'final'`}"),
                   true, "final;");
    check_literals(k,
                   WHERE("`constant`:[{`name`:`c`,`valueCode`:`x-1`}],",
                         "{`path`:`code.coding.exists(code = %c)`}"),
                   true, "x-1;");
    check_literals(k, WHERE("", "{`path`:`value.exists()`}"), false, "");
    check_literals(k, VIEW("{`column`:[{`name`:`a`,`path`:`birthDate`}]}"), false, "");
}
static void texts_that_every_row_needs(void) { kit_run(literals_step); }

/* A resource that cannot give a row is not kept; with a second view that takes all, it is. */
static void needs_step(kit *k) {
    const view *some = view_kit_compile(k, WHERE("", "{`path`:`status = 'final'`}"), false);
    const view *all = view_kit_compile(k, WHERE("", "{`path`:`id.exists()`}"), false);
    CHECK_OR_RETURN(some && all);
    projection *keep = projection_new(&k->arena, model_r4());
    read_options options = {.keep = keep};
    str text = kit_text(k, "{`resourceType`:`Observation`,`id`:`a`,`status`:`amended`}");
    tape t;
    fault fault;
    view_project(some, keep);
    CHECK(read_json(&k->arena, text, &options, NULL, &t, &fault) && t.n == 1);
    view_project(all, keep);
    CHECK(read_json(&k->arena, text, &options, NULL, &t, &fault) && t.n == 3);
}
static void what_gives_no_row_is_not_kept(void) { kit_run(needs_step); }

static void now_step(kit *k) {
    CHECK(view_uses_now(view_kit_compile(
        k, VIEW("{`column`:[{`name`:`a`,`path`:`birthDate <= today()`}]}"), false)));
    CHECK(!view_uses_now(
        view_kit_compile(k, VIEW("{`column`:[{`name`:`a`,`path`:`birthDate`}]}"), false)));
}
static void a_view_that_asks_the_clock_is_known(void) { kit_run(now_step); }

const unit_test view_facts_suite[] = {UNIT_TEST(cells_are_texts_objects_arrays_and_null),
                                      UNIT_TEST(the_explanation_shows_plan_and_paths),
                                      UNIT_TEST(what_a_view_reads_is_kept),
                                      UNIT_TEST(texts_that_every_row_needs),
                                      UNIT_TEST(what_gives_no_row_is_not_kept),
                                      UNIT_TEST(a_view_that_asks_the_clock_is_known),
                                      UNIT_END};
