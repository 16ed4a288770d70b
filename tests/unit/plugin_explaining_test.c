/* SPDX-License-Identifier: Apache-2.0 */
/* A stored verdict with the Flags that follow from it (docs/abi.md, explain). */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static void a_verdict_names_its_flag(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "explaining-flag", ""));
    plugin_eligible(&k, "p1");
    plugin_ask(&k, "explain?patient=p1");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    /* The identifier as in plugin_flags_test.c. */
    CHECK_TOLD(&k,
               "`flags`:[{`endpoint`:`file`,`identifier`:`78d4ae15-b164-86c1-a7e0-"
               "21afa0d1a369`,`status`:`active`,`code`:`eligible`,`start`:`2025-06-30T12:00:00");
    CHECK_TOLD(&k, "`remote`:null,`message`:{`id`:1,`seq`:1,`state`:`ready`,`attempts`:0");
    plugin_send(&k);
    plugin_ask(&k, "explain?patient=p1");
    CHECK_TOLD(&k, "`state`:`done`,`attempts`:1,`class`:`ok`");
    plugin_close(&k);
}

static void no_flag_is_an_empty_list(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "explaining-none", ""));
    plugin_patient(&k, "p1", "");
    plugin_ask(&k, "explain?patient=p1");
    CHECK_TOLD(&k, "`verdict`:`not-screened`");
    CHECK_TOLD(&k, "`flags`:[]}]");
    plugin_close(&k);
}

static void the_flag_of_a_former_key_is_told_too(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "explaining-merge", ""));
    plugin_eligible(&k, "p1");
    plugin_patient(&k, "p2", "");
    plugin_patient(&k, "p1", ",`link`:[{`other`:{`reference`:`Patient/p2`},`type`:`replaced-by`}]");
    plugin_ask(&k, "explain?patient=p2");
    CHECK_INT(plugin_count(&k, "`endpoint`:`file`"), 2);
    CHECK_TOLD(&k, "`why`:`merged`");
    CHECK_TOLD(&k, "`why`:`created`");
    plugin_close(&k);
}

static void one_study_or_none(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "explaining-study", ""));
    plugin_patient(&k, "p1", "");
    plugin_ask(&k, "explain?patient=p1&study=s1");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_ask(&k, "explain?patient=p1&study=s2");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_ask(&k, "explain?patient=nobody");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_ask(&k, "explain");
    CHECK_INT(k.code, FHIRTRIAL_E_ARG);
    plugin_close(&k);
}

static void a_study_that_was_taken_away_is_still_explained(void) {
    plugin_kit k;
    char folder[1024];
    CHECK_OR_RETURN(plugin_open(&k, "explaining-gone", ""));
    plugin_eligible(&k, "p1");
    plugin_mapping(&k, "studies/s1/protocol.json", NULL);
    snprintf(folder, sizeof folder, "%s/mappings/studies/s1", k.folder);
    CHECK_INT(rmdir(folder), 0);
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_ask(&k, "explain?patient=p1&study=s1");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    CHECK_TOLD(&k, "`flags`:[]}]");
    plugin_close(&k);
}

const unit_test plugin_explaining_suite[] = {
    UNIT_TEST(a_verdict_names_its_flag),
    UNIT_TEST(no_flag_is_an_empty_list),
    UNIT_TEST(the_flag_of_a_former_key_is_told_too),
    UNIT_TEST(one_study_or_none),
    UNIT_TEST(a_study_that_was_taken_away_is_still_explained),
    UNIT_END};
