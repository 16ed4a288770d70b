/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.h: which vector instructions this machine has. What searches whole messages exists in one
 * variant for each, and the best one that the machine can run is chosen at run time; all of them
 * give the same answers byte for byte. Tests force each in turn. Pure: what the processor can do is
 * the same at every call. */
#ifndef FHIRTRIAL_FHIR_VECTORS_H
#define FHIRTRIAL_FHIR_VECTORS_H

#include "base/base.h"

typedef enum vectors {
    VECTORS_BEST,   /* the last of those below that vectors_work */
    VECTORS_NONE,   /* plain C, everywhere */
    VECTORS_SSE2,   /* every x86-64 */
    VECTORS_AVX2,   /* with BMI and PCLMUL */
    VECTORS_AVX512, /* BW and VBMI2: Ice Lake, Zen 4 and later */
    VECTORS_NEON,   /* every aarch64 */
    VECTORS_COUNT
} vectors;

/* Whether this machine can run the variant. */
bool vectors_work(vectors v);
/* The variant itself, or the best one for VECTORS_BEST and for one that does not work here. */
vectors vectors_choose(vectors wanted);
/* "avx2"; static storage. */
const char *vectors_name(vectors v);

#endif
