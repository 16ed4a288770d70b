/* SPDX-License-Identifier: Apache-2.0 */
/* query.c: the names that fhirtrial_query knows. A row of the table is one question or one command;
 * docs/abi.md is written from the same list. */
#include "conducting.h"
#include "exporting.h"
#include "libs.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

enum { QUERY_BYTES = 256 << 20, ARGUMENTS = 8 };

typedef struct argument {
    str name, value;
} argument;

typedef struct query {
    instance *instance; /* NULL for handle 0 */
    configuration *c;
    arena arena;
    landing landing;
    argument arguments[ARGUMENTS];
    int argument_count;
    fault fault;
    int32_t code;
    void *owned; /* malloc'ed; freed after the answer, however it ended */
    buf out;
} query;

static str argument_of(const query *q, const char *name) {
    for (int i = 0; i < q->argument_count; i++)
        if (str_eq(q->arguments[i].name, str_from(name))) return q->arguments[i].value;
    return (str){0};
}

static bool given(const query *q, str name) {
    for (int i = 0; i < q->argument_count; i++)
        if (str_eq(q->arguments[i].name, name)) return true;
    return false;
}

static bool number_of(const query *q, const char *name, int64_t fallback, int64_t *out) {
    str text = argument_of(q, name);
    decimal value;
    *out = fallback;
    return text.n == 0 ||
           (decimal_parse(text, &value) && decimal_to_int64(value, out) && *out >= 0);
}

static void took(query *q, store_status status) {
    if (status == STORE_OK) return;
    q->code = status == STORE_NONE                           ? FHIRTRIAL_NOMATCH
              : status == STORE_BUSY || status == STORE_FULL ? FHIRTRIAL_E_RETRY
              : status == STORE_CONFLICT                     ? FHIRTRIAL_E_REJECT
                                                             : FHIRTRIAL_E_INTERNAL;
    if (q->code == FHIRTRIAL_E_INTERNAL)
        journal_line(&q->instance->journal, FHIRTRIAL_LOG_ERROR, "store-failed", (str){0},
                     str_from(q->fault.text));
}

static patient_ref patient_of(const query *q) {
    str source = argument_of(q, "source"), id = argument_of(q, "patient");
    if (str_starts(id, S("Patient/"))) id = str_slice(id, 8, id.n);
    return (patient_ref){source.n > 0 ? source : q->c->settings.source, id};
}

/* --- questions --- */

static void answer_info(query *q) {
    buf_printf(&q->out,
               "{\"library\":\"fhirtrial\",\"version\":\"" PACKAGE_VERSION "\",\"abi\":\"%u.%u\"",
               FHIRTRIAL_ABI >> 16, FHIRTRIAL_ABI & 0xffff);
    if (q->c) {
        buf_add(&q->out, S(",\"mappings\":"));
        buf_json_string(&q->out, q->c->digest);
        buf_add(&q->out, S(",\"source\":"));
        buf_json_string(&q->out, q->c->settings.source);
        buf_add(&q->out, S(",\"store\":"));
        buf_json_string(&q->out, q->c->settings.store_path);
        buf_printf(&q->out, ",\"threads\":%lld", (long long)q->c->settings.threads);
    }
    buf_byte(&q->out, '}');
}

static void answer_libs(query *q) { libs_json(&q->out); }

static void answer_schema(query *q) { settings_schema(&q->out); }

static void answer_last_error(query *q) {
    if (q->instance) {
        pthread_mutex_lock(&q->instance->outcome_lock);
        q->owned = q->instance->last_error ? strdup(q->instance->last_error) : NULL;
        pthread_mutex_unlock(&q->instance->outcome_lock);
        if (q->owned) buf_add(&q->out, str_from(q->owned));
    } else {
        isize n = outcome_copy_open(NULL, 0);
        char *text = arena_new(&q->arena, char, n);
        buf_add(&q->out, (str){text, outcome_copy_open(text, n)});
    }
    if (q->out.n == 0) q->code = FHIRTRIAL_NOMATCH;
}

static void write_endpoints(query *q) {
    buf_add(&q->out, S("\"endpoints\":["));
    pthread_rwlock_rdlock(&q->instance->senders_lock);
    pthread_mutex_lock(&q->instance->outcome_lock);
    int n = q->instance->sender_count;
    char(*copies)[sizeof(q->instance->senders[0].status)] = q->owned =
        calloc((size_t)n + 1, sizeof *copies);
    for (int i = 0; copies && i < n; i++)
        memcpy(copies[i], q->instance->senders[i].status, sizeof copies[i]);
    pthread_mutex_unlock(&q->instance->outcome_lock);
    pthread_rwlock_unlock(&q->instance->senders_lock);
    for (int i = 0; copies && i < n; i++) {
        if (i > 0) buf_byte(&q->out, ',');
        buf_add(&q->out, copies[i][0] ? str_from(copies[i]) : S("{}"));
    }
    buf_byte(&q->out, ']');
}

/* What the sweep could not do when it tried last. */
static int failing(query *q, const setbacks *list) {
    pthread_mutex_lock(&q->instance->lock);
    int n = list->n;
    pthread_mutex_unlock(&q->instance->lock);
    return n;
}

static void answer_health(query *q) {
    store_status status = store_check(q->instance->store, &q->fault);
    buf_printf(&q->out, "{\"store\":\"%s\",", status == STORE_OK ? "ok" : "failed");
    if (status != STORE_OK) {
        buf_add(&q->out, S("\"storeFault\":"));
        buf_json_string(&q->out, str_from(q->fault.text));
        buf_byte(&q->out, ',');
    }
    buf_printf(&q->out, "\"patientsFailing\":%d,\"resourcesFailing\":%d,",
               failing(q, &q->instance->setbacks), failing(q, &q->instance->stale_setbacks));
    write_endpoints(q);
    buf_printf(&q->out, ",\"quarantined\":%lld}", (long long)store_quarantined(q->instance->store));
}

static const char *const counter_names[] = {"messages", "messagesRefused", "resources", "rows",
                                            "verdicts", "flags",           "conflicts", "retries"};

static void answer_stats(query *q) {
    buf_add(&q->out, S("{\"since_open\":{"));
    for (isize i = 0; i < COUNT_OF(counter_names); i++)
        buf_printf(&q->out, "%s\"%s\":%lld", i ? "," : "", counter_names[i],
                   (long long)atomic_load(&q->instance->counters[i]));
    buf_add(&q->out, S("},\"store\":"));
    took(q, store_stats_json(q->instance->store, clock_real_ns() / 1000000, &q->out, &q->fault));
    buf_byte(&q->out, '}');
}

static void answer_prometheus(query *q) {
    static const char *const names[] = {"messages",  "messages_refused", "resources",
                                        "rows",      "verdicts",         "flags",
                                        "conflicts", "retries"};
    for (isize i = 0; i < COUNT_OF(names); i++)
        buf_printf(&q->out, "# TYPE fhirtrial_%s_total counter\nfhirtrial_%s_total %lld\n",
                   names[i], names[i], (long long)atomic_load(&q->instance->counters[i]));
    buf_printf(&q->out, "# TYPE fhirtrial_patients_failing gauge\nfhirtrial_patients_failing %d\n",
               failing(q, &q->instance->setbacks));
    journal_prometheus(&q->instance->journal, &q->out);
}

static void answer_views(query *q) {
    buf_byte(&q->out, '[');
    for (isize i = 0; i < mappings_view_count(q->c->mappings); i++) {
        const view *v = mappings_view(q->c->mappings, i);
        isize n;
        const view_column *columns = view_columns(v, &n);
        buf_add(&q->out, i ? S(",{\"name\":") : S("{\"name\":"));
        buf_json_string(&q->out, view_name(v));
        buf_add(&q->out, S(",\"columns\":["));
        for (isize k = 0; k < n; k++) {
            buf_add(&q->out, k ? S(",{\"name\":") : S("{\"name\":"));
            buf_json_string(&q->out, columns[k].name);
            buf_add(&q->out, S(",\"type\":"));
            buf_json_string(&q->out,
                            model_type_name(mappings_model(q->c->mappings), columns[k].type));
            buf_printf(&q->out, ",\"collection\":%s}", columns[k].collection ? "true" : "false");
        }
        buf_add(&q->out, S("]}"));
    }
    buf_byte(&q->out, ']');
}

static void write_criterion(query *q, const criterion_info *c) {
    buf_add(&q->out, S("{\"id\":"));
    buf_json_string(&q->out, c->id);
    buf_printf(&q->out, ",\"kind\":\"%.*s\",\"human\":%s,\"screening\":%s,\"text\":",
               STR_ARGS(criterion_kind_name(c->kind)), c->human ? "true" : "false",
               c->screening ? "true" : "false");
    buf_json_string(&q->out, c->text);
    buf_byte(&q->out, '}');
}

static void answer_studies(query *q) {
    buf_byte(&q->out, '[');
    for (isize i = 0; i < mappings_study_count(q->c->mappings); i++) {
        const study *s = mappings_study(q->c->mappings, i);
        buf_add(&q->out, i ? S(",{\"id\":") : S("{\"id\":"));
        buf_json_string(&q->out, study_id(s));
        buf_add(&q->out, S(",\"title\":"));
        buf_json_string(&q->out, study_title(s));
        buf_printf(&q->out, ",\"open\":%s,\"criteria\":[", study_open(s) ? "true" : "false");
        for (isize k = 0; k < study_criterion_count(s); k++) {
            if (k > 0) buf_byte(&q->out, ',');
            write_criterion(q, study_criterion(s, k));
        }
        buf_add(&q->out, S("],\"parameters\":"));
        study_parameters_json(q->c->mappings, s, &q->out);
        buf_byte(&q->out, '}');
    }
    buf_byte(&q->out, ']');
}

static void answer_site(query *q) { site_settings_json(q->c->mappings, &q->out); }

static void answer_patients(query *q) {
    took(q, store_patients_json(q->instance->store, &q->out, &q->fault));
}

static void answer_record(query *q) {
    if (patient_of(q).id.n == 0) {
        q->code = FHIRTRIAL_E_ARG;
        return;
    }
    reply record = process_record(q->instance, patient_of(q));
    q->owned = record.document;
    q->code = record.code;
    buf_add(&q->out, (str){record.document, record.n});
}

static void answer_explain(query *q) {
    if (patient_of(q).id.n == 0) {
        q->code = FHIRTRIAL_E_ARG;
        return;
    }
    reply told = process_explain(q->instance, patient_of(q), argument_of(q, "study"));
    q->owned = told.document;
    q->code = told.code;
    buf_add(&q->out, (str){told.document, told.n});
}

static bool outbox_state(str name) {
    static const char *const states[] = {"", "ready", "inflight", "done", "parked", "superseded"};
    for (isize i = 0; i < COUNT_OF(states); i++)
        if (str_eq(name, str_from(states[i]))) return true;
    return false;
}

/* Names format, study, choice and clock of an export; false: q->code says what is wrong. */
static bool export_asked(query *q, exporting *e) {
    *e = (exporting){.instance = q->instance, .c = q->c, .arena = &q->arena};
    q->code = exporting_begin(e, argument_of(q, "format"), argument_of(q, "study"),
                              argument_of(q, "subjects"), argument_of(q, "at"));
    return q->code == FHIRTRIAL_OK;
}

static void answer_export(query *q) {
    exporting e;
    if (export_asked(q, &e)) took(q, exporting_plan(&e, &q->out, &q->fault));
}

static void answer_export_subject(query *q) {
    exporting e;
    patient_ref patient = patient_of(q);
    if (patient.id.n == 0) q->code = FHIRTRIAL_E_ARG;
    if (patient.id.n == 0 || !export_asked(q, &e)) return;
    reply share = process_export(q->instance, patient, &e.job, e.clock);
    q->owned = share.document;
    q->code = share.code;
    buf_add(&q->out, (str){share.document, share.n});
}

static void answer_export_frame(query *q) {
    exporting e;
    int64_t records;
    if (!number_of(q, "records", 0, &records))
        q->code = FHIRTRIAL_E_ARG;
    else if (export_asked(q, &e) && !exporting_frame(&e, argument_of(q, "file"), records, &q->out))
        q->code = FHIRTRIAL_NOMATCH;
}

/* The study and clock of a question about conduct; NULL: q->code says what is wrong. */
static const study *conduct_asked(query *q, int64_t *clock) {
    str id = argument_of(q, "study");
    const study *s = configuration_study(q->c, id);
    if (id.n == 0 || !clock_read(q->instance, argument_of(q, "at"), clock))
        q->code = FHIRTRIAL_E_ARG;
    else if (!s)
        q->code = FHIRTRIAL_NOMATCH;
    return q->code == FHIRTRIAL_OK ? s : NULL;
}

static void answer_conduct(query *q) {
    int64_t clock;
    const study *s = conduct_asked(q, &clock);
    if (s) took(q, conducting_plan(q->instance, s, clock, &q->arena, &q->out, &q->fault));
}

static void answer_conduct_subject(query *q) {
    int64_t clock;
    patient_ref patient = patient_of(q);
    if (patient.id.n == 0) q->code = FHIRTRIAL_E_ARG;
    if (patient.id.n == 0 || !conduct_asked(q, &clock)) return;
    reply answer = process_conduct(q->instance, patient, argument_of(q, "study"), clock);
    q->owned = answer.document;
    q->code = answer.code;
    buf_add(&q->out, (str){answer.document, answer.n});
}

static void answer_outbox(query *q) {
    if (!outbox_state(argument_of(q, "state")))
        q->code = FHIRTRIAL_E_ARG;
    else
        took(q, store_outbox_json(q->instance->store, argument_of(q, "state"), &q->out, &q->fault));
}

static void answer_audit(query *q) {
    int64_t from, most;
    if (!number_of(q, "from", 1, &from) || !number_of(q, "n", 1000, &most))
        q->code = FHIRTRIAL_E_ARG;
    else
        took(q, store_audit_json(q->instance->store, from, most, &q->out, &q->fault));
}

static bool is_hash(str text) {
    if (text.n != DIGEST_HEX) return false;
    for (isize i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return false;
    }
    return true;
}

static void answer_verify(query *q) {
    audit_report r;
    str expect = argument_of(q, "expect");
    if (expect.n > 0 && !is_hash(expect)) {
        q->code = FHIRTRIAL_E_ARG;
        return;
    }
    took(q, store_audit_verify(q->instance->store, expect, &r, &q->fault));
    if (q->code != FHIRTRIAL_OK) return;
    bool intact = r.bad == 0 && !r.record[0] && (expect.n == 0 || r.expected_at > 0);
    buf_printf(&q->out, "{\"entries\":%lld,\"head\":\"%s\",\"records\":%lld,\"intact\":%s",
               (long long)r.entries, r.head, (long long)r.records, intact ? "true" : "false");
    if (r.bad != 0) buf_printf(&q->out, ",\"firstBroken\":%lld", (long long)r.bad);
    if (r.record[0]) {
        buf_add(&q->out, S(",\"firstChanged\":"));
        buf_json_string(&q->out, str_from(r.record));
        if (r.record_entry > 0)
            buf_printf(&q->out, ",\"writtenBy\":%lld", (long long)r.record_entry);
    }
    if (expect.n > 0) buf_printf(&q->out, ",\"expectedAt\":%lld", (long long)r.expected_at);
    buf_byte(&q->out, '}');
}

static void answer_quarantine(query *q) { store_quarantine_json(q->instance->store, &q->out); }

/* --- commands --- */

static void done(query *q) {
    if (q->code == FHIRTRIAL_OK) buf_add(&q->out, S("{\"done\":true}"));
}

static void command_retry(query *q) {
    int64_t id;
    if (!number_of(q, "id", 0, &id) || id == 0)
        q->code = FHIRTRIAL_E_ARG;
    else
        took(q, store_outbox_retry(q->instance->store, id, &q->fault));
    done(q);
}

static void command_park(query *q) {
    int64_t id;
    str reason = argument_of(q, "reason");
    if (!number_of(q, "id", 0, &id) || id == 0)
        q->code = FHIRTRIAL_E_ARG;
    else
        took(q, store_outbox_park(q->instance->store, id, reason.n > 0 ? reason : S("operator"),
                                  &q->fault));
    done(q);
}

static void command_flag_error(query *q) {
    str reason = argument_of(q, "reason"), study = argument_of(q, "study");
    patient_ref patient = patient_of(q);
    q->code = reason.n == 0 || study.n == 0 || patient.id.n == 0
                  ? FHIRTRIAL_E_ARG
                  : process_flag_error(q->instance, patient, study, reason);
    done(q);
}

static void command_release(query *q) {
    str sha256 = argument_of(q, "sha256");
    if (sha256.n == 0)
        q->code = FHIRTRIAL_E_ARG;
    else
        took(q, store_quarantine_release(q->instance->store, sha256, &q->fault));
    done(q);
}

static void command_purge(query *q) {
    int64_t keep = q->c->settings.retention_ms;
    if (keep == 0)
        q->code = FHIRTRIAL_E_REJECT; /* store.retention is not set: kept for ever */
    else
        took(q, store_purge(q->instance->store, clock_real_ns() / 1000000 - keep, &q->fault));
    done(q);
}

/* --- the table --- */

typedef struct query_row {
    const char *name;
    bool write, without_handle;
    void (*answer)(query *q);
    const char *arguments[ARGUMENTS];
} query_row;

static const query_row rows[] = {
    {"info", false, true, answer_info, {NULL}},
    {"libs", false, true, answer_libs, {NULL}},
    {"config-schema", false, true, answer_schema, {NULL}},
    {"last-error", false, true, answer_last_error, {NULL}},
    {"health", false, false, answer_health, {NULL}},
    {"stats", false, false, answer_stats, {NULL}},
    {"prometheus", false, false, answer_prometheus, {NULL}},
    {"views", false, false, answer_views, {NULL}},
    {"studies", false, false, answer_studies, {NULL}},
    {"site", false, false, answer_site, {NULL}},
    {"patients", false, false, answer_patients, {NULL}},
    {"record", false, false, answer_record, {"patient", "source", NULL}},
    {"explain", false, false, answer_explain, {"patient", "source", "study", NULL}},
    {"export", false, false, answer_export, {"format", "study", "subjects", "at", NULL}},
    {"export.subject",
     false,
     false,
     answer_export_subject,
     {"format", "study", "subjects", "at", "patient", "source", NULL}},
    {"export.frame",
     false,
     false,
     answer_export_frame,
     {"format", "study", "subjects", "at", "file", "records", NULL}},
    {"conduct", false, false, answer_conduct, {"study", "at", NULL}},
    {"conduct.subject",
     false,
     false,
     answer_conduct_subject,
     {"study", "at", "patient", "source", NULL}},
    {"outbox", false, false, answer_outbox, {"state", NULL}},
    {"audit", false, false, answer_audit, {"from", "n", NULL}},
    {"audit.verify", false, false, answer_verify, {"expect", NULL}},
    {"quarantine", false, false, answer_quarantine, {NULL}},
    {"outbox.retry", true, false, command_retry, {"id", NULL}},
    {"outbox.park", true, false, command_park, {"id", "reason", NULL}},
    {"flag.error", true, false, command_flag_error, {"patient", "source", "study", "reason", NULL}},
    {"quarantine.release", true, false, command_release, {"sha256", NULL}},
    {"store.purge", true, false, command_purge, {NULL}},
};

static const query_row *row_of(str name) {
    for (isize i = 0; i < COUNT_OF(rows); i++)
        if (str_eq(name, str_from(rows[i].name))) return &rows[i];
    return NULL;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* URL-decodes; false on a malformed escape or a NUL. */
static bool decode(query *q, str text, str *out) {
    char *to = arena_new(&q->arena, char, text.n + 1);
    isize n = 0;
    for (isize i = 0; i < text.n; i++) {
        char c = text.p[i] == '+' ? ' ' : text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1,
                low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
            if (low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == 0) return false;
        to[n++] = c;
    }
    *out = (str){to, n};
    return true;
}

static bool allowed(const query_row *row, str name) {
    for (int i = 0; row->arguments[i]; i++)
        if (str_eq(name, str_from(row->arguments[i]))) return true;
    return false;
}

static bool read_arguments(query *q, const query_row *row, str text) {
    while (text.n > 0) {
        isize end = str_find_byte(text, '&', 0);
        str pair = str_slice(text, 0, end < 0 ? text.n : end);
        isize equals = str_find_byte(pair, '=', 0);
        argument *a = &q->arguments[q->argument_count];
        if (equals <= 0 || q->argument_count == ARGUMENTS) return false;
        if (!decode(q, str_slice(pair, 0, equals), &a->name) ||
            !decode(q, str_slice(pair, equals + 1, pair.n), &a->value))
            return false;
        if (!allowed(row, a->name) || given(q, a->name)) return false;
        q->argument_count++;
        text = end < 0 ? (str){0} : str_slice(text, end + 1, text.n);
    }
    return true;
}

typedef struct query_work {
    query q;
    const query_row *row;
    str arguments;
} query_work;

static void answer_step(void *state) {
    query_work *w = state;
    w->q.out = buf_new(&w->q.arena, QUERY_BYTES / 4, "an answer");
    if (read_arguments(&w->q, w->row, w->arguments))
        w->row->answer(&w->q);
    else
        w->q.code = FHIRTRIAL_E_ARG;
}

int32_t query_answer(instance *instance, const char *what, bool from_callback, void *out,
                     int64_t cap, int64_t *n) {
    str text = str_from(what);
    isize mark = str_find_byte(text, '?', 0);
    const query_row *row = row_of(str_slice(text, 0, mark < 0 ? text.n : mark));
    if (!row || (from_callback && row->write)) return FHIRTRIAL_E_ARG;
    if (!instance && !row->without_handle) return FHIRTRIAL_E_HANDLE;
    query_work *w = calloc(1, sizeof *w);
    if (!w) return FHIRTRIAL_E_NOMEM;
    w->row = row;
    w->arguments = mark < 0 ? (str){0} : str_slice(text, mark + 1, text.n);
    w->q.instance = instance;
    w->q.c = instance ? configuration_take(instance) : NULL;
    arena_init(&w->q.arena, QUERY_BYTES, &w->q.landing);
    int32_t code = guarded(&w->q.landing, answer_step, w) ? w->q.code : FHIRTRIAL_E_NOMEM;
    if (code == FHIRTRIAL_OK) code = copy_out(buf_str(&w->q.out), out, cap, n);
    arena_release(&w->q.arena);
    configuration_drop(w->q.c);
    free(w->q.owned);
    free(w);
    return code;
}
