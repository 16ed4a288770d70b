/* SPDX-License-Identifier: Apache-2.0 */
/* The search for literals with SSE2. */
#include "fhir/literals_find.h"

#if defined(__x86_64__)
#include <immintrin.h>

static inline uint64_t equal16(const char *p, __m128i byte) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, byte));
}

static inline uint64_t equal64(const char *p, char byte) {
    __m128i all = _mm_set1_epi8(byte);
    return equal16(p, all) | equal16(p + 16, all) << 16 | equal16(p + 32, all) << 32 |
           equal16(p + 48, all) << 48;
}

LITERALS_FIND(literals_find_sse2, )
#endif
