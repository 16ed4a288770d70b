/* SPDX-License-Identifier: Apache-2.0 */
/* The first line as an expression, the rest as a resource: whatever compiles runs within its
 * limits, gives the same twice, and each item can be told as text and JSON. */
#include "fhir/read.h"
#include "fuzz.h"
#include "path/path.h"

typedef struct state {
    arena *a;
    str expression, json;
} state;

static str told(path_run *run, collection c) {
    buf out = buf_new(run->arena, 64 << 20, "a result");
    for (isize i = 0; i < c.n; i++) {
        str text;
        item_json(run, c.items[i], i % 2, &out);
        if (item_text(run, c.items[i], &text)) buf_add(&out, text);
        buf_byte(&out, '\n');
    }
    return buf_str(&out);
}

static void step(void *self) {
    const state *s = self;
    tape t;
    fault why;
    problems found = problems_new(s->a);
    if (!read_json(s->a, s->json, NULL, &found, &t, &why)) return;
    path_environment e = {.model = t.model, .root = t.nodes[0].type};
    const program *p = path_compile(s->a, &e, s->expression, S("f"), S("/p"), &found);
    if (!p) return;
    path_run run = {.tape = &t, .arena = s->a, .limits = {.steps = 100000, .items = 10000}};
    when_parse_datetime(S("2025-06-30T12:00:00Z"), &run.now);
    collection first, second;
    tri truth;
    path_status status = path_evaluate(p, &run, 0, &first);
    FUZZ_MUST(status == PATH_OK || (run.reason[0] && first.n == 0));
    FUZZ_MUST(path_evaluate(p, &run, 0, &second) == status);
    FUZZ_MUST(str_eq(told(&run, first), told(&run, second)));
    if (status != PATH_OK) FUZZ_MUST(path_test(p, &run, 0, &truth) == status);
}

void fuzz_path_run(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    str all = {(const char *)data, (isize)size};
    isize end = str_find_byte(all, '\n', 0);
    state s = {&a, str_slice(all, 0, end < 0 ? all.n : end),
               end < 0 ? S("{\"resourceType\":\"Basic\"}") : str_slice(all, end + 1, all.n)};
    if (!guarded(&where, step, &s))
        FUZZ_MUST(where.fault.code == FAULT_NOMEM || where.fault.code == FAULT_LIMIT);
    arena_release(&a);
}
