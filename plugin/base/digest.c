/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms of a digest; the hash functions themselves come from the shell. */
#include "base/digest.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void digest_hex(const uint8_t bytes[DIGEST_BYTES], char hex[DIGEST_HEX]) {
    for (isize i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = hex_digits[bytes[i] >> 4];
        hex[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
}

void digest_uuid8(const uint8_t bytes[DIGEST_BYTES], char uuid[36]) {
    uint8_t id[16];
    memcpy(id, bytes, sizeof id);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x80); /* RFC 9562 section 4.2: version 8 */
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80); /* RFC 9562 section 4.1: variant 10 */
    isize n = 0;
    for (isize i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) uuid[n++] = '-';
        uuid[n++] = hex_digits[id[i] >> 4];
        uuid[n++] = hex_digits[id[i] & 15];
    }
}
