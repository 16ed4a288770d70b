/* SPDX-License-Identifier: Apache-2.0 */
/* The document a host gets for a message (docs/abi.md, Result of a message). */
#include "plugin_kit.h"
#include "unit.h"

static void every_member_of_a_stored_message(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "result-members", ""));
    k.meta.id = S("m-1");
    k.meta.traceparent = S("00-a-b-01");
    plugin_patient(&k, "a", "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "{`outcome`:`ok`,`resources`:1,`message`:`m-1`,`traceparent`:`00-a-b-01`,"
                   "`evaluated`:`2025-06-30T12:00:00");
    CHECK_TOLD(&k, ",`written`:1,`rows`:{`person`:1},`ignored`:[],`verdicts`:[{`patient`:"
                   "`Patient/a`,`source`:`ward`,`changed`:true,`verdict`:{");
    CHECK_TOLD(&k, "],`flags`:[],`operationOutcome`:{`resourceType`:`OperationOutcome`,`issue`:[{"
                   "`severity`:`information`");
    plugin_close(&k);
}

static void what_was_not_given_is_null(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "result-null", ""));
    plugin_patient(&k, "a", "");
    CHECK_TOLD(&k, "`message`:null,`traceparent`:null,");
    plugin_close(&k);
}

static void a_bad_entry_makes_it_partial(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "result-partial", ""));
    plugin_feed(&k,
                "{`resourceType`:`Bundle`,`type`:`batch`,`entry`:[{`resource`:{`resourceType`:"
                "`Patient`,`id`:`a`,`birthDate`:`1960-01-01`}},{`resource`:{`resourceType`:"
                "`Observation`,`id`:`o`},`request`:{`method`:`PATCH`,`url`:`Observation/o`}}]}");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`outcome`:`partial`");
    CHECK_TOLD(&k, "`written`:1");
    CHECK_TOLD(&k, "`code`:`not-supported`");
    CHECK_TOLD(&k, "/entry/1");
    plugin_close(&k);
}

static void what_cannot_be_read_is_rejected_and_says_where(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "result-rejected", ""));
    plugin_feed(&k, "{`resourceType`:`Patient`,`id`:`a`,`id`:`b`}");
    CHECK_INT(k.code, FHIRTRIAL_E_PARSE);
    CHECK_TOLD(&k, "{`outcome`:`rejected`,`resources`:0,");
    CHECK_NOT_TOLD(&k, "`written`");
    CHECK_NOT_TOLD(&k, "`verdicts`");
    CHECK_TOLD(&k, "`severity`:`fatal`,`code`:`structure`");
    plugin_close(&k);
}

const unit_test plugin_result_suite[] = {
    UNIT_TEST(every_member_of_a_stored_message), UNIT_TEST(what_was_not_given_is_null),
    UNIT_TEST(a_bad_entry_makes_it_partial),
    UNIT_TEST(what_cannot_be_read_is_rejected_and_says_where), UNIT_END};
