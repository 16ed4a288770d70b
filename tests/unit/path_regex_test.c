/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: flags, groups, limits, and memory that needs no freeing. */
#include "path/regex.h"
#include "unit.h"

typedef struct work {
    landing where;
    arena a;
} work;

static void in_arena(void (*step)(void *)) {
    work w = {0};
    arena_init(&w.a, 16 << 20, &w.where);
    CHECK_MSG(guarded(&w.where, step, &w), "%s", w.where.fault.text);
    arena_release(&w.a);
}

static const regex *compiled(work *w, const char *pattern, const char *flags) {
    str why;
    isize at;
    return regex_compile(&w->a, str_from(pattern), str_from(flags), &why, &at);
}

static bool finds(work *w, const char *pattern, const char *flags, const char *text, bool full) {
    const regex *r = compiled(w, pattern, flags);
    bool found = false;
    int64_t steps = LIMIT_STEPS;
    CHECK(r && regex_match(r, str_from(text), full, &steps, &found) == REGEX_OK);
    return found;
}

static void match_step(void *state) {
    work *w = state;
    CHECK(finds(w, "b.d", "", "a\nb\nd", false));
    CHECK(!finds(w, "^b", "", "a\nb", false));
    CHECK(finds(w, "^b", "m", "a\nb", false));
    CHECK(finds(w, "ÄB", "i", "xäb", false));
    CHECK(!finds(w, "b", "", "abc", true));
    CHECK(finds(w, "a|abc", "", "abc", true));
    CHECK(finds(w, "^.$", "", "€", false));
    CHECK(finds(w, "", "", "", true));
}

static void replace_step(void *state) {
    work *w = state;
    static const struct {
        const char *pattern, *text, *with, *expected;
    } cases[] = {{"b", "abcb", "x", "axcx"},       {"(?<n>b)", "ab", "${n}${n}", "abb"},
                 {"(b)(c)", "abc", "$2$1", "acb"}, {"b", "ab", "$$1", "a$1"},
                 {"b", "ab", "$9${none}$", "a$"},  {"x*", "ab", "-", "ab"},
                 {"é", "aéb", "€", "a€b"},         {"a", "aaa", "", ""}};
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        const regex *r = compiled(w, cases[i].pattern, "");
        str out = {0};
        CHECK_OR_RETURN(r != NULL);
        int64_t steps = LIMIT_STEPS;
        CHECK(regex_replace(r, &w->a, str_from(cases[i].text), str_from(cases[i].with), &steps,
                            &out) == REGEX_OK);
        CHECK_BYTES(out.p, out.n, cases[i].expected);
    }
}

static void refuse_step(void *state) {
    work *w = state;
    str why;
    isize at;
    CHECK(!regex_compile(&w->a, S("a(b"), S(""), &why, &at));
    CHECK_INT(at, 3);
    CHECK(why.n > 0);
    CHECK(!regex_compile(&w->a, S("a"), S("x"), &why, &at));
    CHECK(str_find(why, S("flags are i"), 0) >= 0);
    char big[5000];
    memset(big, 'a', sizeof big);
    CHECK(!regex_compile(&w->a, (str){big, sizeof big}, S(""), &why, &at));
    CHECK(str_find(why, S("limit"), 0) >= 0);
}

/* Steps double with each character, so that 40 of them pass any limit. */
static void hostile_step(void *state) {
    work *w = state;
    bool found;
    str out, text = S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    const regex *r = compiled(w, "^(a+)+$", "");
    CHECK_OR_RETURN(r != NULL);
    int64_t steps = LIMIT_STEPS;
    CHECK(regex_match(r, text, false, &steps, &found) == REGEX_MATCH_LIMIT);
    CHECK(regex_replace(r, &w->a, text, S("x"), &steps, &out) == REGEX_MATCH_LIMIT);
}

/* Each place of a long text takes few steps, or few but long ones: only their sum is too much. */
static void long_text_step(void *state) {
    work *w = state;
    static const char *const patterns[] = {"a{0,9}a{0,9}a{0,9}a{0,9}[cd]", "[^cd]*+[cd]",
                                           "(?:a{0,5}){0,4}[cd]|a"};
    enum { TEXT = 100000 };
    char *text = arena_new(&w->a, char, TEXT);
    memset(text, 'a', TEXT);
    for (isize i = 0; i < COUNT_OF(patterns); i++) {
        const regex *r = compiled(w, patterns[i], "");
        bool found;
        str out;
        int64_t steps = LIMIT_STEPS;
        CHECK_OR_RETURN(r != NULL);
        if (i < 2) CHECK(regex_match(r, (str){text, TEXT}, false, &steps, &found) == REGEX_STEPS);
        steps = LIMIT_STEPS;
        if (i != 1)
            CHECK(regex_replace(r, &w->a, (str){text, TEXT}, S("x"), &steps, &out) == REGEX_STEPS);
    }
    int64_t steps = LIMIT_STEPS;
    bool found;
    CHECK(regex_match(compiled(w, "a$", ""), (str){text, TEXT}, false, &steps, &found) == REGEX_OK);
    CHECK(found && steps < LIMIT_STEPS - TEXT && steps > LIMIT_STEPS - 10 * TEXT);
}

/* A program keeps little more than the pattern's code. */
static void size_step(void *state) {
    work *w = state;
    isize used = w->a.used;
    for (int i = 0; i < 100; i++) CHECK(compiled(w, "a(b|c)*d", "") != NULL);
    CHECK_MSG(w->a.used - used < 1 << 20, "%td bytes for 100 patterns", w->a.used - used);
}

static void matching(void) { in_arena(match_step); }
static void replacing(void) { in_arena(replace_step); }
static void refusing(void) { in_arena(refuse_step); }
static void hostile(void) { in_arena(hostile_step); }
static void long_text(void) { in_arena(long_text_step); }
static void size(void) { in_arena(size_step); }

const unit_test path_regex_suite[] = {UNIT_TEST(matching),
                                      UNIT_TEST(replacing),
                                      UNIT_TEST(refusing),
                                      UNIT_TEST(hostile),
                                      UNIT_TEST(long_text),
                                      UNIT_TEST(size),
                                      UNIT_END};
