/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: conversion, comparison and arithmetic over exact units. */
#include "fhir/quantity.h"

#include <string.h>

typedef unsigned __int128 wide;

enum { SIGNIFICANT = 30, DIGITS = 38 };

#define WIDE_MOST ((wide)1 << 126)

/* What one `from` is in `to`: num / den * 10^exp10, reduced. */
typedef struct ratio {
    wide num, den;
    int exp10;
} ratio;

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static wide wide_gcd(wide a, wide b) {
    while (b != 0) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static ratio ratio_of(const unit *from, const unit *to) {
    uint64_t nums = gcd(from->num, to->num);
    uint64_t dens = gcd(from->den, to->den);
    return (ratio){.num = (wide)(from->num / nums) * (to->den / dens),
                   .den = (wide)(from->den / dens) * (to->num / nums),
                   .exp10 = from->exp10 - to->exp10};
}

bool unit_commensurable(const unit *a, const unit *b) {
    return memcmp(a->dim, b->dim, sizeof a->dim) == 0 &&
           memcmp(a->own_atom, b->own_atom, sizeof a->own_atom) == 0 &&
           memcmp(a->own_exponent, b->own_exponent, sizeof a->own_exponent) == 0;
}

static bool times(wide *n, wide factor) {
    return !__builtin_mul_overflow(*n, factor, n) && *n < WIDE_MOST;
}

/* --- conversion --- */

static unsigned next_digit(wide *rest, wide by) {
    unsigned digit = 0;
    wide sum = 0;
    for (int i = 0; i < 10; i++) { /* rest < by < 2^126: the sum fits */
        sum += *rest;
        if (sum >= by) {
            sum -= by;
            digit++;
        }
    }
    *rest = sum;
    return digit;
}

/* n / den * 10^exp: exact where the quotient ends, else to SIGNIFICANT digits. */
static bool divide_out(wide *n, wide den, int *exp) {
    static const struct { unsigned factor, times; } ends[] = {{2, 5}, {5, 2}};
    for (isize i = 0; i < COUNT_OF(ends); i++) {
        while (den % ends[i].factor == 0) { /* 1/2 is 5/10 */
            if (!times(n, ends[i].times)) return false;
            den /= ends[i].factor;
            (*exp)--;
        }
    }
    if (den == 1) return true;
    wide limit = 1;
    for (int i = 1; i < SIGNIFICANT; i++) limit *= 10;
    wide rest = *n % den;
    wide quotient = *n / den;
    while (quotient<limit && * exp> - DECIMAL_MAX_SCALE) {
        quotient = quotient * 10 + next_digit(&rest, den);
        (*exp)--;
    }
    *n = quotient + (rest >= den - rest);
    return true;
}

/* n * 10^exp as a decimal; zeros behind give way, and digits where nothing else helps. */
static bool compose(wide n, int exp, bool negative, decimal *out) {
    wide most = 1;
    for (int i = 0; i < DIGITS; i++) most *= 10;
    for (; exp > 0; exp--) {
        if (n != 0 && !times(&n, 10)) return false;
    }
    for (; exp < 0 && n % 10 == 0 && (n >= most || exp < -DECIMAL_MAX_SCALE); exp++) {
        n /= 10;
        if (n == 0) exp = -1;
    }
    for (; exp < -DECIMAL_MAX_SCALE || (exp < 0 && n >= most); exp++) n = n / 10 + (n % 10 >= 5);
    if (n >= most) return false;
    *out = (decimal){.coef = negative ? -(__int128)n : (__int128)n, .scale = -exp};
    return true;
}

/* Value times ratio; the offsets of affine units are the caller's. */
static bool scaled(decimal value, ratio r, decimal *out) {
    bool negative = value.coef < 0;
    wide n = negative ? -(wide)value.coef : (wide)value.coef;
    int exp = r.exp10 - value.scale;
    wide across = wide_gcd(n, r.den);
    n /= across;
    r.den /= across;
    return times(&n, r.num) && divide_out(&n, r.den, &exp) && compose(n, exp, negative, out);
}

bool unit_convert(decimal value, const unit *from, const unit *to, decimal *out) {
    if (!unit_commensurable(from, to)) return false;
    if (from->affine && !decimal_add(value, from->offset, &value)) return false;
    if (!scaled(value, ratio_of(from, to), &value)) return false;
    if (to->affine && !decimal_sub(value, to->offset, &value)) return false;
    *out = value;
    return true;
}

/* --- comparison --- */

/* Brings both to one power of ten and compares. */
static tri compare_scaled(__int128 a, int exp_a, __int128 b, int exp_b, int *order) {
    __int128 *high = exp_a > exp_b ? &a : &b;
    int gap = exp_a > exp_b ? exp_a - exp_b : exp_b - exp_a;
    if (*high == 0) gap = 0;
    for (; gap > 0; gap--) {
        if (__builtin_mul_overflow(*high, (__int128)10, high)) return TRI_UNKNOWN;
    }
    *order = (a > b) - (a < b);
    return TRI_TRUE;
}

static tri compare_units(decimal a, const unit *ua, decimal b, const unit *ub, int *order) {
    if (!unit_commensurable(ua, ub)) return TRI_UNKNOWN;
    if (ua->affine && !decimal_add(a, ua->offset, &a)) return TRI_UNKNOWN;
    if (ub->affine && !decimal_add(b, ub->offset, &b)) return TRI_UNKNOWN;
    if ((a.coef < 0) != (b.coef < 0) || a.coef == 0 || b.coef == 0) {
        *order = (a.coef > 0) - (a.coef < 0) - ((b.coef > 0) - (b.coef < 0));
        *order = (*order > 0) - (*order < 0);
        return TRI_TRUE;
    }
    a = decimal_trim(a);
    b = decimal_trim(b);
    ratio r = ratio_of(ua, ub);
    __int128 left, right;
    if (r.num >= WIDE_MOST || r.den >= WIDE_MOST ||
        __builtin_mul_overflow(a.coef, (__int128)r.num, &left) ||
        __builtin_mul_overflow(b.coef, (__int128)r.den, &right)) {
        return TRI_UNKNOWN;
    }
    return compare_scaled(left, r.exp10 - a.scale, right, -b.scale, order);
}

tri quantity_compare(decimal a, str unit_a, decimal b, str unit_b, int *order) {
    unit ua, ub;
    if (!unit_parse(unit_a, &ua, NULL) || !unit_parse(unit_b, &ub, NULL)) return TRI_UNKNOWN;
    return compare_units(a, &ua, b, &ub, order);
}

tri quantity_equivalent(decimal a, str unit_a, decimal b, str unit_b) {
    unit ua, ub;
    if (!unit_parse(unit_a, &ua, NULL) || !unit_parse(unit_b, &ub, NULL)) return TRI_FALSE;
    if (!unit_commensurable(&ua, &ub)) return TRI_FALSE;
    int order = 0;
    unit step_a = ua, step_b = ub; /* without offsets: which unit is the larger */
    step_a.affine = step_b.affine = false;
    compare_units(decimal_int(1), &step_a, decimal_int(1), &step_b, &order);
    const unit *coarse = order < 0 ? &ub : &ua;
    if (!unit_convert(a, &ua, coarse, &a) || !unit_convert(b, &ub, coarse, &b)) return TRI_FALSE;
    int places = decimal_places(a) < decimal_places(b) ? decimal_places(a) : decimal_places(b);
    bool same = decimal_compare(decimal_round(a, places), decimal_round(b, places)) == 0;
    return same ? TRI_TRUE : TRI_FALSE;
}

/* --- arithmetic --- */

static bool is_one(str code) { return str_eq(code, S("1")); }

static bool in_products(const unit *u) { return !u->affine && !u->special; }

/* Appends to a unit's text; false when it is full. */
static bool put(char text[UNIT_TEXT], isize *n, str more) {
    if (more.n > UNIT_TEXT - *n) return false;
    memcpy(text + *n, more.p, (size_t)more.n);
    *n += more.n;
    return true;
}

/* A code that is one symbol, so that a 2 behind it squares it. */
static bool is_symbol(str code) {
    bool inside = false;
    for (isize i = 0; i < code.n; i++) {
        char c = code.p[i];
        if (c == '[') inside = true;
        if (c == ']') inside = false;
        if (!inside && ((c >= '0' && c <= '9') || strchr("./(){}+-*^", c))) return false;
    }
    return true;
}

/* Converts without rounding, or not at all. */
static bool convert_exactly(decimal value, const unit *from, const unit *to, decimal *out) {
    decimal there, back;
    if (!unit_convert(value, from, to, &there) || !unit_convert(there, to, from, &back)) {
        return false;
    }
    if (decimal_compare(back, value) != 0) return false;
    *out = there;
    return true;
}

/* Two codes joined by `.` or `/`, whatever they are; "/(b)" where b is a term. */
static bool put_joined(char text[UNIT_TEXT], isize *n, str a, str b, bool over) {
    bool term = str_find_byte(b, '/', 0) >= 0 || str_find_byte(b, '.', 0) >= 0;
    *n = 0;
    if (!is_one(a) && !put(text, n, a)) return false;
    if (!over) return put(text, n, str_starts(b, S("/")) ? S("") : S(".")) && put(text, n, b);
    if (!term) return put(text, n, S("/")) && put(text, n, b);
    return put(text, n, str_starts(b, S("/")) ? S("/(1") : S("/(")) && put(text, n, b) &&
           put(text, n, S(")"));
}

/* Exponents may pass their bounds on the way through one order of factors and not through the
 * other. */
static bool put_product(char text[UNIT_TEXT], isize *n, str a, str b, bool over) {
    unit ignored;
    return (unit_text_product(a, b, over, text, n) &&
            unit_parse((str){text, *n}, &ignored, NULL)) ||
           (put_joined(text, n, a, b, over) && unit_parse((str){text, *n}, &ignored, NULL));
}

bool quantity_multiply(decimal a, str unit_a, decimal b, str unit_b, decimal *value,
                       char text[UNIT_TEXT], isize *n) {
    unit ua, ub;
    *n = 0;
    if (!unit_parse(unit_a, &ua, NULL) || !unit_parse(unit_b, &ub, NULL)) return false;
    if (is_one(unit_a) || is_one(unit_b)) {
        return decimal_mul(a, b, value) && put(text, n, is_one(unit_b) ? unit_a : unit_b);
    }
    if (!in_products(&ua) || !in_products(&ub)) return false;
    if (is_symbol(unit_b) && convert_exactly(a, &ua, &ub, &a)) {
        return decimal_mul(a, b, value) && put(text, n, unit_b) && put(text, n, S("2"));
    }
    return decimal_mul(a, b, value) && put_product(text, n, unit_a, unit_b, false);
}

bool quantity_divide(decimal a, str unit_a, decimal b, str unit_b, decimal *value,
                     char text[UNIT_TEXT], isize *n) {
    unit ua, ub;
    *n = 0;
    if (!unit_parse(unit_a, &ua, NULL) || !unit_parse(unit_b, &ub, NULL)) return false;
    if (is_one(unit_b)) return decimal_div(a, b, value) && put(text, n, unit_a);
    if (!in_products(&ua) || !in_products(&ub)) return false;
    if (unit_commensurable(&ua, &ub)) {
        return unit_convert(a, &ua, &ub, &a) && decimal_div(a, b, value) && put(text, n, S("1"));
    }
    return decimal_div(a, b, value) && put_product(text, n, unit_a, unit_b, true);
}
