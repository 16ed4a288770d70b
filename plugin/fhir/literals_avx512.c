/* SPDX-License-Identifier: Apache-2.0 */
/* The search for literals with AVX-512. */
#include "fhir/literals_find.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,avx512f,avx512bw")))

TARGET static inline uint64_t equal64(const char *p, char byte) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(byte));
}

LITERALS_FIND(literals_find_avx512, TARGET)
#endif
