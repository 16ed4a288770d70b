/* SPDX-License-Identifier: Apache-2.0 */
/* Authorities of URLs; the HTTPS client against nobody: the rest is in
 * tests/system/test_deliver.py.
 */
#include "unit.h"

#include "deliver/https.h"

static void authorities(void) {
    static const char *const cases[][2] = {{"https://Ehr.Example/fhir", "ehr.example:443"},
                                           {"https://ehr.example:8443/fhir", "ehr.example:8443"},
                                           {"https://127.0.0.1:1", "127.0.0.1:1"},
                                           {"https://[::1]:2/x", "[::1]:2"},
                                           {"http://ehr.example/", ""},
                                           {"https://user@ehr.example/", ""},
                                           {"ftp://ehr.example/", ""},
                                           {"https://", ""},
                                           {"ehr.example", ""},
                                           {"https://ehr.example:99999/", ""},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[HTTPS_AUTHORITY] = "";
        bool ok = https_authority(str_from(cases[i][0]), out);
        CHECK_MSG(ok == (cases[i][1][0] != 0), "%s", cases[i][0]);
        if (ok) CHECK_STR(out, cases[i][1]);
    }
}

static void configuration_is_checked(void) {
    fault fault = {0};
    endpoint_config config = {.name = S("ehr"), .url = S("https://localhost/fhir")};
    CHECK(https_open(&config, &fault) == NULL);
    CHECK(strstr(fault.text, "tls.ca") != NULL);
    config.url = S("https://localhost/fh ir");
    CHECK(https_open(&config, &fault) == NULL);
    CHECK(strstr(fault.text, "URL") != NULL);
}

const unit_test deliver_https_suite[] = {UNIT_TEST(authorities),
                                         UNIT_TEST(configuration_is_checked), UNIT_END};
