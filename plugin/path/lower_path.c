/* SPDX-License-Identifier: Apache-2.0 */
/* lower_path.c: what is done on every item is one operation: elements one after the other, and
 * comparing with a constant. What they do is what the single operations would do. */
#include "path/calls.h"
#include "path/emit.h"

enum { STEPS_MOST = UINT8_MAX };

op_code operator_code(uint8_t op) {
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

/* --- paths --- */
static bool keeps_type(const ast *a) {
    if (a->kind != AST_CALL || a->target != CALL_ID_ofType || a->args->kind != AST_LITERAL)
        return false;
    item type = a->args->literal;
    return type.type != TYPE_NONE && type.scale != NAMESPACE_SYSTEM;
}

static bool is_step(const ast *a) {
    if (a->kind == AST_MEMBER) return a->target == TARGET_ELEMENT || a->target == TARGET_ROOT;
    return keeps_type(a);
}

/* What the path starts from; *count steps lie above it. */
static const ast *path_base(const ast *a, int *count) {
    for (*count = 0; is_step(a) && *count < STEPS_MOST; ++*count) a = a->left;
    return a;
}

static step step_of(emitter *e, const ast *a) {
    step s = {0};
    if (a->kind == AST_MEMBER && a->target == TARGET_ELEMENT) {
        s.key = a->key;
        s.name = emit_constant(e, (item){.kind = ITEM_STRING, .text = a->name});
        return s;
    }
    item type = a->kind == AST_MEMBER ? a->literal : a->args->literal;
    s.stays = true;
    s.exactly = a->kind == AST_CALL;
    s.only = type.type;
    s.type = emit_constant(e, type);
    return s;
}

/* The steps from the base up, in this order. */
static uint32_t emit_steps(emitter *e, const ast *a, int count) {
    if (e->step_count + count > e->step_cap) {
        isize cap = e->step_cap * 2 + count + 8;
        e->steps = arena_grow(e->arena, e->steps, e->step_count, cap, sizeof(step), _Alignof(step));
        e->step_cap = cap;
    }
    isize first = e->step_count;
    e->step_count += count;
    for (isize i = first + count - 1; i >= first; i--, a = a->left) e->steps[i] = step_of(e, a);
    return (uint32_t)first;
}

static isize end_of(const ast *a) {
    const ast *last = a->kind == AST_CALL ? a->args : a;
    return last->at + last->n;
}

/* From where a path begins to `end`. */
static void set_span(op *o, const ast *path, int count, isize end) {
    for (int k = 1; k < count; k++) path = path->left;
    isize n = end - path->at;
    o->at = (uint32_t)path->at;
    o->n = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
}

static void emit_path(emitter *e, op_code code, const ast *a, int count) {
    uint32_t i = emit(e, code, a);
    uint32_t first = emit_steps(e, a, count);
    e->ops[i].argc = (uint8_t)count;
    e->ops[i].b = first;
    set_span(&e->ops[i], a, count, end_of(a));
}

bool lower_path(emitter *e, const ast *a) {
    int count;
    const ast *base = path_base(a, &count);
    if (count == 0) return false;
    if (base->kind == AST_THIS) {
        emit_path(e, OP_path, a, count);
    } else {
        lower_tree(e, base);
        emit_path(e, OP_path_of, a, count);
    }
    return true;
}

/* --- comparisons with a constant --- */
static bool constant_side(emitter *e, const ast *a, collection *c) {
    bool literal = (a->kind == AST_LITERAL && a->literal.kind != ITEM_TYPE) ||
                   (a->kind == AST_VARIABLE && a->source == VARIABLE_LITERAL);
    if (literal) *c = (collection){&a->literal, 1};
    return literal || fold(e, a, c);
}

static bool lower_path_equal(emitter *e, const ast *a, item right) {
    int count;
    const ast *base = path_base(a->left, &count);
    uint32_t constant = emit_constant(e, right);
    if (count == 0 || base->kind != AST_THIS || constant > UINT16_MAX) return false;
    emit_path(e, OP_path_equal, a->left, count);
    op *o = &e->ops[e->n - 1];
    o->a = (uint16_t)constant;
    e->types[e->n - 1] = a->type;
    set_span(o, a->left, count, a->right->at + a->right->n);
    return true;
}

static bool is_comparison(uint8_t op) {
    return (op >= BINARY_LESS && op <= BINARY_NOT_EQUIVALENT) || op == BINARY_IN;
}

bool lower_comparison(emitter *e, const ast *a) {
    collection right;
    if (a->kind != AST_BINARY || !is_comparison(a->op) || !constant_side(e, a->right, &right))
        return false;
    bool in = a->op == BINARY_IN;
    if (right.n != 1 && !(in && right.n > 1)) return false;
    if (a->op == BINARY_EQUAL && lower_path_equal(e, a, right.items[0])) return true;
    lower_tree(e, a->left);
    uint32_t i = emit(e, in ? OP_in_constants : OP_compare, a);
    e->ops[i].a = in ? (uint16_t)right.n : (uint16_t)operator_code(a->op);
    e->ops[i].b = emit_constants(e, right);
    return true;
}
