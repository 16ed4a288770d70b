/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict's Flag at an endpoint: whose it is there, its identifier, merges, and the operator's
 * command. The identifiers were computed with Python's hmac from the kit's site key. */
#include "plugin_kit.h"
#include "unit.h"

#define FLAG_P1 "78d4ae15-b164-86c1-a7e0-21afa0d1a369"

static void a_flag_has_the_identifier_of_its_keyed_hash(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-identifier", ""));
    plugin_eligible(&k, "p1");
    CHECK_TOLD(&k, "{`endpoint`:`file`,`study`:`s1`,`patient`:`Patient/p1`,`identifier`:`" FLAG_P1
                   "`,`status`:`active`,`code`:`eligible`,`why`:`created`,`queued`:true}");
    plugin_send(&k);
    CHECK_INT(plugin_count(&k, "`value`:`" FLAG_P1 "`"), 1);
    CHECK_TOLD(&k, "`subject`:{`reference`:`Patient/p1`}");
    CHECK_TOLD(&k, "`text`:`Research: screening review suggested, study T1`");
    CHECK_NOT_TOLD(&k, "flag-detail"); /* evidence: none is the endpoint's default */
    plugin_close(&k);
}

static void an_equal_verdict_queues_nothing(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-equal", ""));
    plugin_eligible(&k, "p1");
    plugin_observe(&k, "o2", "p1", "8", "score", "");
    CHECK_TOLD(&k, "`flags`:[]");
    plugin_close(&k);
}

static void who_is_of_another_source_has_no_flag_here(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-elsewhere", ""));
    k.meta.source = S("lab");
    plugin_eligible(&k, "p1");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    CHECK_TOLD(&k, "`flags`:[]");
    plugin_close(&k);
}

static void a_hold_is_remembered_and_queues_nothing(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-hold", ""));
    plugin_eligible(&k, "p1");
    plugin_observe(&k, "p1-score", "p1", "1", "score", "");
    CHECK_TOLD(&k, "`status`:`active`,`code`:`eligible`,`why`:`hold-begins`,`queued`:false");
    plugin_observe(&k, "p1-score", "p1", "6", "score", "");
    CHECK_TOLD(&k, "`why`:`recovered`,`queued`:false");
    plugin_close(&k);
}

static void a_merge_ends_the_flag_of_the_other_key(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-merge", ""));
    plugin_eligible(&k, "p1");
    plugin_patient(&k, "p2", "");
    plugin_patient(&k, "p1", ",`link`:[{`other`:{`reference`:`Patient/p2`},`type`:`replaced-by`}]");
    CHECK_TOLD(&k,
               "`identifier`:`" FLAG_P1 "`,`status`:`inactive`,`code`:`eligible`,`why`:`merged`");
    CHECK_INT(plugin_count(&k, "`why`:`created`"), 1); /* of p2, who is the person now */
    plugin_close(&k);
}

static void entered_in_error_is_the_operators_and_final(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-error", ""));
    plugin_ask(&k, "flag.error?patient=p1&study=s1&reason=wrong%20patient");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_eligible(&k, "p1");
    plugin_ask(&k, "flag.error?patient=p1&study=s1&reason=wrong%20patient");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_ask(&k, "explain?patient=p1&study=s1");
    CHECK_TOLD(&k, "`identifier`:`" FLAG_P1 "`,`status`:`entered-in-error`");
    plugin_ask(&k, "audit");
    CHECK_TOLD(&k, "wrong patient");
    plugin_observe(&k, "o2", "p1", "2", "cord", "");
    CHECK_TOLD(&k, "`flags`:[]");
    plugin_close(&k);
}

static void a_circumstance_ends_it_at_once(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "flags-denied", ""));
    plugin_eligible(&k, "p1");
    plugin_observe(&k, "o2", "p1", "0", "denied", "");
    CHECK_TOLD(&k, "`status`:`inactive`,`code`:`eligible`,`why`:`consent-denied`,`queued`:true");
    plugin_close(&k);
}

const unit_test plugin_flags_suite[] = {UNIT_TEST(a_flag_has_the_identifier_of_its_keyed_hash),
                                        UNIT_TEST(an_equal_verdict_queues_nothing),
                                        UNIT_TEST(who_is_of_another_source_has_no_flag_here),
                                        UNIT_TEST(a_hold_is_remembered_and_queues_nothing),
                                        UNIT_TEST(a_merge_ends_the_flag_of_the_other_key),
                                        UNIT_TEST(entered_in_error_is_the_operators_and_final),
                                        UNIT_TEST(a_circumstance_ends_it_at_once),
                                        UNIT_END};
