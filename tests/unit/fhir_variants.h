/* SPDX-License-Identifier: Apache-2.0 */
/* fhir_variants.h: texts for what exists in one variant for each set of vector instructions: every
 * variant that this machine can run has to give the same. */
#ifndef FHIRTRIAL_TESTS_FHIR_VARIANTS_H
#define FHIRTRIAL_TESTS_FHIR_VARIANTS_H

#include "fhir/vectors.h"
#include "unit.h"

#include <stdlib.h>

/* A copy that ends exactly where the text ends, so that a memory checker sees a byte too many. */
static char *variants_copy(str text) {
    char *copy = (char *)malloc((size_t)text.n + (text.n == 0));
    memcpy(copy, text.p, (size_t)text.n);
    return copy;
}

/* Calls `with` for each document of tests/data/json-documents.txt, and for each of them with each
 * of its bytes changed. */
__attribute__((unused)) static void variants_of_documents(void (*with)(str text)) {
    static const char bytes[] = {'"', '\\', ',', '\x80', '\x01', '0', '{', ']'};
    size_t length;
    char *file = unit_read(unit_source("tests/data/json-documents.txt"), &length);
    CHECK_OR_RETURN(file != NULL);
    str rest = {file, (isize)length};
    while (rest.n) {
        isize feed = str_find_byte(rest, '\n', 0);
        str line = str_slice(rest, 0, feed);
        rest = str_slice(rest, feed + 1, rest.n);
        while (str_find_byte(line, '\t', 0) >= 0)
            line = str_slice(line, str_find_byte(line, '\t', 0) + 1, line.n);
        char *copy = variants_copy(line);
        with((str){copy, line.n});
        for (isize i = 0; i < line.n; i++) {
            char kept = copy[i];
            copy[i] = bytes[i % (isize)sizeof bytes];
            with((str){copy, line.n});
            copy[i] = kept;
        }
        free(copy);
    }
    free(file);
}

#endif
