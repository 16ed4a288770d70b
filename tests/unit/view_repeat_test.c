/* SPDX-License-Identifier: Apache-2.0 */
/* What repeat reaches is known by its type where it is one: mistakes below it are found. */
#include "view_kit.h"

#define FORM(repeat, columns)                                                                      \
    "{`name`:`v`,`status`:`active`,`resource`:`QuestionnaireResponse`,`select`:[{`repeat`:" repeat \
    ",`column`:[" columns "]}]}"
#define TYPED(name, path, type) "{`name`:`" name "`,`path`:`" path "`,`type`:`" type "`}"

static const problem *said(const kit *k, const char *text) {
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(text), 0) >= 0) return &k->found.list[i];
    return NULL;
}

static void items_step(kit *k) {
    CHECK(view_kit_compile(k, FORM("[`item`,`answer.item`]", TYPED("link_id", "linkId", "string")),
                           true) != NULL);
    CHECK_INT(k->found.n, 0);
    kit_show(k);
}
static void one_type_is_known(void) { kit_run(items_step); }

static void misspelt_step(kit *k) {
    CHECK(view_kit_compile(k, FORM("[`item`,`answer.item`]", TYPED("link_id", "linkID", "string")),
                           true) == NULL);
    const problem *p = said(k, "linkID");
    if (!CHECK(p != NULL)) return;
    CHECK_TEXT(p->place, "/select/0/column/0/path");
    CHECK(str_find(p->remedy, S("linkId"), 0) >= 0);
}
static void a_misspelt_element_below_is_found(void) { kit_run(misspelt_step); }

static void meaningless_step(kit *k) {
    CHECK(view_kit_compile(k, FORM("[`item`,`anwser.item`]", TYPED("link_id", "linkId", "string")),
                           true) == NULL);
    const problem *p = said(k, "anwser");
    if (CHECK(p != NULL)) CHECK_TEXT(p->place, "/select/0/repeat/1");
}
static void a_path_that_means_nothing_anywhere_is_found(void) { kit_run(meaningless_step); }

static void mixed_step(kit *k) {
    CHECK(view_kit_compile(k,
                           FORM("[`item`,`answer`]", TYPED("link_id", "linkId.first()", "string")),
                           true) != NULL);
}
static void of_several_types_anything_may_come(void) { kit_run(mixed_step); }

const unit_test view_repeat_suite[] = {UNIT_TEST(one_type_is_known),
                                       UNIT_TEST(a_misspelt_element_below_is_found),
                                       UNIT_TEST(a_path_that_means_nothing_anywhere_is_found),
                                       UNIT_TEST(of_several_types_anything_may_come), UNIT_END};
