/* SPDX-License-Identifier: Apache-2.0 */
/* doc.c: quotes the numbers of a document before cJSON sees it. */
#include "doc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool number_byte(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Copies a string with its quotes; `p` is at the opening one. */
static const char *copy_string(const char *p, char **to) {
    *(*to)++ = *p++;
    while (*p && *p != '"') {
        if (*p == '\\' && p[1]) *(*to)++ = *p++;
        *(*to)++ = *p++;
    }
    if (*p) *(*to)++ = *p++;
    return p;
}

static const char *copy_number(const char *p, char **to) {
    *(*to)++ = '"';
    while (number_byte(*p)) *(*to)++ = *p++;
    *(*to)++ = '"';
    return p;
}

cJSON *doc_read(const char *text) {
    char *copy = malloc(3 * strlen(text) + 1), *to = copy;
    if (!copy) return NULL;
    for (const char *p = text; *p;) {
        if (*p == '"')
            p = copy_string(p, &to);
        else if ((*p >= '0' && *p <= '9') || *p == '-')
            p = copy_number(p, &to);
        else
            *to++ = *p++;
    }
    *to = 0;
    cJSON *root = cJSON_Parse(copy);
    free(copy);
    return root;
}

const char *doc_text(const cJSON *object, const char *name) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

long doc_count(const cJSON *object, const char *name) {
    return strtol(doc_text(object, name), NULL, 10);
}
