/* SPDX-License-Identifier: Apache-2.0 */
/* emit.h: a program while it is made, between lower.c, which walks the tree, lower_path.c, which
 * makes one operation of what is done on every item (paths, comparisons with a constant), and
 * fold.c, which works out what no data can change. */
#ifndef FHIRTRIAL_PATH_EMIT_H
#define FHIRTRIAL_PATH_EMIT_H

#include "path/program.h"

typedef struct emitter {
    arena *arena;
    const program *facts; /* model and edition, for folding */
    op *ops;
    static_type *types;
    isize n, cap;
    item *constants;
    isize constant_count, constant_cap;
    step *steps;
    isize step_count, step_cap;
    bool unfolded; /* inside of what was tried already, or is being worked out */
} emitter;

/* Appends an operation with the type and place of `a`; returns its index. */
uint32_t emit(emitter *e, op_code code, const ast *a);
/* The index of a constant; a String is kept once. */
uint32_t emit_constant(emitter *e, item constant);
/* The index of the first of several, which stand in a row. */
uint32_t emit_constants(emitter *e, collection c);
/* The operation of a binary operator. */
op_code operator_code(uint8_t op);
/* Appends the operations of a whole tree. */
void lower_tree(emitter *e, const ast *a);
/* Fills in ops, types, constants, steps and their counts. */
void emit_finish(const emitter *e, program *out);

/* Elements one after the other as one operation; false when `a` is none. */
bool lower_path(emitter *e, const ast *a);
/* A comparison, or `in`, whose right side is constant; false when `a` is none. */
bool lower_comparison(emitter *e, const ast *a);

/* The value of an expression of literals and operators; false when `a` is none, is too long to be
 * worked out here, or ends in an error, which is left to the evaluation. In the emitter's arena. */
bool fold(emitter *e, const ast *a, collection *out);

#endif
