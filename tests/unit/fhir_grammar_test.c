/* SPDX-License-Identifier: Apache-2.0 */
/* Which orders of tokens are JSON, and where objects and arrays end. */
#include "fhir/grammar.h"

#include "unit.h"

static token_index x;

static bool is_json(const char *text, int depth) {
    return index_build(&x, str_from(text), VECTORS_BEST, NULL) && grammar_check(&x, depth);
}

static void legal(void) {
    static const char *const texts[] = {"1",
                                        "\"\"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "[[],{}]",
                                        "{\"\":{\"\":[]}}",
                                        "[1,\"a\",true]",
                                        "{\"a\":1,\"b\":[{}]}",
                                        " [ 0 , -0.5E+1 ] "};
    for (isize i = 0; i < COUNT_OF(texts); i++) CHECK_MSG(is_json(texts[i], 64), "%s", texts[i]);
}

static void illegal(void) {
    static const char *const texts[] = {"",
                                        ",",
                                        ":",
                                        "]",
                                        "}",
                                        "[",
                                        "{",
                                        "[}",
                                        "{]",
                                        "[1",
                                        "[1,",
                                        "[1,]",
                                        "[,1]",
                                        "[1 1]",
                                        "[1]]",
                                        "[1],",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{1:2}",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{\"a\" 1}",
                                        "[\"a\":1]",
                                        "{\"a\",1}",
                                        "{\"a\"::1}",
                                        "1 2",
                                        "\"a\"\"b\"",
                                        "[\"a\"b]",
                                        "[1\"a\"]",
                                        "[true1]",
                                        "[truefalse]",
                                        "[nul]",
                                        "[1.]",
                                        "[.5]",
                                        "[1e]",
                                        "[-]",
                                        "[+1]",
                                        "[00]",
                                        "[1x]",
                                        "{[]:1}",
                                        "{\"a\":1 \"b\":2}"};
    for (isize i = 0; i < COUNT_OF(texts); i++) CHECK_MSG(!is_json(texts[i], 64), "%s", texts[i]);
}

static void ends(void) {
    CHECK(is_json("[{\"a\":[]},2,[3]]", 64));
    /* [ { " : [ ] } , 2 , [ 3 ] ] */
    CHECK_INT(x.past[0], 14);
    CHECK_INT(x.past[1], 7);
    CHECK_INT(x.past[4], 6);
    CHECK_INT(x.past[10], 13);
    CHECK_INT(token_past(&x, 1), 7);
    CHECK_INT(token_past(&x, 2), 3);
    CHECK_INT(token_past(&x, 8), 9);
}

static void depth(void) {
    CHECK(is_json("[[[1]],[[2]]]", 3));
    CHECK(!is_json("[[[1]],[[2]]]", 2));
    CHECK(!is_json("[]", 0));
    char text[2 * LIMIT_DEPTH + 3] = {0};
    memset(text, '[', LIMIT_DEPTH);
    memset(text + LIMIT_DEPTH, ']', LIMIT_DEPTH);
    CHECK(is_json(text, LIMIT_DEPTH));
    memset(text, '[', LIMIT_DEPTH + 1);
    memset(text + LIMIT_DEPTH + 1, ']', LIMIT_DEPTH + 1);
    CHECK(!is_json(text, LIMIT_DEPTH));
}

const unit_test fhir_grammar_suite[] = {UNIT_TEST(legal), UNIT_TEST(illegal), UNIT_TEST(ends),
                                        UNIT_TEST(depth), UNIT_END};
