/* SPDX-License-Identifier: Apache-2.0 */
/* fold.c: expressions of literals and operators are worked out once, by the machine itself on an
 * empty tape, so that what they give is what they would give each time. */
#include "path/emit.h"

/* A union compares each item with all before it: of more literals than these, the work is left to
 * the evaluation, where it is counted. */
enum { LITERALS_MOST = 64, FOLD_STEPS = 1 << 17 };

/* How many literals it has, or -1 when it is more than literals and operators. */
static int literals(const ast *a) {
    int left, right;
    switch ((ast_kind)a->kind) {
    case AST_EMPTY: return 1;
    case AST_LITERAL: return a->literal.kind == ITEM_TYPE ? -1 : 1;
    case AST_VARIABLE: return a->source == VARIABLE_LITERAL ? 1 : -1;
    case AST_UNARY: return literals(a->left);
    case AST_BINARY:
        left = literals(a->left);
        right = left < 0 || left > LITERALS_MOST ? -1 : literals(a->right);
        return right < 0 ? -1 : left + right;
    default: return -1;
    }
}

bool fold(emitter *e, const ast *a, collection *out) {
    if (e->unfolded || (a->kind != AST_UNARY && a->kind != AST_BINARY)) return false;
    int count = literals(a);
    if (count < 0 || count > LITERALS_MOST) return false;
    program p = *e->facts;
    emitter own = {.arena = e->arena, .facts = e->facts, .unfolded = true};
    lower_tree(&own, a);
    emit_finish(&own, &p);
    static const node nothing[1] = {{.next = 1}};
    tape t = {.nodes = nothing, .n = 1, .model = p.model};
    path_run run = {.tape = &t, .arena = e->arena, .limits = {.steps = FOLD_STEPS}};
    return path_evaluate(&p, &run, 0, out) == PATH_OK;
}
