/* SPDX-License-Identifier: Apache-2.0 */
/* text.h: what the language does with characters: code points, not bytes. Case is the simple
 * mapping of Latin, Greek, Cyrillic and Armenian letters; other scripts have none
 * (docs/decisions.md). No locale. Texts are UTF-8 that a reader has validated. */
#ifndef FHIRTRIAL_PATH_TEXT_H
#define FHIRTRIAL_PATH_TEXT_H

#include "base/arena.h"

/* Well-formed UTF-8 (RFC 3629). */
bool text_is_utf8(str s);
/* Number of code points. */
isize text_length(str s);
/* Byte offset of the n-th code point (n >= 0), or s.n when there are fewer. */
isize text_offset(str s, isize n);
/* The code point at byte *at, which moves past it. */
uint32_t text_next(str s, isize *at);
/* Writes one code point, at most 4 bytes; returns how many. */
isize text_put(char *out, uint32_t c);
/* White space as Unicode has it (White_Space). */
bool text_is_space(uint32_t c);
uint32_t text_upper(uint32_t c);
uint32_t text_lower(uint32_t c);
/* Equal but for case, any white space standing for any other (FHIRPath: Equivalence of strings). */
bool text_equivalent(str a, str b);

#endif
