/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns of a record's view leave, and which of its rows. */
#include "export_kit.h"

static void columns_step(kit *k) {
    kit_file(k, "core/views/extra.json",
             "{`resourceType`:`ViewDefinition`,`name`:`extra`,`status`:`active`,"
             "`resource`:`Observation`,`select`:[{`column`:["
             "{`name`:`note`,`type`:`string`,`path`:`note.text.first()`},"
             "{`name`:`who`,`type`:`string`,`path`:`performer.reference.first()`},"
             "{`name`:`day`,`type`:`date`,`path`:`effective.ofType(dateTime).toDate()`},"
             "{`name`:`link`,`type`:`uri`,`path`:`implicitRules`},"
             "{`name`:`fine`,`type`:`boolean`,`path`:`value.ofType(boolean)`}]}]}");
    kit_file(k, "core/exports/record.json",
             "{`schema`:1,`record`:{`key`:[`who`],`not`:[`extra.fine`]}}");
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_CSV);
    view_rows_column *columns;
    isize n = view_rows_columns(&job, &k->arena, view_rows_view(&job, 0), &columns);
    CHECK_INT(n, 3); /* not note and link, which are texts, nor fine, which is named */
    CHECK_TEXT(columns[0].name, "source");
    CHECK_INT(columns[0].leaving, LEAVE_KEY);
    CHECK_TEXT(columns[1].name, "who");
    CHECK_INT(columns[1].leaving, LEAVE_KEY);
    CHECK_TEXT(columns[2].name, "day");
    CHECK_INT(columns[2].leaving, LEAVE_YEAR);
}
static void texts_do_not_leave_unless_named(void) { kit_run(columns_step); }

static void count_row(void *self, uint32_t node) {
    (void)node;
    ++*(int *)self;
}

static void unusable_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_CSV);
    subject s = {.key = S("ehr|p1")};
    isize n;
    record_row rows[3];
    const record_row *whole = export_kit_rows(&n);
    for (int i = 0; i < 3; i++) rows[i] = whole[i];
    rows[0].stale = true;
    record_build(k->set, &k->arena, S("ehr"), rows, n, kit_now(), &k->found, &s.record);
    int count = 0;
    view_rows_each(&s, view_rows_view(&job, 0), count_row, &count);
    CHECK_INT(count, 1);
    CHECK(!record_whole(k->set, &s.record));
    export_share share;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK(share.incomplete);
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), whole, n, &share);
    CHECK(!share.incomplete);
}
static void stale_rows_are_left_out_and_told(void) { kit_run(unusable_step); }

const unit_test export_view_rows_suite[] = {UNIT_TEST(texts_do_not_leave_unless_named),
                                            UNIT_TEST(stale_rows_are_left_out_and_told), UNIT_END};
