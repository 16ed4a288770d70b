/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as messages. */
#include "tools/lines.h"

#include <stdlib.h>

void lines_open(lines *l, FILE *from, size_t limit) {
    *l = (lines){.from = from, .limit = limit, .next = 1};
}

void lines_close(lines *l) {
    free(l->text);
    l->text = NULL;
}

static bool add(lines *l, char c) {
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 1 << 16;
        char *grown = realloc(l->text, cap);
        if (!grown) return false;
        l->text = grown;
        l->cap = cap;
    }
    l->text[l->n++] = c;
    return true;
}

/* Appends up to the end of the line, or of the stream; LINES_END when there was nothing at all. */
static lines_result read_until(lines *l, bool line_only) {
    bool any = false, too_long = false;
    int c;
    while ((c = getc_unlocked(l->from)) != EOF) {
        any = true;
        if (c == '\n') l->next++;
        if (c == '\n' && line_only) break;
        if (l->n >= l->limit)
            too_long = true;
        else if (!add(l, (char)c))
            return LINES_FAILED;
    }
    if (ferror(l->from)) return LINES_FAILED;
    return too_long ? LINES_TOO_LONG : any ? LINES_MESSAGE : LINES_END;
}

static bool blank(const lines *l) {
    for (size_t i = 0; i < l->n; i++)
        if (l->text[i] != ' ' && l->text[i] != '\t' && l->text[i] != '\r') return false;
    return true;
}

/* Whether the line is an object from its first to its last brace. */
static bool complete(const lines *l) {
    long depth = 0;
    bool string = false, ended = false;
    for (size_t i = 0; i < l->n; i++) {
        char c = l->text[i];
        if (string) {
            if (c == '\\') i++;
            string = c != '"';
            continue;
        }
        if (c == '<' && depth == 0) return false;
        string = c == '"';
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        ended = ended || (depth == 0 && c == '}');
    }
    return ended && depth == 0;
}

lines_result lines_next(lines *l, str *message) {
    lines_result result;
    if (l->whole) return LINES_END;
    do {
        l->n = 0;
        l->line = l->next;
        result = read_until(l, true);
    } while (result == LINES_MESSAGE && blank(l));
    if (result == LINES_MESSAGE && !l->started && !complete(l)) {
        l->whole = true;
        if (!add(l, '\n')) return LINES_FAILED;
        lines_result rest = read_until(l, false);
        if (rest == LINES_TOO_LONG || rest == LINES_FAILED) result = rest;
    }
    l->started = true;
    *message = (str){l->text, (isize)l->n};
    return result;
}
