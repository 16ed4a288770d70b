/* SPDX-License-Identifier: Apache-2.0 */
/* The search for literals with NEON. */
#include "fhir/literals_find.h"

#if defined(__aarch64__)
#include <arm_neon.h>

static inline uint8x16_t equal16(const char *p, uint8x16_t byte, uint8x16_t place) {
    return vandq_u8(vceqq_u8(vld1q_u8((const uint8_t *)p), byte), place);
}

static inline uint64_t equal64(const char *p, char byte) {
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t place = vld1q_u8(places), all = vdupq_n_u8((uint8_t)byte);
    uint8x16_t low = vpaddq_u8(equal16(p, all, place), equal16(p + 16, all, place));
    uint8x16_t high = vpaddq_u8(equal16(p + 32, all, place), equal16(p + 48, all, place));
    uint8x16_t sum = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

LITERALS_FIND(literals_find_neon, )
#endif
