/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that are too small: nothing is written, the size needed is said, and nothing is done
 * twice. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

static const site plain = {.name = "buffers"};
static const char patient_x[] = "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"female\"}";

enum { MARK = 0x5a };

static bool untouched(const char *room, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++)
        if (room[i] != MARK) return false;
    return true;
}

static void a_query_fits_or_says_its_size(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    int64_t need = 0, n = 0;
    CHECK_INT(e->query(h, "studies", NULL, 0, &need), FHIRTRIAL_E_BUFFER);
    CHECK(need > 100);
    char *room = malloc((size_t)need + 16);
    static const int64_t less[] = {0, 1, 2, 50};
    for (size_t i = 0; i < sizeof less / sizeof less[0]; i++) {
        memset(room, MARK, (size_t)need + 16);
        CHECK_INT(e->query(h, "studies", room, less[i], &n), FHIRTRIAL_E_BUFFER);
        CHECK_INT(n, need);
        CHECK(untouched(room, 0, need + 16));
    }
    CHECK_INT(e->query(h, "studies", room, need - 1, &n), FHIRTRIAL_E_BUFFER);
    CHECK(untouched(room, 0, need + 16));
    CHECK_INT(e->query(h, "studies", room, need, &n), FHIRTRIAL_OK);
    CHECK_INT(n, need);
    CHECK(room[0] == '[' && room[need - 1] == ']');
    CHECK(untouched(room, need, need + 16));
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(room);
}

static void a_result_waits_for_a_larger_buffer(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    char small[8];
    memset(small, MARK, sizeof small);
    int64_t n = 0, job = 0, again = 0;
    int64_t len = (int64_t)strlen(patient_x);
    CHECK_INT(e->process(h, patient_x, len, NULL, small, sizeof small, &n, &job),
              FHIRTRIAL_E_BUFFER);
    CHECK(n > (int64_t)sizeof small && job > 0);
    CHECK(untouched(small, 0, sizeof small));
    CHECK_INT(e->result(h, job, small, sizeof small, &again), FHIRTRIAL_E_BUFFER);
    CHECK_INT(again, n);
    char *room = malloc((size_t)n);
    CHECK_INT(e->result(h, job, room, n, &again), FHIRTRIAL_OK);
    CHECK(room[0] == '{' && room[n - 1] == '}');
    CHECK_INT(e->result(h, job, room, n, &again), FHIRTRIAL_E_HANDLE);
    answer *stats = answer_new();
    ask(h, "stats", stats);
    CHECK_INT(number_in(stats->text, "messages"), 1);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(stats);
    free(room);
}

static void a_result_that_nobody_can_fetch_is_dropped(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    int64_t n = 0, any = 0;
    answer *a = answer_new();
    CHECK_INT(e->process(h, patient_x, (int64_t)strlen(patient_x), NULL, NULL, 0, &n, NULL),
              FHIRTRIAL_E_BUFFER);
    CHECK(n > 0);
    CHECK_INT(e->wait(h, &any, 0), FHIRTRIAL_NOMATCH);
    CHECK_INT(ask(h, "record?patient=x", a), FHIRTRIAL_OK);
    CHECK(strstr(a->text, "female") != NULL);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void the_same_message_again_gives_the_same_bytes(void) {
    int32_t h = site_open(&plain);
    answer *first = answer_new(), *second = answer_new(), *stats = answer_new();
    CHECK_INT(give(h, patient_x, "{\"messageId\":\"m1\"}", first), FHIRTRIAL_OK);
    CHECK_INT(give(h, patient_x, "{\"messageId\":\"m1\"}", second), FHIRTRIAL_OK);
    CHECK_STR(second->text, first->text);
    CHECK_INT(give(h, "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"male\"}",
                   "{\"messageId\":\"m1\"}", second),
              FHIRTRIAL_E_REJECT);
    CHECK_MSG(strstr(second->text, "id") != NULL, "no reason: %.300s", second->text);
    CHECK_INT(ask(h, "record?patient=x", stats), FHIRTRIAL_OK);
    CHECK(strstr(stats->text, "female") != NULL);
    /* The id of another source is another id. */
    CHECK_INT(give(h, "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"male\"}",
                   "{\"messageId\":\"m1\",\"source\":\"other\"}", second),
              FHIRTRIAL_OK);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(first);
    free(second);
    free(stats);
}

static void a_refusal_under_an_id_is_remembered(void) {
    int32_t h = site_open(&plain);
    answer *first = answer_new(), *second = answer_new();
    CHECK_INT(give(h, "{\"resourceType\":", "{\"messageId\":\"bad\"}", first), FHIRTRIAL_E_PARSE);
    CHECK(strstr(first->text, "rejected") != NULL);
    CHECK_INT(give(h, "{\"resourceType\":", "{\"messageId\":\"bad\"}", second), FHIRTRIAL_E_PARSE);
    CHECK_STR(second->text, first->text);
    CHECK_INT(give(h, patient_x, "{\"messageId\":\"bad\"}", second), FHIRTRIAL_E_REJECT);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(first);
    free(second);
}

static void a_command_is_carried_out_once(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    int64_t n = 0;
    CHECK_INT(e->on_clock(h, cohort_clock, NULL), FHIRTRIAL_OK);
    CHECK(cohort_feed(h, "st-001-everything-met", a) > 5);
    CHECK_INT(ask(h, "outbox?state=ready", a), FHIRTRIAL_OK);
    long long id = number_in(a->text, "id");
    CHECK_MSG(id > 0, "nothing is queued: %.300s", a->text);
    char what[64];
    snprintf(what, sizeof what, "outbox.park?id=%lld&reason=test", id);
    CHECK_INT(e->query(h, what, NULL, 0, &n), FHIRTRIAL_E_BUFFER);
    CHECK_INT(ask(h, "outbox?state=parked", a), FHIRTRIAL_OK);
    CHECK_INT(number_in(a->text, "id"), id);
    /* Parked already: not allowed again. */
    CHECK_INT(ask(h, what, a), FHIRTRIAL_E_REJECT);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void a_log_line_waits_for_a_larger_buffer(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    char line[4096];
    int64_t n = 0, again = 0;
    while (e->next_event(h, line, sizeof line, &n) == FHIRTRIAL_OK) continue;
    give(h, "not a resource", NULL, a);
    memset(line, MARK, sizeof line);
    CHECK_INT(e->next_event(h, line, 3, &n), FHIRTRIAL_E_BUFFER);
    CHECK(n > 3 && untouched(line, 0, sizeof line));
    CHECK_INT(e->next_event(h, NULL, 0, &again), FHIRTRIAL_E_BUFFER);
    CHECK_INT(again, n);
    CHECK_INT(e->next_event(h, line, n, &again), FHIRTRIAL_OK);
    CHECK_INT(again, n);
    CHECK(line[0] == '{' && line[n - 1] == '}' && untouched(line, n, sizeof line));
    CHECK(memchr(line, '\n', (size_t)n) == NULL);
    CHECK_INT(e->next_event(h, line, sizeof line, &n), FHIRTRIAL_NOMATCH);
    CHECK_INT(n, 0);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void lost_log_lines_are_counted(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    char line[4096];
    int64_t n = 0;
    int seen = 0;
    bool told = false;
    for (int i = 0; i < 1500; i++) give(h, "not a resource", NULL, a);
    while (e->next_event(h, line, sizeof line - 1, &n) == FHIRTRIAL_OK) {
        line[n] = 0;
        told |= strstr(line, "lost") != NULL;
        seen++;
    }
    CHECK_MSG(seen >= 1000 && seen < 1500, "%d lines of 1500", seen);
    CHECK_MSG(told, "no line says how many were lost; the last one: %s", line);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

const unit_test buffers_suite[] = {
    UNIT_TEST(a_query_fits_or_says_its_size),
    UNIT_TEST(a_result_waits_for_a_larger_buffer),
    UNIT_TEST(a_result_that_nobody_can_fetch_is_dropped),
    UNIT_TEST(the_same_message_again_gives_the_same_bytes),
    UNIT_TEST(a_refusal_under_an_id_is_remembered),
    UNIT_TEST(a_command_is_carried_out_once),
    UNIT_TEST(a_log_line_waits_for_a_larger_buffer),
    UNIT_TEST(lost_log_lines_are_counted),
    UNIT_END,
};
