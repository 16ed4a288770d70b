/* SPDX-License-Identifier: Apache-2.0 */
/* What C programs of other making take for the work of `fhirtrial view`, as yardsticks:
 *   peer lines FILE   looks for line ends, which is the least that any reader of NDJSON does
 *   peer parse FILE   getline, and cJSON's document of each line, made and freed
 *   peer view FILE    the same with the view of pain scores written by hand, rows as TSV
 * cJSON holds numbers as double, so its rows lose digits. */
#include <cjson/cJSON.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static bool count_lines(const char *path, long *lines) {
    static char piece[PIECE];
    int from = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    while (from >= 0 && (n = read(from, piece, PIECE)) > 0)
        for (const char *c = piece, *end = piece + n;
             (c = memchr(c, '\n', (size_t)(end - c))) != NULL; c++)
            ++*lines;
    if (from >= 0) close(from);
    return n == 0;
}

static const char *text_of(const cJSON *object, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static const cJSON *codings_of(const cJSON *resource) {
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(resource, "code"),
                                            "coding");
}

static bool is_pain(const cJSON *resource) {
    const cJSON *coding;
    if (strcmp(text_of(resource, "resourceType"), "Observation") != 0) return false;
    cJSON_ArrayForEach(coding, codings_of(resource))
        if (strcmp(text_of(coding, "system"), "http://loinc.org") == 0 &&
            strcmp(text_of(coding, "code"), "72514-3") == 0)
            return true;
    return false;
}

static void put_row(const cJSON *resource) {
    const cJSON *subject = cJSON_GetObjectItemCaseSensitive(resource, "subject");
    const cJSON *quantity = cJSON_GetObjectItemCaseSensitive(resource, "valueQuantity");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(quantity, "value");
    printf("%s\t%s\t%s\t%s\t", text_of(resource, "id"), text_of(subject, "reference"),
           text_of(codings_of(resource)->child, "code"), text_of(resource, "effectiveDateTime"));
    if (value) printf("%.15g", value->valuedouble);
    printf("\t%s\n", text_of(quantity, "unit"));
}

static bool read_lines(const char *path, bool view) {
    FILE *from = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    bool ok = from != NULL;
    while (ok && (n = getline(&line, &room, from)) > 0) {
        cJSON *resource = cJSON_ParseWithLength(line, (size_t)n);
        ok = resource != NULL;
        if (view && is_pain(resource)) put_row(resource);
        cJSON_Delete(resource);
    }
    ok = ok && !ferror(from);
    free(line);
    if (from) fclose(from);
    return ok && fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    long lines = 0;
    bool ok = false;
    if (argc != 3) {
        fputs("usage: peer lines|parse|view FILE\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "lines") == 0) {
        ok = count_lines(argv[2], &lines);
        printf("%ld\n", lines);
    } else
        ok = read_lines(argv[2], strcmp(argv[1], "view") == 0);
    if (!ok) perror(argv[2]);
    return ok ? 0 : 1;
}
