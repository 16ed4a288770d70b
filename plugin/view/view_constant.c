/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of a ViewDefinition: value[x] of nineteen types becomes a %name with its type and
 * its value (SQL on FHIR v2, ViewDefinition.constant). */
#include "view/plan.h"

typedef enum constant_form {
    FORM_TEXT,
    FORM_BOOLEAN,
    FORM_INTEGER,
    FORM_LONG,
    FORM_DECIMAL,
    FORM_DATE,
    FORM_DATETIME,
    FORM_TIME
} constant_form;

static const struct {
    const char *member, *type;
    constant_form form;
} forms[] = {{"valueBase64Binary", "base64Binary", FORM_TEXT},
             {"valueBoolean", "boolean", FORM_BOOLEAN},
             {"valueCanonical", "canonical", FORM_TEXT},
             {"valueCode", "code", FORM_TEXT},
             {"valueDate", "date", FORM_DATE},
             {"valueDateTime", "dateTime", FORM_DATETIME},
             {"valueDecimal", "decimal", FORM_DECIMAL},
             {"valueId", "id", FORM_TEXT},
             {"valueInstant", "instant", FORM_DATETIME},
             {"valueInteger", "integer", FORM_INTEGER},
             {"valueInteger64", "integer64", FORM_LONG},
             {"valueOid", "oid", FORM_TEXT},
             {"valueString", "string", FORM_TEXT},
             {"valuePositiveInt", "positiveInt", FORM_INTEGER},
             {"valueTime", "time", FORM_TIME},
             {"valueUnsignedInt", "unsignedInt", FORM_INTEGER},
             {"valueUri", "uri", FORM_TEXT},
             {"valueUrl", "url", FORM_TEXT},
             {"valueUuid", "uuid", FORM_TEXT}};

static bool read_integer(str text, int64_t least, item *out) {
    decimal d;
    int64_t value;
    if (!decimal_parse(text, &d) || d.scale != 0 || !decimal_to_int64(d, &value)) return false;
    bool small = value >= INT32_MIN && value <= INT32_MAX;
    if (out->kind == ITEM_INTEGER && !small) return false;
    out->integer = value;
    return value >= least;
}

static bool read_when(arena *arena, str text, constant_form form, item *out) {
    when *w = arena_new(arena, when, 1);
    out->when = w;
    if (form == FORM_DATE) return when_parse_date(text, w);
    if (form == FORM_TIME) return when_parse_time(text, w);
    return when_parse_datetime(text, w);
}

/* The value as an item; false when the JSON value does not fit the type. */
static bool read_value(arena *arena, const json *value, isize which, item *out) {
    constant_form form = forms[which].form;
    bool number = value->kind == JSON_NUMBER, text = value->kind == JSON_STRING;
    switch (form) {
    case FORM_BOOLEAN:
        out->kind = ITEM_BOOLEAN;
        out->boolean = value->kind == JSON_TRUE;
        return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
    case FORM_INTEGER: {
        out->kind = ITEM_INTEGER;
        int64_t least = str_eq(str_from(forms[which].type), S("positiveInt"))   ? 1
                        : str_eq(str_from(forms[which].type), S("unsignedInt")) ? 0
                                                                                : INT32_MIN;
        return number && read_integer(value->text, least, out);
    }
    case FORM_LONG:
        out->kind = ITEM_LONG;
        return (number || text) && read_integer(value->text, INT64_MIN, out);
    case FORM_DECIMAL: {
        decimal d;
        if (!number || !decimal_parse(value->text, &d)) return false;
        out->kind = ITEM_DECIMAL;
        out->scale = (uint8_t)d.scale;
        out->coef = d.coef;
        return true;
    }
    case FORM_DATE:
    case FORM_DATETIME:
    case FORM_TIME:
        out->kind = form == FORM_DATE ? ITEM_DATE : form == FORM_TIME ? ITEM_TIME : ITEM_DATETIME;
        return text && read_when(arena, value->text, form, out);
    case FORM_TEXT: break;
    }
    out->kind = ITEM_STRING;
    out->text = value->text;
    return text;
}

static bool known_member(str name) {
    static const str others[] = {S_INIT("name"), S_INIT("id"), S_INIT("extension"),
                                 S_INIT("modifierExtension")};
    for (isize i = 0; i < COUNT_OF(others); i++)
        if (str_eq(name, others[i])) return true;
    return false;
}

static isize find_form(str member) {
    for (isize i = 0; i < COUNT_OF(forms); i++)
        if (str_eq(member, str_from(forms[i].member))) return i;
    return -1;
}

/* The type the checker sees: R4 has no integer64, FHIRPath calls it Long. */
static model_type type_of(const model *m, isize which) {
    return model_find_type(m, str_from(forms[which].type));
}

static const json *the_value(planner *p, const json *constant, isize *which) {
    const json *value = NULL;
    for (const json *member = constant->child; member; member = member->next) {
        if (known_member(member->name)) continue;
        isize found = find_form(member->name);
        if (found < 0) {
            plan_error(
                p, member, "structure",
                arena_printf(p->arena, "a constant has no element '%.*s'", STR_ARGS(member->name)),
                S("use one value[x] such as valueString, valueCode, valueInteger, valueDate"));
            return NULL;
        }
        if (value) {
            plan_error(p, member, "invariant", S("a constant has exactly one value[x]"),
                       S("remove one of them"));
            return NULL;
        }
        value = member;
        *which = found;
    }
    if (!value)
        plan_error(p, constant, "required", S("this constant has no value"),
                   S("add one value[x], for example valueString"));
    return value;
}

static bool one_constant(planner *p, const json *constant, isize slot) {
    view *v = p->view;
    const json *name = json_get(constant, "name");
    isize which = 0;
    if (!name || !plan_name_ok(name->text)) {
        plan_error(p, name ? name : constant, "value",
                   S("a constant needs a name of letters, digits and _, beginning with a letter"),
                   S("it is used as %name"));
        return false;
    }
    for (isize i = 0; i < slot; i++)
        if (str_eq(v->constants[i].name, name->text)) {
            plan_error(p, name, "duplicate", S("this name is taken by another constant"),
                       S("rename it"));
            return false;
        }
    const json *value = the_value(p, constant, &which);
    if (!value) return false;
    item *it = arena_new(p->arena, item, 1);
    if (!read_value(p->arena, value, which, it)) {
        plan_error(p, value, "value",
                   arena_printf(p->arena, "this is not a value of type %s", forms[which].type),
                   S("see the FHIR data types for how it is written"));
        return false;
    }
    v->constants[slot] = (path_constant){.name = name->text, .type = type_of(v->model, which)};
    v->values[slot - v->parameter_count] = (collection){it, 1};
    return true;
}

bool plan_constants(planner *p, const json *definition) {
    view *v = p->view;
    const json *list = json_get(definition, "constant");
    if (list && list->kind != JSON_ARRAY) {
        plan_error(p, list, "structure", S("\"constant\" must be an array"),
                   S("write [{\"name\": ..., \"valueString\": ...}]"));
        return false;
    }
    isize own = list ? list->count : 0;
    v->parameter_count = p->environment->parameter_count;
    v->constants = arena_new(p->arena, path_constant, v->parameter_count + own);
    v->values = arena_new(p->arena, collection, own);
    for (isize i = 0; i < v->parameter_count; i++) v->constants[i] = p->environment->parameters[i];
    v->constant_count = v->parameter_count;
    bool ok = true;
    for (const json *c = list ? list->child : NULL; c; c = c->next) {
        if (one_constant(p, c, v->constant_count))
            v->constant_count++;
        else
            ok = false;
    }
    return ok;
}
