/* SPDX-License-Identifier: Apache-2.0 */
/* Landings: a step that returns, one that raises, one inside another. */
#include "unit.h"

#include "base/fault.h"

typedef struct work {
    landing outer, inner;
    int steps;
    bool inner_ok;
} work;

static void quiet(void *state) { ((work *)state)->steps++; }

static void loud(void *state) {
    work *w = state;
    w->steps++;
    fault_raise(&w->outer, FAULT_LIMIT, 42, "%s over %d", "depth", 64);
}

static void loud_inside(void *state) {
    work *w = state;
    w->steps++;
    fault_raise(&w->inner, FAULT_INPUT, 7, "inside");
}

static void nested(void *state) {
    work *w = state;
    w->inner_ok = guarded(&w->inner, loud_inside, w);
    w->steps += 10;
}

static void nested_to_outer(void *state) {
    work *w = state;
    w->inner_ok = guarded(&w->inner, loud, w);
    w->steps += 100;
}

static void step_comes_back(void) {
    work w = {.steps = 0};
    CHECK(guarded(&w.outer, quiet, &w));
    CHECK_INT(w.steps, 1);
    CHECK_INT(w.outer.fault.code, FAULT_NONE);
    CHECK(!w.outer.armed);
}

static void step_raises(void) {
    work w = {.steps = 0};
    CHECK(!guarded(&w.outer, loud, &w));
    CHECK_INT(w.outer.fault.code, FAULT_LIMIT);
    CHECK_INT(w.outer.fault.at, 42);
    CHECK_STR(w.outer.fault.text, "depth over 64");
    CHECK(!w.outer.armed);
    CHECK(guarded(&w.outer, quiet, &w)); /* the landing serves again, the old fault is gone */
    CHECK_INT(w.outer.fault.code, FAULT_NONE);
    CHECK_STR(w.outer.fault.text, "");
}

static void landings_nest(void) {
    work w = {.steps = 0};
    CHECK(guarded(&w.outer, nested, &w));
    CHECK(!w.inner_ok);
    CHECK_INT(w.steps, 11);
    CHECK_STR(w.inner.fault.text, "inside");
    work x = {.steps = 0};
    CHECK(!guarded(&x.outer, nested_to_outer, &x)); /* skips the inner one */
    CHECK_INT(x.steps, 1);
}

static void text_is_cut_not_overrun(void) {
    static char many[2 * FAULT_TEXT];
    memset(many, 'x', sizeof many - 1);
    fault f;
    fault_set(&f, FAULT_CONFIG, -1, "%s", many);
    CHECK_INT(strlen(f.text), FAULT_TEXT - 1);
    CHECK_INT(f.code, FAULT_CONFIG);
    CHECK_INT(f.at, -1);
}

static void names(void) {
    static const char *const expected[] = {"none",  "nomem", "input", "limit",   "config",
                                           "store", "net",   "auth",  "internal"};
    for (int i = 0; i <= FAULT_INTERNAL; i++) CHECK_STR(fault_name((fault_code)i), expected[i]);
}

const unit_test base_fault_suite[] = {
    UNIT_TEST(step_comes_back),         UNIT_TEST(step_raises), UNIT_TEST(landings_nest),
    UNIT_TEST(text_is_cut_not_overrun), UNIT_TEST(names),       UNIT_END,
};
