/* SPDX-License-Identifier: Apache-2.0 */
/* UCUM codes: the grammar, prefixes, factors by hand from the UCUM specification, and the table. */
#include "unit.h"

#include "fhir/quantity.h"

static unit of(const char *code) {
    unit u = {.num = 1, .den = 1};
    isize at = 0;
    CHECK_MSG(unit_parse(str_from(code), &u, &at), "%s stops at %td", code, at);
    return u;
}

static bool same(const char *a, const char *b) {
    unit ua = of(a), ub = of(b);
    return CHECK_MSG(unit_commensurable(&ua, &ub) && ua.num == ub.num && ua.den == ub.den &&
                         ua.exp10 == ub.exp10,
                     "%s is not %s", a, b);
}

static bool apart(const char *a, const char *b) {
    unit ua = of(a), ub = of(b);
    return CHECK_MSG(!unit_commensurable(&ua, &ub), "%s can be converted to %s", a, b);
}

static void the_table_is_sorted(void) {
    static const char *const codes[] = {
#define UNIT(code, kind, metric, number, exp10, definition) code,
#include "fhir/units.def"
#undef UNIT
    };
    CHECK_INT(COUNT_OF(codes), 311);
    for (isize i = 0; i < COUNT_OF(codes); i++) {
        of(codes[i]); /* each has a definition that can be read */
        if (i > 0) CHECK_MSG(strcmp(codes[i - 1], codes[i]) < 0, "%s", codes[i]);
    }
}

static void factors(void) {
    same("m[IU]/mL", "[IU]/L"); /* the FSH row of the trap list */
    same("[iU]", "[IU]");
    same("l", "L");
    same("L", "dm3");
    same("mL", "cm3");
    same("cGy", "10*-2.Gy");
    same("mg/dL", "10*-2.g/L");
    same("ug/mL", "mg/L");
    same("kg.m/s2", "N");
    same("meq", "mmol");
    same("U", "umol/min");
    same("mm[Hg]", "133322.10*-3.Pa"); /* UCUM: m[Hg] is 133.3220 kPa */
}

static void more_factors(void) {
    unit lb = of("[lb_av]"); /* 7000 grains of 64.79891 mg = 453.59237 g */
    CHECK(lb.num == 45359237 && lb.den == 1 && lb.exp10 == -5);
    unit inch = of("[in_i]"); /* 2.54 cm */
    CHECK(inch.num == 254 && inch.den == 1 && inch.exp10 == -4);
    unit degree = of("[degF]");
    CHECK(degree.affine && degree.num == 5 && degree.den == 9 && degree.exp10 == 0);
    unit wk = of("wk"); /* 604800 s */
    CHECK(wk.num == 6048 && wk.exp10 == 2);
    unit foot = of("[ft_us]"); /* 1200/3937 m */
    CHECK(foot.num == 12 && foot.den == 3937 && foot.exp10 == 2);
    same("a", "36525.10*-2.d"); /* the Julian year */
    same("mo", "a/12");
}

static void grammar(void) {
    same("10*3/uL", "10^3/uL");
    same("10*+3", "10*3");
    same("10*-3", "/10*3");
    same("/min", "1/min");
    same("{beats}/min", "/min");
    same("{score}", "1");
    same("{# of calculi}", "1");
    same("%{Negative Control}", "%");
    same("mL/min/{1.73_m2}", "mL/min");
    same("mL/min/(173.10*-2.m2)", "mL/min/173/10*-2/m2");
    same("g/L.mL", "g.mL/L"); /* left to right */
    same("g/(L.mL)", "g/L/mL");
    same("kg{body'wt}", "kg");
    same("24.h", "d");
    same("ng/10*6{RBCs}", "ng/10*6");
    same("/100{WBC}", "%");
    same("g/kg/(8.h){shift}", "g/kg/(8.h)");
    same("cm[H2O]", "980665.10*-4.Pa"); /* UCUM: m[H2O] is 9.80665 kPa */
    same("m-1", "/m");
    same("m+2", "m2");
    same("s.s", "s2");
    same("[IU].[IU]/[IU]", "[IU]");
    same("[IU].[arb'U]", "[arb'U].[IU]");
    same("dar", "10.m2"); /* a tenth of an are: da has no atom r */
}

static void names_before_prefixes(void) {
    apart("cd", "d");  /* candela, not a hundredth of a day */
    apart("min", "m"); /* minute */
    apart("Pa", "a");  /* pascal, not petayear: a takes no prefix */
    same("dam", "10.m");
    same("KiBy", "1024.By");
    same("umol", "10*-6.mol");
}

static void own_dimensions(void) {
    apart("[IU]", "1");
    apart("[IU]/L", "U/L");
    apart("[IU]", "[arb'U]");
    apart("mmol/L", "/L");
    apart("deg", "rad");
    same("circ", "360.deg");
    apart("[pH]", "1");
    apart("B[V]", "B[W]");
    same("[pH]", "[pH]");
    apart("Cel", "1");
}

static void refused(void) {
    static const struct {
        const char *code;
        isize at;
    } rows[] = {
        {"", 0},          {" ", 0},          {"mmHg", 0},  {"[s]", 0},    {"Mmin", 0},
        {"cm ", 0},       {"m/", 2},         {".m", 0},    {"m..s", 2},   {"m.", 2},
        {"(m", 2},        {"m)", 1},         {"m{a", 3},   {"{a}}", 3},   {"m-", 2},
        {"m2.5x", 4},     {"0", 1},          {"kmin", 0},  {"g/L%", 2},   {"m^2", 0},
        {"Cel2", 4},      {"Cel/m", 0},      {"m/Cel", 2}, {"[pH].m", 0}, {"m.[pH]", 2},
        {"\xc2\xb5g", 0}, {"{\xc2\xb5}", 1}, {"[IU", 0},   {"IU", 0},     {"years", 0},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        unit u;
        isize at = -1;
        CHECK_MSG(!unit_parse(str_from(rows[i].code), &u, &at), "%s was read", rows[i].code);
        CHECK_MSG(at == rows[i].at, "%s: %td", rows[i].code, at);
    }
}

static void limits(void) {
    unit u;
    CHECK(!unit_parse(S("18446744073709551616"), &u, NULL));
    CHECK(!unit_parse(S("[lb_av]9"), &u, NULL)); /* beyond 64 bits */
    CHECK(!unit_parse(S("m100"), &u, NULL));
    CHECK(!unit_parse(S("m99.m99"), &u, NULL));
    CHECK(!unit_parse(S("[IU].[arb'U].[CFU].[PFU].[FFU]"), &u, NULL)); /* four at most */
    CHECK(!unit_parse(S("((((((((((((((((((m))))))))))))))))))"), &u, NULL));
    CHECK(unit_parse(S("((((m))))"), &u, NULL));
}

const unit_test fhir_unit_suite[] = {
    UNIT_TEST(the_table_is_sorted),
    UNIT_TEST(factors),
    UNIT_TEST(more_factors),
    UNIT_TEST(grammar),
    UNIT_TEST(names_before_prefixes),
    UNIT_TEST(own_dimensions),
    UNIT_TEST(refused),
    UNIT_TEST(limits),
    UNIT_END,
};
