/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic, boundaries and durations. The boundary rows are those of the official
 * FHIRPath R4 and SQL on FHIR suites, and the rest of the table by hand. */
#include "unit.h"

#include "base/when.h"

static when of(const char *text) {
    when w = {0};
    str s = str_from(text);
    bool ok = false;
    if (*text == 'T') {
        ok = when_parse_time(str_slice(s, 1, s.n), &w);
    } else if (*text == '@') { /* a dateTime as short as a date */
        ok = when_parse_datetime(str_slice(s, 1, s.n), &w);
    } else if (s.n > 10) {
        ok = when_parse_datetime(s, &w);
    } else {
        ok = when_parse_date(s, &w);
    }
    CHECK_MSG(ok, "cannot read %s", text);
    return w;
}

static bool reads_as(bool ok, when w, const char *expected, const char *what) {
    char text[WHEN_TEXT + 1] = "none";
    if (ok) text[when_format(w, text)] = '\0';
    return CHECK_MSG(strcmp(text, expected) == 0, "%s: %s, not %s", what, text, expected);
}

static void adding(void) {
    static const struct {
        const char *value, *amount;
        when_unit unit;
        const char *expected;
    } rows[] = {
        {"1973-12-25", "7", WHEN_U_DAY, "1974-01-01"},
        {"1973-12-25", "7.7", WHEN_U_DAY, "1974-01-01"},
        {"1973-12-25", "-7.7", WHEN_U_DAY, "1973-12-18"},
        {"1973-12-25T00:00:00.000+10:00", "7.7", WHEN_U_DAY, "1974-01-01T00:00:00.000+10:00"},
        {"1973-12-25T00:00:00.000+10:00", "1", WHEN_U_SECOND, "1973-12-25T00:00:01.000+10:00"},
        {"1973-12-25T00:00:00.000+10:00", "0.1", WHEN_U_SECOND, "1973-12-25T00:00:00.100+10:00"},
        {"1973-12-25T00:00:00+10:00", "10", WHEN_U_MILLISECOND, "1973-12-25T00:00:00.010+10:00"},
        {"1973-12-25T00:00:00Z", "-1", WHEN_U_MILLISECOND, "1973-12-24T23:59:59.999Z"},
        {"1973-12-25T00:00:00.000+10:00", "1", WHEN_U_HOUR, "1973-12-25T01:00:00.000+10:00"},
        {"1973-12-25", "1", WHEN_U_WEEK, "1974-01-01"},
        {"2024-01-31", "1", WHEN_U_MONTH, "2024-02-29"},
        {"2024-03-31", "-1", WHEN_U_MONTH, "2024-02-29"},
        {"2023-01-31", "1.9", WHEN_U_MONTH, "2023-02-28"},
        {"2024-02-29", "1", WHEN_U_YEAR, "2025-02-28"},
        {"2024-02-29", "-4", WHEN_U_YEAR, "2020-02-29"},
        {"1974-12-25", "-13", WHEN_U_MONTH, "1973-11-25"},
        /* partial values take the amount at their own precision */
        {"2014", "24", WHEN_U_MONTH, "2016"},
        {"2014", "23", WHEN_U_MONTH, "2015"},
        {"2014", "-23", WHEN_U_MONTH, "2013"},
        {"2014", "364", WHEN_U_DAY, "2014"},
        {"2014", "365", WHEN_U_DAY, "2015"},
        {"2014-01", "59", WHEN_U_DAY, "2014-02"},
        {"2014-01", "60", WHEN_U_DAY, "2014-03"},
        {"2014-01", "5", WHEN_U_WEEK, "2014-02"},
        {"2019-03-01", "24", WHEN_U_HOUR, "2019-03-02"},
        {"2019-03-01", "47", WHEN_U_HOUR, "2019-03-02"},
        {"2019-03-01", "86399", WHEN_U_SECOND, "2019-03-01"},
        {"2019-03-01T10", "119", WHEN_U_MINUTE, "2019-03-01T11"},
        {"2019-03-01T10:30", "90", WHEN_U_SECOND, "2019-03-01T10:31"},
        {"2019-03-01T10:30", "1500", WHEN_U_MINUTE, "2019-03-02T11:30"},
        /* a time of day goes round */
        {"T23:00:00", "2", WHEN_U_HOUR, "01:00:00"},
        {"T01:00:00", "-2", WHEN_U_HOUR, "23:00:00"},
        {"T23:00:00", "50", WHEN_U_HOUR, "01:00:00"},
        {"T10:30", "0.999", WHEN_U_MINUTE, "10:30"},
        {"T10", "1", WHEN_U_DAY, "none"},
        {"T10", "1", WHEN_U_YEAR, "none"},
        /* the years end at 1 and 9999 */
        {"9999-12-31", "1", WHEN_U_DAY, "none"},
        {"0001-01-01", "-1", WHEN_U_DAY, "none"},
        {"9999-06", "1", WHEN_U_YEAR, "none"},
        {"0001", "-1", WHEN_U_YEAR, "none"},
        {"2000-01-01", "99999999999999999999999999999", WHEN_U_DAY, "none"},
        {"2000-01-01", "99999999999999999999999999999", WHEN_U_YEAR, "none"},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        decimal amount = {0};
        when w = {0};
        CHECK(decimal_parse(str_from(rows[i].amount), &amount));
        bool ok = when_add(of(rows[i].value), amount, rows[i].unit, &w);
        reads_as(ok, w, rows[i].expected, rows[i].value);
    }
}

static void boundaries(void) {
    static const struct {
        const char *value;
        int digits;
        const char *low, *high;
    } rows[] = {
        {"2014", 6, "2014-01", "2014-12"},
        {"2014", 8, "2014-01-01", "2014-12-31"},
        {"1970-06", 8, "1970-06-01", "1970-06-30"},
        {"2024-02", 8, "2024-02-01", "2024-02-29"},
        {"2014-05-06", 4, "2014", "2014"},
        {"2014-05-06", 10, "none", "none"}, /* a date has no hours */
        {"2014", 5, "none", "none"},
        {"2014", 0, "none", "none"},
        {"@2010-10-10", 17, "2010-10-10T00:00:00.000+14:00", "2010-10-10T23:59:59.999-12:00"},
        {"@2010", 17, "2010-01-01T00:00:00.000+14:00", "2010-12-31T23:59:59.999-12:00"},
        {"@2010-10-10", 8, "2010-10-10", "2010-10-10"},
        {"2014-01-01T08", 17, "2014-01-01T08:00:00.000+14:00", "2014-01-01T08:00:59.999-12:00"},
        {"2014-01-01T08", 10, "2014-01-01T08+14:00", "2014-01-01T08-12:00"},
        {"2014-01-01T08", 8, "2014-01-01", "2014-01-01"},
        {"2014-01-01T08:05+08:00", 17, "2014-01-01T08:05:00.000+08:00",
         "2014-01-01T08:05:59.999+08:00"},
        {"2014-01-01T08:05-05:00", 14, "2014-01-01T08:05:00-05:00", "2014-01-01T08:05:59-05:00"},
        {"2014-01-01T08:05:03.1Z", 17, "2014-01-01T08:05:03.100Z", "2014-01-01T08:05:03.199Z"},
        {"2014-01-01T08:05:03.12345Z", 17, "2014-01-01T08:05:03.123Z", "2014-01-01T08:05:03.123Z"},
        {"2014-01-01T08:05:03Z", 6, "2014-01", "2014-01"},
        {"2014-01-01T08:05:03Z", 9, "none", "none"},
        {"T10:30", 9, "10:30:00.000", "10:30:59.999"},
        {"T12:34:00", 9, "12:34:00.000", "12:34:00.999"},
        {"T10", 9, "10:00:00.000", "10:59:59.999"},
        {"T10:30", 6, "10:30:00", "10:30:59"},
        {"T10:30:15", 2, "10", "10"},
        {"T10:30:15", 8, "none", "none"},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        when w = {0};
        bool ok = when_low(of(rows[i].value), rows[i].digits, &w);
        reads_as(ok, w, rows[i].low, rows[i].value);
        ok = when_high(of(rows[i].value), rows[i].digits, &w);
        reads_as(ok, w, rows[i].high, rows[i].value);
    }
}

enum { UNDECIDED = -99 };

typedef struct count_row {
    const char *a, *b;
    when_unit unit;
    int expected;
} count_row;

static void durations(void) {
    static const count_row rows[] = {
        {"2012-03-10", "2013-03-10", WHEN_U_YEAR, 1},
        {"2012-03-10", "2013-03-09", WHEN_U_YEAR, 0},
        {"2013-03-10", "2012-03-11", WHEN_U_YEAR, 0},
        {"2013-03-10", "2012-03-10", WHEN_U_YEAR, -1},
        {"2004-02-29", "2022-02-28", WHEN_U_YEAR, 17},
        {"2004-02-29", "2022-03-01", WHEN_U_YEAR, 18},
        {"2012-03-10T10:20:00Z", "2013-03-10T09:20:00Z", WHEN_U_YEAR, 0},
        {"2024-01-31", "2024-02-29", WHEN_U_MONTH, 0},
        {"2024-01-15", "2024-03-14", WHEN_U_MONTH, 1},
        {"2024-01-01", "2024-01-15", WHEN_U_WEEK, 2},
        {"2024-01-01T23:00:00Z", "2024-01-02T22:59:59Z", WHEN_U_DAY, 0},
        {"2024-01-01T23:00:00Z", "2024-01-03T01:00:00+02:00", WHEN_U_DAY, 1},
        {"2024-01-01T00:00:00.5Z", "2024-01-01T00:00:01.499Z", WHEN_U_SECOND, 0},
        {"T10:00:00", "T09:30:00", WHEN_U_MINUTE, -30},
        /* a date beside a moment counts days */
        {"2000-03-10", "2018-03-10T00:00:00+01:00", WHEN_U_YEAR, 18},
        {"2000-03-10", "2018-03-09T23:59:59+01:00", WHEN_U_YEAR, 17},
        /* partial values: decided only where the missing part does not matter */
        {"2000", "2018-06-01", WHEN_U_YEAR, UNDECIDED},
        {"2000", "2018-12-31", WHEN_U_YEAR, 18},
        {"2000", "2017-12-31", WHEN_U_YEAR, 17},
        {"2000-06", "2018-06-01", WHEN_U_YEAR, UNDECIDED},
        {"2000-05", "2018-06-01", WHEN_U_YEAR, 18},
        {"2012", "2014", WHEN_U_YEAR, UNDECIDED},
        {"2024-01-01", "2024-01-02", WHEN_U_HOUR, UNDECIDED},
        {"2024-01-01T10:00:00Z", "2024-01-01T12:00:00", WHEN_U_HOUR, UNDECIDED},
        {"T10:00:00", "T12:00:00", WHEN_U_DAY, UNDECIDED},
        {"T10:00:00", "2024-01-01", WHEN_U_HOUR, UNDECIDED},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        int64_t n = 0;
        bool ok = when_duration(of(rows[i].a), of(rows[i].b), rows[i].unit, &n);
        CHECK_MSG((ok ? n : UNDECIDED) == rows[i].expected, "from %s to %s: %d", rows[i].a,
                  rows[i].b, ok ? (int)n : UNDECIDED);
    }
}

static void differences(void) {
    static const count_row rows[] = {
        {"2012-12-31", "2013-01-01", WHEN_U_YEAR, 1},
        {"2012", "2014", WHEN_U_YEAR, 2},
        {"2012", "2014", WHEN_U_MONTH, UNDECIDED},
        {"2024-01-31", "2024-02-01", WHEN_U_MONTH, 1},
        {"2024-01-06", "2024-01-07", WHEN_U_WEEK, 1}, /* a Saturday and a Sunday */
        {"2024-01-07", "2024-01-13", WHEN_U_WEEK, 0},
        {"2024-01-01T23:59:59Z", "2024-01-02T00:00:00Z", WHEN_U_DAY, 1},
        {"2024-01-01T23:59:59Z", "2024-01-02T02:00:00+02:00", WHEN_U_DAY, 1},
        {"2024-01-02T02:00:00+02:00", "2024-01-01T23:59:59Z", WHEN_U_DAY, 0},
        {"2024-01-01T10:59:59Z", "2024-01-01T11:00:00Z", WHEN_U_HOUR, 1},
        {"2024-01-01T11:00", "2024-01-01T10:59", WHEN_U_HOUR, -1},
        {"2024-01-01", "2024-01-02", WHEN_U_HOUR, UNDECIDED},
        {"T10:59:59.999", "T11:00:00", WHEN_U_MILLISECOND, 1},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        int64_t n = 0;
        bool ok = when_difference(of(rows[i].a), of(rows[i].b), rows[i].unit, &n);
        CHECK_MSG((ok ? n : UNDECIDED) == rows[i].expected, "from %s to %s: %d", rows[i].a,
                  rows[i].b, ok ? (int)n : UNDECIDED);
    }
}

const unit_test base_when_math_suite[] = {
    UNIT_TEST(adding), UNIT_TEST(boundaries), UNIT_TEST(durations), UNIT_TEST(differences),
    UNIT_END,
};
