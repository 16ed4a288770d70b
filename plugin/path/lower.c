/* SPDX-License-Identifier: Apache-2.0 */
/* lower.c: post-order emission. */
#include "path/lower.h"
#include "path/calls.h"
#include "path/emit.h"

enum { SPAN_MOST = UINT16_MAX };

uint32_t emit(emitter *e, op_code code, const ast *a) {
    if (e->n == e->cap) {
        isize cap = e->cap ? e->cap * 2 : 32;
        e->ops = arena_grow(e->arena, e->ops, e->n, cap, sizeof(op), _Alignof(op));
        e->types =
            arena_grow(e->arena, e->types, e->n, cap, sizeof(static_type), _Alignof(static_type));
        e->cap = cap;
    }
    e->types[e->n] = a->type;
    isize n = a->n < SPAN_MOST ? a->n : SPAN_MOST;
    e->ops[e->n] = (op){.code = (uint8_t)code, .at = (uint32_t)a->at, .n = (uint16_t)n};
    return (uint32_t)e->n++;
}

static bool same_text(item a, item b) {
    return a.kind == ITEM_STRING && b.kind == ITEM_STRING && str_eq(a.text, b.text);
}

static uint32_t append_constant(emitter *e, item constant) {
    if (e->constant_count == e->constant_cap) {
        isize cap = e->constant_cap ? e->constant_cap * 2 : 16;
        e->constants = arena_grow(e->arena, e->constants, e->constant_count, cap, sizeof(item),
                                  _Alignof(item));
        e->constant_cap = cap;
    }
    e->constants[e->constant_count] = constant;
    return (uint32_t)e->constant_count++;
}

uint32_t emit_constant(emitter *e, item constant) {
    for (isize i = 0; i < e->constant_count; i++)
        if (same_text(e->constants[i], constant)) return (uint32_t)i;
    return append_constant(e, constant);
}

uint32_t emit_constants(emitter *e, collection c) {
    if (c.n == 1) return emit_constant(e, c.items[0]);
    for (isize i = 0; i < c.n; i++) append_constant(e, c.items[i]);
    return (uint32_t)(e->constant_count - c.n);
}

static void lower_member(emitter *e, const ast *a) {
    if (a->target == TARGET_NOTHING) {
        emit(e, OP_empty, a);
        return;
    }
    lower_tree(e, a->left);
    uint32_t i = emit(e, OP_value_part, a);
    e->ops[i].b = emit_constant(e, (item){.kind = ITEM_STRING, .text = a->name});
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
    lower_tree(e, body);
    e->ops[part].b = (uint32_t)e->n;
}

/* The name of a variable is known to the compiler alone: the machine gets its slot. */
static void name_to_slot(emitter *e, const ast *a) {
    item slot = {.kind = ITEM_INTEGER, .integer = a->variable};
    e->ops[e->n - 1].b = emit_constant(e, slot);
    e->types[e->n - 1] = static_value(ITEM_INTEGER);
}

/* A function that looks at its collections itself needs no look at them before. */
static bool is_plain(const call_row *row, const ast *a) {
    bool plain = row->input == '*' || row->input == '-';
    for (int k = 0; k < a->argc && plain; k++) {
        char letter = call_argument(row, k);
        plain = letter == 'e' || letter == 'c';
    }
    return plain;
}

static void lower_call(emitter *e, const ast *a) {
    const call_row *row = &call_table[a->target];
    lower_tree(e, a->left);
    int k = 0;
    for (const ast *arg = a->args; arg; arg = arg->next, k++) {
        if (call_argument(row, k) == 'e') continue;
        lower_tree(e, arg);
        if (a->target == CALL_ID_defineVariable) name_to_slot(e, a);
    }
    uint32_t i = emit(e, OP_call, a);
    e->ops[i].a = (uint16_t)a->target;
    e->ops[i].argc = (uint8_t)a->argc;
    e->ops[i].plain = is_plain(row, a);
    k = 0;
    for (const ast *arg = a->args; arg; arg = arg->next, k++) {
        if (call_argument(row, k) != 'e') continue;
        e->ops[i].parts++;
        lower_part(e, arg, a->target == CALL_ID_sort);
    }
    e->ops[i].b = (uint32_t)e->n;
}

static void lower_binary(emitter *e, const ast *a) {
    op_code code = operator_code(a->op), early = OP_COUNT;
    if (code == OP_and) early = OP_and_left;
    if (code == OP_or) early = OP_or_left;
    if (code == OP_implies) early = OP_implies_left;
    lower_tree(e, a->left);
    uint32_t skip = early == OP_COUNT ? 0 : emit(e, early, a);
    lower_tree(e, a->right);
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
    if (a->source == VARIABLE_LITERAL) e->ops[i].b = emit_constant(e, a->literal);
    if (a->source == VARIABLE_CONSTANT) e->ops[i].b = (uint32_t)a->target;
    if (a->source == VARIABLE_DEFINED) e->ops[i].a = (uint16_t)a->target;
}

/* What fold() worked out. */
static void lower_folded(emitter *e, const ast *a, collection c) {
    uint32_t i = emit(e, c.n == 0 ? OP_empty : c.n == 1 ? OP_constant : OP_constants, a);
    e->ops[i].a = (uint16_t)c.n;
    e->ops[i].b = emit_constants(e, c);
}

static void lower_operator(emitter *e, const ast *a) {
    collection c;
    if (fold(e, a, &c)) {
        lower_folded(e, a, c);
    } else if (a->kind == AST_UNARY) {
        lower_tree(e, a->left);
        emit(e, a->op == '-' ? OP_minus : OP_plus, a);
    } else if (!lower_comparison(e, a)) {
        lower_binary(e, a);
    }
}

void lower_tree(emitter *e, const ast *a) {
    uint32_t i;
    if (lower_path(e, a)) return;
    switch ((ast_kind)a->kind) {
    case AST_EMPTY: emit(e, OP_empty, a); break;
    case AST_LITERAL:
        i = emit(e, OP_constant, a);
        e->ops[i].b = emit_constant(e, a->literal);
        break;
    case AST_THIS: emit(e, OP_this, a); break;
    case AST_INDEX: emit(e, OP_index, a); break;
    case AST_TOTAL: emit(e, OP_total, a); break;
    case AST_VARIABLE: lower_variable(e, a); break;
    case AST_MEMBER: lower_member(e, a); break;
    case AST_CALL: lower_call(e, a); break;
    case AST_SUBSCRIPT:
        lower_tree(e, a->left);
        lower_tree(e, a->right);
        emit(e, OP_subscript, a);
        break;
    case AST_UNARY:
    case AST_BINARY: lower_operator(e, a); break;
    case AST_REFUSED:
        i = emit(e, OP_refused, a);
        e->ops[i].b = emit_constant(e, (item){.kind = ITEM_STRING, .text = a->name});
        break;
    case AST_TYPE_TEST:
        if (a->right->kind == AST_REFUSED) {
            lower_tree(e, a->right);
            break;
        }
        lower_tree(e, a->left);
        i = emit(e, operator_code(a->op), a);
        e->ops[i].b = emit_constant(e, a->right->literal);
        break;
    }
}

void emit_finish(const emitter *e, program *out) {
    out->ops = e->ops;
    out->types = e->types;
    out->n = e->n;
    out->constants = e->constants;
    out->constant_count = e->constant_count;
    out->steps = e->steps;
    out->step_count = e->step_count;
}

void lower_expression(arena *arena, const ast *root, program *out) {
    emitter e = {.arena = arena, .facts = out};
    lower_tree(&e, root);
    emit_finish(&e, out);
}
