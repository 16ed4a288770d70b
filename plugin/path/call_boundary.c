/* SPDX-License-Identifier: Apache-2.0 */
/* call_boundary.c: lowBoundary, highBoundary, precision, comparable (FHIRPath 3.0, Utility
 * Functions). docs/decisions.md has the rounding rule and why a Quantity is taken too. */
#include "fhir/quantity.h"
#include "path/calls.h"

enum { DEFAULT_PLACES = 8, MOST_PLACES = 31 };

/* To `places` digits: cut, or rounded half away from zero. False when it does not fit. */
static bool to_places(decimal d, int places, bool cut, decimal *out) {
    __int128 coef = d.coef;
    int scale = d.scale;
    for (; scale < places; scale++)
        if (__builtin_mul_overflow(coef, (__int128)10, &coef)) return false;
    int last = 0;
    for (; scale > places; scale--) {
        last = (int)(coef % 10);
        coef /= 10;
    }
    if (!cut && (last >= 5 || last <= -5)) coef += last > 0 ? 1 : -1;
    *out = (decimal){coef, places};
    return true;
}

/* Half a unit of the last written digit below (sign -1) or above (+1). */
static bool decimal_boundary(decimal d, int sign, int places, decimal *out) {
    decimal half;
    if (d.scale >= DECIMAL_MAX_SCALE || __builtin_mul_overflow(d.coef, (__int128)10, &half.coef))
        return false;
    half.coef += 5 * sign;
    half.scale = d.scale + 1;
    bool toward_zero = sign < 0 ? half.coef > 0 : half.coef < 0;
    return to_places(half, places, toward_zero, out);
}

static bool boundary(machine *m, const call *c, int sign) {
    int64_t digits = c->args > 0 ? c->args_v[0].it.integer : -2;
    const value *v = &c->input;
    decimal d;
    when w;
    if (is_number(v->it) || v->it.kind == ITEM_QUANTITY) {
        if (c->args == 0) digits = DEFAULT_PLACES;
        if (digits < 0 || digits > MOST_PLACES) return true;
        d = v->it.kind == ITEM_QUANTITY ? v->quantity.value : item_decimal(v->it);
        if (!decimal_boundary(d, sign, (int)digits, &d)) return true;
        return v->it.kind == ITEM_QUANTITY
                   ? push_quantity(m, d, v->quantity.unit, v->quantity.calendar)
                   : push_decimal(m, d);
    }
    if (!is_temporal(v->it))
        return machine_fail(m, "%s() needs a number, a Quantity, a Date, DateTime or Time",
                            c->row->name);
    if (c->args == 0) digits = v->it.kind == ITEM_DATE ? 8 : v->it.kind == ITEM_TIME ? 9 : 17;
    if (digits < 0 || digits > 17) return true;
    bool ok = sign < 0 ? when_low(v->when, (int)digits, &w) : when_high(v->when, (int)digits, &w);
    return !ok || push_when(m, w);
}

/* SQL on FHIR v2, lowBoundary and highBoundary: a Period gives those of its start and end. */
static bool period(machine *m, call *c, str name, int sign);

bool call_lowBoundary(machine *m, call *c) {
    return c->input.it.kind == ITEM_NODE ? period(m, c, S("start"), -1) : boundary(m, c, -1);
}
bool call_highBoundary(machine *m, call *c) {
    return c->input.it.kind == ITEM_NODE ? period(m, c, S("end"), 1) : boundary(m, c, 1);
}

static bool period(machine *m, call *c, str name, int sign) {
    model_key key = model_find_key(m->model, name);
    uint32_t child = tape_child(m->run->tape, c->input.it.node, key);
    if (child == TAPE_NONE) return true;
    if (!value_load(m, node_item(m, child), &c->input)) return true;
    return boundary(m, c, sign);
}

bool call_precision(machine *m, call *c) {
    const value *v = &c->input;
    if (is_temporal(v->it)) return push_integer(m, when_digits(v->when));
    if (v->it.kind == ITEM_DECIMAL) return push_integer(m, v->it.scale);
    if (v->it.kind == ITEM_INTEGER || v->it.kind == ITEM_LONG) return push_integer(m, 0);
    return machine_fail(m, "precision() needs a number, a Date, DateTime or Time");
}

static str ucum_of(const value *v) {
    bool calendar_only;
    if (is_number(v->it)) return S("1");
    if (v->it.kind != ITEM_QUANTITY) return (str){0};
    str code = quantity_ucum(&v->quantity, &calendar_only);
    if (calendar_only) return str_eq(code, S("year")) ? S("a") : S("mo");
    return code;
}

bool call_comparable(machine *m, call *c) {
    unit a, b;
    bool yes = unit_parse(ucum_of(&c->input), &a, NULL) &&
               unit_parse(ucum_of(&c->args_v[0]), &b, NULL) && unit_commensurable(&a, &b);
    return push_boolean(m, yes);
}
