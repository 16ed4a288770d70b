/* SPDX-License-Identifier: Apache-2.0 */
/* Values of study parameters, as protocol.json and site.json write them, become FHIRPath items. */
#include "fhir/quantity.h"
#include "trial/set.h"

static const str calendar_words[] = {
    S_INIT("years"),   S_INIT("year"),   S_INIT("months"),       S_INIT("month"),
    S_INIT("weeks"),   S_INIT("week"),   S_INIT("days"),         S_INIT("day"),
    S_INIT("hours"),   S_INIT("hour"),   S_INIT("minutes"),      S_INIT("minute"),
    S_INIT("seconds"), S_INIT("second"), S_INIT("milliseconds"), S_INIT("millisecond")};

static bool calendar_word(str unit) {
    for (isize i = 0; i < COUNT_OF(calendar_words); i++)
        if (str_eq(unit, calendar_words[i])) return true;
    return false;
}

bool parameter_days(const quantity_value *q, when_unit *unit) {
    static const struct {
        str one, many, code;
        when_unit unit;
    } units[] = {{S_INIT("year"), S_INIT("years"), S_INIT("a"), WHEN_U_YEAR},
                 {S_INIT("month"), S_INIT("months"), S_INIT("mo"), WHEN_U_MONTH},
                 {S_INIT("week"), S_INIT("weeks"), S_INIT("wk"), WHEN_U_WEEK},
                 {S_INIT("day"), S_INIT("days"), S_INIT("d"), WHEN_U_DAY}};
    for (isize i = 0; i < COUNT_OF(units); i++) {
        *unit = units[i].unit;
        if (q->calendar ? str_eq(q->unit, units[i].one) || str_eq(q->unit, units[i].many)
                        : str_eq(q->unit, units[i].code))
            return true;
    }
    return false;
}

static bool ucum_unit(str code) {
    unit parsed;
    return unit_parse(code, &parsed, NULL);
}

static bool read_quantity(arena *arena, const json *value, item *out) {
    const json *number = json_get(value, "value"), *unit = json_get(value, "unit");
    if (value->kind != JSON_OBJECT || value->count != 2 || !number || !unit) return false;
    if (number->kind != JSON_NUMBER || unit->kind != JSON_STRING || unit->text.n == 0) return false;
    quantity_value *q = arena_new(arena, quantity_value, 1);
    *q = (quantity_value){.unit = unit->text, .calendar = calendar_word(unit->text)};
    if (!q->calendar && !ucum_unit(q->unit)) return false;
    out->kind = ITEM_QUANTITY;
    out->quantity = q;
    return decimal_parse(number->text, &q->value);
}

static bool read_number(const json *value, bool whole, item *out) {
    decimal d;
    int64_t n = 0;
    if (value->kind != JSON_NUMBER || !decimal_parse(value->text, &d)) return false;
    if (whole) {
        out->kind = ITEM_INTEGER;
        bool fits = d.scale == 0 && decimal_to_int64(d, &n) && n >= INT32_MIN && n <= INT32_MAX;
        out->integer = n;
        return fits;
    }
    out->kind = ITEM_DECIMAL;
    out->scale = (uint8_t)d.scale;
    out->coef = d.coef;
    return true;
}

bool parameter_value(arena *arena, const json *value, str type, item *out) {
    *out = (item){0};
    if (str_eq(type, S("Quantity"))) return read_quantity(arena, value, out);
    if (str_eq(type, S("decimal"))) return read_number(value, false, out);
    if (str_eq(type, S("integer"))) return read_number(value, true, out);
    if (str_eq(type, S("boolean"))) {
        out->kind = ITEM_BOOLEAN;
        out->boolean = value->kind == JSON_TRUE;
        return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
    }
    if (value->kind != JSON_STRING) return false;
    if (str_eq(type, S("date"))) {
        when *w = arena_new(arena, when, 1);
        out->kind = ITEM_DATE;
        out->when = w;
        return when_parse_date(value->text, w);
    }
    out->kind = ITEM_STRING;
    out->text = value->text;
    return str_eq(type, S("string")) || str_eq(type, S("code"));
}

static str quantity_remedy(arena *arena, const json *value) {
    str unit = json_text(value, "unit");
    if (unit.n && !calendar_word(unit) && !ucum_unit(unit)) {
        str near = problem_nearest(unit, calendar_words, COUNT_OF(calendar_words));
        if (near.n)
            return arena_printf(arena, "'%.*s' is no unit; did you mean \"%.*s\"?", STR_ARGS(unit),
                                STR_ARGS(near));
        return arena_printf(arena, "'%.*s' is no unit; write a calendar word or a UCUM code",
                            STR_ARGS(unit));
    }
    return S("write {\"value\": 14, \"unit\": \"days\"}, or a UCUM unit");
}

str parameter_remedy(arena *arena, const json *value, str type) {
    if (str_eq(type, S("Quantity"))) return quantity_remedy(arena, value);
    if (str_eq(type, S("boolean"))) return S("write true or false, without quotes");
    if (str_eq(type, S("integer"))) return S("write a whole number, without quotes");
    if (str_eq(type, S("decimal"))) return S("write a number, without quotes");
    if (str_eq(type, S("date"))) return S("write \"2025-01-31\", or as much of it as is known");
    return S("write a text between double quotes");
}

void common_names(const model *m, path_constant names[NAME_FIRST_PARAMETER]) {
    model_type date = model_find_type(m, S("date")), moment = model_find_type(m, S("dateTime"));
    names[NAME_TODAY] = (path_constant){.name = S("today"), .type = date, .clock = true};
    names[NAME_NOW] = (path_constant){.name = S("now"), .type = moment, .clock = true};
    names[NAME_SCREENING] = (path_constant){.name = S("screening"), .type = date, .clock = true};
}
