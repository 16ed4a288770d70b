/* SPDX-License-Identifier: Apache-2.0 */
/* The search for candidate lines: none that holds a text is missed, in any variant. */
#include "fhir/literals.h"
#include "fhir/read.h"
#include "fhir_variants.h"

#include <stdio.h>

static landing where;
static arena a;

static literals *set_of(const char *const *texts, int n) {
    arena_release(&a);
    arena_init(&a, 1 << 20, &where);
    literals *l = literals_new(&a);
    for (int i = 0; i < n; i++) literals_add(l, str_from(texts[i]));
    return l;
}

static void which_texts_can_serve(void) {
    static const struct {
        const char *text;
        bool usable;
    } cases[] = {{"72514-3", true}, {"abc", true},    {"ab", false},
                 {"", false},       {"a\"bc", false}, {"a\\bc", false},
                 {"a/bc", false},   {"a\nbc", false}, {"M\xC3\xBC", true}};
    for (isize i = 0; i < COUNT_OF(cases); i++)
        CHECK_MSG(literals_usable(set_of(&cases[i].text, 1)) == cases[i].usable, "%s",
                  cases[i].text);
    static const char *const both[] = {"72514-3", "a/b"};
    CHECK(!literals_usable(set_of(both, 2))); /* one that cannot serve spoils all */
    CHECK(!literals_usable(set_of(both, 0)));
    literals *many = set_of(both, 1);
    char texts[LITERALS_MOST][8];
    for (int i = 1; i < LITERALS_MOST; i++)
        literals_add(many, (str){texts[i], snprintf(texts[i], 8, "code%d", i)});
    literals_add(many, S("72514-3")); /* twice counts once */
    CHECK(literals_usable(many));
    literals_add(many, S("one more"));
    CHECK(!literals_usable(many));
    arena_release(&a);
}

/* The candidate lines of `text`, joined by '|'. */
static str candidates(const literals *l, vectors v, str text, char *out) {
    isize n = 0;
    str line;
    char *copy = variants_copy(text);
    for (str rest = {copy, text.n}; literals_next_line(l, v, &rest, &line);) {
        memcpy(out + n, line.p, (size_t)line.n);
        n += line.n;
        out[n++] = '|';
    }
    free(copy);
    return (str){out, n};
}

static void lines(void) {
    static const char *const texts[] = {"72514-3", "89247-1"};
    static const char text[] = "\xEF\xBB\xBF{\"code\":\"72514-3\"}\r\n\n{\"code\":\"72514\"}\n"
                               "{\"code\":\"\\u0037"
                               "2514-3\"}\n{\"x\":\"a\\nb\"}\n 89247-1 89247-1";
    static const char expected[] = "{\"code\":\"72514-3\"}|{\"code\":\"\\u0037"
                                   "2514-3\"}| 89247-1 89247-1|";
    char out[sizeof text];
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        const literals *l = set_of(texts, 2);
        str found = candidates(l, (vectors)v, S(text), out);
        CHECK_BYTES(found.p, found.n, expected);
        str rest = {0}, line;
        CHECK(!literals_next_line(l, (vectors)v, &rest, &line));
    }
    arena_release(&a);
}

/* A text that stands in a blank line or a byte-order mark is in no line. */
static void where_no_line_is(void) {
    static const char *const texts[] = {"   ", "\xEF\xBB\xBF"};
    static const char text[] =
        "a\n    \nb\n\xEF\xBB\xBF\n\xEF\xBB\xBF{}\n\xEF\xBB\xBF\xEF\xBB\xBF{}\nc   d\n    "
        "\n\xEF\xBB\xBF";
    char out[sizeof text];
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        str found = candidates(set_of(texts, 2), (vectors)v, S(text), out);
        CHECK_BYTES(found.p, found.n, "\xEF\xBB\xBF{}|c   d|");
    }
    arena_release(&a);
}

/* The text at every place of texts of every length around the stride of the search. */
static void every_place(void) {
    static const char *const texts[] = {"72514-3"};
    char text[200], out[400];
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        if (!vectors_work((vectors)v)) continue;
        const literals *l = set_of(texts, 1);
        for (int length = 7; length <= 160; length++)
            for (int at = 0; at + 7 <= length; at++) {
                memset(text, '7', (size_t)length);
                memcpy(text + at, "72514-3", 7);
                str found = candidates(l, (vectors)v, (str){text, length}, out);
                CHECK_MSG(found.n == length + 1, "%s: %d of %d", vectors_name((vectors)v), at,
                          length);
                text[at + 3] = 'x';
                CHECK_INT(candidates(l, (vectors)v, (str){text, length}, out).n, 0);
            }
    }
    arena_release(&a);
}

static bool holds(const literals *l, int variant, str text) {
    str line;
    return literals_next_line(l, (vectors)variant, &text, &line);
}

/* A short text behind the last place where a long one can begin; ones longer than a block, which
 * begin alike. */
static void of_several_lengths(void) {
    static const char *const texts[] = {
        "abc", "a text of some twenty b",
        "a text that is longer than the sixty-four bytes that are looked at",
        "a text that is longer than the sixty-four bytes that are looked at first, and than twice "
        "as "
        "many bytes, so that it goes on behind the next block too"};
    char text[300];
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++)
        for (int n = 1; n <= 4; n++)
            for (int i = 0; i < n; i++)
                for (isize length = i == 3 ? 160 : 70; length <= 290; length += 7) {
                    const literals *l = set_of(texts, n);
                    isize size = (isize)strlen(texts[i]);
                    memset(text, '-', sizeof text);
                    memcpy(text + length - size, texts[i], (size_t)size);
                    char *copy = variants_copy((str){text, length});
                    CHECK(holds(l, v, (str){copy, length}));
                    CHECK(holds(l, v, (str){copy, length - 1}) == (i == 3));
                    free(copy);
                }
    arena_release(&a);
}

const unit_test fhir_literals_suite[] = {UNIT_TEST(which_texts_can_serve), UNIT_TEST(lines),
                                         UNIT_TEST(where_no_line_is),      UNIT_TEST(every_place),
                                         UNIT_TEST(of_several_lengths),    UNIT_END};
