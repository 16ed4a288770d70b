/* SPDX-License-Identifier: Apache-2.0 */
/* trial_pass MAPPINGS FILE VIEWS STUDY...: what a mapping set with these studies makes of an NDJSON
 * file, without a store. VIEWS is `all`: each line goes the way of a message as far as its rows
 * (the reader, the site's codes, every view on resources, identity and digest). Or it is a list of
 * views, separated by commas: only these run, only what they can reach is read, and a patient's
 * lines begin with the Patient. When the next line is of another patient, the record is built, the
 * derived views run, and every study's criteria are decided over it. Prints one line a patient and
 * study: patient, study, verdict and the number of criteria that are met, separated by tabs. A
 * patient's lines must follow each other. */
#include "deliver/deliver.h"
#include "fhir/model_ids.h"
#include "fhir/read.h"
#include "files/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SET_ROOM = 1 << 30,
    MESSAGE_ROOM = 1 << 28,
    MOST_ROWS = 4096,
    MOST_STUDIES = 16,
    MOST_VIEWS = 16
};

typedef struct pass {
    arena set, message, patient; /* the last one holds the rows of one patient */
    landing landing;
    const char *folder;
    str studies[MOST_STUDIES];
    isize study_count;
    const mappings *mappings;
    str names;                     /* of the views, or "all" */
    const view *views[MOST_VIEWS]; /* these alone, */
    isize view_count;
    const view *running; /* and the one at work */
    path_run run;
    str source; /* of its rows */
    projection *keep;
    when now;
    str line, who;
    record_row *rows;
    isize n;
    bool failed;
} pass;

static void load(void *state) {
    pass *p = state;
    const mapping_file *files;
    isize n;
    fault fault;
    mapping_choice choice = {.studies = p->studies, .study_count = p->study_count};
    problems found = problems_new(&p->set);
    if (files_mappings(&p->set, str_from(p->folder), &choice, &files, &n, &fault))
        p->mappings = mappings_load(&p->set, files, n, NULL, deliver_digest(), &found);
    p->failed = !p->mappings || !when_parse_datetime(S("2025-06-30T12:00:00Z"), &p->now);
}

static void choose(pass *p, str name) {
    for (isize i = 0; i < mappings_view_count(p->mappings); i++)
        if (str_eq(view_name(mappings_view(p->mappings, i)), name) && p->view_count < MOST_VIEWS) {
            p->views[p->view_count++] = mappings_view(p->mappings, i);
            return;
        }
    p->failed = true;
}

/* What the chosen views reach, and the id of their resources, which is the source of rows. */
static void choose_views(void *state) {
    static const model_key id[] = {KEY_id};
    pass *p = state;
    if (str_eq(p->names, S("all"))) return;
    for (str rest = p->names; rest.n;) {
        isize comma = str_find_byte(rest, ',', 0), end = comma < 0 ? rest.n : comma;
        choose(p, str_slice(rest, 0, end));
        rest = str_slice(rest, end + (comma >= 0), rest.n);
    }
    p->keep = projection_new(&p->set, model_r4());
    for (model_type t = 1; t < TYPE_R4_COUNT; t++) projection_keep(p->keep, t, id, 1, true);
    for (isize i = 0; i < p->view_count; i++) view_project(p->views[i], p->keep);
}

static int by_view_and_source(const void *a, const void *b) {
    const record_row *x = a, *y = b;
    int order = str_compare(x->view, y->view);
    return order ? order : str_compare(x->source, y->source);
}

static void decide(pass *p) {
    problems found = problems_new(&p->message);
    tape record;
    qsort(p->rows, (size_t)p->n, sizeof *p->rows, by_view_and_source);
    record_build(p->mappings, &p->message, S("bench"), p->rows, p->n, p->now, &found, &record);
    for (isize i = 0; i < mappings_study_count(p->mappings); i++) {
        const study *s = mappings_study(p->mappings, i);
        verdict v;
        verdict_decide(p->mappings, s, &p->message, &record, p->now, &v);
        printf("%.*s\t%.*s\t%.*s\t%td\n", STR_ARGS(p->who), STR_ARGS(study_id(s)),
               STR_ARGS(verdict_name(v.kind)), v.met);
    }
}

static void end_patient(pass *p) {
    if (p->who.n) decide(p);
    arena_clear(&p->patient);
    p->who = (str){0};
    p->n = 0;
}

static void begin_rows(pass *p) {
    if (!p->n) p->rows = arena_new(&p->patient, record_row, MOST_ROWS);
}

static void keep_rows(pass *p, const entry *e) {
    begin_rows(p);
    for (isize i = 0; i < e->row_count && p->n < MOST_ROWS; i++)
        p->rows[p->n++] = (record_row){
            .view = view_name(mappings_view(p->mappings, e->rows[i].view)),
            .source = arena_printf(&p->patient, "%.*s/%.*s", STR_ARGS(e->type), STR_ARGS(e->id)),
            .version = arena_str(&p->patient, e->version),
            .updated = arena_str(&p->patient, e->updated),
            .cells = arena_str(&p->patient, e->rows[i].cells)};
}

static void keep_row(void *state, const view_row *row) {
    pass *p = state;
    buf cells = buf_new(&p->patient, MESSAGE_ROOM / 4, "a row");
    begin_rows(p);
    if (p->n == MOST_ROWS) return;
    view_cells_json(p->running, &p->run, row, &cells);
    p->rows[p->n++] =
        (record_row){.view = view_name(p->running), .source = p->source, .cells = buf_str(&cells)};
}

static void run_views(pass *p, const tape *t) {
    model_type type = t->nodes[0].type;
    str id = tape_child_text(t, 0, KEY_id, &p->message), column;
    if (type == TYPE_Patient) {
        end_patient(p);
        p->who = arena_str(&p->patient, id);
    }
    p->source = arena_printf(&p->patient, "%.*s/%.*s", STR_ARGS(model_type_name(t->model, type)),
                             STR_ARGS(id));
    p->run = (path_run){.tape = t,
                        .arena = &p->message,
                        .terminology = mappings_terminology(p->mappings),
                        .now = p->now};
    path_prepare(&p->run);
    for (isize i = 0; i < p->view_count; i++) {
        p->running = p->views[i];
        if (view_resource(p->running) == type &&
            view_rows(p->running, &p->run, 0, keep_row, p, &column) != VIEW_OK)
            p->failed = true;
    }
}

static void read_chosen(void *state) {
    pass *p = state;
    problems found = problems_new(&p->message);
    read_options options = {.keep = p->keep};
    tape t;
    fault fault;
    if (!read_json(&p->message, p->line, &options, &found, &t, &fault))
        p->failed = true;
    else if (!t.unwanted)
        run_views(p, &t);
}

static void read_line(void *state) {
    pass *p = state;
    problems found = problems_new(&p->message);
    tape t;
    fault fault;
    message m;
    if (!read_json(&p->message, p->line, NULL, &found, &t, &fault)) {
        p->failed = true;
        return;
    }
    message_extract(p->mappings, &p->message, &t, deliver_digest(), p->now, &found, &m);
    for (isize i = 0; i < m.n; i++) {
        const entry *e = &m.entries[i];
        if (p->who.n && !str_eq(e->patient, p->who)) end_patient(p);
        if (!p->who.n) p->who = arena_str(&p->patient, e->patient);
        keep_rows(p, e);
    }
}

static void last_patient(void *state) { end_patient(state); }

static bool read_file(pass *p, FILE *from) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while (!p->failed && (n = getline(&line, &room, from)) > 0) {
        p->line = (str){line, n};
        arena_clear(&p->message);
        if (!guarded(&p->landing, p->keep ? read_chosen : read_line, p)) p->failed = true;
    }
    if (!p->failed && !guarded(&p->landing, last_patient, p)) p->failed = true;
    free(line);
    return !p->failed && !ferror(from) && fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    static pass p;
    if (argc < 5 || argc > 4 + MOST_STUDIES) {
        fputs("usage: trial_pass MAPPINGS FILE all|VIEW,... STUDY...\n", stderr);
        return 2;
    }
    p.names = str_from(argv[3]);
    for (int i = 4; i < argc; i++) p.studies[p.study_count++] = str_from(argv[i]);
    p.folder = argv[1];
    arena_init(&p.set, SET_ROOM, &p.landing);
    arena_init(&p.message, MESSAGE_ROOM, &p.landing);
    arena_init(&p.patient, MESSAGE_ROOM, &p.landing);
    FILE *from = fopen(argv[2], "re");
    bool ok = from && guarded(&p.landing, load, &p) && !p.failed &&
              guarded(&p.landing, choose_views, &p) && !p.failed && read_file(&p, from);
    if (!ok)
        fprintf(stderr, "trial_pass: %s over %s failed: %s\n", argv[1], argv[2],
                p.landing.fault.text);
    if (from) fclose(from);
    arena_release(&p.patient);
    arena_release(&p.message);
    arena_release(&p.set);
    return ok ? 0 : 1;
}
