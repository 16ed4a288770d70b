/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include "bench.h"

static const char number[] = "120.75";

static int64_t parse(int64_t rounds) {
    decimal value = {0};
    for (int64_t i = 0; i < rounds; i++) {
        decimal_parse(S(number), &value);
        BENCH_KEEP(value.scale);
    }
    return rounds * (int64_t)(sizeof number - 1);
}

static int64_t compare(int64_t rounds) {
    decimal a = {12075, 2}, b = {1400, 1};
    for (int64_t i = 0; i < rounds; i++) BENCH_KEEP(decimal_compare(a, b));
    return 0;
}

static int64_t divide(int64_t rounds) {
    decimal a = {12075, 2}, b = {7, 0}, quotient = {0};
    for (int64_t i = 0; i < rounds; i++) {
        decimal_div(a, b, &quotient);
        BENCH_KEEP(quotient.scale);
    }
    return 0;
}

const bench_case decimal_bench[] = {
    BENCH_CASE(parse),
    BENCH_CASE(compare),
    BENCH_CASE(divide),
    BENCH_END,
};
