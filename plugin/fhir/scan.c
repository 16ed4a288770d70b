/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer. Most bytes are in strings, so strings are searched eight bytes at a time for what is
 * not plain: the quote, a backslash, a control character, a byte of UTF-8. */
#include "fhir/scan.h"

#include <string.h>

scan scan_new(str text, int max_depth, fault *fault) {
    if (max_depth <= 0 || max_depth > LIMIT_DEPTH) max_depth = LIMIT_DEPTH;
    const char *p = text.p ? text.p : "";
    scan s = {.p = p, .beg = p, .end = p + text.n, .max_depth = max_depth, .fault = fault};
    if (str_starts(text, S("\xEF\xBB\xBF"))) s.p += 3;
    return s;
}

bool scan_fail(scan *s, const char *at, const char *text) {
    fault_set(s->fault, FAULT_INPUT, scan_offset(s, at), "%s", text);
    s->p = s->end;
    return false;
}

/* Syntax: `what` is said with its rule, or with the remedy when the text just ends. */
static bool fail_syntax(scan *s, const char *at, const char *what) {
    bool early = at >= s->end;
    fault_set(
        s->fault, FAULT_INPUT, scan_offset(s, at), "%s%s",
        early ? "the JSON text ends too early, send all of it: " : "not JSON (RFC 8259): ", what);
    s->p = s->end;
    return false;
}

bool scan_enter(scan *s) {
    if (s->depth == s->max_depth) {
        fault_set(
            s->fault, FAULT_LIMIT, scan_offset(s, s->p),
            "objects and arrays are nested deeper than the limit of %d levels; send a flatter "
            "document",
            s->max_depth);
        s->p = s->end;
        return false;
    }
    s->depth++;
    s->p++;
    return true;
}

/* --- strings --- */

/* The first byte at or after p that is not plain, or the end. */
static inline const char *plain_end(const char *p, const char *end) {
    while (end - p >= SCAN_STRIDE) {
        int n = scan_plain(p);
        p += n;
        if (n < SCAN_STRIDE) return p;
    }
    while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\') p++;
    return p;
}

int scan_sequence_bytes(const char *p, const char *end) {
    uint8_t lead = (uint8_t)p[0];
    int n = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (!n || end - p < n) return 0;
    for (int i = 1; i < n; i++)
        if (((uint8_t)p[i] & 0xC0) != 0x80) return 0;
    uint8_t second = (uint8_t)p[1];
    if (lead == 0xE0 && second < 0xA0) return 0; /* overlong */
    if (lead == 0xED && second > 0x9F) return 0; /* surrogates */
    if (lead == 0xF0 && second < 0x90) return 0;
    if (lead == 0xF4 && second > 0x8F) return 0; /* above U+10FFFF */
    return n;
}

/* The value of four hexadecimal digits, or -1. */
static int hex4(const char *p, const char *end) {
    if (end - p < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Length of the escape at p (a backslash), 0 when it is none; its character in *point. */
static int escape_bytes(const char *p, const char *end, uint32_t *point) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2) return 0;
    const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
    if (letter) {
        *point = (uint32_t)meant[letter - letters];
        return 2;
    }
    int high = p[1] == 'u' ? hex4(p + 2, end) : -1;
    if (high <= 0 || (high >= 0xDC00 && high < 0xE000)) return 0;
    *point = (uint32_t)high;
    if (high < 0xD800 || high >= 0xE000) return 6;
    int low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1;
    if (low < 0xDC00 || low >= 0xE000) return 0;
    *point = 0x10000u + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

int scan_escape_bytes(const char *p, const char *end) {
    uint32_t point;
    return escape_bytes(p, end, &point);
}

/* What is wrong at p, for the fault's text. */
static bool fail_string(scan *s, const char *p) {
    if (p >= s->end) return fail_syntax(s, p, "a string has no closing quote");
    if ((uint8_t)*p >= 0x80)
        return scan_fail(s, p, "the bytes are not UTF-8; FHIR and JSON allow no other encoding");
    if (*p != '\\')
        return scan_fail(s, p,
                         "a control character stands in a string; write it as an escape (RFC 8259 "
                         "section 7)");
    if (s->end - p >= 6 && p[1] == 'u' && hex4(p + 2, s->end) == 0)
        return scan_fail(s, p, "the character NUL is not allowed in a string");
    if (s->end - p >= 6 && p[1] == 'u' && hex4(p + 2, s->end) > 0)
        return scan_fail(s, p, "half of a surrogate pair stands alone; write both halves");
    return fail_syntax(s, p, "a backslash starts no escape that RFC 8259 section 7 knows");
}

const char *scan_quote_slowly(scan *s, const char *p, bool *escaped) {
    for (p = plain_end(p, s->end); p < s->end && *p != '"'; p = plain_end(p, s->end)) {
        uint32_t point;
        int n = 0;
        if (*p == '\\') {
            n = escape_bytes(p, s->end, &point);
            *escaped = true;
        } else if ((uint8_t)*p >= 0x80) {
            n = scan_sequence_bytes(p, s->end);
        }
        if (!n) break;
        p += n;
    }
    if (p < s->end && *p == '"') return p;
    fail_string(s, p);
    return NULL;
}

str scan_unescape(str raw, arena *a) {
    const char *end = raw.p + raw.n, *p = raw.p;
    char *out = arena_alloc(a, raw.n, 1, 1), *o = out;
    while (p < end) {
        if (*p != '\\') {
            *o++ = *p++;
            continue;
        }
        uint32_t c = 0;
        p += escape_bytes(p, end, &c);
        if (c < 0x80) {
            *o++ = (char)c;
        } else if (c < 0x800) {
            *o++ = (char)(0xC0 | c >> 6);
            *o++ = (char)(0x80 | (c & 0x3F));
        } else {
            if (c < 0x10000) {
                *o++ = (char)(0xE0 | c >> 12);
            } else {
                *o++ = (char)(0xF0 | c >> 18);
                *o++ = (char)(0x80 | (c >> 12 & 0x3F));
            }
            *o++ = (char)(0x80 | (c >> 6 & 0x3F));
            *o++ = (char)(0x80 | (c & 0x3F));
        }
    }
    return (str){out, o - out};
}

/* --- other values --- */

static const char *digits_end(const char *p, const char *end) {
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p;
}

bool scan_number(scan *s, str *raw) {
    const char *start = s->p, *p = start, *end = s->end, *from;
    if (*p == '-') p++;
    from = p;
    p = p < end && *p == '0' ? p + 1 : digits_end(p, end);
    if (p == from) return fail_syntax(s, p, "a number needs a digit here");
    if (p < end && *p >= '0' && *p <= '9')
        return fail_syntax(s, p, "a number must not begin with a superfluous zero");
    if (p < end && *p == '.') {
        from = ++p;
        p = digits_end(p, end);
        if (p == from) return fail_syntax(s, p, "a number needs a digit after its point");
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        from = p;
        p = digits_end(p, end);
        if (p == from) return fail_syntax(s, p, "a number needs a digit in its exponent");
    }
    *raw = (str){start, p - start};
    s->p = p;
    return true;
}

bool scan_literal(scan *s, str *raw) {
    static const str literals[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    str rest = {s->p, s->end - s->p};
    for (isize i = 0; i < COUNT_OF(literals); i++)
        if (str_starts(rest, literals[i])) {
            *raw = (str){s->p, literals[i].n};
            s->p += literals[i].n;
            return true;
        }
    return fail_syntax(s, s->p, "a value is expected here");
}

bool scan_fail_name(scan *s) {
    bool before = s->p == s->beg || s->p[-1] != '"';
    return fail_syntax(s, s->p,
                       before ? "a member's name in quotes is expected here"
                              : "a colon is expected after a member's name");
}

bool scan_name(scan *s, arena *a, str *name) {
    bool escaped;
    if (!scan_name_raw(s, name, &escaped)) return false;
    if (escaped) *name = scan_unescape(*name, a);
    return true;
}

bool scan_fail_next(scan *s, char close) {
    return fail_syntax(s, s->p,
                       close == '}' ? "a comma or the closing brace is expected here"
                                    : "a comma or the closing bracket is expected here");
}

static bool skip_scalar(scan *s, char first) {
    str raw;
    bool escaped;
    if (first == '"') return scan_string(s, &raw, &escaped);
    if (first == '-' || (first >= '0' && first <= '9')) return scan_number(s, &raw);
    return scan_literal(s, &raw);
}

/* Behind a value: closes what ends there. *more is false when the value that was begun `outside`
 * is at its end, else the scan stands before the next element or member. */
static inline bool skip_ends(scan *s, uint64_t *objects, int outside, bool *more) {
    *more = false;
    while (!*more && s->depth > outside) {
        if (!scan_next(s, *objects & 1 ? '}' : ']', more)) return false;
        if (*more) return true;
        scan_leave(s);
        *objects >>= 1;
    }
    return true;
}

/* A bit for each open level says whether it is an object; LIMIT_DEPTH levels fit in a word. */
static inline bool skip_value(scan *s) {
    _Static_assert(LIMIT_DEPTH <= 64, "a level needs a bit");
    uint64_t objects = 0;
    int outside = s->depth;
    bool more = true, escaped;
    str name;
    while (more) {
        char c = scan_peek(s);
        bool object = c == '{';
        if (object || c == '[') {
            if (!scan_enter(s)) return false;
            objects = objects << 1 | object;
            if (scan_peek(s) != (object ? '}' : ']')) {
                if (object && !scan_name_raw(s, &name, &escaped)) return false;
                continue;
            }
        } else if (!skip_scalar(s, c)) {
            return false;
        }
        if (!skip_ends(s, &objects, outside, &more)) return false;
        if (more && (objects & 1) && !scan_name_raw(s, &name, &escaped)) return false;
    }
    return true;
}

bool scan_skip(scan *s) {
    scan own = *s; /* nobody else points to it, so its members can stay in registers */
    bool ok = skip_value(&own);
    *s = own;
    return ok;
}

bool scan_end(scan *s) {
    if (scan_peek(s) || s->p < s->end)
        return fail_syntax(s, s->p, "nothing but white space may follow the value");
    return true;
}

/* --- duplicates --- */

static void merge(str *to, const str *a, isize na, const str *b, isize nb) {
    isize i = 0, j = 0;
    while (i < na || j < nb)
        if (j == nb || (i < na && str_compare(a[i], b[j]) <= 0))
            *to++ = a[i++];
        else
            *to++ = b[j++];
}

isize scan_duplicate(const str *texts, isize n, arena *arena) {
    if (n <= 8) {
        for (isize i = 1; i < n; i++)
            for (isize j = 0; j < i; j++)
                if (str_eq(texts[i], texts[j])) return i;
        return -1;
    }
    str *from = arena_new(arena, str, n), *to = arena_new(arena, str, n);
    memcpy(from, texts, (size_t)n * sizeof *texts);
    for (isize width = 1; width < n; width *= 2) {
        for (isize i = 0; i < n; i += 2 * width) {
            isize na = n - i < width ? n - i : width;
            isize nb = n - i - na < width ? n - i - na : width;
            merge(to + i, from + i, na, from + i + na, nb);
        }
        str *swap = from;
        from = to;
        to = swap;
    }
    for (isize i = 1; i < n; i++) {
        if (!str_eq(from[i - 1], from[i])) continue;
        for (isize k = n - 1; k >= 0; k--) /* stable: the later one of the two */
            if (texts[k].p == from[i].p && texts[k].n == from[i].n) return k;
    }
    return -1;
}
