/* SPDX-License-Identifier: Apache-2.0 */
/* Names, sizes and times of files, looked at several times a second. */
#include "tools/watch.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { WATCH_DEPTH = 8, WATCH_PATH = 4096, WATCH_PAUSE_MS = 100 };

static volatile sig_atomic_t ended;

static void end(int number) {
    (void)number;
    ended = 1;
}

void watch_begin(void) {
    struct sigaction action = {.sa_handler = end};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* FNV-1a, 64 bits: enough to tell two states of some files apart. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t state_of(const char *path, int depth);

/* The order in which a folder gives its entries says nothing: their states are added up. */
static uint64_t state_of_folder(const char *path, int depth) {
    DIR *dir = depth < WATCH_DEPTH ? opendir(path) : NULL;
    uint64_t sum = 0;
    if (!dir) return 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char below[WATCH_PATH];
        if (e->d_name[0] == '.') continue;
        int n = snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (n > 0 && n < (int)sizeof below) sum += state_of(below, depth + 1);
    }
    closedir(dir);
    return sum;
}

static uint64_t state_of(const char *path, int depth) {
    struct stat info;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *p = path; *p; p++) hash = mix(hash, p, 1);
    if (stat(path, &info) != 0) return hash;
    if (S_ISDIR(info.st_mode)) return hash + state_of_folder(path, depth);
    hash = mix(hash, &info.st_size, sizeof info.st_size);
    hash = mix(hash, &info.st_ino, sizeof info.st_ino);
    hash = mix(hash, &info.st_mtim.tv_sec, sizeof info.st_mtim.tv_sec);
    return mix(hash, &info.st_mtim.tv_nsec, sizeof info.st_mtim.tv_nsec);
}

uint64_t watch_state(const char *const *paths, isize n) {
    uint64_t all = 0;
    for (isize i = 0; i < n; i++) all = all * 31 + state_of(paths[i], 0);
    return all;
}

static void pause_a_moment(void) {
    const struct timespec moment = {0, WATCH_PAUSE_MS * 1000000L};
    nanosleep(&moment, NULL); /* a signal may end it early */
}

bool watch_changed(const char *const *paths, isize n, uint64_t seen) {
    uint64_t state = seen, before;
    while (!ended && state == seen) {
        pause_a_moment();
        state = watch_state(paths, n);
    }
    for (before = seen; !ended && state != before; state = watch_state(paths, n)) {
        before = state;
        pause_a_moment();
    }
    return !ended;
}
