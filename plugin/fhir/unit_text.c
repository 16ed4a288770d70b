/* SPDX-License-Identifier: Apache-2.0 */
/* unit_text.c: the code of a product of two units, as a person would write it. What the code means
 * is unit.c's; here a unit is a list of symbols with exponents, and symbols are compared as text.
 */
#include "fhir/quantity.h"

#include <string.h>

enum { FACTORS = 16, EXPONENT_MOST = 99 };

typedef struct factor {
    str symbol;
    int exponent;
} factor;

typedef struct factors {
    factor list[FACTORS];
    int n;
} factors;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool add_factor(factors *all, str symbol, int exponent) {
    for (int i = 0; i < all->n; i++) {
        if (!str_eq(all->list[i].symbol, symbol)) continue;
        all->list[i].exponent += exponent;
        return true;
    }
    if (all->n == FACTORS) return false;
    all->list[all->n++] = (factor){symbol, exponent};
    return true;
}

/* How long the symbol at the head of the code is: all up to a sign, a digit or an operator, where
 * brackets hide what they hold. */
static isize symbol_length(str code) {
    bool inside = false;
    isize n = 0;
    for (; n < code.n; n++) {
        char c = code.p[n];
        if (c == '[') inside = true;
        if (c == ']') inside = false;
        if (!inside && (is_digit(c) || strchr("./(){}+-*^", c))) break;
    }
    return n;
}

/* [+-]digits behind a symbol; 1 where there is none. */
static bool take_exponent(str *code, int *out) {
    isize i = 0;
    bool minus = code->n > 0 && code->p[0] == '-';
    *out = 1;
    if (code->n > 0 && (minus || code->p[0] == '+')) i++;
    if (i == code->n || !is_digit(code->p[i])) return i == 0;
    for (*out = 0; i < code->n && is_digit(code->p[i]); i++) {
        *out = *out * 10 + (code->p[i] - '0');
        if (*out > EXPONENT_MOST) return false;
    }
    if (minus) *out = -*out;
    *code = str_slice(*code, i, code->n);
    return true;
}

/* symbol[exponent], joined by . and /; a single 1 is no factor. */
static bool take_factors(factors *all, str code, bool over) {
    int sign = over ? -1 : 1;
    if (str_eq(code, S("1"))) return true;
    if (str_starts(code, S("/"))) {
        code = str_slice(code, 1, code.n);
        sign = -sign;
    }
    for (;;) {
        int exponent;
        isize n = symbol_length(code);
        str symbol = str_slice(code, 0, n);
        code = str_slice(code, n, code.n);
        if (n == 0 || !take_exponent(&code, &exponent) || !add_factor(all, symbol, sign * exponent))
            return false;
        if (code.n == 0) return true;
        if (code.p[0] != '.' && code.p[0] != '/') return false;
        /* UCUM reads from the left: a/b.c is (a/b).c. */
        sign = (code.p[0] == '/') != over ? -1 : 1;
        code = str_slice(code, 1, code.n);
    }
}

static bool put(char text[UNIT_TEXT], isize *n, str more) {
    if (more.n > UNIT_TEXT - *n) return false;
    if (more.n > 0) memcpy(text + *n, more.p, (size_t)more.n);
    *n += more.n;
    return true;
}

static bool put_factor(char text[UNIT_TEXT], isize *n, const factor *f, const char *sign) {
    int exponent = f->exponent < 0 ? -f->exponent : f->exponent;
    char digits[2] = {(char)('0' + exponent / 10), (char)('0' + exponent % 10)};
    isize from = exponent < 10 ? 1 : 0;
    if (exponent > EXPONENT_MOST) return false;
    return put(text, n, str_from(sign)) && put(text, n, f->symbol) &&
           (exponent == 1 || put(text, n, (str){digits + from, 2 - from}));
}

bool unit_text_product(str a, str b, bool over, char text[UNIT_TEXT], isize *n) {
    factors all = {0};
    *n = 0;
    if (!take_factors(&all, a, false) || !take_factors(&all, b, over)) return false;
    for (int i = 0; i < all.n; i++)
        if (all.list[i].exponent > 0 && !put_factor(text, n, &all.list[i], *n > 0 ? "." : ""))
            return false;
    for (int i = 0; i < all.n; i++)
        if (all.list[i].exponent < 0 && !put_factor(text, n, &all.list[i], "/")) return false;
    return *n > 0 || put(text, n, S("1"));
}
