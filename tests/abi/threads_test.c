/* SPDX-License-Identifier: Apache-2.0 */
/* One handle from many threads, many handles at once, closing and configuring while busy. */
#include "engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 6, EACH = 25 };

typedef struct crew {
    int32_t handle;
    int number;
    atomic_int *odd; /* codes that are not expected */
    atomic_bool *end;
} crew;

static void unexpected(crew *c, int32_t code) {
    (void)code;
    atomic_fetch_add(c->odd, 1);
}

static void *feed_own_patients(void *argument) {
    crew *c = argument;
    answer *a = answer_new();
    char text[256];
    for (int i = 0; i < EACH; i++) {
        snprintf(text, sizeof text,
                 "{\"resourceType\":\"Patient\",\"id\":\"p%d-%d\",\"gender\":\"female\"}",
                 c->number, i);
        int32_t code = give(c->handle, text, NULL, a);
        if (code != FHIRTRIAL_OK || number_in(a->text, "resources") != 1) unexpected(c, code);
        if (ask(c->handle, "stats", a) != FHIRTRIAL_OK) unexpected(c, a->code);
        if (engine_get()->step(c->handle, 1) < 0) unexpected(c, -1);
    }
    free(a);
    return NULL;
}

static void many_threads_share_a_handle(const site *s) {
    atomic_int odd = 0;
    int32_t h = site_open(s);
    pthread_t threads[THREADS];
    crew crews[THREADS];
    answer *a = answer_new();
    for (int i = 0; i < THREADS; i++) {
        crews[i] = (crew){.handle = h, .number = i, .odd = &odd};
        pthread_create(&threads[i], NULL, feed_own_patients, &crews[i]);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&odd), 0);
    CHECK_INT(ask(h, "stats", a), FHIRTRIAL_OK);
    CHECK_INT(number_in(a->text, "resources"), THREADS * EACH);
    char what[64];
    for (int i = 0; i < THREADS; i++) {
        snprintf(what, sizeof what, "record?patient=p%d-%d", i, EACH - 1);
        CHECK_INT(ask(h, what, a), FHIRTRIAL_OK);
    }
    CHECK_INT(ask(h, "audit.verify", a), FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "\"intact\":true") != NULL, "%.200s", a->text);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void a_handle_is_shared_alone(void) {
    many_threads_share_a_handle(&(site){.name = "threads"});
}

static void a_handle_is_shared_with_workers(void) {
    many_threads_share_a_handle(&(site){.name = "threads-workers", .threads = 3});
}

/* All threads write facts of one patient: every fact is in the record at the end. */
static void *feed_one_patient(void *argument) {
    crew *c = argument;
    answer *a = answer_new();
    char text[512];
    for (int i = 0; i < EACH; i++) {
        snprintf(text, sizeof text,
                 "{\"resourceType\":\"Consent\",\"id\":\"c%d-%d\",\"status\":\"active\","
                 "\"patient\":{\"reference\":\"Patient/one\"},\"scope\":{\"coding\":[{\"code\":"
                 "\"research\"}]},\"category\":[{\"coding\":[{\"code\":\"x\"}]}]}",
                 c->number, i);
        int32_t code = give(c->handle, text, NULL, a);
        for (int k = 0; k < 100 && code == FHIRTRIAL_E_RETRY; k++)
            code = give(c->handle, text, NULL, a);
        if (code < 0) unexpected(c, code);
    }
    free(a);
    return NULL;
}

static int occurrences(const char *text, const char *word) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) n++;
    return n;
}

static void two_handles_write_one_patient(void) {
    const char *config = site_config(&(site){.name = "threads-two"});
    atomic_int odd = 0;
    int32_t handles[2] = {config_open(config), config_open(config)};
    CHECK(handles[0] != handles[1]);
    pthread_t threads[4];
    crew crews[4];
    answer *a = answer_new();
    for (int i = 0; i < 4; i++) {
        crews[i] = (crew){.handle = handles[i % 2], .number = i, .odd = &odd};
        pthread_create(&threads[i], NULL, feed_one_patient, &crews[i]);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&odd), 0);
    CHECK_INT(ask(handles[0], "record?patient=one", a), FHIRTRIAL_OK);
    CHECK_INT(occurrences(a->text, "\"Consent/c"), 4 * EACH);
    for (int i = 0; i < 2; i++) CHECK_INT(engine_get()->close(handles[i], 0), FHIRTRIAL_OK);
    free(a);
}

static void *feed_until_closed(void *argument) {
    crew *c = argument;
    answer *a = answer_new();
    char text[256];
    for (int i = 0;; i++) {
        snprintf(text, sizeof text, "{\"resourceType\":\"Patient\",\"id\":\"p%d-%d\"}", c->number,
                 i);
        int32_t code = give(c->handle, text, NULL, a);
        if (code == FHIRTRIAL_E_CLOSED || code == FHIRTRIAL_E_HANDLE) break;
        if (code != FHIRTRIAL_OK) unexpected(c, code);
    }
    free(a);
    return NULL;
}

static void closing_while_busy(const site *s) {
    for (int round = 0; round < 3; round++) {
        atomic_int odd = 0;
        int32_t h = site_open(s);
        pthread_t threads[THREADS];
        crew crews[THREADS];
        for (int i = 0; i < THREADS; i++) {
            crews[i] = (crew){.handle = h, .number = i, .odd = &odd};
            pthread_create(&threads[i], NULL, feed_until_closed, &crews[i]);
        }
        struct timespec pause = {0, 30000000};
        nanosleep(&pause, NULL);
        CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
        CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_E_HANDLE);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        CHECK_INT(atomic_load(&odd), 0);
    }
}

static void closing_while_busy_alone(void) { closing_while_busy(&(site){.name = "threads"}); }
static void closing_while_busy_with_workers(void) {
    closing_while_busy(&(site){.name = "threads-workers", .threads = 3});
}

static void *feed_until_told(void *argument) {
    crew *c = argument;
    answer *a = answer_new();
    char text[256];
    for (int i = 0; !atomic_load(c->end); i++) {
        snprintf(text, sizeof text, "{\"resourceType\":\"Patient\",\"id\":\"p%d-%d\"}", c->number,
                 i);
        int32_t code = give(c->handle, text, NULL, a);
        if (code != FHIRTRIAL_OK) unexpected(c, code);
    }
    free(a);
    return NULL;
}

static void configuring_while_busy(void) {
    const site s = {.name = "threads-configure", .threads = 2};
    const char *config = site_config(&s);
    int64_t n = (int64_t)strlen(config);
    atomic_int odd = 0;
    atomic_bool end = false;
    int32_t h = config_open(config);
    pthread_t threads[3];
    crew crews[3];
    for (int i = 0; i < 3; i++) {
        crews[i] = (crew){.handle = h, .number = i, .odd = &odd, .end = &end};
        pthread_create(&threads[i], NULL, feed_until_told, &crews[i]);
    }
    for (int i = 0; i < 6; i++) {
        int32_t code = engine_get()->configure(h, config, n);
        CHECK_MSG(code == FHIRTRIAL_OK, "configure gives %d", code);
        CHECK_INT(engine_get()->configure(h, "{\"schema\":1}", 12), FHIRTRIAL_E_CONFIG);
    }
    atomic_store(&end, true);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&odd), 0);
    CHECK_INT(engine_get()->close(h, 1000), FHIRTRIAL_OK);
}

/* A message sees one mapping set, the old one or the new one. */
static void a_reload_takes_effect(void) {
    const site whole = {.name = "threads-reload"};
    const site small = {.name = "threads-reload", .small = true, .keep_store = true};
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"female\"}";
    answer *a = answer_new();
    int32_t h = site_open(&whole);
    CHECK_INT(give(h, text, NULL, a), FHIRTRIAL_OK);
    CHECK(strstr(a->text, "nct04242589") != NULL);
    const char *config = site_config(&small);
    CHECK_INT(engine_get()->configure(h, config, (int64_t)strlen(config)), FHIRTRIAL_OK);
    CHECK_INT(give(h, "{\"resourceType\":\"Patient\",\"id\":\"y\",\"gender\":\"female\"}", NULL, a),
              FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "nct00000000") && !strstr(a->text, "nct04242589"), "%.500s", a->text);
    /* x follows by step: his rows were made by other views. */
    int32_t code = FHIRTRIAL_PENDING;
    for (int i = 0; i < 50 && code == FHIRTRIAL_PENDING; i++) code = engine_get()->step(h, 100);
    CHECK_INT(ask(h, "explain?patient=x&study=nct00000000", a), FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "eligible") != NULL, "%.500s", a->text);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void *open_and_close(void *argument) {
    crew *c = argument;
    for (int i = 0; i < 10; i++) {
        int32_t h = 0;
        int32_t code = engine_get()->open(FHIRTRIAL_ABI, "{\"schema\":1}", 12, &h);
        if (code != FHIRTRIAL_E_CONFIG || h != 0) unexpected(c, code);
        answer *a = answer_new();
        if (ask(0, "last-error", a) != FHIRTRIAL_OK) unexpected(c, a->code);
        free(a);
    }
    return NULL;
}

static void opening_at_once(void) {
    atomic_int odd = 0;
    pthread_t threads[4];
    crew crews[4];
    for (int i = 0; i < 4; i++) {
        crews[i] = (crew){.number = i, .odd = &odd};
        pthread_create(&threads[i], NULL, open_and_close, &crews[i]);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&odd), 0);
}

const unit_test threads_suite[] = {
    UNIT_TEST(a_handle_is_shared_alone),
    UNIT_TEST(a_handle_is_shared_with_workers),
    UNIT_TEST(two_handles_write_one_patient),
    UNIT_TEST(closing_while_busy_alone),
    UNIT_TEST(closing_while_busy_with_workers),
    UNIT_TEST(configuring_while_busy),
    UNIT_TEST(a_reload_takes_effect),
    UNIT_TEST(opening_at_once),
    UNIT_END,
};
