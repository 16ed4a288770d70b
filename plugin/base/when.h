/* SPDX-License-Identifier: Apache-2.0 */
/* when.h: dates and times with the precision they were written in and the zone they have or do not
 * have. Never a time_t: a partial value is an interval, a value without a zone is no instant (FHIR
 * R4 datatypes, date/dateTime/instant/time; FHIRPath section Date/Time). Comparison goes precision
 * by precision and answers in three values. Pure values; no clock is read here: "now" comes in from
 * the shell. Thread-safe. */
#ifndef FHIRTRIAL_BASE_WHEN_H
#define FHIRTRIAL_BASE_WHEN_H

#include "base/decimal.h"
#include "base/tri.h"

typedef enum when_kind { WHEN_DATE, WHEN_DATETIME, WHEN_TIME } when_kind;

/* How much of the value is there. Seconds and their fraction are one precision when comparing. */
typedef enum when_precision {
    WHEN_YEAR = 1,
    WHEN_MONTH,
    WHEN_DAY,
    WHEN_HOUR,
    WHEN_MINUTE,
    WHEN_SECOND
} when_precision;

typedef struct when {
    uint8_t kind;      /* when_kind */
    uint8_t precision; /* when_precision: the finest part present */
    int8_t fraction;   /* digits written after the second's point, 0..9 */
    bool has_zone;
    bool zulu;    /* the zone was written Z, not +00:00 */
    int16_t zone; /* minutes east of UTC */
    int16_t year; /* 1..9999; this and what follows is 0 where absent */
    int8_t month, day, hour, minute, second;
    int32_t nano;
} when;

enum { WHEN_TEXT = 48 };

/* Reads a FHIR date ("2007", "2007-03", "2007-03-01"), dateTime or instant, or time; strict
 * calendar, seconds 0..59 (a leap second 60 is refused), zone Z or +-hh:mm up to 14:00. FHIR
 * demands a zone when a time is given; FHIRPath literals do not, so a missing zone is accepted and
 * remembered, and so is a time of hours only. More than nine digits of a second are refused: they
 * could not be kept. False when malformed. */
bool when_parse_date(str text, when *out);
bool when_parse_datetime(str text, when *out);
bool when_parse_time(str text, when *out);
/* The text with exactly the given precision; returns bytes. */
isize when_format(when value, char text[WHEN_TEXT]);

/* <0, 0, >0 in *order when decided (TRI_TRUE returned); TRI_UNKNOWN when precision runs out or only
 * one of two values with a time has a zone. TRI_FALSE is never returned. (FHIRPath: Comparison,
 * Date/Time.) */
tri when_compare(when a, when b, int *order);
/* Equality as FHIRPath `=`: TRI_UNKNOWN when precision differs and all common parts are equal. */
tri when_equal(when a, when b);
/* Equivalence as FHIRPath `~`: differing precision is false. */
bool when_equivalent(when a, when b);

/* Calendar arithmetic (FHIRPath: Date/Time Arithmetic): month ends clamp; a partial value converts
 * the amount down to its precision, a year being 365 days or 12 months and a month 30 days. A time
 * of day goes round the clock; years to days cannot be added to it. The zone stays as it is. */
typedef enum when_unit {
    WHEN_U_YEAR,
    WHEN_U_MONTH,
    WHEN_U_WEEK,
    WHEN_U_DAY,
    WHEN_U_HOUR,
    WHEN_U_MINUTE,
    WHEN_U_SECOND,
    WHEN_U_MILLISECOND
} when_unit;
/* amount may be negative; fractions count for seconds and milliseconds only. False when out of
 * years 1..9999, or for a unit above hours on a time of day. */
bool when_add(when value, decimal amount, when_unit unit, when *out);

/* First and last moment the partial value can mean, written to `digits` of precision (4 6 8 10 12
 * 14 17, of a date 4 6 8; time 2 4 6 9); false when `digits` is not one of these. Missing zones
 * become +14:00 (low) and -12:00 (high); the missing minutes of a dateTime that stops at the hour
 * are 00 on both sides, as the official suite has it. (FHIRPath 3.0: lowBoundary, highBoundary.) */
bool when_low(when value, int digits, when *out);
bool when_high(when value, int digits, when *out);
/* Digits of precision as FHIRPath precision() counts them. */
int when_digits(when value);

/* Days from 0001-01-01 for a value of at least day precision; proleptic Gregorian. And back: sets
 * year, month and day; false outside the years 1..9999. */
int64_t when_day_number(when value);
bool when_set_day(when *value, int64_t day_number);
/* Days of a month (1..12) of a year. */
int when_month_days(int year, int month);
/* Unix time in nanoseconds for a dateTime of second precision with a zone; false otherwise. And
 * back, in the given zone (minutes). */
bool when_to_unix(when value, int64_t *nanoseconds);
when when_from_unix(int64_t nanoseconds, int zone_minutes);
/* Whole calendar units from a to b, truncated toward zero (FHIRPath 3.0 duration). Days count as
 * points where either side is a date, seconds otherwise; what is coarser is an interval: false when
 * the answer depends on the missing part, or on a zone that only one of two values with a time has.
 * Who was born on 29 February completes a year on 1 March. */
bool when_duration(when a, when b, when_unit unit, int64_t *out);
/* Boundaries crossed between a and b (FHIRPath 3.0 difference), weeks beginning on Sunday as in
 * CQL; false when either side lacks the precision of the unit, or as above for zones. */
bool when_difference(when a, when b, when_unit unit, int64_t *out);

#endif
