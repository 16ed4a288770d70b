/* SPDX-License-Identifier: Apache-2.0 */
/* The record's views as NDJSON: digits kept, codings without display. */
#include "export_kit.h"

static void views_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_NDJSON);
    export_share share;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    str expected = kit_text(
        k, "{`subject`:`" NAME_AT_ALL "`,`source`:`" O1_AT_ALL
           "`,`score`:7.60,`code`:{`system`:`urn:s`,`code`:`c`},`effective`:`2025-02`,`tag`:[`a`,"
           "`b`]}\n{`subject`:`" NAME_AT_ALL "`,`source`:`" O2_AT_ALL
           "`,`score`:-1,`effective`:`2025-01-02`}\n");
    str text = export_kit_part(&share, "obs.ndjson");
    CHECK(str_eq(text, expected));
    expected = kit_text(k, "{`subject`:`" NAME_AT_ALL "`,`source`:`" P1_AT_ALL
                           "`,`born`:`1950`,`dead`:false}\n");
    CHECK(str_eq(export_kit_part(&share, "person.ndjson"), expected));
}
static void a_row_is_an_object(void) { kit_run(views_step); }

const unit_test export_ndjson_suite[] = {UNIT_TEST(a_row_is_an_object), UNIT_END};
