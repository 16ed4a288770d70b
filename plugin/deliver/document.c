/* SPDX-License-Identifier: Apache-2.0 */
/* document.c: the one door by which JSON from the network comes in. */
#include "deliver/document.h"

const json *document_read(arena *arena, str bytes) {
    const json *root = NULL;
    fault fault = {0};
    if (bytes.n <= 0 || bytes.n > LIMIT_REPLY_BYTES) return NULL;
    if (!json_read(arena, bytes, &root, &fault) || root->kind != JSON_OBJECT) return NULL;
    return root;
}

bool document_is(const json *object, const char *type) {
    return object && str_eq(json_text(object, "resourceType"), str_from(type));
}

bool document_is_markup(str content_type, str bytes) {
    isize end = str_find_byte(content_type, ';', 0);
    str type = str_trim(end < 0 ? content_type : str_slice(content_type, 0, end));
    if (str_eq_ascii_case(type, S("text/html")) ||
        str_eq_ascii_case(type, S("application/xhtml+xml")))
        return true;
    if (str_starts(bytes, S("\xef\xbb\xbf"))) bytes = str_slice(bytes, 3, bytes.n);
    bytes = str_trim(bytes);
    return bytes.n > 0 && bytes.p[0] == '<';
}

bool document_whole(const json *value, int64_t *out) {
    int64_t sum = 0;
    if (!value || (value->kind != JSON_NUMBER && value->kind != JSON_STRING)) return false;
    if (value->text.n < 1 || value->text.n > 15) return false;
    for (isize i = 0; i < value->text.n; i++) {
        char c = value->text.p[i];
        if (c < '0' || c > '9') return false;
        sum = sum * 10 + (c - '0');
    }
    *out = sum;
    return true;
}

bool document_is_id(str text) {
    if (text.n < 1 || text.n > 64) return false;
    for (isize i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.'))
            return false;
    }
    return true;
}

bool document_is_visible(str text) {
    for (isize i = 0; i < text.n; i++)
        if (text.p[i] < 0x21 || text.p[i] > 0x7e) return false;
    return true;
}
