/* SPDX-License-Identifier: Apache-2.0 */
/* Flags to an EHR over TLS on this machine, eight connections: a bare loop of libcurl's multi
 * interface, which posts the same bytes with the same headers, made beforehand, to the same server
 * and looks at the status alone; the sender with a store that answers from memory, which shows what
 * making, sending and verifying costs; and the sender with its store on disk, where each message is
 * in flight before its first byte leaves and done after its reply was verified, durably
 * (synchronous=FULL). A round is one Flag of 1 KB. Client and server share the machine's cores. */
#include "deliver/deliver.h"
#include "bench.h"
#include "bench_files.h"
#include "deliver/flag_body.h"
#include "https_server.h"
#include "store/store.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS = 8, BODY = 1400, KEY = 37, GROUP = 500, ROUNDS = 10000, PREPARE = 1 << 20 };

static const char flag_text[] =
    "{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":"
    "\"https://hospital.example/fhir/trial-screening\",\"value\":\"%s\"}],\"status\":\"active\","
    "\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
    "flag-category\","
    "\"code\":\"research\"}]}],\"code\":{\"coding\":[{\"system\":"
    "\"https://hospital.example/fhir/CodeSystem/trial-screening\",\"code\":\"needs-review\"}],"
    "\"text\":\"Research: screening review suggested, study NCT00000000\"},\"subject\":{"
    "\"reference\":\"Patient/%s\"},\"period\":{\"start\":\"2025-06-30T12:00:00Z\"},\"author\":{"
    "\"display\":\"fhirtrial\"},\"extension\":[{\"url\":"
    "\"http://hl7.org/fhir/StructureDefinition/flag-detail\",\"valueReference\":{\"reference\":"
    "\"Observation/5f0d9c51-7f3b-4a43-9d55-111111111111\"}},{\"url\":"
    "\"http://hl7.org/fhir/StructureDefinition/flag-detail\",\"valueReference\":{\"reference\":"
    "\"Condition/5f0d9c51-7f3b-4a43-9d55-222222222222\"}}]}";

static char certificate[BENCH_PATH];
static char url[64];

static void start_server(void) {
    if (*url) return;
    bench_file("server.pem", certificate);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/fhir", https_server_start(certificate));
}

static void make_key(int64_t n, char out[KEY]) {
    snprintf(out, KEY, "0b1d7c0f-2a39-8c4e-96b7-%012llx", (long long)n);
}

static int make_body(const char *key, char out[BODY]) {
    return snprintf(out, BODY, flag_text, key, key);
}

/* The Flags of a turn, as the store would hand them over. */
typedef struct queued {
    char key[KEY], body[BODY];
    int n;
} queued;

static queued flags[ROUNDS];
static const str hash = S("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

static void make_flags(int64_t rounds) {
    static int64_t number;
    for (int64_t i = 0; i < rounds; i++) {
        make_key(++number, flags[i].key);
        flags[i].n = make_body(flags[i].key, flags[i].body);
    }
}

/* --- libcurl alone --- */

/* A request as the sender makes it. */
typedef struct request {
    char *body;
    int n;
    struct curl_slist *lines;
} request;

static request requests[ROUNDS];

static void add_line(request *r, const char *text, const char *key) {
    char line[200];
    size_t n = strlen(text);
    memcpy(line, text, n);
    memcpy(line + n, key, strlen(key) + 1);
    r->lines = curl_slist_append(r->lines, line);
}

static void make_request(request *r, const queued *q, arena *a) {
    flag_message message;
    const char *why;
    if (!flag_message_read(a, (str){q->body, q->n}, str_from(q->key), 1, hash, &message, &why))
        abort();
    str wire = flag_wire(a, &message, (str){0});
    r->body = strndup(wire.p, (size_t)wire.n);
    r->n = (int)wire.n;
    add_line(r, "Expect:", "");
    add_line(r, "Accept: application/fhir+json", "");
    add_line(r, "X-Request-Id: 1-", q->key);
    add_line(r, "Content-Type: application/fhir+json", "");
    add_line(r, "Prefer: return=representation, handling=strict", "");
    add_line(r,
             "If-None-Exist: identifier=https%3A%2F%2Fhospital.example%2Ffhir%2Ftrial-screening%7C",
             q->key);
}

static void make_requests(int64_t rounds) {
    landing here;
    arena a;
    arena_init(&a, PREPARE, &here);
    make_flags(rounds);
    for (int64_t i = 0; i < rounds; i++) {
        free(requests[i].body);
        curl_slist_free_all(requests[i].lines);
        requests[i] = (request){0};
        make_request(&requests[i], &flags[i], &a);
        arena_clear(&a);
    }
    arena_release(&a);
}

static size_t drop_reply(char *data, size_t size, size_t n, void *user) {
    (void)data, (void)user;
    return size * n;
}

static CURL *new_transfer(void) {
    char target[80];
    CURL *easy = curl_easy_init();
    snprintf(target, sizeof target, "%s/Flag", url);
    curl_easy_setopt(easy, CURLOPT_URL, target);
    curl_easy_setopt(easy, CURLOPT_CAINFO, certificate);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_reply);
    return easy;
}

static void start_transfer(CURLM *multi, CURL *easy, const request *r) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)r->n);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->lines);
    curl_multi_add_handle(multi, easy);
}

static void end_transfer(CURLM *multi, CURL *easy, CURLcode code) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 201) {
        fprintf(stderr, "bench: libcurl %d, HTTP %ld\n", (int)code, status);
        exit(1);
    }
    curl_multi_remove_handle(multi, easy);
}

static int64_t bare_curl(int64_t rounds) {
    static CURLM *multi;
    static CURL *transfers[CONNECTIONS];
    int64_t begun = 0, ended = 0;
    start_server();
    if (!multi) {
        multi = curl_multi_init();
        for (int i = 0; i < CONNECTIONS; i++) transfers[i] = new_transfer();
    }
    for (; begun < CONNECTIONS && begun < rounds; begun++)
        start_transfer(multi, transfers[begun], &requests[begun]);
    while (ended < rounds) {
        int running, left;
        curl_multi_perform(multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
            CURL *easy = m->easy_handle;
            end_transfer(multi, easy, m->data.result);
            ended++;
            if (begun < rounds) start_transfer(multi, easy, &requests[begun++]);
        }
        if (running == CONNECTIONS) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return rounds;
}

/* --- the sender --- */

static endpoint_config endpoint(const char *name) {
    return (endpoint_config){.name = str_from(name),
                             .type = ENDPOINT_FHIR,
                             .url = str_from(url),
                             .ca_path = str_from(certificate),
                             .connect_ms = 5000,
                             .total_ms = 30000,
                             .per_second = 1000000,
                             .max_in_flight = CONNECTIONS,
                             .backoff_first_ms = 1000,
                             .backoff_max_ms = 60000};
}

static void say(void *self, int level, const char *event, str endpoint_name, str text) {
    (void)self, (void)endpoint_name;
    if (level >= DELIVER_WARNING) fprintf(stderr, "bench: %s %.*s\n", event, STR_ARGS(text));
}

static const deliver_log lines = {NULL, say, NULL};

static void fail(const fault *fault) {
    fprintf(stderr, "bench: %s\n", fault->text);
    exit(1);
}

/* As a host with `threads: 0` drives it. */
static void send_all(sender *s, int64_t n) {
    for (int64_t ended = 0; ended < n;) {
        int now = sender_step(s, 1000);
        if (now < 0) exit(1);
        ended += now;
    }
}

/* --- with a store in memory: the store's functions, as the linker hands them out --- */

static bool in_memory;
static int64_t memory_begun, memory_end; /* of the turn's Flags */

store_status __real_store_outbox_due(store *, arena *, str, int64_t, isize, outbox_message **,
                                     isize *, fault *);
store_status __real_store_outbox_begin(store *, outbox_start *, isize, fault *);
store_status __real_store_outbox_end(store *, const outbox_outcome *const *, isize, fault *);
store_status __real_store_sender_lock(store *, str, fault *);
void __real_store_sender_unlock(store *, str);
store_status __real_store_audit_add(store *, const char *, str, fault *);
int64_t __real_store_outbox_wait_ms(store *, str, int64_t);
store_status __real_store_outbox_limit_waits(store *, str, int64_t, fault *);

store_status __wrap_store_outbox_due(store *, arena *, str, int64_t, isize, outbox_message **,
                                     isize *, fault *);
store_status __wrap_store_outbox_begin(store *, outbox_start *, isize, fault *);
store_status __wrap_store_outbox_end(store *, const outbox_outcome *const *, isize, fault *);
store_status __wrap_store_sender_lock(store *, str, fault *);
void __wrap_store_sender_unlock(store *, str);
store_status __wrap_store_audit_add(store *, const char *, str, fault *);
int64_t __wrap_store_outbox_wait_ms(store *, str, int64_t);
store_status __wrap_store_outbox_limit_waits(store *, str, int64_t, fault *);

store_status __wrap_store_outbox_due(store *s, arena *a, str name, int64_t now, isize most,
                                     outbox_message **out, isize *n, fault *fault) {
    if (!in_memory) return __real_store_outbox_due(s, a, name, now, most, out, n, fault);
    *n = memory_end - memory_begun < most ? (isize)(memory_end - memory_begun) : most;
    *out = arena_new(a, outbox_message, *n);
    for (isize i = 0; i < *n; i++) {
        const queued *q = &flags[memory_begun + i];
        (*out)[i] = (outbox_message){.id = memory_begun + 1 + i,
                                     .seq = 1,
                                     .endpoint = name,
                                     .key = str_from(q->key),
                                     .body = {q->body, q->n},
                                     .body_sha256 = hash};
    }
    return STORE_OK;
}

store_status __wrap_store_outbox_begin(store *s, outbox_start *list, isize n, fault *fault) {
    if (!in_memory) return __real_store_outbox_begin(s, list, n, fault);
    for (isize i = 0; i < n; i++) list[i].begun = true;
    memory_begun = list[n - 1].id;
    return STORE_OK;
}

store_status __wrap_store_outbox_end(store *s, const outbox_outcome *const *list, isize n,
                                     fault *fault) {
    return in_memory ? STORE_OK : __real_store_outbox_end(s, list, n, fault);
}

store_status __wrap_store_sender_lock(store *s, str name, fault *fault) {
    return in_memory ? STORE_OK : __real_store_sender_lock(s, name, fault);
}

void __wrap_store_sender_unlock(store *s, str name) {
    if (!in_memory) __real_store_sender_unlock(s, name);
}

store_status __wrap_store_audit_add(store *s, const char *action, str detail, fault *fault) {
    return in_memory ? STORE_OK : __real_store_audit_add(s, action, detail, fault);
}

int64_t __wrap_store_outbox_wait_ms(store *s, str name, int64_t now) {
    if (!in_memory) return __real_store_outbox_wait_ms(s, name, now);
    return memory_begun < memory_end ? 0 : -1;
}

store_status __wrap_store_outbox_limit_waits(store *s, str name, int64_t until, fault *fault) {
    return in_memory ? STORE_OK : __real_store_outbox_limit_waits(s, name, until, fault);
}

static int64_t sender_alone(int64_t rounds) {
    static endpoint_config config;
    static sender *s;
    fault fault = {0};
    start_server();
    in_memory = true;
    if (!s) {
        config = endpoint("alone");
        s = sender_open(NULL, &config, &lines, &fault);
        if (!s) fail(&fault);
    }
    memory_begun = 0;
    memory_end = rounds;
    send_all(s, rounds);
    in_memory = false;
    return rounds;
}

/* --- with its store --- */

static store *the_store;

/* So many Flags wait before the time runs. */
static void queue_flags(int64_t rounds) {
    static char path[BENCH_PATH];
    fault fault = {0};
    store_options o = {.path = {path, 0}, .busy_ms = 5000, .digest = deliver_digest()};
    start_server();
    if (!the_store) {
        deliver_digest_hold();
        bench_file("outbox.db", path);
        o.path = str_from(path);
        if (store_open(&o, &the_store, &fault) != STORE_OK) fail(&fault);
    }
    make_flags(rounds);
    for (int64_t i = 0; i < rounds; i++) {
        const queued *q = &flags[i];
        flag_write_row row = {.why = S("bench"), .patient_key = str_from(q->key)};
        row.flag = (stored_flag){.endpoint = S("ehr"),
                                 .study = S("s1"),
                                 .patient_key = row.patient_key,
                                 .identifier = str_from(q->key),
                                 .status = S("active"),
                                 .code = S("needs-review")};
        row.body = (str){q->body, q->n};
        message_write m = {.source = S("acme"), .flags = &row, .flag_count = 1};
        if ((i % GROUP == 0 && store_group_begin(the_store, &fault) != STORE_OK) ||
            store_commit(the_store, &m, &fault) != STORE_OK ||
            ((i % GROUP == GROUP - 1 || i == rounds - 1) &&
             store_group_end(the_store, &fault) != STORE_OK))
            fail(&fault);
    }
}

static int64_t sender_store(int64_t rounds) {
    static endpoint_config config;
    static sender *s;
    fault fault = {0};
    if (!s) {
        config = endpoint("ehr");
        s = sender_open(the_store, &config, &lines, &fault);
        if (!s) fail(&fault);
    }
    send_all(s, rounds);
    return rounds;
}

const bench_case deliver_bench[] = {
    BENCH_YARDSTICK(bare_curl, make_requests, ROUNDS),
    BENCH_TURN(sender_alone, make_flags, ROUNDS),
    BENCH_TURN(sender_store, queue_flags, ROUNDS),
    BENCH_END,
};
