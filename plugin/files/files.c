/* SPDX-License-Identifier: Apache-2.0 */
/* files.c: one file, whole, and the files of a mappings folder. */
#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAPPING_FILES = 4096, MAPPING_DEPTH = 4 };

str files_join(arena *arena, str folder, str path) {
    if (folder.n == 0 || (path.n > 0 && path.p[0] == '/')) return arena_str(arena, path);
    const char *slash = folder.p[folder.n - 1] == '/' ? "" : "/";
    return arena_printf(arena, "%.*s%s%.*s", STR_ARGS(folder), slash, STR_ARGS(path));
}

static const char *why(int error) {
    switch (error) {
    case ENOENT: return "it does not exist";
    case EACCES:
    case EPERM: return "permission is denied";
    case ENOTDIR: return "a part of its path is no folder";
    case EISDIR: return "it is a folder";
    case ELOOP: return "it is a symbolic link";
    default: return "it cannot be read";
    }
}

static bool read_all(int fd, char *to, isize n) {
    for (isize done = 0; done < n;) {
        ssize_t got = read(fd, to + done, (size_t)(n - done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += got;
    }
    return true;
}

/* Reads the open file; its size is taken from the descriptor, so that nothing can be swapped in
 * between. Of one that is larger than `max` only the beginning, where `part` allows that. */
static bool read_open(arena *arena, int fd, str path, isize max, bool part, str *out,
                      fault *fault) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        fault_set(fault, FAULT_CONFIG, -1, "%.*s is no regular file: name a file", STR_ARGS(path));
        return false;
    }
    isize n = info.st_size;
    if (n > max && part) n = max;
    if (n > max) {
        fault_set(fault, FAULT_LIMIT, -1,
                  "%.*s is larger than the limit of %td bytes for such a file: split it",
                  STR_ARGS(path), max);
        return false;
    }
    char *bytes = arena_new(arena, char, n + 1);
    if (!read_all(fd, bytes, n)) {
        fault_set(fault, FAULT_CONFIG, -1, "%.*s changed or failed while it was read: try again",
                  STR_ARGS(path));
        return false;
    }
    *out = (str){bytes, n};
    return true;
}

bool files_read(arena *arena, str folder, str path, isize max, str *out, fault *fault) {
    str full = files_join(arena, folder, path);
    int fd = open(full.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        fault_set(fault, FAULT_CONFIG, -1, "%.*s cannot be opened: %s", STR_ARGS(full), why(errno));
        return false;
    }
    bool ok = read_open(arena, fd, full, max, false, out, fault);
    close(fd);
    return ok;
}

/* --- a mappings folder --- */

typedef struct gather {
    arena *arena;
    mapping_file *files;
    isize n, cap;
    isize bytes;
    fault *fault;
} gather;

static int by_name(const void *a, const void *b) {
    return str_compare(((const mapping_file *)a)->name, ((const mapping_file *)b)->name);
}

/* Insertion keeps the list in name order; a mappings folder holds hundreds of files, not millions.
 */
static void insert(gather *g, mapping_file file) {
    if (g->n == g->cap) {
        isize cap = g->cap ? 2 * g->cap : 64;
        g->files = arena_grow(g->arena, g->files, g->n, cap, (isize)sizeof *g->files,
                              (isize) _Alignof(mapping_file));
        g->cap = cap;
    }
    isize at = g->n++;
    while (at > 0 && by_name(&g->files[at - 1], &file) > 0) {
        g->files[at] = g->files[at - 1];
        at--;
    }
    g->files[at] = file;
}

static bool take_file(gather *g, int folder, const char *leaf, str name) {
    int fd = openat(folder, leaf, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        fault_set(g->fault, FAULT_CONFIG, -1, "mapping file %.*s cannot be opened: %s",
                  STR_ARGS(name), why(errno));
        return false;
    }
    /* One byte too many tells the loader, which then says so. */
    mapping_file file = {.name = name};
    bool ok = read_open(g->arena, fd, name, LIMIT_CONFIG_BYTES + 1, true, &file.text, g->fault);
    close(fd);
    if (!ok) return false;
    g->bytes += file.text.n;
    if (g->n >= MAPPING_FILES || g->bytes > 4 * (isize)LIMIT_CONFIG_BYTES) {
        fault_set(g->fault, FAULT_LIMIT, -1,
                  "more than %d mapping files or %d bytes: is this the right folder?",
                  MAPPING_FILES, 4 * LIMIT_CONFIG_BYTES);
        return false;
    }
    insert(g, file);
    return true;
}

static bool take_folder(gather *g, int parent, const char *leaf, str name, int depth);

/* A wrong spelling is taken too, so that it is reported and not passed over in silence. */
static bool json_name(str name) {
    return name.n > 5 && str_eq_ascii_case(str_slice(name, name.n - 5, name.n), S(".json"));
}

static bool take_entry(gather *g, int folder, const char *leaf, str name, int depth) {
    struct stat info;
    if (fstatat(folder, leaf, &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
    if (S_ISDIR(info.st_mode)) return take_folder(g, folder, leaf, name, depth + 1);
    if (S_ISLNK(info.st_mode)) {
        insert(g, (mapping_file){
                      name, S(""),
                      "this is a symbolic link, and none is followed among mappings: what it leads "
                      "to may change without a trace",
                      "put the file or folder itself there"});
        return true;
    }
    return !S_ISREG(info.st_mode) || !json_name(name) || take_file(g, folder, leaf, name);
}

static bool take_folder(gather *g, int parent, const char *leaf, str name, int depth) {
    if (depth > MAPPING_DEPTH) {
        fault_set(g->fault, FAULT_LIMIT, -1, "%.*s: folders nest deeper than %d", STR_ARGS(name),
                  MAPPING_DEPTH);
        return false;
    }
    int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int error = errno;
        if (fd >= 0) close(fd);
        fault_set(g->fault, FAULT_CONFIG, -1, "mappings folder %.*s cannot be opened: %s",
                  STR_ARGS(name), why(error));
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        ok = take_entry(g, dirfd(dir), entry->d_name,
                        arena_printf(g->arena, "%.*s/%s", STR_ARGS(name), entry->d_name), depth);
    }
    closedir(dir);
    return ok;
}

/* The name of a folder in `parent` nearest to `wanted`, for "did you mean"; names go to the arena.
 */
static str nearest_folder(arena *arena, int parent, const char *leaf, str wanted) {
    str names[64];
    isize n = 0;
    int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return (str){0};
    }
    for (struct dirent *entry; n < COUNT_OF(names) && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') names[n++] = arena_str(arena, str_from(entry->d_name));
    closedir(dir);
    return problem_nearest(wanted, names, n);
}

static bool plain_name(str name) {
    if (name.n == 0 || name.p[0] == '.') return false;
    for (isize i = 0; i < name.n; i++)
        if (name.p[i] == '/' || name.p[i] == 0) return false;
    return true;
}

static bool take_named(gather *g, int root, const char *kind, str name) {
    if (!plain_name(name)) {
        fault_set(g->fault, FAULT_CONFIG, -1,
                  "\"%.*s\" cannot name a folder below %s/: give the folder's name alone",
                  STR_ARGS(name), kind);
        return false;
    }
    str path = arena_printf(g->arena, "%s/%.*s", kind, STR_ARGS(name));
    struct stat info;
    isize before = g->n;
    if (fstatat(root, path.p, &info, 0) == 0 && S_ISDIR(info.st_mode)) {
        if (!take_folder(g, root, path.p, path, 1)) return false;
        if (g->n > before) return true;
        insert(g, (mapping_file){path,
                                 {0},
                                 "this folder holds no *.json file",
                                 "put the mapping there, or move the folder away"});
        return true;
    }
    str near = nearest_folder(g->arena, root, kind, name);
    fault_set(g->fault, FAULT_CONFIG, -1, "there is no folder %.*s in the mappings%s%.*s%s",
              STR_ARGS(path), near.n ? ": did you mean \"" : "", STR_ARGS(near),
              near.n ? "\"?" : "");
    return false;
}

/* Each folder below `kind` as if it were named: one without a file is no study. */
static bool take_every(gather *g, int root, const char *kind) {
    int fd = openat(root, kind, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool ok = true;
    if (!dir) {
        bool absent = fd < 0 && errno == ENOENT;
        if (!absent)
            fault_set(g->fault, FAULT_CONFIG, -1, "%s in the mappings cannot be opened as a folder",
                      kind);
        if (fd >= 0) close(fd);
        return absent;
    }
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        struct stat info;
        str name = arena_str(g->arena, str_from(entry->d_name));
        if (name.p[0] == '.' || fstatat(dirfd(dir), name.p, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        ok = S_ISDIR(info.st_mode)
                 ? take_named(g, root, kind, name)
                 : take_entry(g, dirfd(dir), name.p,
                              arena_printf(g->arena, "%s/%.*s", kind, STR_ARGS(name)), 1);
    }
    closedir(dir);
    return ok;
}

/* All folders of `kind`, where there are any, or those that are named. */
static bool take_kind(gather *g, int root, const char *kind, bool all, const str *names, isize n) {
    if (all && !take_every(g, root, kind)) return false;
    for (isize i = 0; !all && i < n; i++)
        if (!take_named(g, root, kind, names[i])) return false;
    return true;
}

static bool take_chosen(gather *g, int root, const mapping_choice *choice) {
    if (!take_folder(g, root, "core", S("core"), 1) ||
        !take_kind(g, root, "studies", !choice->studies, choice->studies, choice->study_count) ||
        !take_kind(g, root, "guidelines", choice->all_guidelines, choice->guidelines,
                   choice->guideline_count))
        return false;
    return choice->site.n == 0 || take_named(g, root, "sites", choice->site);
}

bool files_mappings(arena *arena, str folder, const mapping_choice *choice,
                    const mapping_file **files, isize *n, fault *fault) {
    str root_path = arena_str(arena, folder);
    int root = open(root_path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        fault_set(fault, FAULT_CONFIG, -1, "mappings folder %.*s cannot be opened: %s",
                  STR_ARGS(root_path), why(errno));
        return false;
    }
    gather g = {.arena = arena, .fault = fault};
    bool ok = take_chosen(&g, root, choice);
    close(root);
    *files = g.files;
    *n = g.n;
    return ok;
}
