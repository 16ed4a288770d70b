/* SPDX-License-Identifier: Apache-2.0 */
/* ODM-XML 1.3.2: a subject's data, the frame, what XML cannot hold. The whole of it is validated
 * against CDISC's schema by tests/system/test_export.py. */
#include "export_kit.h"

static void subject_step(kit *k) {
    if (!export_kit_load(k)) return;
    isize n;
    const record_row *rows = export_kit_rows(&n);
    export_job job = export_kit_job(k, EXPORT_ODM);
    export_share share;
    export_subject(&job, &k->arena, S("ehr|p1"), S("ehr"), rows, n, &share);
    CHECK_INT(share.parts[0].records, 3);
#define ITEM(group, name, value) "<ItemData ItemOID=`IT." group "." name "` Value=`" value "`/>"
    str expected = kit_text(
        k,
        "<SubjectData SubjectKey=`" NAME_IN_S1 "`><StudyEventData StudyEventOID=`SE.RECORD`>"
        "<FormData FormOID=`FO.DM`><ItemGroupData ItemGroupOID=`IG.DM`>" ITEM("DM", "STUDYID", "T1")
            ITEM("DM", "USUBJID", NAME_IN_S1) ITEM("DM", "BRTHDTC", "1950") ITEM(
                "DM", "NOTE",
                "=1+1") "</ItemGroupData></FormData>"
                        "<FormData FormOID=`FO.FN`><ItemGroupData ItemGroupOID=`IG.FN` "
                        "ItemGroupRepeatKey=`1`>" ITEM("FN", "STUDYID", "T1") ITEM(
                            "FN", "USUBJID", NAME_IN_S1) ITEM("FN", "FNSEQ", "1")
                            ITEM("FN", "FNSPID", O2_IN_S1) ITEM("FN", "FNSTRESN", "-1") ITEM(
                                "FN", "FNDTC",
                                "2025-01-02") "</ItemGroupData>"
                                              "<ItemGroupData ItemGroupOID=`IG.FN` "
                                              "ItemGroupRepeatKey=`2`>" ITEM("FN", "STUDYID", "T1")
                                                  ITEM("FN", "USUBJID", NAME_IN_S1) ITEM(
                                                      "FN", "FNSEQ",
                                                      "2") ITEM("FN", "FNSPID", O1_IN_S1)
                                                      ITEM("FN", "FNSTRESN", "7.60") ITEM(
                                                          "FN", "FNDTC",
                                                          "2025-02") "</ItemGroupData></FormData>"
                                                                     "</StudyEventData></"
                                                                     "SubjectData>");
    CHECK(str_eq(export_kit_part(&share, "odm.xml"), expected));
}
static void a_subject_has_a_form_a_dataset(void) { kit_run(subject_step); }

static bool has(kit *k, str text, const char *part) {
    return CHECK_MSG(str_find(text, kit_text(k, part), 0) >= 0, "not there: %s", part);
}

static void frame_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_ODM);
    export_frame frame;
    CHECK(export_frame_of(&job, &k->arena, S("odm.xml"), 3, &frame));
    CHECK_INT(frame.records, 2);
    has(k, frame.head,
        "<?xml version=`1.0` encoding=`UTF-8`?>\n<ODM xmlns=`http://www.cdisc.org/ns/"
        "odm/v1.3` FileType=`Snapshot` FileOID=`fhirtrial.s1.2025-03-01T12:00:00Z` "
        "CreationDateTime=`2025-03-01T12:00:00Z` ODMVersion=`1.3.2` "
        "SourceSystem=`fhirtrial` SourceSystemVersion=`1.2.3`>");
    has(k, frame.head, "<StudyDescription>A study</StudyDescription>");
    has(k, frame.head,
        "<ItemGroupDef OID=`IG.FN` Name=`Findings` Repeating=`Yes` "
        "SASDatasetName=`FN` Domain=`FN`>");
    has(k, frame.head, "<ItemGroupDef OID=`IG.DM` Name=`Demographics, =all` Repeating=`No` ");
    has(k, frame.head,
        "<ItemDef OID=`IT.FN.FNSTRESN` Name=`FNSTRESN` DataType=`float` "
        "Length=`40` SignificantDigits=`34` SASFieldName=`FNSTRESN`><Description>"
        "<TranslatedText xml:lang=`en`>Result</TranslatedText></Description>");
    has(k, frame.head, "<ItemDef OID=`IT.FN.FNDTC` Name=`FNDTC` DataType=`partialDatetime` ");
    has(k, frame.head,
        "<ItemGroupData ItemGroupOID=`IG.TI` ItemGroupRepeatKey=`2`><ItemData "
        "ItemOID=`IT.TI.IETESTCD` Value=`A2`/>");
    CHECK(str_ends(frame.head, S("\">\n")));
    CHECK_TEXT(frame.tail, "\n</ClinicalData></ODM>\n");
}
static void the_frame_tells_what_the_items_are(void) { kit_run(frame_step); }

static void control_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_ODM);
    str cells[] = {S("a\x01<b>&\"c\""), {0}, {0}, {0}};
    str *rows[] = {cells};
    sheet one = {.dataset = mappings_dataset(k->set, 0), .rows = rows, .n = 1};
    subject s = {.name = S("n"), .sheets = &one, .sheet_count = 1};
    isize records;
    has(k, odm_subject(&job, &k->arena, &s, &records), "Value=`a &lt;b&gt;&amp;&quot;c&quot;`/>");
}
static void control_characters_become_blanks(void) { kit_run(control_step); }

/* The arena's ceiling is met while libxml2's buffer is still held: it is freed all the same (the
 * address sanitizer sees to that), and the fault comes through. */
static void ceiling_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_ODM);
    subject s = export_kit_subject(k, &job);
    isize records;
    k->arena.limit = k->arena.used;
    while (records = 0, odm_subject(&job, &k->arena, &s, &records).n > 0) continue;
}
static void a_ceiling_is_met_without_a_leak(void) {
    fault fault = {0};
    CHECK(!kit_run_within(256 << 20, ceiling_step, &fault));
    CHECK_INT(fault.code, FAULT_NOMEM);
}

const unit_test export_odm_suite[] = {UNIT_TEST(a_subject_has_a_form_a_dataset),
                                      UNIT_TEST(the_frame_tells_what_the_items_are),
                                      UNIT_TEST(control_characters_become_blanks),
                                      UNIT_TEST(a_ceiling_is_met_without_a_leak), UNIT_END};
