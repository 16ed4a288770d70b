/* SPDX-License-Identifier: Apache-2.0 */
/* Misspelt elements of FHIR resources among the mappings, at any depth. */
#include "trial_kit.h"

static void found_at(kit *k, const char *text, const char *place, const char *remedy) {
    k->file_count = 0;
    kit_views(k);
    kit_file(k, "core/valuesets/a.json", text);
    CHECK(kit_load(k) == NULL);
    for (isize i = 0; i < k->found.n; i++)
        if (str_eq(k->found.list[i].place, str_from(place))) {
            CHECK_STR(k->found.list[i].code, "structure");
            CHECK(str_find(k->found.list[i].remedy, str_from(remedy), 0) >= 0);
            return;
        }
    CHECK_MSG(false, "nothing is said of %s", place);
    kit_show(k);
}

static void depth_step(kit *k) {
    found_at(k, "{`resourceType`:`ValueSet`,`url`:`u`,`statu`:`active`,`expansion`:{}}", "/statu",
             "status");
    found_at(k,
             "{`resourceType`:`ValueSet`,`url`:`u`,`compose`:{`include`:[{`system`:`s`,`concept`:[{"
             "`kode`:`1`}]}]}}",
             "/compose/include/0/concept/0/kode", "code");
}
static void misspelt_elements_are_found_with_a_suggestion(void) { kit_run(depth_step); }

static void fine_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/valuesets/a.json",
             "{`resourceType`:`ValueSet`,`url`:`u`,`_url`:{`id`:`x`},`status`:`active`,"
             "`useContext`:[{`code`:{`code`:`x`},`valueCodeableConcept`:{`text`:`t`}}],`contained`:"
             "[{`resourceType`:`Basic`,`whatever`:1}],`compose`:{`include`:[{`system`:`s`}]}}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}
static void siblings_choices_and_contained_are_fine(void) { kit_run(fine_step); }

const unit_test trial_lint_suite[] = {UNIT_TEST(misspelt_elements_are_found_with_a_suggestion),
                                      UNIT_TEST(siblings_choices_and_contained_are_fine), UNIT_END};
