/* SPDX-License-Identifier: Apache-2.0 */
/* Every function with every wrong argument: an error code, never a crash, and no output that a host
 * could take for a result. */
#include "engine.h"

#include <limits.h>
#include <stdlib.h>

static const site plain = {.name = "arguments"};

static void the_interface_is_the_headers(void) {
    CHECK_INT(engine_get()->abi_version(), FHIRTRIAL_ABI);
}

static void every_number_has_a_text(void) {
    const engine *e = engine_get();
    static const int32_t odd[] = {3, 99, -14, -98, -100, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_STR(e->strerror(odd[i]), "unknown code");
    for (int32_t code = -13; code <= 2; code++)
        CHECK(strcmp(e->strerror(code), "unknown code") != 0);
    CHECK(e->strerror(FHIRTRIAL_E_ARG) == e->strerror(FHIRTRIAL_E_ARG));
}

/* --- open --- */

static void opened_wrongly(uint32_t abi, const char *config, int64_t len, int32_t expected) {
    int32_t handle = 77;
    CHECK_INT(engine_get()->open(abi, config, len, &handle), expected);
    CHECK_INT(handle, 0);
}

static void open_refuses_wrong_arguments(void) {
    const char *config = site_config(&plain);
    int64_t n = (int64_t)strlen(config);
    CHECK_INT(engine_get()->open(FHIRTRIAL_ABI, config, n, NULL), FHIRTRIAL_E_ARG);
    opened_wrongly(FHIRTRIAL_ABI, NULL, 0, FHIRTRIAL_E_ARG);
    opened_wrongly(FHIRTRIAL_ABI, NULL, n, FHIRTRIAL_E_ARG);
    opened_wrongly(FHIRTRIAL_ABI, config, -1, FHIRTRIAL_E_ARG);
    opened_wrongly(FHIRTRIAL_ABI, config, INT64_MIN, FHIRTRIAL_E_ARG);
    opened_wrongly(FHIRTRIAL_ABI, config, 0, FHIRTRIAL_E_CONFIG);
    opened_wrongly(FHIRTRIAL_ABI, config, n - 1, FHIRTRIAL_E_CONFIG);
}

static void open_refuses_another_interface(void) {
    const char *config = site_config(&plain);
    int64_t n = (int64_t)strlen(config);
    static const uint32_t others[] = {0,           1,           FHIRTRIAL_ABI + 1, 2u << 16,
                                      0xffff0000u, 0xffffffffu, 0x00ff0000u};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        opened_wrongly(others[i], config, n, FHIRTRIAL_E_ABI);
}

static void config_refused(const char *text, const char *said) {
    answer *why = answer_new();
    opened_wrongly(FHIRTRIAL_ABI, text, (int64_t)strlen(text), FHIRTRIAL_E_CONFIG);
    CHECK_INT(ask(0, "last-error", why), FHIRTRIAL_OK);
    CHECK_MSG(strstr(why->text, "OperationOutcome") != NULL, "no outcome: %.300s", why->text);
    CHECK_MSG(strstr(why->text, said) != NULL, "\"%s\" is not in: %.500s", said, why->text);
    free(why);
}

static void a_wrong_configuration_is_named(void) {
    config_refused("", "byte 0");
    config_refused("nonsense", "line 1");
    config_refused("[]", "object");
    config_refused("{\"schema\":1,\n\"storr\":{}}", "line 2");
    config_refused("{\"schema\":1,\n\"storr\":{}}", "store");
    config_refused("{\"schema\":2}", "schema");
    config_refused("{\"schema\":1,\"schema\":1}", "two members");
    answer *why = answer_new();
    opened_wrongly(FHIRTRIAL_ABI, "{\"schema\":1}\0x", 14, FHIRTRIAL_E_CONFIG);
    CHECK_INT(ask(0, "last-error", why), FHIRTRIAL_OK);
    free(why);
}

/* --- handles --- */

typedef int32_t (*with_handle)(int32_t handle);
static char out[64];
static int64_t length, job;

static int32_t call_configure(int32_t h) { return engine_get()->configure(h, "{}", 2); }
static int32_t call_process(int32_t h) {
    return engine_get()->process(h, "{}", 2, NULL, out, sizeof out, &length, &job);
}
static int32_t call_submit(int32_t h) { return engine_get()->submit(h, "{}", 2, NULL, &job); }
static int32_t call_wait(int32_t h) {
    job = 0;
    return engine_get()->wait(h, &job, 0);
}
static int32_t call_result(int32_t h) {
    return engine_get()->result(h, 1, out, sizeof out, &length);
}
static int32_t call_step(int32_t h) { return engine_get()->step(h, 0); }
static int32_t call_query(int32_t h) {
    return engine_get()->query(h, "stats", out, sizeof out, &length);
}
static int32_t call_next_event(int32_t h) {
    return engine_get()->next_event(h, out, sizeof out, &length);
}
static int32_t call_on_log(int32_t h) { return engine_get()->on_log(h, 0, NULL, NULL); }
static int32_t call_on_metric(int32_t h) { return engine_get()->on_metric(h, NULL, NULL); }
static int32_t call_on_clock(int32_t h) { return engine_get()->on_clock(h, NULL, NULL); }
static int32_t call_close(int32_t h) { return engine_get()->close(h, 0); }

static const struct {
    const char *name;
    with_handle call;
} calls[] = {
    {"configure", call_configure}, {"process", call_process},       {"submit", call_submit},
    {"wait", call_wait},           {"result", call_result},         {"step", call_step},
    {"query", call_query},         {"next_event", call_next_event}, {"on_log", call_on_log},
    {"on_metric", call_on_metric}, {"on_clock", call_on_clock},     {"close", call_close}};
enum { CALLS = sizeof calls / sizeof calls[0] };

static void refused_by_all(int32_t handle) {
    for (int i = 0; i < CALLS; i++) {
        int32_t code = calls[i].call(handle);
        CHECK_MSG(code == FHIRTRIAL_E_HANDLE, "%s(%d) gives %d", calls[i].name, handle, code);
    }
}

static void no_function_takes_a_handle_that_was_never_given(void) {
    static const int32_t odd[] = {0, -1, 1, 2, 4095, 4096, 4097, INT32_MAX, INT32_MIN, 0x7ffff001};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) refused_by_all(odd[i]);
}

static void no_function_takes_a_handle_that_was_closed(void) {
    int32_t first = site_open(&plain);
    CHECK_OR_RETURN(first > 0);
    CHECK_INT(engine_get()->close(first, 0), FHIRTRIAL_OK);
    refused_by_all(first);
    int32_t second = site_open(&plain);
    CHECK(second > 0 && second != first);
    refused_by_all(first);
    CHECK_INT(call_query(second), FHIRTRIAL_E_BUFFER);
    refused_by_all(second + 4096);
    refused_by_all(second + 1);
    CHECK_INT(engine_get()->close(second, 0), FHIRTRIAL_OK);
}

/* --- messages --- */

static void process_refuses_wrong_arguments(void) {
    const engine *e = engine_get();
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\"}";
    int64_t n = (int64_t)strlen(text);
    int32_t h = site_open(&plain);
    char *room = malloc(ANSWER_MOST);
    length = job = 77;
    CHECK_INT(e->process(h, NULL, n, NULL, room, ANSWER_MOST, &length, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(job, 0);
    CHECK_INT(length, 0);
    CHECK_INT(e->process(h, NULL, 0, NULL, room, ANSWER_MOST, &length, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, 0, NULL, room, ANSWER_MOST, &length, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, -1, NULL, room, ANSWER_MOST, &length, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, INT64_MIN, NULL, room, ANSWER_MOST, &length, &job),
              FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, n, NULL, room, ANSWER_MOST, NULL, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, n, NULL, room, -1, &length, &job), FHIRTRIAL_E_ARG);
    CHECK_INT(e->process(h, text, n, NULL, NULL, 10, &length, &job), FHIRTRIAL_E_ARG);
    answer *stats = answer_new();
    ask(h, "stats", stats);
    CHECK_INT(number_in(stats->text, "messages"), 0);
    CHECK_INT(e->process(h, text, n, NULL, room, ANSWER_MOST, &length, NULL), FHIRTRIAL_OK);
    ask(h, "stats", stats);
    CHECK_INT(number_in(stats->text, "messages"), 1);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(stats);
    free(room);
}

static void meta_keys_are_closed(void) {
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\"}";
    static const char *const wrong[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "\"source\"",
                                        "{\"surce\":\"x\"}",
                                        "{\"source\":1}",
                                        "{\"source\":\"x\",\"source\":\"y\"}",
                                        "{\"key\":{}}",
                                        "{\"messageid\":\"x\"}",
                                        "{\"source\":\"x\"} trailing"};
    static const char *const good[] = {
        NULL, "{}",
        "{\"source\":\"ward\",\"messageId\":\"m-1\",\"key\":\"k\",\"contentType\":"
        "\"application/fhir+json\",\"traceparent\":"
        "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}"};
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        give(h, text, wrong[i], a);
        CHECK_MSG(a->code == FHIRTRIAL_E_ARG, "meta %s gives %d", wrong[i], a->code);
        job = 5;
        CHECK_INT(engine_get()->submit(h, text, (int64_t)strlen(text), wrong[i], &job),
                  FHIRTRIAL_E_ARG);
        CHECK_INT(job, 0);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK_MSG(give(h, text, good[i], a) >= 0, "meta %s gives %d", good[i] ? good[i] : "NULL",
                  a->code);
    size_t n = 4 << 20;
    char *long_meta = malloc(n + 1);
    memset(long_meta, 'x', n);
    long_meta[n] = 0;
    CHECK_INT(give(h, text, long_meta, a), FHIRTRIAL_E_ARG);
    free(long_meta);
    free(a);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
}

static void job_functions_refuse_wrong_arguments(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    int64_t j;
    CHECK_INT(e->submit(h, "{}", 2, NULL, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->submit(h, NULL, 2, NULL, &j), FHIRTRIAL_E_ARG);
    CHECK_INT(e->submit(h, "{}", 0, NULL, &j), FHIRTRIAL_E_ARG);
    CHECK_INT(e->submit(h, "{}", -2, NULL, &j), FHIRTRIAL_E_ARG);
    CHECK_INT(j, 0);
    CHECK_INT(e->wait(h, NULL, 0), FHIRTRIAL_E_ARG);
    j = 0;
    CHECK_INT(e->wait(h, &j, -1), FHIRTRIAL_E_ARG);
    CHECK_INT(e->wait(h, &j, INT32_MIN), FHIRTRIAL_E_ARG);
    CHECK_INT(e->wait(h, &j, 0), FHIRTRIAL_NOMATCH);
    static const int64_t unknown[] = {1, 12345, INT64_C(1) << 53, INT64_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        j = unknown[i];
        CHECK_INT(e->wait(h, &j, 0), FHIRTRIAL_E_HANDLE);
        CHECK_INT(e->result(h, j, out, sizeof out, &length), FHIRTRIAL_E_HANDLE);
        CHECK_INT(length, 0);
    }
    j = -1;
    CHECK(e->wait(h, &j, 0) < 0);
    CHECK_INT(e->result(h, -1, out, sizeof out, &length), FHIRTRIAL_E_HANDLE);
    CHECK_INT(e->result(h, 0, out, sizeof out, &length), FHIRTRIAL_E_HANDLE);
    CHECK_INT(e->result(h, 1, NULL, 1, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(e->result(h, 1, out, -1, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(e->result(h, 1, out, sizeof out, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->step(h, -1), FHIRTRIAL_E_ARG);
    CHECK_INT(e->step(h, INT32_MIN), FHIRTRIAL_E_ARG);
    CHECK_INT(e->step(h, 0), FHIRTRIAL_OK);
    CHECK_INT(e->close(h, -1), FHIRTRIAL_E_ARG);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
}

/* --- questions and callbacks --- */

static void query_refuses_what_it_does_not_know(void) {
    static const char *const wrong[] = {"record",
                                        "record?patient=",
                                        "record?source=x",
                                        "explain",
                                        "explain?patient=",
                                        "",
                                        "?",
                                        "nothing",
                                        "Stats",
                                        "stats ",
                                        "stats?x=1",
                                        "stats?",
                                        "record",
                                        "record?source=ward",
                                        "record?patient=",
                                        "record?patient=Patient/",
                                        "explain",
                                        "explain?patient=",
                                        "record?patiemt=1",
                                        "record?patient",
                                        "record?=1",
                                        "record?patient=%",
                                        "record?patient=%4",
                                        "record?patient=%zz",
                                        "record?patient=%00",
                                        "record?patient=a&patient=b",
                                        "audit?from=-1",
                                        "audit?from=1.5",
                                        "audit?from=x",
                                        "outbox?state=lost",
                                        "outbox.retry",
                                        "outbox.retry?id=0",
                                        "outbox.retry?id=x",
                                        "outbox.park?id=99999999999999999999",
                                        "flag.error?patient=x&study=nct04242589",
                                        "flag.error?patient=x&reason=y"};
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        /* An empty argument list is the name alone. */
        int32_t expected = strcmp(wrong[i], "stats?") == 0 ? FHIRTRIAL_OK : FHIRTRIAL_E_ARG;
        ask(h, wrong[i], a);
        CHECK_MSG(a->code == expected, "query \"%s\" gives %d: %.100s", wrong[i], a->code, a->text);
    }
    CHECK_INT(engine_get()->query(h, NULL, a->text, 10, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(engine_get()->query(h, "stats", NULL, 10, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(engine_get()->query(h, "stats", a->text, -1, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(engine_get()->query(h, "stats", a->text, 10, NULL), FHIRTRIAL_E_ARG);
    size_t n = 1 << 20;
    char *what = malloc(n + 1);
    memset(what, 'a', n);
    what[n] = 0;
    CHECK_INT(ask(h, what, a), FHIRTRIAL_E_ARG);
    memcpy(what, "record?patient=", 15);
    CHECK(ask(h, what, a) == FHIRTRIAL_NOMATCH || a->code == FHIRTRIAL_E_ARG);
    CHECK_INT(ask(h, "outbox.retry?id=424242", a), FHIRTRIAL_NOMATCH);
    free(what);
    free(a);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
}

static void questions_without_a_handle(void) {
    static const char *const good[] = {"info", "libs", "config-schema"};
    answer *a = answer_new();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(ask(0, good[i], a), FHIRTRIAL_OK);
        CHECK_MSG(a->text[0] == '{' && a->text[a->n - 1] == '}', "%s: %.80s", good[i], a->text);
    }
    CHECK_INT(ask(0, "nothing", a), FHIRTRIAL_E_ARG);
    CHECK_INT(ask(0, "stats", a), FHIRTRIAL_E_HANDLE);
    CHECK_INT(ask(-5, "info", a), FHIRTRIAL_E_HANDLE);
    free(a);
}

static void every_question_is_answered(void) {
    static const char *const names[] = {"info",
                                        "libs",
                                        "config-schema",
                                        "health",
                                        "stats",
                                        "views",
                                        "studies",
                                        "patients",
                                        "outbox",
                                        "audit",
                                        "audit.verify",
                                        "prometheus",
                                        "outbox?state=parked",
                                        "audit?from=1&n=5"};
    int32_t h = site_open(&plain);
    answer *a = answer_new();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_MSG(ask(h, names[i], a) == FHIRTRIAL_OK && a->n > 1, "%s gives %d", names[i],
                  a->code);
    CHECK_INT(ask(h, "record?patient=nobody", a), FHIRTRIAL_NOMATCH);
    CHECK_INT(ask(h, "explain?patient=nobody", a), FHIRTRIAL_NOMATCH);
    CHECK_INT(ask(h, "last-error", a), FHIRTRIAL_NOMATCH);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

static void take_line(void *user, int32_t level, const char *line) {
    (void)user, (void)level, (void)line;
}

static void callbacks_are_registered_with_a_level(void) {
    const engine *e = engine_get();
    int32_t h = site_open(&plain);
    CHECK_INT(e->on_log(h, -1, take_line, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->on_log(h, FHIRTRIAL_LOG_HOST + 1, take_line, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->on_log(h, INT32_MAX, NULL, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->on_log(h, FHIRTRIAL_LOG_HOST, take_line, NULL), FHIRTRIAL_OK);
    CHECK_INT(e->on_log(h, 0, NULL, NULL), FHIRTRIAL_OK);
    CHECK_INT(e->on_metric(h, NULL, NULL), FHIRTRIAL_OK);
    CHECK_INT(e->on_clock(h, NULL, NULL), FHIRTRIAL_OK);
    CHECK_INT(e->next_event(h, NULL, 5, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(e->next_event(h, out, -5, &length), FHIRTRIAL_E_ARG);
    CHECK_INT(e->next_event(h, out, sizeof out, NULL), FHIRTRIAL_E_ARG);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
}

static void configure_refuses_wrong_arguments(void) {
    const engine *e = engine_get();
    const char *config = site_config(&plain);
    int64_t n = (int64_t)strlen(config);
    int32_t h = config_open(config);
    answer *a = answer_new();
    CHECK_INT(e->configure(h, NULL, 0), FHIRTRIAL_E_ARG);
    CHECK_INT(e->configure(h, NULL, n), FHIRTRIAL_E_ARG);
    CHECK_INT(e->configure(h, config, -1), FHIRTRIAL_E_ARG);
    CHECK_INT(e->configure(h, config, n - 1), FHIRTRIAL_E_CONFIG);
    CHECK_INT(ask(h, "last-error", a), FHIRTRIAL_OK);
    CHECK_MSG(strstr(a->text, "line") != NULL, "no line in %.300s", a->text);
    CHECK_INT(e->configure(h, config, n), FHIRTRIAL_OK);
    CHECK_INT(e->close(h, 0), FHIRTRIAL_OK);
    free(a);
}

const unit_test arguments_suite[] = {
    UNIT_TEST(the_interface_is_the_headers),
    UNIT_TEST(every_number_has_a_text),
    UNIT_TEST(open_refuses_wrong_arguments),
    UNIT_TEST(open_refuses_another_interface),
    UNIT_TEST(a_wrong_configuration_is_named),
    UNIT_TEST(no_function_takes_a_handle_that_was_never_given),
    UNIT_TEST(no_function_takes_a_handle_that_was_closed),
    UNIT_TEST(process_refuses_wrong_arguments),
    UNIT_TEST(meta_keys_are_closed),
    UNIT_TEST(job_functions_refuse_wrong_arguments),
    UNIT_TEST(query_refuses_what_it_does_not_know),
    UNIT_TEST(questions_without_a_handle),
    UNIT_TEST(every_question_is_answered),
    UNIT_TEST(callbacks_are_registered_with_a_level),
    UNIT_TEST(configure_refuses_wrong_arguments),
    UNIT_END,
};
