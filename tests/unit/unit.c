/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the suites that Makefile.am lists and prints TAP; `unit --list` names them, `unit NAME...`
 * runs the named ones. Exit status: 0 all passed, 1 a test failed, 2 wrong usage. */
#include "unit.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool unit_check(bool ok, const char *file, int line, const char *format, ...) {
    char text[1024] = "";
    if (!ok) {
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
    }
    CU_assertImplementation(ok, (unsigned)line, text, file, "", CU_FALSE);
    return ok;
}

bool unit_check_int(long long actual, long long expected, const char *file, int line,
                    const char *what) {
    return unit_check(actual == expected, file, line, "%s is %lld, expected %lld", what, actual,
                      expected);
}

bool unit_check_str(const char *actual, const char *expected, const char *file, int line,
                    const char *what) {
    bool equal = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;
    return unit_check(equal, file, line, "%s is \"%s\", expected \"%s\"", what,
                      actual ? actual : "(null)", expected ? expected : "(null)");
}

bool unit_check_bytes(const char *actual, long long actual_length, const char *expected,
                      long long expected_length, const char *file, int line, const char *what) {
    bool equal = actual_length == expected_length &&
                 (actual_length == 0 || memcmp(actual, expected, (size_t)actual_length) == 0);
    int shown = actual && actual_length > 0 ? (int)(actual_length < 400 ? actual_length : 400) : 0;
    return unit_check(equal, file, line, "%s is \"%.*s\" (%lld bytes), expected \"%.400s\"", what,
                      shown, actual ? actual : "", actual_length, expected);
}

void unit_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(skip_reason, sizeof skip_reason, format, args);
    va_end(args);
}

const char *unit_source(const char *relative) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", UNIT_SOURCE_DIR, relative);
    return path;
}

const char *unit_shared(const char *relative) {
    static char path[4096];
    const char *shared = getenv("FHIRTRIAL_SHARED");
    if (shared && *shared)
        snprintf(path, sizeof path, "%s/%s", shared, relative);
    else
        snprintf(path, sizeof path, "%s/../shared/%s", UNIT_SOURCE_DIR, relative);
    return access(path, R_OK) == 0 ? path : NULL;
}

const char *unit_scratch(const char *name) {
    static char path[4096];
    static const char folder[] = "tests/unit/scratch";
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        perror(folder);
        exit(2);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

char *unit_read(const char *path, size_t *length) {
    *length = 0;
    FILE *in = fopen(path, "rb");
    if (!CHECK_MSG(in != NULL, "%s: cannot be opened", path)) return NULL;
    char *data = NULL;
    if (fseek(in, 0, SEEK_END) == 0) {
        long size = ftell(in);
        rewind(in);
        data = size < 0 ? NULL : malloc((size_t)size + 1);
        if (data) {
            *length = fread(data, 1, (size_t)size, in);
            data[*length] = 0;
        }
    }
    fclose(in);
    CHECK_MSG(data != NULL, "%s: cannot be read", path);
    return data;
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
