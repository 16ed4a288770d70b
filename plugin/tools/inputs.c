/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments to files: folders are walked in the order of their names' bytes. */
#include "tools/inputs.h"
#include "tools/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH = 64 };

static bool ends(const char *name, size_t n, const char *ending) {
    size_t m = strlen(ending);
    return n > m && strncasecmp(name + n - m, ending, m) == 0;
}

/* The length without a .gz behind it. */
static size_t plain_length(const char *name) {
    size_t n = strlen(name);
    return ends(name, n, ".gz") ? n - 3 : n;
}

bool input_is_lines(const char *path) {
    size_t n = plain_length(path);
    return ends(path, n, ".ndjson") || ends(path, n, ".jsonl");
}

static bool taken_from_folder(const char *name) {
    size_t n = plain_length(name);
    return input_is_lines(name) || ends(name, n, ".json") || ends(name, n, ".xml");
}

static input_file *append(inputs *all, const char *path) {
    if (all->n == all->cap) {
        isize cap = all->cap ? all->cap * 2 : 16;
        input_file *grown = tool_memory(cap, (isize)sizeof *grown);
        for (isize i = 0; i < all->n; i++) grown[i] = all->list[i];
        free(all->list);
        all->list = grown;
        all->cap = cap;
    }
    input_file *f = &all->list[all->n++];
    f->path = tool_memory((isize)strlen(path) + 1, 1);
    memcpy(f->path, path, strlen(path));
    f->name = strcmp(path, "-") == 0 ? "stdin" : f->path;
    return f;
}

static void append_file(inputs *all, const char *path, const struct stat *info) {
    input_file *f = append(all, path);
    f->device = info->st_dev;
    f->node = info->st_ino;
    if (!S_ISREG(info->st_mode))
        all->size = -1;
    else if (all->size >= 0)
        all->size += info->st_size;
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk(inputs *all, const char *folder, int depth) {
    struct dirent **entries = NULL;
    int n = -1;
    if (depth < FOLDER_DEPTH)
        n = scandir(folder, &entries, visible, by_bytes);
    else
        errno = ELOOP;
    if (n < 0) append(all, folder)->error = errno;
    size_t slash = strlen(folder) > 0 && folder[strlen(folder) - 1] == '/';
    for (int i = 0; i < n; i++) {
        struct stat info, link;
        size_t size = strlen(folder) + strlen(entries[i]->d_name) + 2;
        char *path = tool_memory((isize)size, 1);
        snprintf(path, size, "%s%s%s", folder, slash ? "" : "/", entries[i]->d_name);
        if (stat(path, &info) != 0) {
            if (taken_from_folder(path)) append(all, path)->error = errno;
        } else if (S_ISDIR(info.st_mode)) {
            if (lstat(path, &link) == 0 && S_ISDIR(link.st_mode)) walk(all, path, depth + 1);
        } else if (taken_from_folder(path))
            append_file(all, path, &info);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

void inputs_add(inputs *all, const char *argument) {
    struct stat info;
    if (strcmp(argument, "-") == 0) {
        append(all, argument);
        all->size = -1;
    } else if (stat(argument, &info) != 0) {
        append(all, argument)->error = errno;
    } else if (S_ISDIR(info.st_mode)) {
        isize before = all->n;
        walk(all, argument, 0);
        if (all->n == before) append(all, argument)->empty = true;
    } else
        append_file(all, argument, &info);
}

void inputs_free(inputs *all) {
    for (isize i = 0; i < all->n; i++) free(all->list[i].path);
    free(all->list);
    *all = (inputs){0};
}
