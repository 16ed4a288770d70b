/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c: discovery, request and renewal of a token as a small state machine. */
#include "deliver/credentials.h"

#include "deliver/pace.h"
#include "deliver/token.h"
#include "files/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 8 << 20,
    HEADER_TEXT = TOKEN_MOST_BYTES + 64,
    PASSWORD_MOST = 1024,
    SKEW_SECONDS = 60
};

typedef enum step { STEP_NONE, STEP_DISCOVERY, STEP_TOKEN } step;

struct credentials {
    const endpoint_config *config;
    https *https;
    signing_key *key;
    exchange exchange;
    arena arena; /* of the request under way */
    landing landing;
    step step;
    char token_url[1024];
    char header[HEADER_TEXT];
    int64_t renew_at, expires_at, retry_at; /* monotonic ms */
    int64_t asked_at, now, requests, grants;
    credentials_problem problem;
    bool failed;
};

/* --- open and close --- */

static bool set_basic(credentials *a, fault *fault) {
    char password[PASSWORD_MOST], pair[2 * PASSWORD_MOST + 2];
    isize n = 0;
    bool ok = secret_read(S("auth.password"), a->config->password_path, sizeof password, password,
                          &n, fault);
    while (ok && n > 0 && (password[n - 1] == '\n' || password[n - 1] == '\r')) n--;
    if (ok && (a->config->user.n > PASSWORD_MOST || str_find_byte(a->config->user, ':', 0) >= 0)) {
        fault_set(fault, FAULT_CONFIG, -1,
                  "auth.user of endpoint %.*s holds a colon or is too long for basic "
                  "authentication",
                  STR_ARGS(a->config->name));
        ok = false;
    }
    if (ok) {
        memcpy(pair, a->config->user.p, (size_t)a->config->user.n);
        pair[a->config->user.n] = ':';
        memcpy(pair + a->config->user.n + 1, password, (size_t)n);
        int at = snprintf(a->header, sizeof a->header, "Authorization: Basic ");
        EVP_EncodeBlock((unsigned char *)a->header + at, (const unsigned char *)pair,
                        (int)(a->config->user.n + 1 + n));
    }
    OPENSSL_cleanse(password, sizeof password);
    OPENSSL_cleanse(pair, sizeof pair);
    return ok;
}

static bool set_smart(credentials *a, fault *fault) {
    char authority[HTTPS_AUTHORITY];
    a->key = signing_key_read(a->config->key_path, a->config->algorithm, fault);
    if (!a->key) return false;
    if (a->config->token_url.n == 0) return true;
    if (a->config->token_url.n < (isize)sizeof a->token_url &&
        https_authority(a->config->token_url, authority)) {
        memcpy(a->token_url, a->config->token_url.p, (size_t)a->config->token_url.n);
        return true;
    }
    fault_set(fault, FAULT_CONFIG, -1, "auth.tokenUrl of endpoint %.*s is no https URL",
              STR_ARGS(a->config->name));
    return false;
}

credentials *credentials_open(const endpoint_config *config, https *https, fault *fault) {
    credentials *a = calloc(1, sizeof *a);
    if (!a) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the credentials");
        return NULL;
    }
    a->config = config;
    a->https = https;
    arena_init(&a->arena, ARENA_BYTES, &a->landing);
    bool ok = config->auth == AUTH_BASIC           ? set_basic(a, fault)
              : config->auth == AUTH_SMART_BACKEND ? set_smart(a, fault)
                                                   : true;
    if (ok) return a;
    credentials_close(a);
    return NULL;
}

void credentials_close(credentials *a) {
    if (!a) return;
    exchange_release(&a->exchange);
    signing_key_free(a->key);
    arena_release(&a->arena);
    OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

/* --- failures --- */

static void fail(credentials *a, reply_class class, const char *text) {
    a->problem = (credentials_problem){
        class, a->exchange.status, text,
        pace_retry_after(str_from(a->exchange.retry_after), pace_wall_ms() / 1000)};
    a->failed = true;
    a->step = STEP_NONE;
    if (a->config->token_url.n == 0) a->token_url[0] = 0; /* it may have moved: discover again */
}

static void fail_by_transfer(credentials *a) {
    reply_class class = a->exchange.failure;
    fail(a, class == CLASS_AMBIGUOUS ? CLASS_RETRY : class,
         class_transfer_text((int)a->exchange.code));
}

/* A client whose clock is wrong is refused without a word about clocks. */
static bool clocks_differ(const exchange *e) {
    time_t theirs = e->date[0] ? curl_getdate(e->date, NULL) : -1;
    int64_t ours = pace_wall_ms() / 1000;
    return theirs > 0 && (theirs - ours > SKEW_SECONDS || ours - theirs > SKEW_SECONDS);
}

/* --- requests --- */

static void ask(credentials *a, step step, const https_request *request) {
    a->step = step;
    a->asked_at = a->now;
    if (!https_start(a->https, &a->exchange, request))
        fail(a, CLASS_RETRY, "the request for a token could not be made");
}

static void ask_discovery(credentials *a) {
    static const str accept = S_INIT("Accept: application/json");
    const endpoint_config *c = a->config;
    ask(a, STEP_DISCOVERY,
        &(https_request){.method = "GET",
                         .url = arena_printf(&a->arena, "%.*s/.well-known/smart-configuration",
                                             STR_ARGS(c->url)),
                         .headers = &accept,
                         .header_count = 1});
}

static void ask_token(credentials *a) {
    static const str headers[] = {S_INIT("Accept: application/json"),
                                  S_INIT("Content-Type: application/x-www-form-urlencoded")};
    const endpoint_config *c = a->config;
    char jti[37];
    str url = str_from(a->token_url);
    if (!crypto_uuid4(jti)) {
        fail(a, CLASS_CONFIG, "OpenSSL gives no random numbers");
        return;
    }
    assertion_claims claims = {c->client_id, c->key_id,
                               c->algorithm, c->audience.n > 0 ? c->audience : url,
                               jti,          pace_wall_ms() / 1000};
    str assertion = token_assertion(&a->arena, a->key, &claims);
    if (assertion.n == 0) {
        fail(a, CLASS_CONFIG, "the client assertion cannot be signed");
        return;
    }
    a->requests++;
    ask(a, STEP_TOKEN,
        &(https_request){.method = "POST",
                         .url = url,
                         .body = token_form(&a->arena, c->scope, assertion),
                         .headers = headers,
                         .header_count = COUNT_OF(headers),
                         .fresh = true});
}

/* --- replies --- */

static bool host_is_pinned(const credentials *a, str token_url) {
    const endpoint_config *c = a->config;
    char found[HTTPS_AUTHORITY], wanted[HTTPS_AUTHORITY];
    str pin = c->token_host;
    if (!https_authority(token_url, found)) return false;
    if (pin.n == 0) return https_authority(c->url, wanted) && strcmp(found, wanted) == 0;
    if (str_eq_ascii_case(pin, str_from(found))) return true;
    char *colon = strrchr(found, ':');
    return strcmp(colon, ":443") == 0 && str_eq_ascii_case(pin, (str){found, colon - found});
}

static void take_discovery(credentials *a) {
    const exchange *e = &a->exchange;
    str url;
    const char *why;
    if (e->status >= 500 || e->status == 429) {
        fail(a, CLASS_RETRY, class_status_text(e->status, false));
        return;
    }
    const json *document = e->status == 200 ? document_read(&a->arena, exchange_reply(e)) : NULL;
    if (!smart_configuration_read(document, a->config->algorithm, &url, &why)) {
        fail(a, CLASS_CONFIG, why);
        return;
    }
    if (!host_is_pinned(a, url) || url.n >= (isize)sizeof a->token_url) {
        fail(a, CLASS_CONFIG,
             "the discovered token endpoint is on another host than auth.tokenHost allows");
        return;
    }
    memcpy(a->token_url, url.p, (size_t)url.n);
    a->token_url[url.n] = 0;
    ask_token(a);
}

static void keep_token(credentials *a, const token_grant *grant) {
    /* Servers cut the end of a token's life to whole seconds. */
    int64_t life = grant->seconds > 2 ? grant->seconds * 1000 - 1000 : grant->seconds * 500;
    (void)snprintf(a->header, sizeof a->header, "Authorization: Bearer %.*s",
                   STR_ARGS(grant->token));
    a->expires_at = a->asked_at + life;
    a->renew_at = a->asked_at + life / 5 * 4;
    a->grants++;
    a->step = STEP_NONE;
}

static void take_token(credentials *a) {
    const exchange *e = &a->exchange;
    const json *reply = document_read(&a->arena, exchange_reply(e));
    token_grant grant;
    const char *why;
    if (e->status >= 500 || e->status == 408 || e->status == 425 || e->status == 429)
        fail(a, CLASS_RETRY, "the token server is not available");
    else if (e->status >= 300 && e->status < 400)
        fail(a, CLASS_CONFIG, class_status_text(e->status, false));
    else if (e->status != 200 && clocks_differ(e))
        fail(a, CLASS_AUTH,
             "the token server refuses the client, and its clock differs from this machine's by "
             "more than a minute: synchronise the clock");
    else if (e->status != 200)
        fail(a, CLASS_AUTH, token_error_text(reply));
    else if (!token_read(reply, a->config->scope, &grant, &why))
        fail(a, CLASS_AUTH, why);
    else
        keep_token(a, &grant);
}

static void take_step(void *state) {
    credentials *a = state;
    if (a->exchange.code != CURLE_OK)
        fail_by_transfer(a);
    else if (a->step == STEP_DISCOVERY)
        take_discovery(a);
    else
        take_token(a);
}

bool credentials_take(credentials *a, exchange *ended, int64_t now_ms) {
    if (ended != &a->exchange) return false;
    a->now = now_ms;
    if (!guarded(&a->landing, take_step, a)) fail(a, CLASS_RETRY, "no memory for a token's reply");
    if (a->step == STEP_NONE) {
        exchange_forget(&a->exchange);
        arena_clear(&a->arena);
    }
    return true;
}

/* --- the token's life --- */

static void start_step(void *state) {
    credentials *a = state;
    arena_clear(&a->arena);
    if (a->token_url[0])
        ask_token(a);
    else
        ask_discovery(a);
}

static void start(credentials *a) {
    a->failed = false;
    if (!guarded(&a->landing, start_step, a)) fail(a, CLASS_RETRY, "no memory to ask for a token");
    /* A failed renewal is tried again a little later, while the old token still serves. */
    if (a->failed) a->retry_at = a->now + 1000;
}

credentials_state credentials_step(credentials *a, int64_t now_ms) {
    a->now = now_ms;
    if (a->config->auth != AUTH_SMART_BACKEND) return CREDENTIALS_READY;
    bool usable = a->header[0] && now_ms < a->expires_at;
    bool wanted = !usable || now_ms >= a->renew_at;
    if (a->step == STEP_NONE && wanted) {
        if (a->failed && !usable) {
            a->failed = false;
            return CREDENTIALS_FAILED;
        }
        if (!a->failed || now_ms >= a->retry_at) start(a);
    }
    if (usable) return CREDENTIALS_READY;
    if (a->step != STEP_NONE) return CREDENTIALS_WAITING;
    a->failed = false;
    return CREDENTIALS_FAILED;
}

str credentials_header(const credentials *a) { return str_from(a->header); }

int64_t credentials_generation(const credentials *a) { return a->grants; }

bool credentials_discard(credentials *a, int64_t generation) {
    if (a->config->auth != AUTH_SMART_BACKEND) return false;
    if (generation == a->grants) OPENSSL_cleanse(a->header, sizeof a->header);
    return true;
}

credentials_problem credentials_failure(const credentials *a) { return a->problem; }

int64_t credentials_requests(const credentials *a) { return a->requests; }
