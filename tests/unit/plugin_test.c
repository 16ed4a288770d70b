/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "fhirtrial.h"

static void version_is_the_headers(void) {
    CHECK_INT(fhirtrial_abi_version(), FHIRTRIAL_ABI);
    CHECK_INT(fhirtrial_abi_version() >> 16, 1);
}

static void every_code_has_its_own_text(void) {
    static const int32_t codes[] = {FHIRTRIAL_OK,       FHIRTRIAL_PENDING,   FHIRTRIAL_NOMATCH,
                                    FHIRTRIAL_E_ARG,    FHIRTRIAL_E_HANDLE,  FHIRTRIAL_E_ABI,
                                    FHIRTRIAL_E_CONFIG, FHIRTRIAL_E_BUFFER,  FHIRTRIAL_E_PARSE,
                                    FHIRTRIAL_E_REJECT, FHIRTRIAL_E_RETRY,   FHIRTRIAL_E_AUTH,
                                    FHIRTRIAL_E_FULL,   FHIRTRIAL_E_CLOSED,  FHIRTRIAL_E_NOMEM,
                                    FHIRTRIAL_E_FORK,   FHIRTRIAL_E_INTERNAL};
    enum { CODES = sizeof codes / sizeof codes[0] };
    for (int i = 0; i < CODES; i++) {
        CHECK(strcmp(fhirtrial_strerror(codes[i]), "unknown code") != 0);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(fhirtrial_strerror(codes[i]), fhirtrial_strerror(codes[j])) != 0);
    }
}

static void a_number_that_is_no_code_is_said_so(void) {
    CHECK_STR(fhirtrial_strerror(3), "unknown code");
    CHECK_STR(fhirtrial_strerror(-14), "unknown code");
    CHECK_STR(fhirtrial_strerror(INT32_MIN), "unknown code");
}

const unit_test plugin_suite[] = {
    UNIT_TEST(version_is_the_headers),
    UNIT_TEST(every_code_has_its_own_text),
    UNIT_TEST(a_number_that_is_no_code_is_said_so),
    UNIT_END,
};
