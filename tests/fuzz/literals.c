/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as lines, and two texts that are their beginning: the search of every set of vector
 * instructions gives the lines that a search byte by byte finds. */
#include "fhir/literals.h"
#include "fhir/read.h"
#include "fuzz.h"

typedef struct state {
    arena *a;
    str text;
} state;

static bool holds(str line, str first, str second) {
    return str_find(line, first, 0) >= 0 || str_find(line, second, 0) >= 0 ||
           str_find(line, S("\\u"), 0) >= 0;
}

static void step(void *data) {
    state *s = data;
    isize n = s->text.n < 8 ? s->text.n : 3 + s->text.p[0] % 5;
    str first = str_slice(s->text, 0, n), second = str_slice(s->text, n, 2 * n);
    literals *l = literals_new(s->a);
    literals_add(l, first);
    literals_add(l, second);
    if (!literals_usable(l)) return;
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        str rest = s->text, slow = s->text, line, expected;
        while (literals_next_line(l, (vectors)v, &rest, &line)) {
            do FUZZ_MUST(read_next_line(&slow, &expected));
            while (!holds(expected, first, second));
            FUZZ_MUST(line.p == expected.p && line.n == expected.n);
        }
        while (read_next_line(&slow, &expected)) FUZZ_MUST(!holds(expected, first, second));
    }
}

void fuzz_literals(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    state s = {&a, {(const char *)data, (isize)size}};
    FUZZ_MUST(guarded(&where, step, &s));
    arena_release(&a);
}
