/* SPDX-License-Identifier: Apache-2.0 */
/* lex.c: one function a token family; each leaves l->at just past what it took. */
#include "path/lex.h"

static int peek(const lexer *l, isize ahead) {
    isize at = l->at + ahead;
    return at < l->source.n ? (unsigned char)l->source.p[at] : -1;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }
static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static token bad(lexer *l, isize at, const char *why) {
    l->error = why;
    return (token){.kind = TOKEN_BAD, .at = at, .n = l->at > at ? l->at - at : 1};
}

static token took(const lexer *l, token_kind kind, isize at) {
    return (token){.kind = kind, .at = at, .n = l->at - at};
}

/* Skips white space and comments; false at a comment that never ends. */
static bool skip_blank(lexer *l) {
    for (;;) {
        int c = peek(l, 0);
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            l->at++;
        } else if (c == '/' && peek(l, 1) == '/') {
            while (peek(l, 0) != -1 && peek(l, 0) != '\n' && peek(l, 0) != '\r') l->at++;
        } else if (c == '/' && peek(l, 1) == '*') {
            isize end = str_find(l->source, S("*/"), l->at + 2);
            if (end < 0) return false;
            l->at = end + 2;
        } else {
            return true;
        }
    }
}

/* From an opening quote to its twin; a backslash hides the next byte. False when it never closes.
 */
static bool skip_quoted(lexer *l, char quote) {
    l->at++;
    for (;;) {
        int c = peek(l, 0);
        if (c == -1) return false;
        l->at++;
        if (c == quote) return true;
        if (c == '\\' && peek(l, 0) != -1) l->at++;
    }
}

static int skip_digits(lexer *l, int most) {
    int n = 0;
    while (n < most && is_digit(peek(l, 0))) {
        l->at++;
        n++;
    }
    return n;
}

/* `separator` and two digits, when both are there. */
static bool skip_part(lexer *l, char separator) {
    if (peek(l, 0) != separator || !is_digit(peek(l, 1)) || !is_digit(peek(l, 2))) return false;
    l->at += 3;
    return true;
}

/* hh[:mm[:ss[.fff]]]; false when there is no hour. */
static bool skip_time(lexer *l) {
    if (!is_digit(peek(l, 0)) || !is_digit(peek(l, 1))) return false;
    l->at += 2;
    if (!skip_part(l, ':') || !skip_part(l, ':')) return true;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1))) {
        l->at++;
        skip_digits(l, 32);
    }
    return true;
}

static bool skip_zone(lexer *l) {
    int c = peek(l, 0);
    if (c == 'Z') {
        l->at++;
        return true;
    }
    if (c != '+' && c != '-') return false;
    if (!is_digit(peek(l, 1)) || !is_digit(peek(l, 2)) || peek(l, 3) != ':' ||
        !is_digit(peek(l, 4)) || !is_digit(peek(l, 5)))
        return false;
    l->at += 6;
    return true;
}

static token lex_date(lexer *l) {
    isize at = l->at++;
    if (peek(l, 0) == 'T') {
        l->at++;
        if (!skip_time(l)) return bad(l, at, "a time literal is @Thh, @Thh:mm or @Thh:mm:ss.fff");
        skip_zone(l); /* which it may not have: the parser says so */
        return took(l, TOKEN_TIME, at);
    }
    if (skip_digits(l, 4) != 4)
        return bad(l, at, "a date literal is @YYYY, @YYYY-MM or @YYYY-MM-DD");
    if (skip_part(l, '-')) skip_part(l, '-');
    if (peek(l, 0) != 'T') return took(l, TOKEN_DATE, at);
    l->at++;
    if (skip_time(l)) skip_zone(l);
    return took(l, TOKEN_DATETIME, at);
}

static token lex_number(lexer *l) {
    isize at = l->at;
    while (is_digit(peek(l, 0))) l->at++;
    if (peek(l, 0) == 'L') {
        l->at++;
        return took(l, TOKEN_LONG, at);
    }
    if (peek(l, 0) != '.' || !is_digit(peek(l, 1))) return took(l, TOKEN_INTEGER, at);
    l->at++;
    while (is_digit(peek(l, 0))) l->at++;
    return took(l, TOKEN_DECIMAL, at);
}

static token lex_dollar(lexer *l) {
    isize at = l->at++;
    while (is_letter(peek(l, 0))) l->at++;
    str name = str_slice(l->source, at, l->at);
    if (str_eq(name, S("$this"))) return took(l, TOKEN_THIS, at);
    if (str_eq(name, S("$index"))) return took(l, TOKEN_INDEX, at);
    if (str_eq(name, S("$total"))) return took(l, TOKEN_TOTAL, at);
    return bad(l, at, "after $ only $this, $index and $total exist");
}

static token lex_variable(lexer *l) {
    isize at = l->at++;
    int c = peek(l, 0);
    if (c == '`' || c == '\'') {
        if (!skip_quoted(l, (char)c)) return bad(l, at, "the quoted name after % never ends");
        return took(l, TOKEN_VARIABLE, at);
    }
    if (!is_letter(c)) return bad(l, at, "a name must follow %");
    while (is_letter(peek(l, 0)) || is_digit(peek(l, 0))) l->at++;
    return took(l, TOKEN_VARIABLE, at);
}

static token lex_operator(lexer *l) {
    isize at = l->at;
    char a = (char)peek(l, 0), b = (char)(peek(l, 1) == -1 ? 0 : peek(l, 1));
    token t = {.kind = TOKEN_OPERATOR, .at = at, .n = 1, .op = {a, 0, 0}};
    if ((b == '=' && (a == '<' || a == '>' || a == '!')) || (a == '!' && b == '~')) {
        t.op[1] = b;
        t.n = 2;
    } else if (a == '!' || a == 0 || str_find_byte(S(".,()[]{}+-*/&|<>=~"), a, 0) < 0) {
        l->at++;
        return bad(l, at, "this character begins nothing in FHIRPath");
    }
    l->at += t.n;
    return t;
}

token lex_next(lexer *l) {
    if (!skip_blank(l)) {
        isize at = l->at;
        l->at = l->source.n;
        return bad(l, at, "the comment /* is never closed with */");
    }
    isize at = l->at;
    int c = peek(l, 0);
    if (c == -1) return (token){.kind = TOKEN_END, .at = at};
    if (is_letter(c)) {
        while (is_letter(peek(l, 0)) || is_digit(peek(l, 0))) l->at++;
        return took(l, TOKEN_NAME, at);
    }
    if (is_digit(c)) return lex_number(l);
    switch (c) {
    case '\'':
        if (!skip_quoted(l, '\'')) return bad(l, at, "the string is never closed");
        return took(l, TOKEN_STRING, at);
    case '`':
        if (!skip_quoted(l, '`')) return bad(l, at, "the quoted name is never closed");
        return took(l, TOKEN_QUOTED, at);
    case '@': return lex_date(l);
    case '%': return lex_variable(l);
    case '$': return lex_dollar(l);
    default: return lex_operator(l);
    }
}

str lex_text(const lexer *l, token t) { return str_slice(l->source, t.at, t.at + t.n); }
