/* SPDX-License-Identifier: Apache-2.0 */
/* REDCap: the dictionary's eighteen columns, repeating instruments, guarded texts. */
#include "export_kit.h"

static void dictionary_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_REDCAP);
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("data_dictionary.csv"), 0, &frame));
    CHECK_TEXT(frame.head,
               "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
               "\"Choices, Calculations, OR Slider Labels\",Field Note,"
               "Text Validation Type OR Show Slider Number,Text Validation Min,"
               "Text Validation Max,Identifier?,Branching Logic (Show field only if...),"
               "Required Field?,Custom Alignment,Question Number (surveys only),"
               "Matrix Group Name,Matrix Ranking?,Field Annotation\r\n"
               "record_id,dm,,text,Subject (pseudonym),,,,,,,,,,,,,\r\n"
               "brthdtc,dm,,text,Birth,,,,,,,,,,,,,\r\n"
               "note,dm,,text,\"'=Note\",,,,,,,,,,,,,\r\n"
               "fnseq,fn,,text,Number,,,integer,,,,,,,,,,\r\n"
               "fnspid,fn,,text,Row,,,,,,,,,,,,,\r\n"
               "fnstresn,fn,,text,Result,,,number,,,,,,,,,,\r\n"
               "fndtc,fn,,text,When,,,,,,,,,,,,,\r\n");
}
static void the_dictionary_has_a_field_a_column(void) { kit_run(dictionary_step); }

static void import_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_REDCAP);
    export_share share;
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("import.csv"), 3, &frame));
    CHECK_TEXT(frame.head, "record_id,redcap_repeat_instrument,redcap_repeat_instance,brthdtc,note,"
                           "fnseq,fnspid,fnstresn,fndtc\r\n");
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK_TEXT(export_kit_part(&share, "import.csv"), NAME_IN_S1
               ",,,1950,\"'=1+1\",,,,\r\n" NAME_IN_S1 ",fn,1,,,1," O2_IN_S1
               ",-1,2025-01-02\r\n" NAME_IN_S1 ",fn,2,,,2," O1_IN_S1 ",7.60,2025-02\r\n");
    CHECK_INT(share.parts[0].records, 3);
}
static void numbered_rows_are_instances(void) { kit_run(import_step); }

const unit_test export_redcap_suite[] = {UNIT_TEST(the_dictionary_has_a_field_a_column),
                                         UNIT_TEST(numbered_rows_are_instances), UNIT_END};
