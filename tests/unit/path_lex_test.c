/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: kinds and spans, comments, and what is said of text that is no token. */
#include "path/lex.h"
#include "unit.h"

#include <stdio.h>

/* The tokens as "kind:text " in a row; a bad one ends it with its message. */
static const char *tokens(const char *source) {
    static char out[512];
    static const char *const kinds[] = {
        "end",      "name", "quoted",   "string", "integer", "long",  "decimal", "date",
        "datetime", "time", "variable", "this",   "index",   "total", "op",      "bad"};
    lexer l = {.source = str_from(source)};
    size_t n = 0;
    for (;;) {
        token t = lex_next(&l);
        str text = lex_text(&l, t);
        if (t.kind == TOKEN_END) break;
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s:%.*s", n ? " " : "", kinds[t.kind],
                              STR_ARGS(text));
        if (t.kind == TOKEN_BAD) {
            snprintf(out + n, sizeof out - n, " (%s)", l.error);
            break;
        }
        CHECK(t.kind != TOKEN_OPERATOR || str_eq(text, str_from(t.op)));
    }
    if (n == 0) out[0] = 0;
    return out;
}

static void kinds(void) {
    CHECK_STR(tokens(""), "");
    CHECK_STR(tokens("a._b1 `c d` is"), "name:a op:. name:_b1 quoted:`c d` name:is");
    CHECK_STR(tokens("'x\\'y' ''"), "string:'x\\'y' string:''");
    CHECK_STR(tokens("1 12L 1.50 1.x"), "integer:1 long:12L decimal:1.50 integer:1 op:. name:x");
    CHECK_STR(tokens("$this $index $total"), "this:$this index:$index total:$total");
    CHECK_STR(tokens("%a %`b c` %'d'"), "variable:%a variable:%`b c` variable:%'d'");
    CHECK_STR(tokens("<=>=!=!~<>=~|&"), "op:<= op:>= op:!= op:!~ op:< op:>= op:~ op:| op:&");
    CHECK_STR(tokens("(){}[],+-*/"), "op:( op:) op:{ op:} op:[ op:] op:, op:+ op:- op:* op:/");
}

static void dates(void) {
    CHECK_STR(tokens("@2014 @2014-01 @2014-01-02"), "date:@2014 date:@2014-01 date:@2014-01-02");
    CHECK_STR(tokens("@2014T @2014-01T"), "datetime:@2014T datetime:@2014-01T");
    CHECK_STR(tokens("@2014-01-02T03:04:05.6+07:00.x"),
              "datetime:@2014-01-02T03:04:05.6+07:00 op:. name:x");
    CHECK_STR(tokens("@2014-01-02T03:04Z"), "datetime:@2014-01-02T03:04Z");
    CHECK_STR(tokens("@T03 @T03:04 @T03:04:05.678"), "time:@T03 time:@T03:04 time:@T03:04:05.678");
    CHECK_STR(tokens("@2014-1"), "date:@2014 op:- integer:1");
    CHECK_STR(tokens("@T03:04Z @T03:04-05:00"), "time:@T03:04Z time:@T03:04-05:00");
    CHECK(strstr(tokens("@T"), "a time literal is") != NULL);
    CHECK(strstr(tokens("@20"), "a date literal is") != NULL);
}

static void comments(void) {
    CHECK_STR(tokens("1 // 2\n3"), "integer:1 integer:3");
    CHECK_STR(tokens("/* 1 */ 2 /**/ 3"), "integer:2 integer:3");
    CHECK(strstr(tokens("1 /* 2"), "never closed with */") != NULL);
    CHECK_STR(tokens("1 / 2"), "integer:1 op:/ integer:2");
}

static void refusals(void) {
    CHECK(strstr(tokens("'abc"), "the string is never closed") != NULL);
    CHECK(strstr(tokens("'abc\\"), "the string is never closed") != NULL);
    CHECK(strstr(tokens("`abc"), "the quoted name is never closed") != NULL);
    CHECK(strstr(tokens("%"), "a name must follow %") != NULL);
    CHECK(strstr(tokens("%`a"), "never ends") != NULL);
    CHECK(strstr(tokens("$that"), "only $this, $index and $total") != NULL);
    CHECK(strstr(tokens("#"), "begins nothing") != NULL);
    CHECK(strstr(tokens("!"), "begins nothing") != NULL);
    CHECK(strstr(tokens("\"a\""), "begins nothing") != NULL);
}

const unit_test path_lex_suite[] = {UNIT_TEST(kinds), UNIT_TEST(dates), UNIT_TEST(comments),
                                    UNIT_TEST(refusals), UNIT_END};
