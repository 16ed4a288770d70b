/* SPDX-License-Identifier: Apache-2.0 */
/* source.h: the bytes of one input file, plain or compressed. gzip is told by its first two bytes,
 * whatever the file is called; several members one after another are one text (RFC 1952, 2.2).
 * Bytes are copied by read(2), or lent from a part of the file that is mapped. */
#ifndef FHIRTRIAL_TOOLS_SOURCE_H
#define FHIRTRIAL_TOOLS_SOURCE_H

#include "tools/mapped.h"

typedef struct source source;

/* Opens the file, "-" for standard input; NULL: errno tells why. */
source *source_open(const char *path);
/* Up to `most` bytes, as soon as there are any. 0 at the end; -1 after an error, of which *why is
 * the text (static). */
isize source_read(source *s, char *to, isize most, const char **why);
/* The next bytes of a plain file, `back` of which were read already, at most `most`; they are lent
 * until `m` is used again. Empty where the file has no more, or cannot lend: then source_read goes
 * on. Nothing counts as read before source_pass tells how much of it is. */
str source_lend(source *s, mapped *m, isize back, isize most);
void source_pass(source *s, isize back, isize n);
/* Whether what comes next may be long in coming (a pipe, a terminal). */
bool source_is_slow(const source *s);
/* Bytes of the file itself that were read so far. */
int64_t source_position(const source *s);
void source_close(source *s);

#endif
