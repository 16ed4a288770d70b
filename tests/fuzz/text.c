/* SPDX-License-Identifier: Apache-2.0 */
/* Searching and cutting text, and line and column of an offset: what is found is where it is said
 * to be, and nothing is read outside the text. */
#include "base/problem.h"
#include "fuzz.h"

static void search(str text, str needle) {
    isize at = str_find(text, needle, 0);
    if (at >= 0) FUZZ_MUST(str_starts(str_slice(text, at, text.n), needle));
    if (needle.n == 1) FUZZ_MUST(at == str_find_byte(text, needle.p[0], 0));
    FUZZ_MUST(str_eq(text, needle) == (str_compare(text, needle) == 0));
    FUZZ_MUST((str_compare(text, needle) < 0) == (str_compare(needle, text) > 0));
    FUZZ_MUST(str_distance(text, needle, 3) == str_distance(needle, text, 3));
    str trimmed = str_trim(text);
    FUZZ_MUST(trimmed.n <= text.n && str_eq(str_trim(trimmed), trimmed));
}

static void places(str text) {
    int line = 0, column = 0, earlier_line = 0, earlier_column = 0;
    for (isize at = 0; at <= text.n && at < 512; at++) {
        problem_line_column(text, at, &line, &column);
        FUZZ_MUST(line >= 1 && column >= 1);
        FUZZ_MUST(line > earlier_line || (line == earlier_line && column >= earlier_column));
        earlier_line = line;
        earlier_column = column;
    }
}

/* The first byte says how long the needle is; the rest is needle and text. */
void fuzz_text(const uint8_t *data, size_t size) {
    if (size == 0) return;
    str rest = {(const char *)data + 1, (isize)size - 1};
    isize n = data[0] < rest.n ? data[0] : rest.n;
    search(str_slice(rest, n, rest.n), str_slice(rest, 0, n));
    places(rest);
}
