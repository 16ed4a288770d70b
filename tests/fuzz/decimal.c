/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a decimal is written and read back as the same number with the same scale, and
 * arithmetic on it comes back. */
#include "base/decimal.h"
#include "fuzz.h"

static void round_trip(decimal value) {
    char text[DECIMAL_TEXT];
    decimal again;
    isize n = decimal_format(value, text);
    FUZZ_MUST(n > 0 && n <= DECIMAL_TEXT);
    FUZZ_MUST(decimal_parse((str){text, n}, &again));
    FUZZ_MUST(again.coef == value.coef && again.scale == value.scale);
}

static void arithmetic(decimal a, decimal b) {
    decimal sum, back, product, quotient, rest;
    FUZZ_MUST(decimal_compare(a, b) == -decimal_compare(b, a) ||
              (decimal_compare(a, b) < 0) == (decimal_compare(b, a) > 0));
    if (decimal_add(a, b, &sum) && decimal_sub(sum, b, &back))
        FUZZ_MUST(decimal_compare(back, a) == 0);
    if (decimal_mul(a, b, &product)) round_trip(product);
    if (decimal_div(a, b, &quotient)) round_trip(quotient);
    if (decimal_divmod(a, b, &quotient, &rest)) FUZZ_MUST(decimal_is_integer(quotient));
    FUZZ_MUST(decimal_compare(decimal_floor(a), a) <= 0);
    FUZZ_MUST(decimal_compare(decimal_ceiling(a), a) >= 0);
    FUZZ_MUST(decimal_compare(decimal_trim(a), a) == 0);
}

/* Two numbers with a space between them, or one. */
void fuzz_decimal(const uint8_t *data, size_t size) {
    str text = {(const char *)data, (isize)size};
    isize gap = str_find_byte(text, ' ', 0);
    decimal a, b;
    if (!decimal_parse(gap < 0 ? text : str_slice(text, 0, gap), &a)) return;
    round_trip(a);
    if (gap >= 0 && decimal_parse(str_slice(text, gap + 1, text.n), &b)) arithmetic(a, b);
}
