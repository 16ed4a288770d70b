/* SPDX-License-Identifier: Apache-2.0 */
/* crypto.h: what the delivery room needs of OpenSSL's libcrypto: random bytes, base64url, and
 * signing client assertions with RS384 or ES384 (RFC 7518 section 3; SMART App Launch 2.2,
 * "Client Authentication: Asymmetric"). Keys live in memory only, OpenSSL wipes them when they are
 * freed. No key byte and no OpenSSL text that could hold one appears in a fault. Thread-safe, but a
 * signing_key belongs to one thread at a time. */
#ifndef FHIRTRIAL_DELIVER_CRYPTO_H
#define FHIRTRIAL_DELIVER_CRYPTO_H

#include "base/digest.h"
#include "base/fault.h"

enum { SIGNATURE_BYTES = 2048 }; /* RSA keys up to 16384 bits */

typedef struct signing_key signing_key;

/* Reads an unencrypted PEM private key through secret_read (mode 0600, owner checked). `algorithm`
 * is "RS384" (RSA of 2048 to 16384 bits) or "ES384" (P-384); any other pairing of key and algorithm
 * is refused. NULL: *fault has place and remedy. */
signing_key *signing_key_read(str path, str algorithm, fault *fault);
/* Wipes and frees; NULL is allowed. */
void signing_key_free(signing_key *key);
/* The JWS signature of `input`: PKCS #1 v1.5 for RS384; for ES384 the two integers as 48 bytes each
 * (RFC 7518 section 3.4), not DER. False on a fault of the library. */
bool signing_key_sign(signing_key *key, str input, uint8_t out[SIGNATURE_BYTES], isize *n);

/* `n` bytes from OpenSSL's CSPRNG. False: nothing may be derived from `out`. */
bool crypto_random(uint8_t *out, isize n);
/* A random version-4 UUID in lower case (RFC 9562 section 5.4), 36 characters and a NUL. */
bool crypto_uuid4(char uuid[37]);

/* base64url without padding (RFC 4648 section 5, RFC 7515 section 2): writes base64url_size(n)
 * characters, no NUL. */
static inline isize base64url_size(isize n) { return (n * 4 + 2) / 3; }
void base64url(const uint8_t *bytes, isize n, char *out);

#endif
