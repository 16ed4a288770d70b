/* SPDX-License-Identifier: Apache-2.0 */
/* mapped.h: a part of a file as memory, so that its bytes are used where the system holds them.
 * Parts are small and let go of after use: what is mapped counts as memory of this program.
 *
 * The bytes are the file's own: they change when somebody writes to it, between two looks at the
 * same place too. They may be searched; whoever trusts what was checked before, as the readers of
 * messages do, takes a copy first (mapped_copy). A file that becomes shorter, or whose disk fails,
 * while a part of it is used ends a program by the signal SIGBUS; the commands end instead with a
 * message that names the file, and with TOOL_FAILED. */
#ifndef FHIRTRIAL_TOOLS_MAPPED_H
#define FHIRTRIAL_TOOLS_MAPPED_H

#include "tools/bytes.h"

typedef struct mapped {
    void *base; /* NULL: nothing is mapped */
    size_t length;
} mapped;

/* The bytes of the file from offset `from` on, `n` of them, which it must have; empty: this file
 * cannot be mapped. Lets go of what was mapped before. */
str mapped_part(mapped *m, int fd, int64_t from, isize n);
void mapped_end(mapped *m);
/* A copy of a text in a mapped part, in `to` in place of what was there. Each byte is read once;
 * those that come next in the file are asked for meanwhile. */
str mapped_copy(bytes *to, str part);

/* From now on, on this thread, parts of this file are used; `name` is borrowed. */
void mapped_use(const char *name);
/* Sets what happens at SIGBUS, for the whole process. Call it before other threads begin. */
void mapped_guard(void);

#endif
