/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as protocol.json of a small mapping set: it loads, or errors with place and remedy say
 * why; what loads decides an empty and a small record, and its verdict is whole. */
#include "fuzz.h"
#include "trial/trial.h"

typedef struct state {
    arena *a;
    str text;
} state;

static const str view_text =
    S_INIT("{\"name\":\"obs\",\"resource\":\"Observation\",\"select\":[{\"column\":[{\"name\":"
           "\"score\",\"type\":\"decimal\",\"path\":\"value.ofType(Quantity).value\"},{\"name\":"
           "\"effective\",\"type\":\"dateTime\",\"path\":\"effective.ofType(dateTime)\"}]}]}");

static void decide(const state *s, const mappings *m, const record_row *rows, isize n) {
    when now = {0};
    FUZZ_MUST(when_parse_datetime(S("2025-03-01T12:00:00Z"), &now));
    problems found = problems_new(s->a);
    tape record;
    verdict v;
    record_build(m, s->a, (str){0}, rows, n, now, &found, &record);
    const study *study = mappings_study(m, 0);
    verdict_decide(m, study, s->a, &record, now, &v);
    FUZZ_MUST(v.n == study_criterion_count(study));
    FUZZ_MUST(v.met + v.not_met + v.unknown + v.not_applicable == v.n);
    for (isize i = 0; i < v.n; i++)
        FUZZ_MUST((v.findings[i].result == RESULT_UNKNOWN) ==
                  (v.findings[i].reason != REASON_NONE));
    buf out = buf_new(s->a, 64 << 20, "a verdict");
    verdict_json(&v, &out);
    flag_circumstances_of(m, study, s->a, &record, now);
}

static void step(void *self) {
    const state *s = self;
    const mapping_file files[] = {{.name = S("core/views/obs.json"), .text = view_text},
                                  {.name = S("studies/s1/protocol.json"), .text = s->text}};
    problems found = problems_new(s->a);
    const mappings *m = mappings_load(s->a, files, COUNT_OF(files), NULL, NULL, &found);
    FUZZ_MUST((m == NULL) == (found.errors > 0));
    for (isize i = 0; i < found.n; i++)
        FUZZ_MUST(found.list[i].text.n > 0 && found.list[i].remedy.n > 0);
    if (!m || mappings_study_count(m) == 0) return;
    const record_row row = {.view = S("obs"),
                            .source = S("Observation/o"),
                            .version = S("1"),
                            .cells = S("[\"7.60\",\"2025-02-28\"]")};
    decide(s, m, NULL, 0);
    decide(s, m, &row, 1);
}

void fuzz_protocol(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    state s = {&a, {(const char *)data, (isize)size}};
    if (!guarded(&where, step, &s))
        FUZZ_MUST(where.fault.code == FAULT_NOMEM || where.fault.code == FAULT_LIMIT);
    arena_release(&a);
}
