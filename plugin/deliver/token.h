/* SPDX-License-Identifier: Apache-2.0 */
/* token.h: SMART Backend Services (SMART App Launch 2.2) without the network: what is sent to the
 * authorization server and what of its replies is believed. A token is believed only when it is a
 * bearer token made of b64token bytes (RFC 6750 section 2.1), lives a sane time, and was granted
 * every scope that was asked for. Texts live in the caller's arena or borrow the reply; FAULT_NOMEM
 * is raised at the arena's landing. */
#ifndef FHIRTRIAL_DELIVER_TOKEN_H
#define FHIRTRIAL_DELIVER_TOKEN_H

#include "deliver/crypto.h"
#include "deliver/document.h"

enum {
    ASSERTION_SECONDS = 240,     /* SMART: at most 300 */
    TOKEN_MOST_SECONDS = 86400,  /* an expires_in above is taken as a mistake */
    TOKEN_MOST_BYTES = 16 * 1024 /* what servers accept in a header */
};

typedef struct assertion_claims {
    str client_id, key_id, algorithm;
    str audience;    /* the token URL as it is posted to, unless configured otherwise */
    const char *jti; /* fresh for every attempt */
    int64_t now;     /* Unix seconds */
} assertion_claims;

/* The signed JWT (RFC 7523), or the empty str on a fault of the library. */
str token_assertion(arena *arena, signing_key *key, const assertion_claims *claims);
/* The form that is posted (RFC 6749 section 4.4.2, RFC 7521 section 4.2). */
str token_form(arena *arena, str scope, str assertion);

typedef struct token_grant {
    str token;
    int64_t seconds; /* expires_in */
} token_grant;
/* A reply with status 200. False: *why is a static text. */
bool token_read(const json *reply, str scope, token_grant *out, const char **why);
/* Whether every scope asked for is covered by the granted ones; SMART v2 letters may be spread over
 * several scopes, and v1's read, write and * count as their letters. */
bool token_scope_covers(str granted, str wanted);
/* A static text for the `error` of a token server (RFC 6749 section 5.2), with the remedy. */
const char *token_error_text(const json *reply);

/* What .well-known/smart-configuration says. False: *why is a static text. */
bool smart_configuration_read(const json *document, str algorithm, str *token_url,
                              const char **why);

#endif
