/* SPDX-License-Identifier: Apache-2.0 */
/* Dataset-JSON 1.1 (CDISC, 2024-12-05): members in order, decimals as strings, null; the NDJSON
 * form. The whole of it is validated against CDISC's schema by tests/system/test_export.py. */
#include "export_kit.h"

static const char columns[] =
    "`columns`:[{`itemOID`:`IT.FN.STUDYID`,`name`:`STUDYID`,`label`:`Study`,`dataType`:`string`,"
    "`keySequence`:1},{`itemOID`:`IT.FN.USUBJID`,`name`:`USUBJID`,`label`:`Subject`,`dataType`:"
    "`string`,`keySequence`:2},{`itemOID`:`IT.FN.FNSEQ`,`name`:`FNSEQ`,`label`:`Number`,"
    "`dataType`:`integer`},{`itemOID`:`IT.FN.FNSPID`,`name`:`FNSPID`,`label`:`Row`,`dataType`:"
    "`string`},{`itemOID`:`IT.FN.FNSTRESN`,`name`:`FNSTRESN`,`label`:`Result`,`dataType`:"
    "`decimal`,`targetDataType`:`decimal`},{`itemOID`:`IT.FN.FNDTC`,`name`:`FNDTC`,`label`:"
    "`When`,`dataType`:`datetime`,`keySequence`:3}]";

static str head_of(kit *k, const char *end) {
    str digest = mappings_digest(k->set);
    str text = arena_printf(
        &k->arena,
        "{`datasetJSONCreationDateTime`:`2025-03-01T12:00:00Z`,`datasetJSONVersion`:`1.1.0`,"
        "`fileOID`:`urn:fhirtrial:s1:FN:2025-03-01T12:00:00Z`,`sourceSystem`:{`name`:`fhirtrial`,"
        "`version`:`1.2.3`},`studyOID`:`s1`,`metaDataVersionOID`:`MDV.%.*s`,`itemGroupOID`:`IG.FN`,"
        "`records`:2,`name`:`FN`,`label`:`Findings`,%s%s",
        STR_ARGS(digest), columns, end);
    return kit_text(k, text.p);
}

#define ROW_1 "[`T1`,`" NAME_IN_S1 "`,1,`" O2_IN_S1 "`,`-1`,`2025-01-02`]"
#define ROW_2 "[`T1`,`" NAME_IN_S1 "`,2,`" O1_IN_S1 "`,`7.60`,`2025-02`]"

static void whole_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_DATASET_JSON);
    export_share share;
    export_frame frame;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK(str_eq(export_kit_part(&share, "fn.json"), kit_text(k, ROW_1 ",\n" ROW_2)));
    CHECK(export_frame_of(&job, &k->arena, S("fn.json"), 2, &frame));
    CHECK(str_eq(frame.head, head_of(k, ",`rows`:[\n")));
    CHECK_TEXT(frame.between, ",\n");
    CHECK_TEXT(frame.tail, "\n]}\n");
}
static void a_dataset_is_one_object(void) { kit_run(whole_step); }

static void lines_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_DATASET_NDJSON);
    export_share share;
    export_frame frame;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK(str_eq(export_kit_part(&share, "fn.ndjson"), kit_text(k, ROW_1 "\n" ROW_2)));
    CHECK(export_frame_of(&job, &k->arena, S("fn.ndjson"), 2, &frame));
    CHECK(str_eq(frame.head, head_of(k, "}\n")));
    CHECK_TEXT(frame.between, "\n");
    CHECK_TEXT(frame.tail, "\n");
}
static void or_a_line_of_metadata_and_a_line_a_row(void) { kit_run(lines_step); }

static void study_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_DATASET_JSON);
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("ti.json"), 0, &frame));
    CHECK_INT(frame.records, 2);
    CHECK(str_find(frame.head, S("\"records\":2"), 0) > 0);
    CHECK(str_ends(frame.head,
                   S("\"rows\":[\n[\"A1\",\"Score ≥3\"],\n[\"A2\",\"Judged by a person\"]")));
}
static void rows_of_the_study_are_in_the_head(void) { kit_run(study_step); }

static void null_step(kit *k) {
    if (!export_kit_load(k)) return;
    str cells[] = {S("T1"), S("n"), S("1"), {0}, {0}, {0}};
    str *rows[] = {cells};
    sheet one = {.dataset = mappings_dataset(k->set, 1), .rows = rows, .n = 1};
    CHECK_TEXT(dataset_json_rows(&k->arena, &one, false), "[\"T1\",\"n\",1,null,null,null]");
}
static void what_is_not_known_is_null(void) { kit_run(null_step); }

const unit_test export_dataset_json_suite[] = {
    UNIT_TEST(a_dataset_is_one_object), UNIT_TEST(or_a_line_of_metadata_and_a_line_a_row),
    UNIT_TEST(rows_of_the_study_are_in_the_head), UNIT_TEST(what_is_not_known_is_null), UNIT_END};
