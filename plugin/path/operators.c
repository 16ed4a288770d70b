/* SPDX-License-Identifier: Apache-2.0 */
/* operators.c: what the operators do with the one or two collections on top of the pile. */
#include "path/machine.h"

static bool run_subscript(machine *m) {
    isize n = pile_n(m), at = pile_at(m);
    m->depth--;
    isize in = pile_at(m), in_n = at - in;
    if (n > 1) return machine_fail(m, "an index needs one Integer, not several items");
    value v;
    bool has = n == 1 && value_load(m, m->stack[at], &v);
    if (has && v.it.kind != ITEM_INTEGER) return machine_fail(m, "an index must be an Integer");
    m->top = in;
    if (!has || v.it.integer < 0 || v.it.integer >= in_n) return true;
    m->stack[in] = m->stack[in + v.it.integer];
    m->top = in + 1;
    return true;
}

bool truth_of(machine *m, isize at, isize n, tri *out) {
    *out = TRI_UNKNOWN;
    if (n == 0) return true;
    if (n > 1) return machine_fail(m, "a Boolean is needed here, not several items");
    item it = m->stack[at];
    if (it.kind == ITEM_NODE && value_kind_of_type(it.type) == ITEM_BOOLEAN) {
        value v;
        if (value_load(m, it, &v)) *out = tri_of(v.it.boolean);
    } else {
        *out = tri_of(it.kind != ITEM_BOOLEAN || it.boolean);
    }
    return true;
}

/* The last two collections as truth values; both are taken off and the result is put in place. */
static bool run_logic(machine *m, op_code code) {
    tri a, b, t;
    isize right = pile_at(m), right_n = pile_n(m);
    m->depth--;
    isize left = pile_at(m);
    if (!truth_of(m, left, right - left, &a) || !truth_of(m, right, right_n, &b)) return false;
    t = code == OP_and   ? tri_and(a, b)
        : code == OP_or  ? tri_or(a, b)
        : code == OP_xor ? tri_xor(a, b)
                         : tri_implies(a, b);
    m->top = left;
    return push_tri(m, t);
}

/* After the left side of and, or, implies: true in *skip when it decides alone. An unknown left
 * side never does. */
bool operator_left(machine *m, op_code code, bool *skip) {
    tri a;
    isize at = pile_at(m);
    if (!truth_of(m, at, pile_n(m), &a)) return false;
    *skip = a == (code == OP_or_left ? TRI_TRUE : TRI_FALSE);
    m->top = at;
    return *skip ? push_boolean(m, code != OP_and_left) : push_tri(m, a);
}

static bool run_equality(machine *m, op_code code) {
    isize b = pile_at(m), bn = pile_n(m);
    m->depth--;
    isize a = pile_at(m), an = b - a;
    tri t = TRI_UNKNOWN;
    bool same = false;
    if (code == OP_equal || code == OP_not_equal) {
        if (!collections_equal(m, a, an, b, bn, &t)) return false;
    } else {
        if (!collections_equivalent(m, a, an, b, bn, &same)) return false;
        t = tri_of(same);
    }
    m->top = a;
    return push_tri(m, code == OP_not_equal || code == OP_not_equivalent ? tri_not(t) : t);
}

static bool run_membership(machine *m, op_code code) {
    isize b = pile_at(m), bn = pile_n(m);
    m->depth--;
    isize a = pile_at(m), an = b - a;
    isize one = code == OP_in ? a : b, one_n = code == OP_in ? an : bn;
    isize all = code == OP_in ? b : a, all_n = code == OP_in ? bn : an;
    bool found = false;
    if (one_n > 1)
        return machine_fail(m, "%s needs at most one item on its %s side",
                            code == OP_in ? "in" : "contains", code == OP_in ? "left" : "right");
    if (one_n == 1 && !contains_item(m, all, all_n, m->stack[one], &found)) return false;
    m->top = a;
    return one_n == 0 || push_boolean(m, found);
}

static bool run_union(machine *m) {
    m->depth--;
    return make_distinct(m, pile_at(m));
}

static const char *const op_signs[OP_COUNT] = {[OP_multiply] = "*",
                                               [OP_divide] = "/",
                                               [OP_div] = "div",
                                               [OP_mod] = "mod",
                                               [OP_add] = "+",
                                               [OP_subtract] = "-",
                                               [OP_concatenate] = "&",
                                               [OP_less] = "<",
                                               [OP_greater] = ">",
                                               [OP_less_or_equal] = "<=",
                                               [OP_greater_or_equal] = ">="};

/* Takes the last two collections as single values; *has false when one is empty or has no value. */
static bool take_operands(machine *m, op_code code, value *a, value *b, bool *has_a, bool *has_b) {
    isize right = pile_at(m), right_n = pile_n(m);
    m->depth--;
    isize left = pile_at(m), left_n = right - left;
    if (left_n > 1 || right_n > 1)
        return machine_fail(m, "%s needs at most one item on its %s side", op_signs[code],
                            left_n > 1 ? "left" : "right");
    *has_a = left_n == 1 && value_load(m, m->stack[left], a);
    *has_b = right_n == 1 && value_load(m, m->stack[right], b);
    m->top = left;
    return true;
}

static bool push_order(machine *m, op_code code, const value *a, const value *b) {
    tri decided;
    int order = 0;
    if (!values_order(m, a, b, &decided, &order)) return false;
    if (decided == TRI_UNKNOWN) return true;
    switch (code) {
    case OP_less: return push_boolean(m, order < 0);
    case OP_greater: return push_boolean(m, order > 0);
    case OP_less_or_equal: return push_boolean(m, order <= 0);
    default: return push_boolean(m, order >= 0);
    }
}

static bool run_order(machine *m, op_code code) {
    value a, b;
    bool has_a, has_b;
    if (!take_operands(m, code, &a, &b, &has_a, &has_b)) return false;
    return !has_a || !has_b || push_order(m, code, &a, &b);
}

static bool run_arithmetic(machine *m, op_code code) {
    value a, b;
    bool has_a, has_b;
    if (!take_operands(m, code, &a, &b, &has_a, &has_b)) return false;
    if (code == OP_concatenate) {
        /* FHIRPath: & treats an empty side as the empty string. */
        if (!has_a) a.it = (item){.kind = ITEM_STRING};
        if (!has_b) b.it = (item){.kind = ITEM_STRING};
    } else if (!has_a || !has_b) {
        return true;
    }
    return arith_run(m, code, &a, &b);
}

/* --- with a constant on the right --- */
bool operator_equal(machine *m, isize at, const item *right, bool negated) {
    isize n = m->top - at;
    tri t = TRI_UNKNOWN;
    if (n == 1 && !items_equal(m, m->stack[at], *right, &t)) return false;
    if (n > 1) t = TRI_FALSE;
    m->top = at;
    return push_tri(m, negated ? tri_not(t) : t);
}

static bool equivalent_constant(machine *m, op_code code, isize at, const item *right) {
    bool same = false;
    if (m->top - at == 1 && !items_equivalent(m, m->stack[at], *right, &same)) return false;
    m->top = at;
    return push_boolean(m, same == (code == OP_equivalent));
}

static bool order_constant(machine *m, op_code code, isize at, const item *right) {
    value a, b;
    if (m->top - at > 1)
        return machine_fail(m, "%s needs at most one item on its left side", op_signs[code]);
    bool has = m->top > at && value_load(m, m->stack[at], &a) && value_load(m, *right, &b);
    m->top = at;
    return !has || push_order(m, code, &a, &b);
}

static bool run_compare(machine *m, const op *o) {
    op_code code = (op_code)o->a;
    const item *right = &m->program->constants[o->b];
    isize at = pile_at(m);
    switch (code) {
    case OP_equal:
    case OP_not_equal: return operator_equal(m, at, right, code == OP_not_equal);
    case OP_equivalent:
    case OP_not_equivalent: return equivalent_constant(m, code, at, right);
    default: return order_constant(m, code, at, right);
    }
}

static bool run_in_constants(machine *m, const op *o) {
    const item *all = &m->program->constants[o->b];
    isize at = pile_at(m), n = pile_n(m);
    tri same = TRI_FALSE;
    if (n > 1) return machine_fail(m, "in needs at most one item on its left side");
    if (n == 0) return true;
    for (int i = 0; i < o->a && same != TRI_TRUE; i++)
        if (!items_equal(m, m->stack[at], all[i], &same)) return false;
    m->top = at;
    return push_boolean(m, same == TRI_TRUE);
}

static bool run_sign(machine *m, op_code code) {
    isize at = pile_at(m), n = pile_n(m);
    value v;
    if (n > 1) return machine_fail(m, "a sign needs at most one item");
    bool has = n == 1 && value_load(m, m->stack[at], &v);
    m->top = at;
    if (!has) return true;
    if (!is_number(v.it) && v.it.kind != ITEM_QUANTITY)
        return machine_fail(m, "a sign needs a number or a Quantity");
    if (code == OP_minus) return arith_negate(m, &v);
    if (v.it.kind == ITEM_QUANTITY)
        return push_quantity(m, v.quantity.value, v.quantity.unit, v.quantity.calendar);
    return push(m, v.it);
}

static bool run_type_test(machine *m, const op *o) {
    isize at = pile_at(m), n = pile_n(m);
    if (n > 1)
        return machine_fail(m, "%s needs at most one item on its left side",
                            o->code == OP_is ? "is" : "as");
    /* FHIRPath 3.0 (FHIR-25189): {} is T is false; N1 and the R4 suite have it empty. */
    if (n == 0) return o->code == OP_as || m->program->edition_r4 || push_boolean(m, false);
    item it = m->stack[at], type = m->program->constants[o->b];
    m->top = at;
    if (o->code == OP_is) return push_boolean(m, type_matches(m, it, type, false));
    return !type_matches(m, it, type, true) || push(m, it);
}

bool operator_run(machine *m, const op *o) {
    op_code code = (op_code)o->code;
    switch (code) {
    case OP_subscript: return run_subscript(m);
    case OP_plus:
    case OP_minus: return run_sign(m, code);
    case OP_is:
    case OP_as: return run_type_test(m, o);
    case OP_union: return run_union(m);
    case OP_compare: return run_compare(m, o);
    case OP_in_constants: return run_in_constants(m, o);
    case OP_less:
    case OP_greater:
    case OP_less_or_equal:
    case OP_greater_or_equal: return run_order(m, code);
    case OP_equal:
    case OP_equivalent:
    case OP_not_equal:
    case OP_not_equivalent: return run_equality(m, code);
    case OP_in:
    case OP_contains: return run_membership(m, code);
    case OP_and:
    case OP_xor:
    case OP_or:
    case OP_implies: return run_logic(m, code);
    default: return run_arithmetic(m, code);
    }
}
