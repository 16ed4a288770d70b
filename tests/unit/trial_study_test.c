/* SPDX-License-Identifier: Apache-2.0 */
/* What others may ask of a study: its head as the protocol has it, its criteria, how it is
 * conducted, and whether time alone may change its circumstances. */
#include "trial_kit.h"

#define CRITERION                                                                                  \
    "{`id`:`A`,`kind`:`inclusion`,`text`:`a score`,`evidence`:`obs`,`met`:`obs.exists()`}"
#define WITH_DENIED(expression)                                                                    \
    "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`https://r.example`,`value`:`T1`},`title`:`A "   \
    "study`,`status`:`closed`,`screening`:[`A`],`circumstances`:{`dead`:`false`,`consentDenied`:"  \
    "`" expression "`,`enrolled`:`false`},`criteria`:[" CRITERION "]}"

static const study *load(kit *k, const char *protocol) {
    kit_views(k);
    kit_file(k, "studies/s1/protocol.json", protocol);
    const mappings *m = kit_load(k);
    if (!m) kit_show(k);
    return CHECK(m != NULL) ? mappings_study(m, 0) : NULL;
}

static void head_step(kit *k) {
    const study *s = load(k, WITH_DENIED("false"));
    CHECK_OR_RETURN(s != NULL);
    CHECK_TEXT(study_id(s), "s1");
    CHECK_TEXT(study_title(s), "A study");
    CHECK(!study_open(s));
    CHECK(!study_guideline(s));
    CHECK_INT(study_flag_hold_days(s), 7);
    CHECK_INT(study_criterion_count(s), 1);
    CHECK_TEXT(study_criterion(s, 0)->id, "A");
    CHECK(study_criterion(s, 0)->screening);
    CHECK_INT(study_digest(s).n, DIGEST_HEX);
    for (int part = SCHEDULE_ARM; part <= SCHEDULE_ENDPOINT; part++)
        CHECK_INT(study_schedule_count(s, (schedule_part)part), 0);
}
static void the_head_is_as_written(void) { kit_run(head_step); }

static void still_step(kit *k) {
    const study *s = load(k, WITH_DENIED("obs.exists()"));
    CHECK_OR_RETURN(s != NULL);
    CHECK(!study_circumstances_use_now(s));
}
static void a_circumstance_without_a_clock_stands_still(void) { kit_run(still_step); }

static void moving_step(kit *k) {
    const study *s = load(k, WITH_DENIED("obs.where(effective.toDate() < %today).exists()"));
    CHECK_OR_RETURN(s != NULL);
    CHECK(study_circumstances_use_now(s));
}
static void a_circumstance_on_today_moves_with_time(void) { kit_run(moving_step); }

const unit_test trial_study_suite[] = {
    UNIT_TEST(the_head_is_as_written), UNIT_TEST(a_circumstance_without_a_clock_stands_still),
    UNIT_TEST(a_circumstance_on_today_moves_with_time), UNIT_END};
