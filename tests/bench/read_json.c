/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader against cJSON's DOM: the index alone, all checked and nothing kept, everything
 * kept, and a view of pain scores with its rows. */
#include "bench.h"
#include "fhir/grammar.h"
#include "fhir/literals.h"
#include "messages.h"
#include "view/view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct work {
    arena a;
    read_options options;
    str line;
    int64_t found;
} work;

static int64_t cjson_dom(int64_t rounds) {
    str all = messages_json(), line;
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &line);) {
            cJSON *root = cJSON_ParseWithLength(line.p, (size_t)line.n);
            BENCH_KEEP(root);
            cJSON_Delete(root);
        }
    return rounds * all.n;
}

static int64_t lines_only(int64_t rounds) {
    str all = messages_json(), line;
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &line);) BENCH_KEEP(line.n);
    return rounds * all.n;
}

/* Everything checked, nothing kept. */
static int64_t check_lines(int64_t rounds, vectors variant, bool grammar) {
    static token_index x;
    static landing where;
    static arena a;
    str all = messages_json(), line;
    if (!a.limit) arena_init(&a, 1 << 24, &where);
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &line);) {
            bool ok = index_build(&x, line, variant, &a);
            BENCH_KEEP(ok);
            if (grammar) BENCH_KEEP(grammar_check(&x, LIMIT_DEPTH));
        }
    return rounds * all.n;
}

static int64_t index_alone(int64_t rounds) { return check_lines(rounds, VECTORS_BEST, false); }
static int64_t checked(int64_t rounds) { return check_lines(rounds, VECTORS_BEST, true); }
static int64_t checked_avx2(int64_t rounds) { return check_lines(rounds, VECTORS_AVX2, true); }
static int64_t checked_sse2(int64_t rounds) { return check_lines(rounds, VECTORS_SSE2, true); }
static int64_t checked_none(int64_t rounds) { return check_lines(rounds, VECTORS_NONE, true); }

typedef struct viewing {
    arena made, message;
    const view *view;
    projection *keep;
    literals *literals;
    read_options options;
    str line;
    int64_t rows, bytes;
} viewing;

static void add_literal(void *self, str text) { literals_add((literals *)self, text); }

/* The file that tests/bench/whole gives to other engines, too. */
static str pain_definition(void) {
    static char text[4096];
    FILE *file = fopen(BENCH_SOURCE_DIR "/tests/bench/whole/pain.view.json", "rb");
    if (!file) abort();
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    return (str){text, (isize)n};
}

static void make_view(void *state) {
    viewing *v = state;
    const json *definition;
    fault fault;
    problems found = problems_new(&v->made);
    if (!json_read(&v->made, pain_definition(), &definition, &fault)) abort();
    v->view = view_compile(&v->made, &(view_environment){.model = model_r4()}, definition,
                           S("pain"), &found);
    if (!v->view) abort();
    v->keep = projection_new(&v->made, model_r4());
    view_project(v->view, v->keep);
    v->literals = literals_new(&v->made);
    view_literals(v->view, add_literal, v->literals);
}

static void take_row(void *self, const view_row *row) {
    viewing *v = self;
    v->rows++;
    for (isize i = 0; i < row->n; i++) v->bytes += row->cells[i].n;
}

static void view_line(void *state) {
    viewing *v = state;
    problems found = problems_new(&v->message);
    tape t;
    fault fault;
    str column;
    if (!read_json(&v->message, v->line, &v->options, &found, &t, &fault)) abort();
    if (t.unwanted || t.nodes[0].type != view_resource(v->view)) return;
    path_run run = {.tape = &t, .arena = &v->message};
    view_rows(v->view, &run, 0, take_row, v, &column);
}

static viewing *viewing_of(void) {
    static viewing v;
    static landing where;
    if (v.view) return &v;
    arena_init(&v.made, 1 << 24, &where);
    arena_init(&v.message, 1 << 24, &where);
    if (!guarded(&where, make_view, &v)) abort();
    return &v;
}

static int64_t view_lines(int64_t rounds, vectors variant, bool trusted) {
    viewing *v = viewing_of();
    str all = messages_json();
    v->options = (read_options){.keep = v->keep, .vectors = variant};
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; trusted ? literals_next_line(v->literals, variant, &rest, &v->line)
                                     : read_next_line(&rest, &v->line);) {
            arena_clear(&v->message);
            if (!guarded(v->message.landing, view_line, v)) abort();
        }
    BENCH_KEEP(v->rows);
    return rounds * all.n;
}

static int64_t pain_view(int64_t rounds) { return view_lines(rounds, VECTORS_BEST, false); }
static int64_t pain_view_avx2(int64_t rounds) { return view_lines(rounds, VECTORS_AVX2, false); }
static int64_t pain_view_sse2(int64_t rounds) { return view_lines(rounds, VECTORS_SSE2, false); }
static int64_t pain_view_trusted(int64_t rounds) { return view_lines(rounds, VECTORS_BEST, true); }

static void read_line(void *state) {
    work *w = state;
    problems found = problems_new(&w->a);
    tape t;
    fault fault;
    w->found += read_json(&w->a, w->line, &w->options, &found, &t, &fault);
}

static int64_t read_lines(int64_t rounds, const projection *keep) {
    static landing where;
    static work w;
    str all = messages_json();
    if (!w.a.limit) arena_init(&w.a, 1 << 24, &where);
    w.options.keep = keep;
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &w.line);) {
            arena_clear(&w.a);
            guarded(&where, read_line, &w);
        }
    BENCH_KEEP(w.found);
    return rounds * all.n;
}

static int64_t everything(int64_t rounds) { return read_lines(rounds, NULL); }

const bench_case read_json_bench[] = {
    BENCH_CASE(cjson_dom),
    BENCH_CASE(lines_only),
    BENCH_CASE(index_alone),
    BENCH_CASE(checked),
    BENCH_CASE(checked_avx2),
    BENCH_CASE(checked_sse2),
    BENCH_CASE(checked_none),
    BENCH_CASE(everything),
    BENCH_CASE(pain_view),
    BENCH_CASE(pain_view_avx2),
    BENCH_CASE(pain_view_sse2),
    BENCH_CASE(pain_view_trusted),
    BENCH_END,
};
