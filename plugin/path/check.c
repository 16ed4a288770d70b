/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: the walk over the tree: names, operators, variables. */
#include "path/check.h"
#include "fhir/model_ids.h"
#include "path/environment.h"
#include "path/machine.h"
#include <string.h>

void check_error(checker *c, isize at, str text, str remedy) {
    path_report(c->reporter, PROBLEM_ERROR, "invalid", at, text, remedy);
    c->failed = true;
}

void check_strict(checker *c, isize at, str text, str remedy) {
    if (c->environment->strict)
        check_error(c, at, text, remedy);
    else
        path_report(c->reporter, PROBLEM_WARNING, "invalid", at, text, remedy);
}

void check_single(checker *c, const ast *a, const char *where) {
    if (!a->type.many) return;
    check_strict(c, a->at,
                 arena_printf(c->arena, "%s needs one item, and this may give several", where),
                 S("narrow it with where(...), first() or exists(...)"));
}

void check_boolean(checker *c, const ast *a, const char *where) {
    check_single(c, a, where);
    if (static_never(c->model, a->type, ITEM_BOOLEAN))
        check_strict(c, a->at,
                     arena_printf(c->arena, "%s needs a Boolean, and this is %.*s", where,
                                  STR_ARGS(static_name(c->arena, c->model, a->type))),
                     S("write exists() or a comparison"));
}

/* --- names of types --- */
static bool system_kind(str name, uint32_t *kind) {
    static const struct {
        const char *name;
        item_kind kind;
    } kinds[] = {
        {"Boolean", ITEM_BOOLEAN},   {"String", ITEM_STRING},   {"Integer", ITEM_INTEGER},
        {"Long", ITEM_LONG},         {"Decimal", ITEM_DECIMAL}, {"Date", ITEM_DATE},
        {"DateTime", ITEM_DATETIME}, {"Time", ITEM_TIME},       {"Quantity", ITEM_QUANTITY}};
    for (isize i = 0; i < COUNT_OF(kinds); i++) {
        if (!str_eq(name, str_from(kinds[i].name))) continue;
        *kind = kinds[i].kind;
        return true;
    }
    return false;
}

/* The written name: the namespace, or empty, and the rest with its dots. */
static void type_parts(checker *c, const ast *a, str *space, str *name) {
    const ast *chain[4];
    int n = 0;
    *space = *name = (str){0};
    for (; a && a->kind == AST_MEMBER && n < 4; a = a->left) chain[n++] = a;
    if (n == 0 || n == 4 || (a && !(a->kind == AST_THIS && a->implied))) return;
    int i = n - 1;
    if (n > 1 && (str_eq(chain[i]->name, S("System")) || str_eq(chain[i]->name, S("FHIR"))))
        *space = chain[i--]->name;
    *name = chain[i--]->name;
    for (; i >= 0; i--)
        *name = arena_printf(c->arena, "%.*s.%.*s", STR_ARGS(*name), STR_ARGS(chain[i]->name));
}

void check_type_name(checker *c, ast *a) {
    str space, name;
    type_parts(c, a, &space, &name);
    item t = {.kind = ITEM_TYPE, .text = name, .node = SYSTEM_NONE};
    bool system = system_kind(name, &t.node);
    if (!str_eq(space, S("System"))) t.type = model_find_type(c->model, name);
    if (str_eq(space, S("FHIR"))) {
        t.node = SYSTEM_NONE;
        t.scale = NAMESPACE_FHIR;
    } else if (str_eq(space, S("System"))) {
        t.scale = NAMESPACE_SYSTEM; /* System.Patient exists nowhere: nothing is of that type */
    } else {
        t.scale = t.type == TYPE_NONE ? NAMESPACE_SYSTEM
                  : system            ? NAMESPACE_EITHER
                                      : NAMESPACE_FHIR;
    }
    if (name.n == 0)
        check_error(c, a->at, S("a type name is needed here"), S("write a type such as Quantity"));
    else if (t.type == TYPE_NONE && !system && !str_eq(space, S("System")))
        check_error(
            c, a->at, arena_printf(c->arena, "there is no type \"%.*s\"", STR_ARGS(name)),
            S("use a FHIR R4 type or one of Boolean String Integer Long Decimal Date DateTime "
              "Time Quantity"));
    a->kind = AST_LITERAL;
    a->literal = t;
    a->type = static_value(ITEM_TYPE);
}

static_type check_named_type(const ast *a) {
    if (a->literal.type != TYPE_NONE) return static_node(a->literal.type);
    if (a->literal.node != SYSTEM_NONE) return static_value((int)a->literal.node);
    return (static_type){.kind = STATIC_EMPTY};
}

/* --- members --- */
static str nearest_element(checker *c, model_type type, str name) {
    model_element *list;
    isize n = model_elements(c->model, type, c->arena, &list);
    str *names = arena_new(c->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = model_key_name(c->model, list[i].key);
    return problem_nearest(name, names, n);
}

static void unknown_element(checker *c, ast *a, str of, str nearest) {
    a->target = TARGET_NOTHING;
    a->type = (static_type){.kind = STATIC_EMPTY};
    str remedy = nearest.n ? arena_printf(c->arena, "did you mean \"%.*s\"?", STR_ARGS(nearest))
                           : S("use an element of the FHIR R4 definition");
    check_strict(
        c, a->at,
        arena_printf(c->arena, "%.*s has no element \"%.*s\"", STR_ARGS(of), STR_ARGS(a->name)),
        remedy);
}

static static_type element_type(model_type owner, const model_element *e) {
    static_type t = static_node(e->type);
    if (e->choices > 0) t = (static_type){.kind = STATIC_CHOICE, .type = owner, .key = e->key};
    if (e->resource) t = static_node(TYPE_Resource);
    t.many = e->many;
    return t;
}

/* FHIR R4 fhirpath.html, "Polymorphism": the choice is one element without its type's name. */
static bool choice_spelling(checker *c, ast *a, model_type type) {
    model_element e;
    model_type stands;
    if (!model_member(c->model, type, a->name, &e, &stands) || e.choices == 0) return false;
    str key = model_key_name(c->model, e.key), name = model_type_name(c->model, stands);
    a->target = TARGET_NOTHING;
    a->type = (static_type){.kind = STATIC_EMPTY};
    check_error(c, a->at,
                arena_printf(c->arena,
                             "\"%.*s\" is how JSON spells a choice; FHIRPath has no such element",
                             STR_ARGS(a->name)),
                arena_printf(c->arena, "write %.*s.ofType(%.*s)", STR_ARGS(key), STR_ARGS(name)));
    return true;
}

static void member_of_node(checker *c, ast *a, static_type left) {
    model_element e;
    if (model_element_of(c->model, left.type, a->key, &e)) {
        a->type = element_type(left.type, &e);
    } else if (model_is_abstract(c->model, left.type) && a->key != KEY_NONE) {
        a->type = static_any();
        a->type.many = true;
    } else if (!choice_spelling(c, a, left.type)) {
        unknown_element(c, a, model_type_name(c->model, left.type),
                        nearest_element(c, left.type, a->name));
    }
}

static void member_of_choice(checker *c, ast *a, static_type left) {
    bool found = false;
    for (int i = 0;; i++) {
        model_element e;
        model_type type = model_choice(c->model, left.type, left.key, i);
        if (type == TYPE_NONE) break;
        if (!model_element_of(c->model, type, a->key, &e)) continue;
        static_type t = element_type(type, &e);
        a->type = found ? static_join(a->type, t) : t;
        found = true;
    }
    if (!found) unknown_element(c, a, static_name(c->arena, c->model, left), (str){0});
}

static void member_of_value(checker *c, ast *a, static_type left) {
    static const struct {
        item_kind kind;
        const char *name;
        item_kind gives;
    } parts[] = {{ITEM_QUANTITY, "value", ITEM_DECIMAL}, {ITEM_QUANTITY, "unit", ITEM_STRING},
                 {ITEM_QUANTITY, "code", ITEM_STRING},   {ITEM_TYPE, "name", ITEM_STRING},
                 {ITEM_TYPE, "namespace", ITEM_STRING},  {ITEM_CODING, "system", ITEM_STRING},
                 {ITEM_CODING, "code", ITEM_STRING},     {ITEM_CODING, "display", ITEM_STRING}};
    for (isize i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].kind != left.item || !str_eq(a->name, str_from(parts[i].name))) continue;
        a->target = TARGET_VALUE_PART;
        a->type = static_value(parts[i].gives);
        return;
    }
    unknown_element(c, a, static_name(c->arena, c->model, left), (str){0});
}

/* The type's name at the head of an expression: `Patient.name` on a Patient. */
static bool root_name(checker *c, ast *a, static_type focus) {
    model_type named = model_find_type(c->model, a->name), have = focus.type;
    model_element e;
    if (a->left->kind != AST_THIS || !a->left->implied || named == TYPE_NONE) return false;
    if (focus.kind == STATIC_NODE && model_element_of(c->model, have, a->key, &e)) return false;
    if (focus.kind != STATIC_NODE && focus.kind != STATIC_ANY) return false;
    bool capital = a->name.p[0] >= 'A' && a->name.p[0] <= 'Z';
    if (!capital) return false;
    a->target = TARGET_ROOT;
    a->literal = (item){.kind = ITEM_TYPE,
                        .text = a->name,
                        .type = named,
                        .node = SYSTEM_NONE,
                        .scale = NAMESPACE_FHIR};
    bool narrower = focus.kind == STATIC_ANY || model_is_a(c->model, named, have);
    if (!narrower && !model_is_a(c->model, have, named)) {
        check_strict(c, a->at,
                     arena_printf(c->arena, "this expression runs on %.*s, not on %.*s",
                                  STR_ARGS(model_type_name(c->model, have)), STR_ARGS(a->name)),
                     S("begin with the type of the resource, or without one"));
        a->type = (static_type){.kind = STATIC_EMPTY};
        return true;
    }
    a->type = narrower ? static_node(named) : focus;
    a->type.many = focus.many;
    return true;
}

static void check_member(checker *c, ast *a, const context *ctx) {
    check_node(c, a->left, ctx);
    static_type left = a->left->type;
    a->key = model_find_key(c->model, a->name);
    a->target = TARGET_ELEMENT;
    if (root_name(c, a, left)) return;
    switch ((static_kind_of)left.kind) {
    case STATIC_NODE: member_of_node(c, a, left); break;
    case STATIC_CHOICE: member_of_choice(c, a, left); break;
    case STATIC_VALUE: member_of_value(c, a, left); break;
    case STATIC_EMPTY: a->type = left; break;
    default:
        a->type = static_any();
        a->type.many = true;
        if (a->key == KEY_NONE && !str_eq(a->name, S("namespace")))
            unknown_element(c, a, S("FHIR R4"), (str){0});
    }
    a->type.many = a->type.many || left.many;
    a->type.unordered = left.unordered;
}

/* --- variables --- */
static bool constant_variable(checker *c, ast *a) {
    const path_environment *e = c->environment;
    for (isize i = 0; i < e->constant_count; i++) {
        if (!str_eq(a->name, e->constants[i].name)) continue;
        a->source = VARIABLE_CONSTANT;
        a->target = (int32_t)i;
        a->type = static_node(e->constants[i].type);
        a->type.many = e->constants[i].many;
        if (e->constants[i].clock) c->uses_now = true;
        return true;
    }
    return false;
}

static bool defined_variable(checker *c, ast *a) {
    for (int i = c->visible - 1; i >= 0; i--) {
        if (!str_eq(a->name, c->defined[i].name)) continue;
        a->source = VARIABLE_DEFINED;
        a->target = c->defined[i].slot;
        a->type = c->defined[i].type;
        return true;
    }
    return false;
}

static bool builtin_variable(checker *c, ast *a) {
    if (str_eq(a->name, S("resource")) || str_eq(a->name, S("rootResource"))) {
        a->source = a->name.n == 8 ? VARIABLE_RESOURCE : VARIABLE_ROOT_RESOURCE;
        const path_environment *e = c->environment;
        model_type root = e->resource != TYPE_NONE ? e->resource : e->root;
        a->type = root != TYPE_NONE && model_is_resource(c->model, root)
                      ? static_node(root)
                      : static_node(TYPE_Resource);
        return true;
    }
    if (str_eq(a->name, S("context"))) {
        a->source = VARIABLE_CONTEXT;
        a->type = static_node(c->environment->root);
        return true;
    }
    if (str_eq(a->name, S("rowIndex"))) {
        a->source = VARIABLE_ROW_INDEX;
        a->type = static_value(ITEM_INTEGER);
        return true;
    }
    a->source = VARIABLE_LITERAL;
    a->literal.kind = ITEM_STRING;
    a->type = static_value(ITEM_STRING);
    return environment_text(c->arena, a->name, &a->literal.text);
}

static void check_variable(checker *c, ast *a) {
    if (defined_variable(c, a) || constant_variable(c, a) || builtin_variable(c, a)) return;
    isize n = c->environment->constant_count;
    str *names = arena_new(c->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = c->environment->constants[i].name;
    str near = problem_nearest(a->name, names, n);
    check_error(c, a->at, arena_printf(c->arena, "there is no %%%.*s", STR_ARGS(a->name)),
                near.n ? arena_printf(c->arena, "did you mean %%%.*s?", STR_ARGS(near))
                       : S("declare it as a constant"));
}

/* --- operators --- */
static const char *sign_text(const checker *c, const ast *a) {
    return arena_printf(c->arena, "\"%.*s\"",
                        STR_ARGS(str_slice(c->reporter->source, a->at, a->at + a->n)))
        .p;
}

static bool numeric(int kind) {
    return kind == ITEM_INTEGER || kind == ITEM_LONG || kind == ITEM_DECIMAL ||
           kind == ITEM_QUANTITY;
}
static bool dated(int kind) { return kind == ITEM_DATE || kind == ITEM_DATETIME; }

/* Whether values of two known kinds can be ordered or equal at all. */
static bool kinds_meet(int a, int b) {
    return a == b || (numeric(a) && numeric(b)) || (dated(a) && dated(b));
}

static void clash(checker *c, const ast *a, const char *what) {
    check_strict(c, a->at,
                 arena_printf(c->arena, "%s and %s %s", value_kind_name(static_kind(a->left->type)),
                              value_kind_name(static_kind(a->right->type)), what),
                 S("convert one side (toString(), toDate(), a literal such as @2025-01-31)"));
}

static void check_order(checker *c, ast *a) {
    check_single(c, a->left, sign_text(c, a));
    check_single(c, a->right, sign_text(c, a));
    int l = static_kind(a->left->type), r = static_kind(a->right->type);
    if (l >= 0 && r >= 0 && !kinds_meet(l, r)) clash(c, a, "have no order between them");
    a->type = static_value(ITEM_BOOLEAN);
}

static void check_equality(checker *c, ast *a) {
    int l = static_kind(a->left->type), r = static_kind(a->right->type);
    if (l >= 0 && r >= 0 && !kinds_meet(l, r)) clash(c, a, "are never equal");
    bool equals = a->op == BINARY_EQUAL || a->op == BINARY_NOT_EQUAL;
    if (equals && a->left->type.many && a->right->kind == AST_LITERAL)
        path_report(c->reporter, PROBLEM_WARNING, "invalid", a->at,
                    S("the left side may have several items; then = compares a list with one item "
                      "and is false"),
                    S("write exists($this = ...) on the left side, or in"));
    a->type = static_value(ITEM_BOOLEAN);
}

static void check_arithmetic(checker *c, ast *a) {
    int l = static_kind(a->left->type), r = static_kind(a->right->type);
    check_single(c, a->left, sign_text(c, a));
    check_single(c, a->right, sign_text(c, a));
    a->type = static_any();
    bool moves = a->op == BINARY_ADD || a->op == BINARY_SUBTRACT;
    if (a->op == BINARY_CONCATENATE) {
        a->type = static_value(ITEM_STRING);
    } else if (l >= 0 && r >= 0) {
        bool time = dated(l) || l == ITEM_TIME;
        bool fine = (numeric(l) && numeric(r)) || (moves && time && r == ITEM_QUANTITY) ||
                    (a->op == BINARY_ADD && l == ITEM_STRING && r == ITEM_STRING);
        if (!fine) clash(c, a, "do not go together here");
        if (time || l == ITEM_STRING) a->type = static_value(l);
        if (l == ITEM_QUANTITY || (numeric(l) && r == ITEM_QUANTITY))
            a->type = static_value(ITEM_QUANTITY);
        if (l == ITEM_INTEGER && r == ITEM_INTEGER && a->op != BINARY_DIVIDE)
            a->type = static_value(ITEM_INTEGER);
        else if (numeric(l) && numeric(r) && l != ITEM_QUANTITY && r != ITEM_QUANTITY)
            a->type = static_value(ITEM_DECIMAL);
    }
}

static void check_binary(checker *c, ast *a, const context *ctx) {
    int visible = c->visible;
    check_node(c, a->left, ctx);
    c->visible = visible;
    check_node(c, a->right, ctx);
    c->visible = visible;
    switch ((binary_op)a->op) {
    case BINARY_LESS:
    case BINARY_GREATER:
    case BINARY_LESS_OR_EQUAL:
    case BINARY_GREATER_OR_EQUAL: check_order(c, a); break;
    case BINARY_EQUIVALENT:
    case BINARY_NOT_EQUIVALENT: c->not_shareable = true; __attribute__((fallthrough));
    case BINARY_EQUAL:
    case BINARY_NOT_EQUAL: check_equality(c, a); break;
    case BINARY_XOR:
    case BINARY_IMPLIES: c->not_shareable = true; __attribute__((fallthrough));
    case BINARY_AND:
    case BINARY_OR:
        check_boolean(c, a->left, sign_text(c, a));
        check_boolean(c, a->right, sign_text(c, a));
        a->type = static_value(ITEM_BOOLEAN);
        break;
    case BINARY_IN:
    case BINARY_CONTAINS:
        c->not_shareable = true;
        check_single(c, a->op == BINARY_IN ? a->left : a->right, sign_text(c, a));
        a->type = static_value(ITEM_BOOLEAN);
        break;
    case BINARY_UNION:
        c->not_shareable = true;
        a->type = static_join(a->left->type, a->right->type);
        a->type.many = a->left->type.kind != STATIC_EMPTY || a->right->type.many;
        a->type.unordered = false;
        break;
    case BINARY_DIV:
    case BINARY_MOD:
    case BINARY_CONCATENATE: c->not_shareable = true; __attribute__((fallthrough));
    default: check_arithmetic(c, a);
    }
}

static void check_type_test(checker *c, ast *a, const context *ctx) {
    check_node(c, a->left, ctx);
    check_type_name(c, a->right);
    check_single(c, a->left, sign_text(c, a));
    c->not_shareable = true;
    a->type = a->op == BINARY_IS ? static_value(ITEM_BOOLEAN) : check_named_type(a->right);
}

static void check_subscript(checker *c, ast *a, const context *ctx) {
    check_node(c, a->left, ctx);
    int visible = c->visible;
    check_node(c, a->right, ctx);
    c->visible = visible;
    check_single(c, a->right, "an index");
    if (a->left->type.unordered)
        check_strict(c, a->at, S("an index needs an order, and this collection has none"),
                     S("choose the item with where(...)"));
    a->type = a->left->type;
    a->type.many = false;
}

static void check_place(checker *c, ast *a, bool exists, const char *name) {
    c->not_shareable = true;
    if (!exists)
        check_strict(c, a->at, arena_printf(c->arena, "%s does not exist here", name),
                     S("use it inside where(), select(), all(), exists() or aggregate()"));
}

void check_node(checker *c, ast *a, const context *ctx) {
    switch ((ast_kind)a->kind) {
    case AST_EMPTY:
        c->not_shareable = true;
        a->type = (static_type){.kind = STATIC_EMPTY};
        break;
    case AST_LITERAL: a->type = static_value(a->literal.kind); break;
    case AST_THIS: a->type = ctx->focus; break;
    case AST_INDEX:
        check_place(c, a, ctx->counts, "$index");
        a->type = static_value(ITEM_INTEGER);
        break;
    case AST_TOTAL:
        check_place(c, a, ctx->totals, "$total");
        a->type = static_any();
        break;
    case AST_VARIABLE: check_variable(c, a); break;
    case AST_MEMBER: check_member(c, a, ctx); break;
    case AST_CALL: check_call(c, a, ctx); break;
    case AST_SUBSCRIPT: check_subscript(c, a, ctx); break;
    case AST_UNARY:
        check_node(c, a->left, ctx);
        check_single(c, a->left, "a sign");
        a->type = a->left->type;
        break;
    case AST_BINARY: check_binary(c, a, ctx); break;
    case AST_TYPE_TEST: check_type_test(c, a, ctx); break;
    }
}

bool check_expression(checker *c, ast *root) {
    context ctx = {.focus = static_node(c->environment->root)};
    check_node(c, root, &ctx);
    return !c->failed;
}
