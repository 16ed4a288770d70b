/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of FHIR's primitive types, by the examples and rules of R4's datatypes page. */
#include "fhir/model_ids.h"
#include "fhir/primitive.h"

#include "unit.h"

/* Texts separated by '|': the legal ones, then those that are not. */
static const struct {
    model_type type;
    const char *good, *bad;
} cases[] = {
    {TYPE_boolean, "true|false", "True|TRUE|0|1|yes| true"},
    {TYPE_integer, "0|-0|7|-7|2147483647|-2147483648",
     "2147483648|-2147483649|01|-01|+1|1.0|1e3|-|--1| 1|99999999999"},
    {TYPE_unsignedInt, "0|2147483647", "-1|-0|01|2147483648|1.5"},
    {TYPE_positiveInt, "1|2147483647", "0|-1|01|2147483648"},
    {TYPE_decimal, "0|-0.0|1.10|12345678901234567890.123456789|1e5|1.5E-10|1e+5|-2.00",
     "01|1.|.5|+1|1e|1e+|NaN|1,5|1 |0x1|--1|-"},
    {TYPE_date, "1905|2018|1973-06|1905-08-23|2000-02-29|2024-02-29|0001",
     "0000|18|2018-1|2018-13|2018-00|2018-02-29|1900-02-29|2018-04-31|2018-01-00|2018-01-1|"
     "2018-01-01T00:00:00Z|20180101|2018-|2018-01-|2018 "},
    {TYPE_dateTime,
     "2018|1973-06|1905-08-23|2015-02-07T13:28:17-05:00|2017-01-01T00:00:00.000Z|"
     "2016-12-31T23:59:60Z|2020-01-01T00:00:00+14:00|2020-01-01T10:00:00.123456789+05:30",
     "2015-02-07T13:28:17|2015-02-07T13:28Z|2015-02-07T13Z|2015-02-07T24:00:00Z|2015-02-07T10:60:"
     "00Z|"
     "2015-02-07T10:00:61Z|2015-02-07T10:00:00.Z|2015-02-07T10:00:00+14:01|2015-02-07T10:00:00+15:"
     "00|"
     "2015-02-07T10:00:00+1:00|2015-02-07T10:00:00+0100|2015-02T10:00:00Z|2015-02-30T10:00:00Z|"
     "2015-02-07 10:00:00Z|2015-02-07T10:00:00Zx|2015-02-07t10:00:00Z"},
    {TYPE_instant, "2015-02-07T13:28:17.239+02:00|2017-01-01T00:00:00Z",
     "2017|2017-01|2017-01-01|2017-01-01T00:00:00"},
    {TYPE_time, "00:00:00|23:59:59|10:30:00.5", "24:00:00|10:30|10:30:00Z|10:30:00+01:00|1:30:00"},
    {TYPE_code, "final|a b|M|ACME:X", " a|a |a  b|\ta|a\n| "},
    {TYPE_id, "a|A-1.b|1234567890123456789012345678901234567890123456789012345678901234",
     "a_b|a b|\xC3\xA9|12345678901234567890123456789012345678901234567890123456789012345|a/b"},
    {TYPE_oid, "urn:oid:1.2.3.4.5|urn:oid:2.0",
     "1.2.3|urn:oid:3.1|urn:oid:1|urn:oid:1.|urn:oid:1.02|urn:oid:|urn:oid:1x2"},
    {TYPE_uuid, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
     "c757873d-ec9a-4326-a141-556f43239520|urn:uuid:C757873D-ec9a-4326-a141-556f43239520|"
     "urn:uuid:c757873dec9a4326a141556f43239520|urn:uuid:c757873d-ec9a-4326-a141-556f4323952"},
    {TYPE_uri, "http://loinc.org|urn:oid:1.2|#x|a:b", "a b|http://x y|\tx"},
    {TYPE_url, "https://a.example/b?c=d", "https://a.example/ b"},
    {TYPE_canonical, "http://a.example/ValueSet/x|1.0", "a b"},
    {TYPE_base64Binary, "YWJj|YWI=|YQ==|YW Jj\nYWJj|+/+/", "YWJ|YQ=|=YQ=|YQ=a|YW-j|====|YWJjY"},
    {TYPE_string, "a| |\xC3\xA9\n\t\r x", "a\x01|\x1F"},
    {TYPE_markdown, "# a\n\n* b", "\x02"},
};

static void check_list(model_type type, const char *list, bool legal) {
    str rest = str_from(list);
    while (rest.n) {
        isize bar = str_find_byte(rest, '|', 0);
        str text = str_slice(rest, 0, bar < 0 ? rest.n : bar);
        rest = str_slice(rest, bar < 0 ? rest.n : bar + 1, rest.n);
        CHECK_MSG((primitive_rule(type, text) == NULL) == legal, "type %d: \"%.*s\"", type,
                  STR_ARGS(text));
    }
}

static void formats(void) {
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        check_list(cases[i].type, cases[i].good, true);
        check_list(cases[i].type, cases[i].bad, false);
    }
}

static void no_type_may_be_empty(void) {
    for (model_type type = 1; type < TYPE_R4_COUNT; type++)
        if (model_is_primitive(model_r4(), type)) CHECK(primitive_rule(type, S("")) != NULL);
}

const unit_test fhir_primitive_suite[] = {UNIT_TEST(formats), UNIT_TEST(no_type_may_be_empty),
                                          UNIT_END};
