/* SPDX-License-Identifier: Apache-2.0 */
/* call_collections.c: existence, subsets, sets, aggregates, the tree. Functions that keep a part of
 * their input move it within the stack and say so by c->placed. */
#include "path/calls.h"
#include <string.h>

static bool placed(machine *m, call *c, isize from, isize n) {
    if (n > 0 && from != c->in)
        memmove(m->stack + c->in, m->stack + from, (size_t)n * sizeof(item));
    m->top = c->in + (n > 0 ? n : 0);
    c->placed = true;
    return true;
}

bool call_empty(machine *m, call *c) { return push_boolean(m, c->n == 0); }
bool call_count(machine *m, call *c) { return push_integer(m, c->n); }

bool call_not(machine *m, call *c) {
    tri t;
    return truth_of(m, c->in, c->n, &t) && push_tri(m, tri_not(t));
}

/* allTrue and its kin: every item must be a Boolean. */
static bool every(machine *m, const call *c, bool wanted, bool any) {
    bool found = false;
    for (isize i = 0; i < c->n; i++) {
        value v;
        if (!value_load(m, m->stack[c->in + i], &v)) continue;
        if (v.it.kind != ITEM_BOOLEAN)
            return machine_fail(m, "%s() needs Booleans only", c->row->name);
        found = found || v.it.boolean == wanted;
    }
    return push_boolean(m, any ? found : !found);
}

bool call_allTrue(machine *m, call *c) { return every(m, c, false, false); }
bool call_anyTrue(machine *m, call *c) { return every(m, c, true, true); }
bool call_allFalse(machine *m, call *c) { return every(m, c, true, false); }
bool call_anyFalse(machine *m, call *c) { return every(m, c, false, true); }

static bool subset(machine *m, isize a, isize an, isize b, isize bn) {
    bool found = true;
    for (isize i = 0; i < an && found; i++)
        if (!contains_item(m, b, bn, m->stack[a + i], &found)) return false;
    return push_boolean(m, found);
}

bool call_subsetOf(machine *m, call *c) { return subset(m, c->in, c->n, c->arg[0], c->arg_n[0]); }
bool call_supersetOf(machine *m, call *c) { return subset(m, c->arg[0], c->arg_n[0], c->in, c->n); }

bool call_distinct(machine *m, call *c) {
    c->placed = true;
    return make_distinct(m, c->in);
}

bool call_isDistinct(machine *m, call *c) {
    bool found = false;
    for (isize i = 1; i < c->n && !found; i++)
        if (!contains_item(m, c->in, i, m->stack[c->in + i], &found)) return false;
    return push_boolean(m, !found);
}

bool call_single(machine *m, call *c) {
    if (c->n > 1) return machine_fail(m, "single() found more than one item");
    return placed(m, c, c->in, c->n);
}
bool call_first(machine *m, call *c) { return placed(m, c, c->in, c->n > 0); }
bool call_last(machine *m, call *c) { return placed(m, c, c->in + c->n - 1, c->n > 0); }
bool call_tail(machine *m, call *c) { return placed(m, c, c->in + 1, c->n - 1); }

static isize clamp(int64_t n, isize most) { return n < 0 ? 0 : n > most ? most : (isize)n; }

bool call_skip(machine *m, call *c) {
    isize n = clamp(c->args_v[0].it.integer, c->n);
    return placed(m, c, c->in + n, c->n - n);
}
bool call_take(machine *m, call *c) {
    return placed(m, c, c->in, clamp(c->args_v[0].it.integer, c->n));
}

/* Keeps the input's items that are, or are not, in the argument. */
static bool filter_by(machine *m, call *c, bool wanted) {
    isize kept = 0;
    for (isize i = 0; i < c->n; i++) {
        bool found;
        item it = m->stack[c->in + i];
        if (!contains_item(m, c->arg[0], c->arg_n[0], it, &found)) return false;
        if (found == wanted) m->stack[c->in + kept++] = it;
    }
    return placed(m, c, c->in, kept);
}

bool call_exclude(machine *m, call *c) { return filter_by(m, c, false); }
bool call_intersect(machine *m, call *c) {
    return filter_by(m, c, true) && make_distinct(m, c->in);
}

/* The argument follows the input on the stack already. Order is always kept, so that preserveOrder
 * changes nothing. */
bool call_combine(machine *m, call *c) { return placed(m, c, c->in, c->n + c->arg_n[0]); }
bool call_union(machine *m, call *c) {
    return placed(m, c, c->in, c->n + c->arg_n[0]) && make_distinct(m, c->in);
}

bool call_children(machine *m, call *c) {
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        if (it.kind != ITEM_NODE) continue;
        for (uint32_t k = it.node + 1; k < m->nodes[it.node].next; k = m->nodes[k].next)
            if (!machine_step(m, 1) || !push(m, node_item(m, k))) return false;
    }
    return true;
}

bool call_descendants(machine *m, call *c) {
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        if (it.kind != ITEM_NODE) continue;
        for (uint32_t k = it.node + 1; k < m->nodes[it.node].next; k++)
            if (!machine_step(m, 1) || !push(m, node_item(m, k))) return false;
    }
    return true;
}

/* --- aggregates (FHIRPath 3.0): sum, min, max, avg --- */
/* Adds all items with the operators' own rules; *v is not touched when there are none. */
static bool add_all(machine *m, const call *c, value *sum, bool *any) {
    *any = false;
    for (isize i = 0; i < c->n; i++) {
        value next;
        if (!value_load(m, m->stack[c->in + i], &next)) continue;
        if (!*any) {
            *any = value_load(m, m->stack[c->in + i], sum);
            continue;
        }
        isize at = m->top;
        if (!arith_run(m, OP_add, sum, &next)) return false;
        if (m->top == at) { /* overflow: the sum is empty */
            *any = false;
            return true;
        }
        value_load(m, m->stack[at], sum);
        m->top = at;
    }
    return true;
}

bool call_sum(machine *m, call *c) {
    value sum;
    bool any;
    if (!add_all(m, c, &sum, &any) || !any) return m->status == PATH_OK;
    if (sum.it.kind == ITEM_QUANTITY)
        return push_quantity(m, sum.quantity.value, sum.quantity.unit, sum.quantity.calendar);
    return push(m, sum.it);
}

bool call_avg(machine *m, call *c) {
    value sum, count;
    bool any;
    if (!add_all(m, c, &sum, &any) || !any) return m->status == PATH_OK;
    count.it = (item){.kind = ITEM_DECIMAL, .coef = 0};
    for (isize i = 0; i < c->n; i++) {
        value v;
        count.it.coef += value_load(m, m->stack[c->in + i], &v);
    }
    return arith_run(m, OP_divide, &sum, &count);
}

static bool extreme(machine *m, const call *c, int sign) {
    isize best = -1;
    value b, v;
    for (isize i = 0; i < c->n; i++) {
        tri decided;
        int order;
        if (!value_load(m, m->stack[c->in + i], &v)) continue;
        if (best >= 0) {
            if (!values_order(m, &v, &b, &decided, &order)) return false;
            if (decided == TRI_UNKNOWN) return true;
            if (order * sign <= 0) continue;
        }
        best = i;
        value_load(m, m->stack[c->in + i], &b);
    }
    return best < 0 || push(m, m->stack[c->in + best]);
}

bool call_min(machine *m, call *c) { return extreme(m, c, -1); }
bool call_max(machine *m, call *c) { return extreme(m, c, 1); }
