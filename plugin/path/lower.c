/* SPDX-License-Identifier: Apache-2.0 */
/* lower.c: post-order emission. */
#include "path/lower.h"
#include "path/calls.h"
#include <string.h>

typedef struct emitter {
    arena *arena;
    op *ops;
    static_type *types;
    isize n, cap;
    item *constants;
    isize constant_count, constant_cap;
} emitter;

static uint32_t emit(emitter *e, op_code code, const ast *a) {
    if (e->n == e->cap) {
        isize cap = e->cap ? e->cap * 2 : 32;
        e->ops = arena_grow(e->arena, e->ops, e->n, cap, sizeof(op), _Alignof(op));
        e->types =
            arena_grow(e->arena, e->types, e->n, cap, sizeof(static_type), _Alignof(static_type));
        e->cap = cap;
    }
    e->types[e->n] = a->type;
    e->ops[e->n] = (op){.code = (uint8_t)code, .at = (uint32_t)a->at, .n = (uint32_t)a->n};
    return (uint32_t)e->n++;
}

static bool same_text(item a, item b) {
    return a.kind == ITEM_STRING && b.kind == ITEM_STRING && str_eq(a.text, b.text);
}

static uint32_t pool(emitter *e, item constant) {
    for (isize i = 0; i < e->constant_count; i++)
        if (same_text(e->constants[i], constant)) return (uint32_t)i;
    if (e->constant_count == e->constant_cap) {
        isize cap = e->constant_cap ? e->constant_cap * 2 : 16;
        e->constants = arena_grow(e->arena, e->constants, e->constant_count, cap, sizeof(item),
                                  _Alignof(item));
        e->constant_cap = cap;
    }
    e->constants[e->constant_count] = constant;
    return (uint32_t)e->constant_count++;
}

static uint32_t pool_text(emitter *e, str text) {
    return pool(e, (item){.kind = ITEM_STRING, .text = text});
}

static void lower(emitter *e, const ast *a);

static void lower_member(emitter *e, const ast *a) {
    bool of_this = a->left->kind == AST_THIS;
    uint32_t i;
    switch ((member_target)a->target) {
    case TARGET_ROOT:
        i = emit(e, OP_root, a);
        e->ops[i].b = pool(e, a->literal);
        return;
    case TARGET_NOTHING: emit(e, OP_empty, a); return;
    case TARGET_VALUE_PART:
        lower(e, a->left);
        i = emit(e, OP_value_part, a);
        e->ops[i].b = pool_text(e, a->name);
        return;
    default:
        if (!of_this) lower(e, a->left);
        i = emit(e, of_this ? OP_child_of_this : OP_child, a);
        e->ops[i].a = a->key;
        e->ops[i].b = pool_text(e, a->name);
    }
}

/* sort(-x) means descending (docs/decisions.md): the sign is taken off where it stands first. */
static const ast *sort_key(const ast *arg, bool *descending) {
    *descending = arg->direction == SORT_DESCENDING;
    if (arg->direction != SORT_DEFAULT || arg->kind != AST_UNARY || arg->op != '-') return arg;
    *descending = true;
    return arg->left;
}

static void lower_part(emitter *e, const ast *arg, bool sort) {
    bool descending = false;
    const ast *body = sort ? sort_key(arg, &descending) : arg;
    uint32_t part = emit(e, OP_body, body);
    e->ops[part].a = descending;
    lower(e, body);
    e->ops[part].b = (uint32_t)e->n;
}

/* The name of a variable is known to the compiler alone: the machine gets its slot. */
static void name_to_slot(emitter *e, const ast *a) {
    item slot = {.kind = ITEM_INTEGER, .integer = a->variable};
    e->ops[e->n - 1].b = pool(e, slot);
    e->types[e->n - 1] = static_value(ITEM_INTEGER);
}

static void lower_call(emitter *e, const ast *a) {
    const call_row *row = &call_table[a->target];
    lower(e, a->left);
    int k = 0;
    for (const ast *arg = a->args; arg; arg = arg->next, k++) {
        if (call_argument(row, k) == 'e') continue;
        lower(e, arg);
        if (a->target == CALL_ID_defineVariable) name_to_slot(e, a);
    }
    uint32_t i = emit(e, OP_call, a);
    e->ops[i].a = (uint16_t)a->target;
    e->ops[i].argc = (uint8_t)a->argc;
    k = 0;
    for (const ast *arg = a->args; arg; arg = arg->next, k++)
        if (call_argument(row, k) == 'e') lower_part(e, arg, a->target == CALL_ID_sort);
    e->ops[i].b = (uint32_t)e->n;
}

static op_code operator_code(uint8_t op) {
    static const uint8_t codes[] = {
        [BINARY_MULTIPLY] = OP_multiply,
        [BINARY_DIVIDE] = OP_divide,
        [BINARY_DIV] = OP_div,
        [BINARY_MOD] = OP_mod,
        [BINARY_ADD] = OP_add,
        [BINARY_SUBTRACT] = OP_subtract,
        [BINARY_CONCATENATE] = OP_concatenate,
        [BINARY_IS] = OP_is,
        [BINARY_AS] = OP_as,
        [BINARY_UNION] = OP_union,
        [BINARY_LESS] = OP_less,
        [BINARY_GREATER] = OP_greater,
        [BINARY_LESS_OR_EQUAL] = OP_less_or_equal,
        [BINARY_GREATER_OR_EQUAL] = OP_greater_or_equal,
        [BINARY_EQUAL] = OP_equal,
        [BINARY_EQUIVALENT] = OP_equivalent,
        [BINARY_NOT_EQUAL] = OP_not_equal,
        [BINARY_NOT_EQUIVALENT] = OP_not_equivalent,
        [BINARY_IN] = OP_in,
        [BINARY_CONTAINS] = OP_contains,
        [BINARY_AND] = OP_and,
        [BINARY_XOR] = OP_xor,
        [BINARY_OR] = OP_or,
        [BINARY_IMPLIES] = OP_implies,
    };
    return (op_code)codes[op];
}

static void lower_binary(emitter *e, const ast *a) {
    op_code code = operator_code(a->op), early = OP_COUNT;
    if (code == OP_and) early = OP_and_left;
    if (code == OP_or) early = OP_or_left;
    if (code == OP_implies) early = OP_implies_left;
    lower(e, a->left);
    uint32_t skip = early == OP_COUNT ? 0 : emit(e, early, a);
    lower(e, a->right);
    emit(e, code, a);
    if (early != OP_COUNT) e->ops[skip].b = (uint32_t)e->n;
}

static void lower_variable(emitter *e, const ast *a) {
    static const uint8_t codes[] = {
        [VARIABLE_LITERAL] = OP_constant,  [VARIABLE_CONSTANT] = OP_environment,
        [VARIABLE_RESOURCE] = OP_resource, [VARIABLE_ROOT_RESOURCE] = OP_root_resource,
        [VARIABLE_CONTEXT] = OP_context,   [VARIABLE_ROW_INDEX] = OP_row_index,
        [VARIABLE_DEFINED] = OP_variable};
    uint32_t i = emit(e, (op_code)codes[a->source], a);
    if (a->source == VARIABLE_LITERAL) e->ops[i].b = pool(e, a->literal);
    if (a->source == VARIABLE_CONSTANT) e->ops[i].b = (uint32_t)a->target;
    if (a->source == VARIABLE_DEFINED) e->ops[i].a = (uint16_t)a->target;
}

static void lower(emitter *e, const ast *a) {
    uint32_t i;
    switch ((ast_kind)a->kind) {
    case AST_EMPTY: emit(e, OP_empty, a); break;
    case AST_LITERAL:
        i = emit(e, OP_constant, a);
        e->ops[i].b = pool(e, a->literal);
        break;
    case AST_THIS: emit(e, OP_this, a); break;
    case AST_INDEX: emit(e, OP_index, a); break;
    case AST_TOTAL: emit(e, OP_total, a); break;
    case AST_VARIABLE: lower_variable(e, a); break;
    case AST_MEMBER: lower_member(e, a); break;
    case AST_CALL: lower_call(e, a); break;
    case AST_SUBSCRIPT:
        lower(e, a->left);
        lower(e, a->right);
        emit(e, OP_subscript, a);
        break;
    case AST_UNARY:
        lower(e, a->left);
        emit(e, a->op == '-' ? OP_minus : OP_plus, a);
        break;
    case AST_BINARY: lower_binary(e, a); break;
    case AST_TYPE_TEST:
        lower(e, a->left);
        i = emit(e, operator_code(a->op), a);
        e->ops[i].b = pool(e, a->right->literal);
        break;
    }
}

void lower_expression(arena *arena, const ast *root, program *out) {
    emitter e = {.arena = arena};
    lower(&e, root);
    out->ops = e.ops;
    out->types = e.types;
    out->n = e.n;
    out->constants = e.constants;
    out->constant_count = e.constant_count;
}
