/* SPDX-License-Identifier: Apache-2.0 */
/* Arms, dose schemes, anchors, visits and endpoints of protocol.json: what is read, and that every
 * mistake is found with its place and a remedy. */
#include "trial_kit.h"

#define CRITERIA                                                                                   \
    "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,"      \
    "`met`:`obs.score.exists()`}]"
#define PARAMETERS                                                                                 \
    "`parameters`:[{`name`:`early`,`type`:`Quantity`,`siteMustConfirm`:true},"                     \
    "{`name`:`late`,`type`:`Quantity`,`siteMustConfirm`:true},"                                    \
    "{`name`:`arm1`,`type`:`code`,`value`:`A`}]"
#define SCHEME                                                                                     \
    "{`id`:`30/10`,`text`:`x`,`dose`:{`value`:30,`unit`:`Gy`},`fractions`:10,`rows`:`obs`}"
#define ARM                                                                                        \
    "{`id`:`A`,`title`:`t`,`text`:`x`,`assigned`:`obs.tag.exists($this = %arm1)`,"                 \
    "`schemes`:[`30/10`]}"
#define ANCHOR "{`id`:`start`,`text`:`x`,`date`:`obs.effective.sort().first()`}"
#define VISIT                                                                                      \
    "{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:`months`},"     \
    "`before`:`early`,`after`:`late`}"
#define ENDPOINT                                                                                   \
    "{`id`:`pain`,`role`:`primary`,`text`:`x`,`visits`:[`M3`],"                                    \
    "`evidence`:`obs.where(effective.toDate() >= %from and effective.toDate() <= %to)`,"           \
    "`baseline`:`obs.where(effective.toDate() <= %anchor).sort(effective).last().score`,"          \
    "`value`:`obs.where(effective.toDate() >= %from).sort(effective).last().score`,"               \
    "`change`:`%baseline - %value`,`met`:`%change >= 3 and %arm = 'A' and %visit.exists()`,"       \
    "`unknown`:[{`when`:`%baseline.empty()`,`reason`:`no-data`}]}"
#define SCHEDULE(schemes, arms, anchors, visits, endpoints)                                        \
    CRITERIA "," PARAMETERS ",`schemes`:[" schemes "],`arms`:[" arms "],`anchors`:[" anchors       \
             "],`visits`:[" visits "],`endpoints`:[" endpoints "]"

static const mappings *load(kit *k, const char *members) {
    kit_views(k);
    kit_study(k, members);
    return kit_load(k);
}

static void read_step(kit *k) {
    const mappings *m = load(k, SCHEDULE(SCHEME, ARM, ANCHOR, VISIT, ENDPOINT));
    if (!CHECK(m != NULL)) {
        kit_show(k);
        return;
    }
    const study *s = mappings_study(m, 0);
    static const char *const ids[] = {"A", "30/10", "M3", "pain"};
    for (int part = SCHEDULE_ARM; part <= SCHEDULE_ENDPOINT; part++) {
        CHECK_INT(study_schedule_count(s, (schedule_part)part), 1);
        CHECK_TEXT(study_schedule_id(s, (schedule_part)part, 0), ids[part]);
    }
    CHECK_INT(k->found.n, 0);
}
static void a_schedule_is_read(void) { kit_run(read_step); }

static void none_step(kit *k) {
    const mappings *m = load(k, CRITERIA);
    CHECK_OR_RETURN(m != NULL);
    for (int part = SCHEDULE_ARM; part <= SCHEDULE_ENDPOINT; part++)
        CHECK_INT(study_schedule_count(mappings_study(m, 0), (schedule_part)part), 0);
}
static void a_study_needs_none(void) { kit_run(none_step); }

static void refused(kit *k, const char *members, const char *place, const char *text,
                    const char *remedy) {
    CHECK(load(k, members) == NULL);
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

#define REFUSED(name, members, place, text, remedy)                                                \
    static void name##_step(kit *k) { refused(k, members, place, text, remedy); }                  \
    static void name(void) { kit_run(name##_step); }
#define SCHEMES(one)   SCHEDULE(one, ARM, ANCHOR, VISIT, ENDPOINT)
#define ARMS(one)      SCHEDULE(SCHEME, one, ANCHOR, VISIT, ENDPOINT)
#define ANCHORS(one)   SCHEDULE(SCHEME, ARM, one, VISIT, ENDPOINT)
#define VISITS(one)    SCHEDULE(SCHEME, ARM, ANCHOR, one, ENDPOINT)
#define ENDPOINTS(one) SCHEDULE(SCHEME, ARM, ANCHOR, VISIT, one)

REFUSED(arms_that_are_no_list, CRITERIA ",`arms`:{}", "/arms", "array of objects", "write [")
REFUSED(arms_of_no_objects, CRITERIA ",`arms`:[`A`]", "/arms", "array of objects", "write [")
REFUSED(a_misspelt_member,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:"
               "`months`},`before`:`early`,`after`:`late`,`offsett`:1}"),
        "/visits/0/offsett", "offsett", "offset")
REFUSED(an_id_twice, SCHEMES(SCHEME "," SCHEME), "/schemes/1/id", "the id '30/10' is taken",
        "another")
REFUSED(a_scheme_without_a_dose,
        SCHEMES("{`id`:`30/10`,`text`:`x`,`dose`:30,`fractions`:10,`rows`:`obs`}"),
        "/schemes/0/dose", "needs a \"dose\"", "Gy")
REFUSED(a_scheme_of_no_whole_fractions,
        SCHEMES("{`id`:`30/10`,`text`:`x`,`dose`:{`value`:30,`unit`:`Gy`},`fractions`:1.5,`rows`:"
                "`obs`}"),
        "/schemes/0/fractions", "needs \"fractions\"", "whole number")
REFUSED(an_arm_of_an_unknown_scheme,
        ARMS("{`id`:`A`,`title`:`t`,`text`:`x`,`assigned`:`obs.exists()`,`schemes`:[`30/1`]}"),
        "/arms/0/schemes/0", "no scheme '30/1'", "30/10")
REFUSED(an_arm_that_nobody_can_tell, ARMS("{`id`:`A`,`title`:`t`,`text`:`x`}"), "/arms/0",
        "\"assigned\" must be a text", "add it")
REFUSED(an_assignment_that_is_no_boolean,
        ARMS("{`id`:`A`,`title`:`t`,`text`:`x`,`assigned`:`obs.score.first()`}"),
        "/arms/0/assigned", "must give a Boolean", "compare")
REFUSED(an_anchor_of_an_unknown_arm,
        ANCHORS("{`id`:`start`,`arm`:`B`,`text`:`x`,`date`:`obs.effective.first()`}"),
        "/anchors/0/arm", "no arm 'B'", "")
REFUSED(an_anchor_that_is_no_date, ANCHORS("{`id`:`start`,`text`:`x`,`date`:`obs.score.first()`}"),
        "/anchors/0/date", "must be one date", "sort")
REFUSED(an_anchor_of_several_dates, ANCHORS("{`id`:`start`,`text`:`x`,`date`:`obs.effective`}"),
        "/anchors/0/date", "must be one date", "sort")
REFUSED(two_anchors_of_one_id, ANCHORS(ANCHOR "," ANCHOR), "/anchors/1", "another anchor 'start'",
        "one anchor")
REFUSED(a_visit_of_an_unknown_anchor,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`begin`,`offset`:{`value`:3,`unit`:"
               "`months`},`before`:`early`,`after`:`late`}"),
        "/visits/0/anchor", "no anchor 'begin'", "")
REFUSED(a_visit_in_no_calendar_unit,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:`mo`}"
               ",`before`:`early`,`after`:`late`}"),
        "/visits/0/offset", "calendar units", "months")
REFUSED(a_tolerance_that_is_no_parameter,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:"
               "`months`},`before`:`earlly`,`after`:`late`}"),
        "/visits/0/before", "no parameter 'earlly'", "early")
REFUSED(a_tolerance_that_is_no_quantity,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:"
               "`months`},`before`:`early`,`after`:`arm1`}"),
        "/visits/0/after", "Quantity parameter", "Quantity")
REFUSED(another_role,
        ENDPOINTS("{`id`:`pain`,`role`:`primry`,`text`:`x`,`evidence`:`obs`,`met`:`true`}"),
        "/endpoints/0/role", "a role is primary", "primary")
REFUSED(an_endpoint_at_an_unknown_visit,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`visits`:[`M6`],`evidence`:`obs`,"
                  "`met`:`true`}"),
        "/endpoints/0/visits/0", "no visit 'M6'", "M3")
REFUSED(an_endpoint_with_visits_and_an_anchor,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`visits`:[`M3`],`anchor`:`start`,"
                  "`evidence`:`obs`,`met`:`true`}"),
        "/endpoints/0/anchor", "anchors of its visits", "remove")
REFUSED(an_endpoint_that_measures_nothing, ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`}"),
        "/endpoints/0", "needs \"evidence\" (or \"rows\") and", "incomplete")
REFUSED(a_value_that_is_a_row,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`evidence`:`obs`,`value`:`obs`}"),
        "/endpoints/0/value", "must be a value, not a row", "column")
REFUSED(a_change_of_several_values,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`evidence`:`obs`,`value`:`obs.score`,"
                  "`change`:`obs.score`}"),
        "/endpoints/0/change", "must be one value", "%baseline")
REFUSED(rows_of_no_visit,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`rows`:`obs`,`met`:`true`}"),
        "/endpoints/0/rows", "those at a visit", "visits")
REFUSED(rows_that_are_values,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`visits`:[`M3`],`rows`:`obs.score`,"
                  "`met`:`true`}"),
        "/endpoints/0/rows", "must be rows", "rows")
REFUSED(a_visit_in_hours,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:3,`unit`:"
               "`hours`},`before`:`early`,`after`:`late`}"),
        "/visits/0/offset", "whole days", "months")
REFUSED(a_visit_after_half_a_month,
        VISITS("{`id`:`M3`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{`value`:0.5,`unit`:"
               "`months`},`before`:`early`,`after`:`late`}"),
        "/visits/0/offset", "whole days", "months")

static void refused_tolerance(kit *k, const char *value) {
    k->file_count = 0;
    k->found.n = 0;
    kit_file(k, "sites/here/site.json",
             arena_printf(&k->arena,
                          "{`schema`:1,`id`:`here`,`parameters`:{`s1`:{`early`:%s,"
                          "`late`:{`value`:3,`unit`:`days`}}}}",
                          value)
                 .p);
    CHECK(load(k, SCHEDULE(SCHEME, ARM, ANCHOR, VISIT, ENDPOINT)) == NULL);
    CHECK_OR_RETURN(k->found.n == 1);
    CHECK_TEXT(k->found.list[0].file, "sites/here/site.json");
    CHECK_TEXT(k->found.list[0].place, "/parameters/s1/early");
    CHECK(kit_found(k, "a whole number of days or longer"));
}
static void tolerance_step(kit *k) {
    refused_tolerance(k, "{`value`:12,`unit`:`hours`}");
    refused_tolerance(k, "{`value`:1.5,`unit`:`days`}");
    refused_tolerance(k, "{`value`:-1,`unit`:`days`}");
    refused_tolerance(k, "{`value`:3,`unit`:`mg`}");
}
static void a_sites_tolerance_that_moves_no_day(void) { kit_run(tolerance_step); }

REFUSED(a_change_before_the_value,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`evidence`:`obs`,`value`:`%change`}"),
        "/endpoints/0/value", "%change", "")
REFUSED(a_reason_that_does_not_exist,
        ENDPOINTS("{`id`:`pain`,`role`:`primary`,`text`:`x`,`evidence`:`obs`,`met`:`true`,"
                  "`unknown`:[{`when`:`true`,`reason`:`stalee`}]}"),
        "/endpoints/0/unknown/0/reason", "cannot be", "stale")

const unit_test trial_schedule_suite[] = {UNIT_TEST(a_schedule_is_read),
                                          UNIT_TEST(a_study_needs_none),
                                          UNIT_TEST(arms_that_are_no_list),
                                          UNIT_TEST(arms_of_no_objects),
                                          UNIT_TEST(a_misspelt_member),
                                          UNIT_TEST(an_id_twice),
                                          UNIT_TEST(a_scheme_without_a_dose),
                                          UNIT_TEST(a_scheme_of_no_whole_fractions),
                                          UNIT_TEST(an_arm_of_an_unknown_scheme),
                                          UNIT_TEST(an_arm_that_nobody_can_tell),
                                          UNIT_TEST(an_assignment_that_is_no_boolean),
                                          UNIT_TEST(an_anchor_of_an_unknown_arm),
                                          UNIT_TEST(an_anchor_that_is_no_date),
                                          UNIT_TEST(an_anchor_of_several_dates),
                                          UNIT_TEST(two_anchors_of_one_id),
                                          UNIT_TEST(a_visit_of_an_unknown_anchor),
                                          UNIT_TEST(a_visit_in_no_calendar_unit),
                                          UNIT_TEST(a_tolerance_that_is_no_parameter),
                                          UNIT_TEST(a_tolerance_that_is_no_quantity),
                                          UNIT_TEST(another_role),
                                          UNIT_TEST(an_endpoint_at_an_unknown_visit),
                                          UNIT_TEST(an_endpoint_with_visits_and_an_anchor),
                                          UNIT_TEST(an_endpoint_that_measures_nothing),
                                          UNIT_TEST(a_value_that_is_a_row),
                                          UNIT_TEST(a_change_of_several_values),
                                          UNIT_TEST(rows_of_no_visit),
                                          UNIT_TEST(rows_that_are_values),
                                          UNIT_TEST(a_visit_in_hours),
                                          UNIT_TEST(a_visit_after_half_a_month),
                                          UNIT_TEST(a_sites_tolerance_that_moves_no_day),
                                          UNIT_TEST(a_change_before_the_value),
                                          UNIT_TEST(a_reason_that_does_not_exist),
                                          UNIT_END};
