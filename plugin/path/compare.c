/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c: `=`, `~` and order (FHIRPath: Equality, Equivalence, Comparison; FHIR R4 fhirpath.html
 * for Quantity). */
#include "fhir/quantity.h"
#include "path/machine.h"
#include "path/text.h"
#include <string.h>

/* The plain text of a primitive node, without a copy. False when it has none. */
static inline bool node_span(const machine *m, item it, str *out) {
    if (it.kind == ITEM_STRING) {
        *out = it.text;
        return true;
    }
    if (it.kind != ITEM_NODE) return false;
    const node *n = &m->nodes[it.node];
    if (n->kind != NODE_PRIMITIVE || !(n->flags & NODE_HAS_TEXT) || (n->flags & NODE_ESCAPED))
        return false;
    if (value_kind_of_type(n->type) != ITEM_STRING) return false;
    *out = (str){n->text, n->length};
    return true;
}

/* --- Quantity --- */
static tri calendar_order(const quantity_value *a, const quantity_value *b, int *order) {
    decimal months_a, months_b;
    decimal year = decimal_int(12), month = decimal_int(1);
    if (!decimal_mul(a->value, str_eq(a->unit, S("year")) ? year : month, &months_a) ||
        !decimal_mul(b->value, str_eq(b->unit, S("year")) ? year : month, &months_b))
        return TRI_UNKNOWN;
    *order = decimal_compare(months_a, months_b);
    return TRI_TRUE;
}

static tri quantities_order(const quantity_value *a, const quantity_value *b, int *order) {
    bool calendar_a, calendar_b;
    str unit_a = quantity_ucum(a, &calendar_a), unit_b = quantity_ucum(b, &calendar_b);
    if (calendar_a && calendar_b) return calendar_order(a, b, order);
    /* A calendar year is no definite number of seconds: FHIRPath, Quantity, Time-valued. */
    if (calendar_a || calendar_b || unit_a.n == 0 || unit_b.n == 0) return TRI_UNKNOWN;
    if (str_eq(unit_a, unit_b)) {
        *order = decimal_compare(a->value, b->value);
        return TRI_TRUE;
    }
    return quantity_compare(a->value, unit_a, b->value, unit_b, order);
}

static bool decimals_equivalent(decimal a, decimal b) {
    int places_a = decimal_places(a), places_b = decimal_places(b);
    int places = places_a < places_b ? places_a : places_b;
    return decimal_compare(decimal_round(a, places), decimal_round(b, places)) == 0;
}

static bool quantities_equivalent(const quantity_value *a, const quantity_value *b) {
    bool calendar_a, calendar_b;
    str unit_a = quantity_ucum(a, &calendar_a), unit_b = quantity_ucum(b, &calendar_b);
    int order = 1;
    if (calendar_a && calendar_b) return calendar_order(a, b, &order) == TRI_TRUE && order == 0;
    /* FHIRPath: `1 year ~ 1 'a'` is true though `=` is empty. */
    if (calendar_a) unit_a = str_eq(unit_a, S("year")) ? S("a") : S("mo");
    if (calendar_b) unit_b = str_eq(unit_b, S("year")) ? S("a") : S("mo");
    if (unit_a.n == 0 || unit_b.n == 0) return false;
    if (str_eq(unit_a, unit_b)) return decimals_equivalent(a->value, b->value);
    return quantity_equivalent(a->value, unit_a, b->value, unit_b) == TRI_TRUE;
}

/* A number next to a Quantity counts as one of unit 1 (FHIRPath: Conversion table). */
static void promote(value *v) {
    if (!is_number(v->it)) return;
    v->quantity = (quantity_value){item_decimal(v->it), S("1"), false};
    v->it = (item){.kind = ITEM_QUANTITY, .quantity = &v->quantity};
}

/* --- complex elements --- */
static bool trees_equal(machine *m, uint32_t a, uint32_t b, bool loose, tri *out, int depth);

static bool subtree_same_text(machine *m, uint32_t a, uint32_t b) {
    const node *x = &m->nodes[a], *y = &m->nodes[b];
    if ((x->flags ^ y->flags) & NODE_HAS_TEXT) return false;
    if (!(x->flags & NODE_HAS_TEXT)) return true;
    return str_eq(tape_text(m->run->tape, a, m->run->arena),
                  tape_text(m->run->tape, b, m->run->arena));
}

/* Two primitives compare by their values, and so do their ids and extensions (FHIR R4: children of
 * an element take part in `=`). */
static bool primitives_equal(machine *m, uint32_t a, uint32_t b, bool loose, tri *out) {
    value x, y;
    bool has_x = value_load(m, node_item(m, a), &x), has_y = value_load(m, node_item(m, b), &y);
    if (!has_x || !has_y) {
        *out = tri_of(subtree_same_text(m, a, b));
        return true;
    }
    bool same;
    if (!loose) return items_equal(m, x.it, y.it, out);
    if (!items_equivalent(m, x.it, y.it, &same)) return false;
    *out = tri_of(same);
    return true;
}

/* Equivalence ignores the order of repeated children: each child of a finds its own among b's. */
static bool children_equivalent(machine *m, uint32_t a, uint32_t b, tri *out, int depth) {
    const node *nodes = m->nodes;
    isize count_a = 0, count_b = 0;
    for (uint32_t i = a + 1; i < nodes[a].next; i = nodes[i].next) count_a++;
    for (uint32_t i = b + 1; i < nodes[b].next; i = nodes[i].next) count_b++;
    *out = tri_of(count_a == count_b);
    bool *used = arena_new(m->run->arena, bool, count_b + 1);
    uint32_t free = b + 1; /* all before it are used */
    isize free_k = 0;
    for (uint32_t i = a + 1; *out == TRI_TRUE && i < nodes[a].next; i = nodes[i].next) {
        tri same = TRI_FALSE;
        for (; free < nodes[b].next && used[free_k]; free = nodes[free].next) free_k++;
        isize k = free_k;
        for (uint32_t j = free; same != TRI_TRUE && j < nodes[b].next; j = nodes[j].next, k++) {
            if (!machine_step(m, 1)) return false;
            if (used[k] || nodes[j].key != nodes[i].key) continue;
            if (!trees_equal(m, i, j, true, &same, depth + 1)) return false;
            if (same == TRI_TRUE) used[k] = true;
        }
        *out = tri_of(same == TRI_TRUE);
    }
    return true;
}

/* The first child from `from` on that has the key. */
static uint32_t child_from(const node *nodes, uint32_t parent, uint32_t from, model_key key) {
    for (uint32_t j = from; j < nodes[parent].next; j = nodes[j].next)
        if (nodes[j].key == key) return j;
    return TAPE_NONE;
}

/* Children by name and position; the order of different names means nothing. */
static bool children_equal(machine *m, uint32_t a, uint32_t b, tri *out, int depth) {
    const node *nodes = m->nodes;
    isize count_a = 0, count_b = 0;
    uint32_t j = TAPE_NONE; /* the one that belongs to the child of a before */
    model_key last = KEY_NONE;
    tri all = TRI_TRUE;
    for (uint32_t k = b + 1; k < nodes[b].next; k = nodes[k].next) count_b++;
    for (uint32_t i = a + 1; all != TRI_FALSE && i < nodes[a].next; i = nodes[i].next) {
        bool repeats = nodes[i].key == last && j != TAPE_NONE;
        last = nodes[i].key;
        count_a++;
        j = child_from(nodes, b, repeats ? nodes[j].next : b + 1, last);
        tri same = TRI_FALSE;
        if (j != TAPE_NONE && !trees_equal(m, i, j, false, &same, depth + 1)) return false;
        all = tri_and(all, same);
    }
    *out = count_a == count_b ? all : TRI_FALSE;
    return true;
}

static bool trees_equal(machine *m, uint32_t a, uint32_t b, bool loose, tri *out, int depth) {
    const node *x = &m->nodes[a], *y = &m->nodes[b];
    *out = tri_of(a == b);
    if (a == b) return true;
    if (!machine_step(m, 1)) return false;
    if (depth > LIMIT_DEPTH) return machine_limit(m, "depth of two compared elements");
    if (x->kind != y->kind) return true;
    if (x->kind == NODE_PRIMITIVE) {
        if (!primitives_equal(m, a, b, loose, out)) return false;
        if (*out == TRI_FALSE || (x->next == a + 1 && y->next == b + 1)) return true;
    }
    tri below = TRI_FALSE;
    if (!(loose ? children_equivalent(m, a, b, &below, depth)
                : children_equal(m, a, b, &below, depth)))
        return false;
    *out = x->kind == NODE_PRIMITIVE ? tri_and(*out, below) : below;
    return true;
}

/* --- values --- */
static tri codings_equal(const coding_value *a, const coding_value *b) {
    return tri_of(str_eq(a->system, b->system) && str_eq(a->code, b->code) &&
                  str_eq(a->display, b->display));
}

static tri types_equal(item a, item b) {
    return tri_of(str_eq(a.text, b.text) && a.scale == b.scale);
}

static tri values_equal(value *a, value *b) {
    int order = 1;
    if (is_number(a->it) && is_number(b->it))
        return tri_of(decimal_compare(item_decimal(a->it), item_decimal(b->it)) == 0);
    if (a->it.kind == ITEM_QUANTITY) promote(b);
    if (b->it.kind == ITEM_QUANTITY) promote(a);
    if (is_temporal(a->it) && is_temporal(b->it))
        return (a->it.kind == ITEM_TIME) != (b->it.kind == ITEM_TIME)
                   ? TRI_FALSE
                   : when_equal(a->when, b->when);
    if (a->it.kind != b->it.kind) return TRI_FALSE;
    switch ((item_kind)a->it.kind) {
    case ITEM_BOOLEAN: return tri_of(a->it.boolean == b->it.boolean);
    case ITEM_STRING: return tri_of(str_eq(a->it.text, b->it.text));
    case ITEM_QUANTITY:
        if (quantities_order(&a->quantity, &b->quantity, &order) == TRI_UNKNOWN) return TRI_UNKNOWN;
        return tri_of(order == 0);
    case ITEM_CODING: return codings_equal(a->it.coding, b->it.coding);
    case ITEM_TYPE: return types_equal(a->it, b->it);
    default: return TRI_FALSE;
    }
}

/* Two elements that are no values compare child by child; so do two Quantities whose units say
 * nothing. */
static bool both_complex(machine *m, item a, item b) {
    return a.kind == ITEM_NODE && b.kind == ITEM_NODE && m->nodes[a.node].kind == NODE_COMPLEX &&
           m->nodes[b.node].kind == NODE_COMPLEX;
}

bool items_equal(machine *m, item a, item b, tri *out) {
    str x, y;
    if (node_span(m, a, &x) && node_span(m, b, &y)) {
        if (x.n == y.n && x.n > STEP_BYTES && !machine_step(m, x.n / STEP_BYTES)) return false;
        *out = tri_of(str_eq(x, y));
        return true;
    }
    if (both_complex(m, a, b)) {
        if (!trees_equal(m, a.node, b.node, false, out, 0)) return false;
        if (*out == TRI_TRUE || value_kind_of_type(a.type) != ITEM_QUANTITY ||
            value_kind_of_type(b.type) != ITEM_QUANTITY)
            return true;
    }
    value v, w;
    bool has_v = value_load(m, a, &v), has_w = value_load(m, b, &w);
    *out = has_v && has_w ? values_equal(&v, &w) : TRI_UNKNOWN;
    return true;
}

/* FHIR R4 fhirpath.html: Codings are equivalent by system and code alone. */
static bool codings_equivalent(const coding_value *a, const coding_value *b) {
    return str_eq(a->system, b->system) && str_eq(a->code, b->code);
}

static bool values_equivalent(value *a, value *b) {
    if (is_number(a->it) && is_number(b->it))
        return decimals_equivalent(item_decimal(a->it), item_decimal(b->it));
    if (a->it.kind == ITEM_QUANTITY) promote(b);
    if (b->it.kind == ITEM_QUANTITY) promote(a);
    if (is_temporal(a->it) && is_temporal(b->it))
        return (a->it.kind == ITEM_TIME) == (b->it.kind == ITEM_TIME) &&
               when_equivalent(a->when, b->when);
    if (a->it.kind != b->it.kind) return false;
    if (a->it.kind == ITEM_STRING) return text_equivalent(a->it.text, b->it.text);
    if (a->it.kind == ITEM_QUANTITY) return quantities_equivalent(&a->quantity, &b->quantity);
    if (a->it.kind == ITEM_CODING) return codings_equivalent(a->it.coding, b->it.coding);
    return values_equal(a, b) == TRI_TRUE;
}

bool items_equivalent(machine *m, item a, item b, bool *out) {
    tri t;
    *out = false;
    if (both_complex(m, a, b)) {
        if (!trees_equal(m, a.node, b.node, true, &t, 0)) return false;
        *out = t == TRI_TRUE;
        if (*out || value_kind_of_type(a.type) != ITEM_QUANTITY) return true;
    }
    value v, w;
    bool has_v = value_load(m, a, &v), has_w = value_load(m, b, &w);
    if (has_v && has_w) *out = values_equivalent(&v, &w);
    return true;
}

bool collections_equal(machine *m, isize a, isize an, isize b, isize bn, tri *out) {
    *out = TRI_UNKNOWN;
    if (an == 0 || bn == 0) return true;
    *out = tri_of(an == bn);
    for (isize i = 0; *out != TRI_FALSE && i < an; i++) {
        tri one;
        if (!machine_step(m, 1) || !items_equal(m, m->stack[a + i], m->stack[b + i], &one))
            return false;
        *out = tri_and(*out, one);
    }
    return true;
}

bool collections_equivalent(machine *m, isize a, isize an, isize b, isize bn, bool *out) {
    *out = an == bn;
    bool *used = an > 1 ? arena_new(m->run->arena, bool, bn) : (bool[1]){false};
    isize free = 0; /* all before it are used */
    for (isize i = 0; *out && i < an; i++) {
        bool same = false;
        while (free < bn && used[free]) free++;
        for (isize j = free; !same && j < bn; j++) {
            if (!machine_step(m, 1)) return false;
            if (used[j]) continue;
            if (!items_equivalent(m, m->stack[a + i], m->stack[b + j], &same)) return false;
            if (same) used[j] = true;
        }
        *out = same;
    }
    return true;
}

/* The value as a Quantity, a number as one of unit 1; false for any other kind. */
static bool as_quantity(const value *v, quantity_value *out) {
    if (v->it.kind == ITEM_QUANTITY) {
        *out = v->quantity;
        return true;
    }
    if (!is_number(v->it)) return false;
    *out = (quantity_value){item_decimal(v->it), S("1"), false};
    return true;
}

bool values_order(machine *m, const value *a, const value *b, tri *decided, int *order) {
    *decided = TRI_TRUE;
    if (is_number(a->it) && is_number(b->it)) {
        *order = decimal_compare(item_decimal(a->it), item_decimal(b->it));
        return true;
    }
    if (a->it.kind == ITEM_STRING && b->it.kind == ITEM_STRING) {
        *order = str_compare(a->it.text, b->it.text);
        return true;
    }
    if (is_temporal(a->it) && is_temporal(b->it) &&
        (a->it.kind == ITEM_TIME) == (b->it.kind == ITEM_TIME)) {
        *decided = when_compare(a->when, b->when, order);
        return true;
    }
    quantity_value x, y;
    if (as_quantity(a, &x) && as_quantity(b, &y)) {
        *decided = quantities_order(&x, &y, order);
        return true;
    }
    return machine_fail(m, "%s and %s have no order between them", value_kind_name(a->it.kind),
                        value_kind_name(b->it.kind));
}

bool contains_item(machine *m, isize at, isize n, item it, bool *out) {
    *out = false;
    for (isize i = 0; !*out && i < n; i++) {
        tri same;
        if (!machine_step(m, 1) || !items_equal(m, m->stack[at + i], it, &same)) return false;
        *out = same == TRI_TRUE;
    }
    return true;
}

bool make_distinct(machine *m, isize at) {
    isize end = m->top, kept = at;
    for (isize i = at; i < end; i++) {
        bool found;
        if (!contains_item(m, at, kept - at, m->stack[i], &found)) return false;
        if (!found) m->stack[kept++] = m->stack[i];
    }
    m->top = kept;
    return true;
}
