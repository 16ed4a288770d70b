/* SPDX-License-Identifier: Apache-2.0 */
/* protocol.json: what is read, and that every mistake is found with its place and a remedy. */
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

REFUSED(a_misspelt_member, "{" HEAD "," CIRCUMSTANCES "," CRITERIA ",`sreening`:[]}", "/sreening",
        "sreening", "screening")
REFUSED(another_schema,
        "{`schema`:2,`id`:`s1`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,`status`:"
        "`active`," CIRCUMSTANCES "," CRITERIA "}",
        "/schema", "\"schema\" must be 1", "schema 1")
REFUSED(a_missing_head, "{`schema`:1,`id`:`s1`," CIRCUMSTANCES "," CRITERIA "}", "",
        "\"title\" is missing", "add it")
REFUSED(another_id,
        "{`schema`:1,`id`:`s2`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,`status`:"
        "`active`," CIRCUMSTANCES "," CRITERIA "}",
        "/id", "name of its folder", "\"s1\"")
REFUSED(another_status,
        "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,`status`:"
        "`open`," CIRCUMSTANCES "," CRITERIA "}",
        "/status", "active or closed", "")
REFUSED(no_circumstances, "{" HEAD "," CRITERIA "}", "", "\"circumstances\" is missing", "")
REFUSED(a_missing_circumstance,
        "{" HEAD ",`circumstances`:{`dead`:`false`,`enrolled`:`false`}," CRITERIA "}",
        "/circumstances", "\"consentDenied\" is missing", "Flag's life")
REFUSED(a_circumstance_that_is_no_boolean,
        "{" HEAD ",`circumstances`:{`dead`:`person.born`,`consentDenied`:`false`,`enrolled`:"
        "`false`}," CRITERIA "}",
        "/circumstances/dead", "Boolean", "")
REFUSED(a_circumstance_of_several_rows,
        "{" HEAD ",`circumstances`:{`dead`:`person.dead`,`consentDenied`:`false`,`enrolled`:"
        "`false`}," CRITERIA "}",
        "/circumstances/dead", "several Booleans", "exists(...)")
REFUSED(a_hold_that_is_no_days, "{" HEAD "," CIRCUMSTANCES ",`flag`:{`hold`:`PT7H`}," CRITERIA "}",
        "/flag/hold", "whole days or weeks", "P7D")
REFUSED(no_criteria, "{" HEAD "," CIRCUMSTANCES "}", "", "needs \"criteria\"", "")

#define STUDY(more) "{" HEAD "," CIRCUMSTANCES "," more "}"

REFUSED(a_bad_parameter_type,
        STUDY("`parameters`:[{`name`:`p`,`type`:`quantity`,`value`:1}]," CRITERIA),
        "/parameters/0/type", "a parameter's type", "Quantity")
REFUSED(a_parameter_without_a_value,
        STUDY("`parameters`:[{`name`:`p`,`type`:`decimal`}]," CRITERIA), "/parameters/0",
        "needs a \"value\"", "siteMustConfirm")
REFUSED(
    a_default_that_the_source_does_not_state,
    STUDY(
        "`parameters`:[{`name`:`p`,`type`:`decimal`,`value`:1,`siteMustConfirm`:true}]," CRITERIA),
    "/parameters/0/value", "has no value here", "site.json")
REFUSED(a_value_of_another_type,
        STUDY("`parameters`:[{`name`:`p`,`type`:`Quantity`,`value`:14}]," CRITERIA),
        "/parameters/0/value", "no value of type Quantity", "unit")
REFUSED(a_parameter_named_twice,
        STUDY("`parameters`:[{`name`:`today`,`type`:`decimal`,`value`:1}]," CRITERIA),
        "/parameters/0/name", "name is taken", "")
REFUSED(a_define_of_a_later_define,
        STUDY("`define`:[{`name`:`a`,`text`:`x`,`expression`:`%b`},{`name`:`b`,`text`:`x`,"
              "`expression`:`obs`}]," CRITERIA),
        "/define/0/expression", "%b", "")

static void head_step(kit *k) {
    const mappings *m = load(k, STUDY("`flag`:{`hold`:`P2W`}," CRITERIA));
    if (!CHECK(m != NULL)) {
        kit_show(k);
        return;
    }
    const study *s = mappings_study(m, 0);
    CHECK_INT(mappings_study_count(m), 1);
    CHECK_TEXT(study_id(s), "s1");
    CHECK_TEXT(study_title(s), "t");
    CHECK(study_open(s));
    CHECK_INT(study_flag_hold_days(s), 14);
    CHECK_TEXT(study_flag_text(s), "Research: screening review suggested, study T1");
    CHECK_INT(study_criterion_count(s), 1);
    CHECK(study_criterion(s, 0)->screening);
    CHECK(!study_criterion(s, 0)->human);
    CHECK(!study_criterion(s, 0)->uses_now);
}
static void a_study_is_read(void) { kit_run(head_step); }

static void default_step(kit *k) {
    const mappings *m = load(k, STUDY(CRITERIA));
    CHECK_OR_RETURN(m != NULL);
    CHECK_INT(study_flag_hold_days(mappings_study(m, 0)), 7);
}
static void the_hold_is_seven_days_by_default(void) { kit_run(default_step); }

static void closed_step(kit *k) {
    const mappings *m =
        load(k, "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,"
                "`status`:`closed`," CIRCUMSTANCES "," CRITERIA "}");
    CHECK_OR_RETURN(m != NULL);
    CHECK(!study_open(mappings_study(m, 0)));
}
static void a_closed_study_is_not_open(void) { kit_run(closed_step); }

static void now_step(kit *k) {
    const mappings *m = load(
        k, STUDY("`define`:[{`name`:`old`,`text`:`x`,`expression`:`obs.where(effective.toDate() < "
                 "%screening)`}],`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:"
                 "`x`,`evidence`:`obs`,`met`:`%old.exists()`}]"));
    if (!CHECK(m != NULL)) {
        kit_show(k);
        return;
    }
    CHECK(study_criterion(mappings_study(m, 0), 0)->uses_now);
}
static void a_criterion_that_leans_on_the_clock_is_known(void) { kit_run(now_step); }

static void warnings_step(kit *k) {
    CHECK(load(k, STUDY("`parameters`:[{`name`:`p`,`type`:`decimal`,`value`:1}],`screening`:[`X`],"
                        "`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,`evidence`:"
                        "`obs.exists()`,`met`:`true`}]")) != NULL);
    CHECK(kit_found(k, "no expression uses %p"));
    CHECK(kit_found(k, "\"evidence\" should give rows"));
}
static void what_nobody_uses_is_warned_of(void) { kit_run(warnings_step); }

const unit_test trial_protocol_suite[] = {UNIT_TEST(a_misspelt_member),
                                          UNIT_TEST(another_schema),
                                          UNIT_TEST(a_missing_head),
                                          UNIT_TEST(another_id),
                                          UNIT_TEST(another_status),
                                          UNIT_TEST(no_circumstances),
                                          UNIT_TEST(a_circumstance_of_several_rows),
                                          UNIT_TEST(a_missing_circumstance),
                                          UNIT_TEST(a_circumstance_that_is_no_boolean),
                                          UNIT_TEST(a_hold_that_is_no_days),
                                          UNIT_TEST(no_criteria),
                                          UNIT_TEST(a_bad_parameter_type),
                                          UNIT_TEST(a_parameter_without_a_value),
                                          UNIT_TEST(a_default_that_the_source_does_not_state),
                                          UNIT_TEST(a_value_of_another_type),
                                          UNIT_TEST(a_parameter_named_twice),
                                          UNIT_TEST(a_define_of_a_later_define),
                                          UNIT_TEST(a_study_is_read),
                                          UNIT_TEST(the_hold_is_seven_days_by_default),
                                          UNIT_TEST(a_closed_study_is_not_open),
                                          UNIT_TEST(a_criterion_that_leans_on_the_clock_is_known),
                                          UNIT_TEST(what_nobody_uses_is_warned_of),
                                          UNIT_END};
