/* SPDX-License-Identifier: Apache-2.0 */
/* instance.h: what stands behind a handle: the configuration in force, the store, the senders, the
 * jobs, the log. The shell's files share it; no other room sees it. A configuration is built whole,
 * swapped in under the lock, and freed when its last user has dropped it, so every message sees one
 * configuration from its first byte to its last. */
#ifndef FHIRTRIAL_INSTANCE_H
#define FHIRTRIAL_INSTANCE_H

#include "config.h"
#include "fhirtrial.h"
#include "store/store.h"
#include "trial/trial.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

enum { SITE_KEY_MOST = 4096, SITE_KEY_LEAST = 32 };

typedef struct configuration {
    atomic_int users;
    arena arena;
    landing landing;
    settings settings;
    const mappings *mappings;
    zone_table zone;
    str mapping_document; /* the files as one JSON document, kept in the store for replay */
    char site_key[SITE_KEY_MOST];
    isize site_key_n;
    str digest;       /* of the whole mapping set, hex */
    str views_digest; /* of what rows depend on, hex */
    str foreign;      /* libraries that are not the system's and were allowed, one a line */
} configuration;

/* Lines wait here until a call on the handle can give them to the host. */
enum { LOG_LINES = 1024, LOG_LINE_BYTES = 1024, METRICS = 64 };
typedef struct log_line {
    int level;
    char text[LOG_LINE_BYTES];
} log_line;
typedef struct metric {
    const char *name;
    double value;
    bool changed;
} metric;
typedef struct journal {
    pthread_mutex_t lock;
    log_line *lines; /* ring of LOG_LINES */
    int first, n;
    int64_t lost;
    metric metrics[METRICS];
    int metric_count;
    fhirtrial_log_fn log;
    void *log_user;
    int log_level;
    fhirtrial_metric_fn metric;
    void *metric_user;
    int calling; /* threads inside a callback of the host */
    pthread_cond_t idle;
} journal;

typedef struct job job;
typedef struct jobs {
    job *first, *last;
    int64_t next_id;
    int64_t unfinished, finished; /* queued or running; done and not yet fetched */
} jobs;

typedef struct endpoint_sender {
    sender *sender;
    str name;
    pthread_mutex_t lock; /* one thread at a time steps a sender */
    pthread_t thread;
    bool threaded;
    atomic_bool ending;
    struct instance *instance;
    char status[1024]; /* last sender_status_json, for queries from other threads */
} endpoint_sender;

enum { SETBACKS_MOST = 512 };
/* A patient whom the sweep could not decide, or a resource whose rows it could not make again. */
typedef struct setback {
    uint64_t what;            /* hash of its name */
    int64_t next_ms, wait_ms; /* monotonic */
} setback;
typedef struct setbacks {
    setback at[SETBACKS_MOST];
    int n;
} setbacks;

typedef struct instance instance;
struct instance {
    int32_t handle;
    pid_t process; /* a handle does not survive fork */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a job was queued or finished, or closing began */
    configuration *current;
    store *store;
    jobs jobs;
    journal journal;
    fhirtrial_clock_fn clock;
    void *clock_user;
    pthread_rwlock_t clock_lock; /* held for reading while the host's clock is called */
    atomic_llong clock_latest;   /* what the host's clock said last */
    atomic_bool clock_asked;     /* and whether it was asked yet */
    bool closing;                /* no new message */
    bool stopping;               /* workers end */
    pthread_t *workers;
    int worker_count;
    pthread_rwlock_t senders_lock; /* held for reading while they are stepped */
    endpoint_sender *senders;      /* malloc'ed array */
    int sender_count;
    pthread_mutex_t configure_lock; /* one re-configuration at a time */
    pthread_mutex_t outcome_lock;
    char *last_error;      /* OperationOutcome of the latest failure, malloc'ed */
    int64_t next_sweep_ms; /* monotonic */
    int64_t next_purge_ms;
    setbacks setbacks, stale_setbacks; /* of patients, of resources; with `lock` */
    atomic_llong counters[8];
};

enum {
    COUNT_MESSAGES,
    COUNT_REJECTED,
    COUNT_RESOURCES,
    COUNT_ROWS,
    COUNT_VERDICTS,
    COUNT_FLAGS,
    COUNT_CONFLICTS,
    COUNT_RETRIES
};

/* --- instance.c --- */
/* Builds everything and gives it a handle. On an error `found` says what. */
int32_t instance_open(str config, problems *found, instance **out);
int32_t instance_configure(instance *instance, str config, problems *found);
/* The handle can no longer be taken: drains for drain_ms, ends all work, frees everything. */
void instance_close(instance *instance, int64_t drain_ms);

/* --- configuration.c --- */
/* Reads and checks everything a configuration names. NULL: `found` has every finding,
 * *code the ABI code. */
configuration *configuration_load(str text, problems *found, int32_t *code);
configuration *configuration_take(instance *instance);
/* The study of this id among those loaded, or NULL. */
const study *configuration_study(const configuration *c, str id);
void configuration_drop(configuration *configuration);

/* --- setback.c --- */
/* Whether the sweep leaves it alone now. Times are monotonic milliseconds; the caller
 * holds the instance's lock. */
bool setback_waits(setbacks *setbacks, uint64_t what, int64_t now_ms);
/* Notes what came of a try: a failure doubles the wait, a success forgets it. */
void setback_note(setbacks *setbacks, uint64_t what, bool failed, int64_t now_ms);

/* --- journal.c --- */
void journal_init(journal *journal);
void journal_free(journal *journal);
/* Queues a line {"time","level","event","endpoint"?,"text"}; text must hold no patient data. Any
 * thread. */
void journal_line(journal *journal, int level, const char *event, str endpoint, str text);
/* Sets a metric; `name` is static. */
void journal_metric(journal *journal, const char *name, double value);
/* Hands queued lines and metrics to the host's callbacks on this thread. Called at the end of a
 * call, with no lock held. */
void journal_deliver(journal *journal);
bool inside_callback(void);
/* Around each call of a callback of the host. */
void callback_enter(void);
void callback_leave(void);
/* The oldest line, for hosts without callbacks; FHIRTRIAL_NOMATCH when none waits. */
int32_t journal_next(journal *journal, void *out, int64_t cap, int64_t *n);
/* Replaces the callback; returns when the earlier one is running nowhere. */
void journal_on_log(journal *journal, int level, fhirtrial_log_fn fn, void *user);
void journal_on_metric(journal *journal, fhirtrial_metric_fn fn, void *user);
/* The metrics set so far as Prometheus text. */
void journal_prometheus(journal *journal, buf *out);

/* --- outcome.c --- */
/* Problems as an OperationOutcome (docs/abi.md); `text` gives line and column where a file is known
 * to be JSON text. */
void outcome_json(const problems *found, str config_text, buf *out);
void outcome_remember(instance *instance, str document);
/* A mistake of the host, for "last-error" and as a line of level FHIRTRIAL_LOG_HOST; `text` is
 * plain and static. */
void outcome_of_misuse(instance *instance, const char *text);
void outcome_of_open(str document);
/* Copies the process-wide outcome of the latest failed open into `out`; returns its length. */
isize outcome_copy_open(char *out, isize cap);
/* The document into the host's buffer, or FHIRTRIAL_E_BUFFER with the size needed. */
int32_t copy_out(str document, void *out, int64_t cap, int64_t *n);

/* --- clock.c --- */
int64_t clock_real_ns(void);
int64_t clock_monotonic_ms(void);
/* The evaluation clock: the host's callback or real time. */
int64_t clock_evaluation_ns(instance *instance);
/* Whether clock_evaluation_ns has an instant for this thread: a worker has none before the host's
 * clock was asked on a thread of the host. */
bool clock_known(instance *instance);
/* Sets the host's evaluation clock; returns when the earlier one is running nowhere. */
void clock_set(instance *instance, fhirtrial_clock_fn fn, void *user);
/* The instant `at` that a host gives, or the evaluation clock where it gives none (empty); false
 * when it is no instant. */
bool clock_read(instance *instance, str at, int64_t *unix_ns);
/* An instant in UTC with second precision ("2025-06-30T12:00:00Z"). */
str clock_instant(arena *arena, int64_t unix_ns);
when clock_when(const configuration *configuration, int64_t unix_ns);

/* --- process.c --- */
typedef struct message_meta {
    str source, id, key, content_type, traceparent;
} message_meta;
/* Reads meta_json into `meta` (strings in `arena`). False: unknown key or no object. */
bool meta_read(arena *arena, const char *meta_json, message_meta *meta);
typedef struct reply {
    int32_t code;
    char *document;
    isize n;
} reply; /* document is malloc'ed */
/* One message from bytes to commit, on the calling thread; `clock` is the evaluation clock when it
 * was accepted. Never raises, never blocks on the
 * network. */
reply process_message(instance *instance, str bytes, const message_meta *meta, int64_t clock);
/* --- batch.c --- */
/* Messages that would have to be worked on one after another anyway, in their order. */
typedef struct submitted {
    str bytes;
    const message_meta *meta;
    int64_t clock;
    reply reply; /* of process_message, durable for all of them when the call returns */
} submitted;
/* As process_message for each, with as few commits as their number and the time allow. */
void process_batch(instance *instance, submitted *list, isize n);

/* --- process.c, sweeps and commands --- */
/* Re-evaluates a patient (sweeps): the same decision without new resources. */
int32_t process_patient(instance *instance, patient_ref patient);
/* Computes the rows of one kept resource anew with the mappings in force, and what rests on them.
 */
int32_t process_stale(instance *instance, const stale_resource *stale);

/* A patient's record as canonical JSON, from what is stored now. FHIRTRIAL_NOMATCH: nothing is
 * known of him. */
reply process_record(instance *instance, patient_ref patient);
/* A patient's stored verdicts, of one study or (empty) of all, with their Flags (docs/abi.md,
 * explain). FHIRTRIAL_NOMATCH: none was decided. */
reply process_explain(instance *instance, patient_ref patient, str study);
/* The share of an export that the person has who goes by `patient` (docs/abi.md, export.subject);
 * clock: that of the whole export. */
typedef struct export_job export_job;
reply process_export(instance *instance, patient_ref patient, const export_job *job, int64_t clock);
/* Arm, visits and endpoints of the person who goes by `patient` (docs/abi.md, conduct.subject).
 * FHIRTRIAL_NOMATCH: nothing is known of him. */
reply process_conduct(instance *instance, patient_ref patient, str study, int64_t clock);
/* The operator's command that a study's Flags of a patient were wrong: entered-in-error, final.
 * FHIRTRIAL_NOMATCH: there is none. */
int32_t process_flag_error(instance *instance, patient_ref patient, str study, str reason);

/* --- job.c --- */
int32_t job_submit(instance *instance, str bytes, const message_meta *meta, int64_t *id);
/* Works or waits until the job (0: any) has finished or timeout_ms (negative: for ever) is over. */
int32_t job_wait(instance *instance, int64_t *id, int64_t timeout_ms);
int32_t job_fetch(instance *instance, int64_t id, void *out, int64_t cap, int64_t *n);
void job_drop(instance *instance, int64_t id);
/* Runs one waiting job on this thread; false when none waits. */
bool job_run_one(instance *instance);
/* Whether a job has not finished yet. */
bool job_waiting(instance *instance);
void jobs_free(instance *instance);
/* A thread with a small stack, all signals blocked and a name. */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *argument, const char *name);
/* Whether the calling thread is one that takes jobs of some instance. */
bool thread_is_worker(void);
bool workers_start(instance *instance);
/* Lets running jobs end, joins workers and senders' threads. */
void workers_stop(instance *instance);

/* --- outgoing.c: the senders of one handle --- */
bool outgoing_open(instance *instance, const configuration *configuration, endpoint_sender **out,
                   int *n, fault *fault);
/* One thread an endpoint. */
bool outgoing_start(endpoint_sender *senders, int n);
void outgoing_close(endpoint_sender *senders, int n);
/* Steps every sender once within the budget; FHIRTRIAL_OK nothing due, PENDING more, E_AUTH an
 * endpoint refuses. */
int32_t outgoing_step(instance *instance, int64_t budget_ms);
/* Whether an endpoint has messages that are due now; and a short sleep between two looks. */
bool outgoing_waiting(instance *instance);
void outgoing_pause(void);

/* --- sweep.c --- */
/* Rows of an older mapping set, and patients whom time alone may change; a bounded piece of work.
 * True when more is left. */
bool sweep_some(instance *instance);
/* Whether it is time to look for such work; the instance's lock is held. */
bool sweep_due(const instance *instance);

/* --- query.c --- */
int32_t query_answer(instance *instance /* may be NULL */, const char *what, bool from_callback,
                     void *out, int64_t cap, int64_t *n);

#endif
