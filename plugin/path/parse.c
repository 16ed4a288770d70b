/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c: precedence climbing. The table below is the specification's list of operators (FHIRPath
 * N1, section "Operator Precedence"), loosest last; every binary operator is left-associative.
 * After the first error the parser sees only TOKEN_END, so every loop ends by itself. */
#include "path/parse.h"
#include "path/lex.h"
#include "path/literal.h"
#include <string.h>

typedef struct parser {
    arena *arena;
    lexer lexer;
    token token; /* the one not yet taken */
    const reporter *reporter;
    int nesting;
    bool failed;
} parser;

typedef struct operator_row {
    const char *text;
    uint8_t op;
    uint8_t binds; /* higher binds tighter */
} operator_row;

enum { BINDS_LOOSEST = 1, BINDS_TYPE = 8, BINDS_UNARY = 11 };

static const operator_row operators[] = {
    {"*", BINARY_MULTIPLY, 10},
    {"/", BINARY_DIVIDE, 10},
    {"div", BINARY_DIV, 10},
    {"mod", BINARY_MOD, 10},
    {"+", BINARY_ADD, 9},
    {"-", BINARY_SUBTRACT, 9},
    {"&", BINARY_CONCATENATE, 9},
    {"is", BINARY_IS, BINDS_TYPE},
    {"as", BINARY_AS, BINDS_TYPE},
    {"|", BINARY_UNION, 7},
    {"<", BINARY_LESS, 6},
    {">", BINARY_GREATER, 6},
    {"<=", BINARY_LESS_OR_EQUAL, 6},
    {">=", BINARY_GREATER_OR_EQUAL, 6},
    {"=", BINARY_EQUAL, 5},
    {"~", BINARY_EQUIVALENT, 5},
    {"!=", BINARY_NOT_EQUAL, 5},
    {"!~", BINARY_NOT_EQUIVALENT, 5},
    {"in", BINARY_IN, 4},
    {"contains", BINARY_CONTAINS, 4},
    {"and", BINARY_AND, 3},
    {"xor", BINARY_XOR, 2},
    {"or", BINARY_OR, 2},
    {"implies", BINARY_IMPLIES, BINDS_LOOSEST},
};

void path_report(const reporter *r, problem_level level, const char *code, isize at, str text,
                 str remedy) {
    problems_add(r->found, (problem){.level = level,
                                     .code = code,
                                     .file = r->file,
                                     .at = at,
                                     .place = r->place,
                                     .text = text,
                                     .remedy = remedy});
}

static ast *parse_expression(parser *p, int binds);

static void fail(parser *p, isize at, str text, str remedy) {
    if (!p->failed) path_report(p->reporter, PROBLEM_ERROR, PATH_SYNTAX, at, text, remedy);
    p->failed = true;
    p->token = (token){.kind = TOKEN_END, .at = at};
}

static void advance(parser *p) {
    if (p->failed) return;
    p->token = lex_next(&p->lexer);
    if (p->token.kind == TOKEN_BAD)
        fail(p, p->token.at, str_from(p->lexer.error), S("correct the expression here"));
}

static void expected(parser *p, const char *what) {
    str got = lex_text(&p->lexer, p->token);
    str text = p->token.kind == TOKEN_END
                   ? arena_printf(p->arena, "the expression ends where %s is expected", what)
                   : arena_printf(p->arena, "%s is expected here, not \"%.*s\"", what,
                                  STR_ARGS(str_slice(got, 0, 40)));
    fail(p, p->token.at, text, S("complete or correct the expression here"));
}

static bool is_op(const parser *p, const char *op) {
    return p->token.kind == TOKEN_OPERATOR && strcmp(p->token.op, op) == 0;
}

static bool take_op(parser *p, const char *op) {
    if (!is_op(p, op)) return false;
    advance(p);
    return true;
}

static bool is_word(const parser *p, const char *word) {
    return p->token.kind == TOKEN_NAME && str_eq(lex_text(&p->lexer, p->token), str_from(word));
}

static ast *new_node(parser *p, ast_kind kind, token t) {
    ast *a = arena_new(p->arena, ast, 1);
    a->kind = (uint8_t)kind;
    a->at = t.at;
    a->n = t.n;
    return a;
}

/* Hangs a child below; a tree that grows too high ends the parse. */
static ast *hang(parser *p, ast *parent, ast *child) {
    if (child->depth + 1 > parent->depth) parent->depth = child->depth + 1;
    if (parent->depth > AST_DEPTH)
        fail(p, parent->at, S("limit: this expression chains more than 1000 operations"),
             S("split the expression"));
    return child;
}

/* A name, bare or in back quotes; any word may be a name where only a name can stand. */
static str take_name(parser *p, bool *quoted) {
    str text = lex_text(&p->lexer, p->token), name = text;
    *quoted = p->token.kind == TOKEN_QUOTED;
    if (*quoted) {
        if (!literal_unquote(p->arena, text, &name))
            fail(p, p->token.at,
                 S("this \\u escape is no character: 0, or half of a surrogate pair"),
                 S("correct the escape"));
    } else if (p->token.kind != TOKEN_NAME) {
        expected(p, "a name");
        return (str){0};
    }
    advance(p);
    return name;
}

static void take_sort_direction(parser *p, ast *argument) {
    if (is_word(p, "asc")) {
        argument->direction = SORT_ASCENDING;
        advance(p);
    } else if (is_word(p, "desc")) {
        argument->direction = SORT_DESCENDING;
        advance(p);
    }
}

static void parse_arguments(parser *p, ast *call) {
    ast **tail = &call->args;
    bool sort = str_eq(call->name, S("sort"));
    if (take_op(p, ")")) return;
    do {
        ast *argument = hang(p, call, parse_expression(p, BINDS_LOOSEST));
        if (sort) take_sort_direction(p, argument);
        *tail = argument;
        tail = &argument->next;
        call->argc++;
    } while (take_op(p, ","));
    if (!take_op(p, ")")) expected(p, "\")\" or \",\"");
}

/* name or name(arguments), on `left`. */
static ast *parse_invocation(parser *p, ast *left) {
    ast *a = new_node(p, AST_MEMBER, p->token);
    a->name = take_name(p, &a->quoted);
    a->left = hang(p, a, left);
    if (!a->quoted && take_op(p, "(")) {
        a->kind = AST_CALL;
        parse_arguments(p, a);
    }
    return a;
}

static ast *implied_this(parser *p) {
    ast *a = new_node(p, AST_THIS, p->token);
    a->n = 0;
    a->implied = true;
    return a;
}

static ast *parse_string(parser *p) {
    ast *a = new_node(p, AST_LITERAL, p->token);
    a->literal.kind = ITEM_STRING;
    if (!literal_unquote(p->arena, lex_text(&p->lexer, p->token), &a->literal.text))
        fail(p, p->token.at, S("this \\u escape is no character: 0, or half of a surrogate pair"),
             S("correct the escape"));
    advance(p);
    return a;
}

/* A number that a unit follows is a Quantity. */
static void take_unit(parser *p, ast *number) {
    str unit = {0};
    bool calendar = false;
    if (p->token.kind == TOKEN_STRING) {
        if (!literal_unquote(p->arena, lex_text(&p->lexer, p->token), &unit))
            fail(p, p->token.at, S("a \\u escape in this unit is no character"),
                 S("correct the unit"));
        /* FHIRPath, Quantity: a unit in quotes is a UCUM code or one of the calendar words. */
        str word = literal_calendar_unit(unit);
        calendar = word.n > 0;
        if (calendar) unit = word;
    } else if (p->token.kind == TOKEN_NAME) {
        unit = literal_calendar_unit(lex_text(&p->lexer, p->token));
        calendar = unit.n > 0;
        if (!calendar) return;
    } else {
        return;
    }
    quantity_value *q = arena_new(p->arena, quantity_value, 1);
    item n = number->literal;
    q->value = n.kind == ITEM_DECIMAL ? (decimal){n.coef, n.scale} : decimal_int(n.integer);
    q->unit = unit;
    q->calendar = calendar;
    number->literal = (item){.kind = ITEM_QUANTITY, .quantity = q};
    number->n = p->token.at + p->token.n - number->at;
    advance(p);
}

static ast *parse_literal(parser *p) {
    ast *a = new_node(p, AST_LITERAL, p->token);
    const char *why = NULL;
    token_kind kind = p->token.kind;
    str text = lex_text(&p->lexer, p->token);
    if (kind == TOKEN_TIME && literal_has_zone(text)) {
        a->kind = AST_REFUSED;
        a->name = S("a time literal has no time zone");
    } else if (!literal_value(p->arena, kind, text, &a->literal, &why)) {
        fail(p, p->token.at, str_from(why), S("correct the literal"));
    }
    advance(p);
    if (kind == TOKEN_INTEGER || kind == TOKEN_DECIMAL) take_unit(p, a);
    return a;
}

static ast *parse_variable(parser *p) {
    ast *a = new_node(p, AST_VARIABLE, p->token);
    str text = lex_text(&p->lexer, p->token);
    a->name = str_slice(text, 1, text.n);
    if (a->name.n > 0 && (a->name.p[0] == '`' || a->name.p[0] == '\'') &&
        !literal_unquote(p->arena, a->name, &a->name))
        fail(p, a->at, S("a \\u escape in this name is no character"), S("correct the name"));
    advance(p);
    return a;
}

static ast *parse_word(parser *p) {
    if (is_word(p, "true") || is_word(p, "false")) {
        ast *a = new_node(p, AST_LITERAL, p->token);
        a->literal = (item){.kind = ITEM_BOOLEAN, .boolean = is_word(p, "true")};
        advance(p);
        return a;
    }
    return parse_invocation(p, implied_this(p));
}

static ast *parse_dollar(parser *p, ast_kind kind) {
    ast *a = new_node(p, kind, p->token);
    advance(p);
    return a;
}

static ast *parse_brackets(parser *p) {
    if (take_op(p, "(")) {
        ast *inner = parse_expression(p, BINDS_LOOSEST);
        if (!take_op(p, ")")) expected(p, "\")\"");
        return inner;
    }
    ast *a = new_node(p, AST_EMPTY, p->token);
    advance(p);
    if (!take_op(p, "}")) expected(p, "\"}\"");
    return a;
}

static ast *parse_term(parser *p) {
    switch (p->token.kind) {
    case TOKEN_NAME: return parse_word(p);
    case TOKEN_QUOTED: return parse_invocation(p, implied_this(p));
    case TOKEN_STRING: return parse_string(p);
    case TOKEN_INTEGER:
    case TOKEN_LONG:
    case TOKEN_DECIMAL:
    case TOKEN_DATE:
    case TOKEN_DATETIME:
    case TOKEN_TIME: return parse_literal(p);
    case TOKEN_VARIABLE: return parse_variable(p);
    case TOKEN_THIS: return parse_dollar(p, AST_THIS);
    case TOKEN_INDEX: return parse_dollar(p, AST_INDEX);
    case TOKEN_TOTAL: return parse_dollar(p, AST_TOTAL);
    case TOKEN_OPERATOR:
        if (is_op(p, "(") || is_op(p, "{")) return parse_brackets(p);
        break;
    default: break;
    }
    expected(p, "a value, a name or \"(\"");
    return implied_this(p);
}

static ast *parse_postfix(parser *p) {
    ast *a = parse_term(p);
    for (;;) {
        if (take_op(p, ".")) {
            if (p->token.kind == TOKEN_THIS || p->token.kind == TOKEN_INDEX ||
                p->token.kind == TOKEN_TOTAL) {
                expected(p, "a name after \".\"");
                return a;
            }
            a = parse_invocation(p, a);
        } else if (is_op(p, "[")) {
            ast *subscript = new_node(p, AST_SUBSCRIPT, p->token);
            advance(p);
            subscript->left = hang(p, subscript, a);
            subscript->right = hang(p, subscript, parse_expression(p, BINDS_LOOSEST));
            if (!take_op(p, "]")) expected(p, "\"]\"");
            a = subscript;
        } else {
            return a;
        }
    }
}

static ast *parse_unary(parser *p) {
    if (!is_op(p, "+") && !is_op(p, "-")) return parse_postfix(p);
    ast *a = new_node(p, AST_UNARY, p->token);
    a->op = (uint8_t)p->token.op[0];
    advance(p);
    a->left = hang(p, a, parse_expression(p, BINDS_UNARY));
    return a;
}

static const operator_row *find_operator(const parser *p) {
    if (p->token.kind != TOKEN_OPERATOR && p->token.kind != TOKEN_NAME) return NULL;
    str text = lex_text(&p->lexer, p->token);
    for (isize i = 0; i < COUNT_OF(operators); i++)
        if (str_eq(text, str_from(operators[i].text))) return &operators[i];
    return NULL;
}

/* name(.name)*, kept as members for the checker to resolve. */
static ast *parse_type_name(parser *p) {
    ast *a = new_node(p, AST_MEMBER, p->token);
    a->name = take_name(p, &a->quoted);
    while (take_op(p, ".")) {
        ast *outer = new_node(p, AST_MEMBER, p->token);
        outer->name = take_name(p, &outer->quoted);
        outer->left = hang(p, outer, a);
        a = outer;
    }
    return a;
}

/* Only brackets and signs nest without end; right operands climb the table, which has a top. */
static ast *parse_expression(parser *p, int binds) {
    int level = binds == BINDS_LOOSEST || binds == BINDS_UNARY;
    p->nesting += level;
    if (p->nesting > LIMIT_DEPTH)
        fail(p, p->token.at, S("limit: this expression nests deeper than 64 levels"),
             S("split the expression"));
    ast *left = parse_unary(p);
    const operator_row *row;
    while ((row = find_operator(p)) != NULL && row->binds >= binds) {
        ast *a = new_node(p, row->binds == BINDS_TYPE ? AST_TYPE_TEST : AST_BINARY, p->token);
        a->op = row->op;
        advance(p);
        a->left = hang(p, a, left);
        a->right = hang(p, a,
                        row->binds == BINDS_TYPE ? parse_type_name(p)
                                                 : parse_expression(p, row->binds + 1));
        left = a;
    }
    p->nesting -= level;
    return left;
}

ast *path_parse(arena *arena, str source, const reporter *reporter) {
    parser p = {.arena = arena, .lexer = {.source = source}, .reporter = reporter};
    advance(&p);
    ast *root = parse_expression(&p, BINDS_LOOSEST);
    if (!p.failed && p.token.kind != TOKEN_END) expected(&p, "an operator or the end");
    return p.failed ? NULL : root;
}
