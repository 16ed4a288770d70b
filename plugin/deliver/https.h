/* SPDX-License-Identifier: Apache-2.0 */
/* https.h: the only place that talks to the network, so that every request has the same rules
 * (docs/architecture.md, Delivery): https only, TLS 1.2 or newer with ECDHE and AEAD, the
 * configured authorities and no others, names from subjectAltName only, no redirects, no proxy, no
 * .netrc, no cookies, no compression, ceilings on header and body, time limits. Requests of one
 * endpoint run side by side over kept connections (libcurl's multi interface); nothing here blocks
 * but https_poll. Neither keys nor headers nor bodies are logged or put into faults. One thread at
 * a time, except https_wake. */
#ifndef FHIRTRIAL_DELIVER_HTTPS_H
#define FHIRTRIAL_DELIVER_HTTPS_H

#include "deliver/class.h"
#include "deliver/deliver.h"

#include <curl/curl.h>

enum { HTTPS_AUTHORITY = 300, HTTPS_HEADERS_MOST = 8 };

typedef struct https https;

typedef struct https_request {
    const char *method; /* static */
    str url;
    str body;           /* lives until the exchange ended */
    const str *headers; /* "Name: value"; bytes 0x20..0x7e only */
    isize header_count; /* at most HTTPS_HEADERS_MOST */
    bool fresh;         /* on a connection of its own: the library must never send it twice */
} https_request;

/* One request and its reply; reusable with the same https. What `text` members hold is empty when
 * the header was absent or too long to be of use. */
typedef struct exchange {
    CURL *easy;
    struct curl_slist *lines;
    https *owner;
    char host[256], error[CURL_ERROR_SIZE];
    char origin[HTTPS_AUTHORITY]; /* the start of the URL that `host` was read from, up to its path
                                   */
    bool active, ended;
    char *reply; /* the body; wiped when the exchange is used again or released */
    isize reply_n, reply_cap, header_n;
    int header_lines;
    char etag[160], location[600], retry_after[64], content_type[80], date[64];
    int status;          /* HTTP; 0: none */
    CURLcode code;       /* CURLE_OK: the reply is complete */
    reply_class failure; /* class when code is not CURLE_OK */
    bool too_large;
} exchange;

/* Checks URL, authorities, client certificate and key, revocation lists. NULL: *fault. `config`
 * must outlive the result. */
https *https_open(const endpoint_config *config, fault *fault);
/* Every exchange must have been released before; NULL is allowed. */
void https_close(https *https);

/* Starts a request; false (class retry) when there is no memory, or a header or URL that must not
 * be sent. An exchange that is active must not be started. */
bool https_start(https *https, exchange *exchange, const https_request *request);
/* Moves all transfers on and waits at most `wait_ms` for something to happen. */
void https_poll(https *https, int wait_ms);
/* The next exchange that ended since the last call, or NULL. */
exchange *https_next(https *https);
/* Ends the transfer if it is active, wipes and frees what the exchange holds. */
void exchange_release(exchange *exchange);
/* Wipes reply and headers of an exchange that is not active. */
void exchange_forget(exchange *exchange);
/* The reply's body. */
static inline str exchange_reply(const exchange *e) { return (str){e->reply, e->reply_n}; }
/* Makes a waiting https_poll return; from any thread. */
void https_wake(https *https);

/* "host:port" of an https URL without user part; false for anything else. */
bool https_authority(str url, char out[HTTPS_AUTHORITY]);

#endif
