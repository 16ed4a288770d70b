/* SPDX-License-Identifier: Apache-2.0 */
/* The official SQL on FHIR suite (../shared/suites/sql-on-fhir), one test a file. Rows are compared
 * as a multiset, keys exactly (a missing key is no null), numbers by value; a test that expects an
 * error must fail when the view is compiled or when it is run over the test's resources; the order
 * of columns is checked where the suite states it. No test is known by its name. */
#include "unit.h"

#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 256 << 20, ROWS = 4096 };

typedef struct suite_run {
    arena *arena;
    const json *file, *test;
    const char *why; /* of a failure */
} suite_run;

/* --- comparing --- */
static bool same_value(const json *a, const json *b);

static const json *member(const json *object, str name) {
    for (const json *m = object->child; m; m = m->next)
        if (str_eq(m->name, name)) return m;
    return NULL;
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

/* Whether both arrays hold the same rows, in any order. */
static bool same_rows(arena *arena, const json *expected, const json *actual) {
    if (expected->count != actual->count) return false;
    bool *taken = arena_new(arena, bool, actual->count);
    for (const json *e = expected->child; e; e = e->next) {
        isize i = 0;
        const json *a = actual->child;
        while (a && (taken[i] || !same_value(e, a))) {
            a = a->next;
            i++;
        }
        if (!a) return false;
        taken[i] = true;
    }
    return true;
}

/* --- running --- */
typedef struct row_sink {
    const view *view;
    path_run *run;
    buf *out;
} row_sink;

static void take_row(void *self, const view_row *row) {
    row_sink *s = self;
    isize n;
    const view_column *columns = view_columns(s->view, &n);
    buf_add(s->out, s->out->n > 1 ? S(",{") : S("{"));
    for (isize c = 0; c < n; c++) {
        const collection *cell = &row->cells[c];
        if (c) buf_byte(s->out, ',');
        buf_json_string(s->out, columns[c].name);
        buf_byte(s->out, ':');
        if (columns[c].collection) buf_byte(s->out, '[');
        for (isize i = 0; i < cell->n; i++) {
            if (i) buf_byte(s->out, ',');
            item_json(s->run, cell->items[i], false, s->out);
        }
        if (columns[c].collection)
            buf_byte(s->out, ']');
        else if (cell->n == 0)
            buf_add(s->out, S("null"));
    }
    buf_byte(s->out, '}');
}

/* The rows of the view over one resource; false after an error. */
static bool run_resource(suite_run *r, const view *v, const json *resource, buf *out) {
    tape t;
    fault fault;
    str column;
    buf text = buf_new(r->arena, 1 << 20, "a resource");
    problems found = problems_new(r->arena);
    json_write(resource, &text);
    if (!read_json(r->arena, buf_str(&text), NULL, &found, &t, &fault)) {
        r->why = "a resource of the suite cannot be read";
        return false;
    }
    if (t.nodes[0].type != view_resource(v)) return true;
    when now = {0};
    when_parse_datetime(S("2025-03-01T12:00:00Z"), &now);
    path_run run = {.tape = &t, .arena = r->arena, .now = now};
    row_sink sink = {v, &run, out};
    if (view_rows(v, &run, 0, take_row, &sink, &column) == VIEW_OK) return true;
    r->why = arena_str(r->arena, str_from(run.reason)).p;
    return false;
}

static const json *run_view(suite_run *r, const view *v) {
    buf out = buf_new(r->arena, 16 << 20, "rows");
    buf_byte(&out, '[');
    const json *resources = json_get(r->file, "resources"), *rows;
    for (const json *resource = resources->child; resource; resource = resource->next)
        if (!run_resource(r, v, resource, &out)) return NULL;
    buf_byte(&out, ']');
    fault fault;
    if (json_read(r->arena, buf_str(&out), &rows, &fault)) return rows;
    r->why = "the rows are no JSON";
    return NULL;
}

static bool columns_in_order(const view *v, const json *expected) {
    isize n, i = 0;
    const view_column *columns = view_columns(v, &n);
    for (const json *name = expected->child; name; name = name->next, i++)
        if (i >= n || !str_eq(columns[i].name, name->text)) return false;
    return i == n;
}

static bool passes(suite_run *r) {
    problems found = problems_new(r->arena);
    view_environment environment = {.model = model_r4()};
    const view *v =
        view_compile(r->arena, &environment, json_get(r->test, "view"), S("suite"), &found);
    const json *rows = v ? run_view(r, v) : NULL;
    if (json_is_true(r->test, "expectError")) {
        r->why = "an error was expected";
        return rows == NULL;
    }
    if (!v) r->why = found.n ? arena_str(r->arena, found.list[0].text).p : "not compiled";
    if (!rows) return false;
    const json *columns = json_get(r->test, "expectColumns");
    if (columns && !columns_in_order(v, columns)) {
        r->why = "the columns stand in another order";
        return false;
    }
    r->why = "the rows differ";
    return !json_get(r->test, "expect") || same_rows(r->arena, json_get(r->test, "expect"), rows);
}

/* --- one file --- */
typedef struct file_run {
    arena arena;
    landing landing;
    const char *path;
    int run, passed;
} file_run;

static void file_step(void *state) {
    file_run *f = state;
    size_t length;
    char *text = unit_read(f->path, &length);
    suite_run r = {.arena = &f->arena};
    fault fault;
    if (!text) return;
    str copy = arena_str(&f->arena, (str){text, (isize)length});
    free(text);
    if (!CHECK(json_read(&f->arena, copy, &r.file, &fault))) return;
    const json *tests = json_get(r.file, "tests");
    for (r.test = tests->child; r.test; r.test = r.test->next) {
        str title = json_text(r.test, "title");
        bool ok = passes(&r);
        f->run++;
        f->passed += ok;
        CHECK_MSG(ok, "%.*s: %s", STR_ARGS(title), r.why);
    }
}

static void run_file(const char *name, int tests) {
    char relative[128];
    snprintf(relative, sizeof relative, "suites/sql-on-fhir/tests/%s.json", name);
    const char *path = unit_shared(relative);
    if (!path) SKIP("no shared %s", relative);
    file_run f = {.path = path};
    arena_init(&f.arena, ARENA, &f.landing);
    CHECK(guarded(&f.landing, file_step, &f));
    arena_release(&f.arena);
    CHECK_INT(f.run, tests);
    printf("# sql-on-fhir %s: %d of %d\n", name, f.passed, f.run);
}

/* Numbers of tests as in the suite's ORIGIN: 148 in all. */
#define SUITE_FILE(name, tests)                                                                    \
    static void suite_##name(void) { run_file(#name, tests); }

SUITE_FILE(basic, 11)
SUITE_FILE(collection, 4)
SUITE_FILE(combinations, 6)
SUITE_FILE(constant, 8)
SUITE_FILE(constant_types, 14)
SUITE_FILE(fhirpath, 9)
SUITE_FILE(fhirpath_numbers, 1)
SUITE_FILE(fn_boundary, 8)
SUITE_FILE(fn_empty, 1)
SUITE_FILE(fn_extension, 2)
SUITE_FILE(fn_first, 2)
SUITE_FILE(fn_join, 3)
SUITE_FILE(fn_oftype, 2)
SUITE_FILE(fn_reference_keys, 7)
SUITE_FILE(foreach, 13)
SUITE_FILE(logic, 3)
SUITE_FILE(repeat, 19)
SUITE_FILE(row_index, 9)
SUITE_FILE(union, 10)
SUITE_FILE(validate, 5)
SUITE_FILE(view_resource, 3)
SUITE_FILE(where, 8)

const unit_test view_suite_suite[] = {UNIT_TEST(suite_basic),
                                      UNIT_TEST(suite_collection),
                                      UNIT_TEST(suite_combinations),
                                      UNIT_TEST(suite_constant),
                                      UNIT_TEST(suite_constant_types),
                                      UNIT_TEST(suite_fhirpath),
                                      UNIT_TEST(suite_fhirpath_numbers),
                                      UNIT_TEST(suite_fn_boundary),
                                      UNIT_TEST(suite_fn_empty),
                                      UNIT_TEST(suite_fn_extension),
                                      UNIT_TEST(suite_fn_first),
                                      UNIT_TEST(suite_fn_join),
                                      UNIT_TEST(suite_fn_oftype),
                                      UNIT_TEST(suite_fn_reference_keys),
                                      UNIT_TEST(suite_foreach),
                                      UNIT_TEST(suite_logic),
                                      UNIT_TEST(suite_repeat),
                                      UNIT_TEST(suite_row_index),
                                      UNIT_TEST(suite_union),
                                      UNIT_TEST(suite_validate),
                                      UNIT_TEST(suite_view_resource),
                                      UNIT_TEST(suite_where),
                                      UNIT_END};
