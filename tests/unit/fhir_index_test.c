/* SPDX-License-Identifier: Apache-2.0 */
/* The index of every variant against the lexer that reads from the front, and against each other.
 */
#include "fhir/grammar.h"
#include "fhir/scan.h"
#include "fhir_variants.h"

#include <stdio.h>

typedef struct indexing {
    arena *a;
    str text;
    vectors variant;
    token_index *x;
    bool ok, legal;
} indexing;

static void index_step(void *state) {
    indexing *s = state;
    s->ok = index_build(s->x, s->text, s->variant, s->a);
    s->legal = s->ok && grammar_check(s->x, LIMIT_DEPTH);
}

static token_index first, other;

static void check_same(const token_index *a, const token_index *b, str text) {
    bool same = a->n == b->n && a->escape_first == b->escape_first &&
                a->escape_last == b->escape_last &&
                memcmp(a->at, b->at, (a->n + 1) * sizeof *a->at) == 0 &&
                memcmp(a->kind, b->kind, a->n + 1) == 0;
    CHECK_MSG(same, "tokens of \"%.*s\"", STR_ARGS(text));
}

/* Whether `text` is JSON is decided alike by the lexer and by all variants; what is indexed at all
 * is indexed alike. */
static void compare(str text) {
    fault why;
    scan s = scan_new(text, 0, &why);
    bool expected = scan_skip(&s) && scan_end(&s), indexed = false;
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 24, &where);
    if (str_starts(text, S("\xEF\xBB\xBF"))) text = str_slice(text, 3, text.n);
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        if (!vectors_work((vectors)v)) continue;
        indexing w = {.a = &a, .text = text, .variant = (vectors)v};
        w.x = v == VECTORS_NONE ? &first : &other;
        CHECK(guarded(&where, index_step, &w));
        if (v == VECTORS_NONE) indexed = w.ok;
        CHECK_MSG(w.legal == expected, "%s: \"%.*s\"", vectors_name((vectors)v), STR_ARGS(text));
        CHECK_MSG(w.ok == indexed, "%s: \"%.*s\"", vectors_name((vectors)v), STR_ARGS(text));
        if (w.legal && (w.x->kind[0] == '[' || w.x->kind[0] == '{'))
            CHECK_INT(w.x->past[0], w.x->n);
        if (w.ok && v != VECTORS_NONE) check_same(&first, &other, text);
    }
    arena_release(&a);
}

static void tokens_of_a_text(void) {
    const str text = S(" {\"a\":[1,true, \"x\\\"\"],\n\"b\" : -2.5e3}");
    const uint32_t at[] = {1, 2, 5, 6, 7, 8, 9, 13, 15, 20, 21, 23, 27, 29, 35};
    CHECK(index_build(&first, text, VECTORS_BEST, NULL));
    CHECK_INT(first.n, COUNT_OF(at));
    CHECK_BYTES(first.kind, first.n, "{\":[1,t,\"],\":-}");
    for (int i = 0; i < COUNT_OF(at); i++) CHECK_INT(first.at[i], at[i]);
    CHECK_INT(first.at[first.n], text.n);
    CHECK_INT(first.escape_first, 17);
    CHECK_INT(first.escape_last, 17);
    CHECK(index_escaped(&first, str_slice(text, 16, 19)));
    CHECK(!index_escaped(&first, str_slice(text, 0, 17)));
    CHECK(grammar_check(&first, 2));
    CHECK_INT(first.past[0], 15);
    CHECK_INT(first.past[3], 10);
    str name = token_string(&first, 11), number = token_scalar(&first, 13);
    CHECK_BYTES(name.p, name.n, "b");
    CHECK_BYTES(number.p, number.n, "-2.5e3");
}

/* One odd byte, or two, at every place of strings of every length around two blocks. */
static void every_place_in_a_string(void) {
    static const char odd[] = "\"\\\n\x1F\x7F\x80\xC3\xA9\xF0\xFF";
    enum { ODD = sizeof odd - 1 };
    for (int length = 1; length <= 130; length++)
        for (int at = 0; at < length; at++)
            for (int i = 0; i < ODD; i++) {
                char *text = malloc((size_t)length + 2);
                memset(text, 'n', (size_t)length + 2);
                text[0] = text[length + 1] = '"';
                text[1 + at] = odd[i];
                if (at + 1 < length) text[2 + at] = odd[(i * 3 + at + length) % ODD];
                compare((str){text, length + 2});
                free(text);
            }
}

/* Sequences and escapes that lie across the end of a block. */
static void across_blocks(void) {
    static const char *const parts[] = {
        "\xC3\xA9",       "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\\\"",     "\\\\",   "\\u00e9",
        "\\ud83d\\ude00", "\\\\\\\"",     "\\ud83d",          "\xE2\x82", "\\u00e", "\xED\xA0\x80"};
    for (isize i = 0; i < COUNT_OF(parts); i++)
        for (int before = 40; before <= 130; before++)
            for (int after = 0; after <= 40; after += 20) {
                char text[256];
                int n =
                    snprintf(text, sizeof text, "\"%*s%s%*s\"", before, "", parts[i], after, "");
                char *copy = variants_copy((str){text, n});
                compare((str){copy, n});
                free(copy);
            }
}

/* Numbers, literals, strings and brackets behind any number of spaces. */
static void every_place_in_a_text(void) {
    static const char *const texts[] = {"[1,22]",   "[1 2]",    "true",     "tru",  "{\"a\":-1e5}",
                                        "{\"a\"1}", "[\"\"]",   "[\"a\"1]", "\x01", "[01]",
                                        "nulll",    "\"",       "[1,]",     "{}}",  "12\"a\"",
                                        "\x1A\x06", "[1\x0C 2]"};
    for (isize i = 0; i < COUNT_OF(texts); i++)
        for (int before = 0; before <= 130; before++) {
            char text[256];
            int n = snprintf(text, sizeof text, "%*s%s", before, "", texts[i]);
            char *copy = variants_copy((str){text, n});
            compare((str){copy, n});
            free(copy);
        }
}

static void documents(void) { variants_of_documents(compare); }

/* Random bytes of those that mean something, the same in every run. */
static void random_texts(void) {
    static const char bytes[] = "{}[]:,\"\"\"\\ \n\t0123e-.truefalsn\x80\xC3\xA9\x01";
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        char text[200];
        state = state * 6364136223846793005u + 1442695040888963407u;
        int n = (int)(state >> 33) % (int)sizeof text;
        for (int i = 0; i < n; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text[i] = bytes[(state >> 33) % (sizeof bytes - 1)];
        }
        char *copy = variants_copy((str){text, n});
        compare((str){copy, n});
        free(copy);
    }
}

/* More tokens than the index holds itself, sparse at first and dense later. */
static void many_tokens(void) {
    enum { SPARSE = 5000, DENSE = 40000 };
    char *text = malloc(SPARSE + 2 * DENSE + 8);
    int n = 0;
    text[n++] = '[';
    memset(text + n, ' ', SPARSE);
    n += SPARSE;
    for (int i = 0; i < DENSE; i++) {
        text[n++] = '7';
        text[n++] = i == DENSE - 1 ? ']' : ',';
    }
    compare((str){text, n});
    CHECK_INT(first.n, 2 * DENSE + 1);
    text[SPARSE + 1] = ']';
    compare((str){text, n});
    free(text);
}

const unit_test fhir_index_suite[] = {
    UNIT_TEST(tokens_of_a_text), UNIT_TEST(every_place_in_a_string),
    UNIT_TEST(across_blocks),    UNIT_TEST(every_place_in_a_text),
    UNIT_TEST(documents),        UNIT_TEST(random_texts),
    UNIT_TEST(many_tokens),      UNIT_END};
