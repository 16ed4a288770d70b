/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: the walk over the tree: names, operators, variables. */
#include "path/check.h"
#include "fhir/model_ids.h"
#include "fhir/quantity.h"
#include "path/environment.h"
#include "path/machine.h"
#include <string.h>

void check_error(checker *c, isize at, str text, str remedy) {
    path_report(c->reporter, PROBLEM_ERROR, "invalid", at, text, remedy);
    c->failed = true;
}

void check_strict(checker *c, isize at, str text, str remedy) {
    if (c->environment->strict && !c->trial)
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

/* --- variables --- */
static bool constant_variable(checker *c, ast *a) {
    const path_environment *e = c->environment;
    for (isize i = 0; i < e->constant_count; i++) {
        if (!str_eq(a->name, e->constants[i].name)) continue;
        a->source = VARIABLE_CONSTANT;
        a->target = (int32_t)i;
        model_type type = e->constants[i].type; /* none: it is what was reported already */
        a->type = type == TYPE_NONE ? static_any() : static_node(type);
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
    check_error(
        c, a->at, arena_printf(c->arena, "there is no %%%.*s", STR_ARGS(a->name)),
        near.n ? arena_printf(c->arena, "did you mean %%%.*s?", STR_ARGS(near))
               : S("declare it: in a view as a constant, in a study as a parameter or a define"));
    a->type = (static_type){.kind = STATIC_EMPTY}; /* one message is enough */
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

static void clash(checker *c, const ast *a, const char *what, bool always) {
    void (*report)(checker *, isize, str, str) = always ? check_error : check_strict;
    report(c, a->at,
           arena_printf(c->arena, "%s and %s %s", value_kind_name(static_kind(a->left->type)),
                        value_kind_name(static_kind(a->right->type)), what),
           S("convert one side (toString(), toDate(), a literal such as @2025-01-31)"));
}

/* A number has the unit 1, and is unknown beside any other: a rule that is never true. */
static void check_bare_number(checker *c, const ast *a, int left, int right) {
    bool number = (left == ITEM_QUANTITY && numeric(right) && right != ITEM_QUANTITY) ||
                  (right == ITEM_QUANTITY && numeric(left) && left != ITEM_QUANTITY);
    if (number)
        path_report(c->reporter, PROBLEM_WARNING, "invalid", a->at,
                    S("a Quantity beside a number without a unit is compared only where its own "
                      "unit is 1"),
                    S("give the number its unit, such as 7 'g/dL'"));
}

static void check_order(checker *c, ast *a) {
    check_single(c, a->left, sign_text(c, a));
    check_single(c, a->right, sign_text(c, a));
    int l = static_kind(a->left->type), r = static_kind(a->right->type);
    if (l >= 0 && r >= 0 && !kinds_meet(l, r)) clash(c, a, "have no order between them", false);
    check_bare_number(c, a, l, r);
    a->type = static_value(ITEM_BOOLEAN);
}

static void check_equality(checker *c, ast *a) {
    int l = static_kind(a->left->type), r = static_kind(a->right->type);
    if (l >= 0 && r >= 0 && !kinds_meet(l, r)) clash(c, a, "are never equal", false);
    check_bare_number(c, a, l, r);
    bool equals = a->op == BINARY_EQUAL || a->op == BINARY_NOT_EQUAL;
    if (equals && a->left->type.many && a->right->kind == AST_LITERAL)
        path_report(c->reporter, PROBLEM_WARNING, "invalid", a->at,
                    S("the left side may have several items; then = compares a list with one item "
                      "and is false"),
                    S("write exists($this = ...) on the left side, or in"));
    a->type = static_value(ITEM_BOOLEAN);
}

/* FHIRPath has no date plus a number, whatever the data: an error in either mode. */
static bool moves_by_number(int l, int r) {
    bool number = r == ITEM_INTEGER || r == ITEM_LONG || r == ITEM_DECIMAL;
    return (dated(l) || l == ITEM_TIME) && number;
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
        if (!fine) clash(c, a, "do not go together here", moves && moves_by_number(l, r));
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

/* With a unit that UCUM does not know, a comparison can only meet the very same text. */
static void check_unit(checker *c, const ast *a) {
    const quantity_value *q = a->literal.quantity;
    struct unit ignored;
    if (q->calendar || unit_parse(q->unit, &ignored, NULL)) return;
    check_strict(c, a->at,
                 arena_printf(c->arena, "there is no UCUM unit \"%.*s\"", STR_ARGS(q->unit)),
                 S("write the unit's case-sensitive UCUM code, such as 'mg/dL' or '{score}'"));
}

/* ShareableViewDefinition demands String, Integer and Decimal; its tests use Boolean too. */
static bool shareable_literal(uint8_t kind) {
    return kind == ITEM_STRING || kind == ITEM_INTEGER || kind == ITEM_DECIMAL ||
           kind == ITEM_BOOLEAN;
}

void check_node(checker *c, ast *a, const context *ctx) {
    if (++c->visits > MOST_VISITS) {
        a->type = static_any();
        if (c->visits == MOST_VISITS + 1)
            check_error(c, a->at, S("limit: repeat() stands inside of repeat() too often"),
                        S("split the expression"));
        return;
    }
    switch ((ast_kind)a->kind) {
    case AST_EMPTY:
        c->not_shareable = true;
        a->type = (static_type){.kind = STATIC_EMPTY};
        break;
    case AST_LITERAL:
        a->type = static_value(a->literal.kind);
        if (!shareable_literal(a->literal.kind)) c->not_shareable = true;
        if (a->literal.kind == ITEM_QUANTITY) check_unit(c, a);
        break;
    case AST_REFUSED:
        check_strict(c, a->at, a->name, S("correct the literal"));
        a->type = static_any();
        break;
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
