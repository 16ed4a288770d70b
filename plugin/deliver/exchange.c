/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c: what libcurl hands over, within ceilings. */
#include "deliver/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 64 * 1024, HEADER_LINES = 200, FIRST_REPLY = 4096 };

/* --- before the request --- */

static void wipe_lines(struct curl_slist *lines) {
    for (struct curl_slist *l = lines; l; l = l->next) OPENSSL_cleanse(l->data, strlen(l->data));
    curl_slist_free_all(lines);
}

static void forget_headers(exchange *e) {
    e->etag[0] = e->location[0] = e->retry_after[0] = e->content_type[0] = e->date[0] = 0;
    e->header_n = e->header_lines = 0;
}

void exchange_forget(exchange *e) {
    if (e->reply) OPENSSL_cleanse(e->reply, (size_t)e->reply_cap);
    wipe_lines(e->lines);
    e->lines = NULL;
    forget_headers(e);
    e->reply_n = 0;
    e->status = 0;
    e->code = CURLE_OK;
    e->active = e->ended = e->too_large = false;
    e->error[0] = 0;
}

/* "https://host:port" as it is written; empty where that is no plain authority. */
static str origin_of(str url) {
    isize slash = str_find_byte(url, '/', sizeof "https://" - 1);
    str origin = slash < 0 ? (str){0} : str_slice(url, 0, slash);
    for (isize i = 0; i < origin.n; i++)
        if (origin.p[i] == '?' || origin.p[i] == '#' || origin.p[i] == '\\') return (str){0};
    return origin.n < HTTPS_AUTHORITY ? origin : (str){0};
}

static bool read_host(exchange *e, str url) {
    char authority[HTTPS_AUTHORITY];
    if (!https_authority(url, authority)) return false;
    char *colon = strrchr(authority, ':');
    *colon = 0;
    size_t n = strlen(authority);
    bool bracketed = n > 2 && authority[0] == '[';
    if (bracketed) authority[n - 1] = 0;
    n = strlen(authority + bracketed);
    if (n == 0 || n >= sizeof e->host) return false;
    memcpy(e->host, authority + bracketed, n + 1);
    return true;
}

/* Nearly every request of an exchange goes where the one before it went. */
bool exchange_set_host(exchange *e, str url) {
    str origin = origin_of(url);
    if (!document_is_visible(url)) return false;
    if (origin.n > 0 && str_eq(origin, str_from(e->origin))) return true;
    e->host[0] = e->origin[0] = 0;
    if (!read_host(e, url)) return false;
    if (origin.n > 0) memcpy(e->origin, origin.p, (size_t)origin.n);
    e->origin[origin.n] = 0;
    return true;
}

static bool append_line(exchange *e, const char *line) {
    struct curl_slist *longer = curl_slist_append(e->lines, line);
    if (longer) e->lines = longer;
    return longer != NULL;
}

static bool may_be_sent(str line) {
    for (isize i = 0; i < line.n; i++)
        if (line.p[i] < 0x20 || line.p[i] > 0x7e) return false;
    return str_find_byte(line, ':', 0) > 0;
}

bool exchange_set_lines(exchange *e, const https_request *r) {
    bool ok = append_line(e, "Expect:");
    for (isize i = 0; ok && i < r->header_count; i++) {
        char *line =
            may_be_sent(r->headers[i]) ? strndup(r->headers[i].p, (size_t)r->headers[i].n) : NULL;
        ok = line && append_line(e, line);
        if (line) OPENSSL_cleanse(line, strlen(line));
        free(line);
    }
    return ok;
}

/* --- TLS --- */

/* OpenSSL would take the subject's common name where a certificate has no subjectAltName; RFC 9525
 * (and RFC 9325 section 4.4) says never. Level 2: RSA and DH of 2048 bits, no SHA-1. */
CURLcode exchange_harden_tls(CURL *easy, void *context, void *self) {
    const exchange *e = self;
    SSL_CTX *tls = context;
    unsigned char address[sizeof(struct in6_addr)];
    X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(tls);
    (void)easy;
    SSL_CTX_set_security_level(tls, 2);
    SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                                X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool literal =
        inet_pton(AF_INET, e->host, address) == 1 || inet_pton(AF_INET6, e->host, address) == 1;
    int ok = literal ? X509_VERIFY_PARAM_set1_ip_asc(verify, e->host)
                     : X509_VERIFY_PARAM_set1_host(verify, e->host, strlen(e->host));
    return ok == 1 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* --- the reply --- */

static bool reserve(exchange *e, isize wanted) {
    isize cap = e->reply_cap ? e->reply_cap : FIRST_REPLY;
    while (cap < wanted) cap *= 2;
    if (cap == e->reply_cap) return true;
    char *larger = malloc((size_t)cap);
    if (!larger) return false;
    if (e->reply) {
        memcpy(larger, e->reply, (size_t)e->reply_n);
        OPENSSL_cleanse(e->reply, (size_t)e->reply_cap);
        free(e->reply);
    }
    e->reply = larger;
    e->reply_cap = cap;
    return true;
}

size_t exchange_take_body(char *data, size_t size, size_t count, void *self) {
    exchange *e = self;
    isize n = (isize)(size * count);
    e->too_large = n > LIMIT_REPLY_BYTES - e->reply_n;
    if (e->too_large || !reserve(e, e->reply_n + n)) return 0;
    memcpy(e->reply + e->reply_n, data, (size_t)n);
    e->reply_n += n;
    return (size_t)n;
}

/* A value that is too long or has other bytes than printable ASCII is as good as none. */
static void keep_header(char *out, isize cap, str value) {
    out[0] = 0;
    if (value.n >= cap) return;
    for (isize i = 0; i < value.n; i++)
        if (value.p[i] < 0x20 || value.p[i] > 0x7e) return;
    memcpy(out, value.p, (size_t)value.n);
    out[value.n] = 0;
}

static void take_field(exchange *e, str line) {
    isize colon = str_find_byte(line, ':', 0);
    if (colon < 1) return;
    str name = str_slice(line, 0, colon), value = str_trim(str_slice(line, colon + 1, line.n));
    if (str_eq_ascii_case(name, S("etag"))) keep_header(e->etag, sizeof e->etag, value);
    if (str_eq_ascii_case(name, S("location"))) keep_header(e->location, sizeof e->location, value);
    if (str_eq_ascii_case(name, S("retry-after")))
        keep_header(e->retry_after, sizeof e->retry_after, value);
    if (str_eq_ascii_case(name, S("content-type")))
        keep_header(e->content_type, sizeof e->content_type, value);
    if (str_eq_ascii_case(name, S("date"))) keep_header(e->date, sizeof e->date, value);
}

size_t exchange_take_header(char *data, size_t size, size_t count, void *self) {
    exchange *e = self;
    str line = {data, (isize)(size * count)};
    isize read = e->header_n + line.n;
    int lines = e->header_lines + 1;
    e->too_large = read > HEADER_BYTES || lines > HEADER_LINES;
    if (e->too_large) return 0;
    if (str_starts(line, S("HTTP/"))) forget_headers(e); /* an interim reply came before */
    e->header_n = read;
    e->header_lines = lines;
    take_field(e, line);
    return (size_t)line.n;
}

void exchange_end(exchange *e, CURLcode code) {
    long status = 0, sent = 0, system_error = 0;
    curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(e->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(e->easy, CURLINFO_OS_ERRNO, &system_error);
    bool reset = system_error == ECONNRESET || system_error == EPIPE ||
                 strstr(e->error, "SSL_ERROR_SYSCALL") || strstr(e->error, "reset by peer");
    bool alert = code == CURLE_RECV_ERROR && strstr(e->error, "alert");
    e->active = false;
    e->ended = true;
    e->code = code;
    e->status = code == CURLE_OK ? (int)status : 0;
    if (code != CURLE_OK) e->failure = class_of_transfer((int)code, sent > 0, reset, alert);
}
