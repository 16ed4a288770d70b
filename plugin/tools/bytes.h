/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h: growing text on the heap, for what outlives one message: a piece of the input, the rows
 * that came of it. It is emptied and filled again, so that nothing is allocated after warm-up. When
 * the machine has no memory the program says so and ends with TOOL_FAILED: a tool has nothing to
 * save. A bytes belongs to one thread at a time. */
#ifndef FHIRTRIAL_TOOLS_BYTES_H
#define FHIRTRIAL_TOOLS_BYTES_H

#include "base/base.h"

typedef struct bytes {
    char *p;
    isize n, cap;
} bytes;

/* Room for `more` bytes behind what is there; returns where they go. */
char *bytes_room(bytes *b, isize more);
void bytes_add(bytes *b, str text);
static inline str bytes_str(const bytes *b) { return (str){b->p, b->n}; }
/* Drops the first `n` bytes. */
void bytes_drop(bytes *b, isize n);
void bytes_free(bytes *b);
/* Memory for `count` zeroed objects of `size` bytes; never NULL. It shares no cache line with other
 * memory, so that threads which each count in their own do not wait for each other. */
enum { TOOL_LINE = 128 /* what processors fetch together */ };
void *tool_memory(isize count, isize size);

#endif
