/* SPDX-License-Identifier: Apache-2.0 */
/* A person's record after a message and every study's verdict over it: what is stored of it, how
 * rows of other sources and of older mappings are shown. */
#include "plugin_kit.h"
#include "unit.h"

#define NUMBER ",`identifier`:[{`system`:`" PLUGIN_MRN "`,`value`:`7`}]"

static void a_verdict_is_stored_when_it_changes(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "decide-changed", ""));
    plugin_eligible(&k, "a");
    CHECK_TOLD(&k, "`changed`:true");
    plugin_observe(&k, "other", "a", "9", "other", "");
    CHECK_TOLD(&k, "`changed`:true"); /* the evidence is another */
    plugin_ask(&k, "stats");
    CHECK_TOLD(&k, "`verdicts`:3");
    plugin_patient(&k, "a", ",`gender`:`female`"); /* no column of any view */
    CHECK_TOLD(&k, "`changed`:false");
    plugin_ask(&k, "stats");
    CHECK_TOLD(&k, "`verdicts`:3");
    plugin_close(&k);
}

static void what_a_replay_needs_is_kept_with_the_verdict(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "decide-inputs", ""));
    plugin_patient(&k, "a", "");
    plugin_observe(&k, "o", "a", "5", "score", "`versionId`:`3`");
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`Observation/o/_history/3`");
    CHECK_TOLD(&k, "`Patient/a/_history/sha256:"); /* its version: it carries none */
    CHECK_TOLD(&k, "`link:ward|Patient/a`");
    CHECK_TOLD(&k, "`clock`:`2025-06-30T12:00:00");
    CHECK_TOLD(&k, "`libraryVersion`:`" PACKAGE_VERSION "`");
    CHECK_INT(plugin_count(&k, "`recordSha256`:"), 1);
    CHECK_INT(plugin_count(&k, "`mappingDigest`:"), 1);
    plugin_close(&k);
}

static void rows_of_another_source_carry_its_name(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "decide-sources", ""));
    plugin_patient(&k, "a", NUMBER);
    k.meta.source = S("lab");
    plugin_patient(&k, "x", NUMBER);
    plugin_observe(&k, "o", "x", "5", "score", "");
    CHECK_TOLD(&k, "{`patient`:`Patient/a`,`source`:`ward`");
    CHECK_TOLD(&k, "`evidence`:[`lab|Observation/o`]");
    k.meta.source = (str){0};
    plugin_observe(&k, "o", "a", "6", "score", "");
    CHECK_TOLD(&k, "`evidence`:[`Observation/o`,`lab|Observation/o`]");
    plugin_close(&k);
}

static void every_study_is_decided(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "decide-studies", ""));
    plugin_mapping(&k, "studies/s2/protocol.json",
                   "{`schema`:1,`id`:`s2`,`identifier`:{`system`:`https://registry.example`,"
                   "`value`:`T2`},`title`:`Another`,`status`:`active`,`screening`:[`I1`],"
                   "`circumstances`:{`dead`:`false`,`consentDenied`:`false`,`enrolled`:`false`},"
                   "`criteria`:[{`id`:`I1`,`kind`:`inclusion`,`text`:`a person`,`evidence`:"
                   "`person`,`met`:`person.exists()`}]}");
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_patient(&k, "a", "");
    CHECK_TOLD(&k, "`verdict`:{`study`:`s1`,`verdict`:`not-screened`");
    CHECK_TOLD(&k, "`verdict`:{`study`:`s2`,`verdict`:`eligible`");
    plugin_mapping(&k, "studies/s2/protocol.json", NULL);
    plugin_close(&k);
}

/* Until rows of another digest are made again, criteria on them are unknown(stale-mapping) and the
 * Flag is left alone. */
static void rows_of_an_older_mapping_are_not_believed(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "decide-stale", ""));
    plugin_eligible(&k, "a");
    plugin_mapping(&k, "core/views/obs.json",
                   "{`resourceType`:`ViewDefinition`,`name`:`obs`,`status`:`active`,`resource`:"
                   "`Observation`,`select`:[{`column`:["
                   "{`name`:`score`,`type`:`decimal`,`path`:`value.ofType(Quantity).value - 3`},"
                   "{`name`:`tag`,`type`:`code`,`collection`:true,`path`:`code.coding.code`}]}]}");
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_observe(&k, "other", "a", "1", "other", "");
    CHECK_TOLD(&k, "{`id`:`I1`,`result`:`unknown`,`reason`:`stale-mapping`");
    CHECK_TOLD(&k, "`flags`:[]");
    plugin_ask(&k, "record?patient=a");
    CHECK_NOT_TOLD(&k, "`score`:5"); /* stale rows are shown without cells */
    plugin_close(&k);
}

const unit_test plugin_decide_suite[] = {UNIT_TEST(a_verdict_is_stored_when_it_changes),
                                         UNIT_TEST(what_a_replay_needs_is_kept_with_the_verdict),
                                         UNIT_TEST(rows_of_another_source_carry_its_name),
                                         UNIT_TEST(every_study_is_decided),
                                         UNIT_TEST(rows_of_an_older_mapping_are_not_believed),
                                         UNIT_END};
