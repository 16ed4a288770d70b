/* SPDX-License-Identifier: Apache-2.0 */
/* run.c: the loop. One switch over the operations; a part (where, iif ...) is run by call. */
#include "fhir/model_ids.h"
#include "path/calls.h"
#include <string.h>

enum { SMALL_STACK = 96 };

static bool stop(machine *m, path_status status, const fault *why) {
    if (m->status != PATH_OK) return false;
    isize n = str_from(why->text).n, most = (isize)sizeof m->run->reason - 1;
    if (n > most) n = most;
    memcpy(m->run->reason, why->text, (size_t)n);
    m->run->reason[n] = 0;
    m->status = status;
    m->run->at = m->op ? (isize)m->op->at : -1;
    return false;
}

bool machine_failed(machine *m, const fault *why) { return stop(m, PATH_ERROR, why); }

bool machine_limit(machine *m, const char *name) {
    fault why;
    fault_set(&why, FAULT_LIMIT, -1, "limit reached: %s", name);
    return stop(m, PATH_LIMIT, &why);
}

bool machine_grow(machine *m, isize count) {
    isize need = m->top + count;
    if (need <= m->cap) return true;
    if (need > m->limit) return machine_limit(m, "items of one expression");
    isize cap = m->cap * 4 > need ? m->cap * 4 : need;
    if (cap > m->limit) cap = m->limit;
    item *bigger = arena_new(m->run->arena, item, cap);
    memcpy(bigger, m->stack, (size_t)m->top * sizeof(item));
    m->stack = bigger;
    m->cap = cap;
    return true;
}

bool push_decimal(machine *m, decimal d) {
    return push(m, (item){.kind = ITEM_DECIMAL, .scale = (uint8_t)d.scale, .coef = d.coef});
}
bool push_when(machine *m, when w) {
    when *kept = arena_new(m->run->arena, when, 1);
    *kept = w;
    uint8_t kind = w.kind == WHEN_DATE   ? ITEM_DATE
                   : w.kind == WHEN_TIME ? ITEM_TIME
                                         : ITEM_DATETIME;
    return push(m, (item){.kind = kind, .when = kept});
}

bool push_quantity(machine *m, decimal value, str unit, bool calendar) {
    quantity_value *kept = arena_new(m->run->arena, quantity_value, 1);
    *kept = (quantity_value){value, unit, calendar};
    return push(m, (item){.kind = ITEM_QUANTITY, .quantity = kept});
}

static bool push_all(machine *m, const item *items, isize n) {
    if (m->top + n > m->cap && !machine_grow(m, n)) return false;
    if (n > 0) memcpy(m->stack + m->top, items, (size_t)n * sizeof(item));
    m->top += n;
    return true;
}

/* --- navigation --- */
/* What was pushed from `from` up becomes the last collection, whose old items go. */
static void settle(machine *m, isize at, isize from) {
    isize n = m->top - from;
    if (n > 0 && at != from) memmove(m->stack + at, m->stack + from, (size_t)n * sizeof(item));
    m->top = at + n;
}

static bool run_path(machine *m, const op *o) {
    const step *steps = &m->program->steps[o->b];
    const frame *f = m->frame;
    pile_begin(m);
    for (isize i = 0; i < f->n; i++)
        if (!walk(m, f->focus[i], steps, o->argc)) return false;
    return true;
}

static bool run_path_of(machine *m, const op *o) {
    const step *steps = &m->program->steps[o->b];
    isize at = pile_at(m), n = pile_n(m);
    if (n == 1) {
        item it = m->stack[at];
        m->top = at;
        return walk(m, it, steps, o->argc);
    }
    isize from = m->top;
    for (isize i = 0; i < n; i++)
        if (!walk(m, m->stack[at + i], steps, o->argc)) return false;
    settle(m, at, from);
    return true;
}

static bool run_value_part(machine *m, const op *o) {
    isize at = pile_at(m), n = pile_n(m), from = m->top;
    for (isize i = 0; i < n; i++)
        if (!push_value_part(m, m->stack[at + i], m->program->constants[o->b].text)) return false;
    settle(m, at, from);
    return true;
}

uint32_t machine_root_resource(const machine *m, uint32_t index) {
    uint32_t r = tape_resource_of(m->run->tape, index);
    while (r != TAPE_NONE && r > 0 && m->nodes[r].key == KEY_contained)
        r = tape_resource_of(m->run->tape, r - 1);
    return r;
}

static bool run_resource(machine *m, bool root) {
    pile_begin(m);
    uint32_t r =
        root ? machine_root_resource(m, m->context) : tape_resource_of(m->run->tape, m->context);
    return r == TAPE_NONE || push(m, node_item(m, r));
}

/* --- parts and the loop --- */
static bool run_ops(machine *m, uint32_t from, uint32_t to);

bool part_run(machine *m, const call *c, int k, const frame *f, isize *at) {
    const op *part = c->part;
    const op *ops = m->program->ops;
    for (int i = 0; i < k; i++) part = &ops[part->b];
    const frame *outer = m->frame;
    const op *running = m->op;
    m->frame = f;
    *at = m->top;
    bool ok = run_ops(m, (uint32_t)(part - ops) + 1, part->b);
    m->frame = outer;
    m->op = running;
    m->depth--;
    return ok;
}

static bool run_environment(machine *m, const op *o) {
    collection c = m->run->constants[o->b];
    pile_begin(m);
    return push_all(m, c.items, c.n);
}

static bool run_row_index(machine *m) {
    pile_begin(m);
    const collection *c = m->run->row_index;
    return !c || push_all(m, c->items, c->n);
}

static bool run_index(machine *m) {
    pile_begin(m);
    return m->frame->index < 0 || push_integer(m, m->frame->index);
}

static bool run_other(machine *m, const op *o) {
    switch ((op_code)o->code) {
    case OP_index: return run_index(m);
    case OP_total: pile_begin(m); return push_all(m, m->frame->total, m->frame->total_n);
    case OP_empty: pile_begin(m); return true;
    case OP_constants: pile_begin(m); return push_all(m, &m->program->constants[o->b], o->a);
    case OP_environment: return run_environment(m, o);
    case OP_variable:
        pile_begin(m);
        return push_all(m, m->variables[o->a].items, m->variables[o->a].n);
    case OP_resource: return run_resource(m, false);
    case OP_root_resource: return run_resource(m, true);
    case OP_context: pile_begin(m); return push_node(m, m->context);
    case OP_row_index: return run_row_index(m);
    case OP_value_part: return run_value_part(m, o);
    case OP_refused: return machine_fail(m, "%.*s", STR_ARGS(m->program->constants[o->b].text));
    default: return operator_run(m, o);
    }
}

static bool run_this(machine *m) {
    pile_begin(m);
    return m->frame->n == 1 ? push(m, *m->frame->focus) : push_all(m, m->frame->focus, m->frame->n);
}

/* The operations that most programs spend their time in are cases of this loop; the others are
 * found one call further on. */
static bool run_ops(machine *m, uint32_t from, uint32_t to) {
    const op *ops = m->program->ops, *end = ops + to;
    bool ok = true, skip;
    for (const op *o = ops + from; o < end;) {
        const op *next = o + 1;
        m->op = o;
        if (--m->steps < 0) return machine_limit(m, "steps of one expression");
        switch ((op_code)o->code) {
        case OP_path: ok = run_path(m, o); break;
        case OP_path_of: ok = run_path_of(m, o); break;
        case OP_path_equal:
            ok = run_path(m, o) &&
                 operator_equal(m, pile_at(m), &m->program->constants[o->a], false);
            break;
        case OP_this: ok = run_this(m); break;
        case OP_constant:
            pile_begin(m);
            ok = push(m, m->program->constants[o->b]);
            break;
        case OP_call:
            ok = call_run(m, o);
            next = ops + o->b;
            break;
        case OP_and_left:
        case OP_or_left:
        case OP_implies_left:
            ok = operator_left(m, (op_code)o->code, &skip);
            if (ok && skip) next = ops + o->b;
            break;
        default: ok = run_other(m, o);
        }
        if (!ok) return false;
        o = next;
    }
    return true;
}

/* Everything but the stacks, which are as large as a page each: zeroing them all would cost more
 * than most programs take. */
static void start(machine *m, const program *p, path_run *run, uint32_t focus) {
    m->program = p;
    m->run = run;
    m->nodes = run->tape->nodes;
    m->model = run->tape->model;
    m->top = 0;
    m->depth = 0;
    m->steps = run->limits.steps ? run->limits.steps : LIMIT_STEPS;
    m->limit = run->limits.items ? run->limits.items : LIMIT_ITEMS;
    m->status = PATH_OK;
    m->op = NULL;
    m->context = focus;
}

/* Runs the program; true with the result at [0, top) of the machine's stack. */
static bool run_program(machine *m) {
    const program *p = m->program;
    item it = node_item(m, m->context);
    frame f = {.focus = &it, .n = 1, .index = -1};
    collection variables[MAX_VARIABLES];
    m->frame = &f;
    m->variables = variables;
    if (p->variables > 0) memset(variables, 0, (size_t)p->variables * sizeof(collection));
    bool ok = run_ops(m, 0, (uint32_t)p->n);
    m->frame = NULL;
    m->variables = NULL;
    return ok;
}

path_status path_evaluate(const program *p, path_run *run, uint32_t focus, collection *out) {
    item stack[SMALL_STACK];
    isize starts[STACK_COLLECTIONS];
    machine m;
    m.stack = stack;
    m.cap = SMALL_STACK;
    m.starts = starts;
    start(&m, p, run, focus);
    *out = (collection){0};
    if (!run_program(&m)) return m.status;
    if (m.top > 0)
        *out = (collection){arena_copy(run->arena, m.stack, m.top, sizeof(item), _Alignof(item)),
                            m.top};
    return PATH_OK;
}

path_status path_test(const program *p, path_run *run, uint32_t focus, tri *out) {
    item stack[SMALL_STACK];
    isize starts[STACK_COLLECTIONS];
    machine m;
    m.stack = stack;
    m.cap = SMALL_STACK;
    m.starts = starts;
    start(&m, p, run, focus);
    *out = TRI_UNKNOWN;
    if (!run_program(&m) || !truth_of(&m, 0, m.top, out)) return m.status;
    return PATH_OK;
}
