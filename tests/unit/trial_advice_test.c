/* SPDX-License-Identifier: Apache-2.0 */
/* What is warned of in a set without errors: each kind once, at its place, and nothing in a good
 * set. */
#include "trial_kit.h"

#define CRITERION(id, members)                                                                     \
    "{`id`:`" id "`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`," members "}"
#define VALUE_SET(compose)                                                                         \
    "{`resourceType`:`ValueSet`,`url`:`urn:vs`,`status`:`active`,`compose`:{" compose "}}"
#define CODES "{`system`:`urn:s`,`concept`:[{`code`:`a`},{`code`:`b`}]}"
#define SITE_MAP(target)                                                                           \
    "{`resourceType`:`ConceptMap`,`url`:`urn:mine`,`status`:`active`,`group`:[{`source`:`urn:own`" \
    ",`"                                                                                           \
    "target`:`urn:s`,`element`:[{`code`:`x`,`target`:[{`code`:`" target                            \
    "`,`equivalence`:`equivalent`}]}]}]}"

static const char *const good_set = VALUE_SET("`include`:[" CODES "]");

static void load(kit *k, const char *screening, const char *criteria) {
    kit_views(k);
    kit_study(
        k,
        kit_text(k,
                 arena_printf(&k->arena, "`screening`:[%s],`criteria`:[%s]", screening, criteria).p)
            .p);
}

static void finish(kit *k, const char *place, const char *text) {
    CHECK(kit_load(k) != NULL);
    for (isize i = 0; i < k->found.n; i++) {
        const problem *p = &k->found.list[i];
        if (str_find(p->text, str_from(text), 0) < 0) continue;
        CHECK_INT(p->level, PROBLEM_WARNING);
        CHECK_TEXT(p->place, place);
        CHECK(p->remedy.n > 0);
        return;
    }
    CHECK_MSG(false, "nothing says \"%s\"", text);
    kit_show(k);
}

static void codes(kit *k, const char *set, const char *map) {
    kit_file(k, "core/valuesets/v.json", set);
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`}");
    kit_file(k, "sites/here/conceptmaps/m.json", map);
    load(k, "`X`", CRITERION("X", "`met`:`obs.where(code.memberOf('urn:vs')).exists()`"));
}

static void good_step(kit *k) {
    codes(k, good_set, SITE_MAP("a"));
    CHECK(kit_load(k) != NULL);
    if (k->found.n) kit_show(k);
    CHECK_INT(k->found.n, 0);
}
static void a_good_set_has_no_warning(void) { kit_run(good_step); }

#define WARNED(name, place, text, ...)                                                             \
    static void name##_step(kit *k) {                                                              \
        __VA_ARGS__;                                                                               \
        finish(k, place, text);                                                                    \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

WARNED(a_target_that_nothing_knows, "/group/0/element/0/target/0/code",
       "knows the code 'c' of urn:s", codes(k, good_set, SITE_MAP("c")))
WARNED(a_code_beside_its_system, "/compose/include/0/concept/0", "its whole system is",
       codes(k, VALUE_SET("`include`:[" CODES ",{`system`:`urn:s`}]"), SITE_MAP("a")))
WARNED(a_code_that_is_excluded, "/compose/include/0/concept/1", "'b' is excluded further down",
       codes(k,
             VALUE_SET("`include`:[" CODES
                       "],`exclude`:[{`system`:`urn:s`,`concept`:[{`code`:`b`}]}]"),
             SITE_MAP("a")))
WARNED(an_exclusion_of_nothing, "/compose/exclude/0/concept/0", "'c' is excluded and was never",
       codes(k,
             VALUE_SET("`include`:[" CODES
                       "],`exclude`:[{`system`:`urn:s`,`concept`:[{`code`:`c`}]}]"),
             SITE_MAP("a")))
WARNED(screening_that_is_never_met, "/criteria/0/met", "'X' screens and can never be met",
       load(k, "`X`", CRITERION("X", "`met`:`false`,`notMet`:`obs.exists()`")))
WARNED(screening_that_applies_to_nobody, "/criteria/0/applies", "can never be met",
       load(k, "`X`", CRITERION("X", "`met`:`obs.exists()`,`applies`:` false `")))
WARNED(two_opposites, "/criteria/1/met", "'Y' and 'X' screen and are never met together",
       load(k, "`X`,`Y`",
            CRITERION("X", "`met`:`person.exists()`,`notMet`:`obs.exists()`") "," CRITERION(
                "Y", "`met`:`obs.exists()`")))

const unit_test trial_advice_suite[] = {UNIT_TEST(a_good_set_has_no_warning),
                                        UNIT_TEST(a_target_that_nothing_knows),
                                        UNIT_TEST(a_code_beside_its_system),
                                        UNIT_TEST(a_code_that_is_excluded),
                                        UNIT_TEST(an_exclusion_of_nothing),
                                        UNIT_TEST(screening_that_is_never_met),
                                        UNIT_TEST(screening_that_applies_to_nobody),
                                        UNIT_TEST(two_opposites),
                                        UNIT_END};
