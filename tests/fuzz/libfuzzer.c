/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the one target that -DFUZZ=fuzz_<target> names with clang's libFuzzer. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    FUZZ(data, size);
    return 0;
}
