/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the TLS configuration: each mistake is named with its file before anything connects. */
#include "unit.h"

#include "deliver/exchange.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *create(const char *path, int mode) {
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, (mode_t)mode);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static void write_certificate(const char *path, EVP_PKEY *pkey) {
    X509 *certificate = X509_new();
    FILE *file = create(path, 0644);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, pkey);
    X509_sign(certificate, pkey, EVP_sha256());
    if (file) {
        PEM_write_X509(file, certificate);
        fclose(file);
    }
    X509_free(certificate);
}

static void write_key(const char *path, EVP_PKEY *pkey, int mode) {
    FILE *file = create(path, mode);
    if (!file) return;
    PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

static char certificate[4096], key[4096], stranger[4096];

static void make_files(void) {
    EVP_PKEY *pkey = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    (void)snprintf(certificate, sizeof certificate, "%s", unit_scratch("tls.crt"));
    (void)snprintf(key, sizeof key, "%s", unit_scratch("tls.key"));
    (void)snprintf(stranger, sizeof stranger, "%s", unit_scratch("tls-other.key"));
    write_certificate(certificate, pkey);
    write_key(key, pkey, 0600);
    write_key(stranger, other, 0600);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(other);
}

static endpoint_config config_of(const char *client_key) {
    return (endpoint_config){.name = S("ehr"),
                             .ca_path = str_from(certificate),
                             .client_cert_path = client_key ? str_from(certificate) : (str){0},
                             .client_key_path = str_from(client_key)};
}

static void good_files(void) {
    fault fault = {0};
    tls_files files;
    make_files();
    endpoint_config config = config_of(key);
    CHECK_MSG(tls_files_read(&config, &files, &fault), "%s", fault.text);
    CHECK_STR(files.ca, certificate);
    CHECK(files.key && files.key_n > 0);
    CHECK_STR(files.crl, NULL);
    tls_files_release(&files);
    CHECK(files.key == NULL);
}

static void refused(endpoint_config config, const char *why) {
    fault fault = {0};
    tls_files files;
    CHECK(!tls_files_read(&config, &files, &fault));
    CHECK_INT(fault.code, FAULT_CONFIG);
    CHECK_MSG(strstr(fault.text, why) != NULL, "\"%s\" does not say \"%s\"", fault.text, why);
    CHECK(files.key == NULL && files.ca == NULL);
}

static void bad_files(void) {
    make_files();
    endpoint_config none = {.name = S("ehr")};
    refused(none, "tls.ca");
    endpoint_config config = config_of(NULL);
    config.ca_path = str_from(key);
    refused(config, "no PEM certificate");
    config.ca_path = str_from(unit_scratch("absent.crt"));
    refused(config, "cannot be read");
    config = config_of(NULL);
    config.crl_path = str_from(certificate);
    refused(config, "revocation");
    config = config_of(NULL);
    config.ciphers = S("no-such-cipher");
    refused(config, "tls.ciphers");
    refused(config_of(stranger), "not that of the client certificate");
    refused(config_of(certificate), "chmod 600");
    chmod(key, 0640);
    refused(config_of(key), "chmod 600");
}

const unit_test deliver_tls_files_suite[] = {UNIT_TEST(good_files), UNIT_TEST(bad_files), UNIT_END};
