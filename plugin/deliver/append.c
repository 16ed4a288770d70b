/* SPDX-License-Identifier: Apache-2.0 */
/* append.c: the file endpoint: one Flag a line, appended and synced before the message counts as
 * done. Each line carries sequence and digest in its tag, so a message that may have been written
 * by a sender that died is looked for at the end of the file first. */
#include "deliver/sending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES = 4 << 20, PATH_TEXT = 4096 };

/* What is at the end of the file. */
typedef struct tail {
    bool written; /* our line is there already */
    bool named;   /* the Flag is in a line, or the file is too long to tell */
    bool torn;    /* the last line has no end */
    bool ours;    /* and is the beginning of our line */
    off_t line;   /* where the last line begins */
    off_t size;
} tail;

static bool read_at(int fd, char *out, size_t n, off_t from) {
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, out + done, n - done, from + (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

static void look(const char *text, size_t n, off_t from, str line, tail *out) {
    const char *found = text;
    size_t left = n;
    const char *last = memrchr(text, '\n', n);
    const char *open_line = last ? last + 1 : text;
    size_t open_n = n - (size_t)(open_line - text);
    out->torn = open_n > 0;
    out->line = from + (open_line - text);
    out->ours = out->torn && open_n < (size_t)line.n && memcmp(open_line, line.p, open_n) == 0;
    while ((found = memmem(found, left, line.p, (size_t)line.n))) {
        if (found == text ? from == 0 : found[-1] == '\n') {
            out->written = true;
            return;
        }
        found++;
        left = n - (size_t)(found - text);
    }
}

static bool read_tail(int fd, str line, str key, tail *out) {
    struct stat info;
    *out = (tail){0};
    if (fstat(fd, &info) != 0) return false;
    out->size = info.st_size;
    off_t from = info.st_size > TAIL_BYTES ? info.st_size - TAIL_BYTES : 0;
    size_t n = (size_t)(info.st_size - from);
    if (n == 0) return true;
    char *text = malloc(n);
    bool ok = text && read_at(fd, text, n, from);
    if (ok) look(text, n, from, line, out);
    out->named = from > 0 || (ok && memmem(text, n, key.p, (size_t)key.n) != NULL);
    free(text);
    return ok;
}

static bool write_all(int fd, str text) {
    for (isize done = 0; done < text.n;) {
        ssize_t put = write(fd, text.p + done, (size_t)(text.n - done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        done += put;
    }
    return true;
}

/* A new file is only safe when its folder is synced too. */
static bool sync_folder(const char *path) {
    char folder[PATH_TEXT];
    const char *slash = strrchr(path, '/');
    size_t n = slash && slash > path ? (size_t)(slash - path) : 1;
    memcpy(folder, path, n);
    folder[n] = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

/* After a write that failed half-way (no space), the file is as it was. */
static const char *append_line(int fd, const char *path, str line, const tail *end) {
    bool ok = !end->torn || (end->ours ? ftruncate(fd, end->line) == 0 : write_all(fd, S("\n")));
    if (!ok || !write_all(fd, line)) {
        if (ftruncate(fd, end->ours ? end->line : end->size) != 0)
            return "the file could not be written, and holds a part of a line";
        return "the file could not be written: is there space?";
    }
    if (fsync(fd) != 0 || (end->size == 0 && !sync_folder(path)))
        return "the file could not be synced to disk";
    return NULL;
}

static const char *check_file(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return "the endpoint's path is no file";
    if (info.st_uid != geteuid()) return "the endpoint's file belongs to another user";
    return NULL;
}

/* NULL: the line is in the file, or *needless because the Flag is not to be found there and the
 * message would only end it. *config: a person must mend it. */
static const char *put(slot *slot, const char *path, str line, bool *needless, bool *config) {
    tail end;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    *config = true;
    if (fd < 0)
        return errno == ELOOP ? "the endpoint's path is a symbolic link: name the file itself"
                              : "the endpoint's file cannot be opened: check path and permissions";
    const char *wrong = check_file(fd);
    *config = wrong != NULL;
    if (!wrong && !read_tail(fd, line, slot->message.key, &end))
        wrong = "the file cannot be read back";
    *needless = !wrong && slot_ends_nothing(slot) && !end.named;
    if (!wrong && slot->must_read && end.written)
        (void)fsync(fd);
    else if (!wrong && !*needless)
        wrong = append_line(fd, path, line, &end);
    close(fd);
    return wrong;
}

void slot_append(slot *slot) {
    sender *s = slot->sender;
    char path[PATH_TEXT];
    bool config, needless = false;
    str wire = flag_wire(&slot->arena, &slot->message, (str){0});
    str line = arena_printf(&slot->arena, "%.*s\n", STR_ARGS(wire));
    (void)snprintf(path, sizeof path, "%.*s", STR_ARGS(s->config->path));
    const char *wrong = put(slot, path, line, &needless, &config);
    if (needless) {
        slot_done_without(slot);
    } else if (!wrong) {
        slot_done(slot, &(flag_seen){.id = (str){0}});
    } else if (config) {
        gate_stop(s, CLASS_CONFIG, 0, wrong, -1);
        slot_again(slot, CLASS_CONFIG, wrong, 0);
    } else {
        gate_failure(s, CLASS_RETRY, 0, wrong, -1, false);
        slot_again(slot, CLASS_RETRY, wrong,
                   pace_backoff(s->config->backoff_first_ms, s->config->backoff_max_ms,
                                slot->queued.attempts + 1));
    }
}
