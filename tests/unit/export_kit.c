/* SPDX-License-Identifier: Apache-2.0 */
/* The set, the rows and the subject of the export room's tests. */
#include "export_kit.h"

#define COLUMN(name, type, path) "{`name`:`" name "`,`type`:`" type "`,`path`:`" path "`}"

bool export_kit_load(kit *k) {
    kit_views(k);
    kit_study(k, "`source`:{`document`:`A registry page`},`screening`:[`A1`],`criteria`:["
                 "{`id`:`A1`,`kind`:`inclusion`,`text`:`Score ≥3`,`evidence`:`obs`,"
                 "`met`:`obs.where(score >= 3).exists()`},"
                 "{`id`:`A2`,`kind`:`exclusion`,`text`:`Judged by a person`,`human`:true,"
                 "`evidence`:`person`}]");
    kit_file(
        k, "core/exports/fn.json",
        "{`schema`:1,`dataset`:`FN`,`label`:`Findings`,`rows`:`subject`,`source`:`invented`,"
        "`columns`:[{`name`:`STUDYID`,`label`:`Study`,`type`:`string`,`key`:1},"
        "{`name`:`USUBJID`,`label`:`Subject`,`type`:`string`,`key`:2},"
        "{`name`:`FNSEQ`,`label`:`Number`,`type`:`integer`,`sequence`:true},"
        "{`name`:`FNSPID`,`label`:`Row`,`type`:`string`,`leaves`:`key`},"
        "{`name`:`FNSTRESN`,`label`:`Result`,`type`:`decimal`},"
        "{`name`:`FNDTC`,`label`:`When`,`type`:`datetime`,`key`:3}],"
        "`view`:{`resourceType`:`ViewDefinition`,`name`:`FN`,`status`:`active`,"
        "`resource`:`Export`,`select`:[{`column`:[" COLUMN("STUDYID", "string", "export.studyNumber") "," COLUMN(
            "USUBJID", "string",
            "export.subject") "]},"
                              "{`forEach`:`obs`,`column`:[" COLUMN(
                                  "FNSPID", "string",
                                  "source") "," COLUMN("FNSTRESN", "decimal",
                                                       "score") "," COLUMN("FNDTC", "dateTime",
                                                                           "effective") "]}]}}");
    kit_file(
        k, "core/exports/dm.json",
        "{`schema`:1,`dataset`:`DM`,`label`:`Demographics, =all`,`rows`:`subject`,"
        "`source`:`invented`,"
        "`columns`:[{`name`:`STUDYID`,`label`:`Study`,`type`:`string`},"
        "{`name`:`USUBJID`,`label`:`Subject`,`type`:`string`},"
        "{`name`:`BRTHDTC`,`label`:`Birth`,`type`:`datetime`,`leaves`:`year`},"
        "{`name`:`NOTE`,`label`:`=Note`,`type`:`string`}],"
        "`view`:{`resourceType`:`ViewDefinition`,`name`:`DM`,`status`:`active`,"
        "`resource`:`Export`,`select`:[{`column`:[" COLUMN(
            "STUDYID", "string",
            "export.studyNumber") "," COLUMN("USUBJID", "string",
                                             "export.subject") "," COLUMN("BRTHDTC", "date",
                                                                          "person.born.first("
                                                                          ")") "," COLUMN("NOT"
                                                                                          "E",
                                                                                          "str"
                                                                                          "in"
                                                                                          "g",
                                                                                          "'="
                                                                                          "1+"
                                                                                          "1'") "]}"
                                                                                                "]}"
                                                                                                "}");
    kit_file(k, "core/exports/ti.json",
             "{`schema`:1,`dataset`:`TI`,`label`:`Criteria`,`rows`:`study`,`source`:`invented`,"
             "`columns`:[{`name`:`IETESTCD`,`label`:`Short name`,`type`:`string`,`key`:1},"
             "{`name`:`IETEST`,`label`:`Criterion`,`type`:`string`}],"
             "`view`:{`resourceType`:`ViewDefinition`,`name`:`TI`,`status`:`active`,"
             "`resource`:`Export`,`select`:[{`forEach`:`criterion`,`column`:[" COLUMN(
                 "IETESTCD", "string", "id") "," COLUMN("IETEST", "string", "text") "]}]}}");
    if (CHECK(kit_load(k) != NULL)) return true;
    kit_show(k);
    return false;
}

export_job export_kit_job(kit *k, export_format format) {
    return (export_job){.mappings = k->set,
                        .study = export_of_one_study(format) ? mappings_study(k->set, 0) : NULL,
                        .format = format,
                        .choice = EXPORT_ALL,
                        .now = kit_now(),
                        .created = S("2025-03-01T12:00:00Z"),
                        .version = S("1.2.3"),
                        .site_key = S("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"),
                        .digest = &kit_digest};
}

const record_row *export_kit_rows(isize *n) {
    static const record_row rows[] = {
        {.view = S_INIT("obs"),
         .source = S_INIT("Observation/o1"),
         .version = S_INIT("1"),
         .updated = S_INIT(""),
         .cells = S_INIT("[\"7.60\",{\"system\":\"urn:s\",\"code\":\"c\",\"display\":\"Mr Secret\"}"
                         ",\"2025-02\",[\"a\",\"b\"],null]")},
        {.view = S_INIT("obs"),
         .source = S_INIT("Observation/o2"),
         .version = S_INIT("1"),
         .updated = S_INIT(""),
         .cells = S_INIT("[\"-1\",null,\"2025-01-02\",[],null]")},
        {.view = S_INIT("person"),
         .source = S_INIT("Patient/p1"),
         .version = S_INIT("1"),
         .updated = S_INIT(""),
         .cells = S_INIT("[\"1950-05-06\",\"false\"]")}};
    *n = COUNT_OF(rows);
    return rows;
}

subject export_kit_subject(kit *k, const export_job *job) {
    isize n;
    const record_row *rows = export_kit_rows(&n);
    subject s = {.key = S("ehr|p1")};
    s.name = export_subject_name(job, &k->arena, s.key);
    record_build(k->set, &k->arena, S("ehr"), rows, n, kit_now(), &k->found, &s.record);
    export_facts facts = {.subject = s.name, .evaluated = job->created};
    export_document(k->set, job->study, &k->arena, &s.record, &facts, &s.document);
    sheet *sheets = arena_new(&k->arena, sheet, mappings_dataset_count(k->set));
    for (isize i = 0; i < mappings_dataset_count(k->set); i++)
        if (!mappings_dataset(k->set, i)->of_study)
            sheet_fill(job, &k->arena, mappings_dataset(k->set, i), s.key, &s.document,
                       &sheets[s.sheet_count++]);
    s.sheets = sheets;
    return s;
}

str export_kit_part(const export_share *share, const char *file) {
    for (isize i = 0; i < share->n; i++)
        if (str_eq(share->parts[i].file, str_from(file))) return share->parts[i].text;
    return (str){0};
}
