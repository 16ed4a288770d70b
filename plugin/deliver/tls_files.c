/* SPDX-License-Identifier: Apache-2.0 */
/* tls_files.c: the files that an endpoint's TLS rests on, checked before the first connection. */
#include "deliver/exchange.h"

#include "files/secret.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FILE_BYTES = 32768 };

static bool bad(fault *fault, const char *what, str path, const char *why) {
    ERR_clear_error();
    fault_set(fault, FAULT_CONFIG, -1, "%s %.*s: %s", what, STR_ARGS(path), why);
    return false;
}

static bool copy_path(str path, char **out) {
    *out = path.n > 0 ? strndup(path.p, (size_t)path.n) : NULL;
    return path.n == 0 || *out;
}

/* At least one readable certificate or revocation list. */
static bool holds(const char *path, bool lists) {
    BIO *bio = BIO_new_file(path, "r");
    X509 *certificate = bio && !lists ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    X509_CRL *list = bio && lists ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
    bool found = certificate || list;
    X509_free(certificate);
    X509_CRL_free(list);
    BIO_free(bio);
    return found;
}

/* Without this OpenSSL would ask for a pass phrase on the host's terminal. */
static int no_pass_phrase(char *out, int size, int writing, void *self) {
    (void)out, (void)size, (void)writing, (void)self;
    return -1;
}

static bool key_fits(const tls_files *f) {
    BIO *bio = BIO_new_mem_buf(f->key, (int)f->key_n), *file = BIO_new_file(f->cert, "r");
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
    X509 *certificate = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
    bool fits = key && certificate && X509_check_private_key(certificate, key) == 1;
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(bio);
    BIO_free(file);
    ERR_clear_error();
    return fits;
}

static bool read_client(const endpoint_config *c, tls_files *f, fault *fault) {
    if (c->client_cert_path.n == 0) return true;
    if (!holds(f->cert, false))
        return bad(fault, "client certificate", c->client_cert_path, "it is no PEM certificate");
    f->key = calloc(1, KEY_FILE_BYTES);
    if (!f->key) return bad(fault, "client key", c->client_key_path, "there is no memory for it");
    if (!secret_read(S("tls.clientKey"), c->client_key_path, KEY_FILE_BYTES, f->key, &f->key_n,
                     fault))
        return false;
    if (!key_fits(f))
        return bad(fault, "client key", c->client_key_path,
                   "it is no unencrypted PEM key, or not that of the client certificate");
    return true;
}

static bool check_ciphers(const char *list) {
    SSL_CTX *tls = list ? SSL_CTX_new(TLS_client_method()) : NULL;
    bool ok = !list || (tls && SSL_CTX_set_cipher_list(tls, list) == 1);
    SSL_CTX_free(tls);
    ERR_clear_error();
    return ok;
}

static bool read_all(const endpoint_config *c, tls_files *f, fault *fault) {
    if (!copy_path(c->ca_path, &f->ca) || !copy_path(c->client_cert_path, &f->cert) ||
        !copy_path(c->crl_path, &f->crl) || !copy_path(c->ciphers, &f->ciphers)) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the TLS configuration");
        return false;
    }
    if (!f->ca)
        return bad(fault, "endpoint", c->name, "tls.ca must name the authorities to be trusted");
    if (!holds(f->ca, false))
        return bad(fault, "authorities", c->ca_path,
                   "it cannot be read, or holds no PEM certificate");
    if (f->crl && !holds(f->crl, true))
        return bad(fault, "revocation lists", c->crl_path,
                   "it cannot be read, or holds no PEM revocation list");
    if (!check_ciphers(f->ciphers))
        return bad(fault, "endpoint", c->name, "tls.ciphers is no list that OpenSSL knows");
    return read_client(c, f, fault);
}

bool tls_files_read(const endpoint_config *config, tls_files *out, fault *fault) {
    *out = (tls_files){0};
    bool ok = read_all(config, out, fault);
    ERR_clear_error();
    if (!ok) tls_files_release(out);
    return ok;
}

void tls_files_release(tls_files *f) {
    if (f->key) OPENSSL_cleanse(f->key, KEY_FILE_BYTES);
    free(f->key);
    free(f->ca);
    free(f->cert);
    free(f->crl);
    free(f->ciphers);
    *f = (tls_files){0};
}
