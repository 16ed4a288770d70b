/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as RFC 4180 asks, guarded against formulas; the record's views as files of it. */
#include "export_kit.h"

typedef struct field_case {
    const char *text;
    bool number;
    const char *expected;
} field_case;

/* RFC 4180 section 2 (5 to 7); the guarded starts are OWASP's list for CSV injection. */
static const field_case fields[] = {{"plain", false, "plain"},
                                    {"", false, ""},
                                    {"a,b", false, "\"a,b\""},
                                    {"a \"b\"", false, "\"a \"\"b\"\"\""},
                                    {"a\r\nb", false, "\"a\r\nb\""},
                                    {" a", false, "\" a\""},
                                    {"=1+1", false, "\"'=1+1\""},
                                    {"+1", false, "\"'+1\""},
                                    {"-1", false, "\"'-1\""},
                                    {"@SUM(A1)", false, "\"'@SUM(A1)\""},
                                    {"\tx", false, "\"'\tx\""},
                                    {"\rx", false, "\"'\rx\""},
                                    {"=\"x\"", false, "\"'=\"\"x\"\"\""},
                                    {"-7.60", true, "-7.60"},
                                    {"a=b", false, "a=b"},
                                    {"≥3", false, "≥3"}};

static void fields_step(kit *k) {
    for (int i = 0; i < COUNT_OF(fields); i++) {
        buf out = buf_new(&k->arena, 1 << 10, "a field");
        csv_field(&out, str_from(fields[i].text), fields[i].number);
        CHECK_TEXT(buf_str(&out), fields[i].expected);
    }
}
static void a_field_is_quoted_doubled_and_guarded(void) { kit_run(fields_step); }

static void views_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_CSV);
    export_share share;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK_TEXT(export_kit_part(&share, "obs.csv"),
               NAME_AT_ALL "," O1_AT_ALL ",7.60,urn:s|c,2025-02,a;b,\r\n" NAME_AT_ALL "," O2_AT_ALL
                           ",-1,,2025-01-02,,\r\n");
    CHECK_TEXT(export_kit_part(&share, "person.csv"), NAME_AT_ALL "," P1_AT_ALL ",1950,false\r\n");
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("obs.csv"), 2, &frame));
    CHECK_TEXT(frame.head, "subject,source,score,code,effective,tag,problem\r\n");
    CHECK_INT(frame.tail.n, 0);
}
static void views_leave_without_names_and_references(void) { kit_run(views_step); }

const unit_test export_csv_suite[] = {UNIT_TEST(a_field_is_quoted_doubled_and_guarded),
                                      UNIT_TEST(views_leave_without_names_and_references),
                                      UNIT_END};
