/* SPDX-License-Identifier: Apache-2.0 */
/* Submit, wait, result and step, with and without worker threads. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

static const site alone = {.name = "jobs"};
static const site workers = {.name = "jobs-workers", .threads = 4};
static const site narrow = {.name = "jobs-narrow", .more = "\"limits\":{\"queueMessages\":3},"};

static void hand_in(int32_t h, const char *text, const char *meta, int64_t *job) {
    CHECK_INT(engine_get()->submit(h, text, (int64_t)strlen(text), meta, job), FHIRTRIAL_OK);
    CHECK(*job > 0 && *job < INT64_C(1) << 53);
}

static void patient_text(char *to, size_t size, int number) {
    snprintf(to, size, "{\"resourceType\":\"Patient\",\"id\":\"p%d\",\"gender\":\"female\"}",
             number);
}

static int32_t wait_for(int32_t h, int64_t *job) {
    int32_t code = FHIRTRIAL_PENDING;
    for (int i = 0; i < 300 && code == FHIRTRIAL_PENDING; i++)
        code = engine_get()->wait(h, job, 100);
    return code;
}

static void named_jobs_finish(const site *s) {
    const engine *e = engine_get();
    int32_t h = site_open(s);
    answer *a = answer_new();
    int64_t jobs[20], n;
    char text[128];
    for (int i = 0; i < 20; i++) {
        patient_text(text, sizeof text, i);
        hand_in(h, text, NULL, &jobs[i]);
        CHECK(i == 0 || jobs[i] != jobs[i - 1]);
        memset(text, 'x', sizeof text); /* the bytes were copied */
    }
    for (int i = 19; i >= 0; i--) {
        int64_t job = jobs[i];
        CHECK_INT(wait_for(h, &job), FHIRTRIAL_OK);
        CHECK_INT(job, jobs[i]);
        CHECK_INT(e->wait(h, &job, 0), FHIRTRIAL_OK);
        CHECK_INT(e->result(h, job, a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
        a->text[n] = 0;
        CHECK_INT(number_in(a->text, "resources"), 1);
        CHECK_INT(e->result(h, job, a->text, ANSWER_MOST, &n), FHIRTRIAL_E_HANDLE);
        CHECK_INT(e->wait(h, &job, 0), FHIRTRIAL_E_HANDLE);
    }
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void any_finished_job_will_do(const site *s) {
    const engine *e = engine_get();
    int32_t h = site_open(s);
    answer *a = answer_new();
    int64_t jobs[10], n;
    bool seen[10] = {false};
    char text[128];
    for (int i = 0; i < 10; i++) {
        patient_text(text, sizeof text, i);
        hand_in(h, text, NULL, &jobs[i]);
    }
    for (int i = 0; i < 10; i++) {
        int64_t job = 0;
        CHECK_INT(wait_for(h, &job), FHIRTRIAL_OK);
        int k = 0;
        while (k < 10 && jobs[k] != job) k++;
        CHECK_OR_RETURN(k < 10);
        CHECK(!seen[k]);
        seen[k] = true;
        CHECK_INT(e->result(h, job, a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
    }
    int64_t job = 0;
    CHECK_INT(e->wait(h, &job, 0), FHIRTRIAL_NOMATCH);
    CHECK_INT(job, 0);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void named_jobs_finish_alone(void) { named_jobs_finish(&alone); }
static void named_jobs_finish_with_workers(void) { named_jobs_finish(&workers); }
static void any_job_will_do_alone(void) { any_finished_job_will_do(&alone); }
static void any_job_will_do_with_workers(void) { any_finished_job_will_do(&workers); }

static void a_result_carries_the_messages_code(void) {
    static const struct {
        const char *text;
        int32_t code;
    } cases[] = {
        {"{\"resourceType\":\"Patient\",\"id\":\"a\"}", FHIRTRIAL_OK},
        {"{\"resourceType\":", FHIRTRIAL_E_PARSE},
        {"<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"b\"/></Patient>", FHIRTRIAL_OK},
        {"<!DOCTYPE Patient><Patient xmlns=\"http://hl7.org/fhir\"/>", FHIRTRIAL_E_PARSE},
        {"{\"resourceType\":\"Basic\",\"id\":\"c\"}", FHIRTRIAL_NOMATCH},
        {"{\"resourceType\":\"NoSuchThing\"}", FHIRTRIAL_E_PARSE}};
    const engine *e = engine_get();
    int32_t h = site_open(&alone);
    answer *a = answer_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t job, n;
        hand_in(h, cases[i].text, NULL, &job);
        CHECK_INT(e->wait(h, &job, 1000), FHIRTRIAL_OK);
        int32_t code = e->result(h, job, a->text, ANSWER_MOST, &n);
        a->text[n] = 0;
        CHECK_MSG(code == cases[i].code, "%s gives %d", cases[i].text, code);
        CHECK_MSG(strstr(a->text, "OperationOutcome") != NULL, "%.200s", a->text);
    }
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void too_many_waiting_jobs_are_refused(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&narrow);
    answer *a = answer_new();
    char text[128];
    int64_t job = 0, n, first = 0;
    for (int i = 0; i < 3; i++) {
        patient_text(text, sizeof text, i);
        hand_in(h, text, NULL, &job);
        if (i == 0) first = job;
    }
    patient_text(text, sizeof text, 9);
    CHECK_INT(e->submit(h, text, (int64_t)strlen(text), NULL, &job), FHIRTRIAL_E_FULL);
    CHECK_INT(job, 0);
    CHECK_INT(give(h, text, NULL, a), FHIRTRIAL_E_FULL);
    CHECK_INT(ask(h, "record?patient=p9", a), FHIRTRIAL_NOMATCH);
    CHECK_INT(e->wait(h, &first, 1000), FHIRTRIAL_OK);
    CHECK_INT(e->result(h, first, a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
    CHECK_INT(give(h, text, NULL, a), FHIRTRIAL_OK);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void step_does_the_work(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&alone), code = FHIRTRIAL_PENDING;
    answer *a = answer_new();
    int64_t jobs[5], n;
    char text[128];
    for (int i = 0; i < 5; i++) {
        patient_text(text, sizeof text, i);
        hand_in(h, text, NULL, &jobs[i]);
        CHECK_INT(e->result(h, jobs[i], a->text, ANSWER_MOST, &n), FHIRTRIAL_PENDING);
    }
    for (int i = 0; i < 100 && code == FHIRTRIAL_PENDING; i++) code = e->step(h, 10);
    CHECK_INT(code, FHIRTRIAL_OK);
    for (int i = 0; i < 5; i++)
        CHECK_INT(e->result(h, jobs[i], a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void flags_leave_by_step_alone(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&alone), code = FHIRTRIAL_PENDING;
    answer *a = answer_new();
    size_t n;
    CHECK_INT(e->on_clock(h, cohort_clock, NULL), FHIRTRIAL_OK);
    CHECK(cohort_feed(h, "st-001-everything-met", a) > 5);
    CHECK_MSG(strstr(a->text, "\"nct04242589\"") != NULL, "no verdict in %.400s", a->text);
    FILE *before = fopen(site_file("jobs", "flags.ndjson"), "r");
    CHECK(before == NULL || fgetc(before) == EOF);
    if (before) fclose(before);
    for (int i = 0; i < 100 && code == FHIRTRIAL_PENDING; i++) code = e->step(h, 50);
    CHECK_INT(code, FHIRTRIAL_OK);
    char *flags = unit_read(site_file("jobs", "flags.ndjson"), &n);
    CHECK_OR_RETURN(flags != NULL);
    CHECK(strstr(flags, "Patient/st-001-everything-met") != NULL);
    CHECK(strstr(flags, "needs-review") != NULL);
    free(flags);
    free(a);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
}

/* Twenty undated states of one resource: the last that was handed in is in force at the end. */
static void states_in_order(const char *meta) {
    enum { STATES = 60 };
    const engine *e = engine_get();
    int32_t h = site_open(&workers);
    answer *a = answer_new();
    int64_t jobs[STATES], n;
    char text[256];
    for (int i = 0; i < STATES; i++) {
        snprintf(text, sizeof text,
                 "{\"resourceType\":\"Patient\",\"id\":\"one\",\"gender\":\"%s\",\"birthDate\":"
                 "\"19%02d-01-01\"}",
                 i % 2 ? "male" : "female", i);
        hand_in(h, text, meta, &jobs[i]);
    }
    for (int i = 0; i < STATES; i++) {
        CHECK_INT(wait_for(h, &jobs[i]), FHIRTRIAL_OK);
        CHECK_INT(e->result(h, jobs[i], a->text, ANSWER_MOST, &n), FHIRTRIAL_OK);
    }
    CHECK_INT(ask(h, "record?patient=one", a), FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "1959-01-01") != NULL, "not the last state: %.200s", a->text);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void order_is_kept_for_a_key(void) { states_in_order("{\"key\":\"one\"}"); }
static void order_is_kept_for_a_patient(void) { states_in_order(NULL); }

static void closing_finishes_or_forgets_jobs(void) {
    const engine *e = engine_get();
    answer *a = answer_new();
    int64_t job;
    char text[128];
    int32_t h = site_open(&alone);
    patient_text(text, sizeof text, 1);
    hand_in(h, text, NULL, &job);
    CHECK_INT(e->close(h, 5000), FHIRTRIAL_OK);
    h = config_open(site_config(&(site){.name = "jobs", .keep_store = true}));
    CHECK_INT(ask(h, "record?patient=p1", a), FHIRTRIAL_OK);
    patient_text(text, sizeof text, 2);
    hand_in(h, text, NULL, &job);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    h = config_open(site_config(&(site){.name = "jobs", .keep_store = true}));
    CHECK_INT(ask(h, "record?patient=p1", a), FHIRTRIAL_OK);
    CHECK_INT(ask(h, "record?patient=p2", a), FHIRTRIAL_NOMATCH);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

const unit_test jobs_suite[] = {
    UNIT_TEST(named_jobs_finish_alone),
    UNIT_TEST(named_jobs_finish_with_workers),
    UNIT_TEST(any_job_will_do_alone),
    UNIT_TEST(any_job_will_do_with_workers),
    UNIT_TEST(a_result_carries_the_messages_code),
    UNIT_TEST(too_many_waiting_jobs_are_refused),
    UNIT_TEST(step_does_the_work),
    UNIT_TEST(flags_leave_by_step_alone),
    UNIT_TEST(order_is_kept_for_a_key),
    UNIT_TEST(order_is_kept_for_a_patient),
    UNIT_TEST(closing_finishes_or_forgets_jobs),
    UNIT_END,
};
