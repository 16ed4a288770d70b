/* SPDX-License-Identifier: Apache-2.0 */
/* window.h: messages are handed to the library some hundred at a time, so that they share its
 * commits, and their results are taken in the order of the messages. Where the store was busy, that
 * message and those behind it are given again, as a good host does. */
#ifndef FHIRTRIAL_HOSTS_CLI_WINDOW_H
#define FHIRTRIAL_HOSTS_CLI_WINDOW_H

#include "feed.h"
#include "session.h"

enum { WINDOW_MESSAGES = 256, WINDOW_BYTES = 16 << 20 };

typedef struct given {
    char *path, *bytes;
    long line;
    size_t n;
    int64_t job; /* 0: it was not accepted */
    int32_t code;
} given;

/* Takes the result of one message: a NUL-terminated document of `n` bytes, 0 where there is none.
 */
typedef void (*window_take)(void *user, const message_at *message, int32_t code, const char *result,
                            int64_t n);

typedef struct window {
    session *session;
    const char *meta; /* of every message, or NULL */
    window_take take;
    void *user;
    given list[WINDOW_MESSAGES];
    int n;
    size_t bytes;
    char *result;
    int64_t cap;
} window;

/* NULL: no memory. `meta` and `session` outlive it. */
window *window_new(session *session, const char *meta, window_take take, void *user);
/* Hands over a copy of the message; takes all results where the window is full then, or where no
 * more input is there. False: no memory. */
bool window_add(window *window, const message_at *message);
/* Waits for all results and takes them. */
void window_finish(window *window);
void window_free(window *window);

#endif
