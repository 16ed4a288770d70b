/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h: cuts a stream into FHIR messages: each line of NDJSON, or the whole of a JSON or XML
 * document. NDJSON is told by its first line being a complete object. A message longer than the
 * limit is passed over and said so; the memory held is one message. */
#ifndef FHIRTRIAL_TOOLS_LINES_H
#define FHIRTRIAL_TOOLS_LINES_H

#include "base/base.h"

#include <stdio.h>

typedef struct lines {
    FILE *from;
    char *text;
    size_t n, cap, limit;
    long line; /* of the message's first byte, from 1 */
    long next; /* line the stream stands at */
    bool started, whole;
} lines;

typedef enum lines_result { LINES_END, LINES_MESSAGE, LINES_TOO_LONG, LINES_FAILED } lines_result;

void lines_open(lines *l, FILE *from, size_t limit);
/* The next message, valid until the next call. LINES_FAILED: errno tells why. */
lines_result lines_next(lines *l, str *message);
void lines_close(lines *l);

#endif
