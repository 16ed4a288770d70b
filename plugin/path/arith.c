/* SPDX-License-Identifier: Apache-2.0 */
/* arith.c: + - * / div mod & on single values (FHIRPath: Math; Date/Time Arithmetic). A result that
 * does not fit, and a division by zero, are empty. */
#include "fhir/quantity.h"
#include "path/machine.h"

#include <string.h>

static bool wrong(machine *m, const char *sign, const value *a, const value *b) {
    return machine_fail(m, "%s does not work on %s and %s", sign, value_kind_name(a->it.kind),
                        value_kind_name(b->it.kind));
}

/* The result of integer arithmetic as the kind it has: an Integer has 32 bits, a Long 64. */
static bool push_whole(machine *m, const value *a, const value *b, int64_t result) {
    bool is_long = a->it.kind == ITEM_LONG || (b && b->it.kind == ITEM_LONG);
    if (is_long) return push(m, (item){.kind = ITEM_LONG, .integer = result});
    return result < INT32_MIN || result > INT32_MAX || push_integer(m, result);
}

static bool whole(const value *v) { return v->it.kind == ITEM_INTEGER || v->it.kind == ITEM_LONG; }

static bool run_whole(machine *m, op_code code, const value *a, const value *b) {
    int64_t x = a->it.integer, y = b->it.integer, r = 0;
    bool overflow;
    switch (code) {
    case OP_add: overflow = __builtin_add_overflow(x, y, &r); break;
    case OP_subtract: overflow = __builtin_sub_overflow(x, y, &r); break;
    case OP_multiply: overflow = __builtin_mul_overflow(x, y, &r); break;
    default:
        overflow = y == 0 || (x == INT64_MIN && y == -1);
        if (!overflow) r = code == OP_div ? x / y : x % y;
    }
    return overflow || push_whole(m, a, b, r);
}

static bool run_decimal(machine *m, op_code code, const value *a, const value *b) {
    decimal x = item_decimal(a->it), y = item_decimal(b->it), r, rest;
    switch (code) {
    case OP_add: return !decimal_add(x, y, &r) || push_decimal(m, r);
    case OP_subtract: return !decimal_sub(x, y, &r) || push_decimal(m, r);
    case OP_multiply: return !decimal_mul(x, y, &r) || push_decimal(m, r);
    case OP_divide: return !decimal_div(x, y, &r) || push_decimal(m, r);
    default: break;
    }
    if (!decimal_divmod(x, y, &r, &rest)) return true;
    return push_decimal(m, code == OP_mod ? rest : r);
}

/* --- dates --- */
/* FHIRPath 3.0, Date/Time Arithmetic: calendar words, and of UCUM those shorter than a month, whose
 * length is definite. A calendar word in quotes is taken for the word (docs/decisions.md). */
static bool when_unit_of(str unit, when_unit *out) {
    static const struct {
        const char *word, *code;
        when_unit unit;
    } units[] = {{"year", "", WHEN_U_YEAR},      {"month", "", WHEN_U_MONTH},
                 {"week", "wk", WHEN_U_WEEK},    {"day", "d", WHEN_U_DAY},
                 {"hour", "h", WHEN_U_HOUR},     {"minute", "min", WHEN_U_MINUTE},
                 {"second", "s", WHEN_U_SECOND}, {"millisecond", "ms", WHEN_U_MILLISECOND}};
    str singular = str_ends(unit, S("s")) && unit.n > 3 ? str_slice(unit, 0, unit.n - 1) : unit;
    for (isize i = 0; i < COUNT_OF(units); i++) {
        if (str_eq(singular, str_from(units[i].word)) ||
            (units[i].code[0] && str_eq(unit, str_from(units[i].code)))) {
            *out = units[i].unit;
            return true;
        }
    }
    return false;
}

static bool run_when(machine *m, op_code code, const value *a, const value *b) {
    when_unit unit;
    when w;
    if (!when_unit_of(b->quantity.unit, &unit))
        return machine_fail(
            m, "a date or time can only be moved by calendar durations (years, months, "
               "weeks, days, hours ...) or UCUM wk d h min s ms");
    if (a->it.kind == ITEM_TIME && unit < WHEN_U_HOUR)
        return machine_fail(m, "a time can only be moved by hours, minutes, seconds or "
                               "milliseconds");
    decimal amount = b->quantity.value;
    if (m->program->edition_r4 && unit == WHEN_U_SECOND && !b->quantity.calendar)
        amount = decimal_truncate(amount); /* docs/decisions.md: R4 suite, testPlusDate19 */
    if (code == OP_subtract) amount = decimal_neg(amount);
    return !when_add(a->when, amount, unit, &w) || push_when(m, w);
}

/* --- quantities --- */
static quantity_value as_quantity(const value *v) {
    if (v->it.kind == ITEM_QUANTITY) return v->quantity;
    return (quantity_value){item_decimal(v->it), S("1"), false};
}

/* Sum in the finer of the two units (FHIRPath: Addition of quantities). */
static bool add_quantities(machine *m, op_code code, quantity_value a, quantity_value b) {
    decimal x = a.value, y = b.value, r, ratio;
    bool calendar_a, calendar_b;
    str unit_a = quantity_ucum(&a, &calendar_a), unit_b = quantity_ucum(&b, &calendar_b),
        unit = a.unit;
    bool calendar = a.calendar && b.calendar;
    if (!str_eq(unit_a, unit_b) || calendar_a != calendar_b) {
        struct unit ua, ub;
        /* FHIRPath 3.0: units that cannot be added give empty; years and months want toQuantity().
         */
        if (calendar_a || calendar_b || !unit_parse(unit_a, &ua, NULL) ||
            !unit_parse(unit_b, &ub, NULL) || !unit_commensurable(&ua, &ub))
            return true;
        bool b_finer = unit_convert(decimal_int(1), &ua, &ub, &ratio) &&
                       decimal_compare(ratio, decimal_int(1)) > 0;
        unit = b_finer ? b.unit : a.unit;
        calendar = b_finer ? b.calendar : a.calendar;
        if (b_finer ? !unit_convert(x, &ua, &ub, &x) : !unit_convert(y, &ub, &ua, &y)) return true;
    }
    bool ok = code == OP_add ? decimal_add(x, y, &r) : decimal_sub(x, y, &r);
    return !ok || push_quantity(m, r, unit, calendar);
}

static bool run_quantity(machine *m, op_code code, const value *a, const value *b) {
    quantity_value x = as_quantity(a), y = as_quantity(b);
    if (x.unit.n == 0 || y.unit.n == 0) return true;
    if (code == OP_add || code == OP_subtract) return add_quantities(m, code, x, y);
    char text[64];
    isize n = 0;
    decimal r;
    bool ignored;
    bool number = a->it.kind != ITEM_QUANTITY || b->it.kind != ITEM_QUANTITY;
    if (number && (code == OP_multiply || b->it.kind != ITEM_QUANTITY)) {
        /* A factor without a unit keeps the unit as it is written, calendar words included. */
        quantity_value with = a->it.kind == ITEM_QUANTITY ? x : y;
        bool ok = code == OP_multiply ? decimal_mul(x.value, y.value, &r)
                                      : decimal_div(x.value, y.value, &r);
        return !ok || push_quantity(m, r, with.unit, with.calendar);
    }
    str ux = quantity_ucum(&x, &ignored), uy = quantity_ucum(&y, &ignored);
    /* FHIRPath 3.0: a calendar duration multiplies with a plain number only. */
    if (x.calendar || y.calendar) return true;
    bool ok = code == OP_multiply ? quantity_multiply(x.value, ux, y.value, uy, &r, text, &n)
                                  : quantity_divide(x.value, ux, y.value, uy, &r, text, &n);
    return !ok || push_quantity(m, r, arena_str(m->run->arena, (str){text, n}), false);
}

/* --- text --- */
static bool join_text(machine *m, str a, str b) {
    if (a.n == 0 || b.n == 0) return push_string(m, a.n == 0 ? b : a);
    if (a.n + b.n > LIMIT_STRING_BYTES) return machine_limit(m, "bytes of a string");
    /* A text that grows by pieces is copied whole each time: what it takes is bounded like this. */
    if (!machine_step(m, (a.n + b.n) / STEP_BYTES_MADE)) return false;
    char *text = arena_new(m->run->arena, char, a.n + b.n);
    memcpy(text, a.p, (size_t)a.n);
    memcpy(text + a.n, b.p, (size_t)b.n);
    return push_string(m, (str){text, a.n + b.n});
}

static const char *sign_of(op_code code) {
    switch (code) {
    case OP_add: return "+";
    case OP_subtract: return "-";
    case OP_multiply: return "*";
    case OP_divide: return "/";
    case OP_div: return "div";
    case OP_mod: return "mod";
    default: return "&";
    }
}

bool arith_run(machine *m, op_code code, const value *a, const value *b) {
    bool text = a->it.kind == ITEM_STRING && b->it.kind == ITEM_STRING;
    if (code == OP_concatenate || (code == OP_add && text))
        return text ? join_text(m, a->it.text, b->it.text) : wrong(m, sign_of(code), a, b);
    if (is_number(a->it) && is_number(b->it)) {
        bool both_whole = whole(a) && whole(b) && code != OP_divide;
        return both_whole ? run_whole(m, code, a, b) : run_decimal(m, code, a, b);
    }
    bool moves = code == OP_add || code == OP_subtract;
    if (moves && is_temporal(a->it) && b->it.kind == ITEM_QUANTITY) return run_when(m, code, a, b);
    bool quantities = (a->it.kind == ITEM_QUANTITY || is_number(a->it)) &&
                      (b->it.kind == ITEM_QUANTITY || is_number(b->it));
    if (quantities && (moves || code == OP_multiply || code == OP_divide))
        return run_quantity(m, code, a, b);
    return wrong(m, sign_of(code), a, b);
}

bool arith_negate(machine *m, const value *a) {
    if (a->it.kind == ITEM_QUANTITY)
        return push_quantity(m, decimal_neg(a->quantity.value), a->quantity.unit,
                             a->quantity.calendar);
    if (a->it.kind == ITEM_DECIMAL) return push_decimal(m, decimal_neg(item_decimal(a->it)));
    if (a->it.integer == INT64_MIN) return true;
    return push_whole(m, a, NULL, -a->it.integer);
}
