/* SPDX-License-Identifier: Apache-2.0 */
/* Compilation as a whole: limits that are named, places of findings, what a program says of itself,
 * and memory that gives out at every size. */
#include "path_fixture.h"

#include <stdlib.h>

static const char patient[] = "{\"resourceType\":\"Patient\",\"active\":true,\"birthDate\":\"1950-"
                              "06-30\",\"name\":[{\"use\":\"official\","
                              "\"family\":\"Ada\",\"given\":[\"A\",\"B\"]},{\"given\":[\"C\"]}]}";

static void limits(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(patient));
    char *text = malloc(1 << 17);
    if (!text) abort();
    memset(text, ' ', 1 << 17);
    memcpy(text, "active", 6);
    fixture_expect(&f, "65,536 bytes", (str){text, 1 << 16}, S("true"));
    fixture_expect(&f, "one more", (str){text, (1 << 16) + 1},
                   S("refused limit: an expression has at most 65536"));
    free(text);
    /* Each level has its body checked four times. */
    fixture_expect(&f, "seven levels",
                   S("repeat(repeat(repeat(repeat(repeat(repeat(repeat(name))))))).family"),
                   S("'Ada'"));
    fixture_expect(&f, "thirty",
                   S("repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat("
                     "repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat("
                     "repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat(repeat("
                     "name))))))))))))))))))))))))))))))"),
                   S("refused limit: repeat() stands inside of repeat() too often"));
    fixture_expect(&f, "bytes", S("'\xff'"), S("refused not UTF-8"));
    fixture_expect(&f, "pattern", S("name.family.first().matches('a(b')"),
                   S("refused 28: this regular expression is malformed"));
    fixture_expect(&f, "variables",
                   S("descendants().select(defineVariable('a', 1).select(%a)).count() > 5"),
                   S("true"));
    fixture_end(&f);
}

/* Warnings leave a program; errors do not; both name file and place. */
static void findings(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(patient));
    fixture_eval(&f, S("name.give.exists() or nmae.exists()"));
    CHECK(f.program != NULL);
    CHECK_INT(f.found.n, 2);
    CHECK_INT(f.found.errors, 0);
    CHECK_INT(f.found.list[0].at, 5);
    CHECK_INT(f.found.list[1].at, 22);
    CHECK(str_eq(f.found.list[1].file, S("f")) && str_eq(f.found.list[1].place, S("/p")));
    CHECK(f.found.list[0].level == PROBLEM_WARNING);
    f.strict = true;
    fixture_eval(&f, S("name.give.exists() or nmae.exists()"));
    CHECK(f.program == NULL);
    CHECK_INT(f.found.errors, 2);
    fixture_end(&f);
}

static void source_is_kept(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(patient));
    char text[] = "name.given";
    fixture_eval(&f, (str){text, 10});
    memset(text, 'x', 10);
    CHECK_BYTES(path_source(f.program).p, path_source(f.program).n, "name.given");
    CHECK_INT(f.got.n, 3);
    fixture_end(&f);
}

/* One literal and nothing else; what begins as one and goes on is none. */
static void literal_step(void *state) {
    fixture *f = state;
    static const struct {
        const char *text, *expected;
    } rows[] = {{"4", "4"},
                {"-4", "-4"},
                {"+4", "4"},
                {"-2147483647", "-2147483647"},
                {"-5000000000L", "-5000000000"},
                {"-1.50", "-1.50"},
                {"14 days", "14 day"},
                {"-4.5 'mg'", "-4.5 'mg'"},
                {"true", "true"},
                {"'a' /* said */", "'a'"},
                {"@2025-01-31", "@2025-01-31"},
                {"@T10:30", "@T10:30"},
                {"2025-01-31", NULL},
                {"1 + 1", NULL},
                {"--1", NULL},
                {"-'a'", NULL},
                {"-true", NULL},
                {"-@2025", NULL},
                {"1 | 2", NULL},
                {"{}", NULL},
                {"abc", NULL},
                {"%ucum", NULL},
                {"now()", NULL},
                {"@T10:30Z", NULL},
                {"'a", NULL},
                {"'\xff'", NULL},
                {"", NULL}};
    f->run = (path_run){.tape = &f->tape, .arena = &f->arena};
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        item it;
        bool is = path_literal(&f->arena, str_from(rows[i].text), &it);
        CHECK_MSG(is == (rows[i].expected != NULL), "%s", rows[i].text);
        if (!is || !rows[i].expected) continue;
        buf out = buf_new(&f->arena, 1 << 10, "a literal");
        fixture_item(f, it, &out);
        CHECK_BYTES(out.p, out.n, rows[i].expected);
    }
}

static void literals(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(patient));
    CHECK(guarded(&f.landing, literal_step, &f));
    fixture_end(&f);
}

/* --- memory --- */
typedef struct torture {
    arena arena;
    landing landing;
    const tape *tape;
    str expression, got;
} torture;

static void compile_and_run(void *state) {
    torture *t = state;
    problems found = problems_new(&t->arena);
    path_environment e = {.model = t->tape->model, .root = t->tape->nodes[0].type};
    const program *p = path_compile(&t->arena, &e, t->expression, S(""), S(""), &found);
    path_run run = {.tape = t->tape, .arena = &t->arena};
    collection c = {0};
    if (!p || path_evaluate(p, &run, 0, &c) != PATH_OK) return;
    buf out = buf_new(&t->arena, 1 << 16, "a result");
    for (isize i = 0; i < c.n; i++) item_json(&run, c.items[i], true, &out);
    t->got = arena_str(&t->arena, buf_str(&out));
}

/* With every ceiling of memory an expression either does its work or ends in FAULT_NOMEM. */
static void any_ceiling(void) {
    static const char *const expressions[] = {"name.where(use = 'official').given.join(', ')",
                                              "name.given.first().replaceMatches('[A-B]', '<$0>')",
                                              "name.given.sort($this desc).select($this & '!')",
                                              "(name | name.given).repeat(given)",
                                              "descendants().where($this is string).distinct()",
                                              "birthDate + 3 months | 4 'mg' * 2 'm'"};
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S(patient));
    for (isize i = 0; i < COUNT_OF(expressions); i++) {
        int done = 0, refused = 0;
        for (isize limit = 0; limit < 1 << 20; limit += 7919) {
            torture t = {.tape = &f.tape, .expression = str_from(expressions[i])};
            arena_init(&t.arena, limit, &t.landing);
            if (guarded(&t.landing, compile_and_run, &t)) {
                CHECK(t.got.n > 0);
                done++;
            } else {
                CHECK(t.landing.fault.code == FAULT_NOMEM);
                refused++;
            }
            arena_release(&t.arena);
        }
        CHECK_MSG(done > 0 && refused > 0, "%s: %d done, %d refused", expressions[i], done,
                  refused);
    }
    fixture_end(&f);
}

const unit_test path_compile_suite[] = {UNIT_TEST(limits),         UNIT_TEST(findings),
                                        UNIT_TEST(source_is_kept), UNIT_TEST(literals),
                                        UNIT_TEST(any_ceiling),    UNIT_END};
