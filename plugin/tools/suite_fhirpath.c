/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial suite fhirpath`: any suite file of the official FHIRPath format over its inputs. A
 * test passes when count, order, value and declared type agree, or when it must fail and does so as
 * it says: by its syntax, by what it means, or when it is evaluated. What a test is called, and
 * which group or file it is in, is only ever printed. */
#include "fhir/read.h"
#include "files/files.h"
#include "path/path.h"
#include "tools/suite.h"
#include "tools/tools.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: fhirtrial suite fhirpath TESTS.xml --inputs FOLDER [--edition r4|r5]\n"
    "                                [--strict] [--expected LIST.tsv]\n"
    "                                [--report FILE.json] [--quiet]\n"
    "\n"
    "Runs an official FHIRPath suite file. Inputs are looked up in FOLDER by name, as XML\n"
    "or, where only that is there, as JSON. Prints each failure with expected and got.\n"
    "A test that must fail has to do so by the kind of error it names.\n"
    "\n"
    "  --edition   r4 (default) or r5: the readings where the two suites differ\n"
    "  --strict    compiles every test strictly, as mappings are, not only those that say\n"
    "              so; what fails when it is evaluated may then fail before\n"
    "  --expected  tests known to fail, one a line: name, cause (ours, suite or\n"
    "              specification), reference; one that passes is a failure too\n"
    "  --report    writes {\"total\",\"passed\",\"failed\",\"cases\":[...]}\n"
    "  --quiet     prints the last line only\n"
    "\n"
    "exit: 0 all passed or listed, 1 otherwise, 2 wrong use\n"
    "\n"
    "example: fhirtrial suite fhirpath tests-fhir-r4.xml --inputs input\n";

enum { SUITE_ARENA = 1 << 28, INPUT_BYTES = 16 << 20, TEXT_BYTES = 1 << 20 };

typedef struct loaded {
    str name;
    tape tape;
    bool ok;
} loaded;

typedef struct running {
    const char *inputs;
    bool r4, strict, quiet;
    arena files; /* the suite, the inputs */
    arena scratch;
    landing landing;
    loaded list[64];
    int loaded;
    str expected;
    long total, passed, unlisted;
    FILE *cases; /* what the report says of each, until the totals are known */
    const suite_test *test;
    const char *why; /* of the running test's failure */
    bool pass;
} running;

/* --- inputs --- */
static str other_ending(arena *a, str name) {
    if (str_ends(name, S(".xml")))
        return arena_printf(a, "%.*s.json", STR_ARGS(str_slice(name, 0, name.n - 4)));
    if (str_ends(name, S(".json")))
        return arena_printf(a, "%.*s.xml", STR_ARGS(str_slice(name, 0, name.n - 5)));
    return name;
}

static const loaded *load_input(running *r, str name) {
    fault why;
    str bytes;
    for (int i = 0; i < r->loaded; i++)
        if (str_eq(r->list[i].name, name)) return &r->list[i];
    if (r->loaded == (int)COUNT_OF(r->list)) return NULL;
    loaded *l = &r->list[r->loaded++];
    *l = (loaded){.name = arena_str(&r->files, name)};
    if (name.n == 0) {
        bytes = S("{\"resourceType\":\"Basic\"}");
    } else if (!files_read(&r->files, str_from(r->inputs), name, INPUT_BYTES, &bytes, &why) &&
               !files_read(&r->files, str_from(r->inputs), other_ending(&r->files, name),
                           INPUT_BYTES, &bytes, &why)) {
        fprintf(stderr, "fhirtrial suite: %s\n", why.text);
        return l;
    }
    l->ok = read_resource(&r->files, bytes, &(read_options){0}, NULL, &l->tape, &why);
    if (!l->ok) fprintf(stderr, "fhirtrial suite: %.*s: %s\n", STR_ARGS(name), why.text);
    return l;
}

/* --- comparing --- */
/* The declared type of an output is a FHIR primitive's name or a System type's; both are compared
 * without regard to case, because the suite writes `boolean` for either. */
static bool type_agrees(const path_run *run, item it, str declared) {
    model_type type = item_type(run, it);
    if (str_eq_ascii_case(model_type_name(run->tape->model, type), declared)) return true;
    model_type wanted = model_find_type(run->tape->model, declared);
    return it.kind == ITEM_NODE && wanted != TYPE_NONE &&
           model_is_a(run->tape->model, type, wanted);
}

static str shown(path_run *run, item it) {
    buf b = buf_new(run->arena, TEXT_BYTES, "an output");
    item_json(run, it, true, &b);
    return buf_str(&b);
}

/* A text output is the text itself; any other is a literal. */
static bool value_agrees(running *r, path_run *run, item got, const suite_output *want) {
    str text;
    bool plain = str_eq_ascii_case(want->type, S("string")) ||
                 str_eq_ascii_case(want->type, S("code")) ||
                 str_eq_ascii_case(want->type, S("id")) || str_eq_ascii_case(want->type, S("uri"));
    if (plain || str_eq_ascii_case(want->type, S("boolean")))
        return item_text(run, got, &text) && str_eq(text, want->text);
    item literal;
    if (!path_literal(run->arena, want->text, &literal)) {
        r->why = "the expected output is no literal";
        return false;
    }
    return str_eq(shown(run, got), shown(run, literal));
}

static bool find_output(running *r, path_run *run, item got, const suite_output *outputs, int n,
                        bool *used, bool ordered) {
    for (int i = 0; i < n; i++) {
        if (used[i]) continue;
        if (value_agrees(r, run, got, &outputs[i]) &&
            (outputs[i].type.n == 0 || type_agrees(run, got, outputs[i].type))) {
            used[i] = true;
            return true;
        }
        if (ordered) return false;
    }
    return false;
}

static bool outputs_agree(running *r, path_run *run, collection got) {
    const suite_test *t = r->test;
    r->why = "another number of items";
    if (t->predicate) {
        str want = t->output_count > 0 ? t->outputs[0].text : S("false");
        r->why = "another truth value";
        return str_eq(want, got.n > 0 ? S("true") : S("false"));
    }
    if (got.n != t->output_count) return false;
    bool *used = arena_new(run->arena, bool, got.n);
    r->why = "another value or type";
    for (isize i = 0; i < got.n; i++)
        if (!find_output(r, run, got.items[i], t->outputs, t->output_count, used, t->ordered))
            return false;
    return true;
}

/* --- one test --- */
/* What kind of error a compilation ended in: the text is no FHIRPath, or what it means is wrong. */
static const char *class_of(const char *code) {
    if (strcmp(code, PATH_SYNTAX) == 0) return "syntax";
    return strcmp(code, "invalid") == 0 ? "semantic" : "limit";
}

typedef struct failure {
    const char *class; /* syntax, semantic, execution, limit; NULL: none */
    const char *text;
} failure;

static failure compile_failure(running *r, const problems *found) {
    for (isize i = 0; i < found->n; i++) {
        const problem *p = &found->list[i];
        if (p->level >= PROBLEM_ERROR)
            return (failure){class_of(p->code),
                             arena_printf(&r->scratch, "%.*s", STR_ARGS(p->text)).p};
    }
    return (failure){"limit", "too many findings"};
}

static void print_failure(running *r, path_run *run, collection got, failure failed) {
    const suite_test *t = r->test;
    if (r->quiet) return;
    printf("FAIL %.*s / %.*s: %s\n  %.*s\n", STR_ARGS(t->group), STR_ARGS(t->name), r->why,
           STR_ARGS(t->expression));
    for (int i = 0; i < t->output_count; i++)
        printf("  expected %.*s %.*s\n", STR_ARGS(t->outputs[i].type),
               STR_ARGS(t->outputs[i].text));
    if (t->invalid.n > 0) printf("  expected an error (%.*s)\n", STR_ARGS(t->invalid));
    if (failed.class) printf("  got the error (%s): %s\n", failed.class, failed.text);
    for (isize i = 0; i < got.n; i++)
        printf("  got      %.*s %.*s\n",
               STR_ARGS(model_type_name(run->tape->model, item_type(run, got.items[i]))),
               STR_ARGS(shown(run, got.items[i])));
}

/* Compiled strictly without asking for it, a test may fail before there is an execution. */
static bool fails_so(const running *r, const char *class) {
    str wanted = r->test->invalid;
    bool sooner = r->strict && str_eq(wanted, S("execution")) && strcmp(class, "semantic") == 0;
    return sooner || str_eq(wanted, str_from(class));
}

static void run_test(void *state) {
    running *r = state;
    const suite_test *t = r->test;
    const loaded *in = load_input(r, t->input);
    collection got = {0};
    r->why = "its input cannot be read";
    if (!in || !in->ok) return;
    path_run run = {.tape = &in->tape, .arena = &r->scratch, .now = tool_now()};
    problems found = problems_new(&r->scratch);
    path_environment e = {.model = in->tape.model,
                          .root = t->input.n ? in->tape.nodes[0].type : TYPE_NONE,
                          .strict = t->strict || r->strict,
                          .edition_r4 = r->r4};
    program *p = path_compile(&r->scratch, &e, t->expression, S(""), S(""), &found);
    failure failed = {0};
    if (!p) failed = compile_failure(r, &found);
    path_status status = p ? path_evaluate(p, &run, 0, &got) : PATH_OK;
    if (status != PATH_OK)
        failed = (failure){status == PATH_LIMIT ? "limit" : "execution", run.reason};
    if (t->invalid.n > 0) {
        r->pass = failed.class && fails_so(r, failed.class);
        r->why = failed.class ? "it fails with another kind of error" : "it should fail";
    } else {
        r->why = "it fails";
        r->pass = !failed.class && outputs_agree(r, &run, got);
    }
    if (!r->pass) print_failure(r, &run, got, failed);
}

/* --- the list of known failures --- */
static str take_line(str *rest) {
    isize end = str_find_byte(*rest, '\n', 0);
    str line = str_slice(*rest, 0, end < 0 ? rest->n : end);
    *rest = str_slice(*rest, end < 0 ? rest->n : end + 1, rest->n);
    return line;
}

static str take_field(str *line) {
    isize tab = str_find_byte(*line, '\t', 0);
    str field = str_slice(*line, 0, tab < 0 ? line->n : tab);
    *line = str_slice(*line, tab < 0 ? line->n : tab + 1, line->n);
    return field;
}

static bool is_listed(const running *r, str name) {
    for (str rest = r->expected; rest.n > 0;) {
        str line = take_line(&rest);
        if (line.n > 0 && line.p[0] != '#' && str_eq(take_field(&line), name)) return true;
    }
    return false;
}

/* Nothing is excused without a cause and where to read of it. */
static bool list_is_complete(const char *file, str rest) {
    for (int number = 1; rest.n > 0; number++) {
        str line = take_line(&rest);
        if (line.n == 0 || line.p[0] == '#') continue;
        str name = take_field(&line), cause = take_field(&line);
        bool known = str_eq(cause, S("ours")) || str_eq(cause, S("suite")) ||
                     str_eq(cause, S("specification"));
        if (name.n > 0 && known && str_trim(line).n > 0) continue;
        fprintf(stderr,
                "fhirtrial suite: %s:%d: write name, cause (ours, suite or specification) and "
                "reference with tabs between\n",
                file, number);
        return false;
    }
    return true;
}

/* --- the report --- */
static void report_case(running *r, bool listed) {
    const suite_test *t = r->test;
    buf b = buf_new(&r->scratch, TEXT_BYTES, "a report");
    buf_add(&b, ftell(r->cases) > 0 ? S(",\n{\"group\":") : S("\n{\"group\":"));
    buf_json_string(&b, t->group);
    buf_add(&b, S(",\"name\":"));
    buf_json_string(&b, t->name);
    buf_printf(&b, ",\"passed\":%s,\"listed\":%s", r->pass ? "true" : "false",
               listed ? "true" : "false");
    if (!r->pass) {
        buf_add(&b, S(",\"why\":"));
        buf_json_string(&b, str_from(r->why));
    }
    buf_byte(&b, '}');
    fwrite(b.p, 1, (size_t)b.n, r->cases);
}

static void one_test(running *r, const suite_test *t) {
    r->test = t;
    r->pass = false;
    r->total++;
    arena_clear(&r->scratch);
    if (!guarded(&r->landing, run_test, r)) {
        r->why = "a fault";
        printf("FAIL %.*s: %s\n", STR_ARGS(t->name), r->landing.fault.text);
    }
    bool listed = is_listed(r, t->name);
    r->passed += r->pass;
    if (r->pass == listed) r->unlisted++;
    if (r->pass && listed)
        printf("FAIL %.*s / %.*s: it passes but is listed as failing\n", STR_ARGS(t->group),
               STR_ARGS(t->name));
    if (r->cases) report_case(r, listed);
}

static void on_test(void *self, const suite_test *t) { one_test(self, t); }

static bool read_arguments(running *r, int argc, char **argv, const char **expected,
                           const char **report) {
    static const struct option options[] = {
        {"inputs", required_argument, NULL, 'i'}, {"edition", required_argument, NULL, 'e'},
        {"strict", no_argument, NULL, 's'},       {"expected", required_argument, NULL, 'x'},
        {"report", required_argument, NULL, 'r'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(help, stdout);
            exit(TOOL_OK);
        } else if (c == 'i') {
            r->inputs = optarg;
        } else if (c == 'e') {
            r->r4 = strcmp(optarg, "r4") == 0;
            if (!r->r4 && strcmp(optarg, "r5") != 0) return false;
        } else if (c == 's') {
            r->strict = true;
        } else if (c == 'x') {
            *expected = optarg;
        } else if (c == 'r') {
            *report = optarg;
        } else if (c == 'q') {
            r->quiet = true;
        } else {
            return false;
        }
    }
    return optind == argc - 1 && r->inputs;
}

/* The totals come first, so the cases wait in a file without a name. */
static bool write_report(running *r, const char *file) {
    char block[4096];
    FILE *out = fopen(file, "w");
    rewind(r->cases);
    if (out) {
        fprintf(out, "{\"total\":%ld,\"passed\":%ld,\"failed\":%ld,\"cases\":[", r->total,
                r->passed, r->total - r->passed);
        for (size_t n; (n = fread(block, 1, sizeof block, r->cases)) > 0;) fwrite(block, 1, n, out);
        fputs("\n]}\n", out);
    }
    bool ok = out && !ferror(r->cases) && !ferror(out);
    if (out && fclose(out) != 0) ok = false;
    if (!ok) fprintf(stderr, "fhirtrial suite: %s: the report cannot be written\n", file);
    return ok;
}

static bool read_expected(running *r, const char *file) {
    fault why;
    if (!file) return true;
    if (files_read(&r->files, S(""), str_from(file), TEXT_BYTES, &r->expected, &why))
        return list_is_complete(file, r->expected);
    fprintf(stderr, "fhirtrial suite: %s\n", why.text);
    return false;
}

int suite_fhirpath(int argc, char **argv) {
    running r = {.r4 = true};
    const char *expected = NULL, *report = NULL;
    if (!read_arguments(&r, argc, argv, &expected, &report)) {
        fputs(help, stderr);
        return TOOL_USAGE;
    }
    arena_init(&r.files, SUITE_ARENA, &r.landing);
    arena_init(&r.scratch, SUITE_ARENA, &r.landing);
    bool ok = read_expected(&r, expected);
    if (ok && report && !(r.cases = tmpfile())) {
        perror("fhirtrial suite: a temporary file");
        ok = false;
    }
    ok = ok && suite_read(argv[optind], on_test, &r);
    if (r.cases) {
        ok = write_report(&r, report) && ok;
        fclose(r.cases);
    }
    printf("%ld of %ld passed, %ld against the list\n", r.passed, r.total, r.unlisted);
    arena_release(&r.files);
    arena_release(&r.scratch);
    return ok && r.unlisted == 0 ? TOOL_OK : TOOL_FAILED;
}
