/* SPDX-License-Identifier: Apache-2.0 */
/* The golden op lists in tests/path/explain.txt: `> EXPRESSION`, then its lines. What an auditor
 * reads changes only on purpose. */
#include "path_fixture.h"

#include <stdlib.h>

static void explain_step(void *state) {
    fixture *f = state;
    buf out = buf_new(&f->arena, 1 << 20, "operations");
    path_explain(f->program, &out);
    f->text = buf_str(&out);
}

/* The lines up to the next expression. */
static str block(str *rest) {
    str all = *rest;
    isize at = 0;
    while (at < all.n && all.p[at] != '>') {
        isize end = str_find_byte(all, '\n', at);
        at = end < 0 ? all.n : end + 1;
    }
    *rest = str_slice(all, at, all.n);
    return str_slice(all, 0, at);
}

static void golden(void) {
    size_t length = 0;
    char *text = unit_read(unit_source("tests/path/explain.txt"), &length);
    if (!text) return;
    fixture f;
    int count = 0;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Observation\"}"));
    str rest = {text, (isize)length};
    block(&rest);
    while (rest.n > 0) {
        isize end = str_find_byte(rest, '\n', 0);
        str expression = str_trim(str_slice(rest, 1, end));
        rest = str_slice(rest, end + 1, rest.n);
        str expected = block(&rest);
        fixture_eval(&f, expression);
        if (!CHECK_MSG(f.program != NULL, "%.*s does not compile", STR_ARGS(expression))) continue;
        CHECK(guarded(&f.landing, explain_step, &f));
        CHECK_MSG(str_eq(f.text, expected), "%.*s:\n%.*sexpected\n%.*s", STR_ARGS(expression),
                  STR_ARGS(f.text), STR_ARGS(expected));
        count++;
    }
    CHECK_MSG(count >= 8, "%d expressions", count);
    fixture_end(&f);
    free(text);
}

const unit_test path_explain_suite[] = {UNIT_TEST(golden), UNIT_END};
