/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.h: the inner side of https.h: files of the TLS configuration, and libcurl's callbacks of
 * one exchange. For https.c alone. No callback raises, blocks or logs. */
#ifndef FHIRTRIAL_DELIVER_EXCHANGE_H
#define FHIRTRIAL_DELIVER_EXCHANGE_H

#include "deliver/https.h"

/* NUL-terminated paths, and the client key's bytes, which are read once so that libcurl cannot be
 * led to another file later. */
typedef struct tls_files {
    char *ca, *cert, *crl, *ciphers;
    char *key;
    isize key_n;
} tls_files;

/* Checks every file; false: *fault names the file and the remedy, and nothing is held. */
bool tls_files_read(const endpoint_config *config, tls_files *out, fault *fault);
/* Wipes the key and frees. */
void tls_files_release(tls_files *files);

bool exchange_set_host(exchange *exchange, str url);
/* False for a header that must not be sent. */
bool exchange_set_lines(exchange *exchange, const https_request *request);
/* Takes note of how the transfer ended. */
void exchange_end(exchange *exchange, CURLcode code);

/* libcurl's callbacks; `self` is the exchange. */
size_t exchange_take_body(char *data, size_t size, size_t count, void *self);
size_t exchange_take_header(char *data, size_t size, size_t count, void *self);
CURLcode exchange_harden_tls(CURL *easy, void *context, void *self);

#endif
