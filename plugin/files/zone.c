/* SPDX-License-Identifier: Apache-2.0 */
/* zone.c: a time zone's offsets as a table, from the system's TZif files (RFC 8536), so that the
 * pure rooms never ask the system. Transitions beyond the file's own table follow its footer, a
 * POSIX TZ rule (RFC 8536 section 3.3), expanded to LAST_YEAR. */
#include "files/files.h"

#include <string.h>

enum { FIRST_YEAR = 1900, LAST_YEAR = 2099, RULES = 4096, ZONE_FILE_BYTES = 1 << 20 };

typedef struct rules {
    zone_rule *list;
    isize n;
} rules;

static void add_rule(rules *r, int64_t from, int32_t minutes) {
    if (r->n > 0 && r->list[r->n - 1].minutes == minutes) return;
    if (r->n < RULES) r->list[r->n++] = (zone_rule){from, minutes};
}

static int64_t big_endian(const unsigned char *p, int bytes) {
    uint64_t value = p[0] & 0x80 ? ~UINT64_C(0) : 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | p[i];
    return (int64_t)value;
}

/* --- the footer: std offset [dst [offset] [,start[/time],end[/time]]] --- */

typedef struct cursor {
    const char *p, *end;
} cursor;

static bool at_byte(cursor *c, char byte) {
    if (c->p == c->end || *c->p != byte) return false;
    c->p++;
    return true;
}

static int number(cursor *c) {
    int value = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && value < 100000)
        value = value * 10 + (*c->p++ - '0');
    return value;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int clock_seconds(cursor *c) {
    int sign = at_byte(c, '-') ? -1 : 1;
    if (sign == 1) (void)at_byte(c, '+');
    int seconds = number(c) * 3600;
    if (at_byte(c, ':')) seconds += number(c) * 60;
    if (at_byte(c, ':')) seconds += number(c);
    return sign * seconds;
}

static void skip_name(cursor *c) {
    if (at_byte(c, '<')) {
        while (c->p < c->end && *c->p != '>') c->p++;
        (void)at_byte(c, '>');
        return;
    }
    while (c->p < c->end && ((*c->p >= 'A' && *c->p <= 'Z') || (*c->p >= 'a' && *c->p <= 'z')))
        c->p++;
}

typedef struct change {
    int month, week, weekday, seconds;
} change; /* Mm.w.d/time */

static bool read_change(cursor *c, change *out) {
    if (!at_byte(c, ',') || !at_byte(c, 'M')) return false;
    out->month = number(c);
    if (!at_byte(c, '.')) return false;
    out->week = number(c);
    if (!at_byte(c, '.')) return false;
    out->weekday = number(c);
    out->seconds = at_byte(c, '/') ? clock_seconds(c) : 7200;
    return out->month >= 1 && out->month <= 12 && out->week >= 1 && out->week <= 5 &&
           out->weekday <= 6;
}

/* Days from 1970-01-01, proleptic Gregorian. */
static int64_t days_from_epoch(int year, int month, int day) {
    when value = {.kind = WHEN_DATE,
                  .precision = WHEN_DAY,
                  .year = (int16_t)year,
                  .month = (int8_t)month,
                  .day = (int8_t)day};
    when epoch = {.kind = WHEN_DATE, .precision = WHEN_DAY, .year = 1970, .month = 1, .day = 1};
    return when_day_number(value) - when_day_number(epoch);
}

static int64_t change_at(const change *c, int year) {
    int64_t first = days_from_epoch(year, c->month, 1);
    int64_t next =
        c->month == 12 ? days_from_epoch(year + 1, 1, 1) : days_from_epoch(year, c->month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) %
                      7; /* 1970-01-01 was a Thursday, day 4 of a week that begins on Sunday */
    int64_t day = first + ((c->weekday - weekday) % 7 + 7) % 7 + 7 * (c->week - 1);
    while (day >= next) day -= 7;
    return day * 86400 + c->seconds;
}

static void follow_footer(rules *r, str footer, int64_t last) {
    cursor c = {footer.p, footer.p + footer.n};
    skip_name(&c);
    int standard = -clock_seconds(&c);
    if (c.p == c.end) {
        add_rule(r, last, standard / 60);
        return;
    }
    skip_name(&c);
    int summer = c.p < c.end && *c.p != ',' ? -clock_seconds(&c) : standard + 3600;
    change start, end;
    if (!read_change(&c, &start) || !read_change(&c, &end)) return;
    for (int year = FIRST_YEAR; year <= LAST_YEAR; year++) {
        int64_t on = change_at(&start, year) - standard, off = change_at(&end, year) - summer;
        bool north = on < off;
        int64_t first = north ? on : off, second = north ? off : on;
        if (first > last) add_rule(r, first, (north ? summer : standard) / 60);
        if (second > last) add_rule(r, second, (north ? standard : summer) / 60);
    }
}

/* --- the file --- */

typedef struct header {
    int64_t utc_count, std_count, leap_count, time_count, type_count, char_count;
} header;

enum { HEADER_BYTES = 44 };

static bool read_header(str file, isize at, header *h) {
    if (at + HEADER_BYTES > file.n || memcmp(file.p + at, "TZif", 4) != 0) return false;
    const unsigned char *p = (const unsigned char *)file.p + at + 20;
    int64_t counts[6];
    for (int i = 0; i < 6; i++) {
        counts[i] = big_endian(p + 4 * i, 4);
        if (counts[i] < 0 || counts[i] > ZONE_FILE_BYTES) return false;
    }
    *h = (header){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return h->type_count > 0;
}

static isize body_bytes(const header *h, int time_size) {
    return (isize)(h->time_count * time_size + h->time_count + h->type_count * 6 + h->char_count +
                   h->leap_count * (time_size + 4) + h->std_count + h->utc_count);
}

/* Version 2+ files repeat the data with 64-bit times after the 32-bit block; only that is read. */
static bool read_zone(str file, rules *r) {
    header h;
    if (!read_header(file, 0, &h) || file.p[4] < '2') return false;
    isize at = HEADER_BYTES + body_bytes(&h, 4);
    if (!read_header(file, at, &h)) return false;
    at += HEADER_BYTES;
    if (at + body_bytes(&h, 8) > file.n) return false;
    const unsigned char *times = (const unsigned char *)file.p + at,
                        *types = times + 8 * h.time_count, *infos = types + h.time_count;
    add_rule(r, INT64_MIN, (int32_t)(big_endian(infos, 4) / 60));
    int64_t last = INT64_MIN;
    for (int64_t i = 0; i < h.time_count; i++) {
        if (types[i] >= h.type_count) return false;
        last = big_endian(times + 8 * i, 8);
        add_rule(r, last, (int32_t)(big_endian(infos + 6 * types[i], 4) / 60));
    }
    str footer = str_trim(str_slice(file, at + body_bytes(&h, 8), file.n));
    if (footer.n > 0) follow_footer(r, footer, last);
    return true;
}

static bool fixed_offset(str name, int32_t *minutes) {
    if (str_eq(name, S("Z")) || str_eq(name, S("UTC"))) {
        *minutes = 0;
        return true;
    }
    if (name.n != 6 || (name.p[0] != '+' && name.p[0] != '-') || name.p[3] != ':') return false;
    cursor c = {name.p + 1, name.p + name.n};
    int hours = number(&c);
    if (!at_byte(&c, ':')) return false;
    int rest = number(&c);
    if (c.p != c.end || hours > 14 || rest > 59) return false;
    *minutes = (name.p[0] == '-' ? -1 : 1) * (hours * 60 + rest);
    return true;
}

static bool zone_name(str name) {
    if (name.n == 0 || name.n > 64 || name.p[0] == '/' || name.p[0] == '.') return false;
    for (isize i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '/' && c != '_' && c != '-' && c != '+') return false;
    }
    return true;
}

bool files_zone(arena *arena, str name, zone_table *out, fault *fault) {
    rules r = {arena_new(arena, zone_rule, RULES), 0};
    int32_t minutes;
    if (fixed_offset(name, &minutes)) {
        add_rule(&r, INT64_MIN, minutes);
    } else {
        str file = {0};
        if (!zone_name(name) ||
            !files_read(arena, S("/usr/share/zoneinfo"), name, ZONE_FILE_BYTES, &file, fault) ||
            !read_zone(file, &r)) {
            fault_set(fault, FAULT_CONFIG, -1,
                      "time zone \"%.*s\" is not known here: give an offset such as \"+01:00\" or "
                      "an IANA name such as \"Europe/Berlin\" (package tzdata)",
                      STR_ARGS(name));
            return false;
        }
    }
    *out = (zone_table){arena_str(arena, name), r.list, r.n};
    return true;
}
