/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c: lex, parse, check, lower, verify, in that order, and what a program can tell of
 * itself. */
#include "path/calls.h"
#include "path/lower.h"
#include "path/reach.h"
#include "path/regex.h"
#include "path/text.h"
#include <string.h>

enum { MAX_SOURCE = 1 << 16 };

static bool is_pattern_call(const op *o) {
    return o->code == OP_call && (o->a == CALL_ID_matches || o->a == CALL_ID_matchesFull ||
                                  o->a == CALL_ID_replaceMatches);
}

/* Compiles the pattern of a call when it is a literal without flags. */
static bool compile_pattern(arena *arena, program *p, pattern *patterns, isize i,
                            const reporter *r) {
    int arguments = p->ops[i].argc;
    const op *first = &p->ops[i - arguments];
    for (int k = 0; k < arguments; k++)
        if (first[k].code != OP_constant) return true;
    item text = p->constants[first->b];
    int flags_at = p->ops[i].a == CALL_ID_replaceMatches ? 2 : 1;
    item flags = {.kind = ITEM_STRING};
    if (arguments > flags_at) flags = p->constants[first[flags_at].b];
    if (text.kind != ITEM_STRING || flags.kind != ITEM_STRING) return true;
    str why;
    isize at;
    const regex *compiled = regex_compile(arena, text.text, flags.text, &why, &at);
    if (!compiled) {
        path_report(
            r, PROBLEM_ERROR, "invalid", first->at,
            arena_printf(arena,
                         "this regular expression is malformed: %.*s (at character %td of it)",
                         STR_ARGS(why), at + 1),
            S("correct the pattern"));
        return false;
    }
    if (flags.text.n == 0) patterns[p->pattern_count++] = (pattern){text.text.p, compiled};
    return true;
}

static bool compile_patterns(arena *arena, program *p, const reporter *r) {
    isize calls = 0;
    for (isize i = 0; i < p->n; i++) calls += is_pattern_call(&p->ops[i]);
    if (calls == 0) return true;
    pattern *patterns = arena_new(arena, pattern, calls);
    p->patterns = patterns;
    for (isize i = 0; i < p->n; i++)
        if (is_pattern_call(&p->ops[i]) && !compile_pattern(arena, p, patterns, i, r)) return false;
    return true;
}

program *path_compile(arena *arena, const path_environment *environment, str expression, str file,
                      str place, problems *found) {
    str source = arena_str(arena, expression);
    reporter r = {found, source, file, place};
    if (source.n > MAX_SOURCE) {
        path_report(&r, PROBLEM_ERROR, "too-long", 0,
                    S("limit: an expression has at most 65536 bytes"), S("split the expression"));
        return NULL;
    }
    if (!text_is_utf8(source)) {
        path_report(&r, PROBLEM_ERROR, "invalid", 0, S("the expression is not UTF-8"),
                    S("save it as UTF-8"));
        return NULL;
    }
    ast *root = path_parse(arena, source, &r);
    if (!root) return NULL;
    checker *c = arena_new(arena, checker, 1);
    c->arena = arena;
    c->environment = environment;
    c->model = environment->model;
    c->reporter = &r;
    if (!check_expression(c, root)) return NULL;
    program *p = arena_new(arena, program, 1);
    p->model = environment->model;
    p->edition_r4 = environment->edition_r4;
    lower_expression(arena, root, p);
    p->terminology = environment->terminology;
    p->source = source;
    p->result = root->type;
    p->environment_count = environment->constant_count;
    p->variables = c->slots;
    p->uses_now = c->uses_now;
    p->shareable = !c->not_shareable;
    const char *why;
    if (!verify_program(p, &why)) {
        path_report(&r, PROBLEM_ERROR, "too-costly", 0, str_from(why), S("split the expression"));
        return NULL;
    }
    if (!compile_patterns(arena, p, &r)) return NULL;
    p->reach = reach_of(arena, p);
    return p;
}

static void negate(arena *arena, item *it) {
    if (it->kind == ITEM_DECIMAL) {
        it->coef = -it->coef;
    } else if (it->kind == ITEM_QUANTITY) {
        quantity_value *q = arena_new(arena, quantity_value, 1);
        *q = *it->quantity;
        q->value = decimal_neg(q->value);
        it->quantity = q;
    } else {
        it->integer = -it->integer;
    }
}

bool path_literal(arena *arena, str text, item *out) {
    problems found = problems_new(arena);
    str source = arena_str(arena, text);
    reporter r = {.found = &found, .source = source};
    if (source.n > MAX_SOURCE || !text_is_utf8(source)) return false;
    const ast *a = path_parse(arena, source, &r);
    bool sign = a && a->kind == AST_UNARY, minus = sign && a->op == '-';
    if (sign) a = a->left;
    if (!a || a->kind != AST_LITERAL) return false;
    *out = a->literal;
    bool number = out->kind == ITEM_INTEGER || out->kind == ITEM_LONG ||
                  out->kind == ITEM_DECIMAL || out->kind == ITEM_QUANTITY;
    if (sign && !number) return false;
    if (minus) negate(arena, out);
    return true;
}

model_type path_result_type(const program *p) {
    if (p->result.kind == STATIC_NODE) return p->result.type;
    if (p->result.kind != STATIC_VALUE) return TYPE_NONE;
    return item_type(NULL, (item){.kind = p->result.item});
}

bool path_result_many(const program *p) { return p->result.many; }
bool path_uses_now(const program *p) { return p->uses_now; }
bool path_is_shareable(const program *p) { return p->shareable; }
str path_source(const program *p) { return p->source; }
