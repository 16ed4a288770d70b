/* SPDX-License-Identifier: Apache-2.0 */
/* resources: invented patients with their FHIR R4 resources, for benchmarks and the tests of whole
 * files, in the shape of Synthea's output: a Patient of 3 KB, about sixty other resources of
 * 1.2 KB, one in ten a Procedure, the rest Observations. One Observation in ten is what a trial
 * looks for (pain on 0 to 10, ECOG, Karnofsky), the others are noise: vital signs, panels with
 * components, laboratory values with reference ranges, surveys.
 *
 * Some are awkward on purpose: trailing zeros and exponents in decimals, escapes and non-ASCII
 * text, the LOINC coding second in its array, a code spelt with escapes, the pain code in a place
 * where it means nothing, valueInteger, dataAbsentReason. */
#ifndef FHIRTRIAL_TESTS_BENCH_RESOURCES_H
#define FHIRTRIAL_TESTS_BENCH_RESOURCES_H

#include "emit.h"

#include <stdint.h>

/* The patient's number `patient` (from 0) of the cohort `seed`, and what was recorded of them; the
 * same numbers give the same resources. `take` is called with the emitter in which one more
 * resource is complete, at depth `e->depth`; it returns false to have no more. Before each resource
 * `begin` opens it: a line of its own, or an entry of a Bundle. */
typedef struct resource_sink {
    void (*begin)(void *user, emitter *e, const char *type, const char *id);
    bool (*end)(void *user, emitter *e);
    void *user;
} resource_sink;

void resources_of_patient(emitter *e, uint64_t seed, uint64_t patient, const resource_sink *sink);

#endif
