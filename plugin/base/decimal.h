/* SPDX-License-Identifier: Apache-2.0 */
/* decimal.h: exact decimal numbers that remember how they were written. A value is coef /
 * 10^scale; 1.0 and 1 are equal but differ in scale, which toString(), precision() and the boundary
 * functions need (FHIR R4 datatypes, decimal: the precision of a value is significant). No double
 * is involved anywhere. Operations work in 128 bits and say so when a result does not fit; FHIRPath
 * then gives empty. Pure values: nothing is allocated, every function is thread-safe. */
#ifndef FHIRTRIAL_BASE_DECIMAL_H
#define FHIRTRIAL_BASE_DECIMAL_H

#include "base/base.h"

typedef struct decimal {
    __int128 coef;
    int32_t scale; /* digits after the point as written, 0..DECIMAL_MAX_SCALE */
} decimal;

enum { DECIMAL_MAX_SCALE = 34, DECIMAL_TEXT = 48 /* bytes that hold any decimal's text */ };

decimal decimal_int(int64_t value);
/* Reads [+-]digits[.digits][(e|E)[+-]digits] (JSON and XML numbers; FHIRPath literals have no
 * exponent) and nothing else around it. False when malformed or when it does not fit in 38 digits /
 * 34 places. */
bool decimal_parse(str text, decimal *out);
/* Writes the value with its scale ("1.0", "-0.05"), no exponent; returns the number of bytes. */
isize decimal_format(decimal value, char text[DECIMAL_TEXT]);
/* Exact comparison: negative, 0, positive. Never fails: values whose scales cannot be aligned are
 * ordered by their integer parts first. */
int decimal_compare(decimal a, decimal b);
/* False on overflow. Scales: add and subtract take the larger; multiply adds them and trims zeros
 * if needed to fit; divide rounds half away from zero to 8 places (docs/decisions.md) and is false
 * for b = 0. */
bool decimal_add(decimal a, decimal b, decimal *out);
bool decimal_sub(decimal a, decimal b, decimal *out);
bool decimal_mul(decimal a, decimal b, decimal *out);
bool decimal_div(decimal a, decimal b, decimal *out);
/* Integer quotient truncated toward zero, and the remainder with the sign of a (FHIRPath div and
 * mod). */
bool decimal_divmod(decimal a, decimal b, decimal *quotient, decimal *remainder);
decimal decimal_neg(decimal a);
/* Rounds half away from zero to `places` (0..DECIMAL_MAX_SCALE); the result has that scale where
 * digits were cut. */
decimal decimal_round(decimal a, int places);
decimal decimal_truncate(decimal a);
decimal decimal_floor(decimal a);
decimal decimal_ceiling(decimal a);
/* Without trailing zeros after the point. */
decimal decimal_trim(decimal a);
/* Significant digits after the point once trailing zeros are dropped: FHIRPath's ~ rounds to the
 * smaller. */
int decimal_places(decimal a);
bool decimal_is_integer(decimal a);
/* True and the value when a is an integer that fits. */
bool decimal_to_int64(decimal a, int64_t *out);

#endif
