/* SPDX-License-Identifier: Apache-2.0 */
/* What comes before reading: formats and lines. */
#include "fhir_fixture.h"

static void formats(void) {
    CHECK_INT(read_sniff(S("{")), FORMAT_JSON);
    CHECK_INT(read_sniff(S("\xEF\xBB\xBF \t\r\n{}")), FORMAT_JSON);
    CHECK_INT(read_sniff(S("\xEF\xBB\xBF<?xml")), FORMAT_XML);
    CHECK_INT(read_sniff(S("")), FORMAT_UNKNOWN);
    CHECK_INT(read_sniff(S(" \n")), FORMAT_UNKNOWN);
    CHECK_INT(read_sniff(S("[]")), FORMAT_UNKNOWN);
    CHECK_INT(read_sniff(S("\xFF\xFE<\0")), FORMAT_UNKNOWN); /* UTF-16 */
    CHECK_INT(read_sniff(S("MSH|^~\\&")), FORMAT_UNKNOWN);
}

static void neither_json_nor_xml(void) {
    fixture f;
    fixture_read(&f, S("MSH|^~\\&"));
    CHECK(!f.ok && f.fault.code == FAULT_INPUT && strstr(f.fault.text, "neither"));
    fixture_end(&f);
    fixture_read(&f, S(""));
    CHECK(!f.ok && strstr(f.fault.text, "empty"));
    fixture_end(&f);
}

static void lines(void) {
    str rest = S("\xEF\xBB\xBF{\"a\":1}\n\r\n  \t \n{\"b\":2}\r\n\n{\"c\":3}"), line;
    static const char *const expected[] = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"};
    for (isize i = 0; i < COUNT_OF(expected); i++) {
        CHECK_OR_RETURN(read_next_line(&rest, &line));
        CHECK_BYTES(line.p, line.n, expected[i]);
    }
    CHECK(!read_next_line(&rest, &line) && !read_next_line(&rest, &line));
    rest = S("");
    CHECK(!read_next_line(&rest, &line));
    rest = S("\n\n");
    CHECK(!read_next_line(&rest, &line));
    rest = S("\n\xEF\xBB\xBF{}\n\xEF\xBB\xBF\n\xEF\xBB\xBF"); /* a mark behind a blank line */
    CHECK(read_next_line(&rest, &line));
    CHECK_BYTES(line.p, line.n, "{}");
    CHECK(!read_next_line(&rest, &line));
}

const unit_test fhir_read_suite[] = {UNIT_TEST(formats), UNIT_TEST(neither_json_nor_xml),
                                     UNIT_TEST(lines), UNIT_END};
