/* SPDX-License-Identifier: Apache-2.0 */
/* The three questions of an export (docs/abi.md): each answered from its arguments alone. */
#include "plugin_kit.h"
#include "unit.h"

static void the_plan_names_files_people_and_clock(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "exporting-plan", ""));
    plugin_eligible(&k, "a");
    plugin_ask(&k, "export?format=ndjson");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`at`:`2025-06-30T12:00:00");
    CHECK_TOLD(&k, "[`ward`,`a`]");
    CHECK_TOLD(&k, "`files`:[");
    plugin_close(&k);
}

static void wrong_arguments_are_refused(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "exporting-wrong", ""));
    plugin_ask(&k, "export?format=pdf");
    CHECK_INT(k.code, FHIRTRIAL_E_ARG);
    plugin_ask(&k, "export?format=csv&subjects=some");
    CHECK_INT(k.code, FHIRTRIAL_E_ARG);
    plugin_ask(&k, "export?format=csv&at=yesterday");
    CHECK_INT(k.code, FHIRTRIAL_E_ARG);
    plugin_ask(&k, "export?format=csv&study=s9");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

static void a_share_is_of_the_person_who_goes_by_the_id(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "exporting-share", ""));
    plugin_eligible(&k, "a");
    plugin_patient(&k, "b", "");
    plugin_ask(&k,
               "export.subject?format=ndjson&study=s1&subjects=candidates&at=2025-06-30T12:00:00Z"
               "&patient=a");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "{`chosen`:true,`incomplete`:false,`parts`:[{");
    plugin_ask(&k,
               "export.subject?format=ndjson&study=s1&subjects=candidates&at=2025-06-30T12:00:00Z"
               "&patient=b");
    CHECK_TOLD(&k, "{`chosen`:false"); /* not-screened is no candidate */
    plugin_observe(&k, "no", "a", "0", "denied", "");
    plugin_ask(&k, "export.subject?format=ndjson&study=s1&subjects=all&at=2025-06-30T12:00:00Z"
                   "&patient=a");
    CHECK_TOLD(&k, "{`chosen`:false"); /* who refused research is in no export */
    plugin_close(&k);
}

static void a_frame_is_of_a_known_file(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "exporting-frame", ""));
    plugin_ask(&k,
               "export.frame?format=ndjson&at=2025-06-30T12:00:00Z&file=nothing.ndjson&records=0");
    CHECK(k.code != FHIRTRIAL_OK);
    plugin_ask(&k,
               "export.frame?format=ndjson&at=2025-06-30T12:00:00Z&file=manifest.json&records=0");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "{`head`:");
    plugin_close(&k);
}

const unit_test plugin_exporting_suite[] = {UNIT_TEST(the_plan_names_files_people_and_clock),
                                            UNIT_TEST(wrong_arguments_are_refused),
                                            UNIT_TEST(a_share_is_of_the_person_who_goes_by_the_id),
                                            UNIT_TEST(a_frame_is_of_a_known_file), UNIT_END};
