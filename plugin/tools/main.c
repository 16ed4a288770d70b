/* SPDX-License-Identifier: Apache-2.0 */
/* The program fhirtrial: names its version. */
#include "fhirtrial.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("fhirtrial %s (interface %u.%u)\n", PACKAGE_VERSION, FHIRTRIAL_ABI >> 16,
               FHIRTRIAL_ABI & 0xffffu);
        return 0;
    }
    fputs("usage: fhirtrial --version\n", stderr);
    return EXIT_USAGE;
}
