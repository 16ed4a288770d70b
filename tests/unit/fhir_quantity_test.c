/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: conversion, comparison, equivalence and arithmetic. Values from the FHIRPath
 * specification and its R4 suite, the unit traps of the trials, and by hand. */
#include "unit.h"

#include "fhir/quantity.h"

static decimal number(const char *text) {
    decimal value = {0};
    CHECK_MSG(decimal_parse(str_from(text), &value), "cannot read %s", text);
    return value;
}

static bool reads_as(bool ok, decimal value, const char *expected, const char *what) {
    char text[DECIMAL_TEXT + 1] = "none";
    if (ok) text[decimal_format(value, text)] = '\0';
    return CHECK_MSG(strcmp(text, expected) == 0, "%s: %s, not %s", what, text, expected);
}

static void conversion(void) {
    static const struct {
        const char *value, *from, *to, *expected;
    } rows[] = {
        {"4.0000", "g", "mg", "4000.0"},
        {"4040", "mg", "g", "4.040"},
        {"35", "mm", "cm", "3.5"},
        {"40.1", "m[IU]/mL", "[IU]/L", "40.1"},
        {"2000", "cGy", "Gy", "20.00"},
        {"37", "Cel", "[degF]", "98.60"},
        {"98.6", "[degF]", "Cel", "37.00"},
        {"-40", "[degF]", "Cel", "-40.00"},
        {"0", "Cel", "K", "273.15"},
        {"36600", "mCel", "Cel", "36.60000"},
        {"1", "kCel", "Cel", "1000.00"},
        {"180", "[lb_av]", "kg", "81.64662660"},
        {"1", "[in_i]", "cm", "2.54"},
        {"2", "wk", "d", "14"},
        {"1", "h", "d", "0.0416666666666666666666666666667"},
        {"1", "d", "wk", "0.142857142857142857142857142857"},
        {"120", "mm[Hg]", "kPa", "15.998640"},
        {"5", "10*3/uL", "10*9/L", "5"},
        {"7", "%", "1", "0.07"},
        {"2", "U/L", "kat/L", "0.0000000333333333333333333333333333"},
        {"1", "kg", "cm", "none"},
        {"1", "mmol/L", "mg/dL", "none"}, /* needs a molar mass: never implicit */
        {"1", "[IU]/L", "U/L", "none"},
        {"99999999999999999999999999999999999999", "kg", "ug", "none"},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        unit from, to;
        decimal out = {0};
        CHECK_OR_RETURN(unit_parse(str_from(rows[i].from), &from, NULL));
        CHECK_OR_RETURN(unit_parse(str_from(rows[i].to), &to, NULL));
        bool ok = unit_convert(number(rows[i].value), &from, &to, &out);
        reads_as(ok, out, rows[i].expected, rows[i].from);
    }
}

enum { UNKNOWN = 9 };

static void comparison(void) {
    static const struct {
        const char *a, *unit_a, *b, *unit_b;
        int order;
    } rows[] = {
        {"4.0000", "g", "4000.0", "mg", 0},
        {"185", "[lb_av]", "84", "kg", -1},
        {"40", "m[IU]/mL", "40.1", "[IU]/L", -1},
        {"40.1", "U/L", "40", "[IU]/L", UNKNOWN}, /* no alias: the site must say so */
        {"7", "d", "1", "wk", 0},
        {"1", "h", "0.0416666666666666666", "d", 1}, /* by cross-multiplication: 1/24 is more */
        {"1", "h", "0.0416666666666666667", "d", -1},
        {"98.6", "[degF]", "37", "Cel", 0},
        {"-1", "Cel", "272.15", "K", 0},
        {"0", "g", "0.0", "kg", 0},
        {"-1", "kg", "1", "ug", -1},
        {"7.1", "[pH]", "7.4", "[pH]", -1},
        {"7.1", "[pH]", "7.4", "1", UNKNOWN},
        {"1", "cm", "1", "s", UNKNOWN},
        {"1", "mmHg", "1", "mmHg", UNKNOWN}, /* no UCUM code */
        {"1", "", "1", "1", UNKNOWN},        /* no unit is not the unit 1 */
        {"3", "{score}", "3", "1", 0},
        {"99999999999999999999999999999999999999", "Ym", "1", "fm", UNKNOWN},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        int order = 0, back = 0;
        str ua = str_from(rows[i].unit_a), ub = str_from(rows[i].unit_b);
        tri known = quantity_compare(number(rows[i].a), ua, number(rows[i].b), ub, &order);
        CHECK_INT(quantity_compare(number(rows[i].b), ub, number(rows[i].a), ua, &back), known);
        if (known != TRI_TRUE) order = UNKNOWN;
        CHECK_MSG(order == rows[i].order, "%s %s against %s %s: %d", rows[i].a, rows[i].unit_a,
                  rows[i].b, rows[i].unit_b, order);
        if (known == TRI_TRUE) CHECK_INT(back, -order);
    }
}

static void equivalence(void) {
    CHECK_INT(quantity_equivalent(number("4"), S("g"), number("4040"), S("mg")), TRI_TRUE);
    CHECK_INT(quantity_equivalent(number("4040"), S("mg"), number("4"), S("g")), TRI_TRUE);
    CHECK_INT(quantity_equivalent(number("4.1"), S("g"), number("4040"), S("mg")), TRI_FALSE);
    CHECK_INT(quantity_equivalent(number("4.0"), S("g"), number("4040"), S("mg")), TRI_TRUE);
    CHECK_INT(quantity_equivalent(number("7"), S("d"), number("1"), S("wk")), TRI_TRUE);
    CHECK_INT(quantity_equivalent(number("37"), S("Cel"), number("98.6"), S("[degF]")), TRI_TRUE);
    CHECK_INT(quantity_equivalent(number("1"), S("cm"), number("1"), S("s")), TRI_FALSE);
    CHECK_INT(quantity_equivalent(number("1"), S("x"), number("1"), S("x")), TRI_FALSE);
}

static void arithmetic(void) {
    static const struct {
        char op;
        const char *a, *unit_a, *b, *unit_b, *value, *code;
    } rows[] = {
        {'*', "2.0", "cm", "2.0", "m", "0.0400", "m2"},
        {'*', "2", "m", "3", "1", "6", "m"},
        {'*', "3", "1", "2", "kg", "6", "kg"},
        {'*', "2", "g", "3", "m", "6", "g.m"},
        {'*', "2", "g", "3", "/L", "6", "g/L"},
        {'*', "2", "h", "3", "d", "6", "h.d"}, /* 1/24 has no end: kept as it is */
        {'*', "2", "Cel", "3", "1", "6", "Cel"},
        {'*', "2", "Cel", "3", "m", "none", ""},
        {'*', "2", "x", "3", "m", "none", ""},
        {'/', "4.0", "g", "2.0", "m", "2", "g/m"},
        {'/', "1.0", "m", "1.0", "m", "1", "1"},
        {'/', "1", "m", "1", "cm", "100", "1"},
        {'/', "6", "mg", "2", "1", "3", "mg"},
        {'/', "6", "1", "2", "s", "3", "/s"},
        {'/', "6", "g", "2", "m.s", "3", "g/m/s"},
        {'/', "6", "g", "2", "/s", "3", "g.s"},
        {'*', "3", "cm", "12", "cm2", "36", "cm3"},
        {'*', "10", "m/s", "10", "s", "100", "m"},
        {'*', "2", "kg.m", "3", "/s2", "6", "kg.m/s2"},
        {'*', "2", "/s", "3", "/m", "6", "/s/m"},
        {'*', "2", "g/m", "3", "m2.s-1", "6", "g.m/s"},
        {'/', "12", "cm2", "3", "cm", "4", "cm"},
        {'/', "12", "cm", "3", "cm2", "4", "/cm"},
        {'/', "12", "m/s", "3", "m/s2", "4", "s"},
        {'*', "2", "m[H2O]", "3", "[in_i'H2O].s", "6", "m[H2O].[in_i'H2O].s"},
        {'*', "2", "g/(m.s)", "3", "s", "6", "g/(m.s).s"},
        {'*', "2", "g{dry}", "3", "s", "6", "g{dry}.s"},
        {'*', "2", "10*3/uL", "3", "uL", "6", "10*3/uL.uL"},
        {'/', "6", "g", "2", "s.(m.K)", "3", "g/(s.(m.K))"},
        {'/', "6", "g", "0", "s", "none", ""},
        {'/', "6", "[pH]", "2", "s", "none", ""},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        decimal value = {0};
        char code[UNIT_TEXT];
        isize n = 0;
        bool ok = (rows[i].op == '*' ? quantity_multiply : quantity_divide)(
            number(rows[i].a), str_from(rows[i].unit_a), number(rows[i].b),
            str_from(rows[i].unit_b), &value, code, &n);
        reads_as(ok, value, rows[i].value, rows[i].unit_a);
        if (ok) CHECK_BYTES(code, n, rows[i].code);
        unit u;
        if (ok) CHECK(unit_parse((str){code, n}, &u, NULL));
    }
    char code[UNIT_TEXT];
    decimal value;
    isize n;
    str wide = S("g{an annotation that fills the room of a code to its end}");
    CHECK(!quantity_multiply(number("1"), wide, number("1"), S("m.m.m.m.m"), &value, code, &n));
}

const unit_test fhir_quantity_suite[] = {
    UNIT_TEST(conversion),
    UNIT_TEST(comparison),
    UNIT_TEST(equivalence),
    UNIT_TEST(arithmetic),
    UNIT_END,
};
