/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.h: UCUM units (The Unified Code for Units of Measure, v2.1) as exact rationals, and what
 * FHIRPath does with quantities. A unit is a vector of exponents over the base dimensions and a
 * factor num/den * 10^exp. `mol` and [pi] are dimensions of their own, and so is every arbitrary
 * unit ([IU], [arb'U], ...); Cel, [degF] and [degRe] are affine; units defined by a function ([pH],
 * B[V], ...) compare with themselves only. {annotations} are dimensionless 1. An empty code is no
 * unit: FHIRPath's bare number has unit `1`, which the caller says. Nothing knows of calendar
 * words here. Pure and thread-safe; nothing allocated. */
#ifndef FHIRTRIAL_FHIR_QUANTITY_H
#define FHIRTRIAL_FHIR_QUANTITY_H

#include "base/decimal.h"
#include "base/tri.h"

/* m s g rad K C cd mol [pi] */
enum { UNIT_DIMENSIONS = 9, UNIT_OWN_MOST = 4, UNIT_TEXT = 64 };

typedef struct unit {
    int8_t dim[UNIT_DIMENSIONS];
    int8_t own_exponent[UNIT_OWN_MOST]; /* of the arbitrary units, sorted by own_atom; 0: free */
    int16_t own_atom[UNIT_OWN_MOST];
    int16_t exp10;
    bool affine;       /* base value = (value + offset) * factor */
    bool special;      /* defined by a function: alone, and only with itself */
    uint64_t num, den; /* factor to the base units, reduced; no factor of ten is left in either */
    decimal offset;
} unit;

/* Parses the whole UCUM grammar (case-sensitive codes); false when unknown, malformed, or beyond
 * 64-bit factors; *at (may be NULL) tells where. */
bool unit_parse(str code, unit *out, isize *at);
/* Same dimensions (and arbitrary units): the values can be converted. */
bool unit_commensurable(const unit *a, const unit *b);
/* Converts exactly where a decimal can hold the result, else rounded half away from zero to 30
 * significant digits; false when not commensurable or out of range. */
bool unit_convert(decimal value, const unit *from, const unit *to, decimal *out);
/* Order of two quantities by exact cross-multiplication: TRI_TRUE and *order when decided,
 * TRI_UNKNOWN when not comparable. */
tri quantity_compare(decimal a, str unit_a, decimal b, str unit_b, int *order);
/* FHIRPath `~`: converted to the less granular unit, rounded to the least precise operand. Units
 * that cannot be compared are TRI_FALSE. */
tri quantity_equivalent(decimal a, str unit_a, decimal b, str unit_b);
/* The code of a product, or of a quotient when `over`, with equal symbols taken together: cm and
 * cm2 give cm3, m/s and s give m. False, and the text is undefined, when a code is more than
 * symbols with exponents, or the room is too small. (FHIRPath: Multiplication, Division, examples.)
 */
bool unit_text_product(str a, str b, bool over, char text[UNIT_TEXT], isize *n);
/* Products and quotients (FHIRPath * and /): the unit text is written to `text` (at most 64 bytes),
 * its length returned in *n. A product of commensurable units is in the square of the second where
 * that needs no rounding, a quotient of them has unit `1`. False when a unit is unknown, affine or
 * special (but for a product with, or a quotient by, a plain number), or the result does not fit.
 */
bool quantity_multiply(decimal a, str unit_a, decimal b, str unit_b, decimal *value,
                       char text[UNIT_TEXT], isize *n);
bool quantity_divide(decimal a, str unit_a, decimal b, str unit_b, decimal *value,
                     char text[UNIT_TEXT], isize *n);

#endif
