/* SPDX-License-Identifier: Apache-2.0 */
/* cases.h: which conformance cases there are for a criterion (conformance/cases/STUDY/CRITERION/
 * cases.json), for `check` and `check --trace`. They are only listed here; `conformance` runs them.
 * Everything lives in the arena given. */
#ifndef FHIRTRIAL_TOOLS_CASES_H
#define FHIRTRIAL_TOOLS_CASES_H

#include "fhir/json.h"

/* What the cases of a criterion must show between them. */
enum { CASES_SHOWN = 4 };
extern const char *const cases_shown[CASES_SHOWN]; /* "met" "not-met" "boundary" "unknown" */

typedef struct criterion_cases {
    str file;          /* as opened */
    const json *root;  /* NULL: there is none */
    const char *wrong; /* why it cannot be read, or NULL */
    isize n;
    bool shown[CASES_SHOWN]; /* some case shows it, or the file says why none can */
} criterion_cases;

criterion_cases cases_read(arena *arena, const char *folder, str study, str criterion);
/* Whether there is a folder of cases for the study. */
bool cases_of_study(arena *arena, const char *folder, str study);

#endif
