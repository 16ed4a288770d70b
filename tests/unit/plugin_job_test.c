/* SPDX-License-Identifier: Apache-2.0 */
/* Messages handed in and their results: order, limits and codes (engines.md section 4, Memory and
 * Threads). */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>

static int32_t submit(plugin_kit *k, const char *score, int64_t *id) {
    char text[256];
    snprintf(text, sizeof text,
             "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"subject\":{"
             "\"reference\":\"Patient/a\"},\"code\":{\"coding\":[{\"code\":\"score\"}]},"
             "\"valueQuantity\":{\"value\":%s}}",
             score);
    return job_submit(k->instance, str_from(text), &k->meta, id);
}

static void fetch(plugin_kit *k, int64_t id) {
    int64_t n = 0;
    k->text[0] = 0;
    k->code = job_fetch(k->instance, id, k->text, sizeof k->text - 1, &n);
    k->text[n] = 0;
}

static void a_job_is_done_by_who_waits(void) {
    plugin_kit k;
    int64_t id, any = 0;
    CHECK_OR_RETURN(plugin_open(&k, "job-wait", ""));
    CHECK_INT(job_wait(k.instance, &any, 0), FHIRTRIAL_NOMATCH); /* nothing was handed in */
    CHECK_INT(submit(&k, "5", &id), FHIRTRIAL_OK);
    CHECK(id > 0);
    CHECK(job_waiting(k.instance));
    fetch(&k, id);
    CHECK_INT(k.code, FHIRTRIAL_PENDING);
    CHECK_INT(job_wait(k.instance, &any, -1), FHIRTRIAL_OK);
    CHECK_INT(any, id);
    CHECK(!job_waiting(k.instance));
    fetch(&k, id);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`written`:1");
    fetch(&k, id);
    CHECK_INT(k.code, FHIRTRIAL_E_HANDLE); /* OK has freed it */
    plugin_close(&k);
}

static void a_short_buffer_keeps_the_result(void) {
    plugin_kit k;
    int64_t id, n = 0;
    char little[8];
    CHECK_OR_RETURN(plugin_open(&k, "job-buffer", ""));
    CHECK_INT(submit(&k, "5", &id), FHIRTRIAL_OK);
    CHECK(job_run_one(k.instance));
    CHECK_INT(job_fetch(k.instance, id, little, sizeof little, &n), FHIRTRIAL_E_BUFFER);
    CHECK(n > (int64_t)sizeof little);
    fetch(&k, id);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_INT((long long)strlen(k.text), n);
    plugin_close(&k);
}

static void jobs_run_in_their_order(void) {
    plugin_kit k;
    int64_t first, second;
    CHECK_OR_RETURN(plugin_open(&k, "job-order", ""));
    CHECK_INT(submit(&k, "5", &first), FHIRTRIAL_OK);
    CHECK_INT(submit(&k, "6", &second), FHIRTRIAL_OK);
    CHECK(second > first);
    while (job_run_one(k.instance)) {
    }
    plugin_ask(&k, "record?patient=a");
    CHECK_TOLD(&k, "`score`:6");
    plugin_close(&k);
}

static void a_full_queue_takes_nothing(void) {
    plugin_kit k;
    int64_t ids[3];
    CHECK_OR_RETURN(plugin_open(&k, "job-full", "`limits`:{`queueMessages`:2},"));
    CHECK_INT(submit(&k, "1", &ids[0]), FHIRTRIAL_OK);
    CHECK_INT(submit(&k, "2", &ids[1]), FHIRTRIAL_OK);
    CHECK_INT(submit(&k, "3", &ids[2]), FHIRTRIAL_E_FULL);
    CHECK_INT(ids[2], 0);
    while (job_run_one(k.instance)) {
    }
    CHECK_INT(submit(&k, "3", &ids[2]), FHIRTRIAL_E_FULL); /* results nobody fetched count too */
    fetch(&k, ids[0]);
    CHECK_INT(submit(&k, "3", &ids[2]), FHIRTRIAL_OK);
    plugin_close(&k);
}

static void a_closing_instance_takes_nothing(void) {
    plugin_kit k;
    int64_t id;
    CHECK_OR_RETURN(plugin_open(&k, "job-closing", ""));
    pthread_mutex_lock(&k.instance->lock);
    k.instance->closing = true;
    pthread_mutex_unlock(&k.instance->lock);
    CHECK_INT(submit(&k, "1", &id), FHIRTRIAL_E_CLOSED);
    plugin_close(&k);
}

static void a_dropped_job_is_done_and_forgotten(void) {
    plugin_kit k;
    int64_t id;
    CHECK_OR_RETURN(plugin_open(&k, "job-drop", ""));
    CHECK_INT(submit(&k, "5", &id), FHIRTRIAL_OK);
    job_drop(k.instance, id);
    fetch(&k, id);
    CHECK_INT(k.code, FHIRTRIAL_E_HANDLE);
    CHECK(job_run_one(k.instance));
    plugin_ask(&k, "record?patient=a");
    CHECK_TOLD(&k, "`score`:5"); /* handed in is handed in */
    plugin_close(&k);
}

static void an_unknown_job_is_an_error(void) {
    plugin_kit k;
    int64_t id = 99;
    CHECK_OR_RETURN(plugin_open(&k, "job-unknown", ""));
    CHECK_INT(job_wait(k.instance, &id, 0), FHIRTRIAL_E_HANDLE);
    job_drop(k.instance, 99);
    plugin_close(&k);
}

static void the_clock_is_that_of_the_handing_in(void) {
    plugin_kit k;
    int64_t id;
    CHECK_OR_RETURN(plugin_open(&k, "job-clock", ""));
    CHECK_INT(submit(&k, "5", &id), FHIRTRIAL_OK);
    plugin_advance(&k, 3600);
    CHECK(job_run_one(k.instance));
    fetch(&k, id);
    CHECK_TOLD(&k, "`evaluated`:`2025-06-30T12:00:00");
    plugin_close(&k);
}

static void workers_do_the_work_alone(void) {
    plugin_kit k;
    int64_t ids[8];
    CHECK_OR_RETURN(plugin_open(&k, "job-workers", "`threads`:2,"));
    for (int i = 0; i < 8; i++) CHECK_INT(submit(&k, "5", &ids[i]), FHIRTRIAL_OK);
    for (int i = 0; i < 8; i++) CHECK_INT(job_wait(k.instance, &ids[i], -1), FHIRTRIAL_OK);
    CHECK(!thread_is_worker());
    fetch(&k, ids[7]);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_close(&k); /* with results that nobody fetched */
}

const unit_test plugin_job_suite[] = {
    UNIT_TEST(a_job_is_done_by_who_waits),       UNIT_TEST(a_short_buffer_keeps_the_result),
    UNIT_TEST(jobs_run_in_their_order),          UNIT_TEST(a_full_queue_takes_nothing),
    UNIT_TEST(a_closing_instance_takes_nothing), UNIT_TEST(a_dropped_job_is_done_and_forgotten),
    UNIT_TEST(an_unknown_job_is_an_error),       UNIT_TEST(the_clock_is_that_of_the_handing_in),
    UNIT_TEST(workers_do_the_work_alone),        UNIT_END};
