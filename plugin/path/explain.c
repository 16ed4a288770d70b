/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c: a program as text, one line an operation: number, operation, operand, what it leaves
 * and how many, and the span of the source it came from. The text is stable: golden tests and
 * auditors read it. */
#include "path/calls.h"
#include "path/check.h"

/* Strings as in JSON, so that a line stays a line; everything else as the literal it was. */
static void constant_text(const program *p, const item *it, buf *out) {
    path_run run = {.tape = &(tape){.model = p->model}, .arena = out->arena};
    str text;
    if (it->kind == ITEM_TYPE) {
        buf_printf(out, "%s%.*s", it->scale == NAMESPACE_SYSTEM ? "System." : "",
                   STR_ARGS(it->text));
    } else if (it->kind == ITEM_STRING) {
        buf_json_string(out, it->text);
    } else if (it->kind == ITEM_QUANTITY) {
        char number[DECIMAL_TEXT];
        const quantity_value *q = it->quantity;
        buf_add(out, (str){number, decimal_format(q->value, number)});
        buf_printf(out, q->calendar ? " %.*s" : " '%.*s'", STR_ARGS(q->unit));
    } else if (item_text(&run, *it, &text)) {
        bool when = it->kind == ITEM_DATE || it->kind == ITEM_DATETIME || it->kind == ITEM_TIME;
        buf_printf(out, "%s%.*s", it->kind == ITEM_TIME ? "@T" : when ? "@" : "", STR_ARGS(text));
    }
}

/* As the source has it, but for spaces. */
static void steps_text(const program *p, const op *o, buf *out) {
    for (const step *s = &p->steps[o->b], *end = s + o->argc; s < end; s++) {
        if (s > &p->steps[o->b]) buf_byte(out, '.');
        if (!s->stays)
            buf_add(out, p->constants[s->name].text);
        else if (s->exactly)
            buf_printf(out, "ofType(%.*s)", STR_ARGS(p->constants[s->type].text));
        else
            buf_add(out, p->constants[s->type].text);
    }
}

static void operand_text(const program *p, const op *o, buf *out) {
    switch ((op_operand)op_table[o->code].operand) {
    case OPERAND_CONSTANT:
    case OPERAND_TYPE: constant_text(p, &p->constants[o->b], out); break;
    case OPERAND_CONSTANTS:
        for (uint32_t i = 0; i < o->a; i++) {
            if (i > 0) buf_byte(out, ' ');
            constant_text(p, &p->constants[o->b + i], out);
        }
        break;
    case OPERAND_COMPARED:
        buf_printf(out, "%s ", op_table[o->a].name);
        constant_text(p, &p->constants[o->b], out);
        break;
    case OPERAND_STEPS: steps_text(p, o, out); break;
    case OPERAND_STEPS_EQUAL:
        steps_text(p, o, out);
        buf_byte(out, ' ');
        constant_text(p, &p->constants[o->a], out);
        break;
    case OPERAND_NAME: buf_add(out, p->constants[o->b].text); break;
    case OPERAND_GIVEN: buf_printf(out, "%u", o->b); break;
    case OPERAND_SLOT: buf_printf(out, "%d", o->a); break;
    case OPERAND_SKIP: buf_printf(out, "else %u", o->b); break;
    case OPERAND_PART: buf_printf(out, "to %u%s", o->b - 1, o->a ? " descending" : ""); break;
    case OPERAND_CALLED: buf_add(out, str_from(call_table[o->a].name)); break;
    case OPERAND_NONE: break;
    }
}

static void pad(buf *out, isize from, isize width) {
    do buf_byte(out, ' ');
    while (out->n - from < width);
}

static void line(const program *p, isize i, int depth, buf *out) {
    const op *o = &p->ops[i];
    isize from = out->n;
    buf_printf(out, "%3d ", (int)i);
    for (int k = 0; k < depth; k++) buf_add(out, S("  "));
    buf_add(out, str_from(op_table[o->code].name));
    pad(out, from, 24);
    operand_text(p, o, out);
    if (o->code != OP_body) {
        pad(out, from, 52);
        buf_add(out, static_name(out->arena, p->model, p->types[i]));
        pad(out, from, 74);
        buf_add(out, p->types[i].many ? S("0..*") : S("0..1"));
        if (p->types[i].unordered) buf_add(out, S(" unordered"));
    }
    pad(out, from, 92);
    buf_printf(out, "%u..%u\n", o->at, o->at + o->n);
}

void path_explain(const program *p, buf *out) {
    uint32_t ends[LIMIT_DEPTH * 2];
    int depth = 0;
    for (isize i = 0; i < p->n; i++) {
        while (depth > 0 && ends[depth - 1] <= (uint32_t)i) depth--;
        line(p, i, depth, out);
        if (p->ops[i].code == OP_body && depth < COUNT_OF(ends)) ends[depth++] = p->ops[i].b;
    }
}
