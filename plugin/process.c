/* SPDX-License-Identifier: Apache-2.0 */
/* process.c: one message from bytes to commit. It is read and decided outside any transaction, and
 * committed only if no patient it looked at has changed meanwhile; otherwise it is decided again.
 * Nothing is acknowledged before the commit, and a message that fails leaves nothing behind. Many
 * messages that share a commit (batch.c) take the same steps inside its transaction. */
#include "work.h"

#include "fhir/json.h"
#include "fhir/read.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 16, ARENA_PER_BYTE = 24, ARENA_LEAST = 256 << 20, PERSON_BYTES = 1 << 30 };

bool meta_read(arena *arena, const char *meta_json, message_meta *meta) {
    static const char *const names[] = {"source",      "messageId",   "key",
                                        "contentType", "traceparent", NULL};
    const json *root;
    fault fault;
    *meta = (message_meta){0};
    if (!meta_json) return true;
    if (!json_read(arena, str_from(meta_json), &root, &fault) || root->kind != JSON_OBJECT)
        return false;
    str *const to[] = {&meta->source, &meta->id, &meta->key, &meta->content_type,
                       &meta->traceparent};
    for (const json *member = root->child; member; member = member->next) {
        int i = 0;
        while (names[i] && !str_eq(member->name, str_from(names[i]))) i++;
        if (!names[i] || (member->kind != JSON_STRING && member->kind != JSON_NULL)) return false;
        *to[i] = member->kind == JSON_STRING ? member->text : (str){0};
    }
    return meta->source.n <= LIMIT_IDENTIFIER_BYTES;
}

static int32_t code_of_store(store_status status) {
    switch (status) {
    case STORE_CONFLICT:
    case STORE_BUSY: return FHIRTRIAL_E_RETRY;
    case STORE_FULL: return FHIRTRIAL_E_RETRY;
    default: return FHIRTRIAL_E_INTERNAL;
    }
}

static int32_t code_of_fault(fault_code code) {
    switch (code) {
    case FAULT_INPUT: return FHIRTRIAL_E_PARSE;
    case FAULT_LIMIT: return FHIRTRIAL_E_REJECT;
    case FAULT_NOMEM: return FHIRTRIAL_E_NOMEM;
    default: return FHIRTRIAL_E_INTERNAL;
    }
}

static const char *issue_of_fault(fault_code code) {
    switch (code) {
    case FAULT_INPUT: return "structure";
    case FAULT_LIMIT: return "too-long";
    case FAULT_NOMEM: return "throttled";
    case FAULT_STORE: return "transient";
    default: return "exception";
    }
}

static void add_fault(work *w, const fault *fault) {
    problems_add(&w->found, (problem){.level = PROBLEM_FATAL,
                                      .code = issue_of_fault(fault->code),
                                      .at = fault->at,
                                      .text = str_from(fault->text)});
}

/* --- steps that run guarded --- */

/* A long text is no fault of the message: what no view reaches is kept as it is, and the trial room
 * hides what one does. */
static bool read_bytes(work *w, str bytes, isize most) {
    read_options options = {.max_bytes = most, .max_string = most};
    return read_resource(&w->arena, bytes, &options, &w->found, &w->tape, &w->fault);
}

static void need_hash(work *w) {
    if (w->hashed) return;
    fault_raise(&w->landing, FAULT_INTERNAL, -1, "SHA-256 is not available from OpenSSL");
}

static void read_step(void *state) {
    work *w = state;
    w->found = problems_new(&w->arena);
    w->now = clock_when(w->c, w->clock);
    w->now_text = clock_instant(&w->arena, w->clock);
    need_hash(w);
    if (!read_bytes(w, w->bytes, (isize)w->c->settings.message_bytes)) {
        w->code = code_of_fault(w->fault.code);
        add_fault(w, &w->fault);
        return;
    }
    message_extract(w->c->mappings, &w->arena, &w->tape, deliver_digest(), w->now, &w->found,
                    &w->message);
}

/* Whether a view looked at any resource of the message, or a removal may have touched one. */
static bool matched(const work *w) {
    for (isize i = 0; i < w->message.n; i++)
        if (w->message.entries[i].reached || w->message.entries[i].action == ENTRY_REMOVE)
            return true;
    return false;
}

static void decide_step(void *state) {
    work *w = state;
    if (!work_resources(w) || !work_groups(w) || !work_decide(w)) {
        w->code = code_of_store(w->status);
        if (w->status == STORE_CONFLICT) return;
        add_fault(w, &w->fault);
        return;
    }
    if (!matched(w)) w->code = FHIRTRIAL_NOMATCH;
    work_result(w);
}

static void result_step(void *state) { work_result(state); }

/* --- the whole --- */

static void forget_decisions(work *w) {
    w->ignored.at = NULL, w->ignored.n = w->ignored.cap = 0;
    w->writes.at = NULL, w->writes.n = w->writes.cap = 0;
    w->touched.at = NULL, w->touched.n = w->touched.cap = 0;
    w->ties.at = NULL, w->ties.n = w->ties.cap = 0;
    w->write_by_id = w->write_by_patient = w->touched_by_id = w->tie_by_key = w->grouped_by_id =
        (list_index){0};
    w->revs.at = NULL, w->revs.n = w->revs.cap = 0;
    w->groups.at = NULL, w->groups.n = w->groups.cap = 0;
    w->decisions.at = NULL, w->decisions.n = w->decisions.cap = 0;
    w->verdicts.at = NULL, w->verdicts.n = w->verdicts.cap = 0;
    w->flags.at = NULL, w->flags.n = w->flags.cap = 0;
    w->queued.at = NULL, w->queued.n = w->queued.cap = 0;
    w->due.at = NULL, w->due.n = w->due.cap = 0;
    w->audit.at = NULL, w->audit.n = w->audit.cap = 0;
}

/* Forgets what a try decided, keeps what was read. */
static void forget(work *w, arena_mark mark, const problems *found) {
    arena_rewind(&w->arena, mark);
    forget_decisions(w);
    w->found = *found;
    w->code = FHIRTRIAL_OK;
}

/* An equal state writes nothing (contracts.md, Messages). */
static bool nothing_to_write(const work *w) {
    return w->writes.n == 0 && w->verdicts.n == 0 && w->flags.n == 0 && w->meta->id.n == 0;
}

static store_status commit(work *w) {
    if (w->moot) return STORE_OK; /* whoever wrote the newer state has decided on it */
    if (w->meta && nothing_to_write(w)) return STORE_OK;
    message_write m = {.source = w->source,
                       .message_id = w->meta ? w->meta->id : (str){0},
                       .code = w->code,
                       .document = w->document,
                       .clock = w->clock,
                       .revs = w->revs.at,
                       .rev_count = w->revs.n,
                       .touched = w->touched.at,
                       .touched_count = w->touched.n,
                       .resources = w->writes.at,
                       .resource_count = w->writes.n,
                       .verdicts = w->verdicts.at,
                       .verdict_count = w->verdicts.n,
                       .flags = w->flags.at,
                       .flag_count = w->flags.n,
                       .decided = w->due.at,
                       .decided_count = w->due.n,
                       .mapping_digest = w->c->digest,
                       .audit = w->audit.at,
                       .audit_count = w->audit.n};
    memcpy(m.sha256, w->sha256, sizeof m.sha256);
    return store_commit(w->instance->store, &m, &w->fault);
}

/* A raise ends here: the landing's fault becomes the code. The message's own memory ceiling is a
 * limit like any other: the same bytes would meet it again. */
static bool step(work *w, void (*run)(void *)) {
    w->arena.at_ceiling = w->person.at_ceiling = false;
    if (guarded(&w->landing, run, w)) return true;
    if (w->landing.fault.code == FAULT_NOMEM && w->person.at_ceiling)
        fault_set(&w->landing.fault, FAULT_LIMIT, -1,
                  "one person's record needs more memory than the limit of %td bytes: are many "
                  "people fed under one Patient id?",
                  w->person.limit);
    else if (w->landing.fault.code == FAULT_NOMEM && w->arena.at_ceiling)
        fault_set(&w->landing.fault, FAULT_LIMIT, -1,
                  "the message needs more memory than the limit of %td bytes: send it in smaller "
                  "parts",
                  w->arena.limit);
    w->fault = w->landing.fault;
    w->code = code_of_fault(w->landing.fault.code);
    w->document = (str){0};
    return false;
}

/* Decides and commits, again as long as somebody else was faster. */
static void decide(work *w, void (*run)(void *)) {
    arena_mark mark = arena_here(&w->arena);
    problems found = w->found;
    for (int i = 0; i < TRIES; i++) {
        if (i > 0) {
            atomic_fetch_add(&w->instance->counters[COUNT_CONFLICTS], 1);
            forget(w, mark, &found);
        }
        if (!step(w, run)) return;
        if (w->code < 0) {
            if (w->status == STORE_CONFLICT) continue;
            return;
        }
        w->status = commit(w);
        if (w->status == STORE_OK) return;
        w->code = code_of_store(w->status);
        w->document = (str){0};
        if (w->status != STORE_CONFLICT) return;
    }
}

/* A message that is refused for good is remembered under its id, so that the same bytes get the
 * same answer. */
static void refuse(work *w) {
    step(w, result_step);
    if (w->meta->id.n == 0 || (w->code != FHIRTRIAL_E_PARSE && w->code != FHIRTRIAL_E_REJECT))
        return;
    store_status status = commit(w);
    if (status == STORE_OK || status == STORE_CONFLICT) return;
    w->code = code_of_store(status);
    w->document = (str){0};
}

/* Nothing but the limit that was met is left of the message. */
static void limit_step(void *state) {
    work *w = state;
    arena_clear(&w->arena);
    arena_clear(&w->person);
    forget_decisions(w);
    w->message = (message){0};
    w->found = problems_new(&w->arena);
    w->now_text = clock_instant(&w->arena, w->clock);
    add_fault(w, &w->fault);
}

/* A message that met a limit while it was worked on is refused with the limit's name. */
static void refuse_over_limit(work *w) {
    if (w->code != FHIRTRIAL_E_REJECT || w->document.n > 0) return;
    if (!step(w, limit_step)) return;
    w->code = FHIRTRIAL_E_REJECT;
    refuse(w);
}

typedef struct known_work {
    work *w;
    bool known;
} known_work;

/* Looks the message id up: the same bytes get the stored result, other bytes are refused. */
static void known_step(void *state) {
    known_work *k = state;
    work *w = k->w;
    stored_result stored;
    need_hash(w);
    w->status = store_inbox_find(w->instance->store, &w->arena, w->source, w->meta->id, w->sha256,
                                 &stored, &w->fault);
    if (w->status == STORE_NONE) return;
    k->known = true;
    w->message = (message){0};
    if (w->status != STORE_OK) {
        w->code = code_of_store(w->status);
        return;
    }
    w->code = stored.code;
    w->document = stored.document;
    if (stored.same_bytes) return;
    w->found = problems_new(&w->arena);
    problems_add(&w->found, (problem){.level = PROBLEM_FATAL,
                                      .code = "duplicate",
                                      .at = -1,
                                      .text = S("this message id was used before for other bytes"),
                                      .remedy = S("give each message an id of its own")});
    w->code = FHIRTRIAL_E_REJECT;
    work_result(w);
}

static bool known_message(work *w) {
    known_work k = {.w = w};
    if (w->meta->id.n == 0) return false;
    if (guarded(&w->landing, known_step, &k)) return k.known;
    w->code = code_of_fault(w->landing.fault.code);
    return true;
}

static void count(const work *w) {
    instance *i = w->instance;
    atomic_fetch_add(&i->counters[COUNT_MESSAGES], 1);
    if (w->code == FHIRTRIAL_E_RETRY) atomic_fetch_add(&i->counters[COUNT_RETRIES], 1);
    if (w->code < 0) {
        atomic_fetch_add(&i->counters[COUNT_REJECTED], 1);
        return;
    }
    atomic_fetch_add(&i->counters[COUNT_RESOURCES], w->message.resources);
    for (isize k = 0; k < w->writes.n; k++)
        atomic_fetch_add(&i->counters[COUNT_ROWS], w->writes.at[k].row_count);
    atomic_fetch_add(&i->counters[COUNT_VERDICTS], w->verdicts.n);
    atomic_fetch_add(&i->counters[COUNT_FLAGS], w->flags.n);
}

/* The document when there was no memory or no store to make a better one. */
static str plain_document(int32_t code) {
    switch (code) {
    case FHIRTRIAL_E_RETRY:
        return S(
            "{\"outcome\":\"rejected\",\"operationOutcome\":{\"resourceType\":\"OperationOutcome\","
            "\"issue\":[{\"severity\":\"error\",\"code\":\"transient\",\"details\":{\"text\":\"the "
            "store is busy or full; nothing was stored: send the same bytes again later\"}}]}}");
    case FHIRTRIAL_E_NOMEM:
        return S(
            "{\"outcome\":\"rejected\",\"operationOutcome\":{\"resourceType\":\"OperationOutcome\","
            "\"issue\":[{\"severity\":\"error\",\"code\":\"throttled\",\"details\":{\"text\":\"out "
            "of memory or over the message's memory limit; nothing was stored\"}}]}}");
    default:
        return S("{\"outcome\":\"rejected\",\"operationOutcome\":{\"resourceType\":"
                 "\"OperationOutcome\",\"issue\":[{\"severity\":\"fatal\",\"code\":\"exception\","
                 "\"details\":{\"text\":\"the store or the library failed; nothing was stored: see "
                 "the log and fhirtrial_query health\"}}]}}");
    }
}

static reply make_reply(work *w) {
    str document = w->document.n > 0 ? w->document : plain_document(w->code);
    reply r = {w->code, malloc((size_t)document.n + 1), document.n};
    if (!r.document) return (reply){w->code < 0 ? w->code : FHIRTRIAL_E_INTERNAL, NULL, 0};
    memcpy(r.document, document.p, (size_t)document.n);
    r.document[document.n] = 0;
    if (w->code < 0) outcome_remember(w->instance, (str){r.document, r.n});
    return r;
}

static void log_refusal(const work *w) {
    if (w->code >= 0) return;
    const fault *fault = w->landing.fault.code ? &w->landing.fault : &w->fault;
    journal_line(&w->instance->journal, FHIRTRIAL_LOG_WARNING, "message-refused", (str){0},
                 str_from(fault->text[0] ? fault->text : fhirtrial_strerror(w->code)));
}

static void work_open(work *w, instance *instance, isize bytes, int64_t clock) {
    *w = (work){.instance = instance, .c = configuration_take(instance), .clock = clock};
    isize limit = bytes * ARENA_PER_BYTE;
    arena_init(&w->arena, limit > ARENA_LEAST ? limit : ARENA_LEAST, &w->landing);
    arena_init(&w->person, PERSON_BYTES, &w->landing);
}

static void work_close(work *w) {
    arena_release(&w->person);
    arena_release(&w->arena);
    configuration_drop(w->c);
}

work *message_open(instance *instance, str bytes, const message_meta *meta, int64_t clock) {
    work *w = malloc(sizeof *w);
    if (!w) return NULL;
    work_open(w, instance, bytes.n, clock);
    w->bytes = bytes;
    w->meta = meta;
    w->source = meta->source.n > 0 ? meta->source : w->c->settings.source;
    w->hashed = deliver_digest()->sha256(bytes, w->sha256);
    return w;
}

/* It is not remembered under the message's id: after a release the same bytes are worked on. */
static void quarantined_step(void *state) {
    work *w = state;
    char hex[DIGEST_HEX];
    digest_hex(w->sha256, hex);
    fault_set(&w->fault, FAULT_LIMIT, -1, "message quarantined, sha256 %.*s", DIGEST_HEX, hex);
    w->message = (message){0};
    w->found = problems_new(&w->arena);
    w->now_text = clock_instant(&w->arena, w->clock);
    problems_add(&w->found,
                 (problem){.level = PROBLEM_FATAL,
                           .code = "exception",
                           .at = -1,
                           .text = S("quarantined: the process ended twice while it worked on this "
                                     "message"),
                           .remedy = arena_printf(&w->arena,
                                                  "report it, with the message if that is allowed; "
                                                  "fhirtrial quarantine release %.*s lets it in "
                                                  "again",
                                                  DIGEST_HEX, hex)});
    w->code = FHIRTRIAL_E_REJECT;
    work_result(w);
}

/* Marks the message as under way (store/inflight.c), unless it is quarantined. */
static bool watch(work *w, int *mark) {
    *mark = -1;
    if (!w->hashed || store_inflight_begin(w->instance->store, w->sha256, mark)) return true;
    w->read = WORK_QUARANTINED;
    step(w, quarantined_step);
    return false;
}

void message_read(work *w) {
    int mark;
    if (!watch(w, &mark)) return;
    w->read = step(w, read_step) ? WORK_READ : WORK_READ_STOPPED;
    store_inflight_end(w->instance->store, mark, false);
}

void message_decide(work *w) {
    int mark;
    if (known_message(w)) return;
    if (w->read == WORK_UNREAD) message_read(w);
    if (w->read == WORK_QUARANTINED || !watch(w, &mark)) return;
    if (w->read == WORK_READ && w->code < 0)
        refuse(w);
    else if (w->read == WORK_READ)
        decide(w, decide_step);
    refuse_over_limit(w);
    store_inflight_end(w->instance->store, mark, true);
}

void message_fail(work *w, store_status status, const fault *why) {
    w->code = code_of_store(status);
    w->fault = *why;
    w->document = (str){0};
}

reply message_reply(work *w) {
    count(w);
    log_refusal(w);
    return make_reply(w);
}

void message_close(work *w) {
    work_close(w);
    free(w);
}

reply process_message(instance *instance, str bytes, const message_meta *meta, int64_t clock) {
    work *w = message_open(instance, bytes, meta, clock);
    if (!w) return (reply){FHIRTRIAL_E_NOMEM, NULL, 0};
    message_decide(w);
    reply r = message_reply(w);
    message_close(w);
    return r;
}

/* --- sweeps --- */

/* Kept bytes as they were read first: a resource without an id has that of its fullUrl. */
static str with_full_url(work *w, const stale_resource *stale) {
    buf out = buf_new(&w->arena, w->arena.limit / 4, "a kept resource");
    buf_add(&out,
            S("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"fullUrl\":"));
    buf_json_string(&out, arena_printf(&w->arena, "urn:uuid:%.*s", STR_ARGS(stale->id)));
    buf_add(&out, S(",\"resource\":"));
    buf_add(&out, stale->bytes);
    buf_add(&out, S("}]}"));
    return buf_str(&out);
}

static void sweep_step(void *state) {
    work *w = state;
    w->found = problems_new(&w->arena);
    w->now = clock_when(w->c, w->clock);
    w->now_text = clock_instant(&w->arena, w->clock);
    if (!w->stale) return;
    str bytes = with_full_url(w, w->stale);
    if (!read_bytes(w, bytes, bytes.n))
        w->code = FHIRTRIAL_E_INTERNAL;
    else
        message_extract(w->c->mappings, &w->arena, &w->tape, deliver_digest(), w->now, &w->found,
                        &w->message);
}

static void again_step(void *state) {
    work *w = state;
    if (w->patient) work_touch(w, *w->patient);
    if (w->stale && !work_restate(w, w->stale)) {
        w->code = FHIRTRIAL_E_INTERNAL;
        return;
    }
    bool in_force = true;
    if (!work_groups(w) || (w->stale && !work_in_force(w, w->stale, &in_force)) ||
        (in_force && !work_decide(w)))
        w->code = code_of_store(w->status);
    w->moot = !in_force;
}

static void record_step(void *state) {
    work *w = state;
    isize rows = 0;
    work_touch(w, *w->patient);
    if (!work_groups(w) || !work_record(w, &rows))
        w->code = code_of_store(w->status);
    else if (rows == 0 && !w->groups.at[0].members[0].state.known)
        w->code = FHIRTRIAL_NOMATCH;
}

static void explain_step(void *state) {
    work *w = state;
    work_touch(w, *w->patient);
    if (!work_groups(w) || !work_explain(w)) w->code = code_of_store(w->status);
}

static void export_step(void *state) {
    work *w = state;
    work_touch(w, *w->patient);
    if (!work_groups(w) || !work_export(w)) w->code = code_of_store(w->status);
}

static void conduct_step(void *state) {
    work *w = state;
    work_touch(w, *w->patient);
    if (!work_groups(w) || !work_conduct(w)) w->code = code_of_store(w->status);
}

static void flag_error_step(void *state) {
    work *w = state;
    work_touch(w, *w->patient);
    if (!work_groups(w) || !work_flag_error(w, w->study, w->reason))
        w->code = code_of_store(w->status);
}

static work *again_open(instance *instance, const patient_ref *patient, const stale_resource *stale,
                        int64_t clock) {
    work *w = malloc(sizeof *w);
    if (!w) return NULL;
    work_open(w, instance, stale ? stale->bytes.n : 0, clock);
    w->source = patient ? patient->source : stale->source;
    w->patient = patient;
    w->stale = stale;
    step(w, sweep_step);
    return w;
}

static int32_t again_close(work *w) {
    int32_t code = w->code;
    log_refusal(w);
    work_close(w);
    free(w);
    return code;
}

static int32_t process_again(instance *instance, const patient_ref *patient,
                             const stale_resource *stale) {
    work *w = again_open(instance, patient, stale, clock_evaluation_ns(instance));
    if (!w) return FHIRTRIAL_E_NOMEM;
    if (w->code == FHIRTRIAL_OK) decide(w, again_step);
    return again_close(w);
}

/* Runs a step that makes a document and writes nothing; closes the work. */
static reply document_of(work *w, void (*run)(void *)) {
    reply r = {FHIRTRIAL_E_NOMEM, NULL, 0};
    if (!w) return r;
    if (w->code == FHIRTRIAL_OK) step(w, run);
    if (w->code == FHIRTRIAL_OK) r.document = malloc((size_t)w->document.n + 1);
    if (r.document) {
        memcpy(r.document, w->document.p, (size_t)w->document.n);
        r.n = w->document.n;
    } else if (w->code == FHIRTRIAL_OK) {
        w->code = FHIRTRIAL_E_NOMEM;
    }
    r.code = again_close(w);
    return r;
}

reply process_record(instance *instance, patient_ref patient) {
    return document_of(again_open(instance, &patient, NULL, clock_evaluation_ns(instance)),
                       record_step);
}

reply process_explain(instance *instance, patient_ref patient, str study) {
    work *w = again_open(instance, &patient, NULL, clock_evaluation_ns(instance));
    if (w) w->study = study;
    return document_of(w, explain_step);
}

reply process_export(instance *instance, patient_ref patient, const export_job *job,
                     int64_t clock) {
    work *w = again_open(instance, &patient, NULL, clock);
    if (w) w->job = job;
    return document_of(w, export_step);
}

reply process_conduct(instance *instance, patient_ref patient, str study, int64_t clock) {
    work *w = again_open(instance, &patient, NULL, clock);
    if (w) w->study = study;
    return document_of(w, conduct_step);
}

int32_t process_flag_error(instance *instance, patient_ref patient, str study, str reason) {
    work *w = again_open(instance, &patient, NULL, clock_evaluation_ns(instance));
    if (!w) return FHIRTRIAL_E_NOMEM;
    w->study = study;
    w->reason = reason;
    if (w->code == FHIRTRIAL_OK) decide(w, flag_error_step);
    return again_close(w);
}

int32_t process_patient(instance *instance, patient_ref patient) {
    return process_again(instance, &patient, NULL);
}

int32_t process_stale(instance *instance, const stale_resource *stale) {
    return process_again(instance, NULL, stale);
}
