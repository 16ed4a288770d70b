/* SPDX-License-Identifier: Apache-2.0 */
/* unit: what a unit test file needs, on top of CUnit.
 *
 * A file tests/unit/<room>_<file>_test.c ends with an array `const unit_test
 * <room>_<file>_suite[]` closed by UNIT_END; the build finds it by the file's name, so the line
 * in Makefile.am is the only list. The runner (unit.c) prints the Test Anything Protocol: one
 * line for each test, failures with file, line and both values, a skip with its reason.
 *
 * A failed check does not leave the test; use CHECK_OR_RETURN where going on makes no sense.
 * Paths returned here live in static storage until the next call of the same function; a file
 * that was read is the caller's to free(). */
#ifndef FHIRTRIAL_TESTS_UNIT_H
#define FHIRTRIAL_TESTS_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct unit_test {
    const char *name;
    void (*run)(void);
} unit_test;

#define UNIT_TEST(function)                                                                        \
    { #function, function }
#define UNIT_END                                                                                   \
    { NULL, NULL }

#define CHECK(condition)          unit_check((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_MSG(condition, ...) unit_check((condition), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_INT(actual, expected)                                                                \
    unit_check_int((actual), (expected), __FILE__, __LINE__, #actual)
/* Two NUL-terminated strings; NULL equals only NULL. */
#define CHECK_STR(actual, expected)                                                                \
    unit_check_str((actual), (expected), __FILE__, __LINE__, #actual)
/* Bytes with a length against a NUL-terminated literal. */
#define CHECK_BYTES(data, length, expected)                                                        \
    unit_check_bytes((data), (long long)(length), (expected), (long long)strlen(expected),         \
                     __FILE__, __LINE__, #data)
#define CHECK_OR_RETURN(condition)                                                                 \
    do {                                                                                           \
        if (!CHECK(condition)) return;                                                             \
    } while (0)

/* Ends the test as skipped; the reason is printed and counted in the closing line. */
#define SKIP(...)                                                                                  \
    do {                                                                                           \
        unit_skip(__VA_ARGS__);                                                                    \
        return;                                                                                    \
    } while (0)

/* Skips the test unless ../shared holds `relative`; for the suites and samples only. */
#define NEED_SHARED(relative)                                                                      \
    do {                                                                                           \
        if (!unit_shared(relative)) SKIP("no shared %s", relative);                                \
    } while (0)

bool unit_check(bool ok, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool unit_check_int(long long actual, long long expected, const char *file, int line,
                    const char *what);
bool unit_check_str(const char *actual, const char *expected, const char *file, int line,
                    const char *what);
bool unit_check_bytes(const char *actual, long long actual_length, const char *expected,
                      long long expected_length, const char *file, int line, const char *what);
/* For the runner: what came of a check; `text` says what failed. */
void unit_result(bool ok, const char *file, int line, const char *text);
void unit_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The path of a file of this project, given relative to its top. */
const char *unit_source(const char *relative);

/* The path of a file under ../shared (FHIRTRIAL_SHARED where set), NULL where it is absent. */
const char *unit_shared(const char *relative);

/* A path for a scratch file of this test program, under the build directory's own folder. */
const char *unit_scratch(const char *name);

/* Reads a whole file; the result has a NUL behind its *length bytes. A file that cannot be read
 * fails the test and gives NULL. */
char *unit_read(const char *path, size_t *length);

#endif
