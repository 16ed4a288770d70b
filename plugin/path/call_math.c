/* SPDX-License-Identifier: Apache-2.0 */
/* call_math.c: Math. sqrt, exp, ln, log and power with a fraction have no exact answer: they are
 * computed in fixed point with 18 places and given with at most 8 (docs/decisions.md). No binary
 * floating point, so every machine gives the same digits. */
#include "path/calls.h"

typedef __int128 fixed; /* value * 10^18 */
typedef unsigned __int128 wide;

static const int64_t ONE = 1000000000000000000;
static const int64_t LN2 = 693147180559945309;
static const int64_t LN10 = 2302585092994045684;

static bool number(machine *m, const call *c) {
    if (is_number(c->input.it)) return true;
    return machine_fail(m, "%s() needs a number, not a Quantity", c->row->name);
}

bool call_abs(machine *m, call *c) {
    item it = c->input.it;
    if (it.kind == ITEM_DECIMAL)
        return push_decimal(m, it.coef < 0 ? decimal_neg(item_decimal(it)) : item_decimal(it));
    if (it.kind == ITEM_QUANTITY) {
        decimal d = c->input.quantity.value;
        return push_quantity(m, d.coef < 0 ? decimal_neg(d) : d, c->input.quantity.unit,
                             c->input.quantity.calendar);
    }
    if (it.integer == INT64_MIN || (it.kind == ITEM_INTEGER && it.integer == INT32_MIN))
        return true;
    if (it.integer < 0) it.integer = -it.integer;
    return push(m, it);
}

static bool push_like(machine *m, const call *c, decimal d) {
    const quantity_value *q = &c->input.quantity;
    return c->input.it.kind == ITEM_QUANTITY ? push_quantity(m, d, q->unit, q->calendar)
                                             : push_decimal(m, d);
}

/* A whole number that an Integer cannot hold is empty. */
static bool push_whole(machine *m, const call *c, decimal (*round)(decimal)) {
    int64_t n;
    if (c->input.it.kind == ITEM_QUANTITY) return push_like(m, c, round(c->input.quantity.value));
    if (c->input.it.kind != ITEM_DECIMAL) return push(m, c->input.it);
    if (!decimal_to_int64(round(item_decimal(c->input.it)), &n)) return true;
    return n < INT32_MIN || n > INT32_MAX || push_integer(m, n);
}

bool call_ceiling(machine *m, call *c) { return push_whole(m, c, decimal_ceiling); }
bool call_floor(machine *m, call *c) { return push_whole(m, c, decimal_floor); }
bool call_truncate(machine *m, call *c) { return push_whole(m, c, decimal_truncate); }

bool call_round(machine *m, call *c) {
    int64_t places = c->args > 0 ? c->args_v[0].it.integer : 0;
    if (places < 0) return machine_fail(m, "round() needs a precision of 0 or more");
    if (places > DECIMAL_MAX_SCALE) places = DECIMAL_MAX_SCALE;
    if (c->input.it.kind == ITEM_QUANTITY)
        return push_like(m, c, decimal_round(c->input.quantity.value, (int)places));
    return push_decimal(m, decimal_round(item_decimal(c->input.it), (int)places));
}

/* --- fixed point --- */
static bool push_fixed(machine *m, fixed value, int places) {
    decimal d = {value, 18};
    return push_decimal(m, decimal_trim(decimal_round(d, places)));
}

/* ln of a whole number 1 .. 10^19: halved into [1, 2), then 2 artanh((x-1)/(x+1)). */
static fixed ln_whole(wide t) {
    int halvings = 0;
    while (t >> halvings > 1) halvings++;
    fixed x = (fixed)((t * (wide)ONE) >> halvings);
    fixed z = (x - ONE) * ONE / (x + ONE), square = z * z / ONE, term = z, sum = 0;
    for (int k = 1; term != 0; k += 2) {
        sum += term / k;
        term = term * square / ONE;
    }
    return 2 * sum + (fixed)halvings * LN2;
}

/* False when x <= 0. */
static bool ln_of(decimal x, fixed *out) {
    if (x.coef <= 0) return false;
    wide t = (wide)x.coef;
    int tens = -x.scale;
    while (t > (wide)ONE * 10) {
        t /= 10;
        tens++;
    }
    *out = ln_whole(t) + (fixed)tens * LN10;
    return true;
}

/* e^y for |y| < 60; *places is how many digits after the point are good. False when out of range.
 */
static bool exp_of(fixed y, fixed *out, int *places) {
    if (y > (fixed)44 * ONE || y < (fixed)-60 * ONE) return false;
    int doublings = 0;
    while (y < 0) {
        y += LN2;
        doublings--;
    }
    while (y >= LN2) {
        y -= LN2;
        doublings++;
    }
    fixed term = ONE, sum = ONE;
    for (int k = 1; term != 0; k++) {
        term = term * y / ONE / k;
        sum += term;
    }
    *out = doublings >= 0 ? sum << doublings : sum >> -doublings;
    int digits = doublings > 0 ? doublings * 3 / 10 + 1 : 1;
    *places = 16 - digits > 8 ? 8 : 16 - digits < 0 ? 0 : 16 - digits;
    return true;
}

static bool to_fixed(decimal d, fixed *out) {
    decimal r = decimal_round(d, 18);
    fixed value = r.coef;
    for (int scale = r.scale; scale < 18; scale++)
        if (__builtin_mul_overflow(value, (fixed)10, &value)) return false;
    *out = value;
    return true;
}

/* Newton from above; the largest r with r * r <= n. */
static wide whole_sqrt(wide n) {
    if (n < 2) return n;
    wide r = n, next = (r >> 1) + 1;
    while (next < r) {
        r = next;
        next = (r + n / r) / 2;
    }
    return r;
}

bool call_sqrt(machine *m, call *c) {
    if (!number(m, c)) return false;
    decimal d = decimal_trim(item_decimal(c->input.it));
    if (d.coef < 0) return true;
    const wide most = ~(wide)0 / 100;
    wide n = (wide)d.coef;
    int scale = d.scale;
    if (scale % 2) {
        n *= 10;
        scale++;
    }
    for (; scale < 32 && n <= most; scale += 2) n *= 100;
    decimal root = {(fixed)whole_sqrt(n), scale / 2};
    return push_decimal(m, decimal_trim(decimal_round(root, 8)));
}

bool call_exp(machine *m, call *c) {
    fixed y, e;
    int places;
    if (!number(m, c)) return false;
    return !to_fixed(item_decimal(c->input.it), &y) || !exp_of(y, &e, &places) ||
           push_fixed(m, e, places);
}

bool call_ln(machine *m, call *c) {
    fixed y;
    if (!number(m, c)) return false;
    return !ln_of(item_decimal(c->input.it), &y) || push_fixed(m, y, 8);
}

bool call_log(machine *m, call *c) {
    fixed y, base;
    if (!number(m, c)) return false;
    if (!is_number(c->args_v[0].it)) return machine_fail(m, "log() needs a number as its base");
    if (!ln_of(item_decimal(c->input.it), &y) || !ln_of(item_decimal(c->args_v[0].it), &base) ||
        base == 0)
        return true;
    return push_fixed(m, y * ONE / base, 8);
}

/* b^n by squaring; false on overflow. */
static bool whole_power(decimal b, int64_t n, decimal *out) {
    decimal result = decimal_int(1);
    for (; n > 0; n >>= 1) {
        if ((n & 1) && !decimal_mul(result, b, &result)) return false;
        if (n > 1 && !decimal_mul(b, b, &b)) return false;
    }
    *out = result;
    return true;
}

static bool real_power(machine *m, decimal b, decimal exponent) {
    fixed y, e, ln;
    int places;
    if (b.coef == 0) return exponent.coef <= 0 || push_decimal(m, decimal_int(0));
    if (!ln_of(b, &ln) || !to_fixed(exponent, &y)) return true;
    /* |y| * |ln| may pass 128 bits only where e^x is out of range anyway. */
    if (y > (fixed)1000 * ONE || y < (fixed)-1000 * ONE) return true;
    fixed x = ln / 1000000000 * (y / 1000000000) + ln / 1000000000 * (y % 1000000000) / 1000000000 +
              ln % 1000000000 * (y / 1000000000) / 1000000000;
    return !exp_of(x, &e, &places) || push_fixed(m, e, places);
}

bool call_power(machine *m, call *c) {
    if (!number(m, c)) return false;
    item base = c->input.it, exponent = c->args_v[0].it;
    if (!is_number(exponent)) return machine_fail(m, "power() needs a number as its exponent");
    decimal b = item_decimal(base), e = item_decimal(exponent), r;
    int64_t n, whole;
    if (!decimal_to_int64(e, &n)) return real_power(m, b, e);
    if (n < 0)
        return n < -1000000 || !whole_power(b, -n, &r) || !decimal_div(decimal_int(1), r, &r) ||
               push_decimal(m, decimal_trim(r));
    if (!whole_power(b, n, &r)) return true;
    /* FHIRPath 3.0 gives a Decimal; N1 an Integer for Integers. */
    bool integers = base.kind == ITEM_INTEGER && exponent.kind == ITEM_INTEGER;
    if (!m->program->edition_r4 || !integers) return push_decimal(m, r);
    return !decimal_to_int64(r, &whole) || whole < INT32_MIN || whole > INT32_MAX ||
           push_integer(m, whole);
}
