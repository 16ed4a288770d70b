/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: what a fuzz target is. The file tests/fuzz/<target>.c defines `void fuzz_<target>(const
 * uint8_t *data, size_t size)`, which must come back for every input; `make fuzz` drives it with
 * clang's libFuzzer, and `make check` replays tests/fuzz/corpus/<target>/ with any compiler. The
 * data lies in a block of exactly `size` bytes, so that a sanitizer sees a read past its end. */
#ifndef FHIRTRIAL_TESTS_FUZZ_H
#define FHIRTRIAL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A property that must hold; stops the run at once, so that the input is kept. */
#define FUZZ_MUST(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define FUZZ_TARGET(name) void fuzz_##name(const uint8_t *data, size_t size);
#include "targets.def"
#undef FUZZ_TARGET

#endif
