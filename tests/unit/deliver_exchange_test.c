/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl hands over, within ceilings; what must not be sent. */
#include "unit.h"

#include "deliver/exchange.h"

#include <stdlib.h>

static exchange e;

static size_t header(const char *line) {
    return exchange_take_header((char *)(uintptr_t)line, 1, strlen(line), &e);
}

static void headers_of_the_last_reply_count(void) {
    header("HTTP/1.1 100 Continue\r\n");
    header("ETag: \"old\"\r\n");
    header("HTTP/1.1 201 Created\r\n");
    header("etag:  W/\"2\" \r\n");
    header("LOCATION: Flag/1\r\n");
    header("Retry-After: 5\r\n");
    header("Content-Type: application/fhir+json\r\n");
    header("no colon\r\n");
    header("\r\n");
    CHECK_STR(e.etag, "W/\"2\"");
    CHECK_STR(e.location, "Flag/1");
    CHECK_STR(e.retry_after, "5");
    CHECK_STR(e.content_type, "application/fhir+json");
    exchange_forget(&e);
    CHECK_STR(e.etag, "");
    exchange_release(&e);
}

static void headers_with_other_bytes_are_as_good_as_none(void) {
    char line[400] = "Etag: ";
    memset(line + 6, 'a', 300);
    header("HTTP/1.1 200 OK\r\n");
    header("Location: Flag/\x01\r\n");
    header(line);
    CHECK_STR(e.location, "");
    CHECK_STR(e.etag, "");
    exchange_release(&e);
}

static void too_many_headers_end_the_transfer(void) {
    int n = 0;
    while (n < 1000 && header("X: y\r\n")) n++;
    CHECK_INT(n, 200);
    CHECK(e.too_large);
    exchange_release(&e);
}

static void too_long_headers_end_the_transfer(void) {
    static char line[8192];
    int n = 0;
    memset(line, 'x', sizeof line - 1);
    while (n < 100 && header(line)) n++;
    CHECK_INT(n, 8); /* 8 * 8191 <= 65536 < 9 * 8191 */
    exchange_release(&e);
}

static void bodies_end_at_a_megabyte(void) {
    static char block[65536];
    isize n = 0;
    while (exchange_take_body(block, 1, sizeof block, &e)) n += (isize)sizeof block;
    CHECK_INT(n, LIMIT_REPLY_BYTES);
    CHECK_INT(exchange_reply(&e).n, LIMIT_REPLY_BYTES);
    CHECK(e.too_large);
    exchange_forget(&e);
    CHECK_INT(exchange_reply(&e).n, 0);
    CHECK(exchange_take_body(block, 1, 10, &e) == 10);
    exchange_release(&e);
}

static bool may_send(const char *line) {
    str headers[] = {S("Accept: x"), str_from(line)};
    https_request r = {.headers = headers, .header_count = 2};
    bool ok = exchange_set_lines(&e, &r);
    exchange_release(&e);
    return ok;
}

static void header_injection_is_impossible(void) {
    CHECK(may_send("If-Match: W/\"1\""));
    CHECK(!may_send("If-Match: W/\"1\"\r\nX: y"));
    CHECK(!may_send("If-Match: \n"));
    CHECK(!may_send("If-Match: \xc3\xa4"));
    CHECK(!may_send("no colon"));
    CHECK(!may_send(": empty name"));
}

static void hosts(void) {
    CHECK(exchange_set_host(&e, S("https://EHR.example/fhir")));
    CHECK_STR(e.host, "ehr.example");
    CHECK(exchange_set_host(&e, S("https://[::1]:8443/fhir")));
    CHECK_STR(e.host, "::1");
    CHECK(exchange_set_host(&e, S("https://[::1]:8443/fhir/Flag?identifier=a")));
    CHECK_STR(e.host, "::1");
    CHECK(!exchange_set_host(&e, S("https://[::1]:8443/fhir/a b")));
    CHECK(exchange_set_host(&e, S("https://[::1]:844/fhir")));
    CHECK(exchange_set_host(&e, S("https://ehr.example/fhir")));
    CHECK(!exchange_set_host(&e, S("https://ehr.example@other.example/fhir")));
    CHECK_STR(e.host, ""); /* nothing is left of the one before */
    CHECK(exchange_set_host(&e, S("https://ehr.example?@other.example/fhir")));
    CHECK_STR(e.host, "ehr.example");
    CHECK(!exchange_set_host(&e, S("http://ehr.example/")));
    CHECK(!exchange_set_host(&e, S("https://user:pw@ehr.example/")));
    CHECK(!exchange_set_host(&e, S("https://ehr.example/\r\nX: y")));
    exchange_release(&e);
}

const unit_test deliver_exchange_suite[] = {UNIT_TEST(headers_of_the_last_reply_count),
                                            UNIT_TEST(headers_with_other_bytes_are_as_good_as_none),
                                            UNIT_TEST(too_many_headers_end_the_transfer),
                                            UNIT_TEST(too_long_headers_end_the_transfer),
                                            UNIT_TEST(bodies_end_at_a_megabyte),
                                            UNIT_TEST(header_injection_is_impossible),
                                            UNIT_TEST(hosts),
                                            UNIT_END};
