/* SPDX-License-Identifier: Apache-2.0 */
/* The list of findings: copies, the limit, suggestions, line and column. */
#include "unit.h"

#include "base/problem.h"

typedef struct work {
    landing where;
    arena a;
} work;

static bool run(work *w, void (*step)(void *)) {
    arena_init(&w->a, 8 << 20, &w->where);
    bool ok = guarded(&w->where, step, w);
    arena_release(&w->a);
    return ok;
}

static void copies_step(void *state) {
    work *w = state;
    problems found = problems_new(&w->a);
    char place[] = "/entry/0";
    problems_add(&found, (problem){.level = PROBLEM_WARNING,
                                   .code = "value",
                                   .at = 12,
                                   .place = {place, 8},
                                   .text = S("no value"),
                                   .remedy = S("add one")});
    place[7] = '9';
    CHECK_INT(found.n, 1);
    CHECK_INT(found.errors, 0);
    CHECK_STR(found.list[0].place.p, "/entry/0");
    CHECK_STR(found.list[0].remedy.p, "add one");
    CHECK_INT(found.list[0].at, 12);
    CHECK_INT(found.list[0].file.n, 0);
}

static void texts_are_copied(void) {
    work w;
    CHECK(run(&w, copies_step));
}

static void limit_step(void *state) {
    work *w = state;
    problems found = problems_new(&w->a);
    for (int i = 0; i < LIMIT_PROBLEMS + 5; i++) {
        problems_add(&found, (problem){.level = i % 2 ? PROBLEM_ERROR : PROBLEM_INFORMATION,
                                       .text = arena_printf(&w->a, "%d", i)});
    }
    CHECK_INT(found.n, LIMIT_PROBLEMS);
    CHECK_INT(found.dropped, 5);
    CHECK_INT(found.errors, (LIMIT_PROBLEMS + 5) / 2);
    CHECK_STR(found.list[LIMIT_PROBLEMS - 1].text.p, "999"); /* in order */
}

static void counted_beyond_the_limit(void) {
    work w;
    CHECK(run(&w, limit_step));
}

static const str names[] = {S("birthDate"), S("name"), S("gender"), S("photo"), S("deceased")};

static bool suggests(str typed, str expected) {
    return str_eq(problem_nearest(typed, names, COUNT_OF(names)), expected);
}

static void suggestions(void) {
    CHECK(suggests(S("nmae"), S("name")));
    CHECK(suggests(S("birthdate"), S("birthDate")));
    CHECK(suggests(S("BIRTHDATE"), S("birthDate")));
    CHECK(suggests(S("gendre"), S("gender")));
    CHECK(suggests(S("code"), S("")));
    CHECK(suggests(S("x"), S("")));
    CHECK_INT(problem_nearest(S("x"), NULL, 0).n, 0);
}

static void line_and_column(void) {
    str text = S("a\n\xc3\xa4\xe2\x82\xac b\n\nz");
    int line, column;
    problem_line_column(text, 0, &line, &column);
    CHECK(line == 1 && column == 1);
    problem_line_column(text, 2, &line, &column);
    CHECK(line == 2 && column == 1);
    problem_line_column(text, 8, &line,
                        &column); /* behind two code points of 2 and 3 bytes, and a blank */
    CHECK(line == 2 && column == 4);
    problem_line_column(text, text.n - 1, &line, &column);
    CHECK(line == 4 && column == 1);
    problem_line_column(text, 1000, &line, &column); /* clamped to the end */
    CHECK(line == 4 && column == 2);
}

const unit_test base_problem_suite[] = {
    UNIT_TEST(texts_are_copied),
    UNIT_TEST(counted_beyond_the_limit),
    UNIT_TEST(suggestions),
    UNIT_TEST(line_and_column),
    UNIT_END,
};
