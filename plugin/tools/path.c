/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial path`: one FHIRPath expression on one resource, as JSON lines. */
#include "path/path.h"
#include "fhir/read.h"
#include "files/files.h"
#include "tools/tools.h"
#include "trial/trial.h"

#include <getopt.h>
#include <string.h>

static const char help[] =
    "usage: fhirtrial path [--base TYPE] [--strict] [--explain] [--now INSTANT]\n"
    "                      [--var NAME=VALUE]... [--mappings FOLDER] [--edition r4|r5]\n"
    "                      EXPRESSION [FILE|-]\n"
    "\n"
    "Evaluates a FHIRPath expression on a FHIR R4 resource, JSON or XML, and prints one\n"
    "line an item: {\"type\":...,\"value\":...}. Without FILE there is no resource; - is the\n"
    "standard input.\n"
    "\n"
    "  --base      the type the expression is written for; in a Bundle it is evaluated on\n"
    "              each entry of that type. Without it, the type of the resource\n"
    "  --strict    what can only be a mistake is an error, as in mappings\n"
    "  --explain   print the operations instead, evaluate nothing\n"
    "  --now       what now() and today() give, for example 2025-03-01T12:00:00Z\n"
    "  --var       the value of %NAME, a FHIRPath literal (4, @2025-01-31, 14 days), else\n"
    "              taken as text\n"
    "  --mappings  a mapping set: its value sets and concept maps for memberOf() and\n"
    "              translate()\n"
    "  --edition   r4 for the readings of the R4 suite; without it the newest, as\n"
    "              mappings have them\n"
    "\n"
    "exit: 0 done, 1 the evaluation or the input failed, 2 the expression or the use is\n"
    "wrong; the place is marked\n"
    "\n"
    "example: fhirtrial path \"name.where(use = 'official').given\" patient.json\n";

enum { MOST_VARS = 32, PATH_ARENA = 1 << 29, OUTPUT_BYTES = 256 << 20 };

typedef struct running {
    const char *expression, *file, *base, *mappings;
    const path_terminology *terminology;
    bool strict, explain, r4;
    const char *vars[MOST_VARS];
    int var_count;
    when now;
    arena arena;
    landing landing;
    path_constant constants[MOST_VARS];
    collection values[MOST_VARS];
    tape tape;
    int exit;
} running;

static int fail(running *r, int code, const char *what, const char *why) {
    fprintf(stderr, "fhirtrial path: %s: %s\n", what, why);
    return r->exit = code;
}

/* --- input --- */
static bool read_standard_input(running *r, str *out) {
    isize n = 0, cap = 1 << 16;
    char *text = arena_new(&r->arena, char, cap);
    for (size_t got; (got = fread(text + n, 1, (size_t)(cap - n), stdin)) > 0;) {
        n += (isize)got;
        if (n > LIMIT_MESSAGE_BYTES) return false;
        if (n < cap) continue;
        text = arena_grow(&r->arena, text, n, cap * 2, 1, 1);
        cap *= 2;
    }
    *out = (str){text, n};
    return !ferror(stdin);
}

static bool read_input(running *r) {
    fault why;
    str bytes = S("{\"resourceType\":\"Basic\"}");
    const char *name = r->file ? r->file : "no resource";
    if (r->file && strcmp(r->file, "-") == 0) {
        name = "standard input";
        if (!read_standard_input(r, &bytes))
            return fail(r, TOOL_FAILED, name, "cannot be read, or is longer than 64 MiB"), false;
    } else if (r->file && !files_read(&r->arena, S(""), str_from(r->file), LIMIT_MESSAGE_BYTES,
                                      &bytes, &why)) {
        fprintf(stderr, "fhirtrial path: %s\n", why.text);
        r->exit = TOOL_FAILED;
        return false;
    }
    problems found = problems_new(&r->arena);
    bool ok = read_resource(&r->arena, bytes, &(read_options){0}, &found, &r->tape, &why);
    for (isize i = 0; i < found.n; i++) tool_print_problem(stderr, name, bytes, &found.list[i]);
    if (ok) return true;
    tool_print_problem(
        stderr, name, bytes,
        &(problem){.level = PROBLEM_FATAL, .at = why.at, .text = str_from(why.text)});
    r->exit = TOOL_FAILED;
    return false;
}

/* --- variables --- */
/* The value of a literal; any other text is itself. */
static collection var_value(running *r, str text) {
    item *it = arena_new(&r->arena, item, 1);
    if (!path_literal(&r->arena, text, it)) *it = (item){.kind = ITEM_STRING, .text = text};
    return (collection){it, 1};
}

/* Names that an expression knows without us; a variable may hide none. */
static bool is_built_in(str name) {
    static const char *const names[] = {"resource", "rootResource", "context", "ucum",
                                        "sct",      "loinc",        "rowIndex"};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, str_from(names[i]))) return true;
    return str_starts(name, S("vs-")) || str_starts(name, S("ext-"));
}

static const char *wrong_name(const running *r, int i, str name) {
    if (is_built_in(name)) return "FHIRPath has this name already; choose another";
    for (int k = 0; k < i; k++)
        if (str_eq(r->constants[k].name, name)) return "this name is given twice";
    return NULL;
}

static bool read_vars(running *r) {
    for (int i = 0; i < r->var_count; i++) {
        str var = str_from(r->vars[i]);
        isize equals = str_find_byte(var, '=', 0);
        if (equals < 1) return fail(r, TOOL_USAGE, r->vars[i], "write --var name=value"), false;
        str name = str_slice(var, 0, equals);
        const char *why = wrong_name(r, i, name);
        if (why) return fail(r, TOOL_USAGE, r->vars[i], why), false;
        r->values[i] = var_value(r, str_slice(var, equals + 1, var.n));
        path_run run = {.tape = &r->tape};
        r->constants[i] =
            (path_constant){.name = name, .type = item_type(&run, r->values[i].items[0])};
    }
    return true;
}

/* --- the expression --- */
/* The line of the expression that holds the place, and a caret under it, as far in: continuation
 * bytes of UTF-8 take no column, and a tab is one above and below. */
static void print_caret(str source, isize at) {
    if (at > source.n) at = source.n;
    isize from = at, to = at;
    while (from > 0 && source.p[from - 1] != '\n') from--;
    while (to < source.n && source.p[to] != '\n') to++;
    fprintf(stderr, "  %.*s\n  ", STR_ARGS(str_slice(source, from, to)));
    for (isize i = from; i < at; i++)
        if (((unsigned char)source.p[i] & 0xc0) != 0x80)
            fputc(source.p[i] == '\t' ? '\t' : ' ', stderr);
    fputs("^\n", stderr);
}

static bool read_mappings(running *r) {
    if (!r->mappings) return true;
    const mappings *set = tool_mappings(&r->arena, "path", r->mappings);
    if (set)
        r->terminology = mappings_terminology(set);
    else
        r->exit = TOOL_FAILED;
    return set != NULL;
}

static const program *compile(running *r) {
    path_environment e = {.model = r->tape.model,
                          .constants = r->constants,
                          .constant_count = r->var_count,
                          .terminology = r->terminology,
                          .strict = r->strict,
                          .edition_r4 = r->r4};
    if (r->base) e.root = model_find_type(e.model, str_from(r->base));
    if (r->base && e.root == TYPE_NONE) {
        fail(r, TOOL_USAGE, r->base, "is no FHIR R4 type");
        return NULL;
    }
    if (!r->base && r->file) e.root = r->tape.nodes[0].type;
    problems found = problems_new(&r->arena);
    str source = str_from(r->expression);
    const program *p = path_compile(&r->arena, &e, source, S(""), S(""), &found);
    for (isize i = 0; i < found.n; i++) {
        tool_print_problem(stderr, "fhirtrial path", (str){0}, &found.list[i]);
        if (found.list[i].at >= 0) print_caret(source, found.list[i].at);
    }
    if (!p) r->exit = TOOL_USAGE;
    return p;
}

static void print_item(running *r, path_run *run, item it) {
    bool system = it.kind != ITEM_NODE && it.kind != ITEM_CODING;
    buf b = buf_new(&r->arena, OUTPUT_BYTES, "an output line");
    model_type type = item_type(run, it);
    static const char *const names[] = {
        [ITEM_BOOLEAN] = "Boolean",   [ITEM_INTEGER] = "Integer", [ITEM_LONG] = "Long",
        [ITEM_DECIMAL] = "Decimal",   [ITEM_STRING] = "String",   [ITEM_DATE] = "Date",
        [ITEM_DATETIME] = "DateTime", [ITEM_TIME] = "Time",       [ITEM_QUANTITY] = "Quantity",
        [ITEM_TYPE] = "TypeInfo"};
    buf_add(&b, S("{\"type\":"));
    buf_json_string(&b, system ? arena_printf(&r->arena, "System.%s", names[it.kind])
                               : model_type_name(r->tape.model, type));
    buf_add(&b, S(",\"value\":"));
    item_json(run, it, false, &b);
    buf_add(&b, S("}\n"));
    fwrite(b.p, 1, (size_t)b.n, stdout);
}

static void evaluate(running *r, const program *p, path_run *run, uint32_t focus) {
    collection got;
    path_status status = path_evaluate(p, run, focus, &got);
    for (isize i = 0; i < got.n; i++) print_item(r, run, got.items[i]);
    if (status == PATH_OK) return;
    fail(r, TOOL_FAILED, status == PATH_LIMIT ? "limit" : "error", run->reason);
    if (run->at >= 0) print_caret(str_from(r->expression), run->at);
}

/* On the resource, or on the entries of a Bundle that are of the base type. */
static void evaluate_all(running *r, const program *p) {
    const model *m = r->tape.model;
    path_run run = {.tape = &r->tape,
                    .arena = &r->arena,
                    .constants = r->values,
                    .now = r->now,
                    .terminology = r->terminology};
    path_prepare(&run);
    model_type base = r->base ? model_find_type(m, str_from(r->base)) : TYPE_NONE;
    model_type bundle = model_find_type(m, S("Bundle"));
    if (!r->base || r->tape.nodes[0].type != bundle || base == bundle) {
        evaluate(r, p, &run, 0);
        return;
    }
    for (uint32_t i = 1; i < r->tape.n && r->exit == TOOL_OK; i++)
        if ((r->tape.nodes[i].flags & NODE_RESOURCE) &&
            model_is_a(m, r->tape.nodes[i].type, base) &&
            str_eq(model_key_name(m, r->tape.nodes[i].key), S("resource")))
            evaluate(r, p, &run, i);
}

static void work(void *state) {
    running *r = state;
    if (!read_input(r) || !read_vars(r) || !read_mappings(r)) return;
    const program *p = compile(r);
    if (!p) return;
    if (!r->explain) {
        evaluate_all(r, p);
        return;
    }
    buf b = buf_new(&r->arena, OUTPUT_BYTES, "the operations");
    path_explain(p, &b);
    fwrite(b.p, 1, (size_t)b.n, stdout);
}

static bool take_option(running *r, int c) {
    switch (c) {
    case 'b': r->base = optarg; return true;
    case 's': return r->strict = true;
    case 'x': return r->explain = true;
    case 'n':
        return when_parse_datetime(str_from(optarg), &r->now) && r->now.precision == WHEN_SECOND;
    case 'v':
        if (r->var_count == MOST_VARS) return false;
        r->vars[r->var_count++] = optarg;
        return true;
    case 'm': r->mappings = optarg; return true;
    case 'e': r->r4 = strcmp(optarg, "r4") == 0; return r->r4 || strcmp(optarg, "r5") == 0;
    default: return false;
    }
}

int tool_path(int argc, char **argv) {
    static const struct option options[] = {{"base", required_argument, NULL, 'b'},
                                            {"strict", no_argument, NULL, 's'},
                                            {"explain", no_argument, NULL, 'x'},
                                            {"now", required_argument, NULL, 'n'},
                                            {"var", required_argument, NULL, 'v'},
                                            {"edition", required_argument, NULL, 'e'},
                                            {"mappings", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    running r = {.now = tool_now()};
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return TOOL_OK;
        }
        if (take_option(&r, c)) continue;
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    if (optind >= argc || optind < argc - 2) {
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    r.expression = argv[optind];
    r.file = argv[optind + 1]; /* NULL at the end of argv */
    arena_init(&r.arena, PATH_ARENA, &r.landing);
    if (!guarded(&r.landing, work, &r)) fail(&r, TOOL_FAILED, "fault", r.landing.fault.text);
    arena_release(&r.arena);
    return r.exit;
}
