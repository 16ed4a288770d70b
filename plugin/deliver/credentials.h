/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h: the right to talk to one endpoint: the Authorization header, and for SMART Backend
 * Services the token behind it. A token lives in memory only, is asked for once at a time, renewed
 * at 80 % of its life by the monotonic clock, and wiped when it is replaced, refused or no longer
 * needed. Every request for a token carries a fresh assertion, and goes only to the pinned host.
 * Requests for tokens are exchanges of the endpoint's HTTPS client, so nothing here waits. One
 * thread at a time. */
#ifndef FHIRTRIAL_DELIVER_CREDENTIALS_H
#define FHIRTRIAL_DELIVER_CREDENTIALS_H

#include "deliver/https.h"

typedef struct credentials credentials;

typedef enum credentials_state {
    CREDENTIALS_READY,   /* credentials_header may be used */
    CREDENTIALS_WAITING, /* a token is under way */
    CREDENTIALS_FAILED   /* see credentials_failure; the next credentials_step tries again */
} credentials_state;

typedef struct credentials_problem {
    reply_class class;
    int status;
    const char *text;       /* static */
    int64_t retry_after_ms; /* -1: the server names none */
} credentials_problem;

/* Reads key or password. NULL: *fault. `config` and `https` must outlive the result. */
credentials *credentials_open(const endpoint_config *config, https *https, fault *fault);
/* Wipes and frees; before https_close. */
void credentials_close(credentials *credentials);

/* Asks for a token where one is needed and none is under way. */
credentials_state credentials_step(credentials *credentials, int64_t now_ms);
/* Takes an exchange that ended; false when it is not one of its own. */
bool credentials_take(credentials *credentials, exchange *ended, int64_t now_ms);
/* "Authorization: ...", NUL-terminated, or the empty str where none is sent; valid until the next
 * call of credentials_step, credentials_take or credentials_discard. */
str credentials_header(const credentials *credentials);
/* Which token credentials_header gives: grows with every new one. */
int64_t credentials_generation(const credentials *credentials);
/* The server refused the token of that generation: it is forgotten, unless a newer one is there
 * already. False where no token can be renewed. */
bool credentials_discard(credentials *credentials, int64_t generation);
/* Why CREDENTIALS_FAILED. */
credentials_problem credentials_failure(const credentials *credentials);
/* How many tokens were asked for. */
int64_t credentials_requests(const credentials *credentials);

#endif
