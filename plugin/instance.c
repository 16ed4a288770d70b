/* SPDX-License-Identifier: Apache-2.0 */
/* instance.c: what a handle stands for is built, re-configured and taken down here. */
#include "instance.h"
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_fault(problems *found, const fault *fault) {
    problems_add(found, (problem){.level = PROBLEM_FATAL,
                                  .code = fault->code == FAULT_NOMEM ? "throttled" : "exception",
                                  .at = -1,
                                  .text = str_from(fault->text)});
}

static bool same_store(const configuration *a, const configuration *b) {
    return str_eq(a->settings.store_path, b->settings.store_path) &&
           a->settings.threads == b->settings.threads &&
           str_eq(a->settings.source, b->settings.source) && a->site_key_n == b->site_key_n &&
           memcmp(a->site_key, b->site_key, (size_t)a->site_key_n) == 0;
}

static int32_t code_of_fault(const fault *fault) {
    switch (fault->code) {
    case FAULT_NOMEM: return FHIRTRIAL_E_NOMEM;
    case FAULT_CONFIG:
    case FAULT_AUTH:
    case FAULT_NET: return FHIRTRIAL_E_CONFIG;
    default: return FHIRTRIAL_E_INTERNAL;
    }
}

static int32_t code_of_store(store_status status) {
    if (status == STORE_BUSY || status == STORE_FULL) return FHIRTRIAL_E_RETRY;
    return FHIRTRIAL_E_CONFIG;
}

static bool numeric_type(const model *m, model_type type) {
    static const char *const names[] = {"decimal", "integer", "positiveInt", "unsignedInt",
                                        "integer64"};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(model_type_name(m, type), str_from(names[i]))) return true;
    return false;
}

/* Flags are found again by an identifier made from the site key and by its system: a store that has
 * raised some must not go on under others, or every Flag would be raised a second time. */
static int32_t same_identifiers(instance *instance, const configuration *c, fault *fault) {
    uint8_t bytes[DIGEST_BYTES];
    char hex[DIGEST_HEX];
    if (!deliver_digest()->hmac_sha256((str){c->site_key, c->site_key_n},
                                       c->settings.flag.identifier_system, bytes)) {
        fault_set(fault, FAULT_INTERNAL, -1, "HMAC-SHA-256 is not available from OpenSSL");
        return FHIRTRIAL_E_INTERNAL;
    }
    digest_hex(bytes, hex);
    store_status status = store_pin(instance->store, S("siteKey"), (str){hex, DIGEST_HEX}, fault);
    if (status == STORE_OK) return FHIRTRIAL_OK;
    if (status != STORE_CONFLICT) return code_of_store(status);
    fault_set(fault, FAULT_CONFIG, -1,
              "siteKey or flag.identifierSystem is not what this store was made with, and every "
              "Flag would be raised a second time: restore the site key from the backup, or start "
              "with a new store");
    return FHIRTRIAL_E_CONFIG;
}

/* Keeps the mapping set for replay and gives analysts one SQL view a mapping view. */
static bool publish_mappings(instance *instance, configuration *c, fault *fault) {
    if (store_keep_mappings(instance->store, c->digest, c->mapping_document, fault) != STORE_OK)
        return false;
    for (isize i = 0; i < mappings_view_count(c->mappings); i++) {
        isize n;
        const view_column *columns = view_columns(mappings_view(c->mappings, i), &n);
        sql_column *sql = calloc((size_t)n + 1, sizeof *sql);
        if (!sql) return false;
        for (isize k = 0; k < n; k++)
            sql[k] = (sql_column){columns[k].name,
                                  !columns[k].collection &&
                                      numeric_type(mappings_model(c->mappings), columns[k].type)};
        store_status status = store_sql_view(
            instance->store, view_name(mappings_view(c->mappings, i)), sql, n, fault);
        free(sql);
        if (status != STORE_OK) return false;
    }
    return true;
}

static instance *instance_new(void) {
    instance *i = calloc(1, sizeof *i);
    pthread_condattr_t monotonic;
    if (!i) return NULL;
    i->process = getpid();
    pthread_mutex_init(&i->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&i->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_rwlock_init(&i->senders_lock, NULL);
    pthread_rwlock_init(&i->clock_lock, NULL);
    pthread_mutex_init(&i->configure_lock, NULL);
    pthread_mutex_init(&i->outcome_lock, NULL);
    journal_init(&i->journal);
    deliver_digest_hold();
    return i;
}

static void instance_free(instance *i) {
    jobs_free(i);
    configuration_drop(i->current);
    if (i->store) store_close(i->store);
    journal_free(&i->journal);
    free(i->last_error);
    pthread_mutex_destroy(&i->configure_lock);
    pthread_rwlock_destroy(&i->clock_lock);
    pthread_rwlock_destroy(&i->senders_lock);
    pthread_mutex_destroy(&i->outcome_lock);
    pthread_cond_destroy(&i->changed);
    pthread_mutex_destroy(&i->lock);
    deliver_digest_release();
    free(i);
}

static void instance_stop(instance *i) {
    workers_stop(i);
    outgoing_close(i->senders, i->sender_count);
    i->senders = NULL;
    i->sender_count = 0;
}

static void tell_foreign(instance *i, const configuration *c) {
    if (c->foreign.n > 0)
        journal_line(&i->journal, FHIRTRIAL_LOG_WARNING, "foreign-library", (str){0}, c->foreign);
}

static int32_t instance_start(instance *i, fault *fault) {
    store_options options = {i->current->settings.store_path, i->current->settings.busy_ms, 0,
                             deliver_digest()};
    store_status status = store_open(&options, &i->store, fault);
    if (status != STORE_OK) return code_of_store(status);
    int32_t code = same_identifiers(i, i->current, fault);
    if (code != FHIRTRIAL_OK) return code;
    tell_foreign(i, i->current);
    if (!publish_mappings(i, i->current, fault)) return FHIRTRIAL_E_RETRY;
    if (!outgoing_open(i, i->current, &i->senders, &i->sender_count, fault))
        return code_of_fault(fault);
    if (workers_start(i) &&
        (i->current->settings.threads == 0 || outgoing_start(i->senders, i->sender_count)))
        return FHIRTRIAL_OK;
    fault_set(fault, FAULT_NOMEM, -1, "worker threads could not be started: lower \"threads\"");
    return FHIRTRIAL_E_NOMEM;
}

int32_t instance_open(str config, problems *found, instance **out) {
    fault fault = {0};
    int32_t code;
    instance *i = instance_new();
    if (!i) return FHIRTRIAL_E_NOMEM;
    i->current = configuration_load(config, found, &code);
    if (i->current) {
        code = instance_start(i, &fault);
        if (code == FHIRTRIAL_OK) i->handle = handle_add(i);
        if (code == FHIRTRIAL_OK && i->handle == 0) {
            fault_set(&fault, FAULT_LIMIT, -1, "4095 handles are open: close one");
            code = FHIRTRIAL_E_FULL;
        }
        if (code != FHIRTRIAL_OK) add_fault(found, &fault);
    }
    if (code == FHIRTRIAL_OK) {
        *out = i;
        return code;
    }
    instance_stop(i);
    instance_free(i);
    return code;
}

/* The new senders, or after a fault the old ones again; senders_lock is held for writing. An
 * endpoint has one sender, so the old ones are closed first. */
static bool swap_senders(instance *i, const configuration *next, fault *fault) {
    struct fault second = {0};
    outgoing_close(i->senders, i->sender_count);
    i->senders = NULL;
    i->sender_count = 0;
    bool ok = outgoing_open(i, next, &i->senders, &i->sender_count, fault);
    if (!ok && !outgoing_open(i, i->current, &i->senders, &i->sender_count, &second))
        journal_line(&i->journal, FHIRTRIAL_LOG_ERROR, "senders-stopped", (str){0},
                     str_from(second.text));
    if (i->current->settings.threads > 0) (void)outgoing_start(i->senders, i->sender_count);
    return ok;
}

static str digest_of_view(const configuration *c, str name) {
    for (isize i = 0; i < mappings_view_count(c->mappings); i++)
        if (str_eq(view_name(mappings_view(c->mappings, i)), name))
            return mappings_view_digest(c->mappings, i);
    return (str){0};
}

/* Bytes that no view reached are not there to be read again: a view that is new or reads otherwise
 * sees of them later messages only, and the host is told. */
static void tell_new_views(instance *i, const configuration *next) {
    if (next->settings.keep == KEEP_ALL) return;
    for (isize v = 0; v < mappings_view_count(next->mappings); v++) {
        const view *view = mappings_view(next->mappings, v);
        str before = digest_of_view(i->current, view_name(view));
        if (str_eq(before, mappings_view_digest(next->mappings, v))) continue;
        char text[256];
        snprintf(text, sizeof text,
                 "view %.*s is %s: of resources that no view reached before it sees later messages "
                 "only, because store.keep is \"reached\"",
                 STR_ARGS(view_name(view)), before.n > 0 ? "changed" : "new");
        journal_line(&i->journal, FHIRTRIAL_LOG_INFO, "view-sees-later-messages", (str){0},
                     str_from(text));
    }
}

static int32_t put_in_force(instance *i, configuration *next, fault *fault) {
    if (!same_store(i->current, next)) {
        fault_set(fault, FAULT_CONFIG, -1,
                  "store.path, source, siteKey and threads cannot change while a handle is open: "
                  "close it and open it again");
        return FHIRTRIAL_E_CONFIG;
    }
    int32_t code = same_identifiers(i, next, fault);
    if (code != FHIRTRIAL_OK) return code;
    if (!publish_mappings(i, next, fault)) return FHIRTRIAL_E_RETRY;
    pthread_rwlock_wrlock(&i->senders_lock);
    bool ok = swap_senders(i, next, fault);
    configuration *old = i->current;
    if (ok) {
        tell_new_views(i, next);
        pthread_mutex_lock(&i->lock);
        i->current = next;
        i->next_sweep_ms = 0;
        pthread_mutex_unlock(&i->lock);
        configuration_drop(old);
    }
    pthread_rwlock_unlock(&i->senders_lock);
    return ok ? FHIRTRIAL_OK : code_of_fault(fault);
}

int32_t instance_configure(instance *i, str config, problems *found) {
    fault fault = {0};
    int32_t code;
    configuration *next = configuration_load(config, found, &code);
    if (!next) return code;
    code = put_in_force(i, next, &fault);
    if (code == FHIRTRIAL_OK) return code;
    configuration_drop(next);
    add_fault(found, &fault);
    return code;
}

/* Lets jobs and outbox go on until the time is over or nothing is left. */
static void drain(instance *i, int64_t until_ms) {
    for (bool left = true; left && clock_monotonic_ms() < until_ms;) {
        int64_t budget = until_ms - clock_monotonic_ms();
        left = job_run_one(i);
        left |= outgoing_step(i, budget > 100 ? 100 : budget) == FHIRTRIAL_PENDING;
        if (!left && i->current->settings.threads > 0) left = outgoing_waiting(i) || job_waiting(i);
        if (left && i->current->settings.threads > 0) outgoing_pause();
    }
}

void instance_close(instance *i, int64_t drain_ms) {
    if (drain_ms > 0) drain(i, clock_monotonic_ms() + drain_ms);
    pthread_mutex_lock(&i->lock);
    i->closing = i->stopping = true;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->lock);
    handle_remove(i->handle);
    instance_stop(i);
    journal_deliver(&i->journal);
    instance_free(i);
}
