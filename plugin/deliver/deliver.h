/* SPDX-License-Identifier: Apache-2.0 */
/* deliver.h: the face of the delivery room, the only one with sockets. It carries outbox messages
 * of one endpoint to an EHR's FHIR server over authenticated HTTPS (or appends them to a file),
 * proves what the server did, and records it through the store. It knows Flags only as FHIR
 * resources with an identifier and a subject; what they mean was decided before. The protocol is
 * strategy A of docs/architecture.md (conditional create, then version-aware update; read after any
 * ambiguity), so an effect happens exactly once where the server keeps FHIR's conditional
 * semantics. A sender is used by one thread at a time; several senders may run in parallel. Nothing
 * here calls back into the host. */
#ifndef FHIRTRIAL_DELIVER_DELIVER_H
#define FHIRTRIAL_DELIVER_DELIVER_H

#include "base/digest.h"
#include "base/fault.h"

typedef struct store store;

typedef enum endpoint_type { ENDPOINT_FHIR, ENDPOINT_FILE } endpoint_type;
typedef enum auth_type { AUTH_NONE, AUTH_SMART_BACKEND, AUTH_BASIC, AUTH_MTLS } auth_type;

/* One endpoint of the configuration; all text lives as long as the configuration. Empty str: not
 * set. */
typedef struct endpoint_config {
    str name;
    endpoint_type type;
    str url;  /* base URL without trailing slash (fhir) */
    str path; /* absolute path of the NDJSON file (file) */
    auth_type auth;
    str client_id, key_path, key_id, algorithm /* RS384 | ES384 */, scope, token_url, token_host,
        audience;
    str user, password_path; /* basic */
    str ca_path, client_cert_path, client_key_path, crl_path, ciphers;
    int64_t connect_ms, total_ms;
    int64_t per_second, max_in_flight;
    int64_t backoff_first_ms, backoff_max_ms;
} endpoint_config;

/* Levels of log lines; the numbers are those of FHIRTRIAL_LOG_... */
enum { DELIVER_DEBUG, DELIVER_INFO, DELIVER_WARNING, DELIVER_ERROR };

/* Where lines about the delivery go: JSON-safe text without patient data, keys, tokens or bodies;
 * messages are named by their outbox number. Called on the thread that steps the sender. Copied by
 * sender_open. Names of metrics are static. */
typedef struct deliver_log {
    void *self;
    void (*line)(void *self, int level, const char *event, str endpoint, str text);
    void (*metric)(void *self, const char *name, double value);
} deliver_log;

typedef struct sender sender;

/* Library initialisation of libcurl and OpenSSL, counted per load; never undone (contracts.md, ABI
 * details). False when libcurl lacks TLS. */
bool deliver_init(fault *fault);
/* SHA-256 and HMAC from OpenSSL for the pure rooms. */
const digest *deliver_digest(void);
/* Makes them faster from the first hold to the last release; whoever holds them releases them as
 * often. No digest may be under way at the last release. From any thread. */
void deliver_digest_hold(void);
void deliver_digest_release(void);

/* Checks what can be checked without the network (URL, key file, certificates) and makes a sender.
 * NULL: *fault has place and remedy. */
sender *sender_open(store *store, const endpoint_config *config, const deliver_log *log,
                    fault *fault);
/* Works for at most about `budget_ms` (0: one pass without waiting): takes due messages, keeps up
 * to max_in_flight keys in parallel, obtains tokens, sends, verifies, commits. Returns the number
 * of messages that reached an end state (done, parked, superseded) in this call; -1 when another
 * process is this endpoint's sender. */
int sender_step(sender *sender, int budget_ms);
/* Milliseconds until something is due: 0 now, -1 nothing is queued. */
int64_t sender_due_ms(sender *sender);
/* Makes a running sender_step return soon (thread-safe). */
void sender_interrupt(sender *sender);
/* State for humans and `health`: strategy in force, capability, last error class, stopped or not;
 * JSON object, copied. */
isize sender_status_json(sender *sender, char *out, isize cap);
/* Ends transfers in flight (they stay `inflight` in the store and are read back before any resend)
 * and frees everything. */
void sender_close(sender *sender);

#endif
