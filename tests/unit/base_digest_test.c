/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms of a digest. */
#include "unit.h"

#include "base/digest.h"

static void hexadecimal(void) {
    uint8_t bytes[DIGEST_BYTES];
    for (int i = 0; i < DIGEST_BYTES; i++) bytes[i] = (uint8_t)(i * 8 + 7);
    char hex[DIGEST_HEX];
    digest_hex(bytes, hex);
    CHECK_BYTES(hex, DIGEST_HEX,
                "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff");
}

/* RFC 9562 appendix B.2 builds this UUIDv8 from a SHA-256 in the same way: the first 16 bytes with
 * version and variant set. */
static void uuid_version_8(void) {
    static const uint8_t sha256[DIGEST_BYTES] = {0x5c, 0x14, 0x6b, 0x14, 0x3c, 0x52, 0x4a, 0xfd,
                                                 0x93, 0x8a, 0x37, 0x5d, 0x0d, 0xf1, 0xfb, 0xf6};
    char uuid[36];
    digest_uuid8(sha256, uuid);
    CHECK_BYTES(uuid, 36, "5c146b14-3c52-8afd-938a-375d0df1fbf6");
    uint8_t all[DIGEST_BYTES];
    memset(all, 0xff, sizeof all);
    digest_uuid8(all, uuid);
    CHECK_BYTES(uuid, 36, "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

const unit_test base_digest_suite[] = {UNIT_TEST(hexadecimal), UNIT_TEST(uuid_version_8), UNIT_END};
