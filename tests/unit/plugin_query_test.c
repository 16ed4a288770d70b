/* SPDX-License-Identifier: Apache-2.0 */
/* The names fhirtrial_query knows, their arguments, and who may ask them (docs/abi.md). */
#include "plugin_kit.h"
#include "unit.h"

static int32_t ask(const plugin_kit *k, const char *what, bool from_callback) {
    char out[1 << 16];
    int64_t n;
    return query_answer(k ? k->instance : NULL, what, from_callback, out, sizeof out, &n);
}

static void names_and_arguments_are_closed(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-names", ""));
    CHECK_INT(ask(&k, "nonsense", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "Info", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "info?more=1", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "record?patient=a&ward=1", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "record", false), FHIRTRIAL_E_ARG); /* of whom? */
    CHECK_INT(ask(&k, "audit?from=x", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "outbox?state=lost", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "outbox.retry", false), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(&k, "flag.error?patient=a&study=s1", false), FHIRTRIAL_E_ARG); /* why? */
    CHECK_INT(ask(&k, "record?patient=%zz", false), FHIRTRIAL_E_ARG);
    plugin_close(&k);
}

static void without_a_handle_only_four_are_answered(void) {
    static const char *const with[] = {"health",  "stats",   "prometheus", "views",
                                       "studies", "site",    "audit",      "outbox",
                                       "record",  "explain", "export",     "patients"};
    CHECK_INT(ask(NULL, "info", false), FHIRTRIAL_OK);
    CHECK_INT(ask(NULL, "libs", false), FHIRTRIAL_OK);
    CHECK_INT(ask(NULL, "config-schema", false), FHIRTRIAL_OK);
    for (isize i = 0; i < COUNT_OF(with); i++)
        CHECK_INT(ask(NULL, with[i], false), FHIRTRIAL_E_HANDLE);
}

static void a_callback_may_read_and_not_write(void) {
    static const char *const writes[] = {"outbox.retry?id=1", "outbox.park?id=1",
                                         "flag.error?patient=a&study=s1&reason=r", "store.purge"};
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-callback", ""));
    CHECK_INT(ask(&k, "stats", true), FHIRTRIAL_OK);
    for (isize i = 0; i < COUNT_OF(writes); i++)
        CHECK_INT(ask(&k, writes[i], true), FHIRTRIAL_E_ARG);
    plugin_close(&k);
}

static void arguments_are_url_encoded(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-encoded", ""));
    plugin_patient(&k, "a-1", "");
    plugin_ask(&k, "record?patient=Patient%2Fa%2D1");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`source`:`Patient/a-1`");
    plugin_ask(&k, "record?patient=a-1&source=lab");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

static void a_short_buffer_says_how_much_it_takes(void) {
    plugin_kit k;
    char little[4];
    int64_t n = 0;
    CHECK_OR_RETURN(plugin_open(&k, "query-buffer", ""));
    CHECK_INT(query_answer(k.instance, "views", false, little, sizeof little, &n),
              FHIRTRIAL_E_BUFFER);
    plugin_ask(&k, "views");
    CHECK_INT((long long)strlen(k.text), n);
    CHECK_TOLD(&k, "{`name`:`score`,`type`:`decimal`,`collection`:false}");
    CHECK_TOLD(&k, "{`name`:`tag`,`type`:`code`,`collection`:true}");
    plugin_close(&k);
}

static void what_is_configured_is_told(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-told", ""));
    plugin_ask(&k, "info");
    CHECK_TOLD(&k, "`library`:`fhirtrial`,`version`:`" PACKAGE_VERSION "`,`abi`:`1.0`");
    CHECK_TOLD(&k, "`source`:`ward`");
    CHECK_TOLD(&k, "`threads`:0");
    plugin_ask(&k, "studies");
    CHECK_TOLD(&k, "{`id`:`s1`,`title`:`A study`,`open`:true,`criteria`:[{`id`:`I1`,`kind`:"
                   "`inclusion`,`human`:false,`screening`:true,`text`:`Score 4 or more`}");
    plugin_ask(&k, "site");
    CHECK_TOLD(&k, "`complete`:[`obs`]");
    plugin_ask(&k, "health");
    CHECK_TOLD(&k, "{`store`:`ok`,`patientsFailing`:0,`resourcesFailing`:0,");
    CHECK_TOLD(&k, "`endpoints`:[{`endpoint`:`file`");
    plugin_close(&k);
}

static void counters_count(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-counters", ""));
    plugin_eligible(&k, "a");
    plugin_feed(&k, "{");
    plugin_ask(&k, "prometheus");
    CHECK_TOLD(&k, "fhirtrial_messages_total 3\n");
    CHECK_TOLD(&k, "fhirtrial_messages_refused_total 1\n");
    CHECK_TOLD(&k, "fhirtrial_flags_total 1\n");
    plugin_ask(&k, "last-error");
    CHECK_TOLD(&k, "`outcome`:`rejected`");
    plugin_close(&k);
}

static void nothing_is_purged_without_a_retention(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-purge", ""));
    CHECK_INT(ask(&k, "store.purge", false), FHIRTRIAL_E_REJECT);
    plugin_close(&k);
}

static void a_parked_message_is_made_ready_again(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "query-park", ""));
    plugin_eligible(&k, "a");
    CHECK_INT(ask(&k, "outbox.park?id=1&reason=wait", false), FHIRTRIAL_OK);
    plugin_ask(&k, "outbox?state=parked");
    CHECK_TOLD(&k, "`reason`:`wait`");
    CHECK_INT(ask(&k, "outbox.retry?id=1", false), FHIRTRIAL_OK);
    CHECK_INT(ask(&k, "outbox.retry?id=1", false), FHIRTRIAL_E_REJECT); /* it is not parked */
    CHECK_INT(ask(&k, "outbox.retry?id=9", false), FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

const unit_test plugin_query_suite[] = {UNIT_TEST(names_and_arguments_are_closed),
                                        UNIT_TEST(without_a_handle_only_four_are_answered),
                                        UNIT_TEST(a_callback_may_read_and_not_write),
                                        UNIT_TEST(arguments_are_url_encoded),
                                        UNIT_TEST(a_short_buffer_says_how_much_it_takes),
                                        UNIT_TEST(what_is_configured_is_told),
                                        UNIT_TEST(counters_count),
                                        UNIT_TEST(nothing_is_purged_without_a_retention),
                                        UNIT_TEST(a_parked_message_is_made_ready_again),
                                        UNIT_END};
