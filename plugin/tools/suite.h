/* SPDX-License-Identifier: Apache-2.0 */
/* suite.h: official test suites as the `suite` tool reads them. suite_xml.c turns a FHIRPath suite
 * file into tests; texts live until the callback returns. */
#ifndef FHIRTRIAL_TOOLS_SUITE_H
#define FHIRTRIAL_TOOLS_SUITE_H

#include "base/base.h"

typedef struct suite_output {
    str type, text;
} suite_output;

typedef struct suite_test {
    str group, name, input, expression;
    str invalid; /* syntax, semantic, execution: it must fail; else empty */
    bool predicate, ordered, strict;
    const suite_output *outputs;
    int output_count;
} suite_test;

/* Calls `test` for each <test> of the file. False after a message on standard error. */
bool suite_read(const char *path, void (*test)(void *self, const suite_test *t), void *self);

/* `fhirtrial suite fhirpath ...`; argv[0] is "fhirpath". */
int suite_fhirpath(int argc, char **argv);
/* `fhirtrial suite sql-on-fhir ...`; argv[0] is "sql-on-fhir". */
int suite_views(int argc, char **argv);

#endif
