/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_input.c: resources that cases share by name, so that a case shows only what matters
 * to it. */
#include "conformance.h"

/* How often a shared resource may be like another one. */
enum { MOST_LIKE = 8 };

static cJSON *resolve(const conformance *c, const cJSON *input, int left, const char **lost) {
    const char *name = cJSON_IsString(input) ? input->valuestring : doc_text(input, "like");
    if (!*name) return cJSON_IsObject(input) ? cJSON_Duplicate(input, true) : NULL;
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(c->shared, name);
    cJSON *base = left > 0 && cJSON_IsObject(found) ? resolve(c, found, left - 1, lost) : NULL;
    if (!base) {
        if (!*lost && cJSON_IsObject(input)) *lost = name;
        return NULL;
    }
    if (cJSON_IsString(input)) return base;
    cJSON *patch = cJSON_Duplicate(input, true);
    cJSON_DeleteItemFromObjectCaseSensitive(patch, "like");
    cJSON *whole = doc_patched(base, patch);
    cJSON_Delete(patch);
    cJSON_Delete(base);
    return whole;
}

char *conformance_resource(const conformance *c, const cJSON *input, const char **lost) {
    *lost = NULL;
    cJSON *whole = resolve(c, input, MOST_LIKE, lost);
    char *text = whole ? cJSON_PrintUnformatted(whole) : NULL;
    cJSON_Delete(whole);
    return text;
}
