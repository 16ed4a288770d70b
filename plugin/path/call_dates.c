/* SPDX-License-Identifier: Apache-2.0 */
/* call_dates.c: the clock, the components of dates and times, durations (FHIRPath 3.0: Utility
 * Functions, Date/Time functions). The clock is the run's, never the machine's. */
#include "path/calls.h"
#include "path/literal.h"

bool call_now(machine *m, call *c) {
    (void)c;
    return push_when(m, m->run->now);
}

static when date_part(when w) {
    return (when){.kind = WHEN_DATE,
                  .precision = w.precision < WHEN_DAY ? w.precision : (uint8_t)WHEN_DAY,
                  .year = w.year,
                  .month = w.month,
                  .day = w.day};
}

static when time_part(when w) {
    return (when){.kind = WHEN_TIME,
                  .precision = w.precision,
                  .fraction = w.fraction,
                  .hour = w.hour,
                  .minute = w.minute,
                  .second = w.second,
                  .nano = w.nano};
}

bool call_today(machine *m, call *c) {
    (void)c;
    return push_when(m, date_part(m->run->now));
}

bool call_timeOfDay(machine *m, call *c) {
    (void)c;
    return push_when(m, time_part(m->run->now));
}

/* A component that the value's precision does not reach is empty, and so is one of another kind. */
static bool component(machine *m, const call *c, when_precision needs, int value) {
    const when *w = &c->input.when;
    bool time = needs >= WHEN_HOUR;
    if ((w->kind == WHEN_TIME && !time) || (w->kind == WHEN_DATE && time)) return true;
    return w->precision < needs || push_integer(m, value);
}

bool call_yearOf(machine *m, call *c) { return component(m, c, WHEN_YEAR, c->input.when.year); }
bool call_monthOf(machine *m, call *c) { return component(m, c, WHEN_MONTH, c->input.when.month); }
bool call_dayOf(machine *m, call *c) { return component(m, c, WHEN_DAY, c->input.when.day); }
bool call_hourOf(machine *m, call *c) { return component(m, c, WHEN_HOUR, c->input.when.hour); }
bool call_minuteOf(machine *m, call *c) {
    return component(m, c, WHEN_MINUTE, c->input.when.minute);
}
bool call_secondOf(machine *m, call *c) {
    return component(m, c, WHEN_SECOND, c->input.when.second);
}
bool call_millisecondOf(machine *m, call *c) {
    if (c->input.when.fraction == 0) return true;
    return component(m, c, WHEN_SECOND, c->input.when.nano / 1000000);
}

/* Hours east of UTC as a Decimal (5.5 for +05:30). */
bool call_timezoneOffsetOf(machine *m, call *c) {
    decimal hours;
    if (c->input.when.kind != WHEN_DATETIME || !c->input.when.has_zone) return true;
    return !decimal_div(decimal_int(c->input.when.zone), decimal_int(60), &hours) ||
           push_decimal(m, decimal_round(decimal_trim(hours), 2));
}

bool call_dateOf(machine *m, call *c) {
    return c->input.when.kind == WHEN_TIME || push_when(m, date_part(c->input.when));
}

bool call_timeOf(machine *m, call *c) {
    const when *w = &c->input.when;
    return w->kind == WHEN_DATE || w->precision < WHEN_HOUR || push_when(m, time_part(*w));
}

/* --- duration and difference --- */
static bool unit_of(machine *m, const call *c, when_unit *out) {
    static const char *const words[] = {"year", "month",  "week",   "day",
                                        "hour", "minute", "second", "millisecond"};
    str unit = literal_calendar_unit(c->args_v[1].it.text);
    for (isize i = 0; i < COUNT_OF(words); i++) {
        if (!str_eq(unit, str_from(words[i]))) continue;
        *out = (when_unit)i;
        return true;
    }
    return machine_fail(m,
                        "%s() needs a precision of year, month, week, day, hour, minute, second or "
                        "millisecond",
                        c->row->name);
}

bool call_duration(machine *m, call *c) {
    when_unit unit;
    int64_t n;
    if (!unit_of(m, c, &unit)) return false;
    return !when_duration(c->input.when, c->args_v[0].when, unit, &n) || push_integer(m, n);
}

bool call_difference(machine *m, call *c) {
    when_unit unit;
    int64_t n;
    if (!unit_of(m, c, &unit)) return false;
    return !when_difference(c->input.when, c->args_v[0].when, unit, &n) || push_integer(m, n);
}
