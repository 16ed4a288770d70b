/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial view`: ViewDefinitions over files, folders or standard input. This file is the
 * arguments: which views, which inputs, and where the rows of each view go. */
#include "fhir/model_ids.h"
#include "tools/pool.h"
#include "tools/tools.h"
#include "tools/view_pass.h"
#include "tools/view_set.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: fhirtrial view [OPTIONS] VIEW.json [INPUT...]\n"
    "       fhirtrial view [OPTIONS] --view VIEW.json [--view VIEW.json]... [INPUT...]\n"
    "\n"
    "Runs SQL on FHIR ViewDefinitions over FHIR R4 resources. An INPUT is NDJSON, a JSON or\n"
    "XML document (a resource or a Bundle), any of them as .gz, a folder of such files, or -\n"
    "for standard input, which is also read without INPUT. Of a folder and its sub-folders\n"
    "the files are taken that end in .json .ndjson .jsonl .xml, or these and .gz, in upper or\n"
    "lower case. Several views share one pass over the input.\n"
    "\n"
    "  --view FILE       one more view; each has an output of its own\n"
    "  --out FILE        where the rows go; with several views once for each, in their order,\n"
    "                    or once as a FOLDER/, in which each file is named like its view\n"
    "  --format FORMAT   csv, ndjson, json or table; else the ending of --out says\n"
    "                    (.csv .ndjson .jsonl .json .txt), else ndjson\n"
    "  --threads N       workers, 1 unless given; 0: one a processor. The output is the same\n"
    "  --unordered       rows in the order in which they are ready\n"
    "  --mappings FOLDER a mapping set: its value sets and concept maps, and its strict rules\n"
    "  --now INSTANT     what now() and today() give, for example 2025-03-01T12:00:00Z\n"
    "  --trusted         look only into lines of NDJSON that hold a text without which the\n"
    "                    views give no row, such as the code they ask for. The other lines are\n"
    "                    not checked at all: no JSON, no UTF-8 or no FHIR there goes unseen.\n"
    "                    Lines are taken to be JSON. For files that were checked before\n"
    "  --lenient         exit 0 even though messages were passed over\n"
    "  --quiet           no count at the end, and no progress\n"
    "  --schema          print the columns with their types, read nothing; --json: as JSON\n"
    "  --explain         print plan and operations, read nothing\n"
    "\n"
    "A message that cannot be used is reported with file and line and passed over. Memory is\n"
    "bounded by the largest message; only a table is held to the end.\n"
    "\n"
    "exit: 0  done\n"
    "      1  a view or an output failed\n"
    "      2  wrong use\n"
    "      3  messages were passed over, or an input could not be read to its end\n"
    "\n"
    "example: fhirtrial view --format csv patients.view.json Patient.ndjson.gz\n"
    "         fhirtrial view --view a.json --view b.json --out tables/ --format csv export/\n";

typedef struct viewing {
    view_set set;
    inputs inputs;
    const char *outs[VIEW_SET_MOST];
    isize out_count;
    sink sinks[VIEW_SET_MOST];
    rows_format formats[VIEW_SET_MOST];
    rows_format format;
    bool format_given, unordered, trusted, lenient, quiet, schema, json, explain;
    int threads;
    when now;
} viewing;

static int usage(const char *text) {
    fprintf(stderr, "fhirtrial view: %s; `fhirtrial view --help` explains\n", text);
    return TOOL_USAGE;
}

/* --- outputs --- */
static bool is_folder(const char *path) {
    struct stat info;
    size_t n = strlen(path);
    return (n > 0 && path[n - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

typedef struct naming {
    viewing *v;
    isize view;
    const char *path;
} naming;

static void name_step(void *state) {
    naming *n = state;
    const char *folder = n->v->outs[0];
    bool slash = folder[strlen(folder) - 1] == '/';
    str name = view_set_name(&n->v->set, n->view);
    n->path = arena_printf(&n->v->set.arena, "%s%s%.*s%s", folder, slash ? "" : "/", STR_ARGS(name),
                           rows_ending(n->v->format))
                  .p;
}

/* One file a view in the folder, which is made when it is not there. */
static int outputs_in_folder(viewing *v) {
    if (mkdir(v->outs[0], 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "fhirtrial view: cannot make %s: %s\n", v->outs[0], strerrordesc_np(errno));
        return TOOL_FAILED;
    }
    for (isize i = 0; i < v->set.n; i++) {
        naming n = {v, i, NULL};
        if (!guarded(&v->set.landing, name_step, &n)) return TOOL_FAILED;
        v->sinks[i].path = n.path;
        v->sinks[i].format = v->format;
        for (isize k = 0; k < i; k++)
            if (strcmp(v->sinks[k].path, n.path) == 0)
                return usage("two views have one name, so they cannot share a folder");
    }
    return TOOL_OK;
}

static int outputs_as_given(viewing *v) {
    isize standard = 0;
    for (isize i = 0; i < v->set.n; i++) {
        sink *s = &v->sinks[i];
        const char *path = v->out_count ? v->outs[i] : "-";
        s->path = strcmp(path, "-") == 0 ? NULL : path;
        s->format = v->format;
        if (s->path && !v->format_given) rows_format_of_file(path, &s->format);
        standard += !s->path;
    }
    for (isize i = 0; standard > 1 && i < v->set.n; i++) {
        if (v->sinks[i].path) continue;
        if (v->sinks[i].format != ROWS_TABLE)
            return usage("several views need an --out each, or --out FOLDER/");
        v->sinks[i].titled = true;
    }
    return TOOL_OK;
}

/* An output that is also an input, or another output, would be destroyed. */
static int outputs_differ(const viewing *v) {
    for (isize i = 0; i < v->set.n; i++) {
        struct stat out, other;
        const char *path = v->sinks[i].path;
        if (!path || stat(path, &out) != 0 || !S_ISREG(out.st_mode)) continue;
        for (isize k = 0; k < v->inputs.n; k++)
            if (v->inputs.list[k].node == out.st_ino && v->inputs.list[k].device == out.st_dev)
                return usage("an --out is also an input");
        for (isize k = 0; k < i; k++)
            if (v->sinks[k].path && stat(v->sinks[k].path, &other) == 0 &&
                other.st_ino == out.st_ino && other.st_dev == out.st_dev)
                return usage("two views have the same --out");
    }
    return TOOL_OK;
}

static int open_outputs(viewing *v) {
    bool folder = v->out_count == 1 && is_folder(v->outs[0]);
    if (v->out_count && !folder && v->out_count != v->set.n)
        return usage("there must be one --out for each view, or one that is a FOLDER/");
    int code = folder ? outputs_in_folder(v) : outputs_as_given(v);
    for (isize i = 0; i < v->set.n; i++) {
        v->sinks[i].view = v->set.views[i];
        v->sinks[i].fd = -1;
        for (isize k = 0; k < i && code == TOOL_OK; k++)
            if (v->sinks[i].path && v->sinks[k].path &&
                strcmp(v->sinks[i].path, v->sinks[k].path) == 0)
                code = usage("two views have the same --out");
    }
    if (code == TOOL_OK) code = outputs_differ(v);
    for (isize i = 0; i < v->set.n && code == TOOL_OK; i++) {
        if (!sink_open(&v->sinks[i])) code = TOOL_FAILED;
        v->formats[i] = v->sinks[i].format;
    }
    return code;
}

/* --- the pass --- */
static void print_count(const viewing *v, const view_pass *p) {
    fprintf(stderr, "%ld message%s with %ld resource%s, ", p->messages, p->messages == 1 ? "" : "s",
            p->resources, p->resources == 1 ? "" : "s");
    for (isize i = 0; i < v->set.n; i++) {
        long rows = v->sinks[i].rows;
        fprintf(stderr, "%s%ld row%s", i ? ", " : "", rows, rows == 1 ? "" : "s");
        if (v->set.n > 1) fprintf(stderr, " of %.*s", STR_ARGS(view_set_name(&v->set, i)));
    }
    if (v->trusted && p->unseen)
        fprintf(stderr, "; %ld line%s not looked at", p->unseen, p->unseen == 1 ? "" : "s");
    if (p->passed_over) fprintf(stderr, "; %ld passed over", p->passed_over);
    if (p->unread) fprintf(stderr, "; %ld input%s not read", p->unread, p->unread == 1 ? "" : "s");
    fputc('\n', stderr);
}

static int run_pass(viewing *v) {
    engine_job job = {.views = v->set.views,
                      .formats = v->formats,
                      .view_count = v->set.n,
                      .keep = v->set.keep,
                      .trusted = v->trusted ? view_set_literals(&v->set) : NULL,
                      .terminology = v->set.terminology,
                      .now = v->now};
    view_pass pass = {.job = &job,
                      .inputs = &v->inputs,
                      .sinks = v->sinks,
                      .threads = v->threads,
                      .unordered = v->unordered,
                      .progress = !v->quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
    view_pass_run(&pass);
    for (isize i = 0; i < v->set.n; i++)
        if (!sink_close(&v->sinks[i])) pass.failed = true;
    if (pass.failed) return TOOL_FAILED;
    if (!v->quiet) print_count(v, &pass);
    return pass.unread || (pass.passed_over && !v->lenient) ? TOOL_PARTIAL : TOOL_OK;
}

/* Rows of the patient record come from the store, not from messages. */
static bool over_messages(const viewing *v) {
    for (isize i = 0; i < v->set.n; i++)
        if (view_resource(v->set.views[i]) >= TYPE_R4_COUNT) {
            fprintf(stderr,
                    "%s: error: a derived view reads the patient record, not FHIR messages; "
                    "`fhirtrial record` shows its rows\n",
                    v->set.paths[i]);
            return false;
        }
    return true;
}

static int run(viewing *v) {
    if (!view_set_load(&v->set)) return TOOL_FAILED;
    if (v->schema) return view_set_schema(&v->set, v->json), TOOL_OK;
    if (v->explain) return view_set_explain(&v->set), TOOL_OK;
    if (!over_messages(v)) return TOOL_FAILED;
    int code = open_outputs(v);
    if (code == TOOL_OK) return run_pass(v);
    for (isize i = 0; i < v->set.n; i++) bytes_free(&v->sinks[i].waiting);
    return code;
}

/* --- arguments --- */
static int take_now(viewing *v, const char *text) {
    int64_t nanoseconds;
    if (when_parse_datetime(str_from(text), &v->now) && when_to_unix(v->now, &nanoseconds))
        return TOOL_OK;
    return usage("--now wants an instant such as 2025-03-01T12:00:00Z");
}

static int take_threads(viewing *v, const char *text) {
    decimal d;
    int64_t n;
    if (!decimal_parse(str_from(text), &d) || !decimal_to_int64(d, &n) || n < 0 || n > POOL_MOST)
        return usage("--threads wants a number from 0 to 64");
    if (n == 0) n = sysconf(_SC_NPROCESSORS_ONLN);
    v->threads = n < 1 ? 1 : n > POOL_MOST ? POOL_MOST : (int)n;
    return TOOL_OK;
}

static int take_format(viewing *v, const char *name) {
    v->format_given = true;
    if (rows_format_named(name, &v->format)) return TOOL_OK;
    return usage("the format is csv, ndjson, json or table");
}

static int take_listed(const char **list, isize *n, const char *what) {
    if (*n == VIEW_SET_MOST) return usage("more than 64 views or outputs");
    list[(*n)++] = what;
    return TOOL_OK;
}

static int take_option(viewing *v, int option) {
    switch (option) {
    case 'v': return take_listed(v->set.paths, &v->set.n, optarg);
    case 'o': return take_listed(v->outs, &v->out_count, optarg);
    case 'f': return take_format(v, optarg);
    case 't': return take_threads(v, optarg);
    case 'u': v->unordered = true; break;
    case 'm': v->set.mappings = optarg; break;
    case 'n': return take_now(v, optarg);
    case 'T': v->trusted = true; break;
    case 'l': v->lenient = true; break;
    case 'q': v->quiet = true; break;
    case 's': v->schema = true; break;
    case 'j': v->json = true; break;
    case 'e': v->explain = true; break;
    default: return fputs(help, stderr), TOOL_USAGE;
    }
    return TOOL_OK;
}

/* The first argument is a view, unless the views were named by --view and it is none. */
static int take_arguments(viewing *v, int argc, char **argv) {
    int i = optind;
    if (i < argc && (v->set.n == 0 || view_set_is_view(&v->set, argv[i]))) {
        if (v->set.n == VIEW_SET_MOST) return usage("more than 64 views");
        for (isize k = v->set.n++; k > 0; k--) v->set.paths[k] = v->set.paths[k - 1];
        v->set.paths[0] = argv[i++];
    }
    if (v->set.n == 0) return fputs(help, stderr), TOOL_USAGE;
    if (v->json && !v->schema) return usage("--json goes with --schema; rows: --format json");
    if (i == argc) inputs_add(&v->inputs, "-");
    for (; i < argc; i++) inputs_add(&v->inputs, argv[i]);
    return TOOL_OK;
}

int tool_view(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"view", required_argument, NULL, 'v'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"unordered", no_argument, NULL, 'u'},
                                            {"mappings", required_argument, NULL, 'm'},
                                            {"now", required_argument, NULL, 'n'},
                                            {"trusted", no_argument, NULL, 'T'},
                                            {"lenient", no_argument, NULL, 'l'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"schema", no_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"explain", no_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    static viewing v;
    int option, code = TOOL_OK;
    v = (viewing){.format = ROWS_NDJSON, .now = tool_now(), .threads = 1};
    view_set_init(&v.set);
    while (code == TOOL_OK &&
           (option = getopt_long(argc, argv, "hv:o:f:t:m:q", options, NULL)) >= 0) {
        if (option == 'h') return fputs(help, stdout), TOOL_OK;
        code = take_option(&v, option);
    }
    if (code == TOOL_OK) code = take_arguments(&v, argc, argv);
    if (code == TOOL_OK) code = run(&v);
    view_set_free(&v.set);
    inputs_free(&v.inputs);
    return code;
}
