/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times: text, comparison in three values, the Unix clock. Expected values from the
 * FHIRPath specification (Date/Time Equality and Comparison) and by hand. */
#include "unit.h"

#include "base/when.h"

static when of(const char *text) {
    when w = {0};
    str s = str_from(text);
    bool ok = false;
    if (*text == 'T') {
        ok = when_parse_time(str_slice(s, 1, s.n), &w);
    } else {
        ok = when_parse_date(s, &w) || when_parse_datetime(s, &w);
    }
    CHECK_MSG(ok, "cannot read %s", text);
    return w;
}

static when datetime(const char *text) {
    when w = {0};
    CHECK_MSG(when_parse_datetime(str_from(text), &w), "cannot read %s", text);
    return w;
}

static void text_is_kept(void) {
    static const char *const same[] = {"0001",
                                       "9999-12",
                                       "2024-02-29",
                                       "2000-02-29",
                                       "2015-02-04T14",
                                       "2015-02-04T14+08:00",
                                       "2015-02-04T14:34",
                                       "2015-02-04T14:34Z",
                                       "2015-02-04T14:34:28",
                                       "2015-02-04T14:34:28.000",
                                       "2015-02-04T14:34:28.10-03:30",
                                       "2015-02-04T14:34:28.123456789+14:00",
                                       "2015-02-04T23:59:59+00:00",
                                       "2015-02-04T00:00:00-12:00"};
    for (isize i = 0; i < COUNT_OF(same); i++) {
        char text[WHEN_TEXT];
        isize n = when_format(of(same[i]), text);
        CHECK_BYTES(text, n, same[i]);
    }
    static const char *const times[] = {"T00", "T10:30", "T23:59:59", "T10:30:00.5"};
    for (isize i = 0; i < COUNT_OF(times); i++) {
        char text[WHEN_TEXT];
        isize n = when_format(of(times[i]), text);
        CHECK_BYTES(text, n, times[i] + 1);
    }
}

static void refused_text(void) {
    static const char *const bad[] = {
        "",           "0000",       "201",          "20155",       "2015-",      "2015-1",
        "2015-00",    "2015-13",    "2015-02-30",   "2015-02-29",  "1900-02-29", "2015-04-31",
        "2015-02-00", "2015/02/04", "15-02-04",     "2015-02-04 ", "-2015",      "2015-02-04T",
        "2015-02T10", "2015T",      "2015-02-04t10"};
    for (isize i = 0; i < COUNT_OF(bad); i++) {
        when w;
        CHECK_MSG(!when_parse_date(str_from(bad[i]), &w), "date %s was read", bad[i]);
        CHECK_MSG(!when_parse_datetime(str_from(bad[i]), &w), "dateTime %s was read", bad[i]);
    }
    static const char *const bad_times[] = {
        "2015-02-04T24:00:00Z",           "2015-02-04T10:60:00Z",      "2015-02-04T10:00:60Z",
        "2015-02-04T10:00:00.Z",          "2015-02-04T10:00:00+14:01", "2015-02-04T10:00:00+15:00",
        "2015-02-04T10:00:00+0100",       "2015-02-04T10:00:00+01",    "2015-02-04T10:00:00z",
        "2015-02-04T10:00:00Z ",          "2015-02-04T1:00:00Z",       "2015-02-04T10:00:00+01:60",
        "2015-02-04T10:00:00.1234567890Z"};
    for (isize i = 0; i < COUNT_OF(bad_times); i++) {
        when w;
        CHECK_MSG(!when_parse_datetime(str_from(bad_times[i]), &w), "%s was read", bad_times[i]);
    }
    static const char *const bad_clocks[] = {"", "24:00", "10:", "10:30Z", "10:30:00+01:00", "1"};
    for (isize i = 0; i < COUNT_OF(bad_clocks); i++) {
        when w;
        CHECK_MSG(!when_parse_time(str_from(bad_clocks[i]), &w), "%s was read", bad_clocks[i]);
    }
}

enum { UNDECIDED = 9 };

static int order_of(const char *a, const char *b) {
    int order = 0;
    int back = 0;
    tri decided = when_compare(of(a), of(b), &order);
    CHECK_INT(when_compare(of(b), of(a), &back), decided); /* and the same from the other side */
    if (decided != TRI_TRUE) return UNDECIDED;
    CHECK_INT(back, -order);
    return order;
}

static void comparison(void) {
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"2012", "2013-01-01", -1},
        {"2012", "2012-01", UNDECIDED},
        {"2012", "2012", 0},
        {"2018-03", "2018-03-01", UNDECIDED},
        {"2018-03", "2018-04-01", -1},
        {"2012-04-15", "2012-04-15T10:00:00", UNDECIDED},
        {"2012-04-15", "2012-04-16T10:00:00Z", -1},
        {"2012-04-15T15:30:31", "2012-04-15T15:30:31.0", 0},
        {"2012-04-15T15:30:31", "2012-04-15T15:30:31.1", -1},
        {"2018-03-01T10:30", "2018-03-01T10:30:00", UNDECIDED},
        {"2018-03-01T10:30", "2018-03-01T10:31:00", -1},
        {"2018-03-01T10:30", "2018-03-01T10:30", 0},
        {"2012-04-15T15:00:00Z", "2012-04-15T10:00:00", UNDECIDED},
        {"2012-04-15T15:00:00+02:00", "2012-04-15T16:00:00+03:00", 0},
        {"2017-11-05T01:30:00.0-04:00", "2017-11-05T01:15:00.0-05:00", -1},
        {"2012-04-15T10+02:00", "2012-04-15T09+01:00", 0},
        {"2012-04-15T10+05:30", "2012-04-15T10+05:00", UNDECIDED},
        {"2012-04-15T10+05:30", "2012-04-15T12+05:00", -1},
        {"2012-04-15T10:00+05:30", "2012-04-15T04:30Z", 0},
        {"2012-12-31T23:00:00-02:00", "2013-01-01T01:00:00Z", 0},
        {"T10:30", "T10:30:00", UNDECIDED},
        {"T10:30:00", "T10:30:00.0", 0},
        {"T12:00:01", "T12:00:00", 1},
        {"T12:00:01", "2012", UNDECIDED},
    };
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        CHECK_MSG(order_of(rows[i].a, rows[i].b) == rows[i].order, "%s against %s", rows[i].a,
                  rows[i].b);
    }
}

static void equality(void) {
    CHECK_INT(when_equal(of("2012"), of("2012-01")), TRI_UNKNOWN);
    CHECK_INT(when_equal(of("2012"), of("2013-01")), TRI_FALSE);
    CHECK_INT(when_equal(of("2012-04-15"), of("T12:14:15")), TRI_FALSE);
    CHECK_INT(when_equal(of("2012-04-15"), datetime("2012-04-15")), TRI_TRUE);
    CHECK_INT(when_equal(of("2012-04-15T15:00:00Z"), of("2012-04-15T10:00:00")), TRI_UNKNOWN);
    CHECK(!when_equivalent(of("2012"), of("2012-01")));
    CHECK(!when_equivalent(of("2012-04-15"), of("2012-04-15T10:00:00")));
    CHECK(when_equivalent(of("2012-04-15T15:30:31"), of("2012-04-15T15:30:31.0")));
    CHECK(!when_equivalent(of("2012-04-15T15:00:00Z"), of("2012-04-15T15:00:00")));
}

static void digits(void) {
    CHECK_INT(when_digits(of("2014")), 4);
    CHECK_INT(when_digits(of("2014-01")), 6);
    CHECK_INT(when_digits(of("2014-01-05")), 8);
    CHECK_INT(when_digits(of("2014-01-05T10")), 10);
    CHECK_INT(when_digits(of("2014-01-05T10:30:00Z")), 14);
    CHECK_INT(when_digits(of("2014-01-05T10:30:00.000")), 17);
    CHECK_INT(when_digits(of("T10")), 2);
    CHECK_INT(when_digits(of("T10:30")), 4);
    CHECK_INT(when_digits(of("T10:30:00.000")), 9);
}

static void unix_clock(void) {
    int64_t n = 1;
    CHECK(when_to_unix(of("1970-01-01T00:00:00Z"), &n) && n == 0);
    CHECK(when_to_unix(of("1970-01-01T01:00:00.5+01:00"), &n) && n == 500000000);
    CHECK(when_to_unix(of("1969-12-31T23:59:59.999999999Z"), &n) && n == -1);
    CHECK(when_to_unix(of("2001-09-09T01:46:40Z"), &n) && n == 1000000000000000000);
    CHECK(!when_to_unix(of("2001-09-09T01:46:40"), &n)); /* no zone, no moment */
    CHECK(!when_to_unix(of("2001-09-09T01:46Z"), &n));
    CHECK(!when_to_unix(of("2001-09-09"), &n));
    CHECK(!when_to_unix(of("2500-01-01T00:00:00Z"), &n)); /* 64 bits end in 2262 */
    static const struct {
        int64_t nanos;
        int zone;
        const char *text;
    } rows[] = {{0, 0, "1970-01-01T00:00:00.000Z"},
                {-1, 0, "1969-12-31T23:59:59.999999999Z"},
                {1000000000123000000, 120, "2001-09-09T03:46:40.123+02:00"},
                {1000000000000001000, -720, "2001-09-08T13:46:40.000001-12:00"},
                {INT64_MIN, 0, "1677-09-21T00:12:43.145224192Z"},
                {INT64_MAX, 840, "2262-04-12T13:47:16.854775807+14:00"}};
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        char text[WHEN_TEXT];
        isize length = when_format(when_from_unix(rows[i].nanos, rows[i].zone), text);
        CHECK_BYTES(text, length, rows[i].text);
    }
}

static void calendar(void) {
    CHECK_INT(when_day_number(of("0001-01-01")), 0);
    CHECK_INT(when_day_number(of("1970-01-01")), 719162);
    CHECK_INT(when_day_number(of("9999-12-31")), 3652058);
    when w = {.kind = WHEN_DATE, .precision = WHEN_DAY};
    CHECK(when_set_day(&w, 3652058) && w.year == 9999 && w.month == 12 && w.day == 31);
    CHECK(when_set_day(&w, 0) && w.year == 1 && w.month == 1 && w.day == 1);
    CHECK(!when_set_day(&w, -1));
    CHECK(!when_set_day(&w, 3652059));
    bool back = true;
    for (int64_t day = 0; day < 3652059; day += 37) {
        back = back && when_set_day(&w, day) && when_day_number(w) == day;
    }
    CHECK(back);
    CHECK_INT(when_month_days(1900, 2), 28);
    CHECK_INT(when_month_days(2000, 2), 29);
}

const unit_test base_when_suite[] = {
    UNIT_TEST(text_is_kept), UNIT_TEST(refused_text), UNIT_TEST(comparison), UNIT_TEST(equality),
    UNIT_TEST(digits),       UNIT_TEST(unix_clock),   UNIT_TEST(calendar),   UNIT_END,
};
