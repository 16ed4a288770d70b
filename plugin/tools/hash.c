/* SPDX-License-Identifier: Apache-2.0 */
/* The hash functions of OpenSSL, as the library has them (deliver/crypto.c). */
#include "tools/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static bool sha256(str data, uint8_t out[DIGEST_BYTES]) {
    unsigned n = 0;
    return EVP_Digest(data.p ? data.p : "", (size_t)data.n, out, &n, EVP_sha256(), NULL) == 1 &&
           n == DIGEST_BYTES;
}

static bool hmac_sha256(str key, str data, uint8_t out[DIGEST_BYTES]) {
    unsigned n = 0;
    return HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n,
                (const uint8_t *)(data.p ? data.p : ""), (size_t)data.n, out, &n) != NULL &&
           n == DIGEST_BYTES;
}

const digest *tool_digest(void) {
    static const digest functions = {sha256, hmac_sha256};
    return &functions;
}
