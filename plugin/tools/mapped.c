/* SPDX-License-Identifier: Apache-2.0 */
/* Maps from the page in which the part begins, all pages at once. */
#include "tools/mapped.h"

#include "tools/tools.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local const char *used;

str mapped_part(mapped *m, int fd, int64_t from, isize n) {
    int64_t page = sysconf(_SC_PAGESIZE), start = from - from % page;
    mapped_end(m);
    m->length = (size_t)(from - start + n);
    void *base = mmap(NULL, m->length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, start);
    if (base == MAP_FAILED) return (str){0};
    m->base = base;
    return (str){(const char *)base + (from - start), n};
}

void mapped_end(mapped *m) {
    if (m->base) munmap(m->base, m->length);
    *m = (mapped){0};
}

str mapped_copy(bytes *to, str part) {
    enum { STEP = 64, AHEAD = 2048 };
    to->n = 0;
    char *out = bytes_room(to, part.n);
    isize at = 0;
    for (; part.n - at >= STEP; at += STEP) {
        __builtin_prefetch((const void *)((uintptr_t)part.p + (uintptr_t)at + AHEAD));
        memcpy(out + at, part.p + at, STEP);
    }
    memcpy(out + at, part.p + at, (size_t)(part.n - at));
    to->n = part.n;
    return bytes_str(to);
}

void mapped_use(const char *name) { used = name; }

static void tell(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* nobody is there to be told */
}

static void on_bus(int signal) {
    (void)signal;
    tell(used ? used : "an input");
    tell(": error: the file became shorter, or its disk failed, while it was read; what was written"
         " is not whole: run it again\n");
    _exit(TOOL_FAILED);
}

void mapped_guard(void) {
    struct sigaction action = {.sa_handler = on_bus};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
