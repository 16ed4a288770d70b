/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to files. */
#include "tools/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_FROM = 128 << 10 };

static bool fail(sink *s, const char *verb) {
    if (!s->failed && errno != EPIPE)
        fprintf(stderr, "fhirtrial view: cannot %s %s: %s\n", verb,
                s->path ? s->path : "standard output", strerrordesc_np(errno));
    s->failed = true;
    return false;
}

bool sink_open(sink *s) {
    s->fd = STDOUT_FILENO;
    if (s->path) {
        s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
        if (s->fd < 0) return fail(s, "open");
    }
    rows_head(s->format, s->view, &s->waiting);
    return true;
}

static bool write_all(sink *s, str text) {
    while (text.n > 0) {
        ssize_t n = write(s->fd, text.p, (size_t)text.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(s, "write to");
        text = str_slice(text, n, text.n);
    }
    return true;
}

bool sink_flush(sink *s) {
    if (s->failed || s->format == ROWS_TABLE) return !s->failed;
    str text = bytes_str(&s->waiting);
    s->waiting.n = 0;
    return write_all(s, text);
}

bool sink_put(sink *s, str text, long rows) {
    if (s->failed || rows == 0) return !s->failed;
    if (s->format == ROWS_JSON && s->rows == 0) text = str_slice(text, 1, text.n);
    s->rows += rows;
    bytes_add(&s->waiting, text);
    return s->waiting.n < WRITE_FROM || sink_flush(s);
}

static void put_tail(sink *s) {
    bytes tail = {0};
    if (s->titled) {
        bytes_add(&tail, view_name(s->view));
        bytes_add(&tail, S("\n"));
    }
    str kept = s->format == ROWS_TABLE ? bytes_str(&s->waiting) : (str){0};
    rows_tail(s->format, s->view, s->rows > 0, kept, &tail);
    if (sink_flush(s)) write_all(s, bytes_str(&tail));
    bytes_free(&tail);
}

bool sink_close(sink *s) {
    if (s->fd < 0) return false;
    if (!s->failed) put_tail(s);
    bytes_free(&s->waiting);
    if (s->path && close(s->fd) != 0) fail(s, "write to");
    s->fd = -1;
    return !s->failed;
}
