/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: the two hash functions the pure rooms need, as function pointers, so that they link no
 * cryptographic library (architecture.md: libcore may run where there is none). The shell fills the
 * table from OpenSSL (deliver/crypto.c); tools do the same. Thread-safe when the functions are. */
#ifndef FHIRTRIAL_BASE_DIGEST_H
#define FHIRTRIAL_BASE_DIGEST_H

#include "base/base.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 64 };

typedef struct digest {
    /* SHA-256 of `data` (FIPS 180-4); false on a fault of the library. */
    bool (*sha256)(str data, uint8_t out[DIGEST_BYTES]);
    /* HMAC-SHA-256 of `data` under `key` (RFC 2104). */
    bool (*hmac_sha256)(str key, str data, uint8_t out[DIGEST_BYTES]);
} digest;

/* Lower-case hexadecimal, no terminating NUL. */
void digest_hex(const uint8_t bytes[DIGEST_BYTES], char hex[DIGEST_HEX]);
/* The first 16 bytes as a version-8 UUID in lower case (RFC 9562 section 5.8), 36 characters, no
 * NUL. */
void digest_uuid8(const uint8_t bytes[DIGEST_BYTES], char uuid[36]);

#endif
