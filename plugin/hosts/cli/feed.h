/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h: the messages in files, folders and standard input, one after another. A file that ends in
 * .ndjson or .jsonl, and standard input, is one message a line; any other is one message. A folder
 * stands for its *.json, *.xml, *.ndjson and *.jsonl files, those of its sub-folders too, in name
 * order. Memory holds one message at a time. */
#ifndef FHIRTRIAL_HOSTS_CLI_FEED_H
#define FHIRTRIAL_HOSTS_CLI_FEED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct message_at {
    const char *path; /* as named, "-" is "stdin" */
    long line;        /* of an NDJSON file, from 1; 0: the whole file */
    char *bytes;
    size_t n;
    bool more; /* more can be read without waiting for whoever writes */
} message_at;

/* Takes one message; false ends the feed. */
typedef bool (*feed_take)(void *user, const message_at *message);

/* Total bytes of all inputs, for progress; 0 when one cannot be known (standard input). */
long long feed_size(char *const *inputs, int n);
/* Feeds all inputs; false when one could not be read (told on standard error) or `take` ended it.
 */
bool feed_inputs(char *const *inputs, int n, feed_take take, void *user);

#endif
