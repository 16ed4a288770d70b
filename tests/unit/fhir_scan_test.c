/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer's own promises; what is JSON and what is not is in tests/data/json-documents.txt. */
#include "fhir/scan.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static fault wrong;

/* Every position of a special byte in strings of every length around the stride of the search. */
static void strings_of_every_length(void) {
    for (int length = 0; length < 70; length++)
        for (int at = -1; at < length; at++) {
            char *text = malloc((size_t)length + 2);
            memset(text, 'x', (size_t)length + 2);
            text[0] = '"';
            text[length + 1] = '"';
            if (at >= 0) text[1 + at] = '\n';
            scan s = scan_new((str){text, length + 2}, 0, &wrong);
            str raw;
            bool escaped, ok = scan_string(&s, &raw, &escaped);
            if (at < 0)
                CHECK_MSG(ok && raw.n == length && !escaped && s.p == s.end, "%d", length);
            else
                CHECK_MSG(!ok && wrong.at == 1 + at, "%d, %d: at %td", length, at, wrong.at);
            free(text);
        }
}

/* All two-byte sequences against the table of RFC 3629 section 4. */
static void utf8_of_two_bytes(void) {
    for (int a = 0x80; a < 0x100; a++)
        for (int b = 0; b < 0x100; b++) {
            char text[] = {'"', (char)a, (char)b, '"', 'x'};
            scan s = scan_new((str){text, 4}, 0, &wrong);
            str raw;
            bool escaped, ok = scan_string(&s, &raw, &escaped);
            bool legal = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF;
            CHECK_MSG(ok == legal, "%02X %02X", a, b);
        }
}

static void utf8_of_more_bytes(void) {
    static const struct {
        const char *bytes;
        bool legal;
    } cases[] = {
        {"\xE0\xA0\x80", true},      {"\xE0\x9F\xBF", false},    {"\xED\x9F\xBF", true},
        {"\xED\xA0\x80", false},     {"\xEF\xBF\xBF", true},     {"\xF0\x90\x80\x80", true},
        {"\xF0\x8F\xBF\xBF", false}, {"\xF4\x8F\xBF\xBF", true}, {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false}, {"\xE2\x82", false},        {"\xF0\x9F\x98", false},
    };
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "\"%s\"", cases[i].bytes);
        scan s = scan_new((str){text, n}, 0, &wrong);
        str raw;
        bool escaped;
        CHECK_MSG(scan_string(&s, &raw, &escaped) == cases[i].legal, "%td", i);
    }
}

static void unescaping(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    str text =
        scan_unescape(S("\\\"\\\\\\/\\b\\f\\n\\r\\t \\u0041\\u00e9\\u20AC\\uD83D\\uDe00!"), &a);
    CHECK_BYTES(text.p, text.n, "\"\\/\b\f\n\r\t A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!");
    CHECK_INT(scan_unescape(S(""), &a).n, 0);
    arena_release(&a);
}

static void skipping(void) {
    scan s = scan_new(S(" {\"a\":[1,{\"b\":[]},\"]\"],\"c\":{}} 7"), 0, &wrong);
    CHECK(scan_skip(&s));
    CHECK_INT(s.depth, 0);
    CHECK_INT(scan_peek(&s), '7');
    CHECK(!scan_end(&s));
    CHECK_INT(wrong.at, 31);
}

static void depth_is_counted_from_outside(void) {
    scan s = scan_new(S("[[[1]]]"), 3, &wrong);
    CHECK(scan_skip(&s));
    s = scan_new(S("[[[[1]]]]"), 3, &wrong);
    CHECK(!scan_skip(&s));
    CHECK_INT(wrong.code, FAULT_LIMIT);
    CHECK_INT(wrong.at, 3);
    s = scan_new(S("[[[1]]]"), 3, &wrong);
    CHECK(scan_enter(&s) && scan_skip(&s)); /* the outer bracket counts: two more are left */
    s = scan_new(S(""), 1000, &wrong);      /* no more than the product's limit */
    CHECK_INT(s.max_depth, LIMIT_DEPTH);
}

static void faults_say_what_to_do(void) {
    scan s = scan_new(S("[1"), 0, &wrong);
    CHECK(!scan_skip(&s));
    CHECK(strstr(wrong.text, "ends too early") && wrong.at == 2);
    s = scan_new(S("[1 2]"), 0, &wrong);
    CHECK(!scan_skip(&s));
    CHECK(strstr(wrong.text, "comma") && wrong.at == 3);
    s = scan_new(S("\"\\ud800\""), 0, &wrong);
    CHECK(!scan_skip(&s) && strstr(wrong.text, "surrogate"));
    s = scan_new(S("\"\\u0000\""), 0, &wrong);
    CHECK(!scan_skip(&s) && strstr(wrong.text, "NUL"));
    s = scan_new(S("\"\xFF\""), 0, &wrong);
    CHECK(!scan_skip(&s) && strstr(wrong.text, "UTF-8"));
}

static void duplicates(void) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    str few[] = {S("a"), S("b"), S("A"), S("b")};
    CHECK_INT(scan_duplicate(few, 3, &a), -1);
    CHECK_INT(scan_duplicate(few, 4, &a), 3);
    str many[1000];
    char names[1000][8];
    for (int i = 0; i < 1000; i++)
        many[i] = (str){names[i], snprintf(names[i], 8, "n%d", i * 7 % 1000)};
    CHECK_INT(scan_duplicate(many, 1000, &a), -1);
    many[900] = many[17];
    CHECK(str_eq(many[scan_duplicate(many, 1000, &a)], many[17]));
    CHECK_INT(scan_duplicate(many, 9, &a), -1); /* just above the short way */
    CHECK_INT(scan_duplicate(many, 0, &a), -1);
    arena_release(&a);
}

const unit_test fhir_scan_suite[] = {UNIT_TEST(strings_of_every_length),
                                     UNIT_TEST(utf8_of_two_bytes),
                                     UNIT_TEST(utf8_of_more_bytes),
                                     UNIT_TEST(unescaping),
                                     UNIT_TEST(skipping),
                                     UNIT_TEST(depth_is_counted_from_outside),
                                     UNIT_TEST(faults_say_what_to_do),
                                     UNIT_TEST(duplicates),
                                     UNIT_END};
