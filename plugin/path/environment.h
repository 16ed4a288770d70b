/* SPDX-License-Identifier: Apache-2.0 */
/* environment.h: the %names that stand for a text (FHIR R4 fhirpath.html, "Environment variables").
 * The one place of the core with the addresses of code systems. */
#ifndef FHIRTRIAL_PATH_ENVIRONMENT_H
#define FHIRTRIAL_PATH_ENVIRONMENT_H

#include "base/arena.h"

/* The text of %sct, %loinc, %ucum, %vs-..., %ext-...; false for another name. */
bool environment_text(arena *arena, str name, str *out);
/* Whether a Quantity's system is UCUM, the one that is computed with. */
bool environment_is_ucum(str system);
/* The system of UCUM. */
str environment_ucum(void);

#endif
