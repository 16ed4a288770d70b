/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c: reads inputs line by line or file by file. */
#include "feed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH = 32 };

static bool ends(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcmp(name + n - m, ending) == 0;
}

static bool by_line(const char *name) { return ends(name, ".ndjson") || ends(name, ".jsonl"); }

static bool wanted(const char *name) {
    return by_line(name) || ends(name, ".json") || ends(name, ".xml");
}

static bool complain(const char *path) {
    fprintf(stderr, "fhirtrial: %s: %s\n", path, strerrordesc_np(errno));
    return false;
}

/* A pipe whose writer pauses: what came so far must not wait for what comes. */
static bool readable(FILE *file) {
    struct pollfd input = {.fd = fileno(file), .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

static bool feed_lines(FILE *file, const char *path, feed_take take, void *user) {
    char *line = NULL;
    size_t cap = 0;
    bool go_on = true;
    errno = 0;
    for (long number = 1; go_on; number++) {
        ssize_t n = getline(&line, &cap, file);
        if (n < 0) break;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) n--;
        if (n == 0 || strspn(line, " \t") == (size_t)n) continue;
        go_on = take(user, &(message_at){path, number, line, (size_t)n, readable(file)});
    }
    bool failed = ferror(file) != 0;
    free(line);
    return failed ? complain(path) : go_on;
}

static bool feed_whole(FILE *file, const char *path, feed_take take, void *user) {
    char *bytes = NULL;
    size_t n = 0, cap = 1 << 16;
    for (bool more = true; more;) {
        char *grown = realloc(bytes, cap);
        if (!grown) {
            free(bytes);
            errno = ENOMEM;
            return complain(path);
        }
        bytes = grown;
        n += fread(bytes + n, 1, cap - n, file);
        more = n == cap;
        cap *= 2;
    }
    bool go_on = ferror(file) ? complain(path) : take(user, &(message_at){path, 0, bytes, n, true});
    free(bytes);
    return go_on;
}

static bool feed_file(const char *path, feed_take take, void *user) {
    FILE *file = fopen(path, "rb");
    if (!file) return complain(path);
    bool go_on =
        by_line(path) ? feed_lines(file, path, take, user) : feed_whole(file, path, take, user);
    fclose(file);
    return go_on;
}

static bool walk(const char *path, int depth, feed_take take, void *user);

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool walk_folder(const char *path, int depth, feed_take take, void *user) {
    struct dirent **entries;
    int n = scandir(path, &entries, visible, alphasort);
    if (n < 0) return complain(path);
    bool go_on = true;
    for (int i = 0; i < n; i++) {
        char *below = NULL;
        struct stat info;
        if (go_on && asprintf(&below, "%s/%s", path, entries[i]->d_name) > 0 &&
            stat(below, &info) == 0 && (S_ISDIR(info.st_mode) || wanted(below)))
            go_on = walk(below, depth + 1, take, user);
        free(below);
        free(entries[i]);
    }
    free(entries);
    return go_on;
}

static bool walk(const char *path, int depth, feed_take take, void *user) {
    struct stat info;
    if (stat(path, &info) != 0) return complain(path);
    if (!S_ISDIR(info.st_mode)) return feed_file(path, take, user);
    if (depth < FOLDER_DEPTH) return walk_folder(path, depth, take, user);
    fprintf(stderr, "fhirtrial: %s: folders nest deeper than %d\n", path, FOLDER_DEPTH);
    return false;
}

bool feed_inputs(char *const *inputs, int n, feed_take take, void *user) {
    bool all = true;
    for (int i = 0; i < n; i++) {
        bool one = strcmp(inputs[i], "-") == 0 ? feed_lines(stdin, "stdin", take, user)
                                               : walk(inputs[i], 0, take, user);
        all = all && one;
    }
    return all;
}

static long long size_below(const char *path, int depth) {
    struct stat info;
    if (depth > FOLDER_DEPTH || stat(path, &info) != 0) return 0;
    if (!S_ISDIR(info.st_mode)) return depth == 0 || wanted(path) ? (long long)info.st_size : 0;
    long long sum = 0;
    struct dirent **entries;
    int n = scandir(path, &entries, visible, NULL);
    for (int i = 0; i < n; i++) {
        char *below = NULL;
        if (asprintf(&below, "%s/%s", path, entries[i]->d_name) > 0)
            sum += size_below(below, depth + 1);
        free(below);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    return sum;
}

long long feed_size(char *const *inputs, int n) {
    long long sum = 0;
    for (int i = 0; i < n; i++) {
        if (strcmp(inputs[i], "-") == 0) return 0;
        sum += size_below(inputs[i], 0);
    }
    return sum;
}
