/* SPDX-License-Identifier: Apache-2.0 */
/* The index with SSE2, which every x86-64 has. */
#include "fhir/index_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

typedef struct quarters {
    __m128i a, b, c, d;
} quarters;

static inline uint64_t mask_of(__m128i a, __m128i b, __m128i c, __m128i d) {
    uint64_t low = (uint32_t)_mm_movemask_epi8(a) | (uint32_t)_mm_movemask_epi8(b) << 16;
    uint64_t high = (uint32_t)_mm_movemask_epi8(c) | (uint32_t)_mm_movemask_epi8(d) << 16;
    return low | high << 32;
}

static inline uint64_t equal(quarters v, char byte) {
    __m128i all = _mm_set1_epi8(byte);
    return mask_of(_mm_cmpeq_epi8(v.a, all), _mm_cmpeq_epi8(v.b, all), _mm_cmpeq_epi8(v.c, all),
                   _mm_cmpeq_epi8(v.d, all));
}

/* Brackets and braces differ in one bit. */
static inline __m128i structural(__m128i v) {
    __m128i with = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i brace = _mm_or_si128(_mm_cmpeq_epi8(with, _mm_set1_epi8('{')),
                                 _mm_cmpeq_epi8(with, _mm_set1_epi8('}')));
    __m128i other =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(':')), _mm_cmpeq_epi8(v, _mm_set1_epi8(',')));
    return _mm_or_si128(brace, other);
}

static inline __m128i at_most(__m128i v, char byte) {
    __m128i all = _mm_set1_epi8(byte);
    return _mm_cmpeq_epi8(_mm_max_epu8(v, all), all);
}

static inline block_marks index_marks(const char *block) {
    const __m128i *from = (const __m128i *)(const void *)block;
    quarters v = {_mm_loadu_si128(from), _mm_loadu_si128(from + 1), _mm_loadu_si128(from + 2),
                  _mm_loadu_si128(from + 3)};
    block_marks m = {
        .quote = equal(v, '"'),
        .backslash = equal(v, '\\'),
        .structural = mask_of(structural(v.a), structural(v.b), structural(v.c), structural(v.d)),
        .space = equal(v, ' '),
        .control =
            mask_of(at_most(v.a, 0x1F), at_most(v.b, 0x1F), at_most(v.c, 0x1F), at_most(v.d, 0x1F)),
        .high = mask_of(v.a, v.b, v.c, v.d)};
    if (m.control) m.space |= equal(v, '\n') | equal(v, '\r') | equal(v, '\t');
    return m;
}

static inline uint64_t index_parity(uint64_t quotes) { return index_parity_by_shifts(quotes); }

static inline uint32_t index_emit(uint32_t *at, char *kind, const char *block, isize base,
                                  uint64_t starts) {
    return index_emit_one_by_one(at, kind, block, base, starts, index_count(starts));
}

INDEX_RUN(index_run_sse2, )
#endif
