/* SPDX-License-Identifier: Apache-2.0 */
/* export.c: which files a format has, who is a subject, and the pieces of each file. */
#include "export/export.h"

#include "export/writer.h"

static const str format_names[] = {S_INIT("csv"),
                                   S_INIT("ndjson"),
                                   S_INIT("redcap"),
                                   S_INIT("dataset-json"),
                                   S_INIT("dataset-ndjson"),
                                   S_INIT("odm"),
                                   S_INIT("fhir-definitions")};
static const str choice_names[] = {S_INIT("enrolled"), S_INIT("candidates"), S_INIT("all")};

static int place(const str *names, isize n, str name) {
    for (isize i = 0; i < n; i++)
        if (str_eq(names[i], name)) return (int)i;
    return -1;
}

bool export_format_find(str name, export_format *out) {
    int i = place(format_names, COUNT_OF(format_names), name);
    if (i >= 0) *out = (export_format)i;
    return i >= 0;
}

bool export_choice_find(str name, export_choice *out) {
    int i = place(choice_names, COUNT_OF(choice_names), name);
    if (i >= 0) *out = (export_choice)i;
    return i >= 0;
}

bool export_of_one_study(export_format format) {
    return format == EXPORT_REDCAP || format == EXPORT_DATASET_JSON ||
           format == EXPORT_DATASET_NDJSON || format == EXPORT_ODM;
}

str export_subject_name(const export_job *job, arena *arena, str patient_key) {
    return leave_pseudonym(job, arena, S("subject"), patient_key);
}

/* --- files --- */
#define MANIFEST    S("manifest.json")
#define DICTIONARY  S("data_dictionary.csv")
#define IMPORT      S("import.csv")
#define ODM_FILE    S("odm.xml")
#define DEFINITIONS S("definitions.json")

static bool lines_of(const export_job *job) { return job->format == EXPORT_DATASET_NDJSON; }

void export_files(const export_job *job, arena *arena, const str **names, isize *n) {
    isize views = view_rows_views(job), datasets = mappings_dataset_count(job->mappings);
    str *list = arena_new(arena, str, views + datasets + 3);
    isize count = 0;
    switch (job->format) {
    case EXPORT_CSV:
        for (isize i = 0; i < views; i++) list[count++] = csv_file(arena, view_rows_view(job, i));
        break;
    case EXPORT_NDJSON:
        for (isize i = 0; i < views; i++)
            list[count++] = ndjson_file(arena, view_rows_view(job, i));
        break;
    case EXPORT_REDCAP:
        list[count++] = DICTIONARY;
        list[count++] = IMPORT;
        break;
    case EXPORT_DATASET_JSON:
    case EXPORT_DATASET_NDJSON:
        for (isize i = 0; i < datasets; i++)
            list[count++] =
                dataset_json_file(arena, mappings_dataset(job->mappings, i), lines_of(job));
        break;
    case EXPORT_ODM: list[count++] = ODM_FILE; break;
    case EXPORT_FHIR_DEFINITIONS: list[count++] = DEFINITIONS; break;
    }
    /* What these two are and from what, stands in themselves. */
    if (job->format != EXPORT_ODM && job->format != EXPORT_FHIR_DEFINITIONS)
        list[count++] = MANIFEST;
    *names = list;
    *n = count;
}

/* --- who --- */
static bool denied(const export_job *job, const study *s, arena *arena, const tape *record) {
    return flag_circumstances_of(job->mappings, s, arena, record, job->now).consent_denied;
}

/* Without a study nobody is taken who refused research, as any of the studies reads it. */
static bool chosen(const export_job *job, arena *arena, const tape *record, export_facts *facts) {
    if (!job->study) {
        for (isize i = 0; i < mappings_study_count(job->mappings); i++)
            if (denied(job, mappings_study(job->mappings, i), arena, record)) return false;
        return true;
    }
    flag_circumstances c =
        flag_circumstances_of(job->mappings, job->study, arena, record, job->now);
    facts->enrolled = c.enrolled;
    if (c.consent_denied) return false;
    if (job->choice == EXPORT_ALL || c.enrolled) return true;
    verdict_kind kind = facts->verdict->kind;
    return job->choice == EXPORT_CANDIDATES &&
           (kind == VERDICT_ELIGIBLE || kind == VERDICT_NEEDS_REVIEW);
}

/* --- a subject's share --- */
void parts_add(parts *to, str file, isize records, str text) {
    if (to->n == to->cap) {
        isize cap = to->cap ? to->cap * 2 : 16;
        to->list = arena_grow(to->arena, to->list, to->n, cap, (isize)sizeof *to->list,
                              (isize) _Alignof(export_part));
        to->cap = cap;
    }
    to->list[to->n++] = (export_part){file, records, text};
}

static void fill_sheets(const export_job *job, arena *arena, subject *s) {
    isize count = mappings_dataset_count(job->mappings);
    sheet *sheets = arena_new(arena, sheet, count);
    for (isize i = 0; i < count; i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        if (!d->of_study)
            sheet_fill(job, arena, d, s->key, &s->document, &sheets[s->sheet_count++]);
    }
    s->sheets = sheets;
}

static void add_datasets(const export_job *job, const subject *s, parts *to) {
    for (isize i = 0; i < s->sheet_count; i++) {
        const sheet *rows = &s->sheets[i];
        if (rows->n)
            parts_add(to, dataset_json_file(to->arena, rows->dataset, lines_of(job)), rows->n,
                      dataset_json_rows(to->arena, rows, lines_of(job)));
    }
}

static void add_parts(const export_job *job, const subject *s, parts *to) {
    isize records = 0;
    str text;
    switch (job->format) {
    case EXPORT_CSV: csv_subject(job, s, to); break;
    case EXPORT_NDJSON: ndjson_subject(job, s, to); break;
    case EXPORT_DATASET_JSON:
    case EXPORT_DATASET_NDJSON: add_datasets(job, s, to); break;
    case EXPORT_REDCAP:
        text = redcap_subject(job, to->arena, s, &records);
        if (records) parts_add(to, IMPORT, records, text);
        break;
    case EXPORT_ODM:
        text = odm_subject(job, to->arena, s, &records);
        parts_add(to, ODM_FILE, records, text);
        break;
    case EXPORT_FHIR_DEFINITIONS: break;
    }
}

void export_subject(const export_job *job, arena *arena, str patient_key, str feed,
                    const record_row *rows, isize n, export_share *out) {
    subject s = {.key = patient_key, .name = export_subject_name(job, arena, patient_key)};
    problems found = problems_new(arena);
    verdict verdict;
    export_facts facts = {.subject = s.name, .evaluated = job->created};
    *out = (export_share){0};
    record_build(job->mappings, arena, feed, rows, n, job->now, &found, &s.record);
    if (job->study) {
        verdict_decide(job->mappings, job->study, arena, &s.record, job->now, &verdict);
        facts.verdict = &verdict;
    }
    out->chosen = chosen(job, arena, &s.record, &facts);
    if (!out->chosen) return;
    out->incomplete = !record_whole(job->mappings, &s.record);
    if (job->study) {
        conduct conduct;
        conduct_evaluate(job->mappings, job->study, arena, &s.record, job->now, &conduct);
        facts.conduct = &conduct;
        export_document(job->mappings, job->study, arena, &s.record, &facts, &s.document);
        if (export_of_one_study(job->format)) fill_sheets(job, arena, &s);
    }
    parts to = {.arena = arena};
    add_parts(job, &s, &to);
    out->parts = to.list;
    out->n = to.n;
}

/* --- frames --- */
static void put(buf *out, const char *name, str text) {
    if (out->p[out->n - 1] != '{') buf_add(out, S(",\n "));
    buf_printf(out, "\"%s\":", name);
    if (text.n)
        buf_json_string(out, text);
    else
        buf_add(out, S("null"));
}

static void manifest_frame(const export_job *job, arena *arena, export_frame *out) {
    buf text = buf_new(arena, EXPORT_TEXT_BYTES, "a manifest");
    buf_byte(&text, '{');
    put(&text, "format", format_names[job->format]);
    put(&text, "library", S("fhirtrial"));
    put(&text, "version", job->version);
    put(&text, "mappings", mappings_digest(job->mappings));
    put(&text, "created", job->created);
    put(&text, "study", job->study ? study_id(job->study) : (str){0});
    put(&text, "subjects", choice_names[job->choice]);
    buf_add(&text, S("}\n"));
    out->head = buf_str(&text);
}

static bool view_frame(const export_job *job, arena *arena, str file, export_frame *out) {
    for (isize i = 0; i < view_rows_views(job); i++) {
        const view *v = view_rows_view(job, i);
        if (job->format == EXPORT_CSV && str_eq(file, csv_file(arena, v))) {
            csv_frame(job, arena, v, out);
            return true;
        }
        if (job->format == EXPORT_NDJSON && str_eq(file, ndjson_file(arena, v))) return true;
    }
    return false;
}

static bool dataset_frame(const export_job *job, arena *arena, str file, int64_t records,
                          export_frame *out) {
    for (isize i = 0; i < mappings_dataset_count(job->mappings); i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        if (!str_eq(file, dataset_json_file(arena, d, lines_of(job)))) continue;
        dataset_json_frame(job, arena, d, lines_of(job), records, out);
        return true;
    }
    return false;
}

bool export_frame_of(const export_job *job, arena *arena, str file, int64_t records,
                     export_frame *out) {
    const str *names;
    isize n;
    *out = (export_frame){0};
    export_files(job, arena, &names, &n);
    if (place(names, n, file) < 0) return false;
    if (str_eq(file, MANIFEST))
        manifest_frame(job, arena, out);
    else if (str_eq(file, DICTIONARY))
        redcap_dictionary(job, arena, out);
    else if (str_eq(file, IMPORT))
        redcap_frame(job, arena, out);
    else if (str_eq(file, ODM_FILE))
        odm_frame(job, arena, out);
    else if (str_eq(file, DEFINITIONS))
        definitions_frame(job, arena, out);
    else
        return view_frame(job, arena, file, out) || dataset_frame(job, arena, file, records, out);
    return true;
}
