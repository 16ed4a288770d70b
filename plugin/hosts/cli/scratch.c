/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.c: a folder with a key, and its removal. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { KEY_BYTES = 32 };

static bool make_key(const char *folder) {
    unsigned char bytes[KEY_BYTES];
    char *path = NULL;
    if (asprintf(&path, "%s/" SCRATCH_KEY, folder) < 0) return false;
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0600);
    bool made = fd >= 0 && getrandom(bytes, sizeof bytes, 0) == KEY_BYTES &&
                write(fd, bytes, sizeof bytes) == KEY_BYTES;
    if (fd >= 0) close(fd);
    free(path);
    return made;
}

char *scratch_make(void) {
    const char *temporary = getenv("TMPDIR");
    char *folder = NULL;
    if (!temporary) temporary = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (asprintf(&folder, "%s/fhirtrial-XXXXXX", temporary) < 0) folder = NULL;
    if (folder && mkdtemp(folder)) {
        if (make_key(folder)) return folder;
        scratch_remove(folder);
        folder = NULL;
    }
    fprintf(stderr, "fhirtrial: no folder can be made below %s: name another in TMPDIR\n",
            temporary);
    free(folder);
    return NULL;
}

void scratch_remove(char *folder) {
    DIR *list = folder ? opendir(folder) : NULL;
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    if (list) closedir(list);
    if (folder) rmdir(folder);
    free(folder);
}
