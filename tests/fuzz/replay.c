/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every checked-in input to its fuzz target, with any compiler; prints TAP, one line for each
 * target. `replay TARGET FILE...` gives it other files, such as one that libFuzzer found. */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

typedef void target_function(const uint8_t *data, size_t size);

static const struct {
    const char *name;
    target_function *run;
} targets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "targets.def"
};

enum { TARGETS = sizeof targets / sizeof targets[0] };

static bool replay_file(target_function *run, const char *path) {
    FILE *in = fopen(path, "rb");
    if (!in) return false;
    bool ok = fseek(in, 0, SEEK_END) == 0;
    long size = ok ? ftell(in) : -1;
    rewind(in);
    /* malloc(0) may be NULL, which a target would not get from libFuzzer either. */
    uint8_t *data = size >= 0 ? malloc(size ? (size_t)size : 1) : NULL;
    ok = data && fread(data, 1, (size_t)size, in) == (size_t)size;
    fclose(in);
    if (ok) run(data, (size_t)size);
    free(data);
    return ok;
}

/* The number of files replayed, -1 where one could not be read. */
static int replay_folder(target_function *run, const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) return -1;
    int count = 0;
    for (struct dirent *e; count >= 0 && (e = readdir(dir));) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        count = n < (int)sizeof path && replay_file(run, path) ? count + 1 : -1;
    }
    closedir(dir);
    return count;
}

static int replay_all(void) {
    int failed = 0;
    printf("1..%d\n", TARGETS);
    for (int i = 0; i < TARGETS; i++) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", FUZZ_SOURCE_DIR,
                 targets[i].name);
        int count = replay_folder(targets[i].run, folder);
        printf("%s %d - %s: %d inputs replayed\n", count > 0 ? "ok" : "not ok", i + 1,
               targets[i].name, count);
        failed += count <= 0;
    }
    return failed ? 1 : 0;
}

int main(int argc, char **argv) {
    /* By line, so that a crash is in the target after the last line. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 1) return replay_all();
    for (int i = 0; i < TARGETS; i++) {
        if (strcmp(argv[1], targets[i].name) != 0) continue;
        for (int file = 2; file < argc; file++)
            if (!replay_file(targets[i].run, argv[file])) {
                perror(argv[file]);
                return 1;
            }
        return 0;
    }
    fprintf(stderr, "replay: no target %s\n", argv[1]);
    return 2;
}
