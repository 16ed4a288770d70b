/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of fhirtrial.h that need no handle. */
#include "fhirtrial.h"

uint32_t fhirtrial_abi_version(void) { return FHIRTRIAL_ABI; }

const char *fhirtrial_strerror(int32_t code) {
    switch (code) {
    case FHIRTRIAL_OK: return "done";
    case FHIRTRIAL_PENDING: return "not finished yet";
    case FHIRTRIAL_NOMATCH: return "nothing matched";
    case FHIRTRIAL_E_ARG: return "wrong argument";
    case FHIRTRIAL_E_HANDLE: return "no such handle or job";
    case FHIRTRIAL_E_ABI: return "interface version not offered";
    case FHIRTRIAL_E_CONFIG: return "configuration refused";
    case FHIRTRIAL_E_BUFFER: return "buffer too small";
    case FHIRTRIAL_E_PARSE: return "message cannot be parsed";
    case FHIRTRIAL_E_REJECT: return "refused, never retry";
    case FHIRTRIAL_E_RETRY: return "nothing stored, retry later";
    case FHIRTRIAL_E_AUTH: return "not authorised at the endpoint";
    case FHIRTRIAL_E_FULL: return "too much waiting, retry later";
    case FHIRTRIAL_E_CLOSED: return "handle is being closed";
    case FHIRTRIAL_E_NOMEM: return "out of memory";
    case FHIRTRIAL_E_FORK: return "handle belongs to the parent process";
    case FHIRTRIAL_E_INTERNAL: return "internal defect";
    default: return "unknown code";
    }
}
