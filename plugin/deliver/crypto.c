/* SPDX-License-Identifier: Apache-2.0 */
/* crypto.c: digests for the pure rooms, and signatures of client assertions, from libcrypto. */
#include "deliver/crypto.h"

#include "deliver/deliver.h"
#include "files/secret.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { KEY_FILE_BYTES = 32768, RSA_LEAST_BITS = 2048, RSA_MOST_BITS = 16384, P384_BYTES = 48 };

struct signing_key {
    EVP_PKEY *pkey;
    bool ec;
};

/* --- digests --- */

/* While somebody holds the digests: SHA-256 looked up once, which else costs as much as hashing 500
 * bytes, and a context for whoever comes first. */
static pthread_mutex_t holders_lock = PTHREAD_MUTEX_INITIALIZER;
static int holders;
static EVP_MD *_Atomic held_sha256;
static EVP_MD_CTX *_Atomic spare;

void deliver_digest_hold(void) {
    pthread_mutex_lock(&holders_lock);
    if (holders++ == 0) {
        atomic_store(&held_sha256, EVP_MD_fetch(NULL, "SHA256", NULL));
        atomic_store(&spare, EVP_MD_CTX_new());
    }
    pthread_mutex_unlock(&holders_lock);
}

void deliver_digest_release(void) {
    pthread_mutex_lock(&holders_lock);
    if (--holders == 0) {
        EVP_MD_CTX_free(atomic_exchange(&spare, NULL));
        EVP_MD_free(atomic_exchange(&held_sha256, NULL));
    }
    pthread_mutex_unlock(&holders_lock);
}

static bool sha256(str data, uint8_t out[DIGEST_BYTES]) {
    const EVP_MD *method = atomic_load(&held_sha256);
    EVP_MD_CTX *context = atomic_exchange(&spare, NULL);
    const char *bytes = data.p ? data.p : "";
    unsigned int n = 0;
    if (!method) method = EVP_sha256();
    if (!context)
        return EVP_Digest(bytes, (size_t)data.n, out, &n, method, NULL) == 1 && n == DIGEST_BYTES;
    bool ok = EVP_DigestInit_ex(context, method, NULL) == 1 &&
              EVP_DigestUpdate(context, bytes, (size_t)data.n) == 1 &&
              EVP_DigestFinal_ex(context, out, &n) == 1 && n == DIGEST_BYTES;
    atomic_store(&spare, context);
    return ok;
}

static bool hmac_sha256(str key, str data, uint8_t out[DIGEST_BYTES]) {
    unsigned int n = 0;
    return key.n <= INT32_MAX &&
           HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n,
                (const unsigned char *)(data.p ? data.p : ""), (size_t)data.n, out, &n) != NULL &&
           n == DIGEST_BYTES;
}

const digest *deliver_digest(void) {
    static const digest functions = {sha256, hmac_sha256};
    return &functions;
}

/* --- random bytes and their spelling --- */

bool crypto_random(uint8_t *out, isize n) {
    bool ok = n <= INT32_MAX && RAND_bytes(out, (int)n) == 1;
    if (!ok) ERR_clear_error();
    return ok;
}

bool crypto_uuid4(char uuid[37]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t b[16];
    int at = 0;
    uuid[0] = 0;
    if (!crypto_random(b, sizeof b)) return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) uuid[at++] = '-';
        uuid[at++] = digits[b[i] >> 4];
        uuid[at++] = digits[b[i] & 15];
    }
    uuid[at] = 0;
    return true;
}

void base64url(const uint8_t *bytes, isize n, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (isize i = 0; i < n; i += 3) {
        isize left = n - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1) group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2) group |= bytes[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        if (left > 1) *out++ = digits[group >> 6 & 63];
        if (left > 2) *out++ = digits[group & 63];
    }
}

/* --- keys --- */

/* Without this OpenSSL would ask for a pass phrase on the host's terminal. */
static int no_pass_phrase(char *out, int size, int writing, void *self) {
    (void)out, (void)size, (void)writing, (void)self;
    return -1;
}

static const char *check_key(EVP_PKEY *pkey, bool ec) {
    if (!ec) {
        int bits = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA ? EVP_PKEY_get_bits(pkey) : 0;
        if (!bits) return "it holds no RSA key, which RS384 needs";
        if (bits < RSA_LEAST_BITS)
            return "its RSA key is shorter than 2048 bits: make a new one of 3072";
        if (bits > RSA_MOST_BITS) return "its RSA key is longer than 16384 bits";
        return NULL;
    }
    char group[32] = "";
    size_t n = 0;
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) != 1 ||
        strcmp(group, "secp384r1") != 0)
        return "it holds no P-384 key, which ES384 needs";
    return NULL;
}

static EVP_PKEY *parse_key(const char *pem, isize n) {
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return pkey;
}

signing_key *signing_key_read(str path, str algorithm, fault *fault) {
    bool ec = str_eq(algorithm, S("ES384"));
    char pem[KEY_FILE_BYTES];
    isize n = 0;
    if (!ec && !str_eq(algorithm, S("RS384"))) {
        fault_set(fault, FAULT_CONFIG, -1,
                  "the algorithm of a client assertion is RS384 or ES384; name one of them");
        return NULL;
    }
    if (!secret_read(S("auth.key"), path, sizeof pem, pem, &n, fault)) return NULL;
    EVP_PKEY *pkey = parse_key(pem, n);
    OPENSSL_cleanse(pem, sizeof pem);
    const char *wrong = pkey ? check_key(pkey, ec)
                             : "it is no PEM private key, or needs a pass phrase: store it "
                               "unencrypted with mode 0600";
    signing_key *key = wrong ? NULL : OPENSSL_zalloc(sizeof *key);
    if (!wrong && !key) wrong = "there is no memory for it";
    if (wrong) {
        EVP_PKEY_free(pkey);
        fault_set(fault, FAULT_CONFIG, -1, "key file %.*s: %s", STR_ARGS(path), wrong);
        return NULL;
    }
    key->pkey = pkey;
    key->ec = ec;
    return key;
}

void signing_key_free(signing_key *key) {
    if (!key) return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_clear_free(key, sizeof *key);
}

/* --- signatures --- */

static bool sign_der(signing_key *key, str input, uint8_t *out, size_t *n) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key->pkey) == 1 &&
              EVP_DigestSign(context, out, n, (const unsigned char *)input.p, (size_t)input.n) == 1;
    EVP_MD_CTX_free(context);
    if (!ok) ERR_clear_error();
    return ok;
}

static bool raw_from_der(const uint8_t *der, size_t n, uint8_t out[2 * P384_BYTES]) {
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)n);
    bool ok = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, P384_BYTES) == P384_BYTES &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + P384_BYTES, P384_BYTES) == P384_BYTES;
    ECDSA_SIG_free(pair);
    return ok;
}

bool signing_key_sign(signing_key *key, str input, uint8_t out[SIGNATURE_BYTES], isize *n) {
    uint8_t der[SIGNATURE_BYTES];
    size_t der_n = sizeof der;
    if (!sign_der(key, input, der, &der_n)) return false;
    if (key->ec) {
        *n = 2 * P384_BYTES;
        return raw_from_der(der, der_n, out);
    }
    memcpy(out, der, der_n);
    *n = (isize)der_n;
    return true;
}
