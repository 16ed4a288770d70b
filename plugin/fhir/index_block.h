/* SPDX-License-Identifier: Apache-2.0 */
/* index_block.h: what all variants of the index share: from the marks of 64 bytes to the starts of
 * their tokens. A variant has its own index_marks (from bytes to marks), index_parity and
 * index_emit (which gives the number of tokens), and gets its loop from INDEX_RUN. Everything here
 * is inlined, so that it is compiled for the variant's instructions. Internal to index_*.c. */
#ifndef FHIRTRIAL_FHIR_INDEX_BLOCK_H
#define FHIRTRIAL_FHIR_INDEX_BLOCK_H

#include "fhir/index.h"

#include <string.h>

/* A bit for each byte of a block, the first byte lowest. */
typedef struct block_marks {
    uint64_t quote, backslash;
    uint64_t structural; /* { } [ ] : , and perhaps control characters, which do not count */
    uint64_t space;      /* space, tab, line feed, carriage return */
    uint64_t control;    /* below 0x20 */
    uint64_t high;       /* 0x80 and above */
} block_marks;

#define INDEX_INLINE static inline __attribute__((always_inline))

/* The bits below `position` of the block at `base`. */
INDEX_INLINE uint64_t index_below(isize position, isize base) {
    isize n = position - base;
    return n <= 0 ? 0 : n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

/* Each bit becomes the parity of the bits up to itself: from quotes to what lies between them. */
INDEX_INLINE uint64_t index_parity_by_shifts(uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

/* Backslashes and bytes of UTF-8 are rare, and looked at one by one. False: not legal. */
INDEX_INLINE bool index_rare(token_index *x, isize base, block_marks *m) {
    uint64_t behind = index_below(x->escape_end, base);
    m->quote &= ~behind;
    m->backslash &= ~behind;
    uint64_t quotes = m->quote; /* apart, so that the marks need no memory */
    if (m->backslash && !index_escapes(x, base, m->backslash, &quotes)) return false;
    m->quote = quotes;
    return !m->high || index_sequences(x, base, m->high);
}

/* What a block hands on to the next one. */
typedef struct block_carry {
    uint64_t in_string; /* all ones inside a string, else 0 */
    uint64_t in_scalar; /* 1 behind a byte of a number or literal */
    uint64_t bad;       /* a control character stood in a string */
} block_carry;

/* The starts of the block's tokens. `between` is the parity of the quotes. */
INDEX_INLINE uint64_t index_starts(block_carry *c, const block_marks *m, uint64_t between) {
    uint64_t string = between ^ c->in_string; /* from the opening quote to before the closing one */
    uint64_t outside = ~(string | m->quote);
    uint64_t structural = m->structural & ~m->control;
    uint64_t scalar = outside & ~(structural | m->space);
    uint64_t starts = scalar & ~(scalar << 1 | c->in_scalar);
    c->bad |= m->control & string;
    c->in_string = 0 - (string >> 63);
    c->in_scalar = scalar >> 63;
    return starts | (structural & outside) | (m->quote & string);
}

/* The last, shorter block, filled up with spaces. */
INDEX_INLINE const char *index_last(const token_index *x, isize base, char *last) {
    memset(last, ' ', INDEX_BLOCK);
    memcpy(last, x->text + base, (size_t)(x->length - base));
    return last;
}

/* Asks for the bytes that are read next, also those of the next line where a text is one line of
 * many: the machine's own guess ends with each text. A hint; nothing is read. */
INDEX_INLINE void index_ahead(const char *block) {
    __builtin_prefetch((const void *)((uintptr_t)block + 2048));
}

/* Where the tokens go. Apart from the index: what is written through `kind` may be anything to the
 * compiler, so it would read the index's own members again for each block. */
typedef struct index_room {
    uint32_t *at;
    char *kind;
    uint32_t n, cap;
} index_room;

/* More of it, with the tokens so far. */
INDEX_INLINE index_room index_more(token_index *x, uint32_t n, isize base) {
    x->n = n;
    if (x->cap - n < INDEX_SLACK) index_grow(x, base);
    return (index_room){x->at, x->kind, n, x->cap};
}

/* The loop over the blocks. */
#define INDEX_RUN(name, target)                                                                    \
    target bool name(token_index *x) {                                                             \
        block_carry c = {0};                                                                       \
        char last[INDEX_BLOCK];                                                                    \
        const char *text = x->text;                                                                \
        isize length = x->length, escape_end = 0;                                                  \
        index_room to = index_more(x, 0, 0);                                                       \
        for (isize base = 0; base < length; base += INDEX_BLOCK) {                                 \
            const char *block = text + base;                                                       \
            if (length - base < INDEX_BLOCK) block = index_last(x, base, last);                    \
            if (to.cap - to.n < INDEX_SLACK) to = index_more(x, to.n, base);                       \
            index_ahead(block);                                                                    \
            block_marks m = index_marks(block);                                                    \
            if (m.backslash | m.high || escape_end > base) {                                       \
                if (!index_rare(x, base, &m)) return false;                                        \
                escape_end = x->escape_end;                                                        \
            }                                                                                      \
            uint64_t starts = index_starts(&c, &m, index_parity(m.quote));                         \
            to.n += index_emit(to.at + to.n, to.kind + to.n, block, base, starts);                 \
        }                                                                                          \
        x->n = to.n;                                                                               \
        return !(c.bad | c.in_string);                                                             \
    }

/* Tokens one by one, for machines without a better way. Eight are written whether they are there
 * or not: a branch for each would be guessed wrong too often. `n` is how many there are. */
INDEX_INLINE uint64_t index_write(uint32_t *at, char *kind, const char *block, isize base,
                                  uint64_t starts) {
    int bit = __builtin_ctzll(starts | UINT64_C(1) << 63);
    *at = (uint32_t)base + (uint32_t)bit;
    *kind = block[bit];
    return starts & (starts - 1);
}

INDEX_INLINE uint32_t index_emit_one_by_one(uint32_t *at, char *kind, const char *block, isize base,
                                            uint64_t starts, int n) {
    for (int left = n; left > 0; left -= 8, at += 8, kind += 8) {
        starts = index_write(at, kind, block, base, starts);
        starts = index_write(at + 1, kind + 1, block, base, starts);
        starts = index_write(at + 2, kind + 2, block, base, starts);
        starts = index_write(at + 3, kind + 3, block, base, starts);
        starts = index_write(at + 4, kind + 4, block, base, starts);
        starts = index_write(at + 5, kind + 5, block, base, starts);
        starts = index_write(at + 6, kind + 6, block, base, starts);
        starts = index_write(at + 7, kind + 7, block, base, starts);
    }
    return (uint32_t)n;
}

/* The number of bits that are set, where no instruction counts them. */
INDEX_INLINE int index_count(uint64_t bits) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    bits -= (bits >> 1) & ones * 0x55;
    bits = (bits & ones * 0x33) + ((bits >> 2) & ones * 0x33);
    return (int)((((bits + (bits >> 4)) & ones * 0x0F) * ones) >> 56);
}

#endif
