/* SPDX-License-Identifier: Apache-2.0 */
/* Decimals: text and scale by hand; values against tests/unit/base_decimal.tsv, which Python's
 * decimal module wrote (tests/oracle/decimal_oracle.py --vectors). */
#include "unit.h"

#include "base/decimal.h"

#include <stdlib.h>

static decimal of(const char *text) {
    decimal value = {0};
    CHECK_MSG(decimal_parse(str_from(text), &value), "cannot read %s", text);
    return value;
}

static bool reads_as(decimal value, const char *expected) {
    char text[DECIMAL_TEXT + 1] = {0};
    decimal_format(value, text);
    return CHECK_STR(text, expected);
}

static void written_scale_is_kept(void) {
    static const char *const same[] = {"0",
                                       "1",
                                       "-1",
                                       "1.0",
                                       "0.010",
                                       "-0.05",
                                       "1.58700",
                                       "100",
                                       "0.0000000000",
                                       "0.00",
                                       "1234567890987654321.0",
                                       "12345678901234567890.12",
                                       "99999999999999999999999999999999999999",
                                       "9999.9999999999999999999999999999999999",
                                       "-0.0000000000000000000000000000000001"};
    for (isize i = 0; i < COUNT_OF(same); i++) reads_as(of(same[i]), same[i]);
    CHECK_INT(of("1.58700").scale, 5);
}

static void other_spellings(void) {
    reads_as(of("+5"), "5");
    reads_as(of("007.50"), "7.50");
    reads_as(of("-0"), "0");
    reads_as(of("1e3"), "1000");
    reads_as(of("1.5E+3"), "1500");
    reads_as(of("1.50e1"), "15.0");
    reads_as(of("12e-3"), "0.012");
    reads_as(of("0e999999999999999999999"), "0");
    reads_as(of("00000000000000000000000000000000000000000000000000001"), "1");
}

static void refused_text(void) {
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      ".",
                                      ".5",
                                      "5.",
                                      "1.e3",
                                      "1e",
                                      "1e+",
                                      "--1",
                                      " 1",
                                      "1 ",
                                      "1,0",
                                      "0x10",
                                      "NaN",
                                      "1.2.3",
                                      "1e3.5",
                                      "\xd9\xa1",
                                      "1e38",
                                      "1e400",
                                      "100000000000000000000000000000000000000",
                                      "0.00000000000000000000000000000000001",
                                      "1e-35"};
    for (isize i = 0; i < COUNT_OF(bad); i++) {
        decimal value;
        CHECK_MSG(!decimal_parse(str_from(bad[i]), &value), "%s was read", bad[i]);
    }
}

static void scales_of_results(void) {
    decimal r, rest;
    CHECK(decimal_add(of("1.0"), of("2"), &r));
    reads_as(r, "3.0");
    CHECK(decimal_sub(of("1.8"), of("1.2"), &r));
    reads_as(r, "0.6");
    CHECK(decimal_sub(of("1.25"), of("1.25"), &r));
    reads_as(r, "0.00");
    CHECK(decimal_mul(of("1.10"), of("2.0"), &r));
    reads_as(r, "2.200");
    CHECK(decimal_div(of("1.0"), of("2.0"), &r));
    reads_as(r, "0.5");
    CHECK(decimal_div(of("2"), of("3"), &r));
    reads_as(r, "0.66666667");
    CHECK(decimal_divmod(of("-5.5"), of("0.7"), &r, &rest));
    reads_as(r, "-7");
    reads_as(rest, "-0.6");
    reads_as(decimal_round(of("1.5"), 3), "1.5");
    reads_as(decimal_round(of("1.005"), 2), "1.01");
    reads_as(decimal_trim(of("0.000")), "0");
    reads_as(decimal_neg(of("1.0")), "-1.0");
}

static void zeros_give_way(void) {
    /* 38 digits with zeros behind the point leave room once the zeros are dropped. */
    decimal r;
    CHECK(decimal_add(of("12345678901234567890.000000000000000000"), of("0.1"), &r));
    reads_as(r, "12345678901234567890.100000000000000000");
    CHECK(decimal_add(of("1234567890123456789012345678901234567.0"), of("0.25"), &r) == false);
    CHECK(decimal_mul(of("1000000000000000000.00000000"), of("1000000000000000000.00000000"), &r));
    reads_as(r, "1000000000000000000000000000000000000");
}

static void to_integers(void) {
    int64_t n = 0;
    CHECK(decimal_to_int64(of("7.00"), &n) && n == 7);
    CHECK(decimal_to_int64(of("-9223372036854775808"), &n) && n == INT64_MIN);
    CHECK(!decimal_to_int64(of("9223372036854775808"), &n));
    CHECK(!decimal_to_int64(of("7.5"), &n));
    reads_as(decimal_int(INT64_MIN), "-9223372036854775808");
}

static bool answer(const char *op, decimal a, const char *second, decimal *out) {
    decimal b = *second ? of(second) : (decimal){0};
    decimal rest = {0};
    if (strcmp(op, "add") == 0) return decimal_add(a, b, out);
    if (strcmp(op, "sub") == 0) return decimal_sub(a, b, out);
    if (strcmp(op, "mul") == 0) return decimal_mul(a, b, out);
    if (strcmp(op, "div") == 0) return decimal_div(a, b, out);
    if (strcmp(op, "quo") == 0) return decimal_divmod(a, b, out, &rest);
    if (strcmp(op, "rem") == 0) return decimal_divmod(a, b, &rest, out);
    *out = a;
    if (strcmp(op, "cmp") == 0) *out = decimal_int(decimal_compare(a, b));
    if (strcmp(op, "trim") == 0) *out = decimal_trim(a);
    if (strcmp(op, "floor") == 0) *out = decimal_floor(a);
    if (strcmp(op, "ceiling") == 0) *out = decimal_ceiling(a);
    if (strcmp(op, "truncate") == 0) *out = decimal_truncate(a);
    if (strcmp(op, "places") == 0) *out = decimal_int(decimal_places(a));
    if (strncmp(op, "round", 5) == 0) *out = decimal_round(a, op[5] - '0');
    return true;
}

static void as_python_says(void) {
    size_t length;
    char *text = unit_read(unit_source("tests/unit/base_decimal.tsv"), &length);
    CHECK_OR_RETURN(text != NULL);
    int asked = 0;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        if (*line == '#') continue;
        char *first = strchr(line, '\t') + 1;
        char *second = strchr(first, '\t') + 1;
        char *expected = strchr(second, '\t') + 1;
        first[-1] = second[-1] = expected[-1] = '\0';
        decimal got;
        bool ok = answer(line, of(first), second, &got);
        if (strcmp(expected, "none") == 0) {
            CHECK_MSG(!ok, "%s %s %s was not refused", line, first, second);
        } else {
            CHECK_MSG(ok && decimal_compare(got, of(expected)) == 0, "%s %s %s is not %s", line,
                      first, second, expected);
        }
        asked++;
    }
    free(text);
    CHECK_INT(asked, 200);
}

const unit_test base_decimal_suite[] = {
    UNIT_TEST(written_scale_is_kept), UNIT_TEST(other_spellings),
    UNIT_TEST(refused_text),          UNIT_TEST(scales_of_results),
    UNIT_TEST(zeros_give_way),        UNIT_TEST(to_integers),
    UNIT_TEST(as_python_says),        UNIT_END,
};
