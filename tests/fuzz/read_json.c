/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as FHIR JSON, by each set of vector instructions in turn. */
#include "reread.h"

void fuzz_read_json(const uint8_t *data, size_t size) {
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        read_options options = {.vectors = (vectors)v};
        if (vectors_work((vectors)v)) reread(read_json, &options, data, size);
    }
}
