/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic on dates and times: adding, boundaries, durations. */
#include "base/when.h"

#define SECOND_NANOS INT64_C(1000000000)
#define DAY_NANOS    (86400 * SECOND_NANOS)

/* --- adding --- */

/* Nanoseconds of the day. */
static int64_t clock_nanos(const when *w) {
    return (w->hour * 3600 + w->minute * 60 + w->second) * SECOND_NANOS + w->nano;
}

static void set_clock(when *w, int64_t nanos) {
    int64_t seconds = nanos / SECOND_NANOS;
    w->nano = (int32_t)(nanos % SECOND_NANOS);
    w->hour = (int8_t)(seconds / 3600);
    w->minute = (int8_t)(seconds / 60 % 60);
    w->second = (int8_t)(seconds % 60);
}

/* Length of a unit that is a fixed stretch of time, or 0. */
static int64_t unit_nanos(when_unit unit) {
    switch (unit) {
    case WHEN_U_WEEK: return 7 * DAY_NANOS;
    case WHEN_U_DAY: return DAY_NANOS;
    case WHEN_U_HOUR: return 3600 * SECOND_NANOS;
    case WHEN_U_MINUTE: return 60 * SECOND_NANOS;
    case WHEN_U_SECOND: return SECOND_NANOS;
    case WHEN_U_MILLISECOND: return SECOND_NANOS / 1000;
    case WHEN_U_YEAR:
    case WHEN_U_MONTH: break;
    }
    return 0;
}

static bool add_months(when *w, __int128 months) {
    int month = w->precision >= WHEN_MONTH ? w->month : 1;
    __int128 sum = (__int128)w->year * 12 + month - 1 + months;
    if (sum < 12 || sum >= 120000) return false;
    w->year = (int16_t)(sum / 12);
    if (w->precision < WHEN_MONTH) return true;
    w->month = (int8_t)(sum % 12 + 1);
    if (w->precision >= WHEN_DAY) {
        int last = when_month_days(w->year, w->month);
        if (w->day > last) w->day = (int8_t)last;
    }
    return true;
}

/* `value` rounded down toward zero to a whole number of `step`s. */
static __int128 whole_steps(__int128 value, int64_t step) { return value / step * step; }

static bool add_nanos(when *w, __int128 nanos) {
    static const int64_t step[] = {
        [WHEN_DAY] = DAY_NANOS,
        [WHEN_HOUR] = 3600 * SECOND_NANOS,
        [WHEN_MINUTE] = 60 * SECOND_NANOS,
        [WHEN_SECOND] = 1,
    };
    if (w->precision == WHEN_YEAR) return add_months(w, nanos / DAY_NANOS / 365 * 12);
    if (w->precision == WHEN_MONTH) return add_months(w, nanos / DAY_NANOS / 30);

    __int128 sum = whole_steps(nanos, step[w->precision]) + clock_nanos(w);
    __int128 days = sum / DAY_NANOS;
    __int128 rest = sum % DAY_NANOS;
    if (rest < 0) {
        rest += DAY_NANOS;
        days--;
    }
    set_clock(w, (int64_t)rest);
    if (w->kind == WHEN_TIME) return true;
    if (days < -INT32_MAX || days > INT32_MAX) return false;
    return when_set_day(w, when_day_number(*w) + (int64_t)days);
}

/* The amount in nanoseconds, what is finer cut off. */
static bool amount_nanos(decimal amount, when_unit unit, __int128 *out) {
    int64_t scale = unit_nanos(unit);
    if (unit != WHEN_U_SECOND && unit != WHEN_U_MILLISECOND) amount = decimal_truncate(amount);
    while (amount.scale > 9) {
        amount.coef /= 10;
        amount.scale--;
    }
    __int128 product;
    if (__builtin_mul_overflow(amount.coef, (__int128)scale, &product)) return false;
    for (; amount.scale > 0; amount.scale--) product /= 10;
    *out = product;
    return true;
}

bool when_add(when value, decimal amount, when_unit unit, when *out) {
    when w = value;
    if (unit == WHEN_U_YEAR || unit == WHEN_U_MONTH) {
        __int128 months = decimal_truncate(amount).coef;
        if (w.kind == WHEN_TIME || months > 1000000 || months < -1000000) return false;
        if (unit == WHEN_U_YEAR) months *= 12;
        if (w.precision == WHEN_YEAR) months = months / 12 * 12;
        if (!add_months(&w, months)) return false;
        *out = w;
        return true;
    }
    __int128 nanos;
    if (w.kind == WHEN_TIME && (unit == WHEN_U_WEEK || unit == WHEN_U_DAY)) return false;
    if (!amount_nanos(amount, unit, &nanos) || !add_nanos(&w, nanos)) return false;
    if (w.precision == WHEN_SECOND && (unit == WHEN_U_SECOND || unit == WHEN_U_MILLISECOND)) {
        int digits = decimal_places(amount) + (unit == WHEN_U_MILLISECOND ? 3 : 0);
        if (digits > 9) digits = 9;
        if (w.fraction < digits) w.fraction = (int8_t)digits;
    }
    *out = w;
    return true;
}

/* --- boundaries --- */

/* Fills in the parts behind the value's precision with their first or last value. */
static when filled(when w, bool high) {
    if (w.precision < WHEN_MONTH) w.month = high ? 12 : 1;
    if (w.precision < WHEN_DAY && w.kind != WHEN_TIME) {
        w.day = (int8_t)(high ? when_month_days(w.year, w.month) : 1);
    }
    if (w.precision < WHEN_HOUR) w.hour = high ? 23 : 0;
    if (w.precision < WHEN_MINUTE) w.minute = high ? 59 : 0;
    if (w.precision < WHEN_SECOND) w.second = high ? 59 : 0;
    if (high) {
        int32_t rest = 1;
        for (int i = w.fraction; i < 9; i++) rest *= 10;
        w.nano += rest - 1;
    }
    w.precision = WHEN_SECOND;
    w.fraction = 9;
    return w;
}

/* Forgets the parts behind `precision`, and digits of the second behind `fraction`. */
static when cut(when w, when_precision precision, int fraction) {
    if (precision < WHEN_MONTH) w.month = 0;
    if (precision < WHEN_DAY) w.day = 0;
    if (precision < WHEN_HOUR) w.hour = 0;
    if (precision < WHEN_MINUTE) w.minute = 0;
    if (precision < WHEN_SECOND) w.second = 0;
    int32_t unit = 1;
    for (int i = fraction; i < 9; i++) unit *= 10;
    w.nano = w.nano / unit * unit;
    w.precision = (uint8_t)precision;
    w.fraction = (int8_t)fraction;
    return w;
}

/* What `digits` mean for a value of this kind; 0 when nothing. */
static when_precision precision_of(when_kind kind, int digits) {
    if (kind == WHEN_TIME) {
        switch (digits) {
        case 2: return WHEN_HOUR;
        case 4: return WHEN_MINUTE;
        case 6:
        case 9: return WHEN_SECOND;
        default: return (when_precision)0;
        }
    }
    switch (digits) {
    case 4: return WHEN_YEAR;
    case 6: return WHEN_MONTH;
    case 8: return WHEN_DAY;
    default: break;
    }
    if (kind == WHEN_DATE) return (when_precision)0;
    switch (digits) {
    case 10: return WHEN_HOUR;
    case 12: return WHEN_MINUTE;
    case 14:
    case 17: return WHEN_SECOND;
    default: return (when_precision)0;
    }
}

static bool boundary(when value, int digits, bool high, when *out) {
    when_precision precision = precision_of((when_kind)value.kind, digits);
    if (precision == 0) return false;
    if (value.kind == WHEN_DATETIME && value.precision == WHEN_HOUR) {
        value.precision = WHEN_MINUTE; /* the suite's rule, see when.h */
    }
    when w = cut(filled(value, high), precision, digits == 17 || digits == 9 ? 3 : 0);
    if (precision < WHEN_HOUR) {
        w.has_zone = w.zulu = false;
        w.zone = 0;
    } else if (value.kind == WHEN_DATETIME && !value.has_zone) {
        w.has_zone = true;
        w.zone = high ? -12 * 60 : 14 * 60;
    }
    *out = w;
    return true;
}

bool when_low(when value, int digits, when *out) { return boundary(value, digits, false, out); }

bool when_high(when value, int digits, when *out) { return boundary(value, digits, true, out); }

/* --- durations --- */

static bool has_time(const when *w) { return w->kind != WHEN_TIME && w->precision >= WHEN_HOUR; }

/* Brings b into a's zone; false when only one of two values with a time has one, or the kinds do
 * not meet. */
static bool common_zone(const when *a, when *b) {
    if ((a->kind == WHEN_TIME) != (b->kind == WHEN_TIME)) return false;
    if (!has_time(a) || !has_time(b)) return true;
    if (a->has_zone != b->has_zone) return false;
    if (a->zone == b->zone) return true;
    /* Shifting by minutes needs minutes: the missing ones are 00, and stay missing. */
    uint8_t precision = b->precision;
    if (precision == WHEN_HOUR) {
        if ((a->zone - b->zone) % 60 != 0) return false;
        b->precision = WHEN_MINUTE;
    }
    bool ok = add_nanos(b, (a->zone - b->zone) * 60 * SECOND_NANOS);
    b->precision = precision;
    b->zone = a->zone;
    return ok;
}

/* Nanoseconds from 0001-01-01 of a value that has all parts. */
static __int128 line_nanos(const when *w) {
    int64_t days = w->kind == WHEN_TIME ? 0 : when_day_number(*w);
    return (__int128)days * DAY_NANOS + clock_nanos(w);
}

static int64_t month_number(const when *w) { return w->year * INT64_C(12) + w->month; }

/* Whole months between two values that have all parts. */
static int64_t whole_months(const when *a, const when *b) {
    int64_t months = month_number(b) - month_number(a);
    __int128 in_a = (__int128)a->day * DAY_NANOS + clock_nanos(a);
    __int128 in_b = (__int128)b->day * DAY_NANOS + clock_nanos(b);
    if (months > 0 && in_b < in_a) months--;
    if (months < 0 && in_b > in_a) months++;
    return months;
}

static int64_t whole_units(const when *a, const when *b, when_unit unit) {
    if (unit == WHEN_U_YEAR) return whole_months(a, b) / 12;
    if (unit == WHEN_U_MONTH) return whole_months(a, b);
    return (int64_t)((line_nanos(b) - line_nanos(a)) / unit_nanos(unit));
}

/* A time of day has no years, months or days to count. */
static bool unit_of_kind(const when *w, when_unit unit) {
    return w->kind != WHEN_TIME || unit >= WHEN_U_HOUR;
}

bool when_duration(when a, when b, when_unit unit, int64_t *out) {
    if (!unit_of_kind(&a, unit) || !common_zone(&a, &b)) return false;
    when low_a = filled(a, false), high_a = filled(a, true);
    when low_b = filled(b, false), high_b = filled(b, true);
    if (a.precision == WHEN_SECOND) low_a = high_a = a; /* seconds are points */
    if (b.precision == WHEN_SECOND) low_b = high_b = b;
    if (unit <= WHEN_U_DAY && (a.precision <= WHEN_DAY || b.precision <= WHEN_DAY)) {
        /* Beside a date, days are the points. */
        set_clock(&low_a, 0), set_clock(&high_a, 0);
        set_clock(&low_b, 0), set_clock(&high_b, 0);
    }
    int64_t least = whole_units(&high_a, &low_b, unit);
    int64_t most = whole_units(&low_a, &high_b, unit);
    *out = least;
    return least == most;
}

static when_precision unit_precision(when_unit unit) {
    switch (unit) {
    case WHEN_U_YEAR: return WHEN_YEAR;
    case WHEN_U_MONTH: return WHEN_MONTH;
    case WHEN_U_WEEK:
    case WHEN_U_DAY: return WHEN_DAY;
    case WHEN_U_HOUR: return WHEN_HOUR;
    case WHEN_U_MINUTE: return WHEN_MINUTE;
    case WHEN_U_SECOND:
    case WHEN_U_MILLISECOND: break;
    }
    return WHEN_SECOND;
}

bool when_difference(when a, when b, when_unit unit, int64_t *out) {
    if (!unit_of_kind(&a, unit) || !common_zone(&a, &b)) return false;
    when_precision need = unit_precision(unit);
    if (a.precision < need || b.precision < need) return false;
    if (unit == WHEN_U_YEAR) {
        *out = b.year - a.year;
    } else if (unit == WHEN_U_MONTH) {
        *out = month_number(&b) - month_number(&a);
    } else if (unit == WHEN_U_WEEK) { /* day 0, 0001-01-01, is a Monday */
        *out = (when_day_number(b) + 1) / 7 - (when_day_number(a) + 1) / 7;
    } else {
        int64_t step = unit_nanos(unit);
        *out = (int64_t)(line_nanos(&b) / step - line_nanos(&a) / step);
    }
    return true;
}
