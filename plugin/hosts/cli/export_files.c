/* SPDX-License-Identifier: Apache-2.0 */
/* export_files.c: collects, puts together and names the files of an export. */
#include "export_files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path) {
    fprintf(stderr, "fhirtrial: %s: %m\n", path);
    return false;
}

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* "folder/.name.ending": beside the file, so that a rename is enough. */
static char *beside(const char *path, const char *ending) {
    char *copy = NULL;
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    return asprintf(&copy, "%.*s.%s.%s", folder, path, path + folder, ending) < 0 ? NULL : copy;
}

bool export_files_init(export_files *files, const char *out, char **names, int n) {
    size_t length = strlen(out);
    bool folder = n > 1 || is_folder(out) || (length > 0 && out[length - 1] == '/');
    *files = (export_files){calloc((size_t)n + 1, sizeof *files->list), n};
    for (int i = 0; files->list && i < n; i++) {
        export_file *f = &files->list[i];
        f->name = strdup(names[i]);
        if (!folder)
            f->path = strdup(out);
        else if (asprintf(&f->path, "%s%s%s", out, length && out[length - 1] == '/' ? "" : "/",
                          names[i]) < 0)
            f->path = NULL;
        f->body = f->path ? beside(f->path, "rows") : NULL;
        f->part = f->path ? beside(f->path, "part") : NULL;
        if (!f->name || !f->body || !f->part) return false;
    }
    return files->list != NULL;
}

void export_files_free(export_files *files) {
    for (int i = 0; files->list && i < files->n; i++) {
        export_file *f = &files->list[i];
        if (f->rows) {
            fclose(f->rows);
            unlink(f->body);
        }
        if (f->part) unlink(f->part);
        free(f->name);
        free(f->path);
        free(f->body);
        free(f->part);
        free(f->between);
    }
    free(files->list);
}

const char *export_files_existing(const export_files *files) {
    for (int i = 0; i < files->n; i++)
        if (access(files->list[i].path, F_OK) == 0) return files->list[i].path;
    return NULL;
}

/* Makes every folder above the file. */
static bool folders_of(const char *path) {
    char *copy = strdup(path);
    bool ok = copy != NULL;
    for (char *slash = ok ? strchr(copy + 1, '/') : NULL; ok && slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        ok = mkdir(copy, 0700) == 0 || errno == EEXIST;
        if (!ok) complain(copy);
        *slash = '/';
    }
    free(copy);
    return ok;
}

bool export_files_folders(const export_files *files) {
    for (int i = 0; i < files->n; i++)
        if (!folders_of(files->list[i].path)) return false;
    return true;
}

export_file *export_files_find(export_files *files, const char *name) {
    for (int i = 0; i < files->n; i++)
        if (strcmp(files->list[i].name, name) == 0) return &files->list[i];
    return NULL;
}

static FILE *create(const char *path) {
    unlink(path); /* left by an export that was killed */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");
    if (!file) {
        complain(path);
        if (fd >= 0) close(fd);
    }
    return file;
}

bool export_files_add(export_file *f, const char *text, long long records) {
    bool first = !f->rows;
    if (first && !(f->rows = create(f->body))) return false;
    if (!first && f->between) fputs(f->between, f->rows);
    fputs(text, f->rows);
    f->records += records;
    return ferror(f->rows) ? complain(f->body) : true;
}

static bool copy_rows(FILE *from, FILE *to) {
    char block[1 << 16];
    rewind(from);
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;)
        if (fwrite(block, 1, n, to) != n) return false;
    return !ferror(from);
}

bool export_files_finish(export_file *f, const char *head, const char *tail) {
    FILE *to = create(f->part);
    if (!to) return false;
    bool ok = fputs(head, to) >= 0 && (!f->rows || copy_rows(f->rows, to)) && fputs(tail, to) >= 0;
    ok = fflush(to) == 0 && ok;
    ok = fsync(fileno(to)) == 0 && ok;
    if (!ok) complain(f->part);
    if (fclose(to) != 0 && ok) ok = complain(f->part);
    if (f->rows) fclose(f->rows);
    if (f->rows) unlink(f->body);
    f->rows = NULL;
    return ok;
}

static bool sync_folder(const char *path) {
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    free(copy);
    return ok ? true : complain(path);
}

bool export_files_publish(export_files *files) {
    for (int i = 0; i < files->n; i++)
        if (rename(files->list[i].part, files->list[i].path) != 0)
            return complain(files->list[i].path);
    return files->n == 0 || sync_folder(files->list[0].path);
}
