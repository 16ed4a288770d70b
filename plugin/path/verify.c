/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c: the last look at a program before it may run. */
#include "path/calls.h"
#include "path/lower.h"

#define HEAD   OP_TAKES_HEAD
#define VARIES OP_TAKES_VARIES
const op_row op_table[OP_COUNT] = {
#define OP(name, takes, operand) {#name, takes, OPERAND_##operand},
#include "path/ops.def"
#undef OP
};

/* Collections an operation takes from the pile; it leaves one. Negative: none such. */
static int takes(const op *o) {
    int n = op_table[o->code].takes;
    if (n != OP_TAKES_VARIES) return n;
    n = 1;
    for (int i = 0; i < o->argc; i++) n += call_argument(&call_table[o->a], i) != 'e';
    return n;
}

static bool steps_in_range(const program *p, const op *o) {
    if (o->argc == 0 || o->argc > p->step_count || o->b > p->step_count - o->argc) return false;
    for (const step *s = &p->steps[o->b], *end = s + o->argc; s < end; s++) {
        bool named = s->name < p->constant_count && p->constants[s->name].kind == ITEM_STRING;
        bool typed = s->type < p->constant_count && p->constants[s->type].kind == ITEM_TYPE;
        if ((!s->stays && !named) || (s->only != TYPE_NONE && !typed)) return false;
    }
    return true;
}

static bool operand_in_range(const program *p, const op *o) {
    switch ((op_operand)op_table[o->code].operand) {
    case OPERAND_CONSTANT: return o->b < p->constant_count;
    case OPERAND_CONSTANTS: return o->a <= p->constant_count && o->b <= p->constant_count - o->a;
    case OPERAND_COMPARED:
        return o->b < p->constant_count && o->a >= OP_less && o->a <= OP_not_equivalent;
    case OPERAND_STEPS: return steps_in_range(p, o);
    case OPERAND_STEPS_EQUAL: return steps_in_range(p, o) && o->a < p->constant_count;
    case OPERAND_NAME: return o->b < p->constant_count && p->constants[o->b].kind == ITEM_STRING;
    case OPERAND_TYPE: return o->b < p->constant_count && p->constants[o->b].kind == ITEM_TYPE;
    case OPERAND_GIVEN: return o->b < p->environment_count;
    case OPERAND_SLOT: return o->a < p->variables;
    case OPERAND_CALLED: return o->a < CALL_COUNT;
    default: return true;
    }
}

static bool verify_span(const program *p, uint32_t from, uint32_t to, int depth, const char **why);

static bool verify_parts(const program *p, uint32_t call, int depth, const char **why) {
    const op *o = &p->ops[call];
    uint32_t pc = call + 1;
    int parts = 0;
    for (int i = 0; i < o->argc; i++) {
        if (call_argument(&call_table[o->a], i) != 'e') continue;
        *why = "a part of a call is malformed";
        if (pc >= o->b || p->ops[pc].code != OP_body || p->ops[pc].b > o->b || p->ops[pc].b <= pc)
            return false;
        if (!verify_span(p, pc + 1, p->ops[pc].b, depth, why)) return false;
        pc = p->ops[pc].b;
        parts++;
    }
    *why = "the parts of a call do not end where they should";
    return pc == o->b && parts == o->parts;
}

static bool verify_span(const program *p, uint32_t from, uint32_t to, int depth, const char **why) {
    int height = 0;
    for (uint32_t pc = from; pc < to;) {
        const op *o = &p->ops[pc];
        *why = "an operation has too few operands or one out of range";
        if (o->code >= OP_COUNT || !operand_in_range(p, o)) return false;
        int n = takes(o);
        if (n < 0 || n > height) return false;
        *why = "limit: this expression keeps more than 512 collections at a time";
        if (depth + height + 2 > STACK_COLLECTIONS) return false;
        if (o->code == OP_call && (o->b > to || !verify_parts(p, pc, depth + height, why)))
            return false;
        *why = "a skip does not end where it should";
        bool skips = o->code == OP_and_left || o->code == OP_or_left || o->code == OP_implies_left;
        if (skips && (o->b <= pc || o->b > to)) return false;
        height += 1 - n;
        pc = o->code == OP_call ? o->b : pc + 1;
    }
    *why = "a part does not leave one collection";
    return height == 1;
}

bool verify_program(const program *p, const char **why) {
    return verify_span(p, 0, (uint32_t)p->n, 0, why);
}
