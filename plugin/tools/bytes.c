/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text on the heap. */
#include "tools/bytes.h"
#include "tools/tools.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Other threads may be at work: nothing is flushed or freed. */
static _Noreturn void out_of_memory(void) {
    static const char text[] = "fhirtrial: the machine has no memory left\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written < 0 ? TOOL_FAILED : TOOL_FAILED);
}

char *bytes_room(bytes *b, isize more) {
    if (more > b->cap - b->n) {
        isize cap = b->cap ? b->cap : 4096;
        while (cap - b->n < more) cap *= 2;
        char *grown = realloc(b->p, (size_t)cap);
        if (!grown) out_of_memory();
        b->p = grown;
        b->cap = cap;
    }
    return b->p + b->n;
}

void bytes_add(bytes *b, str text) {
    if (text.n <= 0) return;
    memcpy(bytes_room(b, text.n), text.p, (size_t)text.n);
    b->n += text.n;
}

void bytes_drop(bytes *b, isize n) {
    b->n -= n;
    if (b->n > 0) memmove(b->p, b->p + n, (size_t)b->n);
}

void bytes_free(bytes *b) {
    free(b->p);
    *b = (bytes){0};
}

void *tool_memory(isize count, isize size) {
    size_t n;
    bool over = __builtin_mul_overflow((size_t)(count ? count : 1), (size_t)size, &n) ||
                n > SIZE_MAX - TOOL_LINE;
    n = (n + TOOL_LINE - 1) / TOOL_LINE * TOOL_LINE;
    void *p = over ? NULL : aligned_alloc(TOOL_LINE, n);
    if (!p) out_of_memory();
    return memset(p, 0, n);
}
