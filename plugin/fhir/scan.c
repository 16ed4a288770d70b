/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer. Most bytes of a message are in strings, so strings are searched sixteen bytes at a
 * time for what is not plain: the quote, a backslash, a control character, a byte of UTF-8. */
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

#if defined(__SSE2__)
enum { STRIDE = 16 };
typedef signed char bytes16 __attribute__((vector_size(16)));
typedef char mask16 __attribute__((vector_size(16)));

/* How many plain bytes stand at p, of the next STRIDE. */
static inline int plain_bytes(const char *p) {
    bytes16 v;
    memcpy(&v, p, sizeof v);
    /* signed: bytes of UTF-8 are negative and so below 0x20 too */
    bytes16 odd = (bytes16)(v < 0x20) | (bytes16)(v == '"') | (bytes16)(v == '\\');
    unsigned mask = (unsigned)__builtin_ia32_pmovmskb128((mask16)odd);
    return mask ? __builtin_ctz(mask) : STRIDE;
}
#else
enum { STRIDE = 8 };

/* The same on a 64-bit word: the high bit of each byte that is not plain. Bytes above the lowest
 * such bit may be wrong through borrows, which does not matter. */
static inline int plain_bytes(const char *p) {
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)(uint8_t)p[i] << (8 * i);
    uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
    uint64_t odd = (v | ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) |
                    ((backslash - ones) & ~backslash)) &
                   high;
    return odd ? __builtin_ctzll(odd) >> 3 : STRIDE;
}
#endif

/* The first byte at or after p that is not plain, or the end. */
static inline const char *plain_end(const char *p, const char *end) {
    while (end - p >= STRIDE) {
        int n = plain_bytes(p);
        p += n;
        if (n < STRIDE) return p;
    }
    while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\') p++;
    return p;
}

/* Bytes of the UTF-8 sequence at p, 0 when it is not well-formed (RFC 3629 section 4). */
static int utf8_bytes(const char *p, const char *end) {
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

/* The rest of a string from its first byte that is not plain: the closing quote, or NULL. */
static __attribute__((noinline)) const char *string_end(scan *s, const char *p, bool *escaped) {
    for (;;) {
        if (p >= s->end) break;
        if (*p == '"') return p;
        uint32_t point;
        int n = 0;
        if (*p == '\\') {
            n = escape_bytes(p, s->end, &point);
            *escaped = true;
        } else if ((uint8_t)*p >= 0x80) {
            n = utf8_bytes(p, s->end);
        }
        if (!n) break;
        p = plain_end(p + n, s->end);
    }
    fail_string(s, p);
    return NULL;
}

bool scan_string(scan *s, str *raw, bool *escaped) {
    const char *start = s->p + 1;
    const char *p = plain_end(start, s->end);
    *escaped = false;
    if (p == s->end || *p != '"') {
        p = string_end(s, p, escaped);
        if (!p) return false;
    }
    *raw = (str){start, p - start};
    s->p = p + 1;
    return true;
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

bool scan_name(scan *s, arena *a, str *name) {
    if (scan_peek(s) != '"')
        return fail_syntax(s, s->p, "a member's name in quotes is expected here");
    bool escaped;
    if (!scan_string(s, name, &escaped)) return false;
    if (scan_peek(s) != ':')
        return fail_syntax(s, s->p, "a colon is expected after a member's name");
    s->p++;
    if (escaped && a) *name = scan_unescape(*name, a);
    return true;
}

bool scan_next(scan *s, char close, bool *more) {
    char c = scan_peek(s);
    *more = c == ',';
    if (*more)
        s->p++;
    else if (c != close)
        return fail_syntax(s, s->p,
                           close == '}' ? "a comma or the closing brace is expected here"
                                        : "a comma or the closing bracket is expected here");
    return true;
}

static bool skip_scalar(scan *s, char first) {
    str raw;
    bool escaped;
    if (first == '"') return scan_string(s, &raw, &escaped);
    if (first == '-' || (first >= '0' && first <= '9')) return scan_number(s, &raw);
    return scan_literal(s, &raw);
}

/* A bit for each open level says whether it is an object; LIMIT_DEPTH levels fit in a word. */
bool scan_skip(scan *s) {
    _Static_assert(LIMIT_DEPTH <= 64, "a level needs a bit");
    uint64_t objects = 0;
    int outside = s->depth;
    str name;
    for (;;) {
        char c = scan_peek(s);
        if (c == '{' || c == '[') {
            if (!scan_enter(s)) return false;
            objects = objects << 1 | (c == '{');
            char close = c == '{' ? '}' : ']';
            if (scan_peek(s) != close) {
                if (c == '{' && !scan_name(s, NULL, &name)) return false;
                continue;
            }
        } else {
            if (!skip_scalar(s, c)) return false;
            if (s->depth == outside) return true;
        }
        for (;;) { /* behind a value, or before the end of an empty object or array */
            bool more, object = objects & 1;
            if (!scan_next(s, object ? '}' : ']', &more)) return false;
            if (more) {
                if (object && !scan_name(s, NULL, &name)) return false;
                break;
            }
            scan_leave(s);
            objects >>= 1;
            if (s->depth == outside) return true;
        }
    }
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
