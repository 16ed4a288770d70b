/* SPDX-License-Identifier: Apache-2.0 */
/* Which names an expression mentions: a scan of its words that skips strings and comments. It may
 * see a name too many (a column called like a view), never one too few, which is the safe side for
 * "depends on". */
#include "trial/set.h"

static bool word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool word_part(char c) { return word_start(c) || (c >= '0' && c <= '9'); }

/* Past a '...' string, with its backslash escapes. */
static isize skip_string(str s, isize i) {
    for (i++; i < s.n && s.p[i] != '\''; i++)
        if (s.p[i] == '\\') i++;
    return i + 1;
}

static isize skip_comment(str s, isize i) {
    isize end = s.p[i + 1] == '/' ? str_find_byte(s, '\n', i) : str_find(s, S("*/"), i + 2);
    return end < 0 ? s.n : end + 1;
}

void set_words(str s, void (*word)(void *self, str name, bool percent), void *self) {
    isize i = 0;
    while (i < s.n) {
        char c = s.p[i];
        if (c == '\'')
            i = skip_string(s, i);
        else if (c == '/' && i + 1 < s.n && (s.p[i + 1] == '/' || s.p[i + 1] == '*'))
            i = skip_comment(s, i);
        else if (word_start(c)) {
            isize end = i;
            while (end < s.n && word_part(s.p[end])) end++;
            bool percent =
                i > 0 && (s.p[i - 1] == '%' || (i > 1 && s.p[i - 1] == '`' && s.p[i - 2] == '%'));
            word(self, str_slice(s, i, end), percent);
            i = end;
        } else
            i++;
    }
}

void set_words_of(const json *value, void (*word)(void *self, str name, bool percent), void *self) {
    if (!value) return;
    if (value->kind == JSON_STRING) set_words(value->text, word, self);
    for (const json *child = value->child; child; child = child->next)
        set_words_of(child, word, self);
}

typedef struct search {
    const str *words;
    isize n;
    bool percent, found;
} search;

static void look(void *self, str name, bool percent) {
    search *s = self;
    for (isize i = 0; i < s->n; i++)
        s->found = s->found || (percent == s->percent && str_eq(name, s->words[i]));
}

const json *set_mention_of(const json *value, const str *words, isize n, bool percent) {
    search s = {words, n, percent, false};
    if (!value) return NULL;
    if (value->kind == JSON_STRING) set_words(value->text, look, &s);
    if (s.found) return value;
    for (const json *child = value->child; child; child = child->next) {
        const json *found = set_mention_of(child, words, n, percent);
        if (found) return found;
    }
    return NULL;
}

bool set_mentions(const json *value, str text) {
    if (value->kind == JSON_STRING && str_find(value->text, text, 0) >= 0) return true;
    for (const json *child = value->child; child; child = child->next)
        if (set_mentions(child, text)) return true;
    return false;
}

void mask_add(view_mask *mask, isize view) { mask->words[view / 64] |= (uint64_t)1 << (view % 64); }

void mask_join(view_mask *mask, const view_mask *other) {
    for (isize i = 0; i < VIEW_WORDS; i++) mask->words[i] |= other->words[i];
}

bool mask_has(const view_mask *mask, isize view) {
    return (mask->words[view / 64] >> (view % 64)) & 1;
}

bool mask_meets(const view_mask *a, const view_mask *b) {
    for (isize i = 0; i < VIEW_WORDS; i++)
        if (a->words[i] & b->words[i]) return true;
    return false;
}

typedef struct gathering {
    const mappings *set;
    const study *study;
    expression_facts *facts;
} gathering;

/* A define brings along what it mentions itself. */
static void mention_define(gathering *g, isize i) {
    const expression_facts *of = &g->study->defines[i].facts;
    mask_add(&g->facts->defines, i);
    mask_join(&g->facts->defines, &of->defines);
    mask_join(&g->facts->views, &of->views);
    g->facts->unset = g->facts->unset || of->unset;
    g->facts->now = g->facts->now || of->now;
}

static void gather(void *self, str name, bool percent) {
    gathering *g = self;
    isize view = percent ? -1 : views_find(g->set, name);
    if (view >= 0) mask_add(&g->facts->views, view);
    bool clock = str_eq(name, S("now")) || str_eq(name, S("today")) ||
                 str_eq(name, S("timeOfDay")) || (percent && str_eq(name, S("screening")));
    if (clock) g->facts->now = true;
    for (isize i = 0; percent && g->study && i < g->study->name_count; i++) {
        if (!str_eq(g->study->names[i].name, name)) continue;
        g->study->used[i] = true;
        if (g->study->unset[i]) g->facts->unset = true;
        if (i >= g->study->define_first) mention_define(g, i - g->study->define_first);
    }
}

void expression_facts_add(const mappings *m, const study *s, const json *value,
                          expression_facts *out) {
    gathering g = {m, s, out};
    set_words_of(value, gather, &g);
}
