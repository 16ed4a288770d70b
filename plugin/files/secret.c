/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c: a secret is read only from a file that nobody else could have read or written; all
 * checks are made on the opened descriptor. */
#include "files/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char absent[] =
    "it does not exist: make it, or write the path of the file that holds the secret";

static const char *open_secret(str path, int *fd) {
    if (path.n == 0 || path.p[path.n] != 0 || strlen(path.p) != (size_t)path.n)
        return "its path is no file name";
    *fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (*fd >= 0) return NULL;
    if (errno == ELOOP) return "it is a symbolic link: name the file itself";
    if (errno == ENOENT) return absent;
    return "it cannot be opened: check the path and the permissions of this process's user";
}

static const char *check_secret(int fd, isize max, isize *n) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return "it is no regular file";
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return "it belongs to another user: chown it to this process's user";
    if (info.st_mode & 077) return "others may read or write it: chmod 600 it";
    if (info.st_size == 0) return "it is empty";
    if (info.st_size > max) return "it is larger than such a file can be";
    *n = (isize)info.st_size;
    return NULL;
}

static bool read_bytes(int fd, char *out, isize n) {
    for (isize done = 0; done < n;) {
        ssize_t got = read(fd, out + done, (size_t)(n - done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += got;
    }
    return true;
}

/* Where there is no such file, its name may be the secret itself: then the key is told, not it. */
static void tell(str key, str path, const char *wrong, fault *fault) {
    isize n = path.n;
    while (n > 0 && path.p[n - 1] != '/') n--;
    if (wrong == absent)
        fault_set(fault, FAULT_CONFIG, -1, "secret file of \"%.*s\" in %.*s: %s", STR_ARGS(key),
                  (int)n, path.p, wrong);
    else
        fault_set(fault, FAULT_CONFIG, -1, "secret file %.*s: %s", STR_ARGS(path), wrong);
}

bool secret_read(str key, str path, isize max, char *out, isize *n, fault *fault) {
    int fd = -1;
    const char *wrong = open_secret(path, &fd);
    if (!wrong) wrong = check_secret(fd, max, n);
    if (!wrong && !read_bytes(fd, out, *n))
        wrong = "it changed or failed while it was read: try again";
    if (fd >= 0) close(fd);
    if (!wrong) return true;
    explicit_bzero(out, (size_t)max);
    *n = 0;
    tell(key, path, wrong, fault);
    return false;
}
