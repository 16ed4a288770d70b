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

/* What another site setting of expected-settings.tsv changes. */
typedef struct setting {
    const char *name, *now;
    const char *replace, *with;   /* in site.json, everywhere */
    const char *file, *file_text; /* one more mapping file of the site; ` is " */
} setting;

static const setting settings[] = {
    {.name = "demo"},
    {.name = "demo-complete",
     .replace = "\"complete\": []",
     .with = "\"complete\": [\"condition\", \"radiotherapy\", \"procedure\"]"},
    {.name = "demo-danish-vas",
     .file = "sites/demo/conceptmaps/vas.json",
     .file_text = "{`resourceType`:`ConceptMap`,`status`:`active`,"
                  "`url`:`https://fhirtrial.example/fhir/ConceptMap/pain-site-scale`,`group`:[{"
                  "`source`:`http://snomed.info/sct`,`target`:`https://example.org/scale`,"
                  "`element`:[{`code`:`443394008`,`target`:[{`code`:`100`,"
                  "`equivalence`:`equivalent`}]}]}]}"},
    {.name = "demo-ul-fsh",
     .file = "sites/demo/conceptmaps/fsh.json",
     .file_text = "{`resourceType`:`ConceptMap`,`status`:`active`,"
                  "`url`:`https://fhirtrial.example/fhir/ConceptMap/fsh-unit`,`group`:[{"
                  "`source`:`https://fhirtrial.example/fhir/CodeSystem/unit-as-sent`,"
                  "`target`:`http://unitsofmeasure.org`,`element`:[{`code`:`U/L`,`target`:[{"
                  "`code`:`[IU]/L`,`equivalence`:`equivalent`}]}]}]}"},
    {.name = "demo-no-pain-window",
     .replace = "\"painWindow\": { \"value\": 14, \"unit\": \"days\" },",
     .with = ""},
    {.name = "demo-clock-2024-12-31", .now = "2024-12-31T12:00:00Z"},
    {.name = "demo-clock-2025-12-31", .now = "2025-12-31T12:00:00Z"},
};

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
    const setting *setting;
    when now;
    const mappings *set;
    kept *kept;
    isize n;
    str patient, study; /* of the verdict that was asked for last */
    verdict verdict;
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
    record_build(c->set, &c->arena, S("feed"), rows, n, c->now, &c->found, &out);
    return out;
}

static const study *study_named(const cohort *c, str id) {
    for (isize i = 0; i < mappings_study_count(c->set); i++)
        if (str_eq(study_id(mappings_study(c->set, i)), id)) return mappings_study(c->set, i);
    return NULL;
}

/* The last verdict is kept: lines of one patient and study stand together. */
static const verdict *verdict_of(cohort *c, str patient, str study_name) {
    if (str_eq(c->patient, patient) && str_eq(c->study, study_name)) return &c->verdict;
    const study *s = study_named(c, study_name);
    if (!s) return NULL;
    tape *record = arena_new(&c->arena, tape, 1);
    *record = record_of(c, patient);
    c->patient = patient;
    c->study = study_name;
    verdict_decide(c->set, s, &c->arena, record, c->now, &c->verdict);
    return &c->verdict;
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

static void settings_step(cohort *c) {
    str rest = read_text(c, "tests/cohort/expected-settings.tsv"), line, f[7];
    isize lines = 0;
    read_next_line(&rest, &line);
    while (read_next_line(&rest, &line)) {
        if (!CHECK(split(line, f, 7) == 7)) return;
        if (!str_eq(f[0], str_from(c->setting->name)) || str_eq(f[3], S("flag"))) continue;
        lines++;
        if (str_eq(f[3], S("verdict")))
            check_verdict(c, f[1], f[2], f[4]);
        else
            check_criterion(c, f[1], f[2], f[3], f[4], f[5]);
    }
    CHECK(lines > 0);
}

/* --- rows --- */
static bool same_text(str a, str b) {
    decimal x, y;
    if (str_eq(a, b)) return true;
    return decimal_parse(a, &x) && decimal_parse(b, &y) && decimal_compare(x, y) == 0;
}

/* How many of the row's `key` elements there are, and whether one has this text. */
static isize values_of(cohort *c, const tape *t, uint32_t row, model_key key, str text,
                       bool *found) {
    isize n = 0;
    *found = false;
    for (uint32_t i = tape_child(t, row, key); i != TAPE_NONE; i = tape_next(t, row, i)) {
        *found = *found || same_text(tape_text(t, i, &c->arena), text);
        n++;
    }
    return n;
}

/* "name=a,b": exactly these values, in any order; "name=": none. */
static bool column_is(cohort *c, const tape *t, uint32_t row, str expected) {
    isize equals = str_find_byte(expected, '=', 0), from = equals + 1, wanted = 0;
    str name = str_slice(expected, 0, equals);
    model_key key = model_find_key(t->model, name);
    bool found, all = true;
    while (from < expected.n) {
        isize comma = str_find_byte(expected, ',', from);
        isize to = comma < 0 ? expected.n : comma;
        values_of(c, t, row, key, str_slice(expected, from, to), &found);
        all = all && found;
        wanted++;
        from = to + 1;
    }
    return all && values_of(c, t, row, key, (str){0}, &found) == wanted;
}

static uint32_t row_from(cohort *c, const tape *t, model_key view, str source, isize *count) {
    model_key key = model_find_key(t->model, S("source"));
    uint32_t row = TAPE_NONE;
    *count = 0;
    for (uint32_t i = tape_child(t, 0, view); i != TAPE_NONE; i = tape_next(t, 0, i)) {
        bool found;
        values_of(c, t, i, key, source, &found);
        if (found) row = i;
        ++*count;
    }
    return row;
}

static void check_row(cohort *c, const str f[6]) {
    tape t = record_of(c, f[0]);
    isize count, from = 0;
    str source = f[3], columns = f[4];
    uint32_t row = row_from(c, &t, model_find_key(t.model, f[1]), source, &count);
    CHECK_MSG(arena_printf(&c->arena, "%td", count).n > 0 &&
                  str_eq(arena_printf(&c->arena, "%td", count), f[2]),
              "%.*s %.*s: %td rows, expected %.*s", STR_ARGS(f[0]), STR_ARGS(f[1]), count,
              STR_ARGS(f[2]));
    if (!source.n) return;
    if (!CHECK_MSG(row != TAPE_NONE, "%.*s %.*s: no row from %.*s", STR_ARGS(f[0]), STR_ARGS(f[1]),
                   STR_ARGS(source)))
        return;
    while (from < columns.n) {
        isize end = str_find(columns, S("; "), from);
        str one = str_slice(columns, from, end < 0 ? columns.n : end);
        CHECK_MSG(column_is(c, &t, row, one), "%.*s %.*s: not %.*s", STR_ARGS(f[0]), STR_ARGS(f[1]),
                  STR_ARGS(one));
        from = end < 0 ? columns.n : end + 2;
    }
}

static void rows_step(cohort *c) {
    str rest = read_text(c, "tests/cohort/expected-rows.tsv"), line, f[6];
    read_next_line(&rest, &line);
    while (read_next_line(&rest, &line))
        if (CHECK(split(line, f, 6) == 6)) check_row(c, f);
}

/* --- running --- */
static void (*chosen)(cohort *c);

static str replaced(cohort *c, str text, str what, str with) {
    buf out = buf_new(&c->arena, 1 << 20, "a site");
    for (isize from = 0;;) {
        isize at = str_find(text, what, from);
        buf_add(&out, str_slice(text, from, at < 0 ? text.n : at));
        if (at < 0) return buf_str(&out);
        buf_add(&out, with);
        from = at + what.n;
    }
}

static str quoted(cohort *c, const char *text) {
    str copy = replaced(c, str_from(text), S("`"), S("\""));
    return copy;
}

/* The mapping files with what the setting changes. */
static const mapping_file *apply_setting(cohort *c, const mapping_file *files, isize *n) {
    const setting *s = c->setting;
    mapping_file *all = arena_new(&c->arena, mapping_file, *n + 1);
    bool changed = !s->replace;
    for (isize i = 0; i < *n; i++) {
        all[i] = files[i];
        if (!s->replace || !str_eq(files[i].name, S("sites/demo/site.json"))) continue;
        all[i].text = replaced(c, files[i].text, str_from(s->replace), str_from(s->with));
        changed = !str_eq(all[i].text, files[i].text);
    }
    CHECK_MSG(changed, "setting %s changes nothing", s->name);
    if (s->file)
        all[(*n)++] = (mapping_file){.name = str_from(s->file), .text = quoted(c, s->file_text)};
    return all;
}

static void cohort_step(void *state) {
    cohort *c = state;
    fault fault;
    const mapping_file *files;
    isize n;
    mapping_choice choice = {.site = S("demo"), .all_guidelines = true};
    c->found = problems_new(&c->arena);
    c->kept = arena_new(&c->arena, kept, MOST);
    when_parse_datetime(str_from(c->setting->now ? c->setting->now : "2025-06-30T12:00:00Z"),
                        &c->now);
    str folder = arena_str(&c->arena, str_from(unit_source("mappings")));
    if (!CHECK(files_mappings(&c->arena, folder, &choice, &files, &n, &fault))) return;
    files = apply_setting(c, files, &n);
    c->set = mappings_load(&c->arena, files, n, NULL, &kit_digest, &c->found);
    for (isize i = 0; !c->set && i < c->found.n; i++)
        if (c->found.list[i].level >= PROBLEM_ERROR)
            printf("# %.*s %.*s %.*s\n", STR_ARGS(c->found.list[i].file),
                   STR_ARGS(c->found.list[i].place), STR_ARGS(c->found.list[i].text));
    if (!CHECK(c->set != NULL)) return;
    feed_all(c);
    chosen(c);
}

static void run(void (*step)(cohort *c), const setting *s) {
    static cohort c;
    c = (cohort){.setting = s};
    chosen = step;
    arena_init(&c.arena, ARENA, &c.landing);
    bool ok = guarded(&c.landing, cohort_step, &c);
    CHECK_MSG(ok, "a fault: %s", ok ? "" : c.landing.fault.text);
    arena_release(&c.arena);
}

static void every_criterion_is_as_expected(void) { run(criteria_step, &settings[0]); }
static void every_verdict_is_as_expected(void) { run(verdicts_step, &settings[0]); }

static void rows_are_as_expected(void) { run(rows_step, &settings[0]); }

static void other_settings_change_what_is_expected(void) {
    for (isize i = 1; i < COUNT_OF(settings); i++) run(settings_step, &settings[i]);
}

const unit_test trial_cohort_suite[] = {
    UNIT_TEST(every_criterion_is_as_expected), UNIT_TEST(every_verdict_is_as_expected),
    UNIT_TEST(rows_are_as_expected), UNIT_TEST(other_settings_change_what_is_expected), UNIT_END};
