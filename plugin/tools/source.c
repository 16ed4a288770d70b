/* SPDX-License-Identifier: Apache-2.0 */
/* Plain bytes straight from read(2); gzip through zlib's inflate. */
#include "tools/source.h"
#include "tools/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PACKED = 64 << 10, GZIP_WINDOW = 15 + 16 };

struct source {
    int fd;
    int64_t size; /* of a plain file when it was opened */
    bool slow, begun, gzip, ended;
    int64_t position;
    isize from, n; /* what of `packed` is not used yet */
    z_stream inflate;
    unsigned char packed[PACKED];
};

source *source_open(const char *path) {
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    if (fd < 0) return NULL;
    if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        int error = S_ISDIR(info.st_mode) ? EISDIR : errno;
        if (!standard) close(fd);
        errno = error;
        return NULL;
    }
    source *s = tool_memory(1, (isize)sizeof *s);
    s->fd = fd;
    s->slow = !S_ISREG(info.st_mode);
    s->size = info.st_size;
    return s;
}

bool source_is_slow(const source *s) { return s->slow; }
int64_t source_position(const source *s) { return s->position; }

void source_close(source *s) {
    if (s->gzip) inflateEnd(&s->inflate);
    if (s->fd != STDIN_FILENO) close(s->fd);
    free(s);
}

/* Whether a plain file has lost bytes since it was opened: its end comes too early. */
static bool shortened(const source *s) {
    struct stat info;
    return !s->slow && fstat(s->fd, &info) == 0 && info.st_size < s->size;
}

static isize raw(source *s, void *to, isize most, const char **why) {
    ssize_t n;
    do n = read(s->fd, to, (size_t)most);
    while (n < 0 && errno == EINTR);
    if (n < 0) *why = strerrordesc_np(errno);
    if (n == 0 && shortened(s)) {
        *why = "the file became shorter while it was read; run it again when it is whole";
        return -1;
    }
    if (n > 0) s->position += n;
    return n;
}

/* Reads until the first two bytes are there, which tell whether it is gzip. */
static bool begin(source *s, const char **why) {
    while (s->n < 2) {
        isize n = raw(s, s->packed + s->n, PACKED - s->n, why);
        if (n < 0) return false;
        if (n == 0) break;
        s->n += n;
    }
    s->begun = true;
    if (s->n < 2 || s->packed[0] != 0x1f || s->packed[1] != 0x8b) return true;
    s->gzip = inflateInit2(&s->inflate, GZIP_WINDOW) == Z_OK;
    if (!s->gzip) *why = "zlib has no memory";
    return s->gzip;
}

/* One step of inflating; the bytes it gave, -1 after an error. */
static isize inflate_some(source *s, char *to, isize most, const char **why) {
    s->inflate.next_in = s->packed + s->from;
    s->inflate.avail_in = (uInt)s->n;
    s->inflate.next_out = (unsigned char *)to;
    s->inflate.avail_out = (uInt)most;
    int code = inflate(&s->inflate, Z_NO_FLUSH);
    s->from += s->n - (isize)s->inflate.avail_in;
    s->n = s->inflate.avail_in;
    isize got = most - (isize)s->inflate.avail_out;
    if (code == Z_STREAM_END) s->ended = true;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) return got;
    *why = "the gzip data is damaged";
    return -1;
}

static isize unpack(source *s, char *to, isize most, const char **why) {
    for (;;) {
        if (s->n == 0) {
            s->from = 0;
            s->n = raw(s, s->packed, PACKED, why);
            if (s->n < 0) return s->n = 0, -1;
            if (s->n == 0) {
                if (s->ended) return 0;
                *why = "the gzip data ends too early";
                return -1;
            }
        }
        if (s->ended) { /* another member */
            inflateReset2(&s->inflate, GZIP_WINDOW);
            s->ended = false;
        }
        isize got = inflate_some(s, to, most, why);
        if (got != 0) return got;
    }
}

isize source_read(source *s, char *to, isize most, const char **why) {
    if (!s->begun && !begin(s, why)) return -1;
    if (s->gzip) return unpack(s, to, most, why);
    if (s->n == 0) return raw(s, to, most, why);
    isize n = s->n < most ? s->n : most;
    memcpy(to, s->packed + s->from, (size_t)n);
    s->from += n;
    s->n -= n;
    return n;
}
