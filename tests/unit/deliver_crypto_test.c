/* SPDX-License-Identifier: Apache-2.0 */
/* Digests against published vectors; signatures checked by OpenSSL's verifier; keys that must be
 * refused. */
#include "unit.h"

#include "deliver/crypto.h"
#include "deliver/deliver.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void hex(const uint8_t *bytes, char out[DIGEST_HEX + 1]) {
    digest_hex(bytes, out);
    out[DIGEST_HEX] = 0;
}

/* FIPS 180-4 examples of NIST. */
static void sha256_vectors(void) {
    uint8_t out[DIGEST_BYTES];
    char text[DIGEST_HEX + 1];
    CHECK_OR_RETURN(deliver_digest()->sha256(S("abc"), out));
    hex(out, text);
    CHECK_STR(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_OR_RETURN(deliver_digest()->sha256((str){0}, out));
    hex(out, text);
    CHECK_STR(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The same digests while they are held, by several threads, and after the last release. */
static void *hash_many(void *argument) {
    static const str texts[] = {S("abc"), {0}};
    static const uint8_t first[] = {0xba, 0xe3}, last[] = {0xad, 0x55}; /* of the vectors above */
    bool *good = argument;
    *good = true;
    deliver_digest_hold();
    for (int i = 0; i < 2000; i++) {
        uint8_t out[DIGEST_BYTES] = {0};
        bool ok = deliver_digest()->sha256(texts[i % 2], out);
        *good = *good && ok && out[0] == first[i % 2] && out[DIGEST_BYTES - 1] == last[i % 2];
    }
    deliver_digest_release();
    return NULL;
}

static void held_digests(void) {
    pthread_t threads[4];
    bool good[4];
    deliver_digest_hold();
    sha256_vectors();
    for (int i = 0; i < 4; i++)
        CHECK_OR_RETURN(pthread_create(&threads[i], NULL, hash_many, &good[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i]);
    }
    deliver_digest_release();
    sha256_vectors();
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void hmac_vectors(void) {
    uint8_t out[DIGEST_BYTES];
    char text[DIGEST_HEX + 1], key[131];
    memset(key, 0x0b, 20);
    CHECK_OR_RETURN(deliver_digest()->hmac_sha256((str){key, 20}, S("Hi There"), out));
    hex(out, text);
    CHECK_STR(text, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK_OR_RETURN(
        deliver_digest()->hmac_sha256(S("Jefe"), S("what do ya want for nothing?"), out));
    hex(out, text);
    CHECK_STR(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    CHECK_OR_RETURN(deliver_digest()->hmac_sha256(
        (str){key, 131}, S("Test Using Larger Than Block-Size Key - Hash Key First"), out));
    hex(out, text);
    CHECK_STR(text, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 4648 section 10, without padding, and the two characters of section 5. */
static void base64url_vectors(void) {
    static const char *const vectors[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char out[16] = "";
        isize n = (isize)strlen(vectors[i][0]);
        base64url((const uint8_t *)vectors[i][0], n, out);
        CHECK_BYTES(out, base64url_size(n), vectors[i][1]);
    }
}

static void uuids_are_version_4(void) {
    char a[37], b[37];
    CHECK_OR_RETURN(crypto_uuid4(a) && crypto_uuid4(b));
    CHECK_INT(strlen(a), 36);
    CHECK_INT(a[14], '4');
    CHECK(strchr("89ab", a[19]) != NULL);
    CHECK(strspn(a, "0123456789abcdef-") == 36);
    CHECK(strcmp(a, b) != 0);
}

static const char *write_key(const char *name, EVP_PKEY *pkey, const EVP_CIPHER *cipher, int mode) {
    const char *path = unit_scratch(name);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_EXCL, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) return NULL;
    PEM_write_PrivateKey(file, pkey, cipher, (unsigned char *)"pass", cipher ? 4 : 0, NULL, NULL);
    fchmod(fd, (mode_t)mode);
    fclose(file);
    return path;
}

static signing_key *key_of(EVP_PKEY *pkey, const char *algorithm, fault *fault) {
    const char *path = write_key("signing.pem", pkey, NULL, 0600);
    return path ? signing_key_read(str_from(path), str_from(algorithm), fault) : NULL;
}

static bool verify(EVP_PKEY *pkey, str input, const uint8_t *signature, isize n) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, pkey) == 1 &&
              EVP_DigestVerify(context, signature, (size_t)n, (const unsigned char *)input.p,
                               (size_t)input.n) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static void rs384_verifies(void) {
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    fault fault = {0};
    uint8_t out[SIGNATURE_BYTES];
    isize n = 0;
    signing_key *key = key_of(pkey, "RS384", &fault);
    if (CHECK_MSG(key != NULL, "%s", fault.text)) {
        CHECK(signing_key_sign(key, S("header.claims"), out, &n));
        CHECK_INT(n, 256);
        CHECK(verify(pkey, S("header.claims"), out, n));
        CHECK(!verify(pkey, S("header.claimz"), out, n));
    }
    signing_key_free(key);
    EVP_PKEY_free(pkey);
}

static bool verify_raw(EVP_PKEY *pkey, str input, const uint8_t raw[96]) {
    ECDSA_SIG *pair = ECDSA_SIG_new();
    unsigned char *der = NULL;
    ECDSA_SIG_set0(pair, BN_bin2bn(raw, 48, NULL), BN_bin2bn(raw + 48, 48, NULL));
    int n = i2d_ECDSA_SIG(pair, &der);
    bool ok = n > 0 && verify(pkey, input, der, n);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return ok;
}

/* A hundred, because r or s has a leading zero byte in one of 128 and must keep its 48 bytes. */
static void es384_is_raw_and_verifies(void) {
    EVP_PKEY *pkey = EVP_EC_gen("P-384");
    fault fault = {0};
    uint8_t out[SIGNATURE_BYTES];
    isize n = 0;
    signing_key *key = key_of(pkey, "ES384", &fault);
    if (CHECK_MSG(key != NULL, "%s", fault.text)) {
        for (int i = 0; i < 100; i++) {
            CHECK(signing_key_sign(key, S("header.claims"), out, &n));
            CHECK_INT(n, 96);
            CHECK(verify_raw(pkey, S("header.claims"), out));
        }
        CHECK(!verify_raw(pkey, S("other"), out));
    }
    signing_key_free(key);
    EVP_PKEY_free(pkey);
}

static void refuses(EVP_PKEY *pkey, const char *algorithm, const char *why) {
    fault fault = {0};
    signing_key *key = key_of(pkey, algorithm, &fault);
    CHECK(key == NULL);
    CHECK_INT(fault.code, FAULT_CONFIG);
    CHECK_MSG(strstr(fault.text, why) != NULL, "\"%s\" does not say \"%s\"", fault.text, why);
    signing_key_free(key);
    EVP_PKEY_free(pkey);
}

static void unfit_keys_are_refused(void) {
    refuses(EVP_RSA_gen(1024), "RS384", "shorter than 2048");
    refuses(EVP_EC_gen("P-256"), "ES384", "P-384");
    refuses(EVP_EC_gen("P-384"), "RS384", "no RSA key");
    refuses(EVP_RSA_gen(2048), "ES384", "P-384");
    refuses(EVP_RSA_gen(2048), "RS256", "RS384 or ES384");
}

static void unsafe_files_are_refused(void) {
    EVP_PKEY *pkey = EVP_EC_gen("P-384");
    fault fault = {0};
    const char *path = write_key("open.pem", pkey, NULL, 0644);
    CHECK_OR_RETURN(path != NULL);
    CHECK(signing_key_read(str_from(path), S("ES384"), &fault) == NULL);
    CHECK(strstr(fault.text, "chmod 600") != NULL);
    path = write_key("locked.pem", pkey, EVP_aes_256_cbc(), 0600);
    CHECK(signing_key_read(str_from(path), S("ES384"), &fault) == NULL);
    CHECK(strstr(fault.text, "pass phrase") != NULL);
    EVP_PKEY_free(pkey);
    CHECK(signing_key_read(str_from(unit_scratch("absent.pem")), S("ES384"), &fault) == NULL);
    CHECK(strstr(fault.text, "does not exist") != NULL);
}

const unit_test deliver_crypto_suite[] = {UNIT_TEST(sha256_vectors),
                                          UNIT_TEST(held_digests),
                                          UNIT_TEST(hmac_vectors),
                                          UNIT_TEST(base64url_vectors),
                                          UNIT_TEST(uuids_are_version_4),
                                          UNIT_TEST(rs384_verifies),
                                          UNIT_TEST(es384_is_raw_and_verifies),
                                          UNIT_TEST(unfit_keys_are_refused),
                                          UNIT_TEST(unsafe_files_are_refused),
                                          UNIT_END};
