/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts (contracts.md, Verdict: first that holds), their counts, what is transient,
 * contradictions, circumstances and the JSON. One Observation without anything is the record. */
#include "trial_kit.h"

#define OBSERVATION(code)                                                                          \
    "{`resourceType`:`Observation`,`id`:`o1`,`meta`:{`versionId`:`2`},`status`:`final`,`code`:"    \
    "{`coding`:[{`code`:`" code "`}]},`subject`:{`reference`:`Patient/p`}}"

/* A criterion that is met, not met or unknown. */
#define IN(id, met) "{`id`:`" id "`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,`met`:`" met "`}"
#define EX(id, met) "{`id`:`" id "`,`kind`:`exclusion`,`text`:`x`,`evidence`:`obs`,`met`:`" met "`}"
#define PASSING(id, kind, met)                                                                     \
    "{`id`:`" id "`,`kind`:`" kind "`,`text`:`x`,`evidence`:`obs`,`met`:`" met "`,`transient`:"    \
    "true}"
#define NA(id, kind)                                                                               \
    "{`id`:`" id "`,`kind`:`" kind "`,`text`:`x`,`applies`:`false`,`evidence`:`obs`,`met`:`true`}"

static verdict decide(kit *k, const char *members, const char *message) {
    kit_views(k);
    kit_study(k, members);
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return (verdict){0};
    }
    return kit_verdict(k, message);
}

#define KIND(name, expected, transient, criteria)                                                  \
    static void name##_step(kit *k) {                                                              \
        verdict v = decide(k, "`screening`:[`A`],`criteria`:[" criteria "]", OBSERVATION("c"));    \
        CHECK_TEXT(verdict_name(v.kind), expected);                                                \
        CHECK_INT(v.only_transient_failed, transient);                                             \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

KIND(all_settled_is_eligible, "eligible", false,
     IN("A", "true") "," EX("B", "false") "," NA("C", "inclusion") "," NA("D", "exclusion"))
KIND(an_exclusion_met_is_ineligible, "ineligible", false, IN("A", "true") "," EX("B", "true"))
KIND(an_inclusion_not_met_is_ineligible, "ineligible", false, IN("A", "true") "," IN("B", "false"))
KIND(an_exclusion_met_beats_an_unknown_screening, "ineligible", false,
     IN("A", "{}") "," EX("B", "true"))
KIND(an_unknown_screening_criterion_is_not_screened, "not-screened", false,
     IN("A", "{}") "," EX("B", "false"))
KIND(another_unknown_inclusion_needs_review, "needs-review", false,
     IN("A", "true") "," IN("B", "{}"))
KIND(an_unknown_exclusion_needs_review, "needs-review", false, IN("A", "true") "," EX("B", "{}"))
KIND(a_screening_criterion_that_does_not_apply_screens, "eligible", false, NA("A", "inclusion"))

KIND(one_transient_failure_is_transient, "ineligible", true,
     IN("A", "true") "," PASSING("B", "inclusion", "false"))
KIND(a_transient_screening_unknown_is_transient, "not-screened", true,
     PASSING("A", "inclusion", "{}"))
KIND(a_lasting_failure_beside_it_is_not, "ineligible", false,
     IN("A", "true") "," PASSING("B", "exclusion", "true") "," EX("C", "true"))
KIND(a_lasting_screening_unknown_beside_it_is_not, "ineligible", false,
     IN("A", "{}") "," PASSING("B", "exclusion", "true"))

#define REPORT(id, met)                                                                            \
    "{`id`:`" id "`,`kind`:`report`,`text`:`x`,`evidence`:`obs`,`met`:`" met "`}"
KIND(a_report_never_decides, "eligible", false,
     IN("A", "true") "," REPORT("R", "false") "," REPORT("S", "true") "," REPORT("T", "{}"))

/* The same members as a guideline's. */
static verdict decide_guideline(kit *k, const char *members) {
    kit_views(k);
    kit_study(k, members);
    k->files[k->file_count - 1].name = S("guidelines/s1/protocol.json");
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return (verdict){0};
    }
    CHECK(study_guideline(mappings_study(k->set, 0)));
    CHECK_TEXT(study_flag_text(mappings_study(k->set, 0)), "Care: review suggested, guideline T1");
    return kit_verdict(k, OBSERVATION("c"));
}

#define RULE(id, met) "{`id`:`" id "`,`kind`:`rule`,`text`:`x`,`evidence`:`obs`,`met`:`" met "`}"
#define GUIDELINE(name, expected, criteria)                                                        \
    static void name##_step(kit *k) {                                                              \
        verdict v = decide_guideline(k, "`criteria`:[" criteria "]");                              \
        CHECK_TEXT(verdict_name(v.kind), expected);                                                \
        CHECK(!v.only_transient_failed);                                                           \
    }                                                                                              \
    static void name(void) { kit_run(name##_step); }

GUIDELINE(one_rule_met_needs_review, "needs-review",
          RULE("A", "false") "," RULE("B", "true") "," RULE("C", "{}"))
GUIDELINE(no_rule_met_but_one_unknown_is_not_screened, "not-screened",
          RULE("A", "false") "," RULE("B", "{}"))
GUIDELINE(no_rule_met_is_ineligible, "ineligible", RULE("A", "false") "," NA("B", "rule"))
GUIDELINE(a_report_of_a_guideline_raises_nothing, "ineligible",
          RULE("A", "false") "," REPORT("R", "true"))

static void counts_step(kit *k) {
    verdict v = decide(k,
                       "`screening`:[`A`],`criteria`:[" IN("A", "true") "," EX("B", "false") "," EX(
                           "C", "{}") "," EX("D", "{}") "," NA("E", "inclusion") "]",
                       OBSERVATION("c"));
    CHECK_INT(v.met, 1);
    CHECK_INT(v.not_met, 1);
    CHECK_INT(v.unknown, 2);
    CHECK_INT(v.not_applicable, 1);
}
static void results_are_counted(void) { kit_run(counts_step); }

static void contradiction_step(kit *k) {
    verdict v = decide(
        k,
        "`screening`:[`A`],`contradictions`:[{`id`:`C1`,`when`:`obs.exists()`,"
        "`text`:`both`},{`id`:`C2`,`when`:`{}`,`text`:`never`}],`criteria`:[" IN("A", "true") "]",
        OBSERVATION("c"));
    CHECK_OR_RETURN(v.contradiction_count == 1);
    CHECK_TEXT(v.contradictions[0].id, "C1");
    CHECK_TEXT(v.contradictions[0].text, "both");
}
static void a_contradiction_that_holds_is_reported(void) { kit_run(contradiction_step); }

static flag_circumstances circumstances(kit *k, const char *message_text) {
    decide(k, "`screening`:[`A`],`criteria`:[" IN("A", "true") "]", OBSERVATION("c"));
    message m = kit_message(k, message_text);
    tape record = kit_record(k, &m);
    return flag_circumstances_of(k->set, mappings_study(k->set, 0), &k->arena, &record, kit_now());
}

static void circumstances_step(kit *k) {
    flag_circumstances c = circumstances(k, OBSERVATION("c"));
    CHECK(!c.dead && !c.test_patient && !c.consent_denied && !c.enrolled && !c.study_closed &&
          !c.error_command);
}
static void circumstances_that_nobody_told_do_not_hold(void) { kit_run(circumstances_step); }

static void denied_step(kit *k) { CHECK(circumstances(k, OBSERVATION("denied")).consent_denied); }
static void a_denied_consent_is_a_circumstance(void) { kit_run(denied_step); }

static void enrolled_step(kit *k) { CHECK(circumstances(k, OBSERVATION("enrolled")).enrolled); }
static void enrolment_is_a_circumstance(void) { kit_run(enrolled_step); }

static void dead_step(kit *k) {
    CHECK(circumstances(k, "{`resourceType`:`Patient`,`id`:`p`,`deceasedBoolean`:true}").dead);
}
static void death_is_a_circumstance(void) { kit_run(dead_step); }

static void test_step(kit *k) { CHECK(circumstances(k, OBSERVATION("test")).test_patient); }
static void a_test_patient_is_a_circumstance(void) { kit_run(test_step); }

static void told_step(kit *k) {
    verdict v = decide(k, "`screening`:[`A`],`criteria`:[" IN("A", "true") "]",
                       "{`resourceType`:`Observation`,`id`:`o1`,`status`:`final`,`code`:{`coding`:["
                       "{`code`:`denied`},{`code`:`test`}]},`subject`:{`reference`:`Patient/p`}}");
    buf out = buf_new(&k->arena, 1 << 20, "a verdict");
    CHECK(v.circumstances.test_patient && v.circumstances.consent_denied && !v.circumstances.dead);
    verdict_json(&v, &out);
    CHECK(str_find(buf_str(&out),
                   kit_text(k, "`contradictions`:[],`circumstances`:[`test-patient`,"
                               "`consent-denied`]}"),
                   0) > 0);
}
static void the_json_says_which_circumstances_hold(void) { kit_run(told_step); }

static void json_step(kit *k) {
    verdict v = decide(k, "`screening`:[`A`],`criteria`:[" IN("A", "true") "," EX("B", "{}") "]",
                       OBSERVATION("c"));
    buf out = buf_new(&k->arena, 1 << 20, "a verdict");
    verdict_json(&v, &out);
    str expected = kit_text(
        k, "{`study`:`s1`,`verdict`:`needs-review`,`met`:1,`notMet`:0,`unknown`:1,"
           "`notApplicable`:0,`criteria`:[{`id`:`A`,`result`:`met`,`reason`:null,`evidence`:"
           "[`Observation/o1/_history/2`]},{`id`:`B`,`result`:`unknown`,`reason`:`error`,"
           "`evidence`:[`Observation/o1/_history/2`]}],`contradictions`:[],`circumstances`:[]}");
    CHECK_BYTES(out.p, out.n, arena_printf(&k->arena, "%.*s", STR_ARGS(expected)).p);
}
static void the_json_has_every_criterion(void) { kit_run(json_step); }

static void reasons_are_a_closed_list(void) {
    static const char *const names[] = {"",
                                        "no-data",
                                        "stale",
                                        "imprecise",
                                        "ambiguous-scale",
                                        "ambiguous-site",
                                        "conflict",
                                        "bad-unit",
                                        "unsupported-code",
                                        "needs-human",
                                        "source-incomplete",
                                        "stale-mapping",
                                        "limit",
                                        "error"};
    for (int i = REASON_NONE; i <= REASON_ERROR; i++) CHECK_TEXT(reason_name((reason)i), names[i]);
}

static void kinds_have_names(void) {
    static const char *const names[] = {"inclusion", "exclusion", "report", "rule"};
    for (int i = CRITERION_INCLUSION; i <= CRITERION_RULE; i++)
        CHECK_TEXT(criterion_kind_name((criterion_kind)i), names[i]);
}

const unit_test trial_verdict_suite[] = {
    UNIT_TEST(all_settled_is_eligible),
    UNIT_TEST(an_exclusion_met_is_ineligible),
    UNIT_TEST(an_inclusion_not_met_is_ineligible),
    UNIT_TEST(an_exclusion_met_beats_an_unknown_screening),
    UNIT_TEST(an_unknown_screening_criterion_is_not_screened),
    UNIT_TEST(another_unknown_inclusion_needs_review),
    UNIT_TEST(an_unknown_exclusion_needs_review),
    UNIT_TEST(a_screening_criterion_that_does_not_apply_screens),
    UNIT_TEST(one_transient_failure_is_transient),
    UNIT_TEST(a_transient_screening_unknown_is_transient),
    UNIT_TEST(a_lasting_failure_beside_it_is_not),
    UNIT_TEST(a_lasting_screening_unknown_beside_it_is_not),
    UNIT_TEST(a_report_never_decides),
    UNIT_TEST(one_rule_met_needs_review),
    UNIT_TEST(no_rule_met_but_one_unknown_is_not_screened),
    UNIT_TEST(no_rule_met_is_ineligible),
    UNIT_TEST(a_report_of_a_guideline_raises_nothing),
    UNIT_TEST(kinds_have_names),
    UNIT_TEST(results_are_counted),
    UNIT_TEST(a_contradiction_that_holds_is_reported),
    UNIT_TEST(circumstances_that_nobody_told_do_not_hold),
    UNIT_TEST(a_denied_consent_is_a_circumstance),
    UNIT_TEST(enrolment_is_a_circumstance),
    UNIT_TEST(death_is_a_circumstance),
    UNIT_TEST(a_test_patient_is_a_circumstance),
    UNIT_TEST(the_json_says_which_circumstances_hold),
    UNIT_TEST(the_json_has_every_criterion),
    UNIT_TEST(reasons_are_a_closed_list),
    UNIT_END};
