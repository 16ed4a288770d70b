/* SPDX-License-Identifier: Apache-2.0 */
/* export.c: writes records to files: asks the library for the files and persons of an export, then
 * for one person's rows after the other, so that nothing large is held. */
#include "ask.h"
#include "export_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char export_help[] =
    "usage: fhirtrial export --format FORMAT [--study ID] --out OUT [OPTION]...\n"
    "Writes records to files that the world of trials reads. Subjects are pseudonyms; no name,\n"
    "number, address, birth date or resource id is in any file.\n\n"
    "      --format FORMAT  csv, ndjson            the record's views, one file a view\n"
    "                       redcap                 data dictionary and import file\n"
    "                       dataset-json           SDTM datasets, CDISC Dataset-JSON 1.1\n"
    "                       dataset-ndjson         the same in its NDJSON form\n"
    "                       odm                    CDISC ODM-XML 1.3.2\n"
    "                       fhir-definitions       ResearchStudy and EvidenceVariable\n"
    "      --study ID       the study; without it redcap, dataset-json, dataset-ndjson and odm\n"
    "                       write every study to a folder of its own, the others are of all\n"
    "      --subjects WHO   with a study: enrolled, candidates (those, and who is eligible or to\n"
    "                       be reviewed) or all (candidates)\n"
    "  -o, --out OUT        folder; with one file in all also that file\n"
    "      --force          replace files that are there\n"
    "      --now INSTANT    clock of the export, 2025-06-30T12:00:00Z (now)\n"
    "  -c, --config FILE    configuration (fhirtrial.json)\n"
    "      --library FILE   the shared object (beside this program)\n"
    "      --help           this text\n\n"
    "Exit code: 0 written, 1 a file is there already, 2 wrong arguments, 4 no such study,\n"
    "5 failed.\n\n"
    "Example:  fhirtrial export --format dataset-json --study nct04242589 --out export\n";

/* --- arguments --- */
typedef struct format {
    const char *name;
    bool of_one_study;
} format;

static const format formats[] = {
    {"csv", false},           {"ndjson", false}, {"redcap", true},           {"dataset-json", true},
    {"dataset-ndjson", true}, {"odm", true},     {"fhir-definitions", false}};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static const format *find_format(const char *name) {
    for (int i = 0; name && i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    if (name)
        fprintf(stderr, "fhirtrial export: there is no format \"%s\"; use one of:", name);
    else
        fputs("fhirtrial export: --format is missing; use one of:", stderr);
    for (int i = 0; i < FORMATS; i++) fprintf(stderr, " %s", formats[i].name);
    fputc('\n', stderr);
    return NULL;
}

static bool arguments_ok(const ask *a) {
    static const char *const choices[] = {"enrolled", "candidates", "all"};
    if (a->rest_n > 0) {
        fprintf(stderr, "fhirtrial export: \"%s\" is not expected; try --help\n", a->rest[0]);
        return false;
    }
    if (!a->out || !*a->out) {
        fputs("fhirtrial export: --out is missing: name a folder\n", stderr);
        return false;
    }
    for (int i = 0; a->subjects && i < 3; i++)
        if (strcmp(a->subjects, choices[i]) == 0) return true;
    if (a->subjects) fputs("fhirtrial export: --subjects is enrolled, candidates or all\n", stderr);
    return !a->subjects;
}

/* --- one export --- */
typedef struct exporting {
    ask *a;
    const char *study; /* or NULL */
    char *at;          /* clock of the whole export */
    export_files files;
    long long subjects, incomplete;
} exporting;

static char *ask_export(exporting *e, const char *name, const char *key, const char *value,
                        const char *key2, const char *value2, int32_t *code) {
    const ask *a = e->a;
    return session_ask_with(&e->a->session, code, name, "format", a->format, "study", e->study,
                            "subjects", a->subjects, "at", e->at, key, value, key2, value2,
                            SESSION_END);
}

static int failed(exporting *e, const char *what, int32_t code) {
    if (code == FHIRTRIAL_NOMATCH && e->study) {
        fprintf(stderr, "fhirtrial export: study \"%s\" is not among those of the configuration\n",
                e->study);
        return CLI_NOTHING;
    }
    return session_complain(&e->a->session, what, code);
}

static bool init_files(exporting *e, const cJSON *names, const char *out) {
    int n = cJSON_GetArraySize(names), i = 0;
    char **list = calloc((size_t)n + 1, sizeof *list);
    const cJSON *name;
    cJSON_ArrayForEach(name, names) {
        if (list) list[i++] = name->valuestring;
    }
    bool ok = list && export_files_init(&e->files, out, list, n);
    if (!ok) fputs("fhirtrial export: no memory\n", stderr);
    free(list);
    return ok;
}

static bool take_parts(exporting *e, const cJSON *share) {
    const cJSON *part;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(share, "chosen"))) return true;
    e->subjects++;
    e->incomplete += cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(share, "incomplete"));
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(share, "parts")) {
        export_file *file = export_files_find(&e->files, doc_text(part, "file"));
        if (!file || !export_files_add(file, doc_text(part, "text"), doc_count(part, "records")))
            return false;
    }
    return true;
}

static int take_subject(exporting *e, const cJSON *patient) {
    const cJSON *source = cJSON_GetArrayItem(patient, 0), *id = cJSON_GetArrayItem(patient, 1);
    int32_t code;
    char *answer = ask_export(e, "export.subject", "source", source->valuestring, "patient",
                              id->valuestring, &code);
    if (!answer) return failed(e, "export", code);
    cJSON *share = doc_read(answer);
    bool ok = share && take_parts(e, share);
    cJSON_Delete(share);
    free(answer);
    return ok ? CLI_DONE : CLI_FAILED;
}

/* The frame of one file; NULL after it has been told why. */
static cJSON *frame_of(exporting *e, const export_file *file, int *exit_code) {
    char records[24];
    int32_t code;
    snprintf(records, sizeof records, "%lld", file->records);
    char *answer = ask_export(e, "export.frame", "file", file->name, "records", records, &code);
    cJSON *frame = answer ? doc_read(answer) : NULL;
    free(answer);
    if (!frame) *exit_code = answer ? CLI_FAILED : failed(e, "export", code);
    return frame;
}

static int read_separators(exporting *e) {
    int exit_code = CLI_DONE;
    for (int i = 0; i < e->files.n && exit_code == CLI_DONE; i++) {
        cJSON *frame = frame_of(e, &e->files.list[i], &exit_code);
        if (frame) e->files.list[i].between = strdup(doc_text(frame, "between"));
        cJSON_Delete(frame);
    }
    return exit_code;
}

static int finish(exporting *e) {
    int exit_code = CLI_DONE;
    for (int i = 0; i < e->files.n && exit_code == CLI_DONE; i++) {
        export_file *file = &e->files.list[i];
        cJSON *frame = frame_of(e, file, &exit_code);
        if (frame && !export_files_finish(file, doc_text(frame, "head"), doc_text(frame, "tail")))
            exit_code = CLI_FAILED;
        if (frame) file->records += doc_count(frame, "records");
        cJSON_Delete(frame);
    }
    if (exit_code == CLI_DONE && !export_files_publish(&e->files)) exit_code = CLI_FAILED;
    return exit_code;
}

static void report(const exporting *e) {
    for (int i = 0; i < e->files.n; i++)
        printf("%s: %lld records\n", e->files.list[i].path, e->files.list[i].records);
    printf("%lld subjects\n", e->subjects);
    if (e->incomplete)
        fprintf(stderr,
                "fhirtrial export: rows of %lld subjects were left out: they wait to be made again "
                "by the mappings in force, or a view failed on them; see 'fhirtrial record'\n",
                e->incomplete);
}

static int write_all(exporting *e, const cJSON *plan, const char *out) {
    const cJSON *patient;
    if (!init_files(e, cJSON_GetObjectItemCaseSensitive(plan, "files"), out)) return CLI_FAILED;
    const char *there = e->a->force ? NULL : export_files_existing(&e->files);
    if (there) {
        fprintf(stderr, "fhirtrial export: %s is there already: name another --out, or --force\n",
                there);
        return CLI_REFUSED;
    }
    if (!export_files_folders(&e->files)) return CLI_FAILED;
    int exit_code = read_separators(e);
    cJSON_ArrayForEach(patient, cJSON_GetObjectItemCaseSensitive(plan, "patients")) {
        if (exit_code == CLI_DONE) exit_code = take_subject(e, patient);
    }
    if (exit_code == CLI_DONE) exit_code = finish(e);
    if (exit_code == CLI_DONE) report(e);
    return exit_code;
}

static int export_one(ask *a, const char *study, const char *out) {
    exporting e = {.a = a, .study = study};
    int32_t code;
    char *answer = ask_export(&e, "export", SESSION_END, NULL, SESSION_END, NULL, &code);
    if (!answer) return failed(&e, "export", code);
    cJSON *plan = doc_read(answer);
    free(answer);
    e.at = plan ? strdup(doc_text(plan, "at")) : NULL;
    int exit_code = e.at ? write_all(&e, plan, out) : CLI_FAILED;
    cJSON_Delete(plan);
    export_files_free(&e.files);
    free(e.at);
    return exit_code;
}

/* Every study of the configuration, each to a folder of its own. */
static int export_each(ask *a) {
    int32_t code;
    int exit_code = CLI_DONE;
    char *answer = session_ask(&a->session, "studies", &code);
    if (!answer) return session_complain(&a->session, "studies", code);
    cJSON *studies = doc_read(answer);
    const cJSON *study;
    free(answer);
    cJSON_ArrayForEach(study, studies) {
        char *out = NULL;
        if (exit_code != CLI_DONE || asprintf(&out, "%s/%s/", a->out, doc_text(study, "id")) < 0)
            break;
        exit_code = export_one(a, doc_text(study, "id"), out);
        free(out);
    }
    cJSON_Delete(studies);
    return exit_code;
}

int cli_export(int argc, char **argv) {
    ask a;
    int exit_code = ask_begin(&a, argc, argv, export_help);
    if (exit_code >= 0) return exit_code;
    const format *format = arguments_ok(&a) ? find_format(a.format) : NULL;
    if (!format)
        exit_code = CLI_USAGE;
    else if (!a.study && a.subjects && !format->of_one_study) {
        fputs("fhirtrial export: --subjects needs --study\n", stderr);
        exit_code = CLI_USAGE;
    } else if (!a.study && format->of_one_study)
        exit_code = export_each(&a);
    else
        exit_code = export_one(&a, a.study, a.out);
    return ask_end(&a, exit_code);
}
