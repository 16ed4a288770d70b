/* SPDX-License-Identifier: Apache-2.0 */
/* call.c: what happens before and after every function: the single input and the arguments are
 * checked and converted by the row of calls.def, an empty one makes the result empty, and the
 * result takes the place of the input. */
#include "path/calls.h"
#include <string.h>

static const char *letter_name(char letter) {
    switch (letter) {
    case 's': return "a String";
    case 'i': return "an Integer";
    case 'n': return "a number or a Quantity";
    case 'w': return "a Date, DateTime or Time";
    default: return "one item";
    }
}

static bool letter_takes(char letter, item it) {
    switch (letter) {
    case 's': return it.kind == ITEM_STRING;
    case 'i': return it.kind == ITEM_INTEGER || it.kind == ITEM_LONG;
    case 'n': return is_number(it) || it.kind == ITEM_QUANTITY;
    case 'w': return is_temporal(it);
    default: return true;
    }
}

/* Loads one single input or argument; *has false when there is none. */
static bool load_single(machine *m, const call *c, const char *role, char letter, isize at, isize n,
                        value *out, bool *has) {
    *has = false;
    if (n == 0) return true;
    if (n > 1) return machine_fail(m, "%s() needs at most one item as %s", c->row->name, role);
    if (letter == '1' || letter == 'o' || letter == 't') {
        *has = true;
        if (!value_load(m, m->stack[at], out)) out->it = m->stack[at];
        return true;
    }
    if (!value_load(m, m->stack[at], out)) return true;
    *has = true;
    if (letter_takes(letter, out->it)) return true;
    return machine_fail(m, "%s() needs %s as %s", c->row->name, letter_name(letter), role);
}

static const char *const argument_roles[] = {"its first argument", "its second argument",
                                             "its third argument"};

/* Finds the arguments on the stack and the parts in the program. */
static void lay_out(machine *m, const op *o, call *c) {
    c->op = o;
    c->row = &call_table[o->a];
    c->argc = o->argc;
    c->parts = o->parts;
    c->args = o->argc - o->parts;
    c->part = c->parts > 0 ? o + 1 : NULL;
    isize end = m->top;
    for (int i = c->args - 1; i >= 0; i--) {
        m->depth--;
        c->arg[i] = m->starts[m->depth];
        c->arg_n[i] = end - c->arg[i];
        end = c->arg[i];
    }
    c->in = m->starts[m->depth - 1];
    c->n = end - c->in;
}

/* The letter of the k-th value argument. */
static char value_letter(const call *c, int k) {
    for (int i = 0; i < c->argc; i++) {
        char letter = call_argument(c->row, i);
        if (letter != 'e' && k-- == 0) return letter;
    }
    return 'c';
}

/* True in *empty when a needed single value is missing. */
static bool prepare(machine *m, call *c, bool *empty) {
    bool has;
    if (c->row->input != '*' && c->row->input != '-') {
        if (!load_single(m, c, "its input", c->row->input, c->in, c->n, &c->input, &has))
            return false;
        if (!has) {
            c->n = 0;
            *empty = true;
        } else if (c->input.it.kind == ITEM_STRING) {
            /* Most functions of a String look at all of it. */
            if (!machine_step(m, c->input.it.text.n / STEP_BYTES)) return false;
        }
    }
    for (int i = 0; i < c->args; i++) {
        char letter = value_letter(c, i);
        if (letter == 'c') continue;
        if (!load_single(m, c, argument_roles[i], letter, c->arg[i], c->arg_n[i], &c->args_v[i],
                         &has))
            return false;
        if (!has) {
            c->arg_n[i] = 0;
            *empty = true;
        }
    }
    if (c->row->flags & CALL_EMPTY) *empty = false;
    return true;
}

static bool put_result(machine *m, call *c) {
    isize from = m->top;
    if (!c->row->run(m, c)) return false;
    if (c->placed) return true;
    isize n = m->top - from;
    if (n == 1)
        m->stack[c->in] = m->stack[from];
    else if (n > 0)
        memmove(m->stack + c->in, m->stack + from, (size_t)n * sizeof(item));
    m->top = c->in + n;
    return true;
}

bool call_run(machine *m, const op *o) {
    call c;
    c.placed = false;
    lay_out(m, o, &c);
    if (o->plain) return put_result(m, &c);
    bool empty = false;
    if (!prepare(m, &c, &empty)) return false;
    if (!empty) return put_result(m, &c);
    m->top = c.in;
    return true;
}
