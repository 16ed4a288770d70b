/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a ViewDefinition: what each one declares, whether names and unionAll branches
 * agree (ValidateColumns), and which published profiles the view satisfies (SQL on FHIR v2,
 * ShareableViewDefinition and TabularViewDefinition). */
#include "view/plan.h"

static str type_name(str declared) {
    static const str prefixes[] = {S_INIT("http://hl7.org/fhir/StructureDefinition/"),
                                   S_INIT("http://hl7.org/fhirpath/System.")};
    for (isize i = 0; i < COUNT_OF(prefixes); i++)
        if (str_starts(declared, prefixes[i]))
            return str_slice(declared, prefixes[i].n, declared.n);
    return declared;
}

static void read_type(planner *p, const json *column, view_column *out) {
    const json *type = json_get(column, "type");
    if (!type) {
        if (p->environment->strict)
            plan_error(
                p, column, "required",
                arena_printf(p->arena, "column '%.*s' needs a \"type\"", STR_ARGS(out->name)),
                S("add the FHIR type, for example \"type\": \"dateTime\""));
        return;
    }
    const model *m = p->environment->model;
    out->type = model_find_type(m, type_name(type->text));
    out->declared = out->type != TYPE_NONE;
    bool usable = out->declared && !model_is_resource(m, out->type);
    if (!usable && p->environment->strict)
        plan_error(
            p, type, "value",
            arena_printf(p->arena, "'%.*s' is not a FHIR R4 data type", STR_ARGS(type->text)),
            S("use a primitive such as code, string, dateTime, decimal, integer, boolean, or "
              "Coding, Quantity, Period, Reference, CodeableConcept"));
}

static void read_tags(planner *p, const json *column, view_column *out) {
    static const char *const members[] = {"id", "extension", "name", "value", NULL};
    const json *tags = json_get(column, "tag");
    if (!tags) return;
    if (tags->kind != JSON_ARRAY) {
        plan_error(p, tags, "structure", S("\"tag\" must be an array"),
                   S("write [{\"name\": ..., \"value\": ...}]"));
        return;
    }
    view_tag *list = arena_new(p->arena, view_tag, tags->count);
    for (const json *t = tags->child; t; t = t->next) {
        json_only(t, members, p->file, p->found);
        list[out->tag_count++] = (view_tag){json_text(t, "name"), json_text(t, "value")};
    }
    out->tags = list;
}

static void grow_columns(planner *p) {
    view *v = p->view;
    if (v->column_count < p->column_cap) return;
    isize cap = p->column_cap * 2;
    v->columns = arena_grow(p->arena, v->columns, v->column_count, cap, (isize)sizeof(view_column),
                            (isize) _Alignof(view_column));
    p->origins = arena_grow(p->arena, p->origins, v->column_count, cap, (isize)sizeof(const json *),
                            (isize) _Alignof(const json *));
    p->column_cap = cap;
}

static bool reserved(str name) {
    static const str names[] = {S_INIT("id"), S_INIT("extension")};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, names[i])) return true;
    return false;
}

isize plan_column(planner *p, const json *column) {
    static const char *const members[] = {"id",   "extension",   "modifierExtension", "path",
                                          "name", "description", "collection",        "type",
                                          "tag",  NULL};
    if (column->kind != JSON_OBJECT) {
        plan_error(p, column, "structure", S("a column must be an object"),
                   S("write {\"name\": ..., \"path\": ..., \"type\": ...}"));
        return -1;
    }
    json_only(column, members, p->file, p->found);
    const json *name = json_get(column, "name"), *path = json_get(column, "path");
    if (!path || !name) {
        plan_error(p, column, "required", S("a column needs \"name\" and \"path\""),
                   S("add the missing one"));
        return -1;
    }
    view_column out = {.name = name->text,
                       .collection = json_is_true(column, "collection"),
                       .description = json_text(column, "description")};
    if (name->kind != JSON_STRING || !plan_name_ok(out.name)) {
        plan_error(p, name, "value",
                   S("a column's name must be letters, digits and _, beginning with a letter"),
                   S("for example birth_date"));
        return -1;
    }
    if (p->environment->strict && reserved(out.name))
        plan_error(p, name, "value", S("this column name is taken by FHIR's own elements"),
                   S("choose another name"));
    read_type(p, column, &out);
    read_tags(p, column, &out);
    grow_columns(p);
    p->view->columns[p->view->column_count] = out;
    p->origins[p->view->column_count] = column;
    return p->view->column_count++;
}

void plan_columns_unique(planner *p) {
    const view *v = p->view;
    for (isize i = 0; i < v->column_count; i++)
        for (isize j = 0; j < i; j++)
            if (str_eq(v->columns[i].name, v->columns[j].name)) {
                plan_error(
                    p, json_get(p->origins[i], "name"), "duplicate",
                    arena_printf(p->arena, "a column of the name '%.*s' is there already, at %.*s",
                                 STR_ARGS(v->columns[i].name),
                                 STR_ARGS(json_pointer(p->origins[j], p->arena))),
                    arena_printf(p->arena,
                                 "rename one, for example '%.*s_2': a row holds each name once "
                                 "(ValidateColumns)",
                                 STR_ARGS(v->columns[i].name)));
                break;
            }
}

void plan_branch_agrees(planner *p, const json *branch, const view_column *first, isize n,
                        const view_column *other, isize other_count) {
    static const str remedy =
        S_INIT("all branches of a unionAll must have the same columns in the same order");
    if (n != other_count) {
        plan_error(p, branch, "invariant",
                   arena_printf(p->arena,
                                "this branch of unionAll has %td columns, the first one has %td",
                                other_count, n),
                   remedy);
        return;
    }
    for (isize i = 0; i < n; i++) {
        if (!str_eq(first[i].name, other[i].name)) {
            plan_error(p, branch, "invariant",
                       arena_printf(p->arena,
                                    "column %td of this branch is '%.*s', of the first one '%.*s'",
                                    i + 1, STR_ARGS(other[i].name), STR_ARGS(first[i].name)),
                       remedy);
            return;
        }
        bool types = first[i].declared && other[i].declared && first[i].type != other[i].type;
        if (types || first[i].collection != other[i].collection)
            plan_error(p, branch, "invariant",
                       arena_printf(p->arena,
                                    "column '%.*s' differs in type or collection from the first "
                                    "branch",
                                    STR_ARGS(first[i].name)),
                       S("declare the same type and collection in every branch"));
    }
}

/* Primitive types whose texts may stand for one another: declared type, then what may come. */
static bool text_fits(str declared, str actual) {
    static const struct {
        str declared, actual;
    } fits[] = {
        {S_INIT("dateTime"), S_INIT("date")},       {S_INIT("dateTime"), S_INIT("instant")},
        {S_INIT("decimal"), S_INIT("integer")},     {S_INIT("decimal"), S_INIT("positiveInt")},
        {S_INIT("decimal"), S_INIT("unsignedInt")}, {S_INIT("integer"), S_INIT("positiveInt")},
        {S_INIT("integer"), S_INIT("unsignedInt")}, {S_INIT("positiveInt"), S_INIT("integer")},
        {S_INIT("unsignedInt"), S_INIT("integer")}, {S_INIT("instant"), S_INIT("dateTime")}};
    for (isize i = 0; i < COUNT_OF(fits); i++)
        if (str_eq(declared, fits[i].declared) && str_eq(actual, fits[i].actual)) return true;
    return false;
}

static bool textual(str type) {
    static const str names[] = {S_INIT("string"),      S_INIT("code"), S_INIT("id"),
                                S_INIT("markdown"),    S_INIT("uri"),  S_INIT("url"),
                                S_INIT("canonical"),   S_INIT("oid"),  S_INIT("uuid"),
                                S_INIT("base64Binary")};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(type, names[i])) return true;
    return false;
}

bool plan_type_fits(const model *m, model_type declared, model_type actual) {
    if (actual == declared || model_is_a(m, actual, declared)) return true;
    str want = model_type_name(m, declared), have = model_type_name(m, actual);
    return (textual(want) && textual(have)) || text_fits(want, have);
}

static str node_obstacle(const plan_node *node, arena *arena) {
    for (; node; node = node->next) {
        for (isize i = 0; i < node->path_count; i++)
            if (node->paths[i] && !path_is_shareable(node->paths[i]))
                return arena_printf(arena, "path '%.*s' goes beyond the shareable subset",
                                    STR_ARGS(path_source(node->paths[i])));
        str below = node_obstacle(node->child, arena);
        if (below.n) return below;
    }
    return (str){0};
}

static str shareable_obstacle(const view *v, arena *arena, const json *definition) {
    static const char *const needed[] = {"url", "name", "fhirVersion"};
    for (isize i = 0; i < COUNT_OF(needed); i++)
        if (!json_get(definition, needed[i]))
            return arena_printf(arena, "it has no \"%s\"", needed[i]);
    if (str_eq(model_type_name(v->model, v->resource), S("Record")))
        return S("it reads the patient record, not a FHIR resource");
    for (isize i = 0; i < v->column_count; i++)
        if (!v->columns[i].declared)
            return arena_printf(arena, "column '%.*s' declares no type",
                                STR_ARGS(v->columns[i].name));
    for (isize i = 0; i < v->where_count; i++)
        if (!path_is_shareable(v->where[i]))
            return arena_printf(arena, "where '%.*s' goes beyond the shareable subset",
                                STR_ARGS(path_source(v->where[i])));
    return node_obstacle(v->plan, arena);
}

static str tabular_obstacle(const view *v, arena *arena) {
    for (isize i = 0; i < v->column_count; i++) {
        const view_column *c = &v->columns[i];
        if (c->collection)
            return arena_printf(arena, "column '%.*s' is a collection", STR_ARGS(c->name));
        if (!c->declared)
            return arena_printf(arena, "column '%.*s' declares no type", STR_ARGS(c->name));
        if (!model_is_primitive(v->model, c->type))
            return arena_printf(arena, "column '%.*s' is not primitive", STR_ARGS(c->name));
    }
    return (str){0};
}

void plan_profile(view *v, arena *arena, const json *definition) {
    if (!v->not_shareable.n) v->not_shareable = shareable_obstacle(v, arena, definition);
    v->not_tabular = tabular_obstacle(v, arena);
}
