/* SPDX-License-Identifier: Apache-2.0 */
/* call_conversion.c: toX() and convertsToX() (FHIRPath: Conversion). One function a target tries
 * the conversion and pushes its result or nothing; convertsToX() asks whether it pushed. */
#include "fhir/quantity.h"
#include "path/calls.h"
#include "path/literal.h"

#include <string.h>

typedef bool (*converter)(machine *m, const value *v);

static bool converts(machine *m, const call *c, converter convert) {
    isize at = m->top;
    if (!convert(m, &c->input)) return false;
    bool did = m->top > at;
    m->top = at;
    return push_boolean(m, did);
}

static bool one_of(str text, const char *const *words, isize n) {
    for (isize i = 0; i < n; i++)
        if (str_eq_ascii_case(text, str_from(words[i]))) return true;
    return false;
}

static bool boolean_of(machine *m, const value *v) {
    static const char *const yes[] = {"true", "t", "yes", "y", "1", "1.0"};
    static const char *const no[] = {"false", "f", "no", "n", "0", "0.0"};
    if (v->it.kind == ITEM_BOOLEAN) return push_boolean(m, v->it.boolean);
    if (v->it.kind == ITEM_STRING) {
        if (one_of(v->it.text, yes, COUNT_OF(yes))) return push_boolean(m, true);
        return !one_of(v->it.text, no, COUNT_OF(no)) || push_boolean(m, false);
    }
    if (!is_number(v->it)) return true;
    decimal d = item_decimal(v->it);
    if (decimal_compare(d, decimal_int(1)) == 0) return push_boolean(m, true);
    return decimal_compare(d, decimal_int(0)) != 0 || push_boolean(m, false);
}

/* (+|-)?digits, nothing else. */
static bool whole_text(str text, int64_t *out) {
    decimal d;
    isize sign = text.n > 0 && (text.p[0] == '+' || text.p[0] == '-');
    for (isize i = sign; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return false;
    return text.n > sign && decimal_parse(text, &d) && decimal_to_int64(d, out);
}

static bool whole_of(machine *m, const value *v, bool wide) {
    int64_t n = 0;
    if (v->it.kind == ITEM_INTEGER || v->it.kind == ITEM_LONG)
        n = v->it.integer;
    else if (v->it.kind == ITEM_BOOLEAN)
        n = v->it.boolean;
    else if (v->it.kind != ITEM_STRING || !whole_text(v->it.text, &n))
        return true;
    if (wide) return push(m, (item){.kind = ITEM_LONG, .integer = n});
    return n < INT32_MIN || n > INT32_MAX || push_integer(m, n);
}

static bool integer_of(machine *m, const value *v) { return whole_of(m, v, false); }
static bool long_of(machine *m, const value *v) { return whole_of(m, v, true); }

/* (+|-)?digits(.digits)? without an exponent. */
static bool decimal_text(str text, decimal *out) {
    return str_find_byte(text, 'e', 0) < 0 && str_find_byte(text, 'E', 0) < 0 &&
           decimal_parse(text, out);
}

static bool decimal_of(machine *m, const value *v) {
    decimal d;
    if (is_number(v->it)) return push_decimal(m, item_decimal(v->it));
    if (v->it.kind == ITEM_BOOLEAN) return push_decimal(m, (decimal){v->it.boolean ? 10 : 0, 1});
    return v->it.kind != ITEM_STRING || !decimal_text(v->it.text, &d) || push_decimal(m, d);
}

static bool string_of(machine *m, const value *v) {
    str text;
    if (v->it.kind == ITEM_TYPE || v->it.kind == ITEM_NODE || !value_text(m, v, &text)) return true;
    return push_string(m, text);
}

/* --- dates and times --- */
static bool date_of(machine *m, const value *v) {
    when w;
    if (v->it.kind == ITEM_DATE) return push_when(m, v->when);
    if (v->it.kind == ITEM_DATETIME) {
        w = v->when;
        w.kind = WHEN_DATE;
        if (w.precision > WHEN_DAY) w.precision = WHEN_DAY;
        w.has_zone = false;
        w.zone = w.hour = w.minute = w.second = w.fraction = 0;
        w.nano = 0;
        return push_when(m, w);
    }
    return v->it.kind != ITEM_STRING || !when_parse_date(v->it.text, &w) || push_when(m, w);
}

static bool datetime_of(machine *m, const value *v) {
    when w;
    if (v->it.kind == ITEM_DATETIME) return push_when(m, v->when);
    if (v->it.kind == ITEM_DATE) {
        w = v->when;
        w.kind = WHEN_DATETIME;
        return push_when(m, w);
    }
    return v->it.kind != ITEM_STRING || !when_parse_datetime(v->it.text, &w) || push_when(m, w);
}

static bool time_of(machine *m, const value *v) {
    when w;
    if (v->it.kind == ITEM_TIME) return push_when(m, v->when);
    return v->it.kind != ITEM_STRING || !when_parse_time(v->it.text, &w) || push_when(m, w);
}

/* --- quantities --- */
/* number, blanks, then 'unit' in quotes or a calendar word (FHIRPath: toQuantity, its regular
 * expression). */
static bool quantity_text(arena *arena, str text, quantity_value *out) {
    isize end = 0;
    while (end < text.n && text.p[end] != ' ' && text.p[end] != '\'' &&
           !(text.p[end] >= 'a' && text.p[end] <= 'z'))
        end++;
    if (!decimal_text(str_slice(text, 0, end), &out->value)) return false;
    while (end < text.n && strchr(" \t\r\n", text.p[end])) end++;
    str rest = str_slice(text, end, text.n);
    out->calendar = false;
    out->unit = S("1");
    if (rest.n == 0) return true;
    bool quoted = rest.n > 2 && rest.p[0] == '\'' && rest.p[rest.n - 1] == '\'';
    if (quoted && !literal_unquote(arena, rest, &out->unit)) return false;
    str word = literal_calendar_unit(quoted ? out->unit : rest);
    out->calendar = word.n > 0;
    if (out->calendar) out->unit = word;
    return out->calendar || quoted;
}

static bool quantity_value_of(machine *m, const value *v, quantity_value *out) {
    if (v->it.kind == ITEM_QUANTITY) {
        *out = v->quantity;
        return true;
    }
    *out = (quantity_value){.unit = S("1")};
    if (is_number(v->it)) {
        out->value = item_decimal(v->it);
        return true;
    }
    if (v->it.kind == ITEM_BOOLEAN) {
        out->value = (decimal){v->it.boolean ? 10 : 0, 1};
        return true;
    }
    return v->it.kind == ITEM_STRING && quantity_text(m->run->arena, v->it.text, out);
}

/* Months in a year or a month, of the calendar or of UCUM; 0 for another unit. */
static int months_in(str unit) {
    if (str_eq(unit, S("year")) || str_eq(unit, S("a"))) return 12;
    return str_eq(unit, S("month")) || str_eq(unit, S("mo")) ? 1 : 0;
}

/* FHIRPath, toQuantity: a calendar year has 365 days, a calendar month 30, where one is asked for
 * in other units; 0 for another unit. */
static int days_in(const quantity_value *q) {
    if (!q->calendar) return 0;
    return str_eq(q->unit, S("year")) ? 365 : str_eq(q->unit, S("month")) ? 30 : 0;
}

static bool scaled(quantity_value *q, int times, int over) {
    return decimal_mul(q->value, decimal_int(times), &q->value) &&
           (over == 1 || decimal_div(q->value, decimal_int(over), &q->value));
}

static bool by_ucum(decimal value, str from_code, str to_code, decimal *out) {
    struct unit from, to;
    if (str_eq(from_code, to_code)) {
        *out = value;
        return true;
    }
    return unit_parse(from_code, &from, NULL) && unit_parse(to_code, &to, NULL) &&
           unit_convert(value, &from, &to, out);
}

/* With a unit: only what can be converted to it. */
static bool to_unit(quantity_value *q, str unit) {
    str word = literal_calendar_unit(unit);
    quantity_value to = {.unit = word.n > 0 ? word : unit, .calendar = word.n > 0};
    bool ignored;
    if (months_in(q->unit) > 0 && months_in(to.unit) > 0) {
        if (!scaled(q, months_in(q->unit), months_in(to.unit))) return false;
        to.value = q->value;
    } else {
        quantity_value from = *q;
        if (days_in(q) > 0) {
            if (!scaled(&from, days_in(q), 1)) return false;
            from.unit = S("day");
        }
        int days = days_in(&to);
        str code = days > 0 ? S("d") : quantity_ucum(&to, &ignored);
        if (!by_ucum(from.value, quantity_ucum(&from, &ignored), code, &to.value)) return false;
        if (days > 0 && !decimal_div(to.value, decimal_int(days), &to.value)) return false;
    }
    to.value = decimal_trim(to.value);
    *q = to;
    return true;
}

static bool quantity_of(machine *m, const call *c) {
    quantity_value q;
    if (!quantity_value_of(m, &c->input, &q)) return true;
    if (c->args > 0 && !to_unit(&q, c->args_v[0].it.text)) return true;
    return push_quantity(m, q.value, q.unit, q.calendar);
}

bool call_toBoolean(machine *m, call *c) { return boolean_of(m, &c->input); }
bool call_convertsToBoolean(machine *m, call *c) { return converts(m, c, boolean_of); }
bool call_toInteger(machine *m, call *c) { return integer_of(m, &c->input); }
bool call_convertsToInteger(machine *m, call *c) { return converts(m, c, integer_of); }
bool call_toLong(machine *m, call *c) { return long_of(m, &c->input); }
bool call_convertsToLong(machine *m, call *c) { return converts(m, c, long_of); }
bool call_toDecimal(machine *m, call *c) { return decimal_of(m, &c->input); }
bool call_convertsToDecimal(machine *m, call *c) { return converts(m, c, decimal_of); }
bool call_toString(machine *m, call *c) { return string_of(m, &c->input); }
bool call_convertsToString(machine *m, call *c) { return converts(m, c, string_of); }
bool call_toDate(machine *m, call *c) { return date_of(m, &c->input); }
bool call_convertsToDate(machine *m, call *c) { return converts(m, c, date_of); }
bool call_toDateTime(machine *m, call *c) { return datetime_of(m, &c->input); }
bool call_convertsToDateTime(machine *m, call *c) { return converts(m, c, datetime_of); }
bool call_toTime(machine *m, call *c) { return time_of(m, &c->input); }
bool call_convertsToTime(machine *m, call *c) { return converts(m, c, time_of); }
bool call_toQuantity(machine *m, call *c) { return quantity_of(m, c); }

bool call_convertsToQuantity(machine *m, call *c) {
    isize at = m->top;
    if (!quantity_of(m, c)) return false;
    bool did = m->top > at;
    m->top = at;
    return push_boolean(m, did);
}
