/* SPDX-License-Identifier: Apache-2.0 */
/* host.c: the shortest host in C. It opens a handle, gives it the messages that are named, prints
 * the results, lets Flags leave, and closes.
 *
 *   cc -o host host.c $(pkg-config --cflags --libs fhirtrial)
 *   ./host fhirtrial.json message.json ...
 *
 * A host that runs for long sends the same bytes again, later, after FHIRTRIAL_E_RETRY and
 * FHIRTRIAL_E_FULL, and never again after other errors. */
#include <fhirtrial.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1 << 24 };

/* The bytes of a file, malloc'ed; NULL where it cannot be read. */
static char *read_file(const char *path, int64_t *n) {
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(MOST);
    *n = file && bytes ? (int64_t)fread(bytes, 1, MOST, file) : -1;
    if (file) fclose(file);
    if (*n >= 0) return bytes;
    free(bytes);
    fprintf(stderr, "%s cannot be read\n", path);
    return NULL;
}

static void print_last_error(int32_t handle, int32_t code) {
    char text[1 << 16];
    int64_t n = 0;
    fprintf(stderr, "fhirtrial: %s\n", fhirtrial_strerror(code));
    if (fhirtrial_query(handle, "last-error", text, sizeof text, &n) == FHIRTRIAL_OK)
        fprintf(stderr, "%.*s\n", (int)n, text);
}

/* One message: its result on standard output. */
static int32_t take_in(int32_t handle, const char *bytes, int64_t length) {
    char small[1 << 16], *out = small, *larger = NULL;
    int64_t n = 0, job = 0;
    int32_t code =
        fhirtrial_process(handle, bytes, length, NULL, small, sizeof small, &n, &job);
    if (code == FHIRTRIAL_E_BUFFER) { /* stored: fetched with more room, not sent again */
        out = larger = malloc((size_t)n);
        code = larger ? fhirtrial_result(handle, job, larger, n, &n) : FHIRTRIAL_E_NOMEM;
    }
    if (code >= 0 || code == FHIRTRIAL_E_PARSE || code == FHIRTRIAL_E_REJECT)
        printf("%.*s\n", (int)n, out);
    else
        print_last_error(handle, code);
    free(larger);
    return code;
}

int main(int argc, char **argv) {
    int64_t n;
    int32_t handle;
    int failed = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: host CONFIGURATION MESSAGE...\n");
        return 2;
    }
    char *config = read_file(argv[1], &n);
    if (!config) return 2;
    int32_t code = fhirtrial_open(FHIRTRIAL_ABI, config, n, &handle);
    free(config);
    if (code != FHIRTRIAL_OK) {
        print_last_error(0, code);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *message = read_file(argv[i], &n);
        if (!message || take_in(handle, message, n) < 0) failed = 1;
        free(message);
    }
    while (fhirtrial_step(handle, 1000) == FHIRTRIAL_PENDING) continue;
    fhirtrial_close(handle, 5000);
    return failed;
}
