/* SPDX-License-Identifier: Apache-2.0 */
/* call_encoding.c: encode, decode, escape, unescape (FHIRPath 3.0: Additional String Functions). An
 * unknown format, and text that is not of the format, give empty. */
#include "path/calls.h"
#include "path/text.h"
#include <string.h>

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static buf text_buf(machine *m) {
    return buf_new(m->run->arena, (isize)6 * LIMIT_STRING_BYTES, "a string of an expression");
}

static bool push_limited(machine *m, const buf *out) {
    if (out->n > LIMIT_STRING_BYTES) return machine_limit(m, "bytes of a string");
    return push_string(m, buf_str(out));
}

static void base64_encode(str s, const char *letters, buf *out) {
    for (isize i = 0; i < s.n; i += 3) {
        isize n = s.n - i < 3 ? s.n - i : 3;
        uint32_t bits = 0;
        for (isize k = 0; k < 3; k++) bits = bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0u);
        for (isize k = 0; k < 4; k++)
            buf_byte(out, k <= n ? letters[bits >> (18 - 6 * k) & 63] : '=');
    }
}

static bool base64_decode(str s, const char *letters, buf *out) {
    uint32_t bits = 0;
    int have = 0;
    while (s.n > 0 && s.p[s.n - 1] == '=') s.n--;
    for (isize i = 0; i < s.n; i++) {
        const char *found = memchr(letters, s.p[i], 64);
        if (!found) return false;
        bits = bits << 6 | (uint32_t)(found - letters);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        buf_byte(out, (char)(bits >> have & 255));
    }
    return have < 6;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool hex_decode(str s, buf *out) {
    if (s.n % 2) return false;
    for (isize i = 0; i < s.n; i += 2) {
        int high = hex_value(s.p[i]), low = hex_value(s.p[i + 1]);
        if (high < 0 || low < 0) return false;
        buf_byte(out, (char)(high * 16 + low));
    }
    return true;
}

bool call_encode(machine *m, call *c) {
    str s = c->input.it.text, format = c->args_v[0].it.text;
    buf out = text_buf(m);
    if (str_eq(format, S("hex")))
        for (isize i = 0; i < s.n; i++)
            buf_printf(&out, "%x%x", (unsigned char)s.p[i] >> 4, s.p[i] & 15);
    else if (str_eq(format, S("base64")))
        base64_encode(s, base64_letters, &out);
    else if (str_eq(format, S("urlbase64")))
        base64_encode(s, url_letters, &out);
    else
        return true;
    return push_limited(m, &out);
}

bool call_decode(machine *m, call *c) {
    str s = c->input.it.text, format = c->args_v[0].it.text;
    buf out = text_buf(m);
    bool ok = str_eq(format, S("hex"))         ? hex_decode(s, &out)
              : str_eq(format, S("base64"))    ? base64_decode(s, base64_letters, &out)
              : str_eq(format, S("urlbase64")) ? base64_decode(s, url_letters, &out)
                                               : false;
    /* What was decoded is text only when it is UTF-8. */
    return !ok || !text_is_utf8(buf_str(&out)) || push_limited(m, &out);
}

/* --- html and json --- */
static const struct {
    char byte;
    const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

static void html_escape(str s, buf *out) {
    for (isize i = 0; i < s.n; i++) {
        const char *entity = NULL;
        for (isize k = 0; k < COUNT_OF(entities); k++)
            if (entities[k].byte == s.p[i]) entity = entities[k].entity;
        if (entity)
            buf_add(out, str_from(entity));
        else
            buf_byte(out, s.p[i]);
    }
}

/* &#39; and &#x27; */
static isize numeric_entity(str s, isize at, buf *out) {
    bool hex = at + 2 < s.n && (s.p[at + 2] == 'x' || s.p[at + 2] == 'X');
    uint32_t code = 0;
    isize i = at + (hex ? 3 : 2), from = i;
    for (; i < s.n && s.p[i] != ';' && i - from < 7; i++) {
        int digit = hex_value(s.p[i]);
        if (digit < 0 || (!hex && digit > 9)) return 0;
        code = code * (hex ? 16u : 10u) + (uint32_t)digit;
    }
    if (i == from || i >= s.n || s.p[i] != ';' || code == 0 || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    char text[4];
    buf_add(out, (str){text, text_put(text, code)});
    return i + 1 - at;
}

static void html_unescape(str s, buf *out) {
    for (isize i = 0; i < s.n;) {
        isize took = 0;
        if (s.p[i] == '&' && i + 1 < s.n && s.p[i + 1] == '#') took = numeric_entity(s, i, out);
        for (isize k = 0; took == 0 && s.p[i] == '&' && k < COUNT_OF(entities); k++) {
            str entity = str_from(entities[k].entity);
            if (!str_starts(str_slice(s, i, s.n), entity)) continue;
            buf_byte(out, entities[k].byte);
            took = entity.n;
        }
        if (took == 0) buf_byte(out, s.p[i]);
        i += took > 0 ? took : 1;
    }
}

static void json_escape(str s, buf *out) {
    buf_json_string(out, s);
    memmove(out->p, out->p + 1, (size_t)out->n - 2);
    out->n -= 2;
}

static uint32_t hex4(str s, isize at) {
    uint32_t code = 0;
    for (isize i = at; i < at + 4; i++) {
        int digit = i < s.n ? hex_value(s.p[i]) : -1;
        if (digit < 0) return 0;
        code = code * 16 + (uint32_t)digit;
    }
    return code;
}

/* After \u: bytes taken, or 0. */
static isize json_unicode(str s, isize at, buf *out) {
    uint32_t code = hex4(s, at);
    isize took = 4;
    if (code >= 0xD800 && code < 0xDC00 && at + 5 < s.n && s.p[at + 4] == '\\' &&
        s.p[at + 5] == 'u') {
        uint32_t low = hex4(s, at + 6);
        if (low < 0xDC00 || low > 0xDFFF) return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        took = 10;
    }
    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) return 0;
    char text[4];
    buf_add(out, (str){text, text_put(text, code)});
    return took;
}

static bool json_unescape(str s, buf *out) {
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            buf_byte(out, s.p[i]);
            continue;
        }
        if (++i == s.n) return false;
        const char *found = memchr(letters, s.p[i], sizeof letters - 1);
        if (found) {
            buf_byte(out, bytes[found - letters]);
            continue;
        }
        isize took = s.p[i] == 'u' ? json_unicode(s, i + 1, out) : 0;
        if (took == 0) return false;
        i += took;
    }
    return true;
}

bool call_escape(machine *m, call *c) {
    str format = c->args_v[0].it.text;
    buf out = text_buf(m);
    if (str_eq(format, S("html")))
        html_escape(c->input.it.text, &out);
    else if (str_eq(format, S("json")))
        json_escape(c->input.it.text, &out);
    else
        return true;
    return push_limited(m, &out);
}

bool call_unescape(machine *m, call *c) {
    str format = c->args_v[0].it.text;
    buf out = text_buf(m);
    if (str_eq(format, S("html")))
        html_unescape(c->input.it.text, &out);
    else if (!str_eq(format, S("json")) || !json_unescape(c->input.it.text, &out))
        return true;
    return push_limited(m, &out);
}
