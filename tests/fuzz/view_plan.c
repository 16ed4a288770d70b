/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a ViewDefinition: it compiles, or an error with a remedy says why; what compiles can
 * be explained and run, and each row has one cell a column. Strict never accepts what cannot be
 * explained. */
#include "fuzz.h"
#include "view/view.h"

typedef struct state {
    arena *a;
    str text;
} state;

typedef struct rows {
    const view *view;
    path_run *run;
    arena *a;
} rows;

static void take_row(void *self, const view_row *row) {
    rows *r = self;
    isize n;
    view_columns(r->view, &n);
    FUZZ_MUST(row->n == n);
    buf out = buf_new(r->a, 16 << 20, "cells");
    view_cells_json(r->view, r->run, row, &out);
    FUZZ_MUST(out.n >= 2 && out.p[0] == '[' && out.p[out.n - 1] == ']');
}

/* Two names, two identifiers, an extension: enough for most paths to reach something. */
static const str patient =
    S_INIT("{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"birthDate\":\"1950-03\","
           "\"name\":[{\"family\":\"A\",\"given\":[\"x\",\"y\"]},{\"family\":\"B\"}],"
           "\"identifier\":[{\"system\":\"s\",\"value\":\"1\"},{\"value\":\"2\"}],"
           "\"extension\":[{\"url\":\"u\",\"valueString\":\"v\"}]}");

static void run_view(const state *s, const view *v) {
    tape t;
    fault fault;
    str column;
    if (!str_eq(model_type_name(model_r4(), view_resource(v)), S("Patient"))) return;
    FUZZ_MUST(read_json(s->a, patient, NULL, NULL, &t, &fault));
    path_run run = {.tape = &t, .arena = s->a, .limits = {.steps = 100000, .items = 10000}};
    rows r = {v, &run, s->a};
    view_status status = view_rows(v, &run, 0, take_row, &r, &column);
    FUZZ_MUST(status == VIEW_OK || run.reason[0] != 0);
}

static void compile(const state *s, const json *root, bool strict) {
    view_environment e = {.model = model_r4(), .strict = strict};
    problems found = problems_new(s->a);
    const view *v = view_compile(s->a, &e, root, S("f"), &found);
    FUZZ_MUST((v == NULL) == (found.errors > 0));
    for (isize i = 0; i < found.n; i++)
        FUZZ_MUST(found.list[i].text.n > 0 && found.list[i].remedy.n > 0);
    if (!v) return;
    buf out = buf_new(s->a, 64 << 20, "an explanation");
    view_explain(v, &out);
    FUZZ_MUST(out.n > 0);
    if (!strict) run_view(s, v);
}

static void step(void *self) {
    const state *s = self;
    const json *root;
    fault fault;
    if (!json_read(s->a, s->text, &root, &fault)) return;
    compile(s, root, true);
    compile(s, root, false);
}

void fuzz_view_plan(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    state s = {&a, {(const char *)data, (isize)size}};
    if (!guarded(&where, step, &s))
        FUZZ_MUST(where.fault.code == FAULT_NOMEM || where.fault.code == FAULT_LIMIT);
    arena_release(&a);
}
