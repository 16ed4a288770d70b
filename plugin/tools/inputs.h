/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h: which files the arguments of a tool stand for. A file is taken whatever it is called.
 * A folder stands for its files, and those of its sub-folders, that end in .json, .ndjson, .jsonl
 * or .xml, each perhaps with .gz behind it, in upper or lower case, in the order of their bytes;
 * hidden files and folders are passed over, and links to folders are not followed. "-" is standard
 * input. The list is made once, so that a file which is written meanwhile is not read. */
#ifndef FHIRTRIAL_TOOLS_INPUTS_H
#define FHIRTRIAL_TOOLS_INPUTS_H

#include "base/base.h"

#include <sys/types.h>

typedef struct input_file {
    char *path;       /* as it is opened; "-" is standard input */
    const char *name; /* for messages */
    int error;        /* errno of what is wrong with it, 0: nothing known yet */
    bool empty;       /* a folder without any file that is taken */
    dev_t device;     /* with `node`: which file it is */
    ino_t node;
} input_file;

typedef struct inputs {
    input_file *list;
    isize n, cap;
    int64_t size; /* bytes of all files, -1 when one has no size (standard input, a pipe) */
} inputs;

/* Adds what one argument stands for. */
void inputs_add(inputs *all, const char *argument);
void inputs_free(inputs *all);
/* Whether the file's name says that each line is a message (.ndjson, .jsonl). */
bool input_is_lines(const char *path);

#endif
