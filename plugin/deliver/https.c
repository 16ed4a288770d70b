/* SPDX-License-Identifier: Apache-2.0 */
/* https.c: one libcurl multi handle an endpoint, and the one list of options. */
#include "deliver/https.h"

#include "deliver/exchange.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct https {
    CURLM *multi;
    const endpoint_config *config;
    tls_files files;
};

enum { UPLOAD_BYTES = 16384 }; /* libcurl's least: it allocates the buffer anew for each request */

static const char ciphers_of_rfc9325[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* --- open and close --- */

bool https_authority(str url, char out[HTTPS_AUTHORITY]) {
    char *host = NULL, *port = NULL, *user = NULL, *scheme = NULL;
    char *copy = strndup(url.p ? url.p : "", (size_t)url.n);
    CURLU *parsed = curl_url();
    bool ok = copy && parsed && curl_url_set(parsed, CURLUPART_URL, copy, 0) == CURLUE_OK &&
              curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              strcmp(scheme, "https") == 0 &&
              curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
              curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
              strlen(host) + strlen(port) + 2 <= HTTPS_AUTHORITY;
    if (ok) {
        size_t n = strlen(host);
        for (size_t i = 0; i < n; i++)
            out[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
        out[n] = ':';
        memcpy(out + n + 1, port, strlen(port) + 1);
    }
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    free(copy);
    return ok;
}

https *https_open(const endpoint_config *config, fault *fault) {
    char authority[HTTPS_AUTHORITY];
    https *h = calloc(1, sizeof *h);
    if (!h) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the HTTPS client");
        return NULL;
    }
    h->config = config;
    if (!https_authority(config->url, authority) || !document_is_visible(config->url)) {
        fault_set(fault, FAULT_CONFIG, -1,
                  "the URL of endpoint %.*s is no https base URL: write https://host[:port]/path",
                  STR_ARGS(config->name));
        goto failed;
    }
    if (!tls_files_read(config, &h->files, fault)) goto failed;
    h->multi = curl_multi_init();
    if (!h->multi) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the HTTPS client");
        goto failed;
    }
    long most = (long)(config->max_in_flight > 0 ? config->max_in_flight : 1) + 2;
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, most);
    return h;
failed:
    https_close(h);
    return NULL;
}

void https_close(https *h) {
    if (!h) return;
    curl_multi_cleanup(h->multi);
    tls_files_release(&h->files);
    free(h);
}

/* --- one request --- */

static CURLcode set_tls(https *h, exchange *e) {
    const endpoint_config *c = h->config;
    CURL *easy = e->easy;
    CURLcode bad = CURLE_OK;
    struct curl_blob key = {h->files.key, (size_t)h->files.key_n, CURL_BLOB_NOCOPY};
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST,
                            h->files.ciphers ? h->files.ciphers : ciphers_of_rfc9325);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_EC_CURVES, "X25519:P-256:P-384");
    bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, h->files.ca);
    bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, exchange_harden_tls);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, e);
    if (h->files.crl) bad |= curl_easy_setopt(easy, CURLOPT_CRLFILE, h->files.crl);
    if (c->client_cert_path.n == 0) return bad;
    bad |= curl_easy_setopt(easy, CURLOPT_SSLCERT, h->files.cert);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    bad |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    return bad;
}

static CURLcode set_transfer(https *h, exchange *e) {
    const endpoint_config *c = h->config;
    CURL *easy = e->easy;
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, NULL);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)c->total_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 100L);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 20L);
    bad |= curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)LIMIT_REPLY_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, e->error);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, exchange_take_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, e);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, exchange_take_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, e);
    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, e);
    return bad;
}

/* A body is always given to POST and PUT, so that libcurl never reads one from standard input. */
static CURLcode set_request(exchange *e, const https_request *r) {
    CURL *easy = e->easy;
    CURLcode bad = CURLE_OK;
    bool carries = strcmp(r->method, "GET") != 0;
    char *url = strndup(r->url.p, (size_t)r->url.n);
    if (!url) return CURLE_OUT_OF_MEMORY;
    bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    if (carries) {
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body.p ? r->body.p : "");
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)r->body.n);
        bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    } else {
        bad |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    }
    bad |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, r->fresh ? 1L : 0L);
    return bad | curl_easy_setopt(easy, CURLOPT_HTTPHEADER, e->lines);
}

/* What is the same for every request of an exchange is set once. */
static bool prepare(https *h, exchange *e) {
    if (e->easy) return true;
    e->easy = curl_easy_init();
    e->owner = h;
    if (e->easy && !set_tls(h, e) && !set_transfer(h, e)) return true;
    curl_easy_cleanup(e->easy);
    e->easy = NULL;
    return false;
}

bool https_start(https *h, exchange *e, const https_request *request) {
    exchange_forget(e);
    if (!prepare(h, e) || !exchange_set_host(e, request->url) || !exchange_set_lines(e, request))
        return false;
    if (set_request(e, request)) return false;
    if (curl_multi_add_handle(h->multi, e->easy) != CURLM_OK) return false;
    e->active = true;
    return true;
}

/* --- moving on --- */

void https_poll(https *h, int wait_ms) {
    int running = 0;
    if (wait_ms > 0) curl_multi_poll(h->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(h->multi, &running);
}

exchange *https_next(https *h) {
    int left = 0;
    for (CURLMsg *m = curl_multi_info_read(h->multi, &left); m;
         m = curl_multi_info_read(h->multi, &left)) {
        exchange *e = NULL;
        if (m->msg != CURLMSG_DONE) continue;
        CURL *easy = m->easy_handle;
        CURLcode code = m->data.result;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &e);
        curl_multi_remove_handle(h->multi, easy);
        exchange_end(e, code);
        return e;
    }
    return NULL;
}

void exchange_release(exchange *e) {
    if (e->active) curl_multi_remove_handle(e->owner->multi, e->easy);
    exchange_forget(e);
    curl_easy_cleanup(e->easy);
    free(e->reply);
    OPENSSL_cleanse(e, sizeof *e);
}

void https_wake(https *h) { curl_multi_wakeup(h->multi); }
