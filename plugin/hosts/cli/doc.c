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

/* What stands before the digits of a number that was a number: no FHIR string may begin so (R4,
 * datatypes, string). */
enum { NUMBER_MARK = 1 };

static const char *copy_number(const char *p, bool marked, char **to) {
    *(*to)++ = '"';
    if (marked) *(*to)++ = NUMBER_MARK;
    while (number_byte(*p)) *(*to)++ = *p++;
    *(*to)++ = '"';
    return p;
}

static cJSON *read_quoted(const char *text, bool marked) {
    char *copy = malloc(4 * strlen(text) + 1), *to = copy;
    if (!copy) return NULL;
    for (const char *p = text; *p;) {
        if (*p == '"')
            p = copy_string(p, &to);
        else if ((*p >= '0' && *p <= '9') || *p == '-')
            p = copy_number(p, marked, &to);
        else
            *to++ = *p++;
    }
    *to = 0;
    cJSON *root = cJSON_Parse(copy);
    free(copy);
    return root;
}

cJSON *doc_read(const char *text) { return read_quoted(text, false); }

static void marked_to_raw(cJSON *value) {
    for (cJSON *one = value; one; one = one->next) {
        marked_to_raw(one->child);
        if (!cJSON_IsString(one) || *one->valuestring != NUMBER_MARK) continue;
        memmove(one->valuestring, one->valuestring + 1, strlen(one->valuestring));
        one->type = (one->type & ~cJSON_String) | cJSON_Raw;
    }
}

cJSON *doc_read_exact(const char *text) {
    cJSON *root = read_quoted(text, true);
    marked_to_raw(root);
    return root;
}

cJSON *doc_patched(const cJSON *target, const cJSON *patch) {
    if (!cJSON_IsObject(patch)) return cJSON_Duplicate(patch, true);
    cJSON *result = cJSON_IsObject(target) ? cJSON_Duplicate(target, true) : cJSON_CreateObject();
    const cJSON *member;
    cJSON_ArrayForEach(member, patch) {
        const cJSON *old = cJSON_GetObjectItemCaseSensitive(result, member->string);
        cJSON *value = cJSON_IsNull(member) ? NULL : doc_patched(old, member);
        if (value && old)
            cJSON_ReplaceItemInObjectCaseSensitive(result, member->string, value);
        else if (value)
            cJSON_AddItemToObject(result, member->string, value);
        else
            cJSON_DeleteItemFromObjectCaseSensitive(result, member->string);
    }
    return result;
}

const char *doc_text(const cJSON *object, const char *name) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

long doc_count(const cJSON *object, const char *name) {
    return strtol(doc_text(object, name), NULL, 10);
}
