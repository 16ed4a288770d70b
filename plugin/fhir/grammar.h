/* SPDX-License-Identifier: Apache-2.0 */
/* grammar.h: the second stage of the JSON reader: whether the tokens of an index are one JSON text
 * (RFC 8259), and where each object and array ends. After it, whoever reads may take the text for
 * well-formed, and passes over what nobody wants in one step. */
#ifndef FHIRTRIAL_FHIR_GRAMMAR_H
#define FHIRTRIAL_FHIR_GRAMMAR_H

#include "fhir/index.h"

/* True for one value with nothing behind it, nested no deeper than `max_depth` (at most
 * LIMIT_DEPTH); then `past` of every opening bracket is set. Pure. */
bool grammar_check(token_index *x, int max_depth);

/* The text of the string at token `t`, between its quotes, escapes as written; of a number or
 * literal. */
static inline const char *token_end(const token_index *x, uint32_t t) {
    const char *end = x->text + x->at[t + 1];
    while ((uint8_t)end[-1] <= ' ') end--;
    return end;
}
static inline str token_string(const token_index *x, uint32_t t) {
    const char *start = x->text + x->at[t] + 1;
    return (str){start, token_end(x, t) - 1 - start};
}
static inline str token_scalar(const token_index *x, uint32_t t) {
    const char *start = x->text + x->at[t];
    return (str){start, token_end(x, t) - start};
}

/* The token behind the value at token `t`. */
static inline uint32_t token_past(const token_index *x, uint32_t t) {
    return (x->kind[t] & 0xDF) == '[' ? x->past[t] : t + 1;
}

#endif
