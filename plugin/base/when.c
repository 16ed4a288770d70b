/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times: text in and out, the calendar, and comparison in three values. */
#include "base/when.h"

enum { DAY_SECONDS = 86400, ZONE_MOST = 14 * 60 };

/* --- the calendar --- */

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int when_month_days(int year, int month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days of all years before `year`. */
static int64_t days_before(int year) {
    int64_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

int64_t when_day_number(when value) {
    int64_t days = days_before(value.year);
    for (int month = 1; month < value.month; month++) days += when_month_days(value.year, month);
    return days + value.day - 1;
}

bool when_set_day(when *value, int64_t day_number) {
    if (day_number < 0 || day_number >= days_before(10000)) return false;
    int year = (int)(day_number / 366) + 1; /* never too late, at most a few years too early */
    while (days_before(year + 1) <= day_number) year++;
    int64_t rest = day_number - days_before(year);
    int month = 1;
    while (rest >= when_month_days(year, month)) rest -= when_month_days(year, month++);
    value->year = (int16_t)year;
    value->month = (int8_t)month;
    value->day = (int8_t)(rest + 1);
    return true;
}

/* --- reading --- */

typedef struct scan {
    str text;
    isize at;
} scan;

static bool take(scan *s, char c) {
    if (s->at >= s->text.n || s->text.p[s->at] != c) return false;
    s->at++;
    return true;
}

/* Two digits as a number, or -1. */
static inline int two_digits(const char *p) {
    unsigned tens = (unsigned)p[0] - '0', ones = (unsigned)p[1] - '0';
    return tens <= 9 && ones <= 9 ? (int)(tens * 10 + ones) : -1;
}

/* Exactly two digits, within low..high. */
static inline bool take_two(scan *s, int low, int high, int *out) {
    if (s->text.n - s->at < 2) return false;
    *out = two_digits(s->text.p + s->at);
    s->at += 2;
    return *out >= low && *out <= high;
}

/* Exactly four digits that are no zero. */
static inline bool take_year(scan *s, int *out) {
    if (s->text.n - s->at < 4) return false;
    int high = two_digits(s->text.p + s->at), low = two_digits(s->text.p + s->at + 2);
    s->at += 4;
    *out = high * 100 + low;
    return high >= 0 && low >= 0 && *out > 0;
}

static bool take_fraction(scan *s, when *w) {
    int digits = 0;
    int32_t nano = 0;
    while (s->at < s->text.n && s->text.p[s->at] >= '0' && s->text.p[s->at] <= '9') {
        if (++digits > 9) return false;
        nano = nano * 10 + (s->text.p[s->at++] - '0');
    }
    for (int i = digits; i < 9; i++) nano *= 10;
    w->fraction = (int8_t)digits;
    w->nano = nano;
    return digits > 0;
}

/* hh[:mm[:ss[.fraction]]] */
static bool take_time(scan *s, when *w) {
    int n;
    if (!take_two(s, 0, 23, &n)) return false;
    w->hour = (int8_t)n;
    w->precision = WHEN_HOUR;
    if (!take(s, ':')) return true;
    if (!take_two(s, 0, 59, &n)) return false;
    w->minute = (int8_t)n;
    w->precision = WHEN_MINUTE;
    if (!take(s, ':')) return true;
    if (!take_two(s, 0, 59, &n)) return false;
    w->second = (int8_t)n;
    w->precision = WHEN_SECOND;
    return !take(s, '.') || take_fraction(s, w);
}

/* Z or +-hh:mm, or nothing. */
static bool take_zone(scan *s, when *w) {
    if (s->at == s->text.n) return true;
    w->has_zone = true;
    if (take(s, 'Z')) {
        w->zulu = true;
        return true;
    }
    bool west = take(s, '-');
    int hours, minutes;
    if (!west && !take(s, '+')) return false;
    if (!take_two(s, 0, 14, &hours) || !take(s, ':')) return false;
    if (!take_two(s, 0, 59, &minutes)) return false;
    int zone = hours * 60 + minutes;
    w->zone = (int16_t)(west ? -zone : zone);
    return zone <= ZONE_MOST;
}

/* YYYY[-MM[-DD]] */
static bool take_date(scan *s, when *w) {
    int n;
    if (!take_year(s, &n)) return false;
    w->year = (int16_t)n;
    w->precision = WHEN_YEAR;
    if (!take(s, '-')) return true;
    if (!take_two(s, 1, 12, &n)) return false;
    w->month = (int8_t)n;
    w->precision = WHEN_MONTH;
    if (!take(s, '-')) return true;
    if (!take_two(s, 1, when_month_days(w->year, w->month), &n)) return false;
    w->day = (int8_t)n;
    w->precision = WHEN_DAY;
    return true;
}

static bool accept(const scan *s, const when *w, bool ok, when *out) {
    if (!ok || s->at != s->text.n) return false;
    *out = *w;
    return true;
}

bool when_parse_date(str text, when *out) {
    scan s = {.text = text};
    when w = {.kind = WHEN_DATE};
    return accept(&s, &w, take_date(&s, &w), out);
}

bool when_parse_datetime(str text, when *out) {
    scan s = {.text = text};
    when w = {.kind = WHEN_DATETIME};
    bool ok = take_date(&s, &w);
    if (ok && w.precision == WHEN_DAY && take(&s, 'T')) ok = take_time(&s, &w) && take_zone(&s, &w);
    return accept(&s, &w, ok, out);
}

bool when_parse_time(str text, when *out) {
    scan s = {.text = text};
    when w = {.kind = WHEN_TIME};
    return accept(&s, &w, take_time(&s, &w), out);
}

/* --- writing --- */

/* Writes `count` digits and returns the place behind them. */
static char *put_number(char *p, int value, int count) {
    for (int i = count - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + count;
}

static char *put_part(char *p, char before, int value) {
    *p++ = before;
    return put_number(p, value, 2);
}

static char *put_time(char *p, const when *w) {
    p = put_number(p, w->hour, 2);
    if (w->precision >= WHEN_MINUTE) p = put_part(p, ':', w->minute);
    if (w->precision >= WHEN_SECOND) p = put_part(p, ':', w->second);
    if (w->precision >= WHEN_SECOND && w->fraction > 0) {
        int32_t digits = w->nano;
        for (int i = w->fraction; i < 9; i++) digits /= 10;
        *p++ = '.';
        p = put_number(p, digits, w->fraction);
    }
    return p;
}

static char *put_zone(char *p, const when *w) {
    if (w->zulu) {
        *p++ = 'Z';
        return p;
    }
    int minutes = w->zone < 0 ? -w->zone : w->zone;
    p = put_part(p, w->zone < 0 ? '-' : '+', minutes / 60);
    return put_part(p, ':', minutes % 60);
}

isize when_format(when value, char text[WHEN_TEXT]) {
    char *p = text;
    if (value.kind == WHEN_TIME) return put_time(p, &value) - text;
    p = put_number(p, value.year, 4);
    if (value.precision >= WHEN_MONTH) p = put_part(p, '-', value.month);
    if (value.precision >= WHEN_DAY) p = put_part(p, '-', value.day);
    if (value.precision >= WHEN_HOUR) {
        *p++ = 'T';
        p = put_time(p, &value);
        if (value.has_zone) p = put_zone(p, &value);
    }
    return p - text;
}

/* --- comparison --- */

static bool has_time(const when *w) { return w->kind != WHEN_TIME && w->precision >= WHEN_HOUR; }

static int sign(int64_t a, int64_t b) { return (a > b) - (a < b); }

/* Seconds from 0001-01-01T00:00 UTC of the first moment a value with a time can mean. */
static int64_t first_second(const when *w) {
    int64_t second = when_day_number(*w) * DAY_SECONDS;
    return second + w->hour * 3600 + w->minute * 60 + w->second - w->zone * 60;
}

static int64_t width(const when *w) {
    if (w->precision == WHEN_HOUR) return 3600;
    return w->precision == WHEN_MINUTE ? 60 : 1;
}

/* Two values with a time: intervals on the time line, seconds as points. */
static tri compare_moments(const when *a, const when *b, int *order) {
    if (a->has_zone != b->has_zone) return TRI_UNKNOWN;
    int64_t first_a = first_second(a);
    int64_t first_b = first_second(b);
    if (first_a == first_b && a->precision == b->precision) {
        *order = sign(a->nano, b->nano);
    } else if (first_a + width(a) <= first_b) {
        *order = -1;
    } else if (first_b + width(b) <= first_a) {
        *order = 1;
    } else {
        return TRI_UNKNOWN;
    }
    return TRI_TRUE;
}

/* The parts from the year to the finest one of interest, as one number; a time of day has no year.
 */
static int64_t parts_down_to(const when *w, int finest) {
    int64_t day = ((int64_t)w->year << 16) | (w->month << 8) | w->day;
    int64_t time = (w->hour << 16) | (w->minute << 8) | w->second;
    return (day << 24 | time) >> 8 * (WHEN_SECOND - finest);
}

tri when_compare(when a, when b, int *order) {
    if ((a.kind == WHEN_TIME) != (b.kind == WHEN_TIME)) return TRI_UNKNOWN;
    if (has_time(&a) && has_time(&b)) return compare_moments(&a, &b, order);

    int finest = a.precision < b.precision ? a.precision : b.precision;
    *order = sign(parts_down_to(&a, finest), parts_down_to(&b, finest));
    if (*order != 0) return TRI_TRUE;
    if (a.precision != b.precision) return TRI_UNKNOWN;
    /* FHIRPath: seconds and their fraction are one precision. */
    *order = sign(a.nano, b.nano);
    return TRI_TRUE;
}

tri when_equal(when a, when b) {
    int order = 0;
    if ((a.kind == WHEN_TIME) != (b.kind == WHEN_TIME)) return TRI_FALSE;
    if (when_compare(a, b, &order) != TRI_TRUE) return TRI_UNKNOWN;
    return order == 0 ? TRI_TRUE : TRI_FALSE;
}

bool when_equivalent(when a, when b) { return when_equal(a, b) == TRI_TRUE; }

int when_digits(when value) {
    static const int8_t digits[] = {0, 4, 6, 8, 10, 12, 14};
    int n = digits[value.precision] + value.fraction;
    return value.kind == WHEN_TIME ? n - 8 : n;
}

/* --- the Unix clock --- */

static int64_t epoch_days(void) {
    return when_day_number((when){.year = 1970, .month = 1, .day = 1});
}

bool when_to_unix(when value, int64_t *nanoseconds) {
    if (!has_time(&value) || value.precision < WHEN_SECOND || !value.has_zone) return false;
    int64_t seconds = first_second(&value) - epoch_days() * DAY_SECONDS;
    int64_t scaled;
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &scaled)) return false;
    return !__builtin_add_overflow(scaled, value.nano, nanoseconds);
}

when when_from_unix(int64_t nanoseconds, int zone_minutes) {
    int64_t seconds = nanoseconds / 1000000000;
    int64_t nano = nanoseconds % 1000000000;
    if (nano < 0) {
        nano += 1000000000;
        seconds--;
    }
    seconds += epoch_days() * DAY_SECONDS + zone_minutes * 60;
    int second = (int)(seconds % DAY_SECONDS);
    when w = {.kind = WHEN_DATETIME,
              .precision = WHEN_SECOND,
              .fraction = 3,
              .has_zone = true,
              .zulu = zone_minutes == 0,
              .zone = (int16_t)zone_minutes,
              .hour = (int8_t)(second / 3600),
              .minute = (int8_t)(second / 60 % 60),
              .second = (int8_t)(second % 60),
              .nano = (int32_t)nano};
    if (nano % 1000000 != 0) w.fraction = 6;
    if (nano % 1000 != 0) w.fraction = 9;
    when_set_day(&w, seconds / DAY_SECONDS); /* 64 bits of nanoseconds span 1677 to 2262 */
    return w;
}
