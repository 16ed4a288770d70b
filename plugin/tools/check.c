/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial check`: loads a folder of mappings as the library would, or compiles one
 * ViewDefinition, and prints every finding with its line and remedy, then what each view and study
 * is. */
#include "tools/check.h"

#include "files/files.h"
#include "tools/tools.h"
#include "tools/view_set.h"

#include <dirent.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: fhirtrial check [OPTION]... FOLDER\n"
    "       fhirtrial check [--mappings FOLDER] [--json] [--quiet] VIEW.json\n"
    "\n"
    "Checks the mappings in FOLDER (core/, studies/, guidelines/, sites/) and says what is\n"
    "wrong, where (file:line:column) and what to do. Every site is checked unless --site\n"
    "names one; every study and guideline unless --study names some studies. Of a file, a\n"
    "ViewDefinition, it also lists the columns and says which profiles of SQL on FHIR it\n"
    "satisfies, shareable and tabular, or why not.\n"
    "\n"
    "  --site NAME        a folder of sites/\n"
    "  --study ID         a folder of studies/; may be given several times\n"
    "  --cases FOLDER     the conformance cases (conformance/cases beside FOLDER, if there)\n"
    "  --trace            the table of criteria: where each stands, what it leans on, its\n"
    "                     cases, its sentence of the source; gaps are marked\n"
    "  --mappings FOLDER  VIEW.json is checked as one of this mapping set: with its value\n"
    "                     sets and concept maps, and strictly\n"
    "  --json             one JSON document: findings, views, studies; with --trace the table\n"
    "  --quiet            findings only, no list of views and studies; with --trace gaps only\n"
    "\n"
    "Warnings tell what cannot be meant: unused names, files and codes, codes that others stand\n"
    "before, criteria without a case, screening that nobody can pass.\n"
    "\n"
    "exit: 0 no errors (warnings may be there), 1 errors or, with --trace, a gap, 2 wrong use\n"
    "\n"
    "example: fhirtrial check mappings --site demo\n"
    "         fhirtrial check patients.view.json\n";

enum { CHECK_ARENA = 1 << 30 };

static bool same(const problem *a, const problem *b) {
    return a->at == b->at && str_eq(a->file, b->file) && str_eq(a->text, b->text) &&
           str_eq(a->place, b->place);
}

static void merge(checking *c, const problems *some) {
    for (isize i = 0; i < some->n; i++) {
        bool known = false;
        for (isize k = 0; k < c->found.n && !known; k++)
            known = same(&c->found.list[k], &some->list[i]);
        if (!known) problems_add(&c->found, some->list[i]);
    }
}

static const zone_table *zone_of(checking *c, const mapping_file *files, isize n) {
    str name = mappings_timezone(&c->arena, files, n);
    zone_table *zone = arena_new(&c->arena, zone_table, 1);
    fault fault;
    if (!name.n) return NULL;
    if (files_zone(&c->arena, name, zone, &fault)) return zone;
    problems_add(&c->found, mappings_timezone_problem(&c->arena, files, n,
                                                      arena_str(&c->arena, str_from(fault.text))));
    return NULL;
}

static void check_site(checking *c, const char *site) {
    mapping_choice choice = {.studies = c->study_count ? c->studies : NULL,
                             .study_count = c->study_count,
                             .all_guidelines = c->study_count == 0,
                             .site = str_from(site)};
    fault fault;
    const mapping_file *files;
    isize n;
    if (!files_mappings(&c->arena, str_from(c->path), &choice, &files, &n, &fault)) {
        c->stopped = arena_str(&c->arena, str_from(fault.text)).p;
        return;
    }
    problems some = problems_new(&c->arena);
    const mappings *set = mappings_load(&c->arena, files, n, zone_of(c, files, n), NULL, &some);
    merge(c, &some);
    if (set) c->set = set;
    mapping_file *all = arena_new(&c->arena, mapping_file, c->file_count + n);
    for (isize i = 0; i < c->file_count; i++) all[i] = c->files[i];
    for (isize i = 0; i < n; i++) all[c->file_count + i] = files[i];
    c->files = all;
    c->file_count += n;
}

static void check_every_site(checking *c) {
    str path = files_join(&c->arena, str_from(c->path), S("sites"));
    DIR *dir = opendir(path.p);
    str names[CHECK_NAMES];
    isize n = 0;
    for (struct dirent *e; dir && n < CHECK_NAMES && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && e->d_type != DT_REG)
            names[n++] = arena_str(&c->arena, str_from(e->d_name));
    if (dir) closedir(dir);
    for (isize i = 1; i < n; i++)
        for (isize k = i; k > 0 && str_compare(names[k - 1], names[k]) > 0; k--) {
            str swap = names[k];
            names[k] = names[k - 1];
            names[k - 1] = swap;
        }
    if (n == 0) check_site(c, "");
    for (isize i = 0; i < n && !c->stopped; i++) check_site(c, names[i].p);
}

/* What lies beside core, studies, guidelines and sites is read by nobody. */
static void check_top(checking *c) {
    static const str known[] = {S_INIT("core"), S_INIT("studies"), S_INIT("guidelines"),
                                S_INIT("sites"), S_INIT("schema")};
    DIR *dir = opendir(c->path);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        str name = str_from(e->d_name), near;
        bool expected = name.p[0] == '.' || e->d_type == DT_REG;
        for (isize i = 0; i < COUNT_OF(known); i++) expected |= str_eq(name, known[i]);
        if (expected) continue;
        near = problem_nearest(name, known, COUNT_OF(known));
        problems_add(
            &c->found,
            (problem){.level = PROBLEM_WARNING,
                      .code = "structure",
                      .file = arena_str(&c->arena, name),
                      .at = -1,
                      .text = S("this folder is not read"),
                      .remedy =
                          near.n ? arena_printf(&c->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                                 : S("mappings lie in core, studies, guidelines and sites")});
    }
    if (dir) closedir(dir);
}

/* One ViewDefinition, as `fhirtrial view` would take it. */
static void check_file(checking *c) {
    view_environment environment = {.model = model_r4(), .strict = c->mappings != NULL};
    mapping_file *file = arena_new(&c->arena, mapping_file, 1);
    fault fault;
    const json *root;
    file->name = str_from(c->path);
    if (!files_read(&c->arena, (str){0}, file->name, LIMIT_CONFIG_BYTES, &file->text, &fault)) {
        c->stopped = arena_str(&c->arena, str_from(fault.text)).p;
        return;
    }
    c->files = file;
    c->file_count = 1;
    if (c->mappings) {
        const mappings *set = tool_mappings(&c->arena, "check", c->mappings);
        if ((c->failed = !set)) return;
        environment.model = mappings_model(set);
        environment.terminology = mappings_terminology(set);
    }
    if (json_read(&c->arena, file->text, &root, &fault))
        c->view = view_compile(&c->arena, &environment, root, file->name, &c->found);
    else
        problems_add(&c->found, (problem){.level = PROBLEM_ERROR,
                                          .code = "invalid",
                                          .file = file->name,
                                          .at = fault.at,
                                          .text = arena_str(&c->arena, str_from(fault.text))});
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) != 0 || S_ISDIR(info.st_mode);
}

static void check_step(void *state) {
    checking *c = state;
    c->found = problems_new(&c->arena);
    if (!is_folder(c->path)) {
        check_file(c);
        return;
    }
    check_top(c);
    if (c->site)
        check_site(c, c->site);
    else
        check_every_site(c);
    if (!c->stopped && c->set && c->found.errors == 0 && !c->trace) check_cases(c);
}

/* --- printing --- */
static str text_of(const checking *c, str name) {
    for (isize i = 0; i < c->file_count; i++)
        if (str_eq(c->files[i].name, name)) return c->files[i].text;
    return (str){0};
}

static void print_findings(checking *c) {
    for (isize i = 0; i < c->found.n; i++) {
        const problem *p = &c->found.list[i];
        char name[4096];
        bool alone = str_eq(p->file, str_from(c->path));
        snprintf(name, sizeof name, "%s%s%.*s", alone ? "" : c->path, alone ? "" : "/",
                 STR_ARGS(p->file));
        tool_print_problem(stdout, name, text_of(c, p->file), p);
    }
    if (c->found.dropped) printf("%td more findings are not shown\n", c->found.dropped);
}

static void print_view(const view *v, const model *m) {
    str why;
    isize columns;
    view_columns(v, &columns);
    printf("view %.*s on %.*s, %td columns", STR_ARGS(view_name(v)),
           STR_ARGS(model_type_name(m, view_resource(v))), columns);
    if (view_shareable(v, &why))
        fputs(", shareable", stdout);
    else
        printf(", not shareable: %.*s", STR_ARGS(why));
    if (view_tabular(v, &why))
        puts(", tabular");
    else
        printf(", not tabular: %.*s\n", STR_ARGS(why));
}

static void print_schedule(const study *s) {
    static const char *const names[] = {"arm", "dose scheme", "visit", "endpoint"};
    for (int part = SCHEDULE_ARM; part <= SCHEDULE_ENDPOINT; part++) {
        isize n = study_schedule_count(s, (schedule_part)part);
        if (n) printf(", %td %s%s", n, names[part], n == 1 ? "" : "s");
    }
}

static void print_views(const checking *c) {
    const mappings *m = c->set;
    if (c->view) {
        print_view(c->view, view_model(c->view));
        view_columns_print(c->view);
        return;
    }
    for (isize i = 0; i < mappings_view_count(m); i++)
        print_view(mappings_view(m, i), mappings_model(m));
    for (isize i = 0; i < mappings_derived_count(m); i++)
        print_view(mappings_derived(m, i), mappings_model(m));
}

static void print_studies(const mappings *m) {
    for (isize i = 0; i < mappings_study_count(m); i++) {
        const study *s = mappings_study(m, i);
        isize human = 0, screening = 0, n = study_criterion_count(s);
        for (isize k = 0; k < n; k++) {
            human += study_criterion(s, k)->human;
            screening += study_criterion(s, k)->screening;
        }
        printf("%s %.*s, %td criteria, %td for a person alone, %td screening",
               study_guideline(s) ? "guideline" : "study", STR_ARGS(study_id(s)), n, human,
               screening);
        print_schedule(s);
        putchar('\n');
    }
}

static void json_view(buf *out, const view *v, const model *m) {
    str share, table;
    bool shareable = view_shareable(v, &share), tabular = view_tabular(v, &table);
    buf_add(out, S("{\"name\":"));
    buf_json_string(out, view_name(v));
    buf_add(out, S(",\"resource\":"));
    buf_json_string(out, model_type_name(m, view_resource(v)));
    buf_printf(out, ",\"shareable\":%s,\"notShareable\":", shareable ? "true" : "false");
    buf_json_string(out, share);
    buf_printf(out, ",\"tabular\":%s,\"notTabular\":", tabular ? "true" : "false");
    buf_json_string(out, table);
    buf_add(out, S(",\"columns\":["));
    view_columns_json(v, out);
    buf_add(out, S("]}"));
}

static void json_step(void *state) {
    checking *c = state;
    buf out = buf_new(&c->arena, CHECK_ARENA / 4, "the report");
    buf_add(&out, S("{\"findings\":["));
    for (isize i = 0; i < c->found.n; i++) {
        if (i) buf_byte(&out, ',');
        tool_json_problem(&out, c->files, c->file_count, &c->found.list[i]);
    }
    buf_add(&out, S("],\"views\":["));
    if (c->view) json_view(&out, c->view, view_model(c->view));
    const model *m = c->set ? mappings_model(c->set) : NULL;
    for (isize i = 0; c->set && i < mappings_view_count(c->set); i++) {
        if (i) buf_byte(&out, ',');
        json_view(&out, mappings_view(c->set, i), m);
    }
    for (isize i = 0; c->set && i < mappings_derived_count(c->set); i++) {
        buf_byte(&out, ',');
        json_view(&out, mappings_derived(c->set, i), m);
    }
    buf_add(&out, S("],\"studies\":["));
    for (isize i = 0; c->set && i < mappings_study_count(c->set); i++) {
        const study *s = mappings_study(c->set, i);
        buf_add(&out, i ? S(",{\"id\":") : S("{\"id\":"));
        buf_json_string(&out, study_id(s));
        buf_printf(&out, ",\"criteria\":%td}", study_criterion_count(s));
    }
    buf_add(&out, S("]}\n"));
    str text = buf_str(&out);
    fwrite(text.p, 1, (size_t)text.n, stdout);
}

static int finish(checking *c) {
    if (c->stopped) {
        fprintf(stderr, "fhirtrial check: %s\n", c->stopped);
        return TOOL_USAGE;
    }
    if (c->failed) return TOOL_FAILED;
    if (c->trace && c->found.errors == 0) return check_trace(c);
    if (c->json) {
        if (!guarded(&c->landing, json_step, c)) return TOOL_FAILED;
    } else {
        print_findings(c);
        bool good = !c->quiet && c->found.errors == 0;
        if (good && (c->set || c->view)) print_views(c);
        if (good && c->set) print_studies(c->set);
    }
    isize warnings = c->found.n - c->found.errors;
    fflush(stdout); /* the sum stands below what it sums up, also in a pipe */
    fprintf(stderr, "%td error%s, %td warning%s\n", c->found.errors,
            c->found.errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    return c->found.errors ? TOOL_FAILED : TOOL_OK;
}

static int run(checking *c) {
    arena_init(&c->arena, CHECK_ARENA, &c->landing);
    int code;
    if (guarded(&c->landing, check_step, c))
        code = finish(c);
    else {
        fprintf(stderr, "fhirtrial check: %s\n", c->landing.fault.text);
        code = TOOL_FAILED;
    }
    arena_release(&c->arena);
    return code;
}

int tool_check(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"site", required_argument, NULL, 's'},
                                            {"study", required_argument, NULL, 'S'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"cases", required_argument, NULL, 'c'},
                                            {"trace", no_argument, NULL, 't'},
                                            {"mappings", required_argument, NULL, 'm'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {NULL, 0, NULL, 0}};
    static checking c;
    int option;
    while ((option = getopt_long(argc, argv, "hq", options, NULL)) != -1) switch (option) {
        case 'h': fputs(help, stdout); return TOOL_OK;
        case 's': c.site = optarg; break;
        case 'S':
            if (c.study_count < CHECK_NAMES) c.studies[c.study_count++] = str_from(optarg);
            break;
        case 'c': c.cases = optarg; break;
        case 't': c.trace = true; break;
        case 'm': c.mappings = optarg; break;
        case 'j': c.json = true; break;
        case 'q': c.quiet = true; break;
        default: fputs(help, stderr); return TOOL_USAGE;
        }
    if (optind + 1 != argc) {
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    c.path = argv[optind];
    if (is_folder(c.path) ? c.mappings != NULL : c.site || c.study_count || c.trace || c.cases) {
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    return run(&c);
}
