/* SPDX-License-Identifier: Apache-2.0 */
/* The site's code map adds codings before the views run; the originals stay (contracts.md). */
#include "trial_kit.h"

static void prepare(kit *k) {
    kit_file(k, "core/views/codes.json",
             "{`resourceType`:`ViewDefinition`,`name`:`codes`,`resource`:`Observation`,`select`:[{"
             "`column`:[{`name`:`codes`,`type`:`code`,`collection`:true,`path`:`code.coding.code`},"
             "{`name`:`parts`,`type`:`code`,`collection`:true,`path`:`component.code.coding.code`},"
             "{`name`:`value`,`type`:`string`,`path`:`value.ofType(string)`}]}]}");
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`}");
    kit_file(k, "sites/here/conceptmaps/local.json",
             "{`resourceType`:`ConceptMap`,`url`:`https://m.example/local`,`status`:`active`,"
             "`group`:[{`source`:`local`,`target`:`std`,`element`:[{`code`:`L1`,`target`:[{`code`:"
             "`S1`,`equivalence`:`equal`},{`code`:`S2`,`equivalence`:`wider`}]}]}]}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}

static str cells(kit *k, const char *text) {
    message m = kit_message(k, text);
    if (!CHECK(m.n == 1 && m.entries[0].row_count == 1)) return (str){0};
    return m.entries[0].rows[0].cells;
}

#define OBS(codings, rest)                                                                         \
    "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{`coding`:[" codings           \
    "]},`subject`:{`reference`:`Patient/p`}" rest "}"

static void added_step(kit *k) {
    prepare(k);
    CHECK_TEXT(cells(k, OBS("{`system`:`local`,`code`:`L1`},{`system`:`x`,`code`:`last`}",
                            ",`valueString`:`v`")),
               "[[\"L1\",\"S1\",\"S2\",\"last\"],[],\"v\"]");
}
static void codings_are_added_behind_the_original(void) { kit_run(added_step); }

static void deep_step(kit *k) {
    prepare(k);
    CHECK_TEXT(cells(k, OBS("{`code`:`a`}", ",`component`:[{`code`:{`coding`:[{`system`:`local`,"
                                            "`code`:`L1`}]}}]")),
               "[[\"a\"],[\"L1\",\"S1\",\"S2\"],null]");
}
static void codings_are_added_at_every_depth(void) { kit_run(deep_step); }

static void there_step(kit *k) {
    prepare(k);
    CHECK_TEXT(cells(k, OBS("{`system`:`local`,`code`:`L1`},{`system`:`std`,`code`:`S1`}", "")),
               "[[\"L1\",\"S2\",\"S1\"],[],null]");
}
static void a_coding_that_is_there_is_not_added(void) { kit_run(there_step); }

static void other_step(kit *k) {
    prepare(k);
    CHECK_TEXT(cells(k, OBS("{`system`:`other`,`code`:`L1`},{`code`:`L1`}", "")),
               "[[\"L1\",\"L1\"],[],null]");
}
static void another_system_is_not_mapped(void) { kit_run(other_step); }

static void bundle_step(kit *k) {
    prepare(k);
    message m =
        kit_message(k, "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:[{`resource`:" OBS(
                           "{`system`:`local`,`code`:`L1`}",
                           "") "},{`resource`:" OBS("{`code`:`b`}", "") "}]}");
    CHECK_OR_RETURN(m.n == 2);
    CHECK_TEXT(m.entries[0].rows[0].cells, "[[\"L1\",\"S1\",\"S2\"],[],null]");
    CHECK_TEXT(m.entries[1].rows[0].cells, "[[\"b\"],[],null]");
    /* Version and content are of what was sent. */
    message alone = kit_message(k, OBS("{`system`:`local`,`code`:`L1`}", ""));
    CHECK(str_eq(alone.entries[0].content, m.entries[0].content));
}
static void later_resources_keep_their_place(void) { kit_run(bundle_step); }

const unit_test trial_codemap_suite[] = {
    UNIT_TEST(codings_are_added_behind_the_original), UNIT_TEST(codings_are_added_at_every_depth),
    UNIT_TEST(a_coding_that_is_there_is_not_added),   UNIT_TEST(another_system_is_not_mapped),
    UNIT_TEST(later_resources_keep_their_place),      UNIT_END};
