/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader against cJSON's DOM: the lexer alone, everything kept, and what a view of pain
 * scores keeps with the look that picks them. */
#include "bench.h"
#include "fhir/model_ids.h"
#include "fhir/read.h"
#include "fhir/scan.h"
#include "messages.h"

#include <cjson/cJSON.h>

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

static int64_t lexer(int64_t rounds) {
    str all = messages_json(), line;
    fault fault;
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &line);) {
            scan s = scan_new(line, 0, &fault);
            BENCH_KEEP(scan_skip(&s));
        }
    return rounds * all.n;
}

/* The pain scores among the Observations, as a view's where() would pick them. */
static bool is_pain(const tape *t, arena *a) {
    uint32_t code = tape_child(t, 0, KEY_code);
    if (t->nodes[0].type != TYPE_Observation || code == TAPE_NONE) return false;
    for (uint32_t c = tape_child(t, code, KEY_coding); c != TAPE_NONE; c = tape_next(t, code, c))
        if (str_eq(tape_child_text(t, c, KEY_code, a), S("pain-0-10")) &&
            str_eq(tape_child_text(t, c, KEY_system, a), S("http://codes.example/standard")))
            return true;
    return false;
}

static void read_line(void *state) {
    work *w = state;
    problems found = problems_new(&w->a);
    tape t;
    fault fault;
    if (read_json(&w->a, w->line, &w->options, &found, &t, &fault)) w->found += is_pain(&t, &w->a);
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

static int64_t pain_view(int64_t rounds) {
    static landing where;
    static arena a;
    static projection *p;
    static const struct {
        model_key keys[3];
        int n;
    } wanted[] = {
        {{KEY_id}, 1},
        {{KEY_subject, KEY_reference}, 2},
        {{KEY_code, KEY_coding, KEY_code}, 3},
        {{KEY_code, KEY_coding, KEY_system}, 3},
        {{KEY_effective}, 1},
        {{KEY_value, KEY_value}, 2},
        {{KEY_value, KEY_unit}, 2},
    };
    if (!p) {
        arena_init(&a, 1 << 20, &where);
        p = projection_new(&a, model_r4());
        for (isize i = 0; i < COUNT_OF(wanted); i++)
            projection_keep(p, TYPE_Observation, wanted[i].keys, wanted[i].n, false);
    }
    return read_lines(rounds, p);
}

const bench_case read_json_bench[] = {
    BENCH_CASE(cjson_dom),  BENCH_CASE(lines_only), BENCH_CASE(lexer),
    BENCH_CASE(everything), BENCH_CASE(pain_view),  BENCH_END,
};
