/* SPDX-License-Identifier: Apache-2.0 */
/* The language, by the line-oriented files in tests/path: `EXPRESSION => EXPECTED`, one a line.
 * What is expected was written by hand from the specifications. A line that begins with # is a
 * comment; !input JSON sets the resource, !strict and !lenient the mode. */
#include "path_fixture.h"

#include <stdlib.h>

static void directive(fixture *f, str line) {
    if (str_starts(line, S("!input ")))
        fixture_input(f, str_slice(line, 7, line.n));
    else if (str_eq(line, S("!strict")) || str_eq(line, S("!lenient")))
        f->strict = line.p[1] == 's';
    else
        CHECK_MSG(false, "unknown directive %.*s", STR_ARGS(line));
}

static void run_file(const char *name) {
    char path[64], place[96];
    fixture f;
    size_t length = 0;
    snprintf(path, sizeof path, "tests/path/%s.txt", name);
    char *text = unit_read(unit_source(path), &length);
    if (!text) return;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Basic\"}"));
    str rest = {text, (isize)length};
    for (int line = 1; rest.n > 0; line++) {
        isize end = str_find_byte(rest, '\n', 0);
        str one = str_trim(str_slice(rest, 0, end < 0 ? rest.n : end));
        rest = str_slice(rest, end < 0 ? rest.n : end + 1, rest.n);
        if (one.n == 0 || one.p[0] == '#') continue;
        if (one.p[0] == '!') {
            directive(&f, one);
            continue;
        }
        isize arrow = str_find(one, S("=>"), 0);
        snprintf(place, sizeof place, "%s.txt:%d", name, line);
        if (CHECK_MSG(arrow > 0, "%s: no => in this line", place))
            fixture_expect(&f, place, str_trim(str_slice(one, 0, arrow)),
                           str_trim(str_slice(one, arrow + 2, one.n)));
    }
    fixture_end(&f);
    free(text);
}

#define FILE_TEST(name)                                                                            \
    static void name(void) { run_file(#name); }

FILE_TEST(literals)
FILE_TEST(operators)
FILE_TEST(existence)
FILE_TEST(subsets)
FILE_TEST(control)
FILE_TEST(strings)
FILE_TEST(math)
FILE_TEST(conversion)
FILE_TEST(dates)
FILE_TEST(quantities)
FILE_TEST(types)
FILE_TEST(fhir)
FILE_TEST(strict)

/* --- limits, constants, the clock --- */
static void limits(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Basic\"}"));
    f.limits = (path_limits){.steps = 1000};
    fixture_expect(&f, "steps", S("(1 | 2).repeatAll($this)"), S("limit steps of one expression"));
    /* 1,000 turns are few; that each copies all the text so far is what takes long. */
    f.limits = (path_limits){.steps = 20000};
    fixture_expect(&f, "copies",
                   S("'aaaaaaaaaa'.replace('a', 'aaaaaaaaaa').replace('a', "
                     "'aaaaaaaaaa').toChars().aggregate($total & $this, '')"),
                   S("limit steps of one expression"));
    fixture_expect(&f, "no copies",
                   S("'aaaaaaaaaa'.replace('a', 'aaaaaaaaaa').replace('a', "
                     "'aaaaaaaaaa').toChars().aggregate($total + $this.length(), 0)"),
                   S("1000"));
    f.limits = (path_limits){.items = 200};
    fixture_expect(&f, "items", S("(1 | 2).repeatAll($this)"), S("limit items of one expression"));
    f.limits = (path_limits){0};
    fixture_expect(
        &f, "regex",
        S("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')"),
        S("limit regular expression"));
    fixture_end(&f);
}

static void constants(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Patient\",\"birthDate\":\"1950-06-30\"}"));
    const model *m = f.tape.model;
    path_constant named[] = {
        {.name = S("limit"), .type = model_find_type(m, S("integer"))},
        {.name = S("today"), .type = model_find_type(m, S("date")), .clock = true},
        {.name = S("none"), .type = model_find_type(m, S("string"))}};
    when day;
    when_parse_date(S("2025-06-30"), &day);
    item four = {.kind = ITEM_INTEGER, .integer = 4}, today = {.kind = ITEM_DATE, .when = &day};
    collection values[] = {{&four, 1}, {&today, 1}, {NULL, 0}};
    f.constants = named;
    f.constant_count = COUNT_OF(named);
    f.values = values;
    fixture_expect(&f, "constant", S("%limit + 1"), S("5"));
    CHECK(!path_uses_now(f.program));
    fixture_expect(&f, "clock", S("birthDate + 75 years <= %today"), S("true"));
    CHECK(path_uses_now(f.program));
    fixture_expect(&f, "empty", S("%none"), S(""));
    fixture_expect(&f, "unknown", S("%limits"),
                   S("refused 0: there is no %limits; did you mean %limit?"));
    fixture_expect(&f, "taken", S("defineVariable('limit', 1)"), S("refused defined already"));
    fixture_end(&f);
}

/* Where the R4 suite reads otherwise than FHIRPath 3.0. */
static void editions(void) {
    static const struct {
        const char *expression, *r4, *newest;
    } cases[] = {{"{} is Integer", "", "false"},
                 {"{}.is(Integer)", "", "false"},
                 {"2.power(3) is Integer", "true", "false"},
                 {"@2014-01-01T00:00:00.000 + 0.1 's'", "@2014-01-01T00:00:00.000",
                  "@2014-01-01T00:00:00.100"},
                 {"@2014-01-01T00:00:00.000 + 0.1 seconds", "@2014-01-01T00:00:00.100",
                  "@2014-01-01T00:00:00.100"}};
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Basic\"}"));
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        f.edition_r4 = true;
        fixture_expect(&f, "r4", str_from(cases[i].expression), str_from(cases[i].r4));
        f.edition_r4 = false;
        fixture_expect(&f, "newest", str_from(cases[i].expression), str_from(cases[i].newest));
    }
    fixture_end(&f);
}

static void facts(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Patient\"}"));
    const model *m = f.tape.model;
    fixture_eval(&f, S("name.where(use = 'official').family.first()"));
    CHECK(path_result_type(f.program) == model_find_type(m, S("string")));
    CHECK(!path_result_many(f.program));
    CHECK(path_is_shareable(f.program));
    CHECK(!path_uses_now(f.program));
    fixture_eval(&f, S("name.given"));
    CHECK(path_result_many(f.program));
    fixture_eval(&f, S("today() > birthDate"));
    CHECK(path_uses_now(f.program) && !path_is_shareable(f.program));
    static const char *const beyond[] = {"birthDate > @2000",
                                         "1L",
                                         "4 'mg'",
                                         "name.count()",
                                         "a ~ 'b'",
                                         "{}",
                                         "active implies true",
                                         "name is HumanName",
                                         "birthDate in ('a')"};
    for (isize i = 0; i < COUNT_OF(beyond); i++) {
        fixture_eval(&f, str_from(beyond[i]));
        CHECK_MSG(f.program && !path_is_shareable(f.program), "%s", beyond[i]);
    }
    static const char *const within[] = {
        "name[0].family",   "active = true and birthDate.exists()",
        "1 + 2.5 * 3",      "extension('u').value.ofType(code)",
        "getResourceKey()", "name.where(use != 'old').given.empty().not()"};
    for (isize i = 0; i < COUNT_OF(within); i++) {
        fixture_eval(&f, str_from(within[i]));
        CHECK_MSG(f.program && path_is_shareable(f.program), "%s", within[i]);
    }
    fixture_eval(&f, S("deceased"));
    CHECK(path_result_type(f.program) == TYPE_NONE);
    fixture_end(&f);
}

static void criteria(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(
        &f, S("{\"resourceType\":\"Patient\",\"active\":false,\"name\":[{\"family\":\"A\"},{}]}"));
    static const struct {
        const char *expression;
        tri expected;
    } cases[] = {{"active", TRI_FALSE},
                 {"deceased", TRI_UNKNOWN},
                 {"name.family", TRI_TRUE},
                 {"name.count() > 5", TRI_FALSE},
                 {"active.not()", TRI_TRUE}};
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        tri t = TRI_UNKNOWN;
        fixture_eval(&f, str_from(cases[i].expression));
        CHECK_OR_RETURN(f.program != NULL);
        CHECK(path_test(f.program, &f.run, 0, &t) == PATH_OK);
        CHECK_MSG(t == cases[i].expected, "%s: %d", cases[i].expression, (int)t);
    }
    tri t;
    fixture_eval(&f, S("name.family | 'x'"));
    CHECK(path_test(f.program, &f.run, 0, &t) == PATH_ERROR);
    CHECK(strstr(f.run.reason, "several items") != NULL);
    fixture_end(&f);
}

const unit_test path_run_suite[] = {UNIT_TEST(literals),
                                    UNIT_TEST(operators),
                                    UNIT_TEST(existence),
                                    UNIT_TEST(subsets),
                                    UNIT_TEST(control),
                                    UNIT_TEST(strings),
                                    UNIT_TEST(math),
                                    UNIT_TEST(conversion),
                                    UNIT_TEST(dates),
                                    UNIT_TEST(quantities),
                                    UNIT_TEST(types),
                                    UNIT_TEST(fhir),
                                    UNIT_TEST(strict),
                                    UNIT_TEST(limits),
                                    UNIT_TEST(constants),
                                    UNIT_TEST(editions),
                                    UNIT_TEST(facts),
                                    UNIT_TEST(criteria),
                                    UNIT_END};
