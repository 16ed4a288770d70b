/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON: the index of every set of vector instructions, with the grammar behind it,
 * takes what the lexer takes that reads from the front; and all find the same tokens. */
#include "fhir/grammar.h"
#include "fhir/scan.h"
#include "fuzz.h"

typedef struct state {
    arena *a;
    str text;
    token_index first, other;
} state;

static void step(void *data) {
    state *s = data;
    fault why;
    scan lexer = scan_new(s->text, 0, &why);
    bool legal = scan_skip(&lexer) && scan_end(&lexer), indexed = false;
    str text = str_starts(s->text, S("\xEF\xBB\xBF")) ? str_slice(s->text, 3, s->text.n) : s->text;
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        if (!vectors_work((vectors)v)) continue;
        token_index *x = v == VECTORS_NONE ? &s->first : &s->other;
        bool ok = index_build(x, text, (vectors)v, s->a);
        if (v == VECTORS_NONE) indexed = ok;
        FUZZ_MUST(ok == indexed);
        FUZZ_MUST((ok && grammar_check(x, LIMIT_DEPTH)) == legal);
        if (!ok || v == VECTORS_NONE) continue;
        FUZZ_MUST(x->n == s->first.n);
        FUZZ_MUST(memcmp(x->at, s->first.at, (x->n + 1) * sizeof *x->at) == 0);
        FUZZ_MUST(memcmp(x->kind, s->first.kind, x->n + 1) == 0);
    }
}

void fuzz_index(const uint8_t *data, size_t size) {
    static state s;
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    s.a = &a;
    s.text = (str){(const char *)data, (isize)size};
    FUZZ_MUST(guarded(&where, step, &s));
    arena_release(&a);
}
