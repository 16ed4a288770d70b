/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.c: a folder with a key, and its removal, also where a signal ends the command: what it
 * was given are patients' data. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { KEY_BYTES = 32 };

/* --- signals --- */

static const char *const files[] = {SCRATCH_KEY, SCRATCH_STORE, SCRATCH_STORE "-wal",
                                    SCRATCH_STORE "-shm", SCRATCH_STORE "-inflight"};
enum { FILES = sizeof files / sizeof files[0] };
static char *paths[FILES + 1]; /* the folder last */

/* A handler may call no more than unlink and rmdir; the signal's own effect follows. */
static void on_end(int number) {
    for (int i = 0; i < FILES; i++) unlink(paths[i]);
    rmdir(paths[FILES]);
    raise(number);
}

static void each_end(void (*handler)(int), int flags) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, now;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

static void unguard(void) {
    each_end(SIG_DFL, 0);
    for (int i = 0; i <= FILES; i++) {
        free(paths[i]);
        paths[i] = NULL;
    }
}

static bool guard(const char *folder) {
    bool ok = (paths[FILES] = strdup(folder)) != NULL;
    for (int i = 0; i < FILES && ok; i++)
        if (asprintf(&paths[i], "%s/%s", folder, files[i]) < 0) {
            paths[i] = NULL;
            ok = false;
        }
    if (ok) each_end(on_end, (int)SA_RESETHAND);
    return ok;
}

/* --- the folder --- */

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
        if (guard(folder) && make_key(folder)) return folder;
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
    if (folder) unguard();
    free(folder);
}
