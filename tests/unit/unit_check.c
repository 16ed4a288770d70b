/* SPDX-License-Identifier: Apache-2.0 */
/* The checks and the files of unit.h, for whichever program runs the tests. */
#include "unit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool unit_check(bool ok, const char *file, int line, const char *format, ...) {
    char text[1024] = "";
    if (!ok) {
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
    }
    unit_result(ok, file, line, text);
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
