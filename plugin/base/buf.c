/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text: capacity doubles inside the arena, up to the buffer's own ceiling. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUF_FIRST = 256 };

buf buf_new(arena *a, isize limit, const char *purpose) {
    return (buf){.arena = a, .limit = limit, .purpose = purpose};
}

/* Makes room for `more` bytes behind what is there, and for the NUL that printf writes behind its
 * text, which the ceiling does not count. */
static void buf_room(buf *b, isize more) {
    if (more < b->cap - b->n) return;
    if (more > b->limit - b->n) {
        fault_raise(b->arena->landing, FAULT_LIMIT, -1, "%s is longer than its limit of %td bytes",
                    b->purpose, b->limit);
    }
    isize cap = b->cap > b->limit / 2 ? b->limit : b->cap * 2;
    if (cap < b->n + more) cap = b->n + more;
    if (cap < BUF_FIRST) cap = b->limit < BUF_FIRST ? b->limit : BUF_FIRST;
    cap++;
    b->p = arena_grow(b->arena, b->p, b->cap, cap, 1, 1);
    b->cap = cap;
}

void buf_byte(buf *b, char byte) {
    buf_room(b, 1);
    b->p[b->n++] = byte;
}

void buf_add(buf *b, str text) {
    if (text.n <= 0) return;
    buf_room(b, text.n);
    memcpy(b->p + b->n, text.p, (size_t)text.n);
    b->n += text.n;
}

/* Mostly there is room, and one pass is enough. */
void buf_printf(buf *b, const char *format, ...) {
    va_list arguments;
    size_t room = (size_t)(b->cap - b->n);
    va_start(arguments, format);
    int need = vsnprintf(room > 0 ? b->p + b->n : NULL, room, format, arguments);
    va_end(arguments);
    if (need < 0) {
        fault_raise(b->arena->landing, FAULT_INTERNAL, -1, "%s: bad format", b->purpose);
    }
    if ((size_t)need >= room) {
        buf_room(b, need);
        va_start(arguments, format);
        vsnprintf(b->p + b->n, (size_t)need + 1, format, arguments);
        va_end(arguments);
    }
    b->n += need;
}

void buf_integer(buf *b, int64_t n) {
    char digits[20];
    char *at = digits + sizeof digits;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (n < 0) *--at = '-';
    buf_add(b, (str){at, digits + sizeof digits - at});
}

static str json_escape(unsigned char c, char scratch[6]) {
    switch (c) {
    case '"': return S("\\\"");
    case '\\': return S("\\\\");
    case '\b': return S("\\b");
    case '\f': return S("\\f");
    case '\n': return S("\\n");
    case '\r': return S("\\r");
    case '\t': return S("\\t");
    default: break;
    }
    static const char digits[] = "0123456789abcdef";
    memcpy(scratch, "\\u00", 4);
    scratch[4] = digits[c >> 4];
    scratch[5] = digits[c & 15];
    return (str){scratch, 6};
}

void buf_json_string(buf *b, str text) {
    buf_byte(b, '"');
    isize done = 0;
    for (isize i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        char scratch[6];
        buf_add(b, (str){text.p + done, i - done});
        buf_add(b, json_escape(c, scratch));
        done = i + 1;
    }
    if (done < text.n) buf_add(b, (str){text.p + done, text.n - done});
    buf_byte(b, '"');
}

str buf_str(const buf *b) { return (str){b->p, b->n}; }
