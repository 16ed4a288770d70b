/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: precedence and shape, the place of syntax errors, and the limits of nesting and length. */
#include "path/parse.h"
#include "unit.h"

#include <stdio.h>

typedef struct work {
    landing where;
    arena a;
    problems found;
    str source;
    ast *root;
} work;

static void parse_step(void *state) {
    work *w = state;
    w->found = problems_new(&w->a);
    reporter r = {&w->found, w->source, S("file"), S("/place")};
    w->root = path_parse(&w->a, w->source, &r);
}

static void begin(work *w, str source) {
    *w = (work){.source = source};
    arena_init(&w->a, 64 << 20, &w->where);
    CHECK(guarded(&w->where, parse_step, w));
}

/* The tree with all its brackets. */
static size_t draw(const ast *a, char *out, size_t room) {
    size_t n = 0;
#define PUT(...) n += (size_t)snprintf(out + n, room - n, __VA_ARGS__)
    switch ((ast_kind)a->kind) {
    case AST_EMPTY: PUT("{}"); break;
    case AST_LITERAL: PUT("#%d", a->literal.kind); break;
    case AST_THIS: PUT(a->implied ? "." : "$this"); break;
    case AST_INDEX: PUT("$index"); break;
    case AST_REFUSED: PUT("refused"); break;
    case AST_TOTAL: PUT("$total"); break;
    case AST_VARIABLE: PUT("%%%.*s", STR_ARGS(a->name)); break;
    case AST_MEMBER:
    case AST_CALL:
        if (a->left) n += draw(a->left, out + n, room - n);
        PUT("/%.*s", STR_ARGS(a->name));
        if (a->kind == AST_MEMBER) break;
        PUT("(");
        for (const ast *arg = a->args; arg; arg = arg->next) {
            n += draw(arg, out + n, room - n);
            PUT(arg->next ? "," : "");
        }
        PUT(")");
        break;
    case AST_SUBSCRIPT:
        n += draw(a->left, out + n, room - n);
        PUT("[");
        n += draw(a->right, out + n, room - n);
        PUT("]");
        break;
    case AST_UNARY:
        PUT("(%c", a->op);
        n += draw(a->left, out + n, room - n);
        PUT(")");
        break;
    case AST_BINARY:
    case AST_TYPE_TEST:
        PUT("(");
        n += draw(a->left, out + n, room - n);
        PUT(" %d ", a->op);
        n += draw(a->right, out + n, room - n);
        PUT(")");
        break;
    }
#undef PUT
    return n;
}

static void drawn(const char *source, const char *expected) {
    work w;
    char out[512] = "";
    begin(&w, str_from(source));
    if (CHECK_MSG(w.root != NULL, "%s", source)) draw(w.root, out, sizeof out);
    CHECK_STR(out, expected);
    arena_release(&w.a);
}

static void shapes(void) {
    drawn("a.b", "./a/b");
    drawn("a.b(c, 1)[2]", "./a/b(./c,#2)[#2]");
}

/* Ops as numbers of binary_op: 1 * .. 5 + .. 8 is, 10 |, 11 <, 15 =, 19 in, 21 and, 23 or, 24
 * implies. */
static void precedence(void) {
    drawn("1 + 2 * 3", "(#2 5 (#2 1 #2))");
    drawn("1 * 2 + 3", "((#2 1 #2) 5 #2)");
    drawn("1 - 2 - 3", "((#2 6 #2) 6 #2)");
    drawn("-a.b", "(-./a/b)");
    drawn("-1 + 2", "((-#2) 5 #2)");
    drawn("a is B | c", "((./a 8 /B) 10 ./c)");
    drawn("1 < a is B", "(#2 11 (./a 8 /B))");
    drawn("a | b < c", "((./a 10 ./b) 11 ./c)");
    drawn("a < b = c", "((./a 11 ./b) 15 ./c)");
    drawn("a = b in c", "((./a 15 ./b) 19 ./c)");
    drawn("a in b and c", "((./a 19 ./b) 21 ./c)");
    drawn("a and b or c and d", "((./a 21 ./b) 23 (./c 21 ./d))");
    drawn("a or b implies c", "((./a 23 ./b) 24 ./c)");
    drawn("a implies b implies c", "((./a 24 ./b) 24 ./c)");
    drawn("(a or b) and c", "((./a 23 ./b) 21 ./c)");
    drawn("a as B.C", "(./a 9 /B/C)");
    drawn("is.as.contains.in", "./is/as/contains/in");
}

static void refused(const char *source, isize at, const char *text) {
    work w;
    begin(&w, str_from(source));
    CHECK_MSG(w.root == NULL && w.found.errors == 1, "%s", source);
    if (w.found.n > 0) {
        problem p = w.found.list[0];
        CHECK_MSG(p.at == at, "%s: at %td, not %td", source, p.at, at);
        CHECK_MSG(str_find(p.text, str_from(text), 0) >= 0, "%s: %.*s", source, STR_ARGS(p.text));
        CHECK(str_eq(p.file, S("file")) && str_eq(p.place, S("/place")) && p.remedy.n > 0);
    }
    arena_release(&w.a);
}

static void errors(void) {
    refused("", 0, "the expression ends where");
    refused("a.", 2, "a name");
    refused("a.1", 2, "a name is expected here, not \"1\"");
    refused("a b", 2, "an operator or the end");
    refused("f(1", 3, "\")\" or \",\"");
    refused("f(1,)", 4, "a value, a name or \"(\"");
    refused("a[1", 3, "\"]\"");
    refused("{1}", 1, "\"}\"");
    refused("(a", 2, "\")\"");
    refused("1 +", 3, "the expression ends where");
    refused("a is 1", 5, "a name");
    refused("a.$this", 2, "a name after");
    refused("@2014-02-30", 0, "no such date");
    refused("'\\u0000'", 0, "no character");
    refused("99999999999", 0, "too large for an Integer");
    refused("123456789012345678901234567890123456789012.5", 0, "more digits");
}

static str repeated(char *out, const char *piece, int times, const char *middle, const char *end) {
    size_t n = 0, size = strlen(piece);
    for (int i = 0; i < times; i++, n += size) memcpy(out + n, piece, size);
    n += (size_t)snprintf(out + n, 16, "%s", middle);
    for (int i = 0; end[0] && i < times; i++) out[n++] = end[0];
    return (str){out, (isize)n};
}

static void limit_at(str source, bool ok) {
    work w;
    begin(&w, source);
    CHECK_MSG((w.root != NULL) == ok, "%.20s (%td bytes)", source.p, source.n);
    if (!ok && w.found.n > 0) CHECK(str_find(w.found.list[0].text, S("limit"), 0) >= 0);
    arena_release(&w.a);
}

static void limits(void) {
    static char text[300000];
    limit_at(repeated(text, "(", 63, "1", ")"), true);
    limit_at(repeated(text, "(", 64, "1", ")"), false);
    limit_at(repeated(text, "(", 100000, "1", ")"), false);
    limit_at(repeated(text, "-", 63, "1", ""), true);
    limit_at(repeated(text, "-", 100000, "1", ""), false);
    limit_at(repeated(text, "a.", 998, "a", ""), true);
    limit_at(repeated(text, "a.", 100000, "a", ""), false);
    limit_at(repeated(text, "1+", 100000, "1", ""), false);
    limit_at(repeated(text, "f(", 64, "1", ")"), false);
}

const unit_test path_parse_suite[] = {UNIT_TEST(shapes), UNIT_TEST(precedence), UNIT_TEST(errors),
                                      UNIT_TEST(limits), UNIT_END};
