/* SPDX-License-Identifier: Apache-2.0 */
/* Code points: counting, cutting, case, equivalence, and what is UTF-8 (RFC 3629). */
#include "path/text.h"
#include "unit.h"

static void counting(void) {
    CHECK_INT(text_length(S("")), 0);
    CHECK_INT(text_length(S("aä€😀")), 4);
    CHECK_INT(text_offset(S("aä€😀"), 0), 0);
    CHECK_INT(text_offset(S("aä€😀"), 2), 3);
    CHECK_INT(text_offset(S("aä€😀"), 3), 6);
    CHECK_INT(text_offset(S("aä€😀"), 9), 10);
}

static void one_by_one(void) {
    static const uint32_t points[] = {'a', 0xE4, 0x20AC, 0x1F600};
    str s = S("aä€😀");
    isize at = 0;
    for (isize i = 0; i < COUNT_OF(points); i++) {
        char out[4];
        isize from = at;
        uint32_t c = text_next(s, &at);
        CHECK_INT(c, points[i]);
        CHECK(str_eq((str){out, text_put(out, c)}, str_slice(s, from, at)));
    }
    CHECK_INT(at, s.n);
}

static void letter_case(void) {
    static const struct {
        uint32_t upper, lower;
    } pairs[] = {{'A', 'a'},     {'Z', 'z'},          {0xC4, 0xE4},   {0xDE, 0xFE},
                 {0x178, 0xFF},  {0x17D, 0x17E},      {0x141, 0x142}, {0x160, 0x161},
                 {0x386, 0x3AC}, {0x3A9, 0x3C9},      {0x401, 0x451}, {0x416, 0x436},
                 {0x531, 0x561}, {0x1E9E + 2, 0x1EA1}};
    for (isize i = 0; i < COUNT_OF(pairs); i++) {
        CHECK_INT(text_lower(pairs[i].upper), pairs[i].lower);
        CHECK_INT(text_upper(pairs[i].lower), pairs[i].upper);
        CHECK_INT(text_upper(pairs[i].upper), pairs[i].upper);
        CHECK_INT(text_lower(pairs[i].lower), pairs[i].lower);
    }
    static const uint32_t none[] = {'1', '@', '[', '`', '{', 0xD7, 0xDF, 0xF7, 0x4E2D};
    for (isize i = 0; i < COUNT_OF(none); i++) {
        CHECK_INT(text_lower(none[i]), none[i]);
        CHECK_INT(text_upper(none[i]), none[i]);
    }
    CHECK_INT(text_upper(0x3C2), 0x3A3);
}

static void equivalence(void) {
    CHECK(text_equivalent(S("Straße\tA"), S("strASSe a")) == false);
    CHECK(text_equivalent(S("ÄÖ x"), S("äö\nX")));
    CHECK(!text_equivalent(S("a"), S("a ")));
    CHECK(text_equivalent(S("ΣΑΣ"), S("σας")));
    CHECK(text_equivalent(S(""), S("")));
}

static void utf8(void) {
    static const char *const good[] = {
        "", "a", "ä", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC3",
                                      "\xE0\x80\x80",
                                      "\xED\xA0\x80",
                                      "\xF0\x80\x80\x80",
                                      "\xE2\x82",
                                      "\xF4\x90\x80\x80",
                                      "\xFF",
                                      "a\xC3(",
                                      "\xF8\x88\x80\x80\x80"};
    for (isize i = 0; i < COUNT_OF(good); i++)
        CHECK_MSG(text_is_utf8(str_from(good[i])), "good %td", i);
    for (isize i = 0; i < COUNT_OF(bad); i++)
        CHECK_MSG(!text_is_utf8(str_from(bad[i])), "bad %td", i);
}

const unit_test path_text_suite[] = {UNIT_TEST(counting),    UNIT_TEST(one_by_one),
                                     UNIT_TEST(letter_case), UNIT_TEST(equivalence),
                                     UNIT_TEST(utf8),        UNIT_END};
