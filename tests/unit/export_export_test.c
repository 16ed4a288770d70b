/* SPDX-License-Identifier: Apache-2.0 */
/* Formats and their files, who is a subject, the manifest. */
#include "export_kit.h"

static void names(void) {
    export_format format;
    export_choice choice;
    CHECK(export_format_find(S("dataset-json"), &format) && format == EXPORT_DATASET_JSON);
    CHECK(export_format_find(S("fhir-definitions"), &format) && format == EXPORT_FHIR_DEFINITIONS);
    CHECK(!export_format_find(S("xpt"), &format));
    CHECK(!export_format_find(S(""), &format));
    CHECK(export_choice_find(S("all"), &choice) && choice == EXPORT_ALL);
    CHECK(!export_choice_find(S("some"), &choice));
}

static void files_are(kit *k, export_format format, const char *const *expected, isize count) {
    export_job job = export_kit_job(k, format);
    const str *files;
    isize n;
    export_files(&job, &k->arena, &files, &n);
    CHECK_INT(n, count);
    for (isize i = 0; i < n && i < count; i++) CHECK_TEXT(files[i], expected[i]);
}
#define FILES_ARE(k, format, ...)                                                                  \
    files_are(k, format, (const char *const[]){__VA_ARGS__},                                       \
              COUNT_OF(((const char *const[]){__VA_ARGS__})))

static void files_step(kit *k) {
    if (!export_kit_load(k)) return;
    FILES_ARE(k, EXPORT_CSV, "obs.csv", "person.csv", "manifest.json");
    FILES_ARE(k, EXPORT_NDJSON, "obs.ndjson", "person.ndjson", "manifest.json");
    FILES_ARE(k, EXPORT_REDCAP, "data_dictionary.csv", "import.csv", "manifest.json");
    FILES_ARE(k, EXPORT_DATASET_JSON, "dm.json", "fn.json", "ti.json", "manifest.json");
    FILES_ARE(k, EXPORT_DATASET_NDJSON, "dm.ndjson", "fn.ndjson", "ti.ndjson", "manifest.json");
    FILES_ARE(k, EXPORT_ODM, "odm.xml");
    FILES_ARE(k, EXPORT_FHIR_DEFINITIONS, "definitions.json");
    export_job job = export_kit_job(k, EXPORT_CSV);
    export_frame frame;
    CHECK(!export_frame_of(&job, &k->arena, S("odm.xml"), 0, &frame));
    CHECK(!export_frame_of(&job, &k->arena, S("../x"), 0, &frame));
}
static void each_format_has_its_files(void) { kit_run(files_step); }

static void manifest_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_REDCAP);
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("manifest.json"), 0, &frame));
    str digest = mappings_digest(k->set);
    str text = arena_printf(&k->arena,
                            "{`format`:`redcap`,\n `library`:`fhirtrial`,\n `version`:`1.2.3`,\n "
                            "`mappings`:`%.*s`,\n `created`:`2025-03-01T12:00:00Z`,\n `study`:"
                            "`s1`,\n `subjects`:`all`}\n",
                            STR_ARGS(digest));
    CHECK(str_eq(frame.head, kit_text(k, text.p)));
}
static void the_manifest_says_what_made_it(void) { kit_run(manifest_step); }

/* One Observation row with a score and tags: enrolled, denied (trial_kit's circumstances). */
static bool chosen(kit *k, export_format format, export_choice choice, const char *score,
                   const char *tag) {
    export_job job = export_kit_job(k, format);
    export_share share;
    str cells = arena_printf(&k->arena, "[%s,null,\"2025-01-01\",[%s],null]", score, tag);
    record_row row = {.view = S("obs"), .source = S("Observation/o"), .cells = cells};
    job.choice = choice;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), &row, 1, &share);
    return share.chosen;
}

static void choice_step(kit *k) {
    if (!export_kit_load(k)) return;
    const char *met = "\"5\"", *missed = "\"1\"", *none = "", *in = "\"enrolled\"",
               *no = "\"denied\"";
    export_format f = EXPORT_DATASET_JSON;
    /* A1 met and A2 for a person: needs-review. A1 not met: ineligible. */
    CHECK(chosen(k, f, EXPORT_CANDIDATES, met, none));
    CHECK(!chosen(k, f, EXPORT_CANDIDATES, missed, none));
    CHECK(chosen(k, f, EXPORT_CANDIDATES, missed, in));
    CHECK(!chosen(k, f, EXPORT_ENROLLED, met, none));
    CHECK(chosen(k, f, EXPORT_ENROLLED, missed, in));
    CHECK(chosen(k, f, EXPORT_ALL, missed, none));
    CHECK(!chosen(k, f, EXPORT_ALL, met, no));
    CHECK(!chosen(k, f, EXPORT_ENROLLED, met, "\"enrolled\",\"denied\""));
    CHECK(chosen(k, EXPORT_CSV, EXPORT_ALL, missed, none));
    CHECK(!chosen(k, EXPORT_CSV, EXPORT_ALL, met, no));
}
static void nobody_who_refused_is_a_subject(void) { kit_run(choice_step); }

static void same_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    for (int f = EXPORT_CSV; f <= EXPORT_ODM; f++) {
        export_job job = export_kit_job(k, (export_format)f);
        export_share a, b;
        export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &a);
        export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &b);
        CHECK_INT(a.n, b.n);
        for (isize i = 0; i < a.n && i < b.n; i++) {
            CHECK(str_eq(a.parts[i].text, b.parts[i].text));
            CHECK_INT(str_find(a.parts[i].text, S("Secret"), 0), -1);
            CHECK_INT(str_find(a.parts[i].text, S("05-06"), 0), -1);
            CHECK_INT(str_find(a.parts[i].text, S("/o1"), 0), -1);
            CHECK_INT(str_find(a.parts[i].text, S("p1"), 0), -1);
        }
    }
}
static void every_format_is_the_same_again_and_names_nobody(void) { kit_run(same_step); }

const unit_test export_export_suite[] = {UNIT_TEST(names),
                                         UNIT_TEST(each_format_has_its_files),
                                         UNIT_TEST(the_manifest_says_what_made_it),
                                         UNIT_TEST(nobody_who_refused_is_a_subject),
                                         UNIT_TEST(every_format_is_the_same_again_and_names_nobody),
                                         UNIT_END};
