/* SPDX-License-Identifier: Apache-2.0 */
/* The set of texts, and lines around what was found. */
#include "fhir/literals_find.h"

#include "fhir/read.h"

#include <string.h>

literals *literals_new(arena *a) {
    literals *l = arena_new(a, literals, 1);
    l->longest = 2; /* of \\u */
    return l;
}

/* Whether JSON can spell the text in one way only, but for \u. */
static bool one_spelling(str text) {
    for (isize i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((uint8_t)c < 0x20 || c == '"' || c == '\\' || c == '/') return false;
    }
    return text.n >= 3;
}

void literals_add(literals *l, str text) {
    for (isize i = 0; i < l->n; i++)
        if (str_eq(l->texts[i], text)) return;
    if (!one_spelling(text) || l->n == COUNT_OF(l->texts)) {
        l->useless = true;
        return;
    }
    l->texts[l->n++] = text;
    if (text.n > l->longest) l->longest = text.n;
}

bool literals_usable(const literals *l) { return l->n > 0 && !l->useless; }

bool literals_at(const literals *l, const char *p, const char *end) {
    str rest = {p, end - p};
    if (str_starts(rest, S("\\u"))) return true;
    for (isize i = 0; i < l->n; i++)
        if (str_starts(rest, l->texts[i])) return true;
    return false;
}

const char *literals_find_none(const literals *l, const char *p, const char *end) {
    while (p < end && !literals_at(l, p, end)) p++;
    return p < end ? p : NULL;
}

static const char *find(const literals *l, vectors variant, str text) {
    const char *p = text.p, *end = text.p + text.n;
    switch (vectors_choose(variant)) {
#if defined(__x86_64__)
    case VECTORS_SSE2: return literals_find_sse2(l, p, end);
    case VECTORS_AVX2: return literals_find_avx2(l, p, end);
    case VECTORS_AVX512: return literals_find_avx512(l, p, end);
#elif defined(__aarch64__)
    case VECTORS_NEON: return literals_find_neon(l, p, end);
#endif
    default: return literals_find_none(l, p, end);
    }
}

bool literals_next_line(const literals *l, vectors variant, str *rest, str *line) {
    const char *hit;
    while (rest->n > 0 && (hit = find(l, variant, *rest)) != NULL) {
        const char *feed = memrchr(rest->p, '\n', (size_t)(hit - rest->p));
        if (feed) *rest = str_slice(*rest, feed + 1 - rest->p, rest->n);
        if (!read_next_line(rest, line)) break;
        /* The hit may have stood in a byte-order mark or a blank line before this one. */
        if (hit >= line->p || find(l, variant, *line)) return true;
    }
    *rest = (str){0};
    return false;
}
