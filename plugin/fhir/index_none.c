/* SPDX-License-Identifier: Apache-2.0 */
/* The index in plain C: a table says what each byte is, eight bytes become one word of such
 * answers, and a multiplication collects one bit of each. */
#include "fhir/index_block.h"

enum { QUOTE = 1, BACKSLASH = 2, STRUCTURAL = 4, SPACE = 8, CONTROL = 16, HIGH = 32 };

static const uint8_t nature[256] = {[0 ... 8] = CONTROL,
                                    ['\t'] = CONTROL | SPACE,
                                    ['\n'] = CONTROL | SPACE,
                                    [11 ... 12] = CONTROL,
                                    ['\r'] = CONTROL | SPACE,
                                    [14 ... 31] = CONTROL,
                                    [' '] = SPACE,
                                    ['"'] = QUOTE,
                                    ['\\'] = BACKSLASH,
                                    ['{'] = STRUCTURAL,
                                    ['}'] = STRUCTURAL,
                                    ['['] = STRUCTURAL,
                                    [']'] = STRUCTURAL,
                                    [':'] = STRUCTURAL,
                                    [','] = STRUCTURAL,
                                    [0x80 ... 0xFF] = HIGH};

/* Bit `bit` of each of the eight bytes, the first byte's lowest. */
static inline uint64_t collect(uint64_t word, int bit) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (((word >> bit) & ones) * UINT64_C(0x0102040810204080)) >> 56;
}

static inline block_marks index_marks(const char *block) {
    block_marks m = {0};
    for (int i = 0; i < INDEX_BLOCK; i += 8) {
        uint64_t word = 0;
        for (int k = 0; k < 8; k++) word |= (uint64_t)nature[(uint8_t)block[i + k]] << (8 * k);
        m.quote |= collect(word, 0) << i;
        m.backslash |= collect(word, 1) << i;
        m.structural |= collect(word, 2) << i;
        m.space |= collect(word, 3) << i;
        m.control |= collect(word, 4) << i;
        m.high |= collect(word, 5) << i;
    }
    return m;
}

static inline uint64_t index_parity(uint64_t quotes) { return index_parity_by_shifts(quotes); }

static inline uint32_t index_emit(uint32_t *at, char *kind, const char *block, isize base,
                                  uint64_t starts) {
    return index_emit_one_by_one(at, kind, block, base, starts, index_count(starts));
}

INDEX_RUN(index_run_none, )
