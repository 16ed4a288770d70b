/* SPDX-License-Identifier: Apache-2.0 */
/* The index with AVX-512: a block is one register, marks are its mask registers, and tokens are
 * written by compressing offsets and bytes. */
#include "fhir/index_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,popcnt,pclmul,avx512f,avx512bw,avx512vbmi2")))

TARGET static inline block_marks index_marks(const char *block) {
    const __m512i spaces = _mm512_broadcast_i32x4(
        _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
    const __m512i structures = _mm512_broadcast_i32x4(
        _mm_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
    __m512i v = _mm512_loadu_si512(block), with = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    return (block_marks){.quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')),
                         .backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')),
                         .structural =
                             _mm512_cmpeq_epi8_mask(with, _mm512_shuffle_epi8(structures, v)),
                         .space = _mm512_cmpeq_epi8_mask(v, _mm512_shuffle_epi8(spaces, v)),
                         .control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20)),
                         .high = _mm512_movepi8_mask(v)};
}

TARGET static inline uint64_t index_parity(uint64_t quotes) {
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)quotes), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Sixteen offsets from the quarter of `offsets` at byte 16 * i. */
#define WRITE_QUARTER(i)                                                                           \
    _mm512_storeu_si512(                                                                           \
        at + 16 * (i),                                                                             \
        _mm512_add_epi32(_mm512_set1_epi32((int)base),                                             \
                         _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(offsets, (i)))))

TARGET static inline uint32_t index_emit(uint32_t *at, char *kind, const char *block, isize base,
                                         uint64_t starts) {
    static const char numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    int n = __builtin_popcountll(starts);
    __m512i offsets = _mm512_maskz_compress_epi8(starts, _mm512_loadu_si512(numbers));
    _mm512_storeu_si512(kind, _mm512_maskz_compress_epi8(starts, _mm512_loadu_si512(block)));
    WRITE_QUARTER(0);
    if (n > 16) WRITE_QUARTER(1);
    if (n > 32) {
        WRITE_QUARTER(2);
        WRITE_QUARTER(3);
    }
    return (uint32_t)n;
}

INDEX_RUN(index_run_avx512, TARGET)
#endif
