/* SPDX-License-Identifier: Apache-2.0 */
/* The index with NEON, which every aarch64 has. It has no instruction that collects a bit of each
 * byte; each byte keeps the bit of its place, and neighbours are added until eight are one. */
#include "fhir/index_block.h"

#if defined(__aarch64__)
#include <arm_neon.h>

typedef struct quarters {
    uint8x16_t a, b, c, d;
} quarters;

/* Bytes that are all ones or all zeros, to bits. */
static inline uint64_t mask_of(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t place = vld1q_u8(places);
    uint8x16_t low = vpaddq_u8(vandq_u8(a, place), vandq_u8(b, place));
    uint8x16_t high = vpaddq_u8(vandq_u8(c, place), vandq_u8(d, place));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline uint64_t equal(quarters v, uint8_t byte) {
    uint8x16_t all = vdupq_n_u8(byte);
    return mask_of(vceqq_u8(v.a, all), vceqq_u8(v.b, all), vceqq_u8(v.c, all), vceqq_u8(v.d, all));
}

/* Brackets and braces differ in one bit. */
static inline uint8x16_t structural(uint8x16_t v) {
    uint8x16_t with = vorrq_u8(v, vdupq_n_u8(0x20));
    uint8x16_t brace = vorrq_u8(vceqq_u8(with, vdupq_n_u8('{')), vceqq_u8(with, vdupq_n_u8('}')));
    return vorrq_u8(brace, vorrq_u8(vceqq_u8(v, vdupq_n_u8(':')), vceqq_u8(v, vdupq_n_u8(','))));
}

static inline block_marks index_marks(const char *block) {
    const uint8_t *from = (const uint8_t *)block;
    const uint8x16_t low = vdupq_n_u8(0x20), high = vdupq_n_u8(0x80);
    quarters v = {vld1q_u8(from), vld1q_u8(from + 16), vld1q_u8(from + 32), vld1q_u8(from + 48)};
    block_marks m = {
        .quote = equal(v, '"'),
        .backslash = equal(v, '\\'),
        .structural = mask_of(structural(v.a), structural(v.b), structural(v.c), structural(v.d)),
        .space = equal(v, ' '),
        .control =
            mask_of(vcltq_u8(v.a, low), vcltq_u8(v.b, low), vcltq_u8(v.c, low), vcltq_u8(v.d, low)),
        .high = mask_of(vcgeq_u8(v.a, high), vcgeq_u8(v.b, high), vcgeq_u8(v.c, high),
                        vcgeq_u8(v.d, high))};
    if (m.control) m.space |= equal(v, '\n') | equal(v, '\r') | equal(v, '\t');
    return m;
}

static inline uint64_t index_parity(uint64_t quotes) { return index_parity_by_shifts(quotes); }

static inline uint32_t index_emit(uint32_t *at, char *kind, const char *block, isize base,
                                  uint64_t starts) {
    return index_emit_one_by_one(at, kind, block, base, starts, index_count(starts));
}

INDEX_RUN(index_run_neon, )
#endif
