/* SPDX-License-Identifier: Apache-2.0 */
/* The document of root type Export: the record, what the export knows beside it, the criteria. */
#include "trial_kit.h"

static void load(kit *k) {
    kit_views(k);
    kit_study(k, "`screening`:[`A1`],`criteria`:[{`id`:`A1`,`kind`:`inclusion`,`text`:`A score`,"
                 "`evidence`:`obs`,`met`:`obs.where(score >= 3).exists()`}]");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}

static record_row row_of(const char *cells) {
    return (record_row){.view = S("obs"),
                        .source = S("Observation/o"),
                        .version = S("1"),
                        .cells = str_from(cells)};
}

static str text_of(kit *k, const tape *t) { return kit_record_text(k, t); }

static void whole_step(kit *k) {
    load(k);
    record_row row = row_of("[\"7.60\",null,\"2025-03\",[],null]");
    tape record, document;
    verdict v;
    const study *s = mappings_study(k->set, 0);
    record_build(k->set, &k->arena, S("ehr"), &row, 1, kit_now(), &k->found, &record);
    verdict_decide(k->set, s, &k->arena, &record, kit_now(), &v);
    export_facts facts = {
        .subject = S("n"), .evaluated = S("2025-03-01T12:00:00Z"), .enrolled = true, .verdict = &v};
    export_document(k->set, s, &k->arena, &record, &facts, &document);
    str expected = arena_printf(
        &k->arena,
        "{`criterion`:[{`id`:`A1`,`kind`:`inclusion`,`result`:`met`,`text`:`A score`}],`export`:{"
        "`criteriaVersion`:`%.*s`,`enrolled`:true,`evaluated`:`2025-03-01T12:00:00Z`,`study`:`s1`,"
        "`studyNumber`:`T1`,`studyTitle`:`A "
        "study`,`subject`:`n`,`verdict`:`eligible`},`feed`:`ehr`,`obs`:[{"
        "`effective`:`2025-03`,`score`:7.60,`source`:`Observation/o`,`sourceVersion`:`1`}],"
        "`resourceType`:`Export`}",
        STR_ARGS(str_slice(study_digest(s), 0, 12)));
    CHECK(str_eq(text_of(k, &document), kit_text(k, expected.p)));
}
static void it_is_the_record_and_what_the_export_knows(void) { kit_run(whole_step); }

static void study_step(kit *k) {
    load(k);
    tape document;
    export_facts facts = {.evaluated = S("2025-03-01T12:00:00Z")};
    export_document(k->set, mappings_study(k->set, 0), &k->arena, NULL, &facts, &document);
    str text = text_of(k, &document);
    CHECK(str_find(text,
                   kit_text(k, "`criterion`:[{`id`:`A1`,`kind`:`inclusion`,`text`:`A score`}]"),
                   0) >= 0);
    CHECK_INT(str_find(text, S("enrolled"), 0), -1);
    CHECK_INT(str_find(text, S("\"obs\""), 0), -1);
}
static void without_a_subject_it_holds_the_study(void) { kit_run(study_step); }

static void unusable_step(kit *k) {
    load(k);
    record_row rows[] = {row_of("[\"1\",null,null,[],null]"), row_of("[\"error\"]")};
    tape record, document;
    export_facts facts = {.subject = S("n")};
    rows[0].stale = true;
    record_build(k->set, &k->arena, S("ehr"), rows, 2, kit_now(), &k->found, &record);
    CHECK(!record_whole(k->set, &record));
    export_document(k->set, NULL, &k->arena, &record, &facts, &document);
    CHECK(str_eq(text_of(k, &document),
                 kit_text(k, "{`export`:{`subject`:`n`},`feed`:`ehr`,`resourceType`:`Export`}")));
    record_build(k->set, &k->arena, S("ehr"), NULL, 0, kit_now(), &k->found, &record);
    CHECK(record_whole(k->set, &record));
}
static void rows_that_say_nothing_are_left_out(void) { kit_run(unusable_step); }

static void marks_step(kit *k) {
    load(k);
    tape record, document;
    visit_window visit = {.id = S("M3"), .title = S("3 months"), .number = 2};
    row_mark marks[] = {{MARK_VISIT, S("obs"), S("Observation/o"), 0},
                        {MARK_BASELINE, S("obs"), S("Observation/b"), 0}};
    conduct c = {.arm = S("A"),
                 .arm_title = S("Arm A"),
                 .visits = &visit,
                 .visit_count = 1,
                 .marks = marks,
                 .mark_count = 2};
    export_facts facts = {.subject = S("n"), .conduct = &c};
    record_build(k->set, &k->arena, S("ehr"), NULL, 0, kit_now(), &k->found, &record);
    export_document(k->set, NULL, &k->arena, &record, &facts, &document);
    CHECK(str_eq(text_of(k, &document),
                 kit_text(k, "{`export`:{`arm`:`A`,`armTitle`:`Arm A`,`subject`:`n`},`feed`:`ehr`,"
                             "`mark`:[{`id`:`M3`,`kind`:`visit`,`number`:2,"
                             "`source`:`Observation/o`,`title`:`3 months`,`view`:`obs`},"
                             "{`kind`:`baseline`,`source`:`Observation/b`,`view`:`obs`}],"
                             "`resourceType`:`Export`}")));
}
static void the_arm_and_what_the_protocol_makes_of_rows(void) { kit_run(marks_step); }

const unit_test trial_export_document_suite[] = {
    UNIT_TEST(it_is_the_record_and_what_the_export_knows),
    UNIT_TEST(without_a_subject_it_holds_the_study), UNIT_TEST(rows_that_say_nothing_are_left_out),
    UNIT_TEST(the_arm_and_what_the_protocol_makes_of_rows), UNIT_END};
