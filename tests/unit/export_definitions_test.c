/* SPDX-License-Identifier: Apache-2.0 */
/* ResearchStudy and EvidenceVariable of a study: valid R4 by our own reader, every sentence and
 * expression there. */
#include "export_kit.h"

#include "fhir/read.h"

static bool has(kit *k, str text, const char *part) {
    return CHECK_MSG(str_find(text, kit_text(k, part), 0) >= 0, "not there: %s", part);
}

static void bundle_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_FHIR_DEFINITIONS);
    export_frame frame;
    tape tape;
    fault fault = {0};
    CHECK(export_frame_of(&job, &k->arena, S("definitions.json"), 0, &frame));
    CHECK_INT(frame.records, 1);
    isize before = k->found.n;
    CHECK(read_json(&k->arena, frame.head, NULL, &k->found, &tape, &fault));
    CHECK_INT(k->found.n, before);
    has(k, frame.head,
        "{`resourceType`:`Bundle`,`type`:`collection`,`timestamp`:"
        "`2025-03-01T12:00:00Z`,`entry`:[{`fullUrl`:"
        "`urn:fhirtrial:research-study:s1`,`resource`:{`resourceType`:"
        "`ResearchStudy`,`id`:`s1`,");
    has(k, frame.head,
        "`identifier`:[{`system`:`https://registry.example`,`value`:`T1`}],`title`:"
        "`A study`,`status`:`active`");
    has(k, frame.head,
        "{`id`:`A1`,`description`:`Score ≥3`,`definitionExpression`:{`description`:"
        "`FHIRPath over the patient record, with the steps of protocol.json`,"
        "`language`:`text/fhirpath`,`expression`:`obs.where(score >= 3).exists()`},"
        "`exclude`:false}");
    has(k, frame.head,
        "{`id`:`A2`,`description`:`Judged by a person`,"
        "`definitionCodeableConcept`:{`text`:`Judged by a person`},`exclude`:true}");
    has(k, frame.head, "`relatedArtifact`:[{`type`:`derived-from`,`display`:`A registry page`}]");
}
static void a_study_becomes_two_resources(void) { kit_run(bundle_step); }

const unit_test export_definitions_suite[] = {UNIT_TEST(a_study_becomes_two_resources), UNIT_END};
