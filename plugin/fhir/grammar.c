/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the tokens. '{' and '[' are two below the brackets that close them. */
#include "fhir/grammar.h"

#include <string.h>

static const char *digits_end(const char *p, const char *end) {
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p;
}

/* Behind the number at p, or NULL. */
static const char *number_end(const char *p, const char *end) {
    const char *from;
    if (*p == '-') p++;
    from = p;
    p = p < end && *p == '0' ? p + 1 : digits_end(p, end);
    if (p == from) return NULL;
    if (p < end && *p == '.') {
        from = ++p;
        p = digits_end(p, end);
        if (p == from) return NULL;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        from = p;
        p = digits_end(p, end);
        if (p == from) return NULL;
    }
    return p;
}

static const char *literal_end(const char *p, const char *end) {
    isize left = end - p;
    if (left >= 4 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)) return p + 4;
    return left >= 5 && memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}

/* Whether the token is a number or literal that goes on to white space or the next token. */
static bool scalar(const token_index *x, size_t t) {
    const char *p = x->text + x->at[t], *end = x->text + x->length;
    char c = x->kind[t];
    if (!c) return false;
    p = c == '-' || (c >= '0' && c <= '9') ? number_end(p, end) : literal_end(p, end);
    if (!p) return false;
    return p == x->text + x->at[t + 1] || *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t';
}

/* Behind members whose values are strings, with the commas behind them: most tokens of FHIR are
 * these. An index has room for a look at four tokens. */
static inline size_t past_texts(const char *kind, size_t t) {
    while (memcmp(kind + t, "\":\",", 4) == 0) t += 4;
    return t;
}

bool grammar_check(token_index *x, int max_depth) {
    const char *kind = x->kind;
    uint32_t open[LIMIT_DEPTH];
    size_t t = 0;
    int depth = 0;
    bool member = false;
    for (;;) {
        if (member) {
            t = past_texts(kind, t);
            if (kind[t] != '"' || kind[t + 1] != ':') return false;
            t += 2;
        }
        char c = kind[t];
        if (c == '"') {
            t++;
        } else if (c == '{' || c == '[') {
            if (depth == max_depth) return false;
            open[depth++] = (uint32_t)t++;
            member = c == '{';
            if (kind[t] != c + 2) continue;
        } else if (!scalar(x, t++)) {
            return false;
        }
        while (depth && kind[t] != ',') {
            /* cppcheck-suppress uninitvar ; what lies below `depth` was written */
            uint32_t from = open[--depth];
            if (kind[t] != kind[from] + 2) return false;
            x->past[from] = (uint32_t)++t;
            member = depth && kind[open[depth - 1]] == '{';
        }
        if (!depth) return t == x->n;
        t++; /* the comma */
    }
}
