/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of the primitive types, after the regular expressions of R4's datatypes page, with
 * the calendar checked too (the expressions let 2023-02-30 pass). */
#include "fhir/primitive.h"

#include "fhir/model_ids.h"

#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool lower_hex(char c) { return digit(c) || (c >= 'a' && c <= 'f'); }
static bool alphanumeric(char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool has_space(str s) {
    for (isize i = 0; i < s.n; i++)
        if (space(s.p[i])) return true;
    return false;
}

/* The number in `n` digits at *at, or -1; *at moves behind them. */
static int digits(str s, isize *at, int n) {
    int value = 0;
    if (s.n - *at < n) return -1;
    for (int i = 0; i < n; i++) {
        char c = s.p[*at + i];
        if (!digit(c)) return -1;
        value = value * 10 + (c - '0');
    }
    *at += n;
    return value;
}

static bool take(str s, isize *at, char c) {
    if (*at >= s.n || s.p[*at] != c) return false;
    ++*at;
    return true;
}

static bool day_exists(int year, int month, int day) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

/* YYYY, YYYY-MM or YYYY-MM-DD; gives how many of the parts are there, 0 when malformed. */
static int date_parts(str s, isize *at) {
    int year = digits(s, at, 4);
    if (year < 1) return 0;
    if (!take(s, at, '-')) return 1;
    int month = digits(s, at, 2);
    if (month < 1 || month > 12) return 0;
    if (!take(s, at, '-')) return 2;
    return day_exists(year, month, digits(s, at, 2)) ? 3 : 0;
}

/* hh:mm:ss with an optional fraction; 60 seconds are legal text. */
static bool time_of_day(str s, isize *at) {
    int hour = digits(s, at, 2);
    if (hour < 0 || hour > 23 || !take(s, at, ':')) return false;
    int minute = digits(s, at, 2);
    if (minute < 0 || minute > 59 || !take(s, at, ':')) return false;
    int second = digits(s, at, 2);
    if (second < 0 || second > 60) return false;
    if (!take(s, at, '.')) return true;
    isize from = *at;
    while (*at < s.n && digit(s.p[*at])) ++*at;
    return *at > from;
}

static bool zone(str s, isize *at) {
    if (take(s, at, 'Z')) return true;
    if (!take(s, at, '+') && !take(s, at, '-')) return false;
    int hour = digits(s, at, 2);
    if (hour < 0 || hour > 14 || !take(s, at, ':')) return false;
    int minute = digits(s, at, 2);
    return minute >= 0 && minute <= 59 && (hour < 14 || minute == 0);
}

static bool is_date(str s) {
    isize at = 0;
    return date_parts(s, &at) && at == s.n;
}

/* A time needs a whole date before it and a zone behind it. */
static bool is_datetime(str s, bool whole) {
    isize at = 0;
    int parts = date_parts(s, &at);
    if (at == s.n) return parts && !whole;
    return parts == 3 && take(s, &at, 'T') && time_of_day(s, &at) && zone(s, &at) && at == s.n;
}

static bool is_time(str s) {
    isize at = 0;
    return time_of_day(s, &at) && at == s.n;
}

/* An integer of 32 bits without superfluous zeros; R4 allows -0 where negative numbers are. */
static bool is_integer(str s, int64_t least) {
    isize at = 0;
    bool negative = least < 0 && take(s, &at, '-');
    if (s.n - at < 1 || s.n - at > 10 || (s.p[at] == '0' && s.n - at > 1)) return false;
    int64_t value = 0;
    for (; at < s.n; at++) {
        if (!digit(s.p[at])) return false;
        value = value * 10 + (s.p[at] - '0');
    }
    if (negative) value = -value;
    return value >= least && value <= INT32_MAX && value >= INT32_MIN;
}

static bool is_decimal(str s) {
    isize at = 0;
    take(s, &at, '-');
    isize from = at;
    while (at < s.n && digit(s.p[at])) at++;
    if (at == from || (s.p[from] == '0' && at - from > 1)) return false;
    if (take(s, &at, '.')) {
        from = at;
        while (at < s.n && digit(s.p[at])) at++;
        if (at == from) return false;
    }
    if (take(s, &at, 'e') || take(s, &at, 'E')) {
        if (!take(s, &at, '+')) take(s, &at, '-');
        from = at;
        while (at < s.n && digit(s.p[at])) at++;
        if (at == from) return false;
    }
    return at == s.n;
}

/* Words with single spaces between them. */
static bool is_code(str s) {
    for (isize i = 0; i < s.n; i++)
        if (space(s.p[i]) && (i == 0 || i == s.n - 1 || space(s.p[i - 1]))) return false;
    return s.n > 0;
}

/* The characters of an id, one bit each. */
static bool is_id(str s) {
    static const uint64_t allowed[4] = {UINT64_C(0x03FF600000000000), UINT64_C(0x07FFFFFE07FFFFFE)};
    bool ok = s.n >= 1 && s.n <= 64;
    for (isize i = 0; ok && i < s.n; i++)
        ok = allowed[(uint8_t)s.p[i] >> 6] >> ((uint8_t)s.p[i] & 63) & 1;
    return ok;
}

static bool is_oid(str s) {
    str prefix = S("urn:oid:");
    isize at = prefix.n;
    if (!str_starts(s, prefix) || at >= s.n || s.p[at] < '0' || s.p[at] > '2') return false;
    at++;
    if (at == s.n) return false;
    while (at < s.n) {
        if (!take(s, &at, '.')) return false;
        isize from = at;
        while (at < s.n && digit(s.p[at])) at++;
        if (at == from || (s.p[from] == '0' && at - from > 1)) return false;
    }
    return true;
}

static bool is_uuid(str s) {
    str prefix = S("urn:uuid:");
    if (!str_starts(s, prefix) || s.n != prefix.n + 36) return false;
    for (int i = 0; i < 36; i++) {
        char c = s.p[prefix.n + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !lower_hex(c)) return false;
    }
    return true;
}

/* Groups of four, spaces between them allowed, '=' at the end only (RFC 4648 section 4). */
static bool is_base64(str s) {
    isize n = 0, padding = 0;
    for (isize i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (space(c)) continue;
        if (c == '=')
            padding++;
        else if (padding || !(alphanumeric(c) || c == '+' || c == '/'))
            return false;
        n++;
    }
    return n > 0 && n % 4 == 0 && padding <= 2;
}

/* Tab, carriage return and line feed are the only control characters. */
static bool is_string(str s) {
    for (isize i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20 && !space(s.p[i])) return false;
    return s.n > 0;
}

static const char *rule_of(model_type type, str s) {
    if (!s.n) return "a value must not be empty";
    switch (type) {
    case TYPE_boolean:
        return str_eq(s, S("true")) || str_eq(s, S("false")) ? NULL : "a boolean is true or false";
    case TYPE_integer:
        return is_integer(s, INT32_MIN) ? NULL : "an integer has 32 bits, no point and no exponent";
    case TYPE_unsignedInt: return is_integer(s, 0) ? NULL : "an unsignedInt is 0 to 2147483647";
    case TYPE_positiveInt: return is_integer(s, 1) ? NULL : "a positiveInt is 1 to 2147483647";
    case TYPE_decimal: return is_decimal(s) ? NULL : "a decimal is -?digits[.digits][e[+-]digits]";
    case TYPE_date: return is_date(s) ? NULL : "a date is YYYY, YYYY-MM or YYYY-MM-DD";
    case TYPE_dateTime:
        return is_datetime(s, false) ? NULL
                                     : "a dateTime is a date, or YYYY-MM-DDThh:mm:ss with a zone";
    case TYPE_instant:
        return is_datetime(s, true) ? NULL : "an instant is YYYY-MM-DDThh:mm:ss with a zone";
    case TYPE_time: return is_time(s) ? NULL : "a time is hh:mm:ss without a zone";
    case TYPE_code: return is_code(s) ? NULL : "a code has no spaces but single ones inside";
    case TYPE_id: return is_id(s) ? NULL : "an id is 1 to 64 letters, digits, '-' and '.'";
    case TYPE_oid: return is_oid(s) ? NULL : "an oid is urn:oid: and numbers with points";
    case TYPE_uuid: return is_uuid(s) ? NULL : "a uuid is urn:uuid: and lower-case digits";
    case TYPE_uri:
    case TYPE_url:
    case TYPE_canonical: return has_space(s) ? "a URI has no spaces" : NULL;
    case TYPE_base64Binary: return is_base64(s) ? NULL : "the text is not base64";
    default: return is_string(s) ? NULL : "a string has no control characters";
    }
}

const char *primitive_rule_plain(model_type type, str s) {
    /* The most frequent types, whose rules are about white space alone. */
    bool spaceless = type == TYPE_code || type == TYPE_uri || type == TYPE_canonical;
    if (s.n && spaceless && !memchr(s.p, ' ', (size_t)s.n)) return NULL;
    if (s.n && (type == TYPE_string || type == TYPE_markdown)) return NULL;
    return rule_of(type, s);
}

/* Any byte below 0x20, eight bytes at a time. */
static bool has_control(str s) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    isize i = 0;
    for (uint64_t word; s.n - i >= 8; i += 8) {
        memcpy(&word, s.p + i, sizeof word);
        if ((word - ones * 0x20) & ~word & ones << 7) return true;
    }
    for (; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20) return true;
    return false;
}

const char *primitive_rule(model_type type, str s) {
    return has_control(s) ? rule_of(type, s) : primitive_rule_plain(type, s);
}
