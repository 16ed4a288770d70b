/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a resource can be wanted: the predicate first. Members may come in any order, so the way
 * to each text is followed by itself, over objects and arrays, passing over all else. Whatever is
 * not plain (a name or a text with an escape) is taken for a match: the views decide later. */
#include "fhir/read_state.h"

typedef struct way {
    const token_index *x;
    const need *need;
} way;

static bool follow(const way *w, uint32_t t, isize step);

/* Letter by letter: a long text, or one near the end of the input. */
static bool is_whole(const token_index *x, uint32_t t, str text) {
    if (x->at[t + 1] - x->at[t] < (uint32_t)text.n + 2) return false;
    const char *p = x->text + x->at[t] + 1;
    return p[text.n] == '"' && memcmp(p, text.p, (size_t)text.n) == 0;
}

/* Whether the string at `t` is this text, spelt without escapes. */
static inline bool is_text(const token_index *x, uint32_t t, const spelt *s) {
    isize from = (isize)x->at[t] + 1;
    uint64_t head;
    if (x->length - from < (isize)sizeof head) return is_whole(x, t, s->text);
    memcpy(&head, x->text + from, sizeof head);
    if ((head ^ s->head) & s->mask) return false;
    return s->text.n < (isize)sizeof head || is_whole(x, t, s->text);
}

static inline bool has_escape(const token_index *x, uint32_t t) {
    return x->escape_last >= 0 && index_escaped(x, token_string(x, t));
}

static bool follow_object(const way *w, uint32_t t, isize step) {
    const token_index *x = w->x;
    for (t++; x->kind[t] == '"'; t += x->kind[t] == ',') {
        if (is_text(x, t, &w->need->names[step])) {
            if (follow(w, t + 2, step + 1)) return true;
        } else if (has_escape(x, t)) {
            return true;
        }
        t = token_past(x, t + 2);
    }
    return false;
}

/* The value at `t`, `step` names down the way. */
static bool follow(const way *w, uint32_t t, isize step) {
    const token_index *x = w->x;
    bool end = step == w->need->n;
    if (x->kind[t] == '[') {
        for (t++; x->kind[t] != ']'; t += x->kind[t] == ',') {
            if (x->kind[t] == '[') return true; /* no FHIR */
            if (follow(w, t, step)) return true;
            t = token_past(x, t);
        }
        return false;
    }
    if (x->kind[t] == '{') return !end && follow_object(w, t, step);
    if (x->kind[t] != '"' || !end) return false;
    return is_text(x, t, &w->need->text) || has_escape(x, t);
}

bool read_needed(const reader *r, uint32_t token, const need *needs) {
    for (; needs; needs = needs->next) {
        way w = {r->index, needs};
        if (follow(&w, token, 0)) return true;
    }
    return false;
}
