/* SPDX-License-Identifier: Apache-2.0 */
/* mapped.h: a part of a file as memory, so that its bytes are used where the system holds them
 * instead of being copied first. Parts are small and let go of after use: what is mapped counts as
 * memory of this program. A file that becomes shorter, or whose disk fails, while a part of it is
 * used ends a program by the signal SIGBUS; the commands end instead with a message that names the
 * file, and with TOOL_FAILED. */
#ifndef FHIRTRIAL_TOOLS_MAPPED_H
#define FHIRTRIAL_TOOLS_MAPPED_H

#include "base/base.h"

typedef struct mapped {
    void *base; /* NULL: nothing is mapped */
    size_t length;
} mapped;

/* The bytes of the file from offset `from` on, `n` of them, which it must have; empty: this file
 * cannot be mapped. Lets go of what was mapped before. */
str mapped_part(mapped *m, int fd, int64_t from, isize n);
void mapped_end(mapped *m);

/* From now on, on this thread, parts of this file are used; `name` is borrowed. */
void mapped_use(const char *name);
/* Sets what happens at SIGBUS, for the whole process. Call it before other threads begin. */
void mapped_guard(void);

#endif
