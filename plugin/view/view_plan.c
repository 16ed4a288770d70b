/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles a ViewDefinition: structure and paths become plan nodes, names are checked, every path
 * is compiled against the type of the level it stands on (SQL on FHIR v2, ViewDefinition). */
#include "view/plan.h"

void plan_error(planner *p, const json *where, const char *code, str text, str remedy) {
    problems_add(p->found, (problem){.level = PROBLEM_ERROR,
                                     .code = code,
                                     .file = p->file,
                                     .at = where ? where->at : -1,
                                     .place = where ? json_pointer(where, p->arena) : (str){0},
                                     .text = text,
                                     .remedy = remedy});
}

/* The view's constants, then the visible columns. */
static const path_constant *constants_at(const planner *p, isize *n) {
    const view *v = p->view;
    *n = v->constant_count + p->visible;
    if (p->visible == 0) return v->constants;
    path_constant *all = arena_new(p->arena, path_constant, *n);
    for (isize i = 0; i < v->constant_count; i++) all[i] = v->constants[i];
    for (isize i = 0; i < p->visible; i++) {
        const view_column *c = &v->columns[i];
        all[v->constant_count + i] =
            (path_constant){.name = c->name, .type = c->type, .many = c->collection};
    }
    return all;
}

static bool name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether the text holds %name of a visible column. */
static bool mentions_column(const planner *p, str path) {
    for (isize i = 0; i < p->visible; i++) {
        str name = p->view->columns[i].name;
        for (isize at = 0; (at = str_find(path, name, at)) >= 0; at++) {
            isize end = at + name.n;
            if (at > 0 && path.p[at - 1] == '%' && (end == path.n || !name_char(path.p[end])))
                return true;
        }
    }
    return false;
}

static path_environment environment_at(const planner *p, model_type focus) {
    isize n;
    const path_constant *constants = constants_at(p, &n);
    return (path_environment){.model = p->environment->model,
                              .root = focus,
                              .resource = p->view->resource,
                              .constants = constants,
                              .constant_count = n,
                              .terminology = p->environment->terminology,
                              .strict = p->environment->strict && focus != TYPE_NONE};
}

const program *plan_path(planner *p, const json *where, model_type focus) {
    if (where->kind != JSON_STRING || where->text.n == 0) {
        plan_error(p, where, "value", S("a path must be a FHIRPath expression in a JSON string"),
                   S("write the expression between double quotes"));
        return NULL;
    }
    path_environment environment = environment_at(p, focus);
    isize before = p->found->n;
    const program *compiled = path_compile(p->arena, &environment, where->text, p->file,
                                           json_pointer(where, p->arena), p->found);
    for (isize i = before; i < p->found->n; i++) /* from the expression to the file */
        if (p->found->list[i].at >= 0) p->found->list[i].at += where->at + 1;
    if (compiled && path_uses_now(compiled)) p->view->uses_now = true;
    if (mentions_column(p, where->text) && !p->view->not_shareable.n)
        p->view->not_shareable =
            arena_printf(p->arena, "path '%.*s' uses another column", STR_ARGS(where->text));
    return compiled;
}

bool plan_name_ok(str name) {
    for (isize i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = (c >= '0' && c <= '9') || c == '_';
        if (!letter && (i == 0 || !digit)) return false;
    }
    return name.n > 0 && name.n <= 255;
}

static const json *array_of(planner *p, const json *object, const char *name) {
    const json *list = json_get(object, name);
    if (!list || list->kind == JSON_ARRAY) return list;
    plan_error(p, list, "structure", arena_printf(p->arena, "\"%s\" must be an array", name),
               S("put the value between [ and ]"));
    return NULL;
}

static plan_node *node_new(planner *p, plan_kind kind) {
    plan_node *node = arena_new(p->arena, plan_node, 1);
    node->kind = kind;
    node->cell = p->view->column_count;
    return node;
}

static void node_paths(planner *p, plan_node *node, isize n) {
    node->paths = arena_new(p->arena, const program *, n);
    node->path_count = n;
}

static bool is_row_index(str path) { return str_eq(str_trim(path), S("%rowIndex")); }

/* In mappings a mismatch is an error, because criteria rest on the type; elsewhere, where running
 * goes by the value, a warning. */
static void type_differs(planner *p, const json *path, model_type actual,
                         const view_column *column) {
    const model *m = p->environment->model;
    str want = model_type_name(m, column->type), have = model_type_name(m, actual);
    problem found = {
        .level = p->environment->strict ? PROBLEM_ERROR : PROBLEM_WARNING,
        .code = "invariant",
        .file = p->file,
        .at = path->at,
        .place = json_pointer(path, p->arena),
        .text = arena_printf(p->arena, "column '%.*s' is declared as %.*s but its path gives %.*s",
                             STR_ARGS(column->name), STR_ARGS(want), STR_ARGS(have)),
        .remedy = S("change the type, or convert in the path (ofType, toString, iif)")};
    problems_add(p->found, found);
}

/* SQL on FHIR: what is no primitive needs a type (ViewDefinition.select.column.type). */
static void type_missing(planner *p, const json *path, model_type actual,
                         const view_column *column) {
    str have = model_type_name(p->environment->model, actual);
    plan_error(p, path, "required",
               arena_printf(p->arena, "column '%.*s' gives a %.*s, which is no primitive",
                            STR_ARGS(column->name), STR_ARGS(have)),
               arena_printf(p->arena, "declare \"type\": \"%.*s\", or go on to one of its elements",
                            STR_ARGS(have)));
}

static void check_column_type(planner *p, const json *path, const program *compiled,
                              view_column *column) {
    const model *m = p->environment->model;
    model_type actual = path_result_type(compiled);
    bool known = actual != TYPE_NONE, strict = p->environment->strict; /* else running it tells */
    if (known && column->declared && !plan_type_fits(m, column->type, actual))
        type_differs(p, path, actual, column);
    if (known && !column->declared && !strict && !model_is_primitive(m, actual))
        type_missing(p, path, actual, column);
    if (strict && known && !column->collection && path_result_many(compiled))
        plan_error(p, path, "invariant",
                   arena_printf(p->arena, "column '%.*s' may get more than one value",
                                STR_ARGS(column->name)),
                   S("take first(), or declare \"collection\": true"));
    if (!column->declared) column->type = actual;
}

static plan_node *plan_one_column(planner *p, const json *definition, model_type focus) {
    plan_node *node = node_new(p, PLAN_COLUMN);
    isize index = plan_column(p, definition);
    const json *path = json_get(definition, "path");
    if (index < 0) return node;
    node->cells = 1;
    node_paths(p, node, 1);
    p->visible = p->environment->strict ? index : 0;
    const program *compiled = plan_path(p, path, focus);
    if (!compiled) return node;
    node->paths[0] = compiled;
    node->row_index = is_row_index(path->text);
    check_column_type(p, path, compiled, &p->view->columns[index]);
    return node;
}

static plan_node *plan_select(planner *p, const json *definition, model_type focus);

typedef struct node_list {
    const plan_node *first;
    plan_node *last;
} node_list;

static void append(node_list *list, plan_node *node) {
    if (!node) return;
    if (list->last)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
}

/* The branches bind the same cells: each is planned from the same first column and compared with
 * the first branch's columns (SQL on FHIR v2, ValidateColumns, unionAll). */
static plan_node *plan_union(planner *p, const json *branches, model_type focus) {
    plan_node *node = node_new(p, PLAN_UNION);
    view *v = p->view;
    view_column *first = NULL;
    isize n = 0;
    node_list list = {0};
    for (const json *branch = branches->child; branch; branch = branch->next) {
        v->column_count = node->cell;
        append(&list, plan_select(p, branch, focus));
        isize own = v->column_count - node->cell;
        if (!first) {
            n = own;
            first = arena_new(p->arena, view_column, n);
            for (isize i = 0; i < n; i++) first[i] = v->columns[node->cell + i];
        } else
            plan_branch_agrees(p, branch, first, n, v->columns + node->cell, own);
    }
    for (isize i = 0; i < n; i++) v->columns[node->cell + i] = first[i];
    v->column_count = node->cell + n;
    node->cells = n;
    node->child = list.first;
    return node;
}

/* Columns, then selects, then unionAll: the order of the columns (ViewDefinition, column order). */
static const plan_node *plan_body(planner *p, const json *definition, model_type focus) {
    node_list list = {0};
    const json *columns = array_of(p, definition, "column");
    for (const json *c = columns ? columns->child : NULL; c; c = c->next)
        append(&list, plan_one_column(p, c, focus));
    const json *selects = array_of(p, definition, "select");
    for (const json *s = selects ? selects->child : NULL; s; s = s->next)
        append(&list, plan_select(p, s, focus));
    const json *branches = array_of(p, definition, "unionAll");
    if (branches && branches->count > 0) append(&list, plan_union(p, branches, focus));
    return list.first;
}

static model_type plan_for_each(planner *p, plan_node *node, const json *path, model_type focus) {
    node_paths(p, node, 1);
    p->visible = p->environment->strict ? p->view->column_count : 0;
    const program *compiled = plan_path(p, path, focus);
    node->paths[0] = compiled;
    return compiled ? path_result_type(compiled) : TYPE_NONE;
}

/* The paths of repeat run on the root and on everything they reach, so their focus has no one
 * type: the elements are looked up at run time. */
static model_type plan_repeat(planner *p, plan_node *node, const json *paths, model_type focus) {
    if (paths->kind != JSON_ARRAY || paths->count == 0) {
        plan_error(p, paths, "structure", S("\"repeat\" must be an array of paths"),
                   S("for example \"repeat\": [\"item\"]"));
        return TYPE_NONE;
    }
    node_paths(p, node, paths->count);
    p->visible = p->environment->strict ? p->view->column_count : 0;
    isize i = 0;
    for (const json *path = paths->child; path; path = path->next)
        node->paths[i++] = plan_path(p, path, TYPE_NONE);
    return plan_repeat_type(p, paths, focus);
}

static const char *const select_members[] = {"id",       "extension", "modifierExtension", "column",
                                             "select",   "forEach",   "forEachOrNull",     "repeat",
                                             "unionAll", NULL};

static plan_node *plan_select(planner *p, const json *definition, model_type focus) {
    plan_node *node = node_new(p, PLAN_SELECT);
    if (definition->kind != JSON_OBJECT) {
        plan_error(p, definition, "structure", S("a select must be an object"),
                   S("write {\"column\": [...]}"));
        return node;
    }
    json_only(definition, select_members, p->file, p->found);
    const json *each = json_get(definition, "forEach");
    const json *or_null = json_get(definition, "forEachOrNull");
    const json *repeat = json_get(definition, "repeat");
    if (!!each + !!or_null + !!repeat > 1)
        plan_error(p, definition, "invariant",
                   S("only one of forEach, forEachOrNull and repeat may stand in a select"),
                   S("nest one select in the other"));
    if (each) {
        node->kind = PLAN_FOR_EACH;
        focus = plan_for_each(p, node, each, focus);
    } else if (or_null) {
        node->kind = PLAN_FOR_EACH_OR_NULL;
        focus = plan_for_each(p, node, or_null, focus);
    } else if (repeat) {
        node->kind = PLAN_REPEAT;
        focus = plan_repeat(p, node, repeat, focus);
    }
    node->child = plan_body(p, definition, focus);
    node->cells = p->view->column_count - node->cell;
    return node;
}

/* What all conditions together need: whatever the one that tells most does. Parameters of the
 * environment have no value yet. */
static void plan_needs(planner *p) {
    view *v = p->view;
    collection *constants = arena_new(p->arena, collection, v->constant_count);
    for (isize i = v->parameter_count; i < v->constant_count; i++)
        constants[i] = v->values[i - v->parameter_count];
    for (isize i = 0; i < v->where_count; i++)
        v->needs = path_needs_better(
            v->needs, path_needs(p->arena, v->where[i], v->resource, constants, v->constant_count));
}

static void plan_where(planner *p, const json *definition) {
    static const char *const members[] = {"id",   "extension",   "modifierExtension",
                                          "path", "description", NULL};
    const json *list = array_of(p, definition, "where");
    if (!list || list->count == 0) return;
    const program **where = arena_new(p->arena, const program *, list->count);
    isize n = 0;
    for (const json *w = list->child; w; w = w->next) {
        if (w->kind == JSON_OBJECT) json_only(w, members, p->file, p->found);
        const json *path = json_get(w, "path");
        if (!path) {
            plan_error(p, w, "required", S("a where needs a \"path\""), S("add the condition"));
            continue;
        }
        p->visible = 0;
        const program *compiled = plan_path(p, path, p->view->resource);
        if (!compiled) continue;
        where[n++] = compiled;
        model_type type = path_result_type(compiled);
        if (type != TYPE_NONE &&
            !str_eq(model_type_name(p->environment->model, type), S("boolean")))
            plan_error(p, path, "invariant", S("a where must give a Boolean"),
                       S("add exists() or a comparison"));
    }
    p->view->where = where;
    p->view->where_count = n;
    plan_needs(p);
}

static bool plan_head(planner *p, const json *definition) {
    static const char *const members[] = {"resourceType",
                                          "id",
                                          "meta",
                                          "implicitRules",
                                          "language",
                                          "text",
                                          "contained",
                                          "extension",
                                          "modifierExtension",
                                          "url",
                                          "identifier",
                                          "version",
                                          "versionAlgorithmString",
                                          "versionAlgorithmCoding",
                                          "name",
                                          "title",
                                          "status",
                                          "experimental",
                                          "date",
                                          "publisher",
                                          "contact",
                                          "description",
                                          "useContext",
                                          "jurisdiction",
                                          "purpose",
                                          "copyright",
                                          "copyrightLabel",
                                          "approvalDate",
                                          "lastReviewDate",
                                          "resource",
                                          "fhirVersion",
                                          "profile",
                                          "constant",
                                          "select",
                                          "where",
                                          NULL};
    if (definition->kind != JSON_OBJECT) {
        plan_error(p, definition, "structure", S("a ViewDefinition must be a JSON object"),
                   S("write {\"resourceType\": \"ViewDefinition\", ...}"));
        return false;
    }
    json_only(definition, members, p->file, p->found);
    const json *type = json_get(definition, "resourceType");
    if (type && !str_eq(type->text, S("ViewDefinition")) &&
        !str_eq(type->text, S("https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition")) &&
        !str_eq(type->text, S("http://hl7.org/fhir/StructureDefinition/ViewDefinition")))
        plan_error(p, type, "value", S("this is not a ViewDefinition"),
                   S("set resourceType to \"ViewDefinition\""));
    const json *resource = json_get(definition, "resource");
    if (!resource || resource->kind != JSON_STRING || resource->text.n == 0) {
        plan_error(p, resource ? resource : definition, "required",
                   S("a ViewDefinition needs \"resource\""), S("name the resource type it reads"));
        return false;
    }
    p->view->resource = model_find_type(p->environment->model, resource->text);
    if (p->view->resource == TYPE_NONE ||
        !model_is_resource(p->environment->model, p->view->resource)) {
        plan_error(
            p, resource, "value",
            arena_printf(p->arena, "'%.*s' is not an R4 resource type", STR_ARGS(resource->text)),
            S("names are case-sensitive, for example Observation"));
        return false;
    }
    return true;
}

static void plan_name(planner *p, const json *definition) {
    const json *name = json_get(definition, "name");
    p->view->url = json_text(definition, "url");
    p->view->name = json_text(definition, "name");
    if (name && !plan_name_ok(p->view->name))
        plan_error(p, name, "value",
                   S("a view's name must be letters, digits and _, beginning with a letter"),
                   S("for example blood_pressure"));
    if (!name && p->environment->strict)
        plan_error(p, definition, "required", S("a view of the mappings needs \"name\""),
                   S("rows become an element of the patient record under this name"));
}

view *view_compile(arena *arena, const view_environment *environment, const json *definition,
                   str file, problems *found) {
    view *v = arena_new(arena, view, 1);
    v->model = environment->model;
    v->strict = environment->strict;
    planner p = {.arena = arena,
                 .environment = environment,
                 .view = v,
                 .found = found,
                 .file = file,
                 .column_cap = 16};
    v->columns = arena_new(arena, view_column, p.column_cap);
    p.origins = arena_new(arena, const json *, p.column_cap);
    isize errors = found->errors;
    if (!plan_head(&p, definition)) return NULL;
    plan_name(&p, definition);
    if (!plan_constants(&p, definition)) return NULL;
    const json *selects = array_of(&p, definition, "select");
    if (!selects || selects->count == 0) {
        plan_error(&p, definition, "required", S("a ViewDefinition needs at least one \"select\""),
                   S("add \"select\": [{\"column\": [...]}]"));
        return NULL;
    }
    node_list list = {0};
    for (const json *s = selects->child; s; s = s->next)
        append(&list, plan_select(&p, s, v->resource));
    v->plan = list.first;
    if (v->column_count == 0 && found->errors == errors)
        plan_error(&p, selects, "required", S("the view has no column"),
                   S("add \"column\": [{\"name\": ..., \"path\": ...}]"));
    plan_where(&p, definition);
    plan_columns_unique(&p);
    plan_sql_types(v, arena);
    plan_profile(v, arena, definition);
    return found->errors == errors ? v : NULL;
}
