/* SPDX-License-Identifier: Apache-2.0 */
/* base.h: the words every room speaks: sizes, and text as a (pointer, length) pair. Nothing here
 * knows of FHIR, allocates or fails. A `str` never owns its bytes and need not end in NUL: its
 * lifetime is that of the arena, message or literal it points into. */
#ifndef FHIRTRIAL_BASE_BASE_H
#define FHIRTRIAL_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes, counts and offsets are signed, so that a difference is never a huge positive number. */
typedef ptrdiff_t isize;

typedef struct str {
    const char *p;
    isize n;
} str;

/* A str over a string literal. */
#define S(literal) ((str){(literal), (isize)sizeof(literal) - 1})
/* The same as the initializer of a static str, where a compound literal is no constant. */
#define S_INIT(literal)                                                                            \
    { (literal), (isize)sizeof(literal) - 1 }
/* The two arguments of a "%.*s" conversion; longer than INT_MAX is cut there. */
#define STR_ARGS(s)     ((int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n)), ((s).p ? (s).p : "")
#define COUNT_OF(array) ((isize)(sizeof(array) / sizeof((array)[0])))

/* The str over a NUL-terminated string; NULL gives the empty str. */
str str_from(const char *text);
/* Byte-wise equality. */
bool str_eq(str a, str b);
/* Byte-wise order: negative, 0 or positive; a prefix sorts before what it starts. */
int str_compare(str a, str b);
/* Equality that ignores the case of ASCII letters only (media types, token types). */
bool str_eq_ascii_case(str a, str b);
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
/* The part from byte `from` (included) to byte `to` (excluded), both clamped to the text. */
str str_slice(str s, isize from, isize to);
/* Index of the first `byte` at or after `from`, or -1. */
isize str_find_byte(str s, char byte, isize from);
/* Index of the first occurrence of `needle` at or after `from`, or -1; an empty needle is at
 * `from`. */
isize str_find(str s, str needle, isize from);
/* Without leading and trailing space, tab, CR and LF. */
str str_trim(str s);
/* A 64-bit hash of the bytes for tables in memory (FNV-1a; not for identity, not keyed). */
uint64_t str_hash(str s);
/* Edit distance (insert, delete, replace, swap of neighbours), counted up to `most` and then most +
 * 1: what "did you mean" is built on. Texts longer than 64 bytes are never near. */
int str_distance(str a, str b, int most);

#endif
