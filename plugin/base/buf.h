/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h: text that grows in an arena up to a ceiling it is born with, and the JSON writer's lowest
 * level. A buf belongs to the arena it was made in; `buf_str` borrows its bytes until the next
 * append. Going over the ceiling raises FAULT_LIMIT at the arena's landing, with the buffer's
 * purpose in the text. */
#ifndef FHIRTRIAL_BASE_BUF_H
#define FHIRTRIAL_BASE_BUF_H

#include "base/arena.h"

typedef struct buf {
    arena *arena;
    char *p;
    isize n, cap, limit;
    const char *purpose; /* names the limit in the fault's text */
} buf;

/* An empty buffer; `limit` in bytes; `purpose` is static text such as "a record". */
buf buf_new(arena *arena, isize limit, const char *purpose);
void buf_byte(buf *buf, char byte);
void buf_add(buf *buf, str text);
/* printf as in arena_printf. */
void buf_printf(buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In decimal digits, with a minus where it is negative. */
void buf_integer(buf *buf, int64_t n);
/* The text as a JSON string with quotes; escapes what RFC 8259 section 7 demands, and DEL, nothing
 * else. */
void buf_json_string(buf *buf, str text);
str buf_str(const buf *buf);

#endif
