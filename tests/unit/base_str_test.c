/* SPDX-License-Identifier: Apache-2.0 */
/* Text helpers: edges of slices and searches, and the edit distance against hand-made pairs. */
#include "unit.h"

#include "base/base.h"

static void from_pointer(void) {
    CHECK_INT(str_from(NULL).n, 0);
    CHECK_INT(str_from("").n, 0);
    CHECK(str_eq(str_from("abc"), S("abc")));
}

static void equality_and_order(void) {
    CHECK(str_eq(S(""), (str){0}));
    CHECK(!str_eq(S("a"), S("b")));
    CHECK(!str_eq(S("a"), S("ab")));
    CHECK(str_compare(S("a"), S("ab")) < 0);
    CHECK(str_compare(S("ab"), S("a")) > 0);
    CHECK(str_compare(S("b"), S("ab")) > 0);
    CHECK(str_compare(S("\xff"), S("a")) > 0); /* bytes are unsigned */
    CHECK_INT(str_compare(S(""), (str){0}), 0);
    CHECK(str_eq_ascii_case(S("Bearer"), S("bEARER")));
    CHECK(!str_eq_ascii_case(S("\xc3\x84"), S("\xc3\xa4"))); /* letters beyond ASCII stay */
    CHECK(!str_eq_ascii_case(S("@"), S("`")));               /* neighbours of the letters */
}

static void starts_and_ends(void) {
    CHECK(str_starts(S("urn:uuid:1"), S("urn:")));
    CHECK(!str_starts(S("ur"), S("urn:")));
    CHECK(str_starts(S(""), S("")));
    CHECK(str_ends(S("a.json"), S(".json")));
    CHECK(!str_ends(S("json"), S(".json")));
    CHECK(str_ends((str){0}, S("")));
}

static void slices_are_clamped(void) {
    CHECK(str_eq(str_slice(S("hello"), 1, 3), S("el")));
    CHECK(str_eq(str_slice(S("hello"), -5, 2), S("he")));
    CHECK(str_eq(str_slice(S("hello"), 3, 99), S("lo")));
    CHECK_INT(str_slice(S("hello"), 4, 2).n, 0);
    CHECK_INT(str_slice((str){0}, 0, 1).n, 0);
}

static void search(void) {
    CHECK_INT(str_find_byte(S("a/b/c"), '/', 0), 1);
    CHECK_INT(str_find_byte(S("a/b/c"), '/', 2), 3);
    CHECK_INT(str_find_byte(S("a/b/c"), '/', 4), -1);
    CHECK_INT(str_find_byte(S("abc"), 'c', 99), -1);
    CHECK_INT(str_find(S("aaab"), S("aab"), 0), 1);
    CHECK_INT(str_find(S("aaab"), S("abc"), 0), -1);
    CHECK_INT(str_find(S("abab"), S("ab"), 1), 2);
    CHECK_INT(str_find(S("abc"), S(""), 2), 2);
    CHECK_INT(str_find(S("ab"), S("abc"), 0), -1);
    CHECK_INT(str_find((str){0}, S("a"), 0), -1);
}

static void trimming(void) {
    CHECK(str_eq(str_trim(S(" \t\r\n a b \n")), S("a b")));
    CHECK_INT(str_trim(S("   ")).n, 0);
    CHECK_INT(str_trim((str){0}).n, 0);
    CHECK_INT(str_trim(S("\xc2\xa0")).n, 2); /* no-break space is not ASCII blank */
}

/* Published FNV-1a test vectors. */
static void hashing(void) {
    CHECK(str_hash(S("")) == 0xcbf29ce484222325u);
    CHECK(str_hash(S("a")) == 0xaf63dc4c8601ec8cu);
    CHECK(str_hash(S("foobar")) == 0x85944171f73967e8u);
}

static void distance(void) {
    CHECK_INT(str_distance(S("name"), S("name"), 3), 0);
    CHECK_INT(str_distance(S("nmae"), S("name"), 3), 1); /* a swap is one step */
    CHECK_INT(str_distance(S("kitten"), S("sitting"), 5), 3);
    CHECK_INT(str_distance(S("kitten"), S("sitting"), 2), 3); /* counted up to most + 1 */
    CHECK_INT(str_distance(S(""), S("abc"), 3), 3);
    CHECK_INT(str_distance(S("abc"), S(""), 3), 3);
    CHECK_INT(str_distance(S("abc"), S("abcdefgh"), 2), 3);
    CHECK_INT(str_distance(S("ca"), S("abc"), 5), 3); /* no edit inside a swapped pair */
    static char wide[65];
    memset(wide, 'x', sizeof wide);
    CHECK_INT(str_distance((str){wide, 64}, (str){wide, 64}, 2), 0);
    CHECK_INT(str_distance((str){wide, 65}, (str){wide, 65}, 2), 3);
}

const unit_test base_str_suite[] = {
    UNIT_TEST(from_pointer),
    UNIT_TEST(equality_and_order),
    UNIT_TEST(starts_and_ends),
    UNIT_TEST(slices_are_clamped),
    UNIT_TEST(search),
    UNIT_TEST(trimming),
    UNIT_TEST(hashing),
    UNIT_TEST(distance),
    UNIT_END,
};
