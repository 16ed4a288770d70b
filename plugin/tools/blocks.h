/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.h: cuts the inputs into blocks for the workers: some hundred whole lines of NDJSON, or one
 * JSON or XML document. A file is NDJSON when its name says so (.ndjson, .jsonl), else when its
 * first line is a complete object or its second one begins with a brace; so one line that was cut
 * off spoils one message. A message longer than LIMIT_MESSAGE_BYTES is passed over and said so.
 * What is held is one block and the piece of a line behind it, however long the input is. */
#ifndef FHIRTRIAL_TOOLS_BLOCKS_H
#define FHIRTRIAL_TOOLS_BLOCKS_H

#include "tools/bytes.h"
#include "tools/inputs.h"
#include "tools/source.h"

typedef struct block {
    const input_file *file;
    bytes text;        /* whole lines, the last perhaps without its LF, or the document */
    bool document;     /* the text is one message, whatever its lines */
    bool too_long;     /* instead of a text: one message over the limit */
    bool slow;         /* who reads the rows may be waiting for them */
    const char *fault; /* the file cannot be read from here on, and why; else NULL */
    int64_t position;  /* bytes of all inputs that were read up to here */
} block;

typedef struct blocks {
    const inputs *inputs;
    isize at;   /* the file that is read */
    isize size; /* aimed at, of one block */
    source *source;
    bytes carry; /* read, but not handed out yet */
    bool known;  /* whether it is a document */
    bool document, skipping, ended;
    int64_t before; /* bytes of the files before this one */
} blocks;

/* The next block, into the buffers of `b`; false at the end of all inputs. */
bool blocks_next(blocks *s, block *b);
void blocks_close(blocks *s);

#endif
