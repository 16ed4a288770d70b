/* SPDX-License-Identifier: Apache-2.0 */
/* drive: the store and the delivery room without the rest, for tests/system/test_deliver.py.
 *
 *   drive STORE enqueue < lines     each line: study TAB key TAB Flag as JSON
 *   drive STORE send MS name=value ...
 *   drive STORE outbox [STATE] | retry ID | audit
 *
 * `send` steps a sender until nothing is queued or MS milliseconds have passed; log lines go to
 * standard error as JSON, the sender's last status to standard output. Names are those of
 * endpoint_config. */
#include "deliver/deliver.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_BYTES = 256 << 20, LINE_BYTES = 1 << 20, STEP_MS = 100 };

static arena memory;
static landing ground;
static store *the_store;

static int fail(const char *what, const fault *fault) {
    fprintf(stderr, "drive: %s: %s\n", what, fault->text);
    return 2;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_line(void *self, int level, const char *event, str endpoint, str text) {
    (void)self, (void)endpoint;
    fprintf(stderr, "{\"level\":%d,\"event\":\"%s\",\"text\":\"%.*s\"}\n", level, event,
            STR_ARGS(text));
}

/* --- enqueue --- */

static str next_field(str *rest) {
    isize tab = str_find_byte(*rest, '\t', 0);
    str field = str_slice(*rest, 0, tab < 0 ? rest->n : tab);
    *rest = str_slice(*rest, tab < 0 ? rest->n : tab + 1, rest->n);
    return field;
}

static store_status enqueue_line(str line, fault *fault) {
    flag_write_row row = {.why = S("test")};
    row.flag.endpoint = S("ehr");
    row.flag.study = next_field(&line);
    row.flag.identifier = next_field(&line);
    row.flag.patient_key = row.flag.identifier;
    row.flag.status = S("active");
    row.flag.code = S("eligible");
    row.patient_key = row.flag.identifier;
    row.body = line;
    stored_flag old = {0};
    if (store_flag(the_store, &memory, row.flag.endpoint, row.flag.identifier, &old, fault) ==
        STORE_OK)
        row.flag.seq = old.seq;
    message_write message = {.source = S("test"), .flags = &row, .flag_count = 1};
    return store_commit(the_store, &message, fault);
}

static int enqueue(void) {
    static char line[LINE_BYTES];
    fault fault = {0};
    while (fgets(line, sizeof line, stdin))
        if (enqueue_line(str_trim(str_from(line)), &fault) != STORE_OK)
            return fail("enqueue", &fault);
    return 0;
}

/* --- send --- */

typedef struct setting {
    const char *name;
    str *text;
    int64_t *number;
} setting;

static bool set(endpoint_config *c, const char *argument) {
    const setting settings[] = {{"url", &c->url, NULL},
                                {"path", &c->path, NULL},
                                {"client_id", &c->client_id, NULL},
                                {"key_path", &c->key_path, NULL},
                                {"key_id", &c->key_id, NULL},
                                {"algorithm", &c->algorithm, NULL},
                                {"scope", &c->scope, NULL},
                                {"token_url", &c->token_url, NULL},
                                {"token_host", &c->token_host, NULL},
                                {"audience", &c->audience, NULL},
                                {"user", &c->user, NULL},
                                {"password_path", &c->password_path, NULL},
                                {"ca_path", &c->ca_path, NULL},
                                {"client_cert_path", &c->client_cert_path, NULL},
                                {"client_key_path", &c->client_key_path, NULL},
                                {"crl_path", &c->crl_path, NULL},
                                {"ciphers", &c->ciphers, NULL},
                                {"connect_ms", NULL, &c->connect_ms},
                                {"total_ms", NULL, &c->total_ms},
                                {"per_second", NULL, &c->per_second},
                                {"max_in_flight", NULL, &c->max_in_flight},
                                {"backoff_first_ms", NULL, &c->backoff_first_ms},
                                {"backoff_max_ms", NULL, &c->backoff_max_ms}};
    const char *equals = strchr(argument, '=');
    size_t n = equals ? (size_t)(equals - argument) : 0;
    if (n == 4 && memcmp(argument, "auth", 4) == 0) {
        static const char *const names[] = {"none", "smart-backend", "basic", "mtls"};
        for (int i = 0; i < 4; i++)
            if (strcmp(equals + 1, names[i]) == 0) c->auth = (auth_type)i;
        return true;
    }
    for (isize i = 0; i < COUNT_OF(settings); i++) {
        if (strlen(settings[i].name) != n || memcmp(settings[i].name, argument, n) != 0) continue;
        if (settings[i].text) *settings[i].text = str_from(equals + 1);
        if (settings[i].number) *settings[i].number = strtoll(equals + 1, NULL, 10);
        return true;
    }
    return false;
}

static int send_all(int64_t limit_ms, char **arguments, int n) {
    static char status[1024];
    fault fault = {0};
    deliver_log log = {.line = on_line};
    endpoint_config config = {.name = S("ehr"),
                              .type = ENDPOINT_FHIR,
                              .connect_ms = 2000,
                              .total_ms = 3000,
                              .per_second = 1000,
                              .max_in_flight = 8,
                              .backoff_first_ms = 20,
                              .backoff_max_ms = 300};
    for (int i = 0; i < n; i++)
        if (!set(&config, arguments[i])) {
            fprintf(stderr, "drive: unknown setting %s\n", arguments[i]);
            return 2;
        }
    if (config.path.n > 0) config.type = ENDPOINT_FILE;
    sender *sender = sender_open(the_store, &config, &log, &fault);
    if (!sender) return fail("sender", &fault);
    int64_t end = now_ms() + limit_ms;
    int result = 0, ended = 0;
    while (now_ms() < end && result >= 0) {
        result = sender_step(sender, STEP_MS);
        if (result > 0) ended += result;
        int64_t due = sender_due_ms(sender);
        if (due < 0) break;
        struct timespec pause = {0, (due > 10 ? 10 : due) * 1000000};
        nanosleep(&pause, NULL);
    }
    sender_status_json(sender, status, sizeof status);
    printf("{\"result\":%d,\"ended\":%d,\"due\":%lld,\"status\":%s}\n", result, ended,
           (long long)sender_due_ms(sender), status);
    sender_close(sender);
    return 0;
}

/* --- look --- */

static int print(store_status status, buf *out, const fault *fault) {
    if (status != STORE_OK) return fail("store", fault);
    printf("%.*s\n", STR_ARGS(buf_str(out)));
    return 0;
}

static int command(int argc, char **argv) {
    fault fault = {0};
    buf out = buf_new(&memory, ARENA_BYTES / 4, "output");
    const char *name = argv[2];
    if (strcmp(name, "enqueue") == 0) return enqueue();
    if (strcmp(name, "send") == 0 && argc > 3)
        return send_all(strtoll(argv[3], NULL, 10), argv + 4, argc - 4);
    if (strcmp(name, "outbox") == 0)
        return print(
            store_outbox_json(the_store, argc > 3 ? str_from(argv[3]) : (str){0}, &out, &fault),
            &out, &fault);
    if (strcmp(name, "retry") == 0 && argc > 3)
        return print(store_outbox_retry(the_store, strtoll(argv[3], NULL, 10), &fault), &out,
                     &fault);
    if (strcmp(name, "audit") == 0)
        return print(store_audit_json(the_store, 1, 100000, &out, &fault), &out, &fault);
    fprintf(stderr, "drive: unknown command %s\n", name);
    return 2;
}

typedef struct arguments {
    int argc, result;
    char **argv;
} arguments;

static void run(void *state) {
    arguments *a = state;
    a->result = command(a->argc, a->argv);
}

int main(int argc, char **argv) {
    fault fault = {0};
    arguments a = {argc, 2, argv};
    if (argc < 3) {
        fprintf(stderr, "usage: drive STORE enqueue|send|outbox|retry|audit ...\n");
        return 2;
    }
    store_options options = {str_from(argv[1]), 5000, 0, deliver_digest()};
    arena_init(&memory, ARENA_BYTES, &ground);
    if (store_open(&options, &the_store, &fault) != STORE_OK) return fail("store", &fault);
    if (!guarded(&ground, run, &a)) fail("memory", &ground.fault);
    store_close(the_store);
    arena_release(&memory);
    return a.result;
}
