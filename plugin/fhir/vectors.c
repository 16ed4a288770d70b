/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor can do, asked of the compiler's own run-time support. */
#include "fhir/vectors.h"

bool vectors_work(vectors v) {
    switch (v) {
    case VECTORS_NONE: return true;
#if defined(__x86_64__)
    case VECTORS_SSE2: return true;
    case VECTORS_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("pclmul");
    case VECTORS_AVX512:
        return vectors_work(VECTORS_AVX2) && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vbmi2");
#elif defined(__aarch64__)
    case VECTORS_NEON: return true;
#endif
    default: return false;
    }
}

vectors vectors_choose(vectors wanted) {
    if (wanted != VECTORS_BEST && vectors_work(wanted)) return wanted;
    int v = VECTORS_COUNT - 1;
    while (v > VECTORS_NONE && !vectors_work((vectors)v)) v--;
    return (vectors)v;
}

const char *vectors_name(vectors v) {
    static const char *const names[VECTORS_COUNT] = {"best", "none",   "sse2",
                                                     "avx2", "avx512", "neon"};
    return (unsigned)v < VECTORS_COUNT ? names[v] : "unknown";
}
