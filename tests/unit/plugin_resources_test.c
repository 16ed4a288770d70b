/* SPDX-License-Identifier: Apache-2.0 */
/* Which states of a resource count (contracts.md, Identity, Version and Order; Messages). */
#include "plugin_kit.h"
#include "unit.h"

#define AT(day, version) "`lastUpdated`:`2025-06-" day "T00:00:00Z`,`versionId`:`" version "`"
#define OBSERVED(score)                                                                            \
    "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`subject`:{`reference`:`Patient/a`}," \
    "`code`:{`coding`:[{`code`:`score`}]},`valueQuantity`:{`value`:" score "}}"
#define REMOVED(meta)                                                                              \
    "{`resourceType`:`Observation`,`id`:`o`,`meta`:{" meta "},`status`:`entered-in-error`,"        \
    "`code`:{`coding`:[{`code`:`score`}]},`subject`:{`reference`:`Patient/a`}}"
#define OLDER "`ignored`:[{`reference`:`Observation/o`,`why`:`older`}]"
#define SAME  "`ignored`:[{`reference`:`Observation/o`,`why`:`same`}]"

static void check_score(plugin_kit *k, const char *score) {
    plugin_ask(k, "record?patient=a");
    if (score)
        CHECK_TOLD(k, score);
    else
        CHECK_NOT_TOLD(k, "`score`:");
}

static void the_later_state_counts_whatever_comes_first(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-later", ""));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    plugin_observe(&k, "o", "a", "3", "score", AT("19", "1"));
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, OLDER);
    CHECK_TOLD(&k, "`written`:0");
    check_score(&k, "`score`:5");
    plugin_observe(&k, "o", "a", "6", "score", AT("21", "3"));
    CHECK_TOLD(&k, "`written`:1");
    check_score(&k, "`score`:6");
    plugin_close(&k);
}

static void the_same_version_writes_nothing(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-same", ""));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    CHECK_TOLD(&k, SAME);
    CHECK_TOLD(&k, "`written`:0");
    plugin_close(&k);
}

static void undated_states_follow_their_arrival(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-undated", ""));
    plugin_feed(&k, OBSERVED("1"));
    plugin_feed(&k, OBSERVED("2"));
    plugin_feed(&k, OBSERVED("1"));
    CHECK_TOLD(&k, "`written`:1");
    check_score(&k, "`score`:1"); /* A, B, A ends at A */
    plugin_feed(&k, OBSERVED("1"));
    CHECK_TOLD(&k, SAME);
    plugin_close(&k);
}

static void two_states_in_one_bundle_follow_the_same_rule(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-bundle", ""));
    plugin_feed(&k, "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:[{`resource`:" OBSERVED(
                        "8") "},{`resource`:" OBSERVED("9") "}]}");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`resources`:2");
    CHECK_TOLD(&k, "`rows`:{`obs`:1}");
    check_score(&k, "`score`:9");
    plugin_close(&k);
}

/* The undated one follows what is stored; the dated one behind it is still older than that. */
static void what_tells_no_order_hides_none(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-hidden", ""));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    plugin_feed(
        &k,
        "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:[{`resource`:" OBSERVED(
            "8") "},{`resource`:{`resourceType`:`Observation`,`id`:`o`,`meta`:{" AT("19",
                                                                                    "1") "},`"
                                                                                         "status`:`"
                                                                                         "final`,`"
                                                                                         "code`:{`"
                                                                                         "coding`:["
                                                                                         "{`system`"
                                                                                         ":`urn:"
                                                                                         "test`,"
                                                                                         "`code`:`"
                                                                                         "score`}]}"
                                                                                         ",`"
                                                                                         "subject`:"
                                                                                         "{`"
                                                                                         "reference"
                                                                                         "`:`"
                                                                                         "Patient/"
                                                                                         "a`},"
                                                                                         "`valueQua"
                                                                                         "ntity`:{`"
                                                                                         "value`:3}"
                                                                                         "}}]}");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, OLDER);
    check_score(&k, "`score`:8");
    plugin_close(&k);
}

static void a_removal_keeps_the_order_of_what_it_removed(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-removal", ""));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    plugin_feed(&k, "{`resourceType`:`Bundle`,`type`:`transaction`,`entry`:[{`request`:{"
                    "`method`:`DELETE`,`url`:`Observation/o`}}]}");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    check_score(&k, NULL);
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    CHECK_TOLD(&k, "`written`:0"); /* that version restores nothing */
    plugin_observe(&k, "o", "a", "4", "score", AT("19", "1"));
    CHECK_TOLD(&k, OLDER); /* nor does an older one */
    check_score(&k, NULL);
    plugin_observe(&k, "o", "a", "7", "score", AT("22", "3"));
    check_score(&k, "`score`:7");
    plugin_close(&k);
}

static void entered_in_error_removes_the_rows(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-error", ""));
    plugin_observe(&k, "o", "a", "5", "score", AT("20", "2"));
    plugin_feed(&k, REMOVED(AT("21", "3")));
    CHECK_INT(k.code, FHIRTRIAL_OK);
    check_score(&k, NULL);
    plugin_close(&k);
}

static void a_resource_that_moves_leaves_its_former_patient(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-move", ""));
    plugin_eligible(&k, "a");
    plugin_patient(&k, "b", "");
    plugin_observe(&k, "a-score", "b", "5", "score", "");
    CHECK_TOLD(&k, "{`patient`:`Patient/a`,`source`:`ward`,`changed`:true,`verdict`:{`study`:`s1`,"
                   "`verdict`:`not-screened`");
    CHECK_TOLD(&k, "{`patient`:`Patient/b`,`source`:`ward`,`changed`:true,`verdict`:{`study`:`s1`,"
                   "`verdict`:`eligible`");
    plugin_close(&k);
}

static void an_observation_before_its_patient_is_stored(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "resources-before", ""));
    plugin_observe(&k, "o", "a", "5", "score", "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "{`id`:`I2`,`result`:`unknown`,`reason`:`no-data`");
    plugin_patient(&k, "a", "");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    plugin_close(&k);
}

const unit_test plugin_resources_suite[] = {
    UNIT_TEST(the_later_state_counts_whatever_comes_first),
    UNIT_TEST(the_same_version_writes_nothing),
    UNIT_TEST(undated_states_follow_their_arrival),
    UNIT_TEST(two_states_in_one_bundle_follow_the_same_rule),
    UNIT_TEST(what_tells_no_order_hides_none),
    UNIT_TEST(a_removal_keeps_the_order_of_what_it_removed),
    UNIT_TEST(entered_in_error_removes_the_rows),
    UNIT_TEST(a_resource_that_moves_leaves_its_former_patient),
    UNIT_TEST(an_observation_before_its_patient_is_stored),
    UNIT_END};
