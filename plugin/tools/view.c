/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial view`: a ViewDefinition over files or standard input, one message at a time. */
#include "files/files.h"
#include "tools/lines.h"
#include "tools/rows.h"
#include "tools/tools.h"

#include <getopt.h>
#include <string.h>

static const char help[] =
    "usage: fhirtrial view [--format csv|ndjson|json|table] [--mappings FOLDER]\n"
    "                      [--now INSTANT] [--lenient] [--explain] VIEW.json [INPUT...]\n"
    "\n"
    "Runs a SQL on FHIR ViewDefinition over FHIR R4 resources: JSON, NDJSON or XML,\n"
    "single resources or Bundles. Without INPUT, or for -, standard input is read.\n"
    "Memory is bounded by one message; only --format table is held to the end.\n"
    "A message that cannot be used is reported with file and line and passed over.\n"
    "\n"
    "  --format    ndjson unless given\n"
    "  --mappings  a mapping set: its value sets and concept maps, and its strict rules\n"
    "  --now       what now() and today() give, for example 2025-03-01T12:00:00Z\n"
    "  --lenient   exit 0 even though messages were passed over\n"
    "  --explain   print plan and operations, read nothing\n"
    "\n"
    "exit: 0 done, 1 the view or the output failed, 2 wrong use, 3 messages were\n"
    "passed over\n"
    "\n"
    "example: fhirtrial view --format csv patients.view.json Patient.ndjson\n";

enum { SET_ARENA = 1 << 30 };

typedef struct viewing {
    /* arguments */
    const char *view_path, *mappings;
    char **inputs;
    int input_count;
    rows_format format;
    bool lenient, explain;
    when now;
    /* configuration time */
    arena set;
    landing set_landing;
    const view *view;
    const path_terminology *terminology;
    bool failed;
    rows rows;
    /* one message */
    arena message;
    landing landing;
    const char *name;
    long line;
    bool ndjson;
    str text;
    bool bad;
    long skipped;
} viewing;

/* --- the view --- */
static const model *load_mappings(viewing *v) {
    const mapping_file *files;
    isize n;
    fault fault;
    if (!v->mappings) return model_r4();
    mapping_choice all = {0};
    if (!files_mappings(&v->set, str_from(v->mappings), &all, &files, &n, &fault)) {
        fprintf(stderr, "fhirtrial view: %s\n", fault.text);
        return NULL;
    }
    problems found = problems_new(&v->set);
    const mappings *set = mappings_load(&v->set, files, n, NULL, NULL, &found);
    if (set) {
        v->terminology = mappings_terminology(set);
        return mappings_model(set);
    }
    fprintf(stderr, "fhirtrial view: %s has %td errors: run `fhirtrial check %s`\n", v->mappings,
            found.errors, v->mappings);
    return NULL;
}

static void load_step(void *state) {
    viewing *v = state;
    str text;
    fault fault;
    const json *root;
    v->failed = true;
    const model *m = load_mappings(v);
    if (!m) return;
    if (!files_read(&v->set, (str){0}, str_from(v->view_path), LIMIT_CONFIG_BYTES, &text, &fault)) {
        fprintf(stderr, "fhirtrial view: %s\n", fault.text);
        return;
    }
    problems found = problems_new(&v->set);
    if (!json_read(&v->set, text, &root, &fault))
        problems_add(&found, (problem){.level = PROBLEM_ERROR,
                                       .code = "invalid",
                                       .at = fault.at,
                                       .text = str_from(fault.text)});
    else {
        view_environment environment = {
            .model = m, .terminology = v->terminology, .strict = v->mappings != NULL};
        v->view = view_compile(&v->set, &environment, root, str_from(v->view_path), &found);
    }
    for (isize i = 0; i < found.n; i++)
        tool_print_problem(stderr, v->view_path, text, &found.list[i]);
    if (!v->view) return;
    if (v->explain) {
        buf out = buf_new(&v->set, SET_ARENA / 4, "the explanation");
        view_explain(v->view, &out);
        fwrite(out.p, 1, (size_t)out.n, stdout);
    } else
        rows_begin(&v->rows, stdout, v->format, v->view, &v->set);
    v->failed = false;
}

/* --- one message --- */
static void report(viewing *v, isize at, const char *level, str text, str place) {
    int line = 1, column = 1;
    if (at >= 0) problem_line_column(v->text, at, &line, &column);
    fprintf(stderr, "%s:%ld:%d: %s: %.*s", v->name, v->line + line - 1, column, level,
            STR_ARGS(text));
    if (place.n) fprintf(stderr, " [%.*s]", STR_ARGS(place));
    fputc('\n', stderr);
}

typedef struct row_sink {
    viewing *viewing;
    path_run *run;
    buf out;
    isize n;
} row_sink;

static void take_row(void *self, const view_row *row) {
    row_sink *s = self;
    rows_format_row(&s->viewing->rows, s->run, row, &s->out);
    s->n++;
}

static void keep_row(void *self, const view_row *row) {
    row_sink *s = self;
    rows_keep(&s->viewing->rows, s->run, row);
}

static void run_resource(viewing *v, path_run *run, uint32_t node) {
    row_sink sink = {.viewing = v, .run = run};
    bool table = v->format == ROWS_TABLE;
    isize kept = v->rows.n;
    str column;
    sink.out = buf_new(&v->message, 4 * (isize)LIMIT_MESSAGE_BYTES, "the rows of a resource");
    view_status status = view_rows(v->view, run, node, table ? keep_row : take_row, &sink, &column);
    if (status == VIEW_OK) {
        if (!table) rows_write(&v->rows, buf_str(&sink.out), sink.n);
        return;
    }
    v->rows.n = kept;
    v->bad = true;
    report(v, tape_offset(run->tape, node), "error",
           arena_printf(&v->message, "%s%.*s%s%s", column.n ? "column " : "", STR_ARGS(column),
                        column.n ? ": " : "", run->reason),
           tape_pointer(run->tape, node, &v->message));
}

static void run_tape(viewing *v, const tape *t) {
    path_run run = {.tape = t, .arena = &v->message, .terminology = v->terminology, .now = v->now};
    path_prepare(&run);
    model_type wanted = view_resource(v->view);
    if (t->nodes[0].type == wanted) {
        run_resource(v, &run, 0);
        return;
    }
    if (!str_eq(model_type_name(t->model, t->nodes[0].type), S("Bundle"))) return;
    for (uint32_t e = 1; e < t->n; e = t->nodes[e].next)
        for (uint32_t r = e + 1; r < t->nodes[e].next; r = t->nodes[r].next)
            if ((t->nodes[r].flags & NODE_RESOURCE) && t->nodes[r].type == wanted)
                run_resource(v, &run, r);
}

static void message_step(void *state) {
    viewing *v = state;
    tape t;
    fault fault;
    problems found = problems_new(&v->message);
    if (!read_resource(&v->message, v->text, NULL, &found, &t, &fault)) {
        report(v, fault.at, "error", str_from(fault.text), (str){0});
        v->bad = true;
        return;
    }
    for (isize i = 0; i < found.n; i++)
        report(v, found.list[i].at, tool_level(found.list[i].level), found.list[i].text,
               found.list[i].place);
    if (t.n) run_tape(v, &t);
}

static void run_message(viewing *v, str text, long line) {
    v->text = text;
    v->line = line;
    v->bad = false;
    arena_clear(&v->message);
    if (!guarded(&v->landing, message_step, v)) {
        report(v, -1, "error", str_from(v->landing.fault.text), (str){0});
        v->bad = true;
    }
    v->skipped += v->bad;
}

static void run_stream(viewing *v, FILE *from) {
    lines lines;
    str message;
    lines_result result;
    lines_open(&lines, from, LIMIT_MESSAGE_BYTES);
    while ((result = lines_next(&lines, &message)) == LINES_MESSAGE || result == LINES_TOO_LONG) {
        if (result == LINES_MESSAGE) {
            run_message(v, message, lines.line);
            continue;
        }
        v->skipped++;
        fprintf(stderr, "%s:%ld: error: message longer than the limit of %d bytes\n", v->name,
                lines.line, LIMIT_MESSAGE_BYTES);
    }
    if (result == LINES_FAILED) {
        fprintf(stderr, "%s: error: %m\n", v->name);
        v->skipped++;
    }
    lines_close(&lines);
}

static void run_input(viewing *v, const char *path) {
    bool standard = strcmp(path, "-") == 0;
    v->name = standard ? "stdin" : path;
    FILE *from = standard ? stdin : fopen(path, "rbe");
    if (!from) {
        fprintf(stderr, "%s: error: %m\n", path);
        v->skipped++;
        return;
    }
    run_stream(v, from);
    if (!standard) fclose(from);
}

static int run(viewing *v) {
    arena_init(&v->set, SET_ARENA, &v->set_landing);
    arena_init(&v->message, 8 * (isize)LIMIT_MESSAGE_BYTES, &v->landing);
    int code = TOOL_OK;
    if (!guarded(&v->set_landing, load_step, v)) {
        fprintf(stderr, "fhirtrial view: %s\n", v->set_landing.fault.text);
        v->failed = true;
    }
    v->set.landing = &v->landing; /* the rows of a table are kept beside the view */
    if (v->failed)
        code = TOOL_FAILED;
    else if (!v->explain) {
        for (int i = 0; i < v->input_count; i++) run_input(v, v->inputs[i]);
        if (v->input_count == 0) run_input(v, "-");
        if (!rows_end(&v->rows)) {
            fprintf(stderr, "fhirtrial view: standard output: %m\n");
            code = TOOL_FAILED;
        } else if (v->skipped && !v->lenient)
            code = TOOL_PARTIAL;
    }
    arena_release(&v->message);
    arena_release(&v->set);
    return code;
}

static bool parse_format(const char *name, rows_format *out) {
    static const char *const names[] = {"csv", "ndjson", "json", "table"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (rows_format)i;
            return true;
        }
    fprintf(stderr, "fhirtrial view: the format is csv, ndjson, json or table, not \"%s\"\n", name);
    return false;
}

static bool parse_now(const char *text, when *out) {
    int64_t nanoseconds;
    if (when_parse_datetime(str_from(text), out) && when_to_unix(*out, &nanoseconds)) return true;
    fprintf(stderr, "fhirtrial view: --now wants an instant such as 2025-03-01T12:00:00Z\n");
    return false;
}

int tool_view(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"mappings", required_argument, NULL, 'm'},
                                            {"now", required_argument, NULL, 'n'},
                                            {"lenient", no_argument, NULL, 'l'},
                                            {"explain", no_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    static viewing v;
    int option;
    v = (viewing){.format = ROWS_NDJSON, .now = tool_now()};
    while ((option = getopt_long(argc, argv, "hf:m:", options, NULL)) != -1) switch (option) {
        case 'h': fputs(help, stdout); return TOOL_OK;
        case 'f':
            if (!parse_format(optarg, &v.format)) return TOOL_USAGE;
            break;
        case 'm': v.mappings = optarg; break;
        case 'n':
            if (!parse_now(optarg, &v.now)) return TOOL_USAGE;
            break;
        case 'l': v.lenient = true; break;
        case 'e': v.explain = true; break;
        default: fputs(help, stderr); return TOOL_USAGE;
        }
    if (optind >= argc) {
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    v.view_path = argv[optind];
    v.inputs = argv + optind + 1;
    v.input_count = argc - optind - 1;
    return run(&v);
}
