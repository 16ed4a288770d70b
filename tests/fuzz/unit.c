/* SPDX-License-Identifier: Apache-2.0 */
/* A unit code that is read is commensurable with itself, and 7 of it are 7 of it. Taken times a
 * second and over a second again it has a code that is read and is commensurable still. */
#include "fhir/quantity.h"
#include "fuzz.h"

static void there_and_back(str code, const unit *from) {
    char product[UNIT_TEXT], back[UNIT_TEXT];
    isize n, m;
    unit u;
    decimal one = decimal_int(1), value;
    if (!quantity_multiply(one, code, one, S("s"), &value, product, &n)) return;
    FUZZ_MUST(unit_parse((str){product, n}, &u, NULL));
    if (!quantity_divide(value, (str){product, n}, one, S("s"), &value, back, &m)) return;
    FUZZ_MUST(unit_parse((str){back, m}, &u, NULL) && unit_commensurable(from, &u));
}

void fuzz_unit(const uint8_t *data, size_t size) {
    str code = {(const char *)data, (isize)size};
    unit u;
    isize at = -1;
    bool ok = unit_parse(code, &u, &at);
    FUZZ_MUST(at >= 0 && at <= code.n && (!ok || at == code.n));
    if (!ok) return;
    FUZZ_MUST(u.num > 0 && u.den > 0);
    decimal same;
    int order = 1;
    FUZZ_MUST(unit_convert(decimal_int(7), &u, &u, &same) || u.affine);
    FUZZ_MUST(quantity_compare(decimal_int(7), code, decimal_int(7), code, &order) != TRI_TRUE ||
              order == 0);
    there_and_back(code, &u);
}
