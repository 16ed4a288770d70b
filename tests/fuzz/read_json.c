/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as FHIR JSON. */
#include "reread.h"

void fuzz_read_json(const uint8_t *data, size_t size) { reread(read_json, data, size); }
