/* SPDX-License-Identifier: Apache-2.0 */
/* index.h: where the tokens of a JSON text are. The first of the JSON reader's two stages: vector
 * instructions mark, 64 bytes at a time, what is a quote, a backslash, a structural character,
 * white space, a control character, a byte of UTF-8; from the marks follow, without a branch for
 * each string, where strings begin and end and where every token starts. The second stage
 * (grammar.h) checks the order of the tokens; then nobody has to search the text again.
 *
 *     {"id": "a\"b", "n": [1, true]}
 *     ^^   ^ ^     ^ ^  ^ ^^^ ^   ^^       at:   offsets of the tokens
 *     { "  : "     , "  : [1, t   ]}       kind: their first bytes
 *
 * A string is one token, its opening quote: it ends with the last quote before the next token. A
 * number or a literal is one token too. What the index promises once index_build gave true: every
 * string is closed and is well-formed UTF-8 with legal escapes and no control characters. What is
 * legal is what scan.h accepts; what is wrong, and where, scan.h says.
 *
 * One thread at a time for an index; the functions are pure. */
#ifndef FHIRTRIAL_FHIR_INDEX_H
#define FHIRTRIAL_FHIR_INDEX_H

#include "base/arena.h"
#include "fhir/vectors.h"

#include <string.h>

enum {
    INDEX_HELD = 1024,    /* tokens that need no memory beyond the index itself */
    INDEX_BLOCK = 64,     /* bytes that are looked at together */
    INDEX_SLACK = 2 * 64, /* free places before a block is looked at: vectors write ahead */
};

typedef struct token_index {
    const char *text; /* borrowed; a byte-order mark is not part of it */
    isize length;     /* at most INT32_MAX */
    uint32_t *at;     /* offset of each token; at[n] is `length` */
    uint32_t *past;   /* of '{' and '[': the token behind their end; set by grammar_check */
    char *kind;       /* the token's first byte; kind[n] is 0 */
    uint32_t n, cap;
    isize escape_first,
        escape_last; /* offsets of the first and the last escape; first > last: none */
    arena *arena;    /* for texts with more than INDEX_HELD tokens; FAULT_NOMEM is raised there */
    /* between blocks */
    isize escape_end;   /* where the last escape ends */
    isize sequence_end; /* where the last UTF-8 sequence ends */
    uint32_t held_at[INDEX_HELD], held_past[INDEX_HELD];
    char held_kind[INDEX_HELD];
} token_index;

/* Indexes the text (without a byte-order mark). False: some string in it is not closed or not
 * legal; nothing else is said. */
bool index_build(token_index *x, str text, vectors variant, arena *arena);

/* Whether a span of the text holds escapes. */
static inline bool index_escaped(const token_index *x, str raw) {
    if (x->escape_last < 0) return false;
    isize at = raw.p - x->text;
    if (x->escape_last < at || x->escape_first >= at + raw.n) return false;
    return memchr(raw.p, '\\', (size_t)raw.n);
}

/* --- for the variants (index_*.c) --- */
typedef bool index_run(token_index *x);
index_run index_run_none, index_run_sse2, index_run_avx2, index_run_avx512, index_run_neon;
/* Room for INDEX_SLACK more tokens, when `done` bytes have been looked at. */
void index_grow(token_index *x, isize done);
/* Walks the escapes that begin at the backslashes of the block at offset `base`; takes what belongs
 * to them out of *quotes. False: one is illegal. */
bool index_escapes(token_index *x, isize base, uint64_t backslashes, uint64_t *quotes);
/* Walks the UTF-8 sequences that begin at the bytes marked in `high`. False: one is ill-formed. */
bool index_sequences(token_index *x, isize base, uint64_t high);

#endif
