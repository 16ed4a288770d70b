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

bool push_boolean(machine *m, bool b) {
    return push(m, (item){.kind = ITEM_BOOLEAN, .boolean = b});
}
bool push_tri(machine *m, tri t) { return t == TRI_UNKNOWN || push_boolean(m, t == TRI_TRUE); }
bool push_integer(machine *m, int64_t i) {
    return push(m, (item){.kind = ITEM_INTEGER, .integer = i});
}
bool push_decimal(machine *m, decimal d) {
    return push(m, (item){.kind = ITEM_DECIMAL, .scale = (uint8_t)d.scale, .coef = d.coef});
}
bool push_string(machine *m, str text) {
    return push(m, (item){.kind = ITEM_STRING, .text = text});
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
static bool push_children(machine *m, uint32_t parent, model_key key) {
    const node *nodes = m->nodes;
    uint32_t end = nodes[parent].next;
    uint32_t i = parent + 1;
    for (; i < end && nodes[i].key != key; i = nodes[i].next)
        if (--m->steps < 0) return machine_limit(m, "steps of one expression");
    /* tape.h: siblings of one key stand together. */
    for (; i < end && nodes[i].key == key; i = nodes[i].next)
        if (!push(m, node_item(m, i))) return false;
    return true;
}

/* The parts of values that are no elements: a Coding from translate(), a Quantity, a type. */
static bool push_value_part(machine *m, item it, str name) {
    if (it.kind == ITEM_CODING) {
        str text = str_eq(name, S("system"))    ? it.coding->system
                   : str_eq(name, S("code"))    ? it.coding->code
                   : str_eq(name, S("display")) ? it.coding->display
                                                : (str){0};
        return text.n == 0 || push_string(m, text);
    }
    if (it.kind == ITEM_TYPE) {
        if (str_eq(name, S("name"))) return push_string(m, it.text);
        if (str_eq(name, S("namespace")))
            return push_string(m, it.scale == NAMESPACE_FHIR ? S("FHIR") : S("System"));
        return true;
    }
    if (it.kind == ITEM_QUANTITY) {
        if (str_eq(name, S("value"))) return push_decimal(m, it.quantity->value);
        if (str_eq(name, S("unit")) || str_eq(name, S("code")))
            return push_string(m, it.quantity->unit);
    }
    return true;
}

static bool child_of(machine *m, item it, const op *o) {
    if (it.kind == ITEM_NODE) return push_children(m, it.node, o->a);
    return push_value_part(m, it, m->program->constants[o->b].text);
}

/* What was pushed from `from` up becomes the last collection, whose old items go. */
static void settle(machine *m, isize at, isize from) {
    isize n = m->top - from;
    if (n > 0 && at != from) memmove(m->stack + at, m->stack + from, (size_t)n * sizeof(item));
    m->top = at + n;
}

static bool run_child(machine *m, const op *o) {
    isize at = pile_at(m), n = pile_n(m);
    if (n == 1) {
        item it = m->stack[at];
        m->top = at;
        return child_of(m, it, o);
    }
    isize from = m->top;
    for (isize i = 0; i < n; i++)
        if (!child_of(m, m->stack[at + i], o)) return false;
    settle(m, at, from);
    return true;
}

static bool run_child_of_this(machine *m, const op *o) {
    pile_begin(m);
    const frame *f = m->frame;
    for (isize i = 0; i < f->n; i++)
        if (!child_of(m, f->focus[i], o)) return false;
    return true;
}

static bool run_value_part(machine *m, const op *o) {
    isize at = pile_at(m), n = pile_n(m), from = m->top;
    for (isize i = 0; i < n; i++)
        if (!push_value_part(m, m->stack[at + i], m->program->constants[o->b].text)) return false;
    settle(m, at, from);
    return true;
}

/* A type name at the head keeps the focus when it is of that type (FHIRPath: Path Selection). */
static bool run_root(machine *m, const op *o) {
    item type = m->program->constants[o->b];
    pile_begin(m);
    for (isize i = 0; i < m->frame->n; i++) {
        item it = m->frame->focus[i];
        if (type_matches(m, it, type, false) && !push(m, it)) return false;
    }
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

static bool run_one(machine *m, const op *o) {
    switch ((op_code)o->code) {
    case OP_this: pile_begin(m); return push_all(m, m->frame->focus, m->frame->n);
    case OP_index: return run_index(m);
    case OP_total: pile_begin(m); return push_all(m, m->frame->total, m->frame->total_n);
    case OP_empty: pile_begin(m); return true;
    case OP_constant: pile_begin(m); return push(m, m->program->constants[o->b]);
    case OP_environment: return run_environment(m, o);
    case OP_variable:
        pile_begin(m);
        return push_all(m, m->variables[o->a].items, m->variables[o->a].n);
    case OP_resource: return run_resource(m, false);
    case OP_root_resource: return run_resource(m, true);
    case OP_context: pile_begin(m); return push(m, node_item(m, m->context));
    case OP_row_index: return run_row_index(m);
    case OP_root: return run_root(m, o);
    case OP_child: return run_child(m, o);
    case OP_child_of_this: return run_child_of_this(m, o);
    case OP_value_part: return run_value_part(m, o);
    case OP_call: return call_run(m, o);
    default: return operator_run(m, o);
    }
}

static bool run_ops(machine *m, uint32_t from, uint32_t to) {
    const op *ops = m->program->ops;
    for (uint32_t pc = from; pc < to;) {
        const op *o = &ops[pc];
        m->op = o;
        if (--m->steps < 0) return machine_limit(m, "steps of one expression");
        if (o->code == OP_and_left || o->code == OP_or_left || o->code == OP_implies_left) {
            bool skip;
            if (!operator_left(m, (op_code)o->code, &skip)) return false;
            pc = skip ? o->b : pc + 1;
        } else {
            if (!run_one(m, o)) return false;
            pc = o->code == OP_call ? o->b : pc + 1;
        }
    }
    return true;
}

/* Runs the program; true with the result at [0, top) of the machine's stack. */
static bool run_program(machine *m, uint32_t focus) {
    item it = node_item(m, focus);
    frame f = {.focus = &it, .n = 1, .index = -1};
    collection variables[MAX_VARIABLES];
    m->frame = &f;
    m->variables = variables;
    if (m->program->variables > 0)
        memset(variables, 0, (size_t)m->program->variables * sizeof(collection));
    bool ok = run_ops(m, 0, (uint32_t)m->program->n);
    m->frame = NULL;
    m->variables = NULL;
    return ok;
}

#define MACHINE(name, p, r, focus)                                                                 \
    item small_stack[SMALL_STACK];                                                                 \
    isize starts[STACK_COLLECTIONS];                                                               \
    machine name = {.program = (p),                                                                \
                    .run = (r),                                                                    \
                    .nodes = (r)->tape->nodes,                                                     \
                    .model = (r)->tape->model,                                                     \
                    .stack = small_stack,                                                          \
                    .cap = SMALL_STACK,                                                            \
                    .starts = starts,                                                              \
                    .steps = (r)->limits.steps ? (r)->limits.steps : LIMIT_STEPS,                  \
                    .limit = (r)->limits.items ? (r)->limits.items : LIMIT_ITEMS,                  \
                    .context = (focus)}

path_status path_evaluate(const program *p, path_run *run, uint32_t focus, collection *out) {
    MACHINE(m, p, run, focus);
    *out = (collection){0};
    if (!run_program(&m, focus)) return m.status;
    if (m.top > 0) {
        item *kept = arena_new(run->arena, item, m.top);
        memcpy(kept, m.stack, (size_t)m.top * sizeof(item));
        *out = (collection){kept, m.top};
    }
    return PATH_OK;
}

path_status path_test(const program *p, path_run *run, uint32_t focus, tri *out) {
    MACHINE(m, p, run, focus);
    *out = TRI_UNKNOWN;
    if (!run_program(&m, focus) || !truth_of(&m, 0, m.top, out)) return m.status;
    return PATH_OK;
}
