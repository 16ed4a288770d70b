/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c: the fifteen functions of fhirtrial.h: arguments and handles are checked here and
 * nowhere else; the work is done by the files around. */
#include "handle.h"
#include "instance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { META_BYTES = 1 << 16, PROBLEM_BYTES = 16 << 20 };

/* Takes the instance for one call, and at its end gives the host what waits for it. */
typedef struct call {
    instance *instance;
    int32_t handle, code;
} call;

static call call_begin(int32_t handle) {
    call c = {.handle = handle};
    if (inside_callback())
        c.code = FHIRTRIAL_E_ARG;
    else
        c.instance = handle_take(handle, &c.code);
    return c;
}

static int32_t call_end(call *c, int32_t code) {
    if (!c->instance) return c->code;
    journal_deliver(&c->instance->journal);
    handle_give(c->handle);
    return code;
}

/* Ends a call whose arguments are wrong, and says which. */
static int32_t misuse(call *c, const char *text) {
    if (c->instance) outcome_of_misuse(c->instance, text);
    return call_end(c, FHIRTRIAL_E_ARG);
}

uint32_t fhirtrial_abi_version(void) { return FHIRTRIAL_ABI; }

/* --- open, configure, close --- */

typedef struct text_work {
    arena arena;
    landing landing;
    problems found;
    str config, document;
} text_work;

static void start_problems(void *state) {
    text_work *t = state;
    t->found = problems_new(&t->arena);
}

static void write_outcome(void *state) {
    text_work *t = state;
    buf out = buf_new(&t->arena, PROBLEM_BYTES / 2, "the findings");
    outcome_json(&t->found, t->config, &out);
    t->document = buf_str(&out);
}

/* Runs a part of opening or configuring that collects findings, and keeps them as the outcome to be
 * asked for. */
static bool begin_findings(text_work *t, const char *config, int64_t len) {
    *t = (text_work){.config = {config, (isize)len}};
    arena_init(&t->arena, PROBLEM_BYTES, &t->landing);
    return guarded(&t->landing, start_problems, t);
}

int32_t fhirtrial_open(uint32_t want_abi, const char *config, int64_t len, int32_t *out_handle) {
    text_work t;
    fault fault = {0};
    instance *instance = NULL;
    if (!out_handle) return FHIRTRIAL_E_ARG;
    *out_handle = 0;
    if (!config || len < 0 || len > LIMIT_CONFIG_BYTES || inside_callback()) return FHIRTRIAL_E_ARG;
    if (want_abi >> 16 != FHIRTRIAL_ABI >> 16 || (want_abi & 0xffff) > (FHIRTRIAL_ABI & 0xffff))
        return FHIRTRIAL_E_ABI;
    if (!begin_findings(&t, config, len)) return FHIRTRIAL_E_NOMEM;
    int32_t code = FHIRTRIAL_E_CONFIG;
    if (deliver_init(&fault))
        code = instance_open(t.config, &t.found, &instance);
    else
        problems_add(&t.found, (problem){.level = PROBLEM_FATAL,
                                         .code = "exception",
                                         .at = -1,
                                         .text = str_from(fault.text)});
    if (code == FHIRTRIAL_OK)
        *out_handle = instance->handle;
    else if (guarded(&t.landing, write_outcome, &t))
        outcome_of_open(t.document);
    arena_release(&t.arena);
    return code;
}

int32_t fhirtrial_configure(int32_t handle, const char *config, int64_t len) {
    text_work t;
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    if (!config || len < 0 || len > LIMIT_CONFIG_BYTES)
        return misuse(
            &c, "fhirtrial_configure: config is NULL, or its length is negative or above 16 MiB");
    if (!begin_findings(&t, config, len)) return call_end(&c, FHIRTRIAL_E_NOMEM);
    pthread_mutex_lock(&c.instance->configure_lock);
    int32_t code = instance_configure(c.instance, t.config, &t.found);
    pthread_mutex_unlock(&c.instance->configure_lock);
    if (code != FHIRTRIAL_OK && guarded(&t.landing, write_outcome, &t))
        outcome_remember(c.instance, t.document);
    arena_release(&t.arena);
    return call_end(&c, code);
}

int32_t fhirtrial_close(int32_t handle, int32_t drain_ms) {
    int32_t code;
    if (drain_ms < 0 || inside_callback()) return FHIRTRIAL_E_ARG;
    instance *instance = handle_close(handle, &code);
    if (instance) instance_close(instance, drain_ms);
    return code;
}

/* --- messages --- */

typedef struct meta_work {
    arena arena;
    landing landing;
    const char *json;
    message_meta meta;
    bool ok;
} meta_work;

static void read_meta(void *state) {
    meta_work *m = state;
    m->ok = meta_read(&m->arena, m->json, &m->meta);
}

static bool begin_meta(meta_work *m, const char *meta_json) {
    *m = (meta_work){.json = meta_json};
    arena_init(&m->arena, META_BYTES * 8, &m->landing);
    bool ok = (!meta_json || strnlen(meta_json, META_BYTES) < META_BYTES) &&
              guarded(&m->landing, read_meta, m) && m->ok;
    if (!ok) arena_release(&m->arena);
    return ok;
}

static bool good_message(const void *in, int64_t in_len) { return in && in_len > 0; }

static int32_t submit(instance *instance, const void *in, int64_t in_len, const char *meta_json,
                      int64_t *job) {
    meta_work m;
    if (!begin_meta(&m, meta_json)) {
        outcome_of_misuse(instance,
                          "meta_json: write one JSON object whose keys are source, messageId, key, "
                          "contentType, traceparent and whose values are texts");
        return FHIRTRIAL_E_ARG;
    }
    int32_t code = job_submit(instance, (str){in, (isize)in_len}, &m.meta, job);
    arena_release(&m.arena);
    return code;
}

int32_t fhirtrial_submit(int32_t handle, const void *in, int64_t in_len, const char *meta_json,
                         int64_t *job) {
    call c = call_begin(handle);
    if (job) *job = 0;
    if (!c.instance) return c.code;
    if (!job || !good_message(in, in_len))
        return misuse(&c, "fhirtrial_submit: job is NULL, or there are no bytes");
    return call_end(&c, submit(c.instance, in, in_len, meta_json, job));
}

static bool good_buffer(const void *out, int64_t out_cap, const int64_t *out_len) {
    return out_len && out_cap >= 0 && (out || out_cap == 0);
}

int32_t fhirtrial_process(int32_t handle, const void *in, int64_t in_len, const char *meta_json,
                          void *out, int64_t out_cap, int64_t *out_len, int64_t *job) {
    call c = call_begin(handle);
    int64_t id = 0;
    if (job) *job = 0;
    if (out_len) *out_len = 0;
    if (!c.instance) return c.code;
    if (!good_message(in, in_len) || !good_buffer(out, out_cap, out_len))
        return misuse(&c, "fhirtrial_process: there are no bytes, out_len is NULL, or out and "
                          "out_cap do not fit each other");
    int32_t code = submit(c.instance, in, in_len, meta_json, &id);
    if (code == FHIRTRIAL_OK) code = job_wait(c.instance, &id, -1);
    if (code == FHIRTRIAL_OK) code = job_fetch(c.instance, id, out, out_cap, out_len);
    if (code == FHIRTRIAL_E_BUFFER && job)
        *job = id;
    else if (id != 0 && (code == FHIRTRIAL_E_BUFFER || code == FHIRTRIAL_E_CLOSED))
        job_drop(c.instance, id);
    return call_end(&c, code);
}

int32_t fhirtrial_wait(int32_t handle, int64_t *job, int32_t timeout_ms) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    if (!job || *job < 0 || timeout_ms < 0)
        return misuse(&c, "fhirtrial_wait: job is NULL or negative, or timeout_ms is negative");
    return call_end(&c, job_wait(c.instance, job, timeout_ms));
}

int32_t fhirtrial_result(int32_t handle, int64_t job, void *out, int64_t out_cap,
                         int64_t *out_len) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    if (!good_buffer(out, out_cap, out_len))
        return misuse(
            &c, "fhirtrial_result: out_len is NULL, or out and out_cap do not fit each other");
    *out_len = 0;
    return call_end(&c, job_fetch(c.instance, job, out, out_cap, out_len));
}

int32_t fhirtrial_step(int32_t handle, int32_t budget_ms) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    if (budget_ms < 0) return misuse(&c, "fhirtrial_step: budget_ms is negative");
    int64_t until = clock_monotonic_ms() + budget_ms;
    bool more = job_run_one(c.instance);
    while (more && clock_monotonic_ms() < until) more = job_run_one(c.instance);
    more |= sweep_some(c.instance);
    int64_t left = until - clock_monotonic_ms();
    int32_t code = outgoing_step(c.instance, left > 0 ? left : 0);
    return call_end(&c, code == FHIRTRIAL_OK && more ? FHIRTRIAL_PENDING : code);
}

/* --- questions, events, callbacks --- */

int32_t fhirtrial_query(int32_t handle, const char *what, void *out, int64_t out_cap,
                        int64_t *out_len) {
    if (out_len) *out_len = 0;
    if (!what || !good_buffer(out, out_cap, out_len)) return FHIRTRIAL_E_ARG;
    if (handle == 0) return query_answer(NULL, what, inside_callback(), out, out_cap, out_len);
    int32_t code;
    instance *instance = handle_take(handle, &code);
    if (!instance) return code;
    code = query_answer(instance, what, inside_callback(), out, out_cap, out_len);
    if (code == FHIRTRIAL_E_ARG)
        outcome_of_misuse(
            instance,
            "fhirtrial_query: no such name, argument or value, an argument is missing or given "
            "twice, or a command was given from a callback; docs/abi.md lists them");
    if (code == FHIRTRIAL_E_REJECT)
        outcome_of_misuse(instance, "fhirtrial_query: the command is not allowed in this state; "
                                    "docs/abi.md says when it is");
    if (!inside_callback()) journal_deliver(&instance->journal);
    handle_give(handle);
    return code;
}

int32_t fhirtrial_next_event(int32_t handle, void *out, int64_t out_cap, int64_t *out_len) {
    int32_t code;
    if (inside_callback() || !good_buffer(out, out_cap, out_len)) return FHIRTRIAL_E_ARG;
    *out_len = 0;
    instance *instance = handle_take(handle, &code);
    if (!instance) return code;
    code = journal_next(&instance->journal, out, out_cap, out_len);
    handle_give(handle);
    return code;
}

int32_t fhirtrial_on_log(int32_t handle, int32_t min_level, fhirtrial_log_fn fn, void *user) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    if (min_level < FHIRTRIAL_LOG_DEBUG || min_level > FHIRTRIAL_LOG_HOST)
        return misuse(&c, "fhirtrial_on_log: no such level");
    journal_on_log(&c.instance->journal, min_level, fn, user);
    return call_end(&c, FHIRTRIAL_OK);
}

int32_t fhirtrial_on_metric(int32_t handle, fhirtrial_metric_fn fn, void *user) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    journal_on_metric(&c.instance->journal, fn, user);
    return call_end(&c, FHIRTRIAL_OK);
}

int32_t fhirtrial_on_clock(int32_t handle, fhirtrial_clock_fn fn, void *user) {
    call c = call_begin(handle);
    if (!c.instance) return c.code;
    clock_set(c.instance, fn, user);
    return call_end(&c, FHIRTRIAL_OK);
}

const char *fhirtrial_strerror(int32_t code) {
    switch (code) {
    case FHIRTRIAL_OK: return "done";
    case FHIRTRIAL_PENDING: return "not finished yet";
    case FHIRTRIAL_NOMATCH: return "nothing matched";
    case FHIRTRIAL_E_ARG: return "wrong argument";
    case FHIRTRIAL_E_HANDLE: return "no such handle or job";
    case FHIRTRIAL_E_ABI: return "interface version not offered";
    case FHIRTRIAL_E_CONFIG: return "configuration refused";
    case FHIRTRIAL_E_BUFFER: return "buffer too small";
    case FHIRTRIAL_E_PARSE: return "message cannot be parsed";
    case FHIRTRIAL_E_REJECT: return "refused, never retry";
    case FHIRTRIAL_E_RETRY: return "nothing stored, retry later";
    case FHIRTRIAL_E_AUTH: return "not authorised at the endpoint";
    case FHIRTRIAL_E_FULL: return "too much waiting, retry later";
    case FHIRTRIAL_E_CLOSED: return "handle is being closed";
    case FHIRTRIAL_E_NOMEM: return "out of memory";
    case FHIRTRIAL_E_FORK: return "handle belongs to the parent process";
    case FHIRTRIAL_E_INTERNAL: return "internal defect";
    default: return "unknown code";
    }
}
