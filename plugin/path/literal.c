/* SPDX-License-Identifier: Apache-2.0 */
/* literal.c: escapes, numbers, dates. */
#include "path/literal.h"
#include "path/text.h"
#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t hex4(str s, isize at) {
    if (at + 4 > s.n) return -1;
    int32_t value = 0;
    for (isize i = at; i < at + 4; i++) {
        int d = hex_digit(s.p[i]);
        if (d < 0) return -1;
        value = value * 16 + d;
    }
    return value;
}

/* The \uXXXX at `at` (just past the u), a surrogate pair as one character. False when malformed. */
static bool unicode_escape(str s, isize *at, uint32_t *out) {
    int32_t high = hex4(s, *at);
    if (high <= 0) return false;
    *at += 4;
    *out = (uint32_t)high;
    if (high < 0xD800 || high > 0xDFFF) return true;
    if (high > 0xDBFF || *at + 2 > s.n || s.p[*at] != '\\' || s.p[*at + 1] != 'u') return false;
    int32_t low = hex4(s, *at + 2);
    if (low < 0xDC00 || low > 0xDFFF) return false;
    *at += 6;
    *out = 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
    return true;
}

static char escaped_byte(char c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    default: return c;
    }
}

bool literal_unquote(arena *arena, str quoted, str *out) {
    str inner = str_slice(quoted, 1, quoted.n - 1);
    if (str_find_byte(inner, '\\', 0) < 0) {
        *out = inner;
        return true;
    }
    char *text = arena_new(arena, char, inner.n + 1);
    isize n = 0;
    for (isize i = 0; i < inner.n;) {
        char c = inner.p[i++];
        if (c != '\\' || i == inner.n) {
            text[n++] = c;
        } else if (inner.p[i] == 'u' && hex4(inner, i + 1) >= 0) {
            uint32_t code = 0;
            i++;
            if (!unicode_escape(inner, &i, &code)) return false;
            n += text_put(text + n, code);
        } else {
            text[n++] = escaped_byte(inner.p[i++]);
        }
    }
    *out = (str){text, n};
    return true;
}

static bool integer_text(str text, int64_t most, int64_t *out) {
    int64_t value = 0;
    for (isize i = 0; i < text.n; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.p[i] - '0', &value) || value > most)
            return false;
    }
    *out = value;
    return true;
}

static bool number_value(token_kind kind, str text, item *out, const char **why) {
    if (kind == TOKEN_DECIMAL) {
        decimal d;
        *why = "this number has more digits than a Decimal can hold";
        if (!decimal_parse(text, &d)) return false;
        *out = (item){.kind = ITEM_DECIMAL, .scale = (uint8_t)d.scale, .coef = d.coef};
        return true;
    }
    bool wide = kind == TOKEN_LONG;
    *why = wide ? "this number is too large for a Long"
                : "this number is too large for an Integer; write it as Long (5000000000L) or "
                  "Decimal (5000000000.0)";
    out->kind = wide ? ITEM_LONG : ITEM_INTEGER;
    if (wide) text.n--;
    return integer_text(text, wide ? INT64_MAX : INT32_MAX, &out->integer);
}

static bool time_value(arena *arena, token_kind kind, str text, item *out, const char **why) {
    when w;
    bool ok = false;
    *why = "there is no such date or time";
    if (kind == TOKEN_TIME) {
        out->kind = ITEM_TIME;
        ok = when_parse_time(str_slice(text, 2, text.n), &w);
    } else if (kind == TOKEN_DATE) {
        out->kind = ITEM_DATE;
        ok = when_parse_date(str_slice(text, 1, text.n), &w);
    } else {
        isize end = text.p[text.n - 1] == 'T' ? text.n - 1 : text.n;
        out->kind = ITEM_DATETIME;
        ok = when_parse_datetime(str_slice(text, 1, end), &w);
    }
    if (!ok) return false;
    when *kept = arena_new(arena, when, 1);
    *kept = w;
    out->when = kept;
    return true;
}

bool literal_has_zone(str time) {
    return str_find_byte(time, 'Z', 0) >= 0 || str_find_byte(time, '+', 0) >= 0 ||
           str_find_byte(time, '-', 0) >= 0;
}

bool literal_value(arena *arena, token_kind kind, str text, item *out, const char **why) {
    memset(out, 0, sizeof *out);
    if (kind == TOKEN_INTEGER || kind == TOKEN_LONG || kind == TOKEN_DECIMAL)
        return number_value(kind, text, out, why);
    return time_value(arena, kind, text, out, why);
}

str literal_calendar_unit(str word) {
    static const char *const units[] = {"year", "month",  "week",   "day",
                                        "hour", "minute", "second", "millisecond"};
    for (isize i = 0; i < COUNT_OF(units); i++) {
        str unit = str_from(units[i]);
        if (str_eq(word, unit)) return unit;
        if (word.n == unit.n + 1 && str_starts(word, unit) && str_ends(word, S("s"))) return unit;
    }
    return (str){0};
}
