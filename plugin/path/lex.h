/* SPDX-License-Identifier: Apache-2.0 */
/* lex.h: FHIRPath text to tokens (FHIRPath N1 and 3.0.0, section "Lexical Elements"). A token is a
 * kind and a span of the source; nothing is allocated and nothing is converted: what a span means
 * (an escape, a date) is the parser's work. Comments and white space are skipped. Spans borrow the
 * source. Pure, thread-safe. */
#ifndef FHIRTRIAL_PATH_LEX_H
#define FHIRTRIAL_PATH_LEX_H

#include "base/base.h"

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NAME,    /* identifier, `is`, `as`, `and` ... included: the parser knows from the place */
    TOKEN_QUOTED,  /* `delimited identifier`, span with its back quotes */
    TOKEN_STRING,  /* 'text', span with its quotes */
    TOKEN_INTEGER, /* 12 */
    TOKEN_LONG,    /* 12L, span with its L */
    TOKEN_DECIMAL, /* 1.20 */
    TOKEN_DATE,    /* @2014-01 */
    TOKEN_DATETIME, /* @2014-01T, @2014-01-01T08:05+08:00 */
    TOKEN_TIME,     /* @T10:30 */
    TOKEN_VARIABLE, /* %name, %`name`, %'name' */
    TOKEN_THIS,
    TOKEN_INDEX,
    TOKEN_TOTAL,
    TOKEN_OPERATOR, /* one or two punctuation characters, see `op` */
    TOKEN_BAD       /* `text` of the lexer says what is wrong */
} token_kind;

typedef struct token {
    token_kind kind;
    isize at, n; /* span in the source, bytes */
    char op[3];  /* TOKEN_OPERATOR: "+", "<=", "!~" ... */
} token;

typedef struct lexer {
    str source;
    isize at;
    const char *error; /* after TOKEN_BAD: static text */
} lexer;

/* The next token; TOKEN_END again and again at the end. */
token lex_next(lexer *l);
/* The text of a token. */
str lex_text(const lexer *l, token t);

#endif
