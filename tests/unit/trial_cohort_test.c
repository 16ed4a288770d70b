/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped mappings over the synthetic cohort, against the expectations that were written by
 * hand (tests/cohort): every criterion and every verdict after the whole feed, without store or
 * shell. What the store does is done here in the simplest way: newest state by lastUpdated, else by
 * arrival; removals remove; linked Patients are one. */
#include "files/files.h"
#include "trial_kit.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 1 << 30, MOST = 4096 };

typedef struct kept {
    str type, id, patient, version, updated, links;
    const entry_row *rows;
    isize row_count;
    bool removed;
} kept;

typedef struct cohort {
    arena arena;
    landing landing;
    problems found;
    const char *site, *now_text;
    when now;
    const mappings *set;
    kept *kept;
    isize n;
} cohort;

static str read_text(cohort *c, const char *relative) {
    size_t length = 0;
    char *text = unit_read(unit_source(relative), &length);
    str copy = arena_str(&c->arena, (str){text, (isize)length});
    free(text);
    return copy;
}

/* --- the state after the feed --- */
static int64_t instant_of(str text) {
    when w;
    int64_t ns = 0;
    return when_parse_datetime(text, &w) && when_to_unix(w, &ns) ? ns : 0;
}

static kept *place_of(cohort *c, const entry *e) {
    for (isize i = 0; i < c->n; i++)
        if (str_eq(c->kept[i].type, e->type) && str_eq(c->kept[i].id, e->id)) return &c->kept[i];
    if (!CHECK(c->n < MOST)) return NULL;
    kept *k = &c->kept[c->n++];
    *k = (kept){.type = e->type, .id = e->id};
    return k;
}

static void keep(cohort *c, const entry *e) {
    kept *k = place_of(c, e);
    if (!k) return;
    bool older = k->updated.n && e->updated.n && instant_of(e->updated) < instant_of(k->updated);
    if (older) return;
    k->patient = e->patient;
    k->version = e->version;
    k->updated = e->updated;
    k->links = e->links;
    k->rows = e->rows;
    k->removed = e->action == ENTRY_REMOVE;
    k->row_count = k->removed ? 0 : e->row_count;
}

static void feed(cohort *c, str text) {
    tape t;
    fault fault;
    message m;
    bool ok = read_resource(&c->arena, text, NULL, &c->found, &t, &fault);
    if (!CHECK_MSG(ok, "cohort: %s", ok ? "" : fault.text)) return;
    message_extract(c->set, &c->arena, &t, &kit_digest, c->now, &c->found, &m);
    for (isize i = 0; i < m.n; i++) keep(c, &m.entries[i]);
}

static void feed_all(cohort *c) {
    str rest = read_text(c, "demo/cohort/cohort.ndjson"), line;
    while (read_next_line(&rest, &line)) feed(c, line);
    feed(c, read_text(c, "demo/cohort/bundle-transaction.json"));
    feed(c, read_text(c, "demo/cohort/bundle.xml"));
}

/* --- one patient --- */
static const kept *patient_of(const cohort *c, str id) {
    for (isize i = 0; i < c->n; i++)
        if (str_eq(c->kept[i].type, S("Patient")) && str_eq(c->kept[i].id, id)) return &c->kept[i];
    return NULL;
}

/* Whether both ids are one person: the same, or one Patient links to the other. */
static bool same_person(cohort *c, str a, str b) {
    if (str_eq(a, b)) return true;
    const kept *of[] = {patient_of(c, a), patient_of(c, b)};
    str other[] = {b, a};
    for (int i = 0; i < 2; i++) {
        str quoted = arena_printf(&c->arena, ",\"%.*s\"]", STR_ARGS(other[i]));
        if (of[i] && str_find(of[i]->links, quoted, 0) >= 0) return true;
    }
    return false;
}

static bool later(const record_row *a, const record_row *b) {
    int by = str_compare(a->view, b->view);
    return by > 0 || (by == 0 && str_compare(a->source, b->source) > 0);
}

static tape record_of(cohort *c, str patient) {
    record_row *rows = arena_new(&c->arena, record_row, MOST);
    isize n = 0;
    for (isize i = 0; i < c->n; i++) {
        const kept *k = &c->kept[i];
        if (!k->patient.n || !same_person(c, k->patient, patient)) continue;
        for (isize r = 0; r < k->row_count && n < MOST; r++) {
            record_row row = {
                .view = view_name(mappings_view(c->set, k->rows[r].view)),
                .source = arena_printf(&c->arena, "%.*s/%.*s", STR_ARGS(k->type), STR_ARGS(k->id)),
                .version = k->version,
                .updated = k->updated,
                .cells = k->rows[r].cells};
            isize at = n++;
            for (; at > 0 && later(&rows[at - 1], &row); at--) rows[at] = rows[at - 1];
            rows[at] = row;
        }
    }
    tape out;
    record_build(c->set, &c->arena, rows, n, c->now, &c->found, &out);
    return out;
}

static const study *study_named(const cohort *c, str id) {
    for (isize i = 0; i < mappings_study_count(c->set); i++)
        if (str_eq(study_id(mappings_study(c->set, i)), id)) return mappings_study(c->set, i);
    return NULL;
}

/* The last verdict is kept: lines of one patient and study stand together. */
static const verdict *verdict_of(cohort *c, str patient, str study_name) {
    static struct {
        cohort *of;
        str patient, study;
        verdict verdict;
    } last;
    if (last.of == c && str_eq(last.patient, patient) && str_eq(last.study, study_name))
        return &last.verdict;
    const study *s = study_named(c, study_name);
    if (!s) return NULL;
    tape *record = arena_new(&c->arena, tape, 1);
    *record = record_of(c, patient);
    last.of = c;
    last.patient = patient;
    last.study = study_name;
    verdict_decide(c->set, s, &c->arena, record, c->now, &last.verdict);
    return &last.verdict;
}

/* --- the tables --- */
static isize split(str line, str *fields, isize most) {
    isize n = 0, from = 0;
    while (n < most) {
        isize tab = str_find_byte(line, '\t', from);
        fields[n++] = str_slice(line, from, tab < 0 ? line.n : tab);
        if (tab < 0) break;
        from = tab + 1;
    }
    return n;
}

static void check_criterion(cohort *c, str patient, str study_name, str id, str result,
                            str reason) {
    const verdict *v = verdict_of(c, patient, study_name);
    const finding *f = NULL;
    for (isize i = 0; v && i < v->n; i++)
        if (str_eq(v->findings[i].criterion->id, id)) f = &v->findings[i];
    if (!CHECK_MSG(f != NULL, "no criterion %.*s", STR_ARGS(id))) return;
    CHECK_MSG(str_eq(result_name(f->result), result) && str_eq(reason_name(f->reason), reason),
              "%.*s %.*s %.*s: %.*s(%.*s), expected %.*s(%.*s) %.*s", STR_ARGS(patient),
              STR_ARGS(study_name), STR_ARGS(id), STR_ARGS(result_name(f->result)),
              STR_ARGS(reason_name(f->reason)), STR_ARGS(result), STR_ARGS(reason),
              STR_ARGS(f->detail));
}

static void check_verdict(cohort *c, str patient, str study_name, str expected) {
    const verdict *v = verdict_of(c, patient, study_name);
    if (str_eq(expected, S("merged"))) return; /* this record has none of its own */
    if (!CHECK(v != NULL)) return;
    CHECK_MSG(str_eq(verdict_name(v->kind), expected), "%.*s %.*s: %.*s, expected %.*s",
              STR_ARGS(patient), STR_ARGS(study_name), STR_ARGS(verdict_name(v->kind)),
              STR_ARGS(expected));
}

static void criteria_step(cohort *c) {
    str rest = read_text(c, "tests/cohort/expected-criteria.tsv"), line, f[6];
    read_next_line(&rest, &line); /* the heading */
    while (read_next_line(&rest, &line))
        if (CHECK(split(line, f, 6) == 6)) check_criterion(c, f[0], f[1], f[2], f[3], f[4]);
}

static void verdicts_step(cohort *c) {
    str rest = read_text(c, "tests/cohort/expected-verdicts.tsv"), line, f[5];
    read_next_line(&rest, &line);
    while (read_next_line(&rest, &line))
        if (CHECK(split(line, f, 5) == 5)) check_verdict(c, f[0], f[1], f[2]);
}

/* --- running --- */
static void (*chosen)(cohort *c);

static void cohort_step(void *state) {
    cohort *c = state;
    fault fault;
    const mapping_file *files;
    isize n;
    mapping_choice choice = {.site = str_from(c->site)};
    c->found = problems_new(&c->arena);
    c->kept = arena_new(&c->arena, kept, MOST);
    when_parse_datetime(str_from(c->now_text), &c->now);
    str folder = arena_str(&c->arena, str_from(unit_source("mappings")));
    if (!CHECK(files_mappings(&c->arena, folder, &choice, &files, &n, &fault))) return;
    c->set = mappings_load(&c->arena, files, n, NULL, &kit_digest, &c->found);
    for (isize i = 0; !c->set && i < c->found.n; i++)
        if (c->found.list[i].level >= PROBLEM_ERROR)
            printf("# %.*s %.*s %.*s\n", STR_ARGS(c->found.list[i].file),
                   STR_ARGS(c->found.list[i].place), STR_ARGS(c->found.list[i].text));
    if (!CHECK(c->set != NULL)) return;
    feed_all(c);
    chosen(c);
}

static void run(void (*step)(cohort *c)) {
    static cohort c;
    c = (cohort){.site = "demo", .now_text = "2025-06-30T12:00:00Z"};
    chosen = step;
    arena_init(&c.arena, ARENA, &c.landing);
    bool ok = guarded(&c.landing, cohort_step, &c);
    CHECK_MSG(ok, "a fault: %s", ok ? "" : c.landing.fault.text);
    arena_release(&c.arena);
}

static void every_criterion_is_as_expected(void) { run(criteria_step); }
static void every_verdict_is_as_expected(void) { run(verdicts_step); }

const unit_test trial_cohort_suite[] = {UNIT_TEST(every_criterion_is_as_expected),
                                        UNIT_TEST(every_verdict_is_as_expected), UNIT_END};
