/* SPDX-License-Identifier: Apache-2.0 */
/* source.h: the bytes of one input file, plain or compressed. gzip is told by its first two bytes,
 * whatever the file is called; several members one after another are one text (RFC 1952, 2.2).
 * Reading is read(2): a mapped file would change under the readers when somebody writes to it. */
#ifndef FHIRTRIAL_TOOLS_SOURCE_H
#define FHIRTRIAL_TOOLS_SOURCE_H

#include "base/base.h"

typedef struct source source;

/* Opens the file, "-" for standard input; NULL: errno tells why. */
source *source_open(const char *path);
/* Up to `most` bytes, as soon as there are any. 0 at the end; -1 after an error, of which *why is
 * the text (static). */
isize source_read(source *s, char *to, isize most, const char **why);
/* Whether what comes next may be long in coming (a pipe, a terminal). */
bool source_is_slow(const source *s);
/* Bytes of the file itself that were read so far. */
int64_t source_position(const source *s);
void source_close(source *s);

#endif
