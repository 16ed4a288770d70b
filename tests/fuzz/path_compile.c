/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an expression: it compiles or says what is wrong with a place inside of it, in both
 * modes; what compiles can be explained. Strict never accepts what lenient refuses. */
#include "fuzz.h"
#include "path/path.h"

typedef struct state {
    arena *a;
    str text;
} state;

static bool compiles(const state *s, bool strict) {
    path_environment e = {.model = model_r4(), .strict = strict};
    e.root = model_find_type(e.model, S("Patient"));
    problems found = problems_new(s->a);
    const program *p = path_compile(s->a, &e, s->text, S("f"), S("/p"), &found);
    FUZZ_MUST((p == NULL) == (found.errors > 0));
    for (isize i = 0; i < found.n; i++) {
        FUZZ_MUST(found.list[i].at >= 0 && found.list[i].at <= s->text.n);
        FUZZ_MUST(found.list[i].text.n > 0 && found.list[i].remedy.n > 0);
    }
    if (!p) return false;
    buf out = buf_new(s->a, 64 << 20, "operations");
    path_explain(p, &out);
    FUZZ_MUST(out.n > 0);
    return true;
}

static void step(void *self) {
    const state *s = self;
    bool strict = compiles(s, true), lenient = compiles(s, false);
    FUZZ_MUST(lenient || !strict);
}

void fuzz_path_compile(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    state s = {&a, {(const char *)data, (isize)size}};
    if (!guarded(&where, step, &s))
        FUZZ_MUST(where.fault.code == FAULT_NOMEM || where.fault.code == FAULT_LIMIT);
    arena_release(&a);
}
