/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL types of columns, for whoever makes tables of the rows (SQL on FHIR v2, ViewDefinition,
 * type hinting). */
#include "view/plan.h"

static const struct {
    str fhir, sql;
} defaults[] = {{S_INIT("boolean"), S_INIT("BOOLEAN")},
                {S_INIT("integer"), S_INIT("INT")},
                {S_INIT("positiveInt"), S_INIT("INT")},
                {S_INIT("unsignedInt"), S_INIT("INT")},
                {S_INIT("instant"), S_INIT("TIMESTAMP WITH TIME ZONE")},
                {S_INIT("base64Binary"), S_INIT("BINARY")}};

/* Decimals and partial dates are texts: no SQL type holds what they say. So is anything complex, as
 * JSON. */
static str default_type(const view *v, const view_column *c) {
    str name = c->type == TYPE_NONE ? (str){0} : model_type_name(v->model, c->type);
    for (isize i = 0; i < COUNT_OF(defaults); i++)
        if (str_eq(name, defaults[i].fhir)) return defaults[i].sql;
    return S("CHARACTER VARYING");
}

static str sql_type(const view *v, const view_column *c, arena *arena) {
    for (isize i = 0; i < c->tag_count; i++)
        if (str_eq(c->tags[i].name, S("ansi/type")) && c->tags[i].value.n) return c->tags[i].value;
    str type = default_type(v, c);
    return c->collection ? arena_printf(arena, "%.*s ARRAY", STR_ARGS(type)) : type;
}

void plan_sql_types(view *v, arena *arena) {
    v->sql_types = arena_new(arena, str, v->column_count);
    for (isize i = 0; i < v->column_count; i++)
        v->sql_types[i] = sql_type(v, &v->columns[i], arena);
}
