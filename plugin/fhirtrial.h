/* SPDX-License-Identifier: Apache-2.0 */
/* fhirtrial.h: the whole public face of libfhirtrial, for integration engines and other hosts.
 *
 * A host opens a handle with a configuration, gives it FHIR R4 messages and gets a JSON result
 * for each: resources seen, rows written, verdicts, Flags queued, problems as OperationOutcome.
 * This header declares fifteen functions with fixed-width scalars and byte buffers, and nothing
 * a foreign-function interface could not describe: no struct, no enum in a signature, no
 * variable arguments, no pointer that one side allocates and the other frees. docs/abi.md holds
 * the table of faults and the arguments of fhirtrial_query.
 *
 * Handles are positive int32 numbers. Each call checks the handle it is given: 0, a number that
 *   was never handed out and the handle of something closed give FHIRTRIAL_E_HANDLE, never a
 *   crash and never another host's data.
 * Memory. An input is borrowed until the call returns. An output is copied into the caller's
 *   buffer; its length goes to *out_len, and no NUL is added. Where the buffer is too small the
 *   call gives FHIRTRIAL_E_BUFFER, writes nothing to `out`, and *out_len is the size needed.
 *   `out` may be NULL with `out_cap` 0 to ask for that size. Lengths and capacities are bytes;
 *   a negative one is FHIRTRIAL_E_ARG. Text is UTF-8; JSON results are complete documents.
 * Threads. Every function has one of these tags:
 *   [any-thread]     from any thread, at any time, also before open, after close and from a
 *                    callback.
 *   [thread-safe]    from any thread, also at the same time on one handle, but not from a
 *                    callback (FHIRTRIAL_E_ARG). Order is kept for each patient found in the
 *                    messages, and for each `key` of their meta_json.
 *   [callback-safe]  as [thread-safe], and from a callback too.
 *   With `threads: 0` in the configuration the library never creates a thread: all work is done
 *   inside fhirtrial_process and fhirtrial_step. With `threads: N` it has N workers that block
 *   all signals. A handle does not survive fork(): its use in the child is FHIRTRIAL_E_FORK.
 * Callbacks run only on a thread that is inside a call of this library on the same handle, never
 *   after fhirtrial_close has returned, possibly on several host threads at once. What a worker
 *   has to say is queued and handed over by the next call. A callback must return (no longjmp,
 *   no exception through this library) and may call no function of this library but those that
 *   are [any-thread] or [callback-safe].
 * The host's process is left alone: no signal handler, no exit, no change of locale, working
 *   directory, umask or environment, which is not read either; nothing is written to standard
 *   output or error.
 * Outcomes. Zero and positive codes are no errors; for a message, the negative ones sort into
 *   "never send these bytes again" and "send the same bytes again later". What people need to
 *   know stands in the result, or in fhirtrial_query(handle, "last-error", ...), as an
 *   OperationOutcome that names place, rule and remedy and holds no patient data. */
#ifndef FHIRTRIAL_H
#define FHIRTRIAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The interface this header describes: major << 16 | minor. A new minor only appends functions,
 * codes and names; anything else is a new major. */
#define FHIRTRIAL_ABI ((1u << 16) | 0u)

#define FHIRTRIAL_OK      0 /* done */
#define FHIRTRIAL_PENDING 1 /* not finished yet: call again */
#define FHIRTRIAL_NOMATCH 2 /* nothing to do or to give; for a message: stored, no view matched */

#define FHIRTRIAL_E_ARG      (-1)  /* NULL, a negative length, an unknown name: mend the call */
#define FHIRTRIAL_E_HANDLE   (-2)  /* no such handle or job */
#define FHIRTRIAL_E_ABI      (-3)  /* the library does not offer the interface asked for */
#define FHIRTRIAL_E_CONFIG   (-4)  /* configuration or mappings: "last-error" has file and line */
#define FHIRTRIAL_E_BUFFER   (-5)  /* the buffer is too small: *out_len is the size needed */
#define FHIRTRIAL_E_PARSE    (-6)  /* the bytes are no FHIR JSON or XML: never send them again */
#define FHIRTRIAL_E_REJECT   (-7)  /* refused or quarantined: never send them again */
#define FHIRTRIAL_E_RETRY    (-8)  /* nothing was stored: send the same bytes again later */
#define FHIRTRIAL_E_AUTH     (-9)  /* an endpoint or token server refused this site's identity */
#define FHIRTRIAL_E_FULL     (-10) /* nothing was stored, too much is waiting: slow down, retry */
#define FHIRTRIAL_E_CLOSED   (-11) /* the handle is being closed by another thread */
#define FHIRTRIAL_E_NOMEM    (-12) /* out of memory; nothing was stored */
#define FHIRTRIAL_E_FORK     (-13) /* the handle belongs to the parent process */
#define FHIRTRIAL_E_INTERNAL (-99) /* a defect of this library; nothing was stored */

/* Levels of a log line. */
#define FHIRTRIAL_LOG_DEBUG   0
#define FHIRTRIAL_LOG_INFO    1
#define FHIRTRIAL_LOG_WARNING 2
#define FHIRTRIAL_LOG_ERROR   3
#define FHIRTRIAL_LOG_HOST    4 /* the host broke a rule of this header */

/* Callbacks: `user` is the pointer that was given at registration, never touched here. */

/* One log line: a JSON object in one line, NUL-terminated, valid until the callback returns. It
 * holds no patient data, no token and no key. */
typedef void (*fhirtrial_log_fn)(void *user, int32_t level, const char *json_line);

/* One measurement; `name` as in the "prometheus" query, NUL-terminated, valid until the callback
 * returns. Counters are given as their running total, durations in seconds, sizes in bytes. */
typedef void (*fhirtrial_metric_fn)(void *user, const char *name, double value);

/* The evaluation clock: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
typedef int64_t (*fhirtrial_clock_fn)(void *user);

/* The interface of the loaded library, as FHIRTRIAL_ABI. A host compares the upper 16 bits with
 * its own before anything else. [any-thread] */
uint32_t fhirtrial_abi_version(void);

/* Opens a handle.
 *   want_abi    FHIRTRIAL_ABI of the header the host was written against: the major must be the
 *               library's, the minor at most the library's, else FHIRTRIAL_E_ABI.
 *   config      the configuration's text, `len` bytes of JSON (key "base" gives the folder that
 *               its relative paths start from; secrets are paths of files). NULL: E_ARG.
 *   out_handle  where the handle goes; 0 after any error. NULL: E_ARG.
 * Reads the mappings, opens or creates the store and starts the workers, if any. Several handles
 * may share one store file. Every handle that was opened is to be closed with fhirtrial_close.
 * Errors: E_ARG, E_ABI, E_CONFIG, E_RETRY (the store is busy), E_NOMEM, E_INTERNAL; the reason is
 * fhirtrial_query(0, "last-error", ...). [thread-safe] */
int32_t fhirtrial_open(uint32_t want_abi, const char *config, int64_t len, int32_t *out_handle);

/* Replaces the configuration of an open handle: validates the whole of it first, then swaps, so
 * that each message sees either the old or the new one. After an error the old one stays in
 * force. `config` and `len` as for fhirtrial_open; the store's path, the source, the site key and
 * the number of threads cannot change (E_CONFIG).
 * Errors: E_ARG, E_HANDLE, E_CONFIG, E_CLOSED, E_NOMEM, E_FORK, E_INTERNAL. [thread-safe] */
int32_t fhirtrial_configure(int32_t handle, const char *config, int64_t len);

/* Takes in one message and gives its result: submit, wait and result in one call.
 *   in, in_len  the message: FHIR R4 as JSON (a resource, a Bundle) or XML. NULL with a length
 *               above 0, or no bytes at all: E_ARG.
 *   meta_json   NUL-terminated JSON object or NULL; its keys: source, messageId, key,
 *               contentType, traceparent. Another key is E_ARG.
 *   out, out_cap, out_len  the result. out_len NULL: E_ARG.
 *   job         NULL allowed. 0 after the call, except after E_BUFFER: then the result is kept
 *               under *job for fhirtrial_result, and the message must not be given again.
 *               With NULL a result that does not fit is dropped; the message stays stored.
 * Returns only after the transaction that holds the message, its rows, verdicts and queued Flags
 * is durable; it never waits for an EHR. OK or NOMATCH: stored. E_PARSE, E_REJECT: recorded as
 * refused, the result says why. E_RETRY, E_FULL, E_NOMEM, E_INTERNAL: nothing was stored.
 * Also E_ARG, E_HANDLE, E_BUFFER, E_CLOSED, E_FORK. [thread-safe] */
int32_t fhirtrial_process(int32_t handle, const void *in, int64_t in_len, const char *meta_json,
                          void *out, int64_t out_cap, int64_t *out_len, int64_t *job);

/* Takes in one message and returns at once; arguments as for fhirtrial_process. The bytes are
 * copied. *job (NULL: E_ARG) is a positive number below 2^53, 0 after an error. The message is
 * durable when the job has finished, not before. OK, or E_FULL where too many jobs wait, E_ARG,
 * E_HANDLE, E_CLOSED, E_NOMEM, E_FORK. [thread-safe] */
int32_t fhirtrial_submit(int32_t handle, const void *in, int64_t in_len, const char *meta_json,
                         int64_t *job);

/* Waits until a job has finished.
 *   job         *job names it; with *job 0 any finished job will do and *job becomes its number.
 *               NULL: E_ARG.
 *   timeout_ms  the longest wait in milliseconds; 0 polls, negative is E_ARG.
 * OK: finished, fetch it with fhirtrial_result. PENDING: not yet. NOMATCH: *job was 0 and no job
 * is left. With `threads: 0` the waiting thread does the work itself. Also E_HANDLE (handle or
 * job unknown), E_CLOSED, E_FORK. [thread-safe] */
int32_t fhirtrial_wait(int32_t handle, int64_t *job, int32_t timeout_ms);

/* Copies the result of a finished job and gives the job free; its code is what
 * fhirtrial_process would have returned for the message. PENDING: not finished, nothing copied.
 * E_BUFFER: the job is kept, call again. A job that is unknown or already fetched is E_HANDLE.
 * Also E_ARG, E_CLOSED, E_FORK. [thread-safe] */
int32_t fhirtrial_result(int32_t handle, int64_t job, void *out, int64_t out_cap, int64_t *out_len);

/* Works on the calling thread for about `budget_ms` milliseconds (0: one unit of work): waiting
 * jobs, the outbox, Flags that fall due, rows of an older mapping. The only place where a handle
 * with `threads: 0` talks to an EHR. OK: nothing is left to do now. PENDING: more is. E_AUTH: an
 * endpoint refuses this site, the rest went on. Also E_ARG (negative budget), E_HANDLE,
 * E_CLOSED, E_NOMEM, E_FORK, E_INTERNAL. [thread-safe] */
int32_t fhirtrial_step(int32_t handle, int32_t budget_ms);

/* Answers a question, or carries out a command of an operator.
 *   what  NUL-terminated: a name, then optionally `?` and URL-encoded arguments, such as
 *         "record?patient=...". docs/abi.md lists every name and marks it read or write.
 *         NULL or an unknown name: E_ARG.
 * "info", "libs", "config-schema" and "last-error" take handle 0 too; "last-error" is then the
 * latest failure of fhirtrial_open in this process. A command is carried out once, also where
 * its answer does not fit (E_BUFFER). Errors: E_ARG, E_HANDLE, E_BUFFER, E_REJECT (the command
 * is not allowed in this state), E_RETRY (the store is busy), E_CLOSED, E_NOMEM, E_FORK,
 * E_INTERNAL. From a callback only names marked read. [callback-safe] */
int32_t fhirtrial_query(int32_t handle, const char *what, void *out, int64_t out_cap,
                        int64_t *out_len);

/* Copies the oldest waiting log line (as given to fhirtrial_log_fn) and removes it: for hosts
 * that cannot take callbacks. Lines wait here only while no log callback is registered; the
 * oldest go first when there are too many, and the next line says how many. NOMATCH: none waits.
 * E_BUFFER: the line stays. Also E_ARG, E_HANDLE, E_CLOSED, E_FORK. [thread-safe] */
int32_t fhirtrial_next_event(int32_t handle, void *out, int64_t out_cap, int64_t *out_len);

/* Registers the log callback for lines of at least `min_level` (FHIRTRIAL_LOG_...), replaces the
 * earlier one, or with fn NULL removes it; after the call returns the earlier one is not called
 * again. `user` stays the host's and must outlive the registration. E_ARG (no such level),
 * E_HANDLE, E_CLOSED, E_FORK. [thread-safe] */
int32_t fhirtrial_on_log(int32_t handle, int32_t min_level, fhirtrial_log_fn fn, void *user);

/* Registers, replaces or (fn NULL) removes the metric callback; rules as for fhirtrial_on_log.
 * [thread-safe] */
int32_t fhirtrial_on_metric(int32_t handle, fhirtrial_metric_fn fn, void *user);

/* Registers, replaces or (fn NULL: real time) removes the evaluation clock, which is read once
 * for each accepted message and stored with it: for tests and replay. Tokens, TLS and delays
 * always use real time. Rules as for fhirtrial_on_log. [thread-safe] */
int32_t fhirtrial_on_clock(int32_t handle, fhirtrial_clock_fn fn, void *user);

/* A short English name of a code, for logs: static storage, never NULL, "unknown code" for a
 * number that is none. [any-thread] */
const char *fhirtrial_strerror(int32_t code);

/* Closes a handle: takes no new message, finishes jobs and sends from the outbox for at most
 * `drain_ms` milliseconds (0: not at all; negative: E_ARG), then ends the workers and the
 * callbacks. What was acknowledged is in the store and goes on with the next open; unfinished
 * jobs were never acknowledged. Waits for calls that other threads have in progress on the
 * handle. A handle already closed is E_HANDLE and nothing happens. Also E_CLOSED, E_FORK (the
 * child's copy is given up without touching store or network). [thread-safe] */
int32_t fhirtrial_close(int32_t handle, int32_t drain_ms);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
