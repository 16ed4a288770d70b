/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset's rows: in the order of their keys, numbered, partial dates and digits kept. */
#include "export_kit.h"

static void rows_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_DATASET_JSON);
    subject s = export_kit_subject(k, &job);
    CHECK_INT(s.sheet_count, 2); /* DM, FN; TI is of the study */
    const sheet *fn = &s.sheets[1];
    CHECK_INT(fn->n, 2);
    static const char *const expected[2][6] = {
        {"T1", NAME_IN_S1, "1", O2_IN_S1, "-1", "2025-01-02"},
        {"T1", NAME_IN_S1, "2", O1_IN_S1, "7.60", "2025-02"}};
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 6; c++) CHECK_TEXT(fn->rows[r][c], expected[r][c]);
    CHECK_INT(s.sheets[0].n, 1);
    CHECK_TEXT(s.sheets[0].rows[0][2], "1950");
}
static void rows_are_sorted_numbered_and_exact(void) { kit_run(rows_step); }

static void study_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_DATASET_JSON);
    sheet ti;
    sheet_of_study(&job, &k->arena, mappings_dataset(k->set, 2), &ti);
    CHECK_INT(ti.n, 2);
    CHECK_TEXT(ti.rows[0][0], "A1");
    CHECK_TEXT(ti.rows[0][1], "Score ≥3");
    CHECK_TEXT(ti.rows[1][0], "A2");
}
static void a_study_has_rows_without_a_subject(void) { kit_run(study_step); }

static void failing_step(kit *k) {
    kit_file(k, "core/exports/bad.json",
             "{`schema`:1,`dataset`:`BAD`,`label`:`Bad`,`rows`:`subject`,`source`:`invented`,"
             "`columns`:[{`name`:`X`,`label`:`X`,`type`:`decimal`}],"
             "`view`:{`resourceType`:`ViewDefinition`,`name`:`BAD`,`status`:`active`,`resource`:"
             "`Export`,`select`:[{`column`:[{`name`:`X`,`type`:`decimal`,`path`:"
             "`obs.score.single()`}]}]}}");
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_DATASET_JSON);
    export_kit_subject(k, &job);
}
static void a_dataset_that_fails_gives_no_half_table(void) {
    fault fault = {0};
    CHECK(!kit_run_within(256 << 20, failing_step, &fault));
    CHECK_INT(fault.code, FAULT_CONFIG);
    CHECK(str_find(str_from(fault.text), S("dataset BAD, column X"), 0) >= 0);
}

static void sort_step(kit *k) {
    str texts[] = {S("b"), S("ab"), S("c"), S(""), S("a")};
    sort_texts(&k->arena, texts, COUNT_OF(texts));
    static const char *const expected[] = {"", "a", "ab", "b", "c"};
    for (int i = 0; i < 5; i++) CHECK_TEXT(texts[i], expected[i]);
}
static void texts_are_sorted_bytewise(void) { kit_run(sort_step); }

const unit_test export_sheet_suite[] = {UNIT_TEST(rows_are_sorted_numbered_and_exact),
                                        UNIT_TEST(a_study_has_rows_without_a_subject),
                                        UNIT_TEST(a_dataset_that_fails_gives_no_half_table),
                                        UNIT_TEST(texts_are_sorted_bytewise), UNIT_END};
