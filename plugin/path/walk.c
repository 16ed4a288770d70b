/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c: from items to the elements below them. A path is walked branch by branch, which gives the
 * same order as step by step and needs no collections in between. */
#include "path/machine.h"

/* The parts of values that are no elements: a Coding from translate(), a Quantity, a type. */
bool push_value_part(machine *m, item it, str name) {
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

/* type_matches() for a node, without an item. */
static bool goes_on(const machine *m, const node *n, const step *s) {
    if (s->only == TYPE_NONE || n->type == s->only) return true;
    if (n->type == TYPE_NONE || (s->exactly && n->kind == NODE_PRIMITIVE)) return false;
    return model_is_a(m->model, n->type, s->only);
}

static bool walk_node(machine *m, uint32_t at, const step *s, const step *end) {
    const node *nodes = m->nodes;
    for (; s < end && s->stays; s++)
        if (!goes_on(m, &nodes[at], s)) return true;
    if (s == end) return push_node(m, at);
    uint32_t past = nodes[at].next, i = at + 1;
    int64_t seen = 0;
    for (; i < past && nodes[i].key != s->key; i = nodes[i].next) seen++;
    if (!machine_step(m, seen)) return false;
    /* tape.h: siblings of one key stand together. */
    for (; i < past && nodes[i].key == s->key; i = nodes[i].next) {
        if (!goes_on(m, &nodes[i], s)) continue;
        if (!(s + 1 == end ? push_node(m, i) : walk_node(m, i, s + 1, end))) return false;
    }
    return true;
}

static bool walk_value(machine *m, item it, const step *s, const step *end) {
    const item *constants = m->program->constants;
    isize from = m->top;
    if (!push(m, it)) return false;
    for (; s < end && m->top > from; s++) {
        it = m->stack[from];
        if (!s->stays) {
            m->top = from;
            if (!push_value_part(m, it, constants[s->name].text)) return false;
        }
        bool tested = m->top > from && s->only != TYPE_NONE;
        if (tested && !type_matches(m, m->stack[from], constants[s->type], s->exactly))
            m->top = from;
    }
    return true;
}

bool walk(machine *m, item it, const step *steps, int n) {
    if (it.kind == ITEM_NODE) return walk_node(m, it.node, steps, steps + n);
    return walk_value(m, it, steps, steps + n);
}
