/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisation may be asked for again and again, by several threads, before or after the host's
 * own. */
#include "unit.h"

#include "deliver/deliver.h"

#include <curl/curl.h>
#include <pthread.h>

static void *initialise(void *ok) {
    fault fault = {0};
    *(bool *)ok = deliver_init(&fault);
    return NULL;
}

static void any_number_of_times(void) {
    pthread_t threads[4];
    bool ok[4] = {0};
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, initialise, &ok[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) CHECK(ok[i]);
}

static void host_may_clean_up_its_own(void) {
    fault fault = {0};
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    CHECK(deliver_init(&fault));
    curl_global_cleanup();
    CURL *easy = curl_easy_init();
    CHECK(easy != NULL);
    curl_easy_cleanup(easy);
}

const unit_test deliver_init_suite[] = {UNIT_TEST(any_number_of_times),
                                        UNIT_TEST(host_may_clean_up_its_own), UNIT_END};
