/* SPDX-License-Identifier: Apache-2.0 */
/* The sample becomes rows, the rows records, the records verdicts: the way of a message without a
 * store behind it (docs/architecture.md). */
#include "fhir/read.h"
#include "files/files.h"
#include "tools/bytes.h"
#include "tools/hash.h"
#include "tools/source.h"
#include "tools/tools.h"
#include "tools/try.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SAMPLE_PIECE = 1 << 16, SITES_SHOWN = 16 };

/* --- mappings --- */
static bool is_folder(str path) {
    struct stat info;
    return stat(path.p, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The site to take where none is named: the only one. Several are told, for their windows differ.
 */
static str only_site(trying *t) {
    str path = files_join(&t->arena, str_from(t->folder), S("sites")), found = {0};
    buf names = buf_new(&t->arena, LIMIT_CONFIG_BYTES, "the sites");
    DIR *dir = opendir(path.p);
    int n = 0;
    for (struct dirent *e; dir && n < SITES_SHOWN && (e = readdir(dir)) != NULL;) {
        str name = arena_str(&t->arena, str_from(e->d_name));
        if (name.p[0] == '.' || !is_folder(files_join(&t->arena, path, name))) continue;
        buf_printf(&names, "%s%.*s", n++ ? ", " : "", STR_ARGS(name));
        found = name;
    }
    if (dir) closedir(dir);
    if (n < 2) return found;
    fprintf(stderr,
            "fhirtrial try: no site is chosen, so windows that a site must set are open; --site "
            "names one of %.*s\n",
            STR_ARGS(buf_str(&names)));
    return (str){0};
}

/* A study, or a guideline where there is one of this name. */
static void choose_study(trying *t, mapping_choice *choice, str *study) {
    str guideline = files_join(&t->arena, str_from(t->folder),
                               arena_printf(&t->arena, "guidelines/%s", t->study));
    *study = str_from(t->study);
    choice->studies = study;
    choice->study_count = 1;
    if (!is_folder(guideline)) return;
    choice->study_count = 0;
    choice->guidelines = study;
    choice->guideline_count = 1;
}

bool try_load(trying *t, bool *wrong) {
    fault fault;
    str study;
    mapping_choice choice = {.site = t->site ? str_from(t->site) : only_site(t)};
    choose_study(t, &choice, &study);
    *wrong = false;
    if (!files_mappings(&t->arena, str_from(t->folder), &choice, &t->files, &t->file_count,
                        &fault)) {
        fprintf(stderr, "fhirtrial try: %s\n", fault.text);
        *wrong = true;
        return false;
    }
    str name = mappings_timezone(&t->arena, t->files, t->file_count);
    zone_table *zone = arena_new(&t->arena, zone_table, 1);
    if (name.n && !files_zone(&t->arena, name, zone, &fault))
        problems_add(&t->found, mappings_timezone_problem(&t->arena, t->files, t->file_count,
                                                          str_from(fault.text)));
    t->set = mappings_load(&t->arena, t->files, t->file_count, name.n ? zone : NULL, tool_digest(),
                           &t->found);
    if (!t->set || t->found.errors) return false;
    t->chosen = mappings_study_count(t->set) ? mappings_study(t->set, 0) : NULL;
    return t->chosen != NULL;
}

/* --- resources --- */
static isize patient_of(trying *t, str id) {
    for (isize i = 0; i < t->patient_count; i++)
        if (str_eq(t->patients[i].id, id)) return i;
    if (t->patient_count == t->patient_cap) {
        isize cap = t->patient_cap ? 2 * t->patient_cap : 16;
        t->patients = arena_grow(&t->arena, t->patients, t->patient_count, cap,
                                 (isize)sizeof(try_patient), (isize) _Alignof(try_patient));
        t->patient_cap = cap;
    }
    t->patients[t->patient_count] = (try_patient){.id = id};
    return t->patient_count++;
}

static try_resource *resource_of(trying *t, str source) {
    for (isize i = 0; i < t->resource_count; i++)
        if (str_eq(t->resources[i].source, source)) return &t->resources[i];
    if (t->resource_count == t->resource_cap) {
        isize cap = t->resource_cap ? 2 * t->resource_cap : 64;
        t->resources = arena_grow(&t->arena, t->resources, t->resource_count, cap,
                                  (isize)sizeof(try_resource), (isize) _Alignof(try_resource));
        t->resource_cap = cap;
    }
    t->resources[t->resource_count] = (try_resource){.source = source, .patient = -1};
    return &t->resources[t->resource_count++];
}

static void take_message(trying *t, str text, const char *name, long line) {
    problems found = problems_new(&t->arena);
    tape *tape = arena_new(&t->arena, struct tape, 1);
    message message = {0};
    fault fault;
    char place[4200];
    if (line)
        snprintf(place, sizeof place, "%s:%ld", name, line);
    else
        snprintf(place, sizeof place, "%s", name);
    t->messages++;
    if (!read_resource(&t->arena, text, NULL, &found, tape, &fault)) {
        fprintf(stderr, "%s: byte %td: error: %s\n", place, fault.at, fault.text);
        t->passed_over++;
        return;
    }
    message_extract(t->set, &t->arena, tape, tool_digest(), t->now, &found, &message);
    for (isize i = 0; i < found.n; i++)
        tool_print_problem(stderr, place, line ? (str){0} : text, &found.list[i]);
    for (isize i = 0; i < message.n; i++) {
        const entry *e = &message.entries[i];
        str source = arena_printf(&t->arena, "%.*s/%.*s", STR_ARGS(e->type), STR_ARGS(e->id));
        try_resource *r = resource_of(t, source);
        r->entry = e;
        r->patient = e->patient.n ? patient_of(t, e->patient) : -1;
    }
}

/* --- the sample --- */
static bool read_whole(const input_file *file, bytes *out) {
    source *from = source_open(file->path);
    const char *why = NULL;
    isize got = -1;
    if (!from) why = strerrordesc_np(errno);
    while (from && (got = source_read(from, bytes_room(out, SAMPLE_PIECE), SAMPLE_PIECE, &why)) > 0)
        out->n += got;
    if (from) source_close(from);
    if (got == 0) return true;
    fprintf(stderr, "%s: error: it cannot be read: %s\n", file->name, why ? why : "unknown");
    return false;
}

void try_read(trying *t) {
    t->sample = (inputs){0};
    for (isize i = 0; i < t->argument_count; i++) inputs_add(&t->sample, t->arguments[i]);
    t->texts = tool_memory(t->sample.n + 1, (isize)sizeof *t->texts);
    for (isize i = 0; i < t->sample.n; i++) {
        const input_file *file = &t->sample.list[i];
        if (file->error || file->empty)
            fprintf(stderr, "%s: error: %s\n", file->name,
                    file->empty ? "the folder holds no .json, .ndjson or .xml"
                                : strerrordesc_np(file->error));
        if (file->error || file->empty || !read_whole(file, &t->texts[i])) t->passed_over++;
    }
}

void try_free(trying *t) {
    for (isize i = 0; i < t->sample.n; i++) bytes_free(&t->texts[i]);
    free(t->texts);
    inputs_free(&t->sample);
}

/* Several documents, a line each, whatever the file is called: the first line is one by itself and
 * more follows. */
static bool are_lines(trying *t, str text) {
    str line, rest = text, more;
    tape *tape = arena_new(&t->arena, struct tape, 1);
    fault fault;
    if (!read_next_line(&rest, &line)) return false;
    bool several = read_next_line(&rest, &more);
    return several && read_json(&t->arena, line, NULL, NULL, tape, &fault);
}

static void take_file(trying *t, const input_file *file, str text) {
    str line, rest = text;
    if (text.n == 0) return; /* told already, or empty */
    if (!input_is_lines(file->path) && !are_lines(t, text)) {
        take_message(t, text, file->name, 0);
        return;
    }
    long number = 1; /* blank lines count too */
    const char *counted = text.p;
    while (read_next_line(&rest, &line)) {
        for (; counted < line.p; counted++) number += *counted == '\n';
        take_message(t, line, file->name, number);
    }
}

/* --- records --- */
static bool later(const record_row *a, const record_row *b) {
    int by = str_compare(a->view, b->view);
    return by > 0 || (by == 0 && str_compare(a->source, b->source) > 0);
}

static void add_row(trying *t, try_patient *p, record_row row) {
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 32;
        p->rows = arena_grow(&t->arena, p->rows, p->n, p->cap, (isize)sizeof row,
                             (isize) _Alignof(record_row));
    }
    isize at = p->n++;
    for (; at > 0 && later(&p->rows[at - 1], &row); at--) p->rows[at] = p->rows[at - 1];
    p->rows[at] = row;
}

static void add_rows(trying *t, const try_resource *r) {
    const entry *e = r->entry;
    if (r->patient < 0 || e->action == ENTRY_REMOVE) return;
    for (isize i = 0; i < e->row_count; i++)
        add_row(t, &t->patients[r->patient],
                (record_row){.view = view_name(mappings_view(t->set, e->rows[i].view)),
                             .source = r->source,
                             .version = e->version,
                             .updated = e->updated,
                             .cells = e->rows[i].cells});
}

static void decide_patient(trying *t, try_patient *p, problems *found) {
    flag_state none = {.status = FLAG_ABSENT}, next;
    record_build(t->set, &t->arena, S("sample"), p->rows, p->n, t->now, found, &p->record);
    verdict_decide(t->set, t->chosen, &t->arena, &p->record, t->now, &p->verdict);
    flag_circumstances c = flag_circumstances_of(t->set, t->chosen, &t->arena, &p->record, t->now);
    p->flag = flag_next(&none, &p->verdict, c, (int)study_flag_hold_days(t->chosen), t->now,
                        &t->arena, &next, &p->why);
}

void try_decide(trying *t) {
    problems found = problems_new(&t->arena);
    for (isize i = 0; i < t->sample.n; i++)
        take_file(t, &t->sample.list[i], bytes_str(&t->texts[i]));
    for (isize i = 0; i < t->resource_count; i++) add_rows(t, &t->resources[i]);
    for (isize i = 0; i < t->patient_count; i++) decide_patient(t, &t->patients[i], &found);
    for (isize i = 0; i < found.n; i++)
        tool_print_problem(stderr, "the record", (str){0}, &found.list[i]);
}
