/* SPDX-License-Identifier: Apache-2.0 */
/* The criteria of a protocol: every mistake is found with its place and a remedy. */
#include "trial_kit.h"

#define CRITERION                                                                                  \
    "{`id`:`X`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,`met`:`obs.score.exists()`}"
#define CRITERIA      "`screening`:[`X`],`criteria`:[" CRITERION "]"
#define CIRCUMSTANCES "`circumstances`:{`dead`:`false`,`consentDenied`:`false`,`enrolled`:`false`}"
#define HEAD                                                                                       \
    "`schema`:1,`id`:`s1`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,`status`:`active`"

static const mappings *load(kit *k, const char *protocol) {
    kit_views(k);
    kit_file(k, "studies/s1/protocol.json", protocol);
    return kit_load(k);
}

static void refused(kit *k, const char *protocol, const char *place, const char *text,
                    const char *remedy) {
    CHECK(load(k, protocol) == NULL);
    for (isize i = 0; i < k->found.n; i++) {
        const problem *p = &k->found.list[i];
        if (str_find(p->text, str_from(text), 0) < 0) continue;
        CHECK_TEXT(p->place, place);
        CHECK_TEXT(p->file, "studies/s1/protocol.json");
        CHECK(p->at >= 0);
        CHECK_MSG(str_find(p->remedy, str_from(remedy), 0) >= 0, "%.*s", STR_ARGS(p->remedy));
        return;
    }
    CHECK_MSG(false, "nothing says \"%s\"", text);
    kit_show(k);
}

#define REFUSED(name, protocol, place, text, remedy)                                               \
    static void name##_step(kit *k) { refused(k, protocol, place, text, remedy); }                 \
    static void name(void) { kit_run(name##_step); }

#define STUDY(more) "{" HEAD "," CIRCUMSTANCES "," more "}"
#define ONE(members)                                                                               \
    STUDY("`screening`:[`X`],`criteria`:[" CRITERION ",{`id`:`Y`,`text`:`y`," members "}]")
#define IN_Y "`kind`:`inclusion`,"
#define FULL "`evidence`:`obs`,`met`:`true`"

REFUSED(a_criterion_named_twice,
        STUDY("`screening`:[`X`],`criteria`:[" CRITERION "," CRITERION "]"), "/criteria/1/id",
        "two criteria", "rename")
REFUSED(a_misspelt_kind, ONE("`kind`:`inclussion`," FULL), "/criteria/1/kind",
        "cannot be 'inclussion'", "inclusion")
REFUSED(a_rule_in_a_study, ONE("`kind`:`rule`," FULL), "/criteria/1/kind", "a study has inclusions",
        "report")
REFUSED(no_evidence, ONE(IN_Y "`met`:`true`"), "/criteria/1", "needs \"evidence\" and \"met\"",
        "human")
REFUSED(a_misspelt_view_in_an_expression, ONE(IN_Y "`evidence`:`obz`,`met`:`true`"),
        "/criteria/1/evidence", "obz", "obs")
REFUSED(a_misspelt_column, ONE(IN_Y "`evidence`:`obs`,`met`:`obs.where(scor > 1).exists()`"),
        "/criteria/1/met", "scor", "score")
REFUSED(an_unknown_parameter,
        ONE(IN_Y "`evidence`:`obs`,`met`:`obs.where(score > %least).exists()`"), "/criteria/1/met",
        "%least", "")
REFUSED(a_met_that_is_no_boolean, ONE(IN_Y "`evidence`:`obs`,`met`:`obs.first().score`"),
        "/criteria/1/met", "Boolean", "exists()")
REFUSED(a_misspelt_reason, ONE(IN_Y FULL ",`unknown`:[{`when`:`true`,`reason`:`ambigous-site`}]"),
        "/criteria/1/unknown/0/reason", "cannot be", "ambiguous-site")
REFUSED(a_misspelt_absent, ONE(IN_Y FULL ",`absent`:`not met`,`view`:`obs`"), "/criteria/1/absent",
        "cannot be", "not-met")
REFUSED(an_absent_without_a_view, ONE(IN_Y FULL ",`absent`:`not-met`"), "/criteria/1/absent",
        "needs the \"view\"", "")
REFUSED(an_unknown_view, ONE(IN_Y FULL ",`absent`:`not-met`,`view`:`persn`"), "/criteria/1/view",
        "there is no view", "person")
REFUSED(a_pair_of_one, ONE(IN_Y FULL ",`pair`:`X`"), "/criteria/1/pair", "name each other", "")
REFUSED(a_pair_with_nobody, ONE(IN_Y FULL ",`pair`:`Z9`"), "/criteria/1/pair", "no criterion 'Z9'",
        "")
REFUSED(no_screening, STUDY("`criteria`:[" CRITERION "]"), "", "at least one inclusion", "Flag")
REFUSED(a_screening_exclusion,
        STUDY("`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`exclusion`,`text`:`x`," FULL "}]"),
        "/screening/0", "must be an inclusion", "screening")
REFUSED(an_unknown_screening_criterion, STUDY("`screening`:[`XX`],`criteria`:[" CRITERION "]"),
        "/screening/0", "no criterion 'XX'", "X")
REFUSED(a_contradiction_without_a_condition,
        STUDY("`contradictions`:[{`id`:`C`,`text`:`t`}]," CRITERIA), "/contradictions/0",
        "\"when\" must be a text", "")

static void refused_guideline(kit *k, const char *members, const char *text) {
    kit_views(k);
    kit_study(k, members);
    k->files[k->file_count - 1].name = S("guidelines/s1/protocol.json");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, text));
}
static void inclusion_step(kit *k) {
    refused_guideline(k, "`criteria`:[" CRITERION "]", "a guideline has rules and reports");
}
static void an_inclusion_in_a_guideline(void) { kit_run(inclusion_step); }
static void screening_step(kit *k) {
    refused_guideline(k,
                      "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`rule`,`text`:`x`," FULL "}]",
                      "a guideline has no \"screening\"");
}
static void screening_in_a_guideline(void) { kit_run(screening_step); }

const unit_test trial_criterion_suite[] = {UNIT_TEST(a_criterion_named_twice),
                                           UNIT_TEST(a_misspelt_kind),
                                           UNIT_TEST(a_rule_in_a_study),
                                           UNIT_TEST(no_evidence),
                                           UNIT_TEST(a_misspelt_view_in_an_expression),
                                           UNIT_TEST(a_misspelt_column),
                                           UNIT_TEST(an_unknown_parameter),
                                           UNIT_TEST(a_met_that_is_no_boolean),
                                           UNIT_TEST(a_misspelt_reason),
                                           UNIT_TEST(a_misspelt_absent),
                                           UNIT_TEST(an_absent_without_a_view),
                                           UNIT_TEST(an_unknown_view),
                                           UNIT_TEST(a_pair_of_one),
                                           UNIT_TEST(a_pair_with_nobody),
                                           UNIT_TEST(no_screening),
                                           UNIT_TEST(an_inclusion_in_a_guideline),
                                           UNIT_TEST(screening_in_a_guideline),
                                           UNIT_TEST(a_screening_exclusion),
                                           UNIT_TEST(an_unknown_screening_criterion),
                                           UNIT_TEST(a_contradiction_without_a_condition),
                                           UNIT_END};
