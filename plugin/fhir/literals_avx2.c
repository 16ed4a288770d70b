/* SPDX-License-Identifier: Apache-2.0 */
/* The search for literals with AVX2. */
#include "fhir/literals_find.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi")))

TARGET static inline uint64_t equal32(const char *p, __m256i byte) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, byte));
}

TARGET static inline uint64_t equal64(const char *p, char byte) {
    __m256i all = _mm256_set1_epi8(byte);
    return equal32(p, all) | equal32(p + 32, all) << 32;
}

LITERALS_FIND(literals_find_avx2, TARGET)
#endif
