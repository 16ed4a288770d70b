/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the index that are the same for all variants: its memory, and what is rare. */
#include "fhir/index.h"

#include "fhir/scan.h"

#include <string.h>

void index_grow(token_index *x, isize done) {
    /* as dense as so far and a little more, then doubled */
    int64_t dense = done > 0 ? (int64_t)x->n * x->length / done : 0;
    int64_t cap = dense + dense / 8 + 2 * INDEX_SLACK, least = (int64_t)x->cap + x->cap / 2;
    if (cap < least) cap = least;
    uint32_t *at = arena_new(x->arena, uint32_t, (isize)cap);
    char *kind = arena_new(x->arena, char, (isize)cap);
    memcpy(at, x->at, x->n * sizeof *at);
    memcpy(kind, x->kind, x->n);
    x->at = at;
    x->kind = kind;
    x->past = NULL;
    x->cap = (uint32_t)cap;
}

bool index_escapes(token_index *x, isize base, uint64_t backslashes, uint64_t *quotes) {
    const char *end = x->text + x->length;
    while (backslashes) {
        isize at = base + __builtin_ctzll(backslashes);
        int n = scan_escape_bytes(x->text + at, end);
        if (!n) return false;
        if (x->escape_last < 0) x->escape_first = at;
        x->escape_last = at;
        x->escape_end = at + n;
        isize left = x->escape_end - base;
        uint64_t behind = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        *quotes &= ~behind | ((UINT64_C(1) << (at - base)) - 1);
        backslashes &= ~behind;
    }
    return true;
}

bool index_sequences(token_index *x, isize base, uint64_t high) {
    const char *end = x->text + x->length;
    while (high) {
        isize at = base + __builtin_ctzll(high);
        if (at >= x->sequence_end) {
            int n = scan_sequence_bytes(x->text + at, end);
            if (!n) return false;
            x->sequence_end = at + n;
        }
        high &= high - 1;
    }
    return true;
}

static bool run(token_index *x, vectors variant) {
    switch (variant) {
#if defined(__x86_64__)
    case VECTORS_SSE2: return index_run_sse2(x);
    case VECTORS_AVX2: return index_run_avx2(x);
    case VECTORS_AVX512: return index_run_avx512(x);
#elif defined(__aarch64__)
    case VECTORS_NEON: return index_run_neon(x);
#endif
    default: return index_run_none(x);
    }
}

bool index_build(token_index *x, str text, vectors variant, arena *arena) {
    x->text = text.p;
    x->length = text.n;
    x->at = x->held_at;
    x->past = x->held_past;
    x->kind = x->held_kind;
    x->n = 0;
    x->cap = INDEX_HELD;
    x->escape_first = 0;
    x->escape_last = -1;
    x->arena = arena;
    x->escape_end = x->sequence_end = 0;
    if (!run(x, vectors_choose(variant))) return false;
    if (!x->past) x->past = arena_new(arena, uint32_t, (isize)x->n + 1);
    for (uint32_t i = 0; i < 2; i++) { /* a look at the token behind the last needs no check */
        x->at[x->n + i] = (uint32_t)text.n;
        x->kind[x->n + i] = 0;
    }
    return true;
}
