/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals on 128 bits. A coefficient has at most 38 digits; 2^127 holds a little more, and
 * that margin is never used, so that what fits does not depend on the bits of a number. */
#include "base/decimal.h"

typedef unsigned __int128 wide;

enum { DIGITS = 38, DIVISION_PLACES = 8 };

/* 10^n for n in 0..38. */
static wide power10(int n) {
    static const uint64_t low[] = {1u,
                                   10u,
                                   100u,
                                   1000u,
                                   10000u,
                                   100000u,
                                   1000000u,
                                   10000000u,
                                   100000000u,
                                   1000000000u,
                                   10000000000u,
                                   100000000000u,
                                   1000000000000u,
                                   10000000000000u,
                                   100000000000000u,
                                   1000000000000000u,
                                   10000000000000000u,
                                   100000000000000000u,
                                   1000000000000000000u,
                                   10000000000000000000u};
    return n < 20 ? low[n] : (wide)low[19] * low[n - 19];
}

static wide magnitude(__int128 n) { return n < 0 ? -(wide)n : (wide)n; }

static __int128 with_sign(wide n, bool negative) { return negative ? -(__int128)n : (__int128)n; }

static bool fits(wide n) { return n < power10(DIGITS); }

/* n * 10^shift where the product has at most 38 digits. */
static bool shift_up(__int128 n, int shift, __int128 *out) {
    if (n == 0) {
        *out = 0;
        return true;
    }
    if (shift >= DIGITS || magnitude(n) >= power10(DIGITS - shift)) return false;
    *out = n * (__int128)power10(shift);
    return true;
}

decimal decimal_int(int64_t value) { return (decimal){.coef = value, .scale = 0}; }

decimal decimal_trim(decimal a) {
    if (a.coef == 0) return (decimal){0};
    while (a.scale > 0 && a.coef % 10 == 0) {
        a.coef /= 10;
        a.scale--;
    }
    return a;
}

/* --- text --- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The exponent behind e or E, clamped far outside what can fit. */
static bool parse_exponent(str text, isize *at, int *out) {
    isize i = *at;
    bool negative = false;
    if (i < text.n && (text.p[i] == '+' || text.p[i] == '-')) negative = text.p[i++] == '-';
    isize first = i;
    int n = 0;
    for (; i < text.n && is_digit(text.p[i]); i++) {
        if (n < 100000) n = n * 10 + (text.p[i] - '0');
    }
    *at = i;
    *out = negative ? -n : n;
    return i > first;
}

/* Reads digits from *at on; false when more than 38 of them count. */
static bool parse_digits(str text, isize *at, wide *coef) {
    isize i = *at;
    for (; i < text.n && is_digit(text.p[i]); i++) {
        if (*coef >= power10(DIGITS - 1)) return false;
        *coef = *coef * 10 + (wide)(text.p[i] - '0');
    }
    *at = i;
    return true;
}

bool decimal_parse(str text, decimal *out) {
    isize i = 0;
    bool negative = false;
    if (i < text.n && (text.p[i] == '+' || text.p[i] == '-')) negative = text.p[i++] == '-';

    wide coef = 0;
    isize first = i;
    if (!parse_digits(text, &i, &coef) || i == first) return false;
    isize scale = 0;
    if (i < text.n && text.p[i] == '.') {
        isize point = ++i;
        if (!parse_digits(text, &i, &coef) || i == point) return false;
        scale = i - point;
    }
    if (i < text.n && (text.p[i] == 'e' || text.p[i] == 'E')) {
        int exponent;
        i++;
        if (!parse_exponent(text, &i, &exponent)) return false;
        scale -= exponent;
    }
    if (i != text.n) return false;

    __int128 value = with_sign(coef, negative);
    if (scale < 0) {
        if (!shift_up(value, scale < -DIGITS ? DIGITS : (int)-scale, &value)) return false;
        scale = 0;
    }
    if (scale > DECIMAL_MAX_SCALE) return false;
    *out = (decimal){.coef = value, .scale = (int32_t)scale};
    return true;
}

isize decimal_format(decimal value, char text[DECIMAL_TEXT]) {
    char digits[DIGITS + 2];
    int n = 0;
    for (wide rest = magnitude(value.coef); rest > 0 || n <= value.scale; rest /= 10) {
        digits[n++] = (char)('0' + (int)(rest % 10));
    }
    isize length = 0;
    if (value.coef < 0) text[length++] = '-';
    while (n > 0) {
        if (n == value.scale) text[length++] = '.';
        text[length++] = digits[--n];
    }
    return length;
}

/* --- comparison --- */

static bool is_short(decimal a) { return a.coef == (int64_t)a.coef && a.scale <= 18; }

int decimal_compare(decimal a, decimal b) {
    if (is_short(a) && is_short(b)) { /* 64 bits times 10^18 fit in 128 */
        if (a.scale < b.scale) a.coef *= (__int128)power10(b.scale - a.scale);
        if (b.scale < a.scale) b.coef *= (__int128)power10(a.scale - b.scale);
        return (a.coef > b.coef) - (a.coef < b.coef);
    }
    __int128 one_a = (__int128)power10(a.scale);
    __int128 one_b = (__int128)power10(b.scale);
    __int128 whole_a = a.coef / one_a;
    __int128 whole_b = b.coef / one_b;
    if (whole_a != whole_b) return whole_a < whole_b ? -1 : 1;
    /* The fractions have at most 34 digits, also once they are aligned. */
    __int128 rest_a = a.coef % one_a;
    __int128 rest_b = b.coef % one_b;
    if (a.scale < b.scale) rest_a *= (__int128)power10(b.scale - a.scale);
    if (b.scale < a.scale) rest_b *= (__int128)power10(a.scale - b.scale);
    return (rest_a > rest_b) - (rest_a < rest_b);
}

/* --- arithmetic --- */

/* Both on the larger scale; trailing zeros are given up only where they stand in the way. */
static bool align(decimal *a, decimal *b) {
    for (int round = 0; round < 2; round++) {
        decimal *low = a->scale < b->scale ? a : b;
        decimal *high = low == a ? b : a;
        __int128 coef;
        if (shift_up(low->coef, high->scale - low->scale, &coef)) {
            low->coef = coef;
            low->scale = high->scale;
            return true;
        }
        *a = decimal_trim(*a);
        *b = decimal_trim(*b);
    }
    return false;
}

bool decimal_add(decimal a, decimal b, decimal *out) {
    for (int round = 0; round < 2; round++) {
        __int128 sum;
        if (!align(&a, &b)) return false;
        if (!__builtin_add_overflow(a.coef, b.coef, &sum) && fits(magnitude(sum))) {
            *out = (decimal){.coef = sum, .scale = a.scale};
            return true;
        }
        a = decimal_trim(a);
        b = decimal_trim(b);
    }
    return false;
}

decimal decimal_neg(decimal a) { return (decimal){.coef = -a.coef, .scale = a.scale}; }

bool decimal_sub(decimal a, decimal b, decimal *out) { return decimal_add(a, decimal_neg(b), out); }

bool decimal_mul(decimal a, decimal b, decimal *out) {
    for (int round = 0; round < 2; round++) {
        __int128 product;
        bool over = __builtin_mul_overflow(a.coef, b.coef, &product);
        decimal result = {.coef = over ? 0 : product, .scale = a.scale + b.scale};
        if (round == 1 && !over) result = decimal_trim(result);
        if (!over && fits(magnitude(result.coef)) && result.scale <= DECIMAL_MAX_SCALE) {
            *out = result;
            return true;
        }
        a = decimal_trim(a);
        b = decimal_trim(b);
    }
    return false;
}

/* n / 10^shift, half away from zero, for 0 < shift <= 38. Digits cut off earlier cannot matter:
 * what is cut is less than one, and lifts nothing over a half that is a whole number. */
static wide drop_digits(wide n, int shift) {
    wide unit = power10(shift);
    wide rest = n % unit;
    return n / unit + (rest >= unit - rest);
}

/* Schoolbook: the next digit of rest / by, where rest * 10 need not fit in 128 bits. */
static unsigned next_digit(wide *rest, wide by) {
    unsigned digit = 0;
    wide sum = 0;
    for (int i = 0; i < 10; i++) {
        sum += *rest;
        if (sum >= by) {
            sum -= by;
            digit++;
        }
    }
    *rest = sum;
    return digit;
}

bool decimal_div(decimal a, decimal b, decimal *out) {
    if (b.coef == 0) return false;
    bool negative = (a.coef < 0) != (b.coef < 0);
    a = decimal_trim(a);
    b = decimal_trim(b);
    wide by = magnitude(b.coef);
    wide quotient = magnitude(a.coef) / by;
    wide rest = magnitude(a.coef) % by;
    int shift = DIVISION_PLACES + b.scale - a.scale;
    for (int i = 0; i < shift; i++) {
        if (quotient >= power10(DIGITS - 1)) return false;
        quotient = quotient * 10 + next_digit(&rest, by);
    }
    if (shift < 0) {
        quotient = drop_digits(quotient, -shift);
    } else {
        quotient += rest >= by - rest;
    }
    if (!fits(quotient)) return false;
    *out = decimal_trim((decimal){.coef = with_sign(quotient, negative), .scale = DIVISION_PLACES});
    return true;
}

bool decimal_divmod(decimal a, decimal b, decimal *quotient, decimal *remainder) {
    if (b.coef == 0 || !align(&a, &b)) return false;
    *quotient = (decimal){.coef = a.coef / b.coef, .scale = 0};
    *remainder = (decimal){.coef = a.coef % b.coef, .scale = a.scale};
    return true;
}

/* --- rounding --- */

decimal decimal_round(decimal a, int places) {
    if (places < 0) places = 0;
    if (a.scale <= places) return a;
    wide rounded = drop_digits(magnitude(a.coef), a.scale - places);
    return (decimal){.coef = with_sign(rounded, a.coef < 0), .scale = places};
}

decimal decimal_truncate(decimal a) {
    return (decimal){.coef = a.coef / (__int128)power10(a.scale), .scale = 0};
}

decimal decimal_floor(decimal a) {
    decimal whole = decimal_truncate(a);
    if (a.coef < 0 && !decimal_is_integer(a)) whole.coef--;
    return whole;
}

decimal decimal_ceiling(decimal a) {
    decimal whole = decimal_truncate(a);
    if (a.coef > 0 && !decimal_is_integer(a)) whole.coef++;
    return whole;
}

int decimal_places(decimal a) { return decimal_trim(a).scale; }

bool decimal_is_integer(decimal a) { return a.coef % (__int128)power10(a.scale) == 0; }

bool decimal_to_int64(decimal a, int64_t *out) {
    if (!decimal_is_integer(a)) return false;
    __int128 whole = decimal_truncate(a).coef;
    if (whole < INT64_MIN || whole > INT64_MAX) return false;
    *out = (int64_t)whole;
    return true;
}
