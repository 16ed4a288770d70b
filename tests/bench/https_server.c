/* SPDX-License-Identifier: Apache-2.0 */
#include "https_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, EVENTS = 64 };

static const char capability[] =
    "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",\"kind\":\"instance\","
    "\"date\":\"2025-01-01\",\"fhirVersion\":\"4.0.1\",\"format\":[\"json\"],"
    "\"software\":{\"name\":\"bench\",\"version\":\"1\"},\"rest\":[{\"mode\":\"server\","
    "\"resource\":[{\"type\":\"Flag\",\"versioning\":\"versioned-update\","
    "\"conditionalCreate\":true,\"interaction\":[{\"code\":\"read\"},{\"code\":\"create\"},"
    "{\"code\":\"update\"},{\"code\":\"search-type\"}],"
    "\"searchParam\":[{\"name\":\"identifier\",\"type\":\"token\"}]}]}]}";

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "bench: the server cannot %s\n", what);
    exit(1);
}

/* --- its certificate --- */

static void make_certificate(SSL_CTX *tls, const char *path) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509V3_CTX context;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    static const char *const extensions[][2] = {{"subjectAltName", "IP:127.0.0.1"},
                                                {"basicConstraints", "critical,CA:TRUE"}};
    for (int i = 0; i < 2; i++) {
        X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &context, extensions[i][0], extensions[i][1]);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    FILE *file = fopen(path, "w");
    if (!file || !X509_sign(x, key, EVP_sha256()) || !PEM_write_X509(file, x) ||
        fclose(file) != 0 || SSL_CTX_use_certificate(tls, x) != 1 ||
        SSL_CTX_use_PrivateKey(tls, key) != 1)
        give_up("make its certificate");
    X509_free(x);
    EVP_PKEY_free(key);
}

/* --- one connection --- */

typedef struct connection {
    SSL *ssl;
    int fd, n;
    char in[BUFFER], out[BUFFER];
} connection;

static void answer(connection *c, bool get, const char *body, int n) {
    static long next_id;
    static const char start[] = "{\"resourceType\":\"Flag\"";
    char document[BUFFER / 2];
    const char *text = capability;
    int length = (int)sizeof capability - 1;
    if (!get) {
        int skip = n >= (int)sizeof start - 1 ? (int)sizeof start - 1 : n;
        length = snprintf(document, sizeof document, "%s,\"id\":\"f%ld\"%.*s", start, ++next_id,
                          n - skip, body + skip);
        text = document;
    }
    int all = snprintf(c->out, sizeof c->out,
                       "HTTP/1.1 %s\r\nContent-Type: application/fhir+json\r\nETag: W/\"1\"\r\n"
                       "Content-Length: %d\r\n\r\n%.*s",
                       get ? "200 OK" : "201 Created", length, length, text);
    if (SSL_write(c->ssl, c->out, all) != all) give_up("write a whole reply");
}

/* Answers the request at the start of the buffer; false where it is not whole yet. */
static bool take_request(connection *c) {
    char *end = memmem(c->in, (size_t)c->n, "\r\n\r\n", 4);
    if (!end) return false;
    *end = 0;
    const char *length = strcasestr(c->in, "\r\nContent-Length:");
    int body = length ? (int)strtol(length + 17, NULL, 10) : 0;
    int head = (int)(end - c->in) + 4;
    *end = '\r';
    if (c->n < head + body) return false;
    answer(c, c->in[0] == 'G', c->in + head, body);
    c->n -= head + body;
    memmove(c->in, c->in + head + body, (size_t)c->n);
    return true;
}

/* False where the connection is over. */
static bool serve(connection *c) {
    for (;;) {
        int got = SSL_read(c->ssl, c->in + c->n, BUFFER - c->n);
        if (got <= 0) {
            int why = SSL_get_error(c->ssl, got);
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        }
        c->n += got;
        while (take_request(c)) continue;
        if (c->n == BUFFER) return false;
    }
}

static void drop(connection *c) {
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

static void accept_one(SSL_CTX *tls, int listener, int poll) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    connection *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->fd = fd;
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, fd);
    SSL_set_accept_state(c->ssl);
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.ptr = c}});
}

static _Noreturn void serve_all(SSL_CTX *tls, int listener) {
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.ptr = NULL}});
    for (;;) {
        int n = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            connection *c = events[i].data.ptr;
            if (!c)
                accept_one(tls, listener, poll);
            else if (!serve(c))
                drop(c);
        }
    }
}

int https_server_start(const char *certificate) {
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    if (!tls || listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, 64) != 0 || getsockname(listener, (struct sockaddr *)&at, &length) != 0)
        give_up("listen");
    make_certificate(tls, certificate);
    pid_t parent = getpid(), child = fork();
    if (child < 0) give_up("start");
    if (child > 0) {
        close(listener);
        SSL_CTX_free(tls);
        return ntohs(at.sin_port);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    serve_all(tls, listener);
}
