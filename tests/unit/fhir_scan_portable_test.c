/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer as machines without SSE2 have it, byte for byte against the one of this machine: the
 * same answers, the same spans, the same faults. */
#define SCAN_PORTABLE
#define scan_new          portable_new
#define scan_fail         portable_fail
#define scan_enter        portable_enter
#define scan_quote_slowly portable_quote_slowly
#define scan_fail_name    portable_fail_name
#define scan_name         portable_name
#define scan_number       portable_number
#define scan_literal      portable_literal
#define scan_fail_next    portable_fail_next
#define scan_skip         portable_skip
#define scan_end          portable_end
#define scan_unescape     portable_unescape
#define scan_duplicate    portable_duplicate
#include "../../plugin/fhir/scan.c"

#include "fhir/json.h"
#include "unit.h"

#include <stdlib.h>

typedef struct reading {
    arena a;
    str text;
    bool ok;
    fault fault;
} reading;

static void read_whole(void *state) {
    reading *r = state;
    const json *root;
    r->ok = json_read(&r->a, r->text, &root, &r->fault);
}

/* json_read uses this machine's lexer; what it refuses beyond the grammar, duplicates, is none of
 * the lexer's business. */
static void compare(str text) {
    landing where = {0};
    reading r = {.text = text};
    arena_init(&r.a, 1 << 20, &where);
    CHECK(guarded(&where, read_whole, &r));
    fault mine = {0};
    scan s = scan_new(text, 0, &mine);
    bool ok = scan_skip(&s) && scan_end(&s);
    bool duplicate = !r.ok && strstr(r.fault.text, "two members");
    if (!duplicate) {
        CHECK_MSG(ok == r.ok, "\"%.*s\"", STR_ARGS(text));
        if (!ok)
            CHECK_MSG(mine.at == r.fault.at && mine.code == r.fault.code, "\"%.*s\"",
                      STR_ARGS(text));
    }
    arena_release(&r.a);
}

/* One odd byte, or two, at every place of strings around the strides of both. */
static void every_place_in_a_string(void) {
    static const char odd[] = "\"\\\n\x1F\x7F\x80\xC3\xFF";
    for (int length = 1; length < 40; length++)
        for (int at = 0; at < length; at++)
            for (int i = 0; i < (int)sizeof odd - 1; i++)
                for (int j = 0; j < (int)sizeof odd - 1; j++) {
                    char *text = malloc((size_t)length + 2);
                    memset(text, 'n', (size_t)length + 2);
                    text[0] = text[length + 1] = '"';
                    text[1 + at] = odd[i];
                    if (at + 1 < length) text[2 + at] = odd[j];
                    compare((str){text, length + 2});
                    free(text);
                }
}

/* The documents of the reader's list, and each with each byte changed. */
static void documents(void) {
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
        char *copy = malloc((size_t)line.n + 1);
        memcpy(copy, line.p, (size_t)line.n);
        compare((str){copy, line.n});
        for (isize i = 0; i < line.n; i++) {
            static const char bytes[] = {'"', '\\', ',', '\x80', '\x01', '0'};
            char kept = copy[i];
            copy[i] = bytes[i % (isize)sizeof bytes];
            compare((str){copy, line.n});
            copy[i] = kept;
        }
        free(copy);
    }
    free(file);
}

const unit_test fhir_scan_portable_suite[] = {UNIT_TEST(every_place_in_a_string),
                                              UNIT_TEST(documents), UNIT_END};
