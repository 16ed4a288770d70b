/* SPDX-License-Identifier: Apache-2.0 */
/* value.c: FHIR elements as System values (FHIR R4 fhirpath.html, "Using FHIR types in
 * expressions"), and values as text and JSON. */
#include "fhir/model_ids.h"
#include "path/environment.h"
#include "path/machine.h"
#include <string.h>

#define KIND(kind) ((uint8_t)((kind) + 1))
const uint8_t value_kinds[] = {
    [TYPE_boolean] = KIND(ITEM_BOOLEAN),     [TYPE_integer] = KIND(ITEM_INTEGER),
    [TYPE_positiveInt] = KIND(ITEM_INTEGER), [TYPE_unsignedInt] = KIND(ITEM_INTEGER),
    [TYPE_decimal] = KIND(ITEM_DECIMAL),     [TYPE_date] = KIND(ITEM_DATE),
    [TYPE_dateTime] = KIND(ITEM_DATETIME),   [TYPE_instant] = KIND(ITEM_DATETIME),
    [TYPE_time] = KIND(ITEM_TIME),           [TYPE_string] = KIND(ITEM_STRING),
    [TYPE_code] = KIND(ITEM_STRING),         [TYPE_id] = KIND(ITEM_STRING),
    [TYPE_markdown] = KIND(ITEM_STRING),     [TYPE_uri] = KIND(ITEM_STRING),
    [TYPE_url] = KIND(ITEM_STRING),          [TYPE_canonical] = KIND(ITEM_STRING),
    [TYPE_oid] = KIND(ITEM_STRING),          [TYPE_uuid] = KIND(ITEM_STRING),
    [TYPE_base64Binary] = KIND(ITEM_STRING), [TYPE_xhtml] = KIND(ITEM_STRING),
    [TYPE_Quantity] = KIND(ITEM_QUANTITY),   [TYPE_Age] = KIND(ITEM_QUANTITY),
    [TYPE_Count] = KIND(ITEM_QUANTITY),      [TYPE_Distance] = KIND(ITEM_QUANTITY),
    [TYPE_Duration] = KIND(ITEM_QUANTITY),
};
_Static_assert(COUNT_OF(value_kinds) == VALUE_KINDS, "one past the last type that is a value");

const char *value_kind_name(int kind) {
    static const char *const names[] = {
        [ITEM_NODE] = "element",      [ITEM_BOOLEAN] = "Boolean",   [ITEM_INTEGER] = "Integer",
        [ITEM_LONG] = "Long",         [ITEM_DECIMAL] = "Decimal",   [ITEM_STRING] = "String",
        [ITEM_DATE] = "Date",         [ITEM_DATETIME] = "DateTime", [ITEM_TIME] = "Time",
        [ITEM_QUANTITY] = "Quantity", [ITEM_TYPE] = "TypeInfo",     [ITEM_CODING] = "Coding"};
    return kind >= 0 && kind < COUNT_OF(names) ? names[kind] : "?";
}

static bool integer_value(str text, int64_t *out) {
    decimal d;
    return decimal_parse(text, &d) && d.scale == 0 && decimal_to_int64(d, out);
}

static bool when_of_kind(int kind, str text, when *out) {
    if (kind == ITEM_DATE) return when_parse_date(text, out);
    if (kind == ITEM_TIME) return when_parse_time(text, out);
    return when_parse_datetime(text, out);
}

/* FHIR R4 fhirpath.html, "FHIR.Quantity to System.Quantity": the UCUM codes of time become calendar
 * durations. A Quantity without a UCUM code has a unit that nothing can be compared with. */
static str calendar_of_code(str code) {
    if (str_eq(code, S("a"))) return S("year");
    if (str_eq(code, S("mo"))) return S("month");
    if (str_eq(code, S("d"))) return S("day");
    if (str_eq(code, S("h"))) return S("hour");
    if (str_eq(code, S("min"))) return S("minute");
    if (str_eq(code, S("s"))) return S("second");
    return (str){0};
}

static bool load_quantity(machine *m, item it, value *out) {
    const tape *t = m->run->tape;
    arena *a = m->run->arena;
    str number = tape_child_text(t, it.node, KEY_value, a);
    if (number.n == 0 || !decimal_parse(number, &out->quantity.value)) return false;
    str system = tape_child_text(t, it.node, KEY_system, a);
    str code = tape_child_text(t, it.node, KEY_code, a);
    out->quantity.calendar = false;
    out->quantity.unit = (str){0};
    if (environment_is_ucum(system) && code.n > 0) {
        str calendar = calendar_of_code(code);
        out->quantity.calendar = calendar.n > 0;
        out->quantity.unit = calendar.n > 0 ? calendar : code;
    }
    out->it = (item){.kind = ITEM_QUANTITY, .type = it.type, .node = it.node};
    out->it.quantity = &out->quantity;
    return true;
}

static bool load_text(str text, int kind, value *out) {
    decimal d;
    out->it = (item){.kind = (uint8_t)kind};
    switch (kind) {
    case ITEM_BOOLEAN:
        out->it.boolean = str_eq(text, S("true"));
        return out->it.boolean || str_eq(text, S("false"));
    case ITEM_INTEGER: return integer_value(text, &out->it.integer);
    case ITEM_DECIMAL:
        if (!decimal_parse(text, &d)) return false;
        out->it.scale = (uint8_t)d.scale;
        out->it.coef = d.coef;
        return true;
    case ITEM_STRING: out->it.text = text; return true;
    default: out->it.when = &out->when; return when_of_kind(kind, text, &out->when);
    }
}

bool value_load(machine *m, item it, value *out) {
    if (it.kind != ITEM_NODE) {
        out->it = it;
        if (it.kind == ITEM_QUANTITY) {
            out->quantity = *it.quantity;
            out->it.quantity = &out->quantity;
        } else if (is_temporal(it)) {
            out->when = *it.when;
            out->it.when = &out->when;
        }
        return true;
    }
    const node *n = &m->nodes[it.node];
    int kind = value_kind_of_type(it.type);
    if (n->kind == NODE_PRIMITIVE) {
        if (!(n->flags & NODE_HAS_TEXT)) return false;
        str text = n->flags & NODE_ESCAPED ? tape_text(m->run->tape, it.node, m->run->arena)
                                           : (str){n->text, n->length};
        return load_text(text, kind < 0 || kind == ITEM_QUANTITY ? ITEM_STRING : kind, out);
    }
    if (kind == ITEM_QUANTITY) return load_quantity(m, it, out);
    out->it = it;
    return true;
}

str quantity_ucum(const quantity_value *q, bool *calendar_only) {
    static const struct {
        const char *word, *code;
    } words[] = {{"week", "wk"},    {"day", "d"},    {"hour", "h"},
                 {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}};
    *calendar_only = false;
    if (!q->calendar) return q->unit;
    for (isize i = 0; i < COUNT_OF(words); i++)
        if (str_eq(q->unit, str_from(words[i].word))) return str_from(words[i].code);
    *calendar_only = true;
    return q->unit;
}

static str quantity_text(arena *arena, const quantity_value *q) {
    char number[DECIMAL_TEXT];
    int n = (int)decimal_format(q->value, number);
    if (q->unit.n == 0) return arena_printf(arena, "%.*s", n, number);
    /* FHIRPath 3.0 toString(): a calendar duration keeps its word, any other unit its quotes. */
    if (!q->calendar) return arena_printf(arena, "%.*s '%.*s'", n, number, STR_ARGS(q->unit));
    return arena_printf(arena, "%.*s %.*s", n, number, STR_ARGS(q->unit));
}

static bool text_of_value(arena *arena, const value *v, str *out) {
    char text[DECIMAL_TEXT];
    _Static_assert((int)DECIMAL_TEXT >= (int)WHEN_TEXT, "one buffer serves both");
    switch ((item_kind)v->it.kind) {
    case ITEM_BOOLEAN: *out = v->it.boolean ? S("true") : S("false"); return true;
    case ITEM_INTEGER:
    case ITEM_LONG: *out = arena_printf(arena, "%lld", (long long)v->it.integer); return true;
    case ITEM_DECIMAL:
        *out = arena_str(arena, (str){text, decimal_format(item_decimal(v->it), text)});
        return true;
    case ITEM_STRING: *out = v->it.text; return true;
    case ITEM_DATE:
    case ITEM_DATETIME:
    case ITEM_TIME: *out = arena_str(arena, (str){text, when_format(v->when, text)}); return true;
    case ITEM_QUANTITY: *out = quantity_text(arena, &v->quantity); return true;
    default: return false;
    }
}

bool value_text(machine *m, const value *v, str *out) {
    return text_of_value(m->run->arena, v, out);
}

/* A machine for the functions of the face, which have none. */
static machine bare_machine(path_run *run) {
    return (machine){.run = run, .nodes = run->tape ? run->tape->nodes : NULL};
}

model_type item_type(const path_run *run, item it) {
    (void)run;
    switch ((item_kind)it.kind) {
    case ITEM_NODE: return it.type;
    case ITEM_BOOLEAN: return TYPE_boolean;
    case ITEM_INTEGER:
    case ITEM_LONG: return TYPE_integer;
    case ITEM_DECIMAL: return TYPE_decimal;
    case ITEM_STRING: return TYPE_string;
    case ITEM_DATE: return TYPE_date;
    case ITEM_DATETIME: return TYPE_dateTime;
    case ITEM_TIME: return TYPE_time;
    case ITEM_QUANTITY: return TYPE_Quantity;
    case ITEM_CODING: return TYPE_Coding;
    default: return TYPE_NONE;
    }
}

bool item_text(path_run *run, item it, str *text) {
    if (it.kind == ITEM_NODE) {
        const node *n = &run->tape->nodes[it.node];
        if (n->kind != NODE_PRIMITIVE || !(n->flags & NODE_HAS_TEXT)) return false;
        *text = tape_text(run->tape, it.node, run->arena);
        return true;
    }
    machine m = bare_machine(run);
    value v;
    if (it.kind == ITEM_QUANTITY || !value_load(&m, it, &v)) return false;
    return text_of_value(run->arena, &v, text);
}

static void member(buf *out, bool *first, const char *name) {
    if (!*first) buf_byte(out, ',');
    *first = false;
    buf_json_string(out, str_from(name));
    buf_byte(out, ':');
}

static void quantity_json(const quantity_value *q, buf *out) {
    char number[DECIMAL_TEXT];
    bool first = true, calendar_only;
    buf_byte(out, '{');
    member(out, &first, "value");
    buf_add(out, (str){number, decimal_format(q->value, number)});
    if (q->unit.n > 0) {
        member(out, &first, "unit");
        buf_json_string(out, q->unit);
        str code = quantity_ucum(q, &calendar_only);
        if (!calendar_only) {
            member(out, &first, "system");
            buf_json_string(out, environment_ucum());
            member(out, &first, "code");
            buf_json_string(out, code);
        }
    }
    buf_byte(out, '}');
}

static void coding_json(const coding_value *c, buf *out) {
    const struct {
        const char *name;
        str text;
    } parts[] = {{"system", c->system}, {"code", c->code}, {"display", c->display}};
    bool first = true;
    buf_byte(out, '{');
    for (isize i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].text.n == 0) continue;
        member(out, &first, parts[i].name);
        buf_json_string(out, parts[i].text);
    }
    buf_byte(out, '}');
}

static void type_json(item it, buf *out) {
    bool first = true;
    buf_byte(out, '{');
    member(out, &first, "namespace");
    buf_json_string(out, it.scale == NAMESPACE_FHIR ? S("FHIR") : S("System"));
    member(out, &first, "name");
    buf_json_string(out, it.text);
    buf_byte(out, '}');
}

/* Whether FHIR JSON writes a primitive of this type without quotes. */
static bool bare_in_json(model_type type) {
    int kind = value_kind_of_type(type);
    return kind == ITEM_BOOLEAN || kind == ITEM_INTEGER || kind == ITEM_DECIMAL;
}

void item_json(path_run *run, item it, bool as_text, buf *out) {
    str text;
    if (it.kind == ITEM_QUANTITY) {
        quantity_json(it.quantity, out);
    } else if (it.kind == ITEM_CODING) {
        coding_json(it.coding, out);
    } else if (it.kind == ITEM_TYPE) {
        type_json(it, out);
    } else if (item_text(run, it, &text)) {
        if (as_text || !bare_in_json(item_type(run, it)))
            buf_json_string(out, text);
        else
            buf_add(out, text);
    } else if (run->tape->nodes[it.node].kind == NODE_PRIMITIVE) {
        buf_add(out, S("null"));
    } else {
        tape_write_json(run->tape, it.node, false, out);
    }
}
