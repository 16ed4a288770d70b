/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial suite sql-on-fhir`: test files of the SQL on FHIR suite, run as `fhirtrial view`
 * would. Rows are compared as the reference harness does, as a multiset, because the specification
 * orders no rows; keys exactly (a missing key is no null), arrays by element, numbers by value.
 * Columns and their order are compared where a test states them. A test that expects an error must
 * fail when its view is compiled or run over its resources. What a test is called is only ever
 * printed. */
#include "files/files.h"
#include "tools/engine.h"
#include "tools/suite.h"
#include "tools/tools.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: fhirtrial suite sql-on-fhir [--report FILE.json] [--quiet] TESTS...\n"
    "\n"
    "Runs test files of SQL on FHIR, or folders of them, and prints each failure with\n"
    "expected and got. The last line counts.\n"
    "\n"
    "  --report  writes the official test report: {\"basic.json\":{\"tests\":[{\"name\":...,\n"
    "            \"result\":{\"passed\":true}}, ...]}, ...}\n"
    "  --quiet   prints the last line only\n"
    "\n"
    "exit: 0 all passed, 1 a test failed or a file could not be read, 2 wrong use\n"
    "\n"
    "example: fhirtrial suite sql-on-fhir --report test_report.json tests/\n";

enum { SUITE_ARENA = 1 << 28, FILE_BYTES = 16 << 20, TAGS = 16 };

typedef struct tag_count {
    str tag;
    long total, passed;
} tag_count;

typedef struct running {
    bool quiet;
    FILE *report;
    arena arena;   /* one file */
    arena scratch; /* one test */
    arena tags_arena;
    landing landing;
    const char *path, *name; /* of the file, as given and without its folder */
    const json *file, *test;
    long files, total, passed;
    tag_count tags[TAGS];
    int tag_count;
    /* one test */
    const json *rows; /* an array, or NULL */
    str why;          /* of a failure */
    bool pass;
} running;

/* --- comparing --- */
static bool same_value(const json *a, const json *b);

static const json *member(const json *object, str name) {
    const json *m = object->child;
    while (m && !str_eq(m->name, name)) m = m->next;
    return m;
}

static bool same_object(const json *a, const json *b) {
    if (a->count != b->count) return false;
    for (const json *m = a->child; m; m = m->next) {
        const json *other = member(b, m->name);
        if (!other || !same_value(m, other)) return false;
    }
    return true;
}

static bool same_array(const json *a, const json *b) {
    const json *x = a->child, *y = b->child;
    for (; x && y; x = x->next, y = y->next)
        if (!same_value(x, y)) return false;
    return !x && !y;
}

static bool same_value(const json *a, const json *b) {
    decimal x, y;
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case JSON_OBJECT: return same_object(a, b);
    case JSON_ARRAY: return same_array(a, b);
    case JSON_NUMBER:
        return decimal_parse(a->text, &x) && decimal_parse(b->text, &y) &&
               decimal_compare(x, y) == 0;
    case JSON_STRING: return str_eq(a->text, b->text);
    default: return true;
    }
}

static bool same_rows(arena *arena, const json *expected, const json *actual) {
    if (expected->count != actual->count) return false;
    bool *taken = arena_new(arena, bool, actual->count);
    for (const json *e = expected->child; e; e = e->next) {
        isize i = 0;
        const json *a = actual->child;
        for (; a && (taken[i] || !same_value(e, a)); a = a->next) i++;
        if (!a) return false;
        taken[i] = true;
    }
    return true;
}

static bool columns_in_order(const view *v, const json *expected) {
    isize n, i = 0;
    const view_column *columns = view_columns(v, &n);
    for (const json *name = expected->child; name; name = name->next, i++)
        if (i >= n || !str_eq(columns[i].name, name->text)) return false;
    return i == n;
}

/* --- running --- */
/* The file's resources as NDJSON. */
static str resources_text(running *r) {
    buf text = buf_new(&r->scratch, FILE_BYTES, "the resources of a test file");
    const json *list = json_get(r->file, "resources");
    for (const json *one = list ? list->child : NULL; one; one = one->next) {
        json_write(one, &text);
        buf_byte(&text, '\n');
    }
    return buf_str(&text);
}

static void take_results(running *r, const results *out) {
    fault fault;
    if (out->passed_over) {
        const note *first = (const note *)(const void *)out->notes.p;
        str text = out->notes.n ? (str){out->texts.p + first->from, first->n} : (str){0};
        r->why = arena_printf(&r->scratch, "resource %td%.*s", first ? first->line + 1 : 0,
                              STR_ARGS(text));
        return;
    }
    if (!json_read(&r->scratch, arena_str(&r->scratch, bytes_str(&out->rows[0])), &r->rows, &fault))
        r->why = arena_str(&r->scratch, str_from(fault.text));
}

static void run_view(running *r, const view *v) {
    static const rows_format format = ROWS_JSON;
    engine_job job = {.views = &v, .formats = &format, .view_count = 1, .now = tool_now()};
    str text = resources_text(r);
    job.keep = engine_projection(&r->scratch, &v, 1);
    block b = {.text = {.p = (char *)(uintptr_t)text.p, .n = text.n, .cap = text.n}};
    results out;
    engine *e = engine_new(&job);
    results_init(&out, 1);
    engine_run(e, &b, &out);
    /* Rows of JSON begin with ",\n". */
    bytes array = {0};
    bytes_add(&array, S("["));
    bytes_add(&array, str_slice(bytes_str(&out.rows[0]), 1, out.rows[0].n));
    bytes_add(&array, S("]"));
    bytes_free(&out.rows[0]);
    out.rows[0] = array;
    take_results(r, &out);
    results_free(&out, 1);
    engine_free(e);
}

static str first_error(running *r, const problems *found) {
    for (isize i = 0; i < found->n; i++)
        if (found->list[i].level >= PROBLEM_ERROR)
            return arena_printf(&r->scratch, "%.*s [%.*s]", STR_ARGS(found->list[i].text),
                                STR_ARGS(found->list[i].place));
    return S("the view does not compile");
}

static bool agrees(running *r, const view *v) {
    const json *expected = json_get(r->test, "expect");
    const json *columns = json_get(r->test, "expectColumns");
    const json *count = json_get(r->test, "expectCount");
    decimal n;
    if (columns && !columns_in_order(v, columns)) {
        r->why = S("the columns are others, or stand in another order");
        return false;
    }
    if (count &&
        (!decimal_parse(count->text, &n) || decimal_compare(n, decimal_int(r->rows->count)) != 0)) {
        r->why = S("the number of rows differs");
        return false;
    }
    r->why = S("the rows differ");
    return !expected || same_rows(&r->scratch, expected, r->rows);
}

static void test_step(void *state) {
    running *r = state;
    const json *definition = json_get(r->test, "view");
    problems found = problems_new(&r->scratch);
    view_environment environment = {.model = model_r4()};
    const view *v = NULL;
    if (definition)
        v = view_compile(&r->scratch, &environment, definition, str_from(r->name), &found);
    if (v)
        run_view(r, v);
    else
        r->why = first_error(r, &found);
    if (json_is_true(r->test, "expectError")) {
        r->pass = r->rows == NULL;
        r->why = S("an error was expected");
    } else
        r->pass = r->rows && agrees(r, v);
}

/* --- telling --- */
static void print_rows(running *r, const char *label, const json *rows) {
    for (const json *row = rows ? rows->child : NULL; row; row = row->next) {
        buf text = buf_new(&r->scratch, FILE_BYTES, "a row");
        json_write(row, &text);
        printf("  %s %.*s\n", label, STR_ARGS(buf_str(&text)));
    }
}

static void print_step(void *state) {
    running *r = state;
    printf("FAIL %s / %.*s: %.*s\n", r->name, STR_ARGS(json_text(r->test, "title")),
           STR_ARGS(r->why));
    print_rows(r, "expected", json_get(r->test, "expect"));
    print_rows(r, "got     ", r->rows);
}

static void report_step(void *state) {
    running *r = state;
    buf b = buf_new(&r->scratch, FILE_BYTES, "a report");
    buf_add(&b, S("{\"name\":"));
    buf_json_string(&b, json_text(r->test, "title"));
    buf_printf(&b, ",\"result\":{\"passed\":%s", r->pass ? "true" : "false");
    if (!r->pass) {
        buf_add(&b, S(",\"error\":"));
        buf_json_string(&b, r->why);
    }
    buf_add(&b, S("}}"));
    fwrite(b.p, 1, (size_t)b.n, r->report);
}

static void count_step(void *state) {
    running *r = state;
    const json *tags = json_get(r->test, "tags");
    r->total++;
    r->passed += r->pass;
    for (const json *tag = tags ? tags->child : NULL; tag; tag = tag->next) {
        int i = 0;
        while (i < r->tag_count && !str_eq(r->tags[i].tag, tag->text)) i++;
        if (i == TAGS) continue;
        if (i == r->tag_count)
            r->tags[r->tag_count++] = (tag_count){.tag = arena_str(&r->tags_arena, tag->text)};
        r->tags[i].total++;
        r->tags[i].passed += r->pass;
    }
}

static void one_test(running *r) {
    arena_clear(&r->scratch);
    r->rows = NULL;
    r->pass = false;
    r->why = (str){0};
    if (!guarded(&r->landing, test_step, r)) {
        r->pass = json_is_true(r->test, "expectError");
        r->why = str_from(r->landing.fault.text);
    }
    if (!r->pass && !r->quiet) guarded(&r->landing, print_step, r);
    if (r->report) guarded(&r->landing, report_step, r);
    guarded(&r->landing, count_step, r);
}

/* --- files --- */
static void read_step(void *state) {
    running *r = state;
    str text;
    fault fault;
    const json *root;
    r->file = NULL;
    if (!files_read(&r->arena, (str){0}, str_from(r->path), FILE_BYTES, &text, &fault)) {
        fprintf(stderr, "fhirtrial suite: %s\n", fault.text);
    } else if (!json_read(&r->arena, text, &root, &fault)) {
        int line, column;
        problem_line_column(text, fault.at, &line, &column);
        fprintf(stderr, "%s:%d:%d: error: %s\n", r->path, line, column, fault.text);
    } else if (!json_get(root, "tests") || !json_get(root, "resources"))
        fprintf(stderr, "%s: error: this is no test file: \"tests\" or \"resources\" is missing\n",
                r->path);
    else
        r->file = root;
}

static bool one_file(running *r, const char *path) {
    const char *slash = strrchr(path, '/');
    r->path = path;
    r->name = slash ? slash + 1 : path;
    arena_clear(&r->arena);
    if (!guarded(&r->landing, read_step, r) || !r->file) return false;
    if (r->report) fprintf(r->report, "%s\n\"%s\":{\"tests\":[", r->files ? "," : "", r->name);
    r->files++;
    const json *tests = json_get(r->file, "tests");
    for (r->test = tests->child; r->test; r->test = r->test->next) {
        if (r->report) fputs(r->test == tests->child ? "\n" : ",\n", r->report);
        one_test(r);
    }
    if (r->report) fputs("]}", r->report);
    return true;
}

static bool all_files(running *r, const inputs *files) {
    bool ok = true;
    for (isize i = 0; i < files->n; i++) {
        const input_file *f = &files->list[i];
        if (f->error || f->empty) {
            fprintf(stderr, "fhirtrial suite: %s: %s\n", f->path,
                    f->empty ? "the folder has no test files" : strerrordesc_np(f->error));
            ok = false;
        } else if (!one_file(r, f->path))
            ok = false;
    }
    return ok;
}

static bool run(running *r, const inputs *files, const char *report) {
    if (report && !(r->report = fopen(report, "we"))) {
        fprintf(stderr, "fhirtrial suite: %s: %s\n", report, strerrordesc_np(errno));
        return false;
    }
    if (r->report) fputs("{", r->report);
    bool ok = all_files(r, files);
    if (r->report) {
        fputs("\n}\n", r->report);
        bool failed = ferror(r->report) != 0;
        if (fclose(r->report) != 0 || failed) {
            fprintf(stderr, "fhirtrial suite: %s could not be written\n", report);
            ok = false;
        }
    }
    for (int i = 0; i < r->tag_count && !r->quiet; i++)
        printf("%.*s: %ld of %ld\n", STR_ARGS(r->tags[i].tag), r->tags[i].passed, r->tags[i].total);
    printf("%ld of %ld passed\n", r->passed, r->total);
    return ok && r->total > 0 && r->passed == r->total;
}

int suite_views(int argc, char **argv) {
    static const struct option options[] = {{"report", required_argument, NULL, 'r'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static running r;
    const char *report = NULL;
    int c;
    r = (running){0};
    optind = 1;
    while ((c = getopt_long(argc, argv, "hq", options, NULL)) != -1) {
        if (c == 'h') return fputs(help, stdout), TOOL_OK;
        if (c == '?') return fputs(help, stderr), TOOL_USAGE;
        if (c == 'r') report = optarg;
        if (c == 'q') r.quiet = true;
    }
    if (optind == argc) return fputs(help, stderr), TOOL_USAGE;
    inputs files = {0};
    for (int i = optind; i < argc; i++) inputs_add(&files, argv[i]);
    arena_init(&r.arena, SUITE_ARENA, &r.landing);
    arena_init(&r.scratch, SUITE_ARENA, &r.landing);
    arena_init(&r.tags_arena, SUITE_ARENA, &r.landing);
    bool ok = run(&r, &files, report);
    arena_release(&r.arena);
    arena_release(&r.scratch);
    arena_release(&r.tags_arena);
    inputs_free(&files);
    return ok ? TOOL_OK : TOOL_FAILED;
}
