/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as FHIR XML. */
#include "reread.h"

void fuzz_read_xml(const uint8_t *data, size_t size) { reread(read_xml, NULL, data, size); }
