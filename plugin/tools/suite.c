/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial suite`: which official suite to run. */
#include "tools/suite.h"
#include "tools/tools.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} suites[] = {
    {"fhirpath", suite_fhirpath},
    {"sql-on-fhir", suite_views},
};

static const char help[] = "usage: fhirtrial suite fhirpath TESTS.xml --inputs FOLDER [OPTIONS]\n"
                           "       fhirtrial suite sql-on-fhir TESTS... [OPTIONS]\n"
                           "\n"
                           "Runs an official test suite over this program and compares.\n"
                           "\n"
                           "exit: 0 all as expected, 1 otherwise, 2 wrong use\n"
                           "\n"
                           "example: fhirtrial suite fhirpath --help\n";

int tool_suite(int argc, char **argv) {
    for (size_t i = 0; argc >= 2 && i < sizeof suites / sizeof suites[0]; i++)
        if (strcmp(argv[1], suites[i].name) == 0) return suites[i].run(argc - 1, argv + 1);
    bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
    fputs(help, asked ? stdout : stderr);
    return asked ? TOOL_OK : TOOL_USAGE;
}
