/* SPDX-License-Identifier: Apache-2.0 */
/* A host that exports a function of zlib of its own, as Node does: the library, loaded without
 * RTLD_DEEPBIND, binds to it, and must not open (engines.md section 0.3). TAP. */
#include "fhirtrial.h"

#include <dlfcn.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Stands before libz in the order of symbols; nobody needs it to work here. */
__attribute__((visibility("default"))) int inflate(void *stream, int flush);
int inflate(void *stream, int flush) {
    (void)stream, (void)flush;
    return -2; /* Z_STREAM_ERROR */
}

static int tests, failures;

static void ok(int good, const char *name) {
    printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
    failures += !good;
}

static void put(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    if (!out || fputs(text, out) < 0) exit(99);
    fclose(out);
    chmod(path, 0600);
}

static void make_folder(const char *folder, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (mkdir(path, 0700) != 0) exit(99);
}

static void make_site(const char *folder) {
    make_folder(folder, "mappings");
    make_folder(folder, "mappings/core");
    make_folder(folder, "mappings/core/views");
    put(folder, "mappings/core/views/subject.json",
        "{\"resourceType\":\"ViewDefinition\",\"name\":\"subject\",\"status\":\"active\","
        "\"resource\":\"Patient\",\"select\":[{\"column\":[{\"name\":\"born\",\"type\":"
        "\"date\",\"path\":\"birthDate\"}]}]}");
    put(folder, "site.key", "0123456789abcdef0123456789abcdef");
}

static int32_t try_open(void *library, const char *folder, const char *more) {
    int32_t (*open_it)(uint32_t, const char *, int64_t, int32_t *);
    int32_t (*close_it)(int32_t, int32_t);
    int32_t (*next)(int32_t, void *, int64_t, int64_t *);
    void *symbols[3] = {dlsym(library, "fhirtrial_open"), dlsym(library, "fhirtrial_close"),
                        dlsym(library, "fhirtrial_next_event")};
    char config[PATH_MAX + 1024], line[4096] = "";
    int32_t handle = 0;
    int64_t n = 0;
    int told = 0;
    memcpy(&open_it, &symbols[0], sizeof open_it);
    memcpy(&close_it, &symbols[1], sizeof close_it);
    memcpy(&next, &symbols[2], sizeof next);
    snprintf(
        config, sizeof config,
        "{\"schema\":1,%s\"base\":\"%s\",\"store\":{\"path\":\"s.db\"},\"mappings\":{"
        "\"path\":\"mappings\"},\"source\":\"ward\",\"siteKey\":\"site.key\",\"flag\":{"
        "\"identifierSystem\":\"https://h.example/f\",\"codeSystem\":\"https://h.example/c\"}}",
        more, folder);
    int32_t code = open_it(FHIRTRIAL_ABI, config, (int64_t)strlen(config), &handle);
    while (code == FHIRTRIAL_OK && next(handle, line, sizeof line - 1, &n) == FHIRTRIAL_OK) {
        line[n] = 0;
        told |= strstr(line, "foreign-library") && strstr(line, "inflate comes from");
    }
    if (code == FHIRTRIAL_OK) ok(told, "a warning in the log names it");
    if (code == FHIRTRIAL_OK) close_it(handle, 0);
    return code;
}

static void last_error(void *library, char *text, int64_t cap) {
    int32_t (*query)(int32_t, const char *, void *, int64_t, int64_t *);
    void *symbol = dlsym(library, "fhirtrial_query");
    int64_t n = 0;
    memcpy(&query, &symbol, sizeof query);
    query(0, "last-error", text, cap - 1, &n);
    text[n >= 0 && n < cap ? n : 0] = 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)kind, (void)where;
    return remove(path);
}

int main(void) {
    char folder[] = "/tmp/fhirtrial-foreign-XXXXXX", why[1 << 14];
    char *real = realpath(".libs/libfhirtrial.so", NULL);
    void *library = real ? dlopen(real, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library || !mkdtemp(folder)) {
        printf("Bail out! %s\n", library ? "no folder" : "the library cannot be loaded");
        return 1;
    }
    make_site(folder);
    ok(try_open(library, folder, "") == FHIRTRIAL_E_CONFIG, "a foreign function is refused");
    last_error(library, why, sizeof why);
    ok(strstr(why, "inflate comes from ") && strstr(why, "not from libz.so"), "it is named");
    ok(strstr(why, "RTLD_DEEPBIND") && strstr(why, "foreignLibraries"), "with what to do");
    ok(try_open(library, folder, "\"foreignLibraries\":\"allow\",") == FHIRTRIAL_OK,
       "it may be allowed");
    printf("1..%d\n", tests);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(real);
    return failures > 0; /* the library stays, so that a leak checker sees what its own hold */
}
