/* SPDX-License-Identifier: Apache-2.0 */
/* capability.h: whether an endpoint can do what strategy A needs, by its CapabilityStatement (R4,
 * GET [base]/metadata): create with If-None-Exist, update with If-Match on version ids, search by
 * identifier. A server that lacks one of these is refused with the name of what is missing, because
 * without it a Flag could appear twice or overwrite a newer one. Statements may lie; what is done
 * about that is in the checks of every reply. Pure. */
#ifndef FHIRTRIAL_DELIVER_CAPABILITY_H
#define FHIRTRIAL_DELIVER_CAPABILITY_H

#include "deliver/document.h"

enum { CAPABILITY_TEXT = 64 };

typedef struct capability {
    bool usable;                    /* strategy A can be used */
    const char *missing;            /* what is missing, static; NULL when usable */
    char version[CAPABILITY_TEXT];  /* fhirVersion */
    char software[CAPABILITY_TEXT]; /* software.name and version, for the audit trail */
} capability;

/* `statement`: the parsed reply, or NULL. */
void capability_read(const json *statement, capability *out);

#endif
