/* SPDX-License-Identifier: Apache-2.0 */
/* The index with AVX2: structural characters and white space by one look into a table of sixteen
 * bytes each, by the low half of the byte. */
#include "fhir/index_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,popcnt,pclmul")))

typedef struct halves {
    __m256i low, high;
} halves;

TARGET static inline uint64_t mask_of(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

TARGET static inline uint64_t equal(halves v, char byte) {
    __m256i all = _mm256_set1_epi8(byte);
    return mask_of(_mm256_cmpeq_epi8(v.low, all), _mm256_cmpeq_epi8(v.high, all));
}

/* Which bytes, with the bits of `set`, stand in the table at the place of their low half. */
TARGET static inline uint64_t in_table(halves v, __m256i table, char set) {
    __m256i bits = _mm256_set1_epi8(set);
    return mask_of(
        _mm256_cmpeq_epi8(_mm256_or_si256(v.low, bits), _mm256_shuffle_epi8(table, v.low)),
        _mm256_cmpeq_epi8(_mm256_or_si256(v.high, bits), _mm256_shuffle_epi8(table, v.high)));
}

TARGET static inline uint64_t at_most(halves v, char byte) {
    __m256i all = _mm256_set1_epi8(byte);
    return mask_of(_mm256_cmpeq_epi8(_mm256_max_epu8(v.low, all), all),
                   _mm256_cmpeq_epi8(_mm256_max_epu8(v.high, all), all));
}

TARGET static inline block_marks index_marks(const char *block) {
    /* places that nothing may match hold a byte whose low half is another one */
    const __m256i spaces =
        _mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0, ' ', 0, 0, 0, 0,
                         0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
    const __m256i structures =
        _mm256_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0, 1, 0, 0, 0, 0, 0,
                         0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    halves v = {_mm256_loadu_si256((const __m256i *)(const void *)block),
                _mm256_loadu_si256((const __m256i *)(const void *)(block + 32))};
    return (block_marks){.quote = equal(v, '"'),
                         .backslash = equal(v, '\\'),
                         .structural = in_table(v, structures, 0x20),
                         .space = in_table(v, spaces, 0),
                         .control = at_most(v, 0x1F),
                         .high = mask_of(v.low, v.high)};
}

TARGET static inline uint64_t index_parity(uint64_t quotes) {
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)quotes), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

TARGET static inline uint32_t index_emit(uint32_t *at, char *kind, const char *block, isize base,
                                         uint64_t starts) {
    return index_emit_one_by_one(at, kind, block, base, starts, __builtin_popcountll(starts));
}

INDEX_RUN(index_run_avx2, TARGET)
#endif
