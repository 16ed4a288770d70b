/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.h: UCUM units (The Unified Code for Units of Measure, v2.1) as exact rationals. A unit
 * is a vector of exponents over the base dimensions and a factor num/den * 10^exp. `mol` and every
 * arbitrary unit ([IU], [arb'U], ...) are dimensions of their own; Cel and [degF] are affine;
 * logarithmic units are refused. {annotations} are dimensionless 1. Pure and thread-safe; nothing
 * allocated. */
#ifndef FHIRTRIAL_FHIR_QUANTITY_H
#define FHIRTRIAL_FHIR_QUANTITY_H

#include "base/decimal.h"
#include "base/tri.h"

enum { UNIT_DIMENSIONS = 16 };

typedef struct unit {
    int8_t dim[UNIT_DIMENSIONS];
    uint64_t num, den; /* factor to the base units */
    int16_t exp10;
    bool affine; /* Cel, [degF]: value_in_K = value * factor + offset */
    decimal offset;
} unit;

/* Parses the whole UCUM grammar (case-sensitive codes); false when unknown or malformed; *at (may
 * be NULL) tells where. */
bool unit_parse(str code, unit *out, isize *at);
/* Same dimensions (and arbitrary units): the values can be converted. */
bool unit_commensurable(const unit *a, const unit *b);
/* Converts exactly where a decimal can hold the result, else rounded to DECIMAL places that fit;
 * false when not commensurable or out of range. */
bool unit_convert(decimal value, const unit *from, const unit *to, decimal *out);
/* Order of two quantities by exact cross-multiplication: TRI_TRUE and *order when decided,
 * TRI_UNKNOWN when not comparable. */
tri quantity_compare(decimal a, str unit_a, decimal b, str unit_b, int *order);
/* FHIRPath `~`: converted to the less granular unit, rounded to the least precise operand. */
tri quantity_equivalent(decimal a, str unit_a, decimal b, str unit_b);
/* Products and quotients (FHIRPath * and /): the unit text is written to `text` (at most 64 bytes),
 * its length returned in *n. */
bool quantity_multiply(decimal a, str unit_a, decimal b, str unit_b, decimal *value, char text[64],
                       isize *n);
bool quantity_divide(decimal a, str unit_a, decimal b, str unit_b, decimal *value, char text[64],
                     isize *n);

#endif
