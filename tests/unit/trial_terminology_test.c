/* SPDX-License-Identifier: Apache-2.0 */
/* Value sets and concept maps (FHIR R4 ValueSet.compose, ConceptMap.group) as the paths ask them.
 */
#include "trial_kit.h"

#define SET(name, body)                                                                            \
    "{`resourceType`:`ValueSet`,`url`:`https://v.example/" name "`,`status`:`active`," body "}"
#define MAP(name, groups)                                                                          \
    "{`resourceType`:`ConceptMap`,`url`:`https://m.example/" name                                  \
    "`,`status`:`active`,`group`:[" groups "]}"

static tri member(const kit *k, const char *url, const char *system, const char *code) {
    const path_terminology *t = mappings_terminology(k->set);
    return t->member_of(t->self, str_from(url), str_from(system), str_from(code));
}

/* "code display;..." of the targets. */
static str targets(kit *k, const char *url, const char *system, const char *code) {
    const path_terminology *t = mappings_terminology(k->set);
    path_coding out[8];
    buf text = buf_new(&k->arena, 1 << 16, "targets");
    isize n = t->translate(t->self, str_from(url), str_from(system), str_from(code), out, 8);
    for (isize i = 0; i < n && i < 8; i++)
        buf_printf(&text, "%.*s|%.*s %.*s;", STR_ARGS(out[i].system), STR_ARGS(out[i].code),
                   STR_ARGS(out[i].display));
    return buf_str(&text);
}

static void load(kit *k) {
    kit_views(k);
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}

static void members_step(kit *k) {
    kit_file(k, "core/valuesets/a.json",
             SET("a", "`compose`:{`include`:[{`system`:`s`,`concept`:[{`code`:`2`},{`code`:`1`}]},"
                      "{`system`:`t`,`concept`:[{`code`:`1`}]},{`system`:`whole`}]}"));
    load(k);
    CHECK_INT(member(k, "https://v.example/a", "s", "1"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/a", "s", "2"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/a", "t", "2"), TRI_FALSE);
    CHECK_INT(member(k, "https://v.example/a", "u", "1"), TRI_FALSE);
    CHECK_INT(member(k, "https://v.example/a", "", "2"), TRI_TRUE); /* a bare code */
    CHECK_INT(member(k, "https://v.example/a", "", "3"), TRI_FALSE);
    CHECK_INT(member(k, "https://v.example/a", "whole", "any"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/a|1.0", "s", "1"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/other", "s", "1"), TRI_UNKNOWN);
}
static void a_value_set_knows_its_members(void) { kit_run(members_step); }

static void nested_step(kit *k) {
    kit_file(k, "core/valuesets/a.json",
             SET("a", "`compose`:{`include`:[{`valueSet`:[`https://v.example/b`]},{`system`:`s`,"
                      "`concept`:[{`code`:`9`}]}],`exclude`:[{`system`:`s`,`concept`:[{`code`:`2`}]"
                      "}]}"));
    kit_file(k, "core/valuesets/b.json",
             SET("b", "`compose`:{`include`:[{`system`:`s`,`concept`:[{`code`:`1`},{`code`:`2`}]}]"
                      "}"));
    kit_file(k, "core/valuesets/both.json",
             SET("both", "`compose`:{`include`:[{`valueSet`:[`https://v.example/a`,"
                         "`https://v.example/b`]}]}"));
    load(k);
    CHECK_INT(member(k, "https://v.example/a", "s", "1"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/a", "s", "2"), TRI_FALSE); /* excluded */
    CHECK_INT(member(k, "https://v.example/a", "s", "9"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/both", "s", "1"), TRI_TRUE); /* in each of them */
    CHECK_INT(member(k, "https://v.example/both", "s", "9"), TRI_FALSE);
}
static void value_sets_include_and_exclude(void) { kit_run(nested_step); }

static void expansion_step(kit *k) {
    kit_file(k, "core/valuesets/a.json",
             SET("a", "`expansion`:{`timestamp`:`2025-01-01T00:00:00Z`,`contains`:[{`system`:`s`,"
                      "`code`:`1`,`contains`:[{`system`:`s`,`code`:`1.1`}]},{`abstract`:true,"
                      "`system`:`s`,`code`:`2`}]}"));
    load(k);
    CHECK_INT(member(k, "https://v.example/a", "s", "1.1"), TRI_TRUE);
    CHECK_INT(member(k, "https://v.example/a", "s", "2"), TRI_FALSE);
}
static void an_expansion_is_taken_as_it_is(void) { kit_run(expansion_step); }

static void map_step(kit *k) {
    kit_file(k, "core/conceptmaps/a.json",
             MAP("a", "{`source`:`s`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`z`,"
                      "`display`:`Z`,`equivalence`:`equivalent`},{`code`:`a`,`equivalence`:`wider`"
                      "}]},{`code`:`2`,`target`:[{`code`:`x`,`equivalence`:`disjoint`},{"
                      "`equivalence`:`unmatched`}]}]},{`source`:`u`,`target`:`t2`,`element`:[{"
                      "`code`:`1`,`target`:[{`code`:`q`,`equivalence`:`equal`}]}]}"));
    load(k);
    CHECK_TEXT(targets(k, "https://m.example/a", "s", "1"), "t|z Z;t|a ;"); /* in its order */
    CHECK_TEXT(targets(k, "https://m.example/a", "s", "2"), "");
    CHECK_TEXT(targets(k, "https://m.example/a", "u", "1"), "t2|q ;");
    CHECK_TEXT(targets(k, "https://m.example/a", "", "1"), "t|z Z;t|a ;t2|q ;");
    CHECK_TEXT(targets(k, "https://m.example/a", "x", "1"), "");
}
static void a_map_gives_its_targets_in_order(void) { kit_run(map_step); }

static void site_step(kit *k) {
    kit_file(k, "core/conceptmaps/a.json",
             MAP("a", "{`source`:`s`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`core`,"
                      "`equivalence`:`equal`}]}]}"));
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`}");
    kit_file(k, "sites/here/conceptmaps/a.json",
             MAP("a", "{`source`:`s`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`site`,"
                      "`equivalence`:`equal`}]}]}"));
    load(k);
    CHECK_TEXT(targets(k, "https://m.example/a", "s", "1"), "t|site ;t|core ;");
}
static void a_site_extends_a_map_of_the_same_url(void) { kit_run(site_step); }

static void wrong(kit *k, const char *name, const char *text, const char *message) {
    k->file_count = 0;
    kit_views(k);
    kit_file(k, name, text);
    CHECK(kit_load(k) == NULL);
    if (!CHECK_MSG(kit_found(k, message), "nothing says \"%s\"", message)) kit_show(k);
}

static void mistakes_step(kit *k) {
    wrong(k, "core/valuesets/a.json", "{`resourceType`:`ValueSet`,`status`:`active`}",
          "canonical \"url\"");
    wrong(k, "core/valuesets/a.json", "{`resourceType`:`ConceptMap`,`url`:`x`}",
          "must hold a ValueSet");
    wrong(k, "core/valuesets/a.json", SET("a", "`compse`:{}"), "no element \"compse\"");
    wrong(k, "core/valuesets/a.json", SET("a", "`title`:`x`"), "\"compose\" or \"expansion\"");
    wrong(k, "core/valuesets/a.json",
          SET("a", "`compose`:{`include`:[{`system`:`s`,`filter`:[{`property`:`p`,`op`:`is-a`,"
                   "`value`:`x`}]}]}"),
          "filters");
    wrong(k, "core/valuesets/a.json",
          SET("a", "`compose`:{`include`:[{`valueSet`:[`https://v.example/zz`]}]}"),
          "no value set with this url");
    wrong(k, "core/valuesets/a.json",
          SET("a", "`compose`:{`include`:[{`valueSet`:[`https://v.example/a`]}]}"),
          "includes itself");
    wrong(k, "core/conceptmaps/a.json",
          MAP("a", "{`source`:`s`,`target`:`t`,`element`:[],`unmapped`:{`mode`:`provided`}}"),
          "\"unmapped\" is not supported");
    wrong(k, "core/conceptmaps/a.json",
          MAP("a", "{`source`:`s`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`x`}]}]}"),
          "\"equivalence\"");
    wrong(k, "core/conceptmaps/a.json",
          MAP("a", "{`source`:`s`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`x`,`"
                   "equivalence`:`unmached`}]}]}"),
          "no such equivalence");
}
static void mistakes_are_found(void) { kit_run(mistakes_step); }

static void same_url_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/valuesets/a.json", SET("a", "`compose`:{`include`:[{`system`:`s`}]}"));
    kit_file(k, "core/valuesets/b.json", SET("a", "`compose`:{`include`:[{`system`:`s`}]}"));
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "core/valuesets/a.json has the same url"));
}
static void two_sets_may_not_share_a_url(void) { kit_run(same_url_step); }

static void warnings_step(kit *k) {
    kit_file(k, "core/valuesets/a.json",
             SET("a", "`compose`:{`include`:[{`system`:`s`,`concept`:[{`code`:`1`},{`code`:`1`}]}]"
                      "}"));
    load(k);
    CHECK(kit_found(k, "code '1' stands twice"));
    CHECK(kit_found(k, "no view, study or export uses it"));
    CHECK_INT(k->found.errors, 0);
}
static void double_codes_and_unused_sets_are_warned_of(void) { kit_run(warnings_step); }

/* A view that takes value set and concept map from constants. */
#define CONSTANTS(set, map)                                                                        \
    "{`resourceType`:`ViewDefinition`,`name`:`c`,`status`:`active`,`resource`:`Observation`,"      \
    "`constant`:[{`name`:`s`,`valueString`:`https://v.example/" set                                \
    "`},{`name`:`m`,`valueUri`:`https://m.example/" map                                            \
    "`},{`name`:`other`,`valueString`:`https://v.example/no-set`}],"                               \
    "`where`:[{`path`:`code.memberOf(%s) and status != %other`}],"                                 \
    "`select`:[{`column`:[{`name`:`x`,`type`:`code`,`collection`:true,"                            \
    "`path`:`code.translate(%m).code`}]}]}"

static void constants_step(kit *k) {
    kit_file(k, "core/valuesets/a.json", SET("colours", "`compose`:{`include`:[{`system`:`s`}]}"));
    kit_file(k, "core/conceptmaps/b.json", MAP("shapes", "{`source`:`s`,`target`:`t`}"));
    kit_file(k, "core/views/c.json", CONSTANTS("colors", "shape"));
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "the value set \"https://v.example/colors\" is not loaded"));
    CHECK(kit_found(k, "the concept map \"https://m.example/shape\" is not loaded"));
    CHECK(!kit_found(k, "no-set")); /* a text that nobody takes for a url */
}
static void urls_in_constants_are_looked_up(void) { kit_run(constants_step); }

static void good_constants_step(kit *k) {
    kit_file(k, "core/valuesets/a.json", SET("colours", "`compose`:{`include`:[{`system`:`s`}]}"));
    kit_file(k, "core/conceptmaps/b.json", MAP("shapes", "{`source`:`s`,`target`:`t`}"));
    kit_file(k, "core/views/c.json", CONSTANTS("colours|1.0", "shapes"));
    load(k);
}
static void right_urls_in_constants_are_taken(void) { kit_run(good_constants_step); }

const unit_test trial_terminology_suite[] = {UNIT_TEST(a_value_set_knows_its_members),
                                             UNIT_TEST(value_sets_include_and_exclude),
                                             UNIT_TEST(an_expansion_is_taken_as_it_is),
                                             UNIT_TEST(a_map_gives_its_targets_in_order),
                                             UNIT_TEST(a_site_extends_a_map_of_the_same_url),
                                             UNIT_TEST(mistakes_are_found),
                                             UNIT_TEST(two_sets_may_not_share_a_url),
                                             UNIT_TEST(double_codes_and_unused_sets_are_warned_of),
                                             UNIT_TEST(urls_in_constants_are_looked_up),
                                             UNIT_TEST(right_urls_in_constants_are_taken),
                                             UNIT_END};
