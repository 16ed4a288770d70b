/* SPDX-License-Identifier: Apache-2.0 */
/* The file endpoint end to end: queue, sender, file. What a sender that died left behind is
 * neither doubled nor lost. */
#include "unit.h"

#include "deliver/sending.h"
#include "store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "0a1b2c3d-0000-8000-8000-0123456789a"

static char store_path[4096], file_path[4200];
static store *the_store;
static endpoint_config config;
static int lines_logged;

static void on_line(void *self, int level, const char *event, str endpoint, str text) {
    (void)self, (void)level, (void)event, (void)endpoint;
    CHECK(str_find(text, S("Patient"), 0) < 0);
    CHECK(str_find(text, S(KEY), 0) < 0);
    lines_logged++;
}

/* Absolute, as the configuration demands. */
static void absolute(const char *relative, char out[4096]) {
    char folder[2048] = "";
    bool already = relative[0] == '/' || !getcwd(folder, sizeof folder);
    (void)snprintf(out, 4096, "%s%s%.2000s", already ? "" : folder, already ? "" : "/", relative);
}

static bool open_all(const char *name) {
    static const char *const rests[] = {"", "-wal", "-shm"};
    char path[4200];
    fault fault = {0};
    absolute(unit_scratch(name), store_path);
    (void)snprintf(file_path, sizeof file_path, "%s.ndjson", store_path);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s%s", store_path, rests[i]);
        unlink(path);
    }
    unlink(file_path);
    config = (endpoint_config){.name = S("file"),
                               .type = ENDPOINT_FILE,
                               .path = str_from(file_path),
                               .per_second = 1000,
                               .max_in_flight = 4,
                               .backoff_first_ms = 1,
                               .backoff_max_ms = 5};
    store_options options = {str_from(store_path), 1000, 0, deliver_digest()};
    return CHECK_MSG(store_open(&options, &the_store, &fault) == STORE_OK, "%s", fault.text);
}

static void queue(char last) {
    static char body[400], key[40];
    fault fault = {0};
    (void)snprintf(key, sizeof key, KEY "%c", last);
    (void)snprintf(body, sizeof body,
                   "{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"s\",\"value\":\"%s\"}"
                   "],\"status\":\"active\",\"subject\":{\"reference\":\"Patient/1\"}}",
                   key);
    flag_write_row row = {.flag = {.endpoint = S("file"),
                                   .study = S("study"),
                                   .patient_key = S("k"),
                                   .identifier = str_from(key),
                                   .status = S("active"),
                                   .code = S("eligible")},
                          .why = S("test"),
                          .body = str_from(body),
                          .patient_key = S("k")};
    message_write message = {.source = S("test"), .flags = &row, .flag_count = 1};
    CHECK_MSG(store_commit(the_store, &message, &fault) == STORE_OK, "%s", fault.text);
}

static sender *open_sender(void) {
    fault fault = {0};
    deliver_log log = {.line = on_line};
    sender *s = sender_open(the_store, &config, &log, &fault);
    CHECK_MSG(s != NULL, "%s", fault.text);
    return s;
}

static int count_lines(void) {
    size_t n = 0;
    int lines = 0;
    char *text = unit_read(file_path, &n);
    for (size_t i = 0; text && i < n; i++) lines += text[i] == '\n';
    free(text);
    return lines;
}

static void messages_become_lines(void) {
    struct stat info;
    if (!open_all("append.db")) return;
    queue('0');
    queue('1');
    sender *s = open_sender();
    CHECK_INT(sender_due_ms(s), 0);
    CHECK_INT(sender_step(s, 1000), 2);
    CHECK_INT(sender_due_ms(s), -1);
    CHECK_INT(count_lines(), 2);
    CHECK(stat(file_path, &info) == 0 && (info.st_mode & 0777) == 0600);
    size_t n;
    char *text = unit_read(file_path, &n);
    CHECK(text && strstr(text, "\"meta\":{\"tag\":[{\"system\":\"urn:fhirtrial:sequence\",\"code\":"
                               "\"1-") != NULL);
    free(text);
    CHECK_INT(sender_step(s, 0), 0);
    sender_close(s);
    store_close(the_store);
}

/* The message is in flight, its line complete, cut short, or absent: after the next start it is
 * there once. */
static void what_a_dead_sender_left(void) {
    for (int part = 0; part < 3; part++) {
        if (!open_all("append-died.db")) return;
        queue('0');
        sender *s = open_sender();
        CHECK_INT(sender_step(s, 1000), 1);
        sender_close(s);
        size_t n;
        char *text = unit_read(file_path, &n);
        CHECK_OR_RETURN(text != NULL);
        size_t keep = part == 0 ? n : part == 1 ? n / 2 : 0;
        store_close(the_store);
        char kept[4096];
        memcpy(kept, text, keep);
        if (!open_all("append-died.db")) return;
        queue('0');
        fault fault = {0};
        CHECK(store_sender_lock(the_store, S("file"), &fault) == STORE_OK);
        outbox_start dead = {1, S("dead"), false};
        CHECK(store_outbox_begin(the_store, &dead, 1, &fault) == STORE_OK && dead.begun);
        store_sender_unlock(the_store, S("file"));
        int fd = open(file_path, O_CREAT | O_WRONLY, 0600);
        CHECK(write(fd, "{}\n", 3) == 3 && write(fd, kept, keep) == (ssize_t)keep);
        close(fd);
        s = open_sender();
        CHECK_INT(sender_step(s, 1000), 1);
        sender_close(s);
        size_t m;
        char *after = unit_read(file_path, &m);
        CHECK_INT((long long)m, (long long)n + 3);
        CHECK(after && memcmp(after, "{}\n", 3) == 0 && memcmp(after + 3, text, n) == 0);
        free(after);
        free(text);
        store_close(the_store);
    }
}

static void a_foreign_torn_line_is_left_alone(void) {
    if (!open_all("append-torn.db")) return;
    int fd = open(file_path, O_CREAT | O_WRONLY, 0600);
    CHECK(write(fd, "half", 4) == 4);
    close(fd);
    queue('0');
    sender *s = open_sender();
    CHECK_INT(sender_step(s, 1000), 1);
    sender_close(s);
    size_t n;
    char *text = unit_read(file_path, &n);
    CHECK(text && strncmp(text, "half\n{\"resourceType\"", 20) == 0);
    free(text);
    store_close(the_store);
}

static void a_path_that_is_no_file_stops_the_endpoint(void) {
    char status[1024];
    if (!open_all("append-dir.db")) return;
    CHECK(mkdir(file_path, 0700) == 0 || access(file_path, F_OK) == 0);
    queue('0');
    sender *s = open_sender();
    CHECK_INT(sender_step(s, 0), 0);
    CHECK(sender_status_json(s, status, sizeof status) > 0);
    CHECK(strstr(status, "\"class\":\"config\"") != NULL);
    CHECK(sender_due_ms(s) >= 0);
    rmdir(file_path);
    for (int i = 0; i < 200 && sender_step(s, 10) == 0; i++) usleep(1000);
    CHECK_INT(count_lines(), 1);
    CHECK(sender_status_json(s, status, 10) == 2); /* too small: {} */
    CHECK_STR(status, "{}");
    sender_close(s);
    store_close(the_store);
}

static void one_sender_an_endpoint(void) {
    if (!open_all("append-two.db")) return;
    queue('0');
    sender *first = open_sender(), *second = open_sender();
    CHECK_INT(sender_step(first, 0), 1);
    CHECK_INT(sender_step(second, 0), -1);
    CHECK_INT(sender_due_ms(second), -1);
    sender_close(first);
    queue('1');
    CHECK_INT(sender_step(second, 0), 1);
    sender_close(second);
    store_close(the_store);
}

static void *interrupt(void *s) {
    for (int i = 0; i < 20; i++) {
        usleep(500);
        sender_interrupt(s);
    }
    return NULL;
}

static void interrupts_come_from_other_threads(void) {
    pthread_t thread;
    if (!open_all("append-thread.db")) return;
    for (char c = '0'; c <= '9'; c++) queue(c);
    sender *s = open_sender();
    pthread_create(&thread, NULL, interrupt, s);
    int done = 0;
    for (int i = 0; i < 500 && done < 10; i++) done += sender_step(s, 100);
    pthread_join(thread, NULL);
    CHECK_INT(done, 10);
    CHECK_INT(count_lines(), 10);
    sender_close(s);
    store_close(the_store);
}

static void relative_paths_are_refused(void) {
    fault fault = {0};
    if (!open_all("append-path.db")) return;
    config.path = S("flags.ndjson");
    CHECK(sender_open(the_store, &config, NULL, &fault) == NULL);
    CHECK_INT(fault.code, FAULT_CONFIG);
    store_close(the_store);
    CHECK(lines_logged > 0);
}

/* A message that waits until a time which only a clock far ahead could have set. */
static void wait_long(const char *request) {
    enum { TEN_YEARS_MS_E3 = 315360000 };
    fault fault = {0};
    outbox_start start = {1, str_from(request), false};
    outbox_outcome retry = {.id = 1,
                            .request_id = str_from(request),
                            .class = "retry",
                            .next_wall_ms = pace_wall_ms() + TEN_YEARS_MS_E3 * INT64_C(1000)};
    const outbox_outcome *list = &retry;
    CHECK_INT(store_outbox_begin(the_store, &start, 1, &fault), STORE_OK);
    CHECK(start.begun);
    CHECK_INT(store_outbox_end(the_store, &list, 1, &fault), STORE_OK);
}

static void no_wait_is_longer_than_the_most(void) {
    fault fault = {0};
    if (!open_all("append-clock.db")) return;
    queue('0');
    CHECK_INT(store_sender_lock(the_store, S("file"), &fault), STORE_OK);
    wait_long("before");
    store_sender_unlock(the_store, S("file"));
    sender *s = open_sender();
    CHECK(sender_due_ms(s) > RETRY_AFTER_MOST_MS);
    CHECK_INT(sender_step(s, 1), 0);
    CHECK(sender_due_ms(s) <= RETRY_AFTER_MOST_MS);
    CHECK(sender_due_ms(s) > RETRY_AFTER_MOST_MS - 60000);
    s->clock_lead += 5000; /* as if the clock were set back by five seconds now */
    store_outbox_limit_waits(the_store, S("file"), 0, &fault);
    wait_long("now");
    CHECK_INT(sender_due_ms(s), 0);
    CHECK_INT(sender_step(s, 1), 0);
    CHECK(sender_due_ms(s) > 0);
    CHECK(sender_due_ms(s) <= RETRY_AFTER_MOST_MS);
    sender_close(s);
    store_close(the_store);
}

const unit_test deliver_append_suite[] = {UNIT_TEST(messages_become_lines),
                                          UNIT_TEST(what_a_dead_sender_left),
                                          UNIT_TEST(a_foreign_torn_line_is_left_alone),
                                          UNIT_TEST(a_path_that_is_no_file_stops_the_endpoint),
                                          UNIT_TEST(one_sender_an_endpoint),
                                          UNIT_TEST(interrupts_come_from_other_threads),
                                          UNIT_TEST(relative_paths_are_refused),
                                          UNIT_TEST(no_wait_is_longer_than_the_most),
                                          UNIT_END};
