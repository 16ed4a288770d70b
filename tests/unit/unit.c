/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the suites that Makefile.am lists and prints TAP; `unit --list` names them, `unit NAME...`
 * runs the named ones. Exit status: 0 all passed, 1 a test failed, 2 wrong usage. */
#include "unit.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SUITE(name) extern const unit_test name##_suite[];
#include "suites.def"
#undef SUITE

static const struct {
    const char *name;
    const unit_test *tests;
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "suites.def"
#undef SUITE
};

enum { SUITES = sizeof suites / sizeof suites[0] };

static char skip_reason[256];
static int passed, failed, skipped;

void unit_result(bool ok, const char *file, int line, const char *text) {
    CU_assertImplementation(ok, (unsigned)line, text, file, "", CU_FALSE);
}

void unit_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(skip_reason, sizeof skip_reason, format, args);
    va_end(args);
}

/* TAP: a `#` in a description would start a directive. */
static void print_line(const char *verdict, const char *suite, const char *test) {
    printf("%s %d - %s: %s", verdict, passed + failed + skipped, suite, test);
}

static void before_test(const CU_pTest test, const CU_pSuite suite) {
    (void)test;
    (void)suite;
    skip_reason[0] = 0;
}

static void after_test(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord first) {
    if (first) {
        failed++;
        print_line("not ok", suite->pName, test->pName);
        for (CU_pFailureRecord f = first; f; f = f->pNext)
            printf("\n#   %s:%u: %s", f->strFileName, f->uiLineNumber, f->strCondition);
    } else if (skip_reason[0]) {
        skipped++;
        print_line("ok", suite->pName, test->pName);
        printf(" # SKIP %s", skip_reason);
    } else {
        passed++;
        print_line("ok", suite->pName, test->pName);
    }
    putchar('\n');
}

static void add_suite(int index) {
    CU_pSuite suite = CU_add_suite(suites[index].name, NULL, NULL);
    for (const unit_test *t = suites[index].tests; suite && t->name; t++)
        if (!CU_add_test(suite, t->name, t->run)) suite = NULL;
    if (suite) return;
    fprintf(stderr, "unit: %s: %s\n", suites[index].name, CU_get_error_msg());
    exit(2);
}

static void add_named_suite(const char *name) {
    for (int i = 0; i < SUITES; i++)
        if (strcmp(suites[i].name, name) == 0) {
            add_suite(i);
            return;
        }
    fprintf(stderr, "unit: no suite %s (unit --list names them)\n", name);
    exit(2);
}

static void list_suites(void) {
    for (int i = 0; i < SUITES; i++) puts(suites[i].name);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list_suites();
        return 0;
    }
    /* By line, so that a test that crashes is the one after the last line printed. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (CU_initialize_registry() != CUE_SUCCESS) return 2;
    for (int i = 1; i < argc; i++) add_named_suite(argv[i]);
    for (int i = 0; argc == 1 && i < SUITES; i++) add_suite(i);
    printf("1..%u\n", CU_get_registry()->uiNumberOfTests);
    CU_set_test_start_handler(before_test);
    CU_set_test_complete_handler(after_test);
    CU_run_all_tests();
    CU_cleanup_registry();
    printf("# %d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed ? 1 : 0;
}
