/* SPDX-License-Identifier: Apache-2.0 */
/* The order of contracts.md ("First that holds"), a test for each of its steps and for each step
 * winning over the next. Observations o1 (score 5, tag a) and o2 (score 7, tag b) are the record
 * unless a test says otherwise. */
#include "trial_kit.h"

#define TWO                                                                                        \
    "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:["                                       \
    "{`resource`:{`resourceType`:`Observation`,`id`:`o1`,`meta`:{`versionId`:`3`},"                \
    "`status`:`final`,`code`:{`coding`:[{`code`:`a`}]},`subject`:{`reference`:`Patient/p`},"       \
    "`valueQuantity`:{`value`:5}}},"                                                               \
    "{`resource`:{`resourceType`:`Observation`,`id`:`o2`,`status`:`final`,"                        \
    "`code`:{`coding`:[{`code`:`b`}]},`subject`:{`reference`:`Patient/p`},"                        \
    "`valueQuantity`:{`value`:7.0}}}]}"
#define NOTHING "{`resourceType`:`Bundle`,`type`:`collection`}"

/* Loads one inclusion X with these members beside id, kind and text, and decides it. */
static const finding *decide_with(kit *k, const char *top, const char *members, const char *message,
                                  const char *site) {
    static verdict v;
    kit_views(k);
    if (site) kit_file(k, "sites/here/site.json", site);
    str study = arena_printf(
        &k->arena, "%s`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,%s}]",
        top, members);
    kit_study(k, study.p);
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        v = (verdict){0};
        return kit_finding(&v, "X");
    }
    v = kit_verdict(k, message);
    return kit_finding(&v, "X");
}

static void expect(const finding *f, result result, reason reason) {
    CHECK_TEXT(result_name(f->result), result_name(result).p);
    CHECK_TEXT(reason_name(f->reason), reason_name(reason).p);
}

#define CASE(name, result, reason, message, members)                                               \
    static void name##_step(kit *k) {                                                              \
        expect(decide_with(k, "", members, message, NULL), result, reason);                        \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

CASE(met_is_met, RESULT_MET, REASON_NONE, TWO, "`evidence`:`obs`,`met`:`obs.score.max() >= 7`")
CASE(not_met_defaults_to_not_of_met, RESULT_NOT_MET, REASON_NONE, TWO,
     "`evidence`:`obs`,`met`:`obs.score.max() > 7`")
CASE(not_met_of_its_own, RESULT_NOT_MET, REASON_NONE, TWO,
     "`evidence`:`obs`,`met`:`{}`,`notMet`:`obs.exists()`")
CASE(neither_met_nor_not_met_is_error, RESULT_UNKNOWN, REASON_ERROR, TWO,
     "`evidence`:`obs`,`met`:`{}`")
CASE(neither_gives_the_first_unknown_rule, RESULT_UNKNOWN, REASON_STALE, TWO,
     "`evidence`:`obs`,`met`:`{}`,`unknown`:[{`when`:`false`,`reason`:`imprecise`},"
     "{`when`:`obs.exists()`,`reason`:`stale`},{`when`:`true`,`reason`:`bad-unit`}]")
CASE(met_and_not_met_is_conflict, RESULT_UNKNOWN, REASON_CONFLICT, TWO,
     "`evidence`:`obs`,`met`:`true`,`notMet`:`true`")
CASE(unknown_rules_do_not_touch_a_decision, RESULT_MET, REASON_NONE, TWO,
     "`evidence`:`obs`,`met`:`true`,`unknown`:[{`when`:`true`,`reason`:`stale`}]")
CASE(no_evidence_is_no_data, RESULT_UNKNOWN, REASON_NO_DATA, NOTHING,
     "`evidence`:`obs`,`met`:`true`")
CASE(no_evidence_gives_the_unknown_rule_first, RESULT_UNKNOWN, REASON_STALE, NOTHING,
     "`evidence`:`obs`,`met`:`true`,`unknown`:[{`when`:`obs.empty()`,`reason`:`stale`}]")
CASE(absent_counts_for_nothing_without_the_sites_claim, RESULT_UNKNOWN, REASON_NO_DATA, NOTHING,
     "`evidence`:`obs`,`met`:`true`,`absent`:`not-met`,`view`:`obs`")
CASE(human_alone_is_needs_human, RESULT_UNKNOWN, REASON_NEEDS_HUMAN, TWO, "`human`:true")
CASE(human_beats_missing_evidence, RESULT_UNKNOWN, REASON_NEEDS_HUMAN, NOTHING,
     "`human`:true,`evidence`:`obs`,`met`:`true`")
CASE(applies_false_is_not_applicable, RESULT_NOT_APPLICABLE, REASON_NONE, TWO,
     "`applies`:`obs.empty()`,`evidence`:`obs`,`met`:`true`")
CASE(applies_false_beats_human, RESULT_NOT_APPLICABLE, REASON_NONE, TWO,
     "`applies`:`false`,`human`:true")
CASE(applies_empty_is_no_data, RESULT_UNKNOWN, REASON_NO_DATA, TWO,
     "`applies`:`{}`,`evidence`:`obs`,`met`:`true`")
CASE(applies_empty_gives_the_unknown_rule_first, RESULT_UNKNOWN, REASON_IMPRECISE, TWO,
     "`applies`:`{}`,`evidence`:`obs`,`met`:`true`,"
     "`unknown`:[{`when`:`true`,`reason`:`imprecise`}]")
CASE(an_error_in_an_expression_is_error, RESULT_UNKNOWN, REASON_ERROR, TWO,
     "`evidence`:`obs`,`met`:`obs.score.single() > 1`")
CASE(an_error_beats_not_applicable, RESULT_UNKNOWN, REASON_ERROR, TWO,
     "`applies`:`false`,`evidence`:`obs`,`met`:`obs.score.single() > 1`")
CASE(an_error_in_an_unknown_rule_is_error, RESULT_UNKNOWN, REASON_ERROR, TWO,
     "`evidence`:`obs`,`met`:`true`,"
     "`unknown`:[{`when`:`obs.score.single() > 1`,`reason`:`stale`}]")

static void absent_step(kit *k) {
    expect(decide_with(k, "", "`evidence`:`obs`,`met`:`true`,`absent`:`not-met`,`view`:`obs`",
                       NOTHING, "{`schema`:1,`id`:`here`,`complete`:[`obs`]}"),
           RESULT_NOT_MET, REASON_NONE);
}
static void absent_counts_where_the_view_is_complete(void) { kit_run(absent_step); }

static void absent_other_step(kit *k) {
    expect(decide_with(k, "", "`evidence`:`obs`,`met`:`true`,`absent`:`met`,`view`:`obs`", NOTHING,
                       "{`schema`:1,`id`:`here`,`complete`:[`person`]}"),
           RESULT_UNKNOWN, REASON_NO_DATA);
}
static void completeness_of_another_view_counts_for_nothing(void) { kit_run(absent_other_step); }

#define CONFIRM                                                                                    \
    "`parameters`:[{`name`:`least`,`type`:`decimal`,`siteMustConfirm`:true,`text`:`x`}],"

static void unset_step(kit *k) {
    expect(decide_with(k, CONFIRM, "`evidence`:`obs`,`met`:`obs.score.max() > %least`", TWO, NULL),
           RESULT_UNKNOWN, REASON_SOURCE_INCOMPLETE);
}
static void an_unset_parameter_is_source_incomplete(void) { kit_run(unset_step); }

static void unset_human_step(kit *k) {
    expect(decide_with(k, CONFIRM, "`human`:true,`evidence`:`obs`,`met`:`obs.score.max() > %least`",
                       TWO, NULL),
           RESULT_UNKNOWN, REASON_SOURCE_INCOMPLETE);
}
static void an_unset_parameter_beats_human(void) { kit_run(unset_human_step); }

static void unset_applies_step(kit *k) {
    expect(decide_with(k, CONFIRM,
                       "`applies`:`false`,`evidence`:`obs`,`met`:`obs.score.max() > %least`", TWO,
                       NULL),
           RESULT_NOT_APPLICABLE, REASON_NONE);
}
static void not_applicable_beats_an_unset_parameter(void) { kit_run(unset_applies_step); }

static void set_step(kit *k) {
    expect(decide_with(k, CONFIRM, "`evidence`:`obs`,`met`:`obs.score.max() > %least`", TWO,
                       "{`schema`:1,`id`:`here`,`parameters`:{`s1`:{`least`:6.9}}}"),
           RESULT_MET, REASON_NONE);
}
static void the_sites_value_is_used(void) { kit_run(set_step); }

static void unset_define_step(kit *k) {
    expect(decide_with(k,
                       CONFIRM
                       "`define`:[{`name`:`over`,`text`:`x`,`expression`:`obs.where(score > "
                       "%least)`},{`name`:`again`,`text`:`x`,`expression`:`%over`}],",
                       "`evidence`:`obs`,`met`:`%again.exists()`", TWO, NULL),
           RESULT_UNKNOWN, REASON_SOURCE_INCOMPLETE);
}
static void an_unset_parameter_reaches_through_defines(void) { kit_run(unset_define_step); }

static void error_define_step(kit *k) {
    expect(decide_with(k, "`define`:[{`name`:`one`,`text`:`x`,`expression`:`obs.score.single()`}],",
                       "`evidence`:`obs`,`met`:`%one > 1`,`notMet`:`true`", TWO, NULL),
           RESULT_UNKNOWN, REASON_ERROR);
}
static void an_error_in_a_define_is_error(void) { kit_run(error_define_step); }

/* Twenty doublings of two rows pass LIMIT_ITEMS (2^20). */
static void limit_step(kit *k) {
    str chain = S("`define`:[{`name`:`d0`,`text`:`x`,`expression`:`obs`}");
    for (int i = 1; i <= 20; i++)
        chain = arena_printf(&k->arena,
                             "%.*s,{`name`:`d%d`,`text`:`x`,`expression`:`%%d%d.combine(%%d%d)`}",
                             STR_ARGS(chain), i, i - 1, i - 1);
    chain = arena_printf(&k->arena, "%.*s],", STR_ARGS(chain));
    expect(decide_with(k, chain.p, "`evidence`:`obs`,`met`:`%d20.exists()`", TWO, NULL),
           RESULT_UNKNOWN, REASON_LIMIT);
}
static void a_limit_is_limit(void) { kit_run(limit_step); }

/* --- evidence --- */
static void versioned_step(kit *k) {
    const finding *f = decide_with(k, "", "`evidence`:`obs`,`met`:`true`", TWO, NULL);
    CHECK_OR_RETURN(f->evidence_count == 2);
    CHECK_TEXT(f->evidence[0], "Observation/o1/_history/3");
    CHECK_TEXT(f->evidence[1], "Observation/o2"); /* it has no version */
}
static void evidence_is_versioned_where_there_is_a_version(void) { kit_run(versioned_step); }

static void value_step(kit *k) {
    const finding *f =
        decide_with(k, "", "`evidence`:`obs.where(score = 7).score`,`met`:`true`", TWO, NULL);
    CHECK_OR_RETURN(f->evidence_count == 1);
    CHECK_TEXT(f->evidence[0], "Observation/o2");
}
static void evidence_of_a_value_is_its_row(void) { kit_run(value_step); }

static void once_step(kit *k) {
    const finding *f = decide_with(k, "", "`evidence`:`obs.combine(obs)`,`met`:`true`", TWO, NULL);
    CHECK_INT(f->evidence_count, 2);
}
static void evidence_names_a_resource_once(void) { kit_run(once_step); }

static void derived_step(kit *k) {
    kit_file(k, "core/views/top.json",
             "{`name`:`top`,`resource`:`Record`,`select`:[{`forEach`:`obs.where(score = 5)`,"
             "`column`:[{`name`:`source`,`type`:`string`,`collection`:true,`path`:`source`}]}]}");
    const finding *f = decide_with(k, "", "`evidence`:`top`,`met`:`true`", TWO, NULL);
    CHECK_OR_RETURN(f->evidence_count == 1);
    CHECK_TEXT(f->evidence[0], "Observation/o1/_history/3");
}
static void evidence_of_a_derived_row_is_its_source_column(void) { kit_run(derived_step); }

/* --- rows that cannot be trusted --- */
static const finding *with_row(kit *k, record_row row, verdict *v) {
    kit_views(k);
    kit_study(k, "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,"
                 "`evidence`:`obs`,`met`:`true`},{`id`:`Y`,`kind`:`inclusion`,`text`:`x`,"
                 "`evidence`:`person`,`met`:`true`}]");
    if (!kit_load(k)) kit_show(k);
    tape *record = arena_new(&k->arena, tape, 1);
    record_build(k->set, &k->arena, (str){0}, &row, 1, kit_now(), &k->found, record);
    verdict_decide(k->set, mappings_study(k->set, 0), &k->arena, record, kit_now(), v);
    return kit_finding(v, "X");
}

static void stale_step(kit *k) {
    verdict v;
    record_row row = {.view = S("obs"), .source = S("Observation/o"), .cells = S("[]")};
    row.stale = true;
    expect(with_row(k, row, &v), RESULT_UNKNOWN, REASON_STALE_MAPPING);
    expect(kit_finding(&v, "Y"), RESULT_UNKNOWN, REASON_NO_DATA); /* another view */
    CHECK(v.stale_mapping);
}
static void rows_of_another_mapping_are_stale_mapping(void) { kit_run(stale_step); }

static void broken_step(kit *k) {
    verdict v;
    record_row row = {.view = S("obs"),
                      .source = S("Observation/o"),
                      .cells = S("[null,null,null,null,null,\"error\"]")};
    expect(with_row(k, row, &v), RESULT_UNKNOWN, REASON_ERROR);
    CHECK(!v.stale_mapping);
}
static void a_row_that_could_not_be_made_is_error(void) { kit_run(broken_step); }

const unit_test trial_criteria_suite[] = {
    UNIT_TEST(met_is_met),
    UNIT_TEST(not_met_defaults_to_not_of_met),
    UNIT_TEST(not_met_of_its_own),
    UNIT_TEST(neither_met_nor_not_met_is_error),
    UNIT_TEST(neither_gives_the_first_unknown_rule),
    UNIT_TEST(met_and_not_met_is_conflict),
    UNIT_TEST(unknown_rules_do_not_touch_a_decision),
    UNIT_TEST(no_evidence_is_no_data),
    UNIT_TEST(no_evidence_gives_the_unknown_rule_first),
    UNIT_TEST(absent_counts_for_nothing_without_the_sites_claim),
    UNIT_TEST(absent_counts_where_the_view_is_complete),
    UNIT_TEST(completeness_of_another_view_counts_for_nothing),
    UNIT_TEST(human_alone_is_needs_human),
    UNIT_TEST(human_beats_missing_evidence),
    UNIT_TEST(applies_false_is_not_applicable),
    UNIT_TEST(applies_false_beats_human),
    UNIT_TEST(applies_empty_is_no_data),
    UNIT_TEST(applies_empty_gives_the_unknown_rule_first),
    UNIT_TEST(an_error_in_an_expression_is_error),
    UNIT_TEST(an_error_beats_not_applicable),
    UNIT_TEST(an_error_in_an_unknown_rule_is_error),
    UNIT_TEST(an_unset_parameter_is_source_incomplete),
    UNIT_TEST(an_unset_parameter_beats_human),
    UNIT_TEST(not_applicable_beats_an_unset_parameter),
    UNIT_TEST(the_sites_value_is_used),
    UNIT_TEST(an_unset_parameter_reaches_through_defines),
    UNIT_TEST(an_error_in_a_define_is_error),
    UNIT_TEST(a_limit_is_limit),
    UNIT_TEST(evidence_is_versioned_where_there_is_a_version),
    UNIT_TEST(evidence_of_a_value_is_its_row),
    UNIT_TEST(evidence_names_a_resource_once),
    UNIT_TEST(evidence_of_a_derived_row_is_its_source_column),
    UNIT_TEST(rows_of_another_mapping_are_stale_mapping),
    UNIT_TEST(a_row_that_could_not_be_made_is_error),
    UNIT_END};
