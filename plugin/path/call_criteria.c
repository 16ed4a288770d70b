/* SPDX-License-Identifier: Apache-2.0 */
/* call_criteria.c: the functions that run an expression per item, or lazily. A focus is copied out
 * of the stack before a part runs, because running may move the stack. */
#include "path/calls.h"
#include <string.h>

/* Runs part k on the i-th input item. */
static bool on_item(machine *m, const call *c, int k, isize i, isize *at) {
    item it = m->stack[c->in + i];
    frame f = {
        .focus = &it, .n = 1, .index = i, .total = m->frame->total, .total_n = m->frame->total_n};
    return part_run(m, c, k, &f, at);
}

/* Runs part 0 on the i-th item as a criterion; the stack is as before. */
static bool test_item(machine *m, const call *c, isize i, tri *out) {
    isize at;
    if (!on_item(m, c, 0, i, &at) || !truth_of(m, at, m->top - at, out)) return false;
    m->top = at;
    return true;
}

bool call_where(machine *m, call *c) {
    isize kept = 0;
    for (isize i = 0; i < c->n; i++) {
        tri t;
        if (!test_item(m, c, i, &t)) return false;
        if (t == TRI_TRUE) m->stack[c->in + kept++] = m->stack[c->in + i];
    }
    m->top = c->in + kept;
    c->placed = true;
    return true;
}

bool call_select(machine *m, call *c) {
    isize at;
    for (isize i = 0; i < c->n; i++)
        if (!on_item(m, c, 0, i, &at)) return false;
    return true;
}

bool call_exists(machine *m, call *c) {
    if (c->parts == 0) return push_boolean(m, c->n > 0);
    tri t = TRI_FALSE;
    for (isize i = 0; i < c->n && t != TRI_TRUE; i++)
        if (!test_item(m, c, i, &t)) return false;
    return push_boolean(m, t == TRI_TRUE);
}

bool call_all(machine *m, call *c) {
    tri t = TRI_TRUE;
    for (isize i = 0; i < c->n && t == TRI_TRUE; i++)
        if (!test_item(m, c, i, &t)) return false;
    return push_boolean(m, t == TRI_TRUE);
}

/* Keeps of [at, top) what the result, which ends at `at`, does not hold already. (FHIRPath: repeat
 * adds an item once, by `=`.) */
static bool add_new(machine *m, isize result, isize at) {
    isize end = m->top, kept = at;
    for (isize i = at; i < end; i++) {
        bool known;
        if (!contains_item(m, result, kept - result, m->stack[i], &known)) return false;
        if (!known) m->stack[kept++] = m->stack[i];
    }
    m->top = kept;
    return true;
}

static bool repeat(machine *m, const call *c, bool all) {
    isize result = m->top, at;
    /* The input first, then the result as it grows. FHIRPath 3.0: $index is not defined here. */
    for (isize next = c->in; next < m->top; next = next + 1 == c->in + c->n ? result : next + 1) {
        item it = m->stack[next];
        frame f = {.focus = &it, .n = 1, .index = -1};
        if (!part_run(m, c, 0, &f, &at)) return false;
        if (!all && !add_new(m, result, at)) return false;
    }
    return true;
}

bool call_repeat(machine *m, call *c) { return repeat(m, c, false); }
bool call_repeatAll(machine *m, call *c) { return repeat(m, c, true); }

/* Copies a span of the stack to the arena, for a focus or a variable of several items. */
static collection keep(machine *m, isize at, isize n) {
    if (n == 0) return (collection){0};
    item *items = arena_new(m->run->arena, item, n);
    memcpy(items, m->stack + at, (size_t)n * sizeof(item));
    return (collection){items, n};
}

bool call_iif(machine *m, call *c) {
    if (c->n > 1) return machine_fail(m, "iif() needs at most one item as its input");
    item it = c->n == 1 ? m->stack[c->in] : (item){0};
    frame f = *m->frame;
    f.focus = &it;
    f.n = c->n;
    isize at;
    tri t;
    if (!part_run(m, c, 0, &f, &at) || !truth_of(m, at, m->top - at, &t)) return false;
    m->top = at;
    if (t == TRI_TRUE) return part_run(m, c, 1, &f, &at);
    return c->parts < 3 || part_run(m, c, 2, &f, &at);
}

bool call_coalesce(machine *m, call *c) {
    frame f = *m->frame;
    isize at;
    for (int k = 0; k < c->parts; k++) {
        if (!part_run(m, c, k, &f, &at)) return false;
        if (m->top > at) return true;
    }
    return true;
}

bool call_aggregate(machine *m, call *c) {
    collection total = c->args > 0 ? keep(m, c->arg[0], c->arg_n[0]) : (collection){0};
    isize base = m->top, at;
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        frame f = {.focus = &it, .n = 1, .index = i, .total = total.items, .total_n = total.n};
        if (!part_run(m, c, 0, &f, &at)) return false;
        total = keep(m, at, m->top - at);
        m->top = base;
    }
    for (isize i = 0; i < total.n; i++)
        if (!push(m, total.items[i])) return false;
    return true;
}

/* The input goes on unchanged; there is no output to trace to in a pure room, but the projection
 * runs, so that an error in it shows. */
bool call_trace(machine *m, call *c) {
    isize at, base = m->top;
    for (isize i = 0; c->parts > 0 && i < c->n; i++) {
        if (!on_item(m, c, 0, i, &at)) return false;
        m->top = base;
    }
    m->top = c->in + c->n;
    c->placed = true;
    return true;
}

/* FHIRPath 3.0: the expression sees the whole input; the input goes on unchanged. The first
 * argument is the variable's slot (lower.c). */
bool call_defineVariable(machine *m, call *c) {
    int64_t slot = m->stack[c->arg[0]].integer;
    collection kept = keep(m, c->in, c->n), variable = kept;
    if (c->parts > 0) {
        frame f = *m->frame;
        f.focus = kept.items;
        f.n = kept.n;
        isize at;
        if (!part_run(m, c, 0, &f, &at)) return false;
        variable = keep(m, at, m->top - at);
    }
    m->variables[slot] = variable;
    m->top = c->in + c->n;
    c->placed = true;
    return true;
}

/* --- sort --- */
typedef struct sort_row {
    item it;
    isize keys; /* index of the first key of this row */
} sort_row;

typedef struct sort_key {
    bool present;
    value value;
} sort_key;

typedef struct sorting {
    machine *m;
    sort_key *keys;
    int per_row;
    const bool *descending;
} sorting;

/* Empty sorts first in both directions (FHIRPath 3.0, sort; docs/decisions.md). False when two keys
 * have no order. */
static bool rows_order(const sorting *s, const sort_row *a, const sort_row *b, int *order) {
    *order = 0;
    for (int k = 0; k < s->per_row && *order == 0; k++) {
        const sort_key *x = &s->keys[a->keys + k], *y = &s->keys[b->keys + k];
        tri decided = TRI_TRUE;
        if (!x->present || !y->present) {
            *order = x->present - y->present;
            continue;
        }
        if (!values_order(s->m, &x->value, &y->value, &decided, order)) return false;
        if (decided == TRI_UNKNOWN) *order = 0;
        if (s->descending[k]) *order = -*order;
    }
    return true;
}

/* Merges rows [a, middle) and [middle, end) into `to`; stable. */
static bool merge(const sorting *s, const sort_row *from, sort_row *to, isize a, isize middle,
                  isize end) {
    isize i = a, j = middle, n = a;
    while (i < middle && j < end) {
        int order;
        if (!machine_step(s->m, 1) || !rows_order(s, &from[i], &from[j], &order)) return false;
        to[n++] = order <= 0 ? from[i++] : from[j++];
    }
    while (i < middle) to[n++] = from[i++];
    while (j < end) to[n++] = from[j++];
    return true;
}

static bool merge_sort(const sorting *s, sort_row **rows, sort_row *spare, isize n) {
    for (isize width = 1; width < n; width *= 2) {
        for (isize a = 0; a < n; a += 2 * width) {
            isize middle = a + width < n ? a + width : n;
            isize end = a + 2 * width < n ? a + 2 * width : n;
            if (!merge(s, *rows, spare, a, middle, end)) return false;
        }
        sort_row *t = *rows;
        *rows = spare;
        spare = t;
    }
    return true;
}

/* Evaluates the keys of one row; without an expression the item itself is the key. */
static bool row_keys(machine *m, const call *c, isize i, sort_key *keys) {
    if (c->parts == 0) {
        keys[0].present = value_load(m, m->stack[c->in + i], &keys[0].value);
        return true;
    }
    for (int k = 0; k < c->parts; k++) {
        isize at;
        if (!on_item(m, c, k, i, &at)) return false;
        if (m->top - at > 1) return machine_fail(m, "a key of sort() needs at most one item");
        keys[k].present = m->top > at && value_load(m, m->stack[at], &keys[k].value);
        m->top = at;
    }
    return true;
}

bool call_sort(machine *m, call *c) {
    int per_row = c->parts > 0 ? c->parts : 1;
    bool *descending = arena_new(m->run->arena, bool, per_row);
    const op *part = c->part;
    for (int k = 0; k < c->parts; k++, part = &m->program->ops[part->b])
        descending[k] = part->a != 0;
    if (!machine_step(m, c->n * per_row)) return false;
    sort_key *keys = arena_new(m->run->arena, sort_key, c->n * per_row);
    sort_row *rows = arena_new(m->run->arena, sort_row, c->n);
    sort_row *spare = arena_new(m->run->arena, sort_row, c->n);
    for (isize i = 0; i < c->n; i++) {
        if (!row_keys(m, c, i, &keys[i * per_row])) return false;
        rows[i] = (sort_row){m->stack[c->in + i], i * per_row};
    }
    sorting s = {m, keys, per_row, descending};
    if (!merge_sort(&s, &rows, spare, c->n)) return false;
    for (isize i = 0; i < c->n; i++) m->stack[c->in + i] = rows[i].it;
    m->top = c->in + c->n;
    c->placed = true;
    return true;
}
