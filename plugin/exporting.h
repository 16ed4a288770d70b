/* SPDX-License-Identifier: Apache-2.0 */
/* exporting.h: the three questions by which a host writes an export (docs/abi.md): what files and
 * whom it concerns, one person's share, and what stands around the shares of a file. Each is
 * answered by itself from the arguments alone, so nothing is kept between them; the clock goes from
 * the first answer into the later questions. Used by query.c on the caller's thread. */
#ifndef FHIRTRIAL_EXPORTING_H
#define FHIRTRIAL_EXPORTING_H

#include "export/export.h"
#include "instance.h"

typedef struct exporting {
    instance *instance;
    configuration *c;
    arena *arena; /* answers live here; faults are raised at its landing */
    export_job job;
    int64_t clock; /* of the export, Unix ns */
} exporting;

/* Reads the arguments into job and clock: FHIRTRIAL_E_ARG for a wrong one, FHIRTRIAL_NOMATCH for a
 * study that is not loaded. Empty: subjects "candidates" (with a study), `at` the evaluation clock.
 */
int32_t exporting_begin(exporting *e, str format, str study, str subjects, str at);
/* Files, and every patient the store knows in the order of the pseudonyms. */
store_status exporting_plan(const exporting *e, buf *out, fault *fault);
/* False: there is no such file. */
bool exporting_frame(const exporting *e, str file, int64_t records, buf *out);

#endif
