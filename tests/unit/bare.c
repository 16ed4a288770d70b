/* SPDX-License-Identifier: Apache-2.0 */
/* Runs unit tests without CUnit, where only a C library is at hand: for another machine, under its
 * emulator (make check-aarch64). Prints the Test Anything Protocol as unit.c does. It also stands
 * in for the XML reader, which needs libxml2: no test that reads XML is among those suites. */
#include "fhir/read.h"
#include "unit.h"

#include <stdarg.h>
#include <stdio.h>

#define SUITE(name) extern const unit_test name##_suite[];
#include "bare.def"
#undef SUITE

static const struct {
    const char *name;
    const unit_test *tests;
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "bare.def"
#undef SUITE
};

static char skip_reason[256];
static int failures; /* of the test that runs */

void unit_result(bool ok, const char *file, int line, const char *text) {
    if (!ok && failures++ < 10) printf("# %s:%d: %s\n", file, line, text);
}

void unit_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(skip_reason, sizeof skip_reason, format, args);
    va_end(args);
}

bool read_xml(arena *a, str bytes, const read_options *options, problems *found, tape *out,
              fault *fault) {
    (void)a, (void)bytes, (void)options, (void)found, (void)out;
    fault_set(fault, FAULT_INTERNAL, 0, "this program reads no XML");
    return false;
}

int main(void) {
    int number = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (isize i = 0; i < COUNT_OF(suites); i++)
        for (const unit_test *t = suites[i].tests; t->name; t++) {
            skip_reason[0] = 0;
            failures = 0;
            t->run();
            failed += failures > 0;
            printf("%s %d - %s: %s%s%s\n", failures ? "not ok" : "ok", ++number, suites[i].name,
                   t->name, skip_reason[0] ? " # SKIP " : "", skip_reason);
        }
    printf("1..%d\n# %d failed\n", number, failed);
    return failed ? 1 : 0;
}
