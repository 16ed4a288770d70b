/* SPDX-License-Identifier: Apache-2.0 */
/* mappings_test: runs the named cases of tests/mappings/NAME.json over the shipped mappings and
 * prints TAP, one line a case. A case gives resources of one patient, Patient/p, or samples below
 * ../shared, and by hand what they must lead to: rows of views, criterion results ("met",
 * "unknown:stale"), evidence, verdicts, contradictions, circumstances, visits and endpoints. A case
 * may name a site of mappings/sites, or one of tests/mappings/sites, which has the demo's local
 * codes beside its own settings; else the demo site is used. `mappings_test FILE...` runs other
 * files of cases. */
#include "deliver/deliver.h"
#include "fhir/json.h"
#include "fhir/read.h"
#include "files/files.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the cases and of their sites. */
#define CASES MAPPINGS_SOURCE_DIR "/tests/mappings"

enum { SETS = 16, CASES_ARENA = 1 << 30, FILES = 256 };

typedef struct set {
    str site;
    const mappings *mappings; /* NULL: it does not load */
    zone_table zone;
    isize findings; /* errors and warnings of loading it */
} set;

typedef struct runner {
    arena arena;   /* files and mapping sets: the whole run */
    arena scratch; /* one case */
    landing landing, case_landing;
    const char *const *files;
    int file_count;
    set sets[SETS];
    int set_count;
    int cases, failed;
    /* the case at hand */
    const json *at;
    const set *with;
    when now;
    bool ok;
} runner;

static void say(runner *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One diagnostic line of the case at hand, which has failed. */
static void say(runner *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (r->ok) printf("# %.*s\n", STR_ARGS(json_text(r->at, "name")));
    fputs("#   ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    r->ok = false;
}

static void show(const problems *found) {
    for (isize i = 0; i < found->n; i++) {
        const problem *p = &found->list[i];
        printf("# %.*s at %ld %.*s: %.*s; %.*s\n", STR_ARGS(p->file), (long)p->at,
               STR_ARGS(p->place), STR_ARGS(p->text), STR_ARGS(p->remedy));
    }
}

/* --- mapping sets --- */

static str json_file(runner *r, const json *value) {
    buf out = buf_new(&r->arena, LIMIT_CONFIG_BYTES, "a mapping file");
    json_write(value, &out);
    return buf_str(&out);
}

/* Adds what tests/mappings/sites/SITE.json holds, a site.json and ConceptMaps, under the names they
 * would have in a folder of mappings. */
static isize test_site(runner *r, str site, mapping_file *files, isize n) {
    str text, path = arena_printf(&r->arena, "%s/sites/%.*s.json", CASES, STR_ARGS(site));
    const json *root;
    fault fault;
    if (!files_read(&r->arena, S(""), path, LIMIT_CONFIG_BYTES, &text, &fault) ||
        !json_read(&r->arena, text, &root, &fault)) {
        printf("# %s\n", fault.text);
        return n;
    }
    str folder = arena_printf(&r->arena, "sites/%.*s", STR_ARGS(site));
    files[n++] = (mapping_file){.name = arena_printf(&r->arena, "%.*s/site.json", STR_ARGS(folder)),
                                .text = json_file(r, json_get(root, "site"))};
    const json *maps = json_get(root, "conceptmaps");
    for (const json *c = maps ? maps->child : NULL; c && n < FILES; c = c->next) {
        str name = arena_printf(&r->arena, "%.*s/conceptmaps/%ld.json", STR_ARGS(folder), (long)n);
        files[n++] = (mapping_file){.name = name, .text = json_file(r, c)};
    }
    return n;
}

/* Whether mappings/sites has the site: then it is loaded as it is. */
static bool is_shipped(runner *r, str site) {
    str path = arena_printf(&r->arena, "%s/mappings/sites/%.*s/site.json", MAPPINGS_SOURCE_DIR,
                            STR_ARGS(site));
    return access(path.p, R_OK) == 0;
}

static void load(runner *r, set *s) {
    bool own = is_shipped(r, s->site);
    const mapping_file *shipped;
    isize shipped_count;
    fault fault;
    mapping_choice choice = {.site = own ? s->site : S("demo"), .all_guidelines = true};
    if (!files_mappings(&r->arena, S(MAPPINGS_SOURCE_DIR "/mappings"), &choice, &shipped,
                        &shipped_count, &fault)) {
        printf("# %s\n", fault.text);
        return;
    }
    mapping_file *files = arena_new(&r->arena, mapping_file, FILES);
    isize n = 0;
    for (isize i = 0; i < shipped_count && n < FILES; i++)
        if (own || !str_ends(shipped[i].name, S("/site.json"))) files[n++] = shipped[i];
    for (isize i = 0; !own && i < n; i++) /* the demo's local codes hold at the other sites too */
        if (str_starts(files[i].name, S("sites/demo/")))
            files[i].name = arena_printf(&r->arena, "sites/%.*s/%.*s", STR_ARGS(s->site),
                                         STR_ARGS(str_slice(files[i].name, 11, files[i].name.n)));
    if (!own) n = test_site(r, s->site, files, n);
    problems found = problems_new(&r->arena);
    if (!files_zone(&r->arena, mappings_timezone(&r->arena, files, n), &s->zone, &fault))
        printf("# %s\n", fault.text);
    s->mappings = mappings_load(&r->arena, files, n, &s->zone, deliver_digest(), &found);
    s->findings = found.n;
    show(&found);
}

static const set *set_of(runner *r, str site) {
    for (int i = 0; i < r->set_count; i++)
        if (str_eq(r->sets[i].site, site)) return &r->sets[i];
    if (r->set_count == SETS) {
        fprintf(stderr, "mappings_test: more than %d sites\n", SETS);
        exit(1);
    }
    set *s = &r->sets[r->set_count++];
    s->site = site;
    load(r, s);
    return s;
}

/* --- from resources to the record --- */

static bool later(const record_row *a, const record_row *b) {
    int by = str_compare(a->view, b->view);
    return by > 0 || (by == 0 && str_compare(a->source, b->source) > 0);
}

/* The rows of one case, sorted as the store gives them back. */
typedef struct rows {
    record_row *list;
    isize n, cap;
} rows;

static void add_row(runner *r, rows *rows, record_row row) {
    if (rows->n == rows->cap) {
        rows->cap = rows->cap ? rows->cap * 2 : 64;
        rows->list = arena_grow(&r->scratch, rows->list, rows->n, rows->cap, sizeof row,
                                _Alignof(record_row));
    }
    isize place = rows->n++;
    for (; place > 0 && later(&rows->list[place - 1], &row); place--)
        rows->list[place] = rows->list[place - 1];
    rows->list[place] = row;
}

static void add_message(runner *r, str text, problems *found, rows *rows) {
    arena *a = &r->scratch;
    const mappings *m = r->with->mappings;
    tape *t = arena_new(a, tape, 1);
    fault fault;
    message message = {0};
    if (!read_json(a, text, NULL, found, t, &fault)) {
        say(r, "the resources cannot be read: %s", fault.text);
        return;
    }
    message_extract(m, a, t, deliver_digest(), r->now, found, &message);
    for (isize i = 0; i < message.n; i++) {
        const entry *e = &message.entries[i];
        str source = arena_printf(a, "%.*s/%.*s", STR_ARGS(e->type), STR_ARGS(e->id));
        for (isize k = 0; k < e->row_count; k++)
            add_row(r, rows,
                    (record_row){.view = view_name(mappings_view(m, e->rows[k].view)),
                                 .source = source,
                                 .version = e->version,
                                 .updated = e->updated,
                                 .cells = e->rows[k].cells});
    }
}

/* The case's own resources as one Bundle. */
static str bundle_of(runner *r, const json *resources) {
    buf text = buf_new(&r->scratch, 1 << 24, "a message");
    buf_add(&text, S("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["));
    for (const json *c = resources->child; c; c = c->next) {
        buf_add(&text, S("{\"resource\":"));
        json_write(c, &text);
        buf_add(&text, c->next ? S("},") : S("}"));
    }
    buf_add(&text, S("]}"));
    return buf_str(&text);
}

static str shared_path(arena *arena, str relative) {
    const char *folder = getenv("FHIRTRIAL_SHARED");
    return arena_printf(arena, "%s/%.*s", folder ? folder : MAPPINGS_SOURCE_DIR "/../shared",
                        STR_ARGS(relative));
}

static void build_record(runner *r, problems *found, tape *record) {
    rows rows = {0};
    const json *resources = json_get(r->at, "resources"), *shared = json_get(r->at, "shared");
    fault fault;
    str text;
    if (resources && resources->count) add_message(r, bundle_of(r, resources), found, &rows);
    for (const json *c = shared ? shared->child : NULL; c; c = c->next) {
        if (files_read(&r->scratch, S(""), shared_path(&r->scratch, c->text), LIMIT_MESSAGE_BYTES,
                       &text, &fault))
            add_message(r, text, found, &rows);
        else
            say(r, "%s", fault.text);
    }
    record_build(r->with->mappings, &r->scratch, S("feed"), rows.list, rows.n, r->now, found,
                 record);
}

/* --- comparing --- */

static bool holds(const json *list, str text) {
    for (const json *c = list->child; c; c = c->next)
        if (str_eq(c->text, text)) return true;
    return false;
}

static str scalar(const json *v) {
    return v->kind == JSON_TRUE ? S("true") : v->kind == JSON_FALSE ? S("false") : v->text;
}

/* Whether a cell is what was expected: null is no cell, [] none, a list any order. */
static bool same_cell(const json *cell, const json *expected) {
    if (expected->kind == JSON_NULL || (expected->kind == JSON_ARRAY && !expected->count))
        return !cell || (cell->kind == JSON_ARRAY && !cell->count);
    if (!cell) return false;
    if (expected->kind != JSON_ARRAY) return str_eq(scalar(cell), expected->text);
    if (cell->kind != JSON_ARRAY)
        return expected->count == 1 && str_eq(scalar(cell), expected->child->text);
    bool same = cell->count == expected->count;
    for (const json *c = expected->child; c; c = c->next) same = same && holds(cell, c->text);
    return same;
}

static str text_of(runner *r, const json *v) {
    if (!v) return S("nothing");
    buf out = buf_new(&r->scratch, 1 << 20, "a value");
    json_write(v, &out);
    return buf_str(&out);
}

static void compare_rows(runner *r, const json *record, const json *expected) {
    for (const json *view = expected ? expected->child : NULL; view; view = view->next) {
        const json *rows = json_get(record, arena_str(&r->scratch, view->name).p);
        isize n = rows ? rows->count : 0;
        if (n != view->count) {
            say(r, "%.*s: %ld rows, expected %ld", STR_ARGS(view->name), (long)n,
                (long)view->count);
            continue;
        }
        const json *row = rows ? rows->child : NULL;
        for (const json *want = view->child; want; want = want->next, row = row->next)
            for (const json *c = want->child; c; c = c->next) {
                const json *cell = json_get(row, arena_str(&r->scratch, c->name).p);
                if (!same_cell(cell, c))
                    say(r, "%.*s.%.*s: %.*s, expected %.*s", STR_ARGS(view->name),
                        STR_ARGS(c->name), STR_ARGS(text_of(r, cell)), STR_ARGS(text_of(r, c)));
            }
    }
}

static const finding *finding_of(const verdict *v, str id) {
    for (isize i = 0; i < v->n; i++)
        if (str_eq(v->findings[i].criterion->id, id)) return &v->findings[i];
    return NULL;
}

static void compare_criteria(runner *r, const verdict *v, const json *expected) {
    for (const json *c = expected ? expected->child : NULL; c; c = c->next) {
        const finding *f = finding_of(v, c->name);
        str got = S("no such criterion");
        if (f)
            got = f->result == RESULT_UNKNOWN
                      ? arena_printf(&r->scratch, "unknown:%.*s", STR_ARGS(reason_name(f->reason)))
                      : result_name(f->result);
        if (!str_eq(got, c->text))
            say(r, "%.*s: %.*s, expected %.*s%s%.*s", STR_ARGS(c->name), STR_ARGS(got),
                STR_ARGS(c->text), f && f->detail.n ? "; " : "", STR_ARGS(f ? f->detail : S("")));
    }
}

static void compare_evidence(runner *r, const verdict *v, const json *expected) {
    for (const json *c = expected ? expected->child : NULL; c; c = c->next) {
        const finding *f = finding_of(v, c->name);
        bool same = f && f->evidence_count == c->count;
        for (isize i = 0; same && i < f->evidence_count; i++) {
            str e = f->evidence[i];
            isize version = str_find(e, S("/_history/"), 0);
            same = holds(c, version < 0 ? e : str_slice(e, 0, version));
        }
        if (same) continue;
        say(r, "%.*s: other evidence than %.*s", STR_ARGS(c->name), STR_ARGS(text_of(r, c)));
        for (isize i = 0; f && i < f->evidence_count; i++)
            printf("#     %.*s\n", STR_ARGS(f->evidence[i]));
    }
}

static void compare_contradictions(runner *r, const verdict *v, const json *expected) {
    if (!expected) return;
    bool same = v->contradiction_count == expected->count;
    for (isize i = 0; i < v->contradiction_count; i++)
        same = same && holds(expected, v->contradictions[i].id);
    if (!same) say(r, "other contradictions than %.*s", STR_ARGS(text_of(r, expected)));
}

static void compare_circumstances(runner *r, flag_circumstances c, const json *expected) {
    const struct {
        const char *name;
        bool value;
    } all[] = {{"dead", c.dead},
               {"testPatient", c.test_patient},
               {"consentDenied", c.consent_denied},
               {"enrolled", c.enrolled}};
    for (isize i = 0; i < COUNT_OF(all); i++) {
        const json *want = json_get(expected, all[i].name);
        if (want && (want->kind == JSON_TRUE) != all[i].value)
            say(r, "%s is %s", all[i].name, all[i].value ? "true" : "false");
    }
}

static const json *of_study(const json *expected, const char *what, str id, arena *arena) {
    const json *all = json_get(expected, what);
    return all ? json_get(all, arena_str(arena, id).p) : NULL;
}

/* --- arm, visits and endpoints --- */
static str or_dash(str text) { return text.n ? text : S("-"); }

static str outcome_text(runner *r, const endpoint_finding *f, bool values) {
    bool unknown = f->outcome == OUTCOME_UNKNOWN;
    str text = arena_printf(&r->scratch, "%.*s%s%.*s", STR_ARGS(outcome_name(f->outcome)),
                            unknown ? ":" : "", STR_ARGS(reason_name(f->reason)));
    if (!values) return text;
    return arena_printf(&r->scratch, "%.*s %.*s/%.*s/%.*s", STR_ARGS(text),
                        STR_ARGS(or_dash(f->baseline)), STR_ARGS(or_dash(f->value)),
                        STR_ARGS(or_dash(f->change)));
}

static str window_text(runner *r, const visit_window *v) {
    char from[WHEN_TEXT], to[WHEN_TEXT];
    if (!v->placed)
        return arena_printf(&r->scratch, "unknown:%.*s", STR_ARGS(reason_name(v->reason)));
    isize n = when_format(v->from, from), k = when_format(v->to, to);
    return arena_printf(&r->scratch, "%.*s..%.*s", (int)n, from, (int)k, to);
}

/* What the subject's conduct has under a name of the case: "arm", a visit, or an endpoint, whose
 * visit follows after @. */
static str conduct_text(runner *r, const conduct *c, str name, bool values) {
    if (str_eq(name, S("arm")))
        return c->arm.n ? c->arm
                        : arena_printf(&r->scratch, "unknown:%.*s",
                                       STR_ARGS(reason_name(c->arm_reason)));
    for (isize i = 0; i < c->visit_count; i++)
        if (str_eq(c->visits[i].id, name)) return window_text(r, &c->visits[i]);
    isize at = str_find_byte(name, '@', 0);
    str id = at < 0 ? name : str_slice(name, 0, at);
    str visit = at < 0 ? (str){0} : str_slice(name, at + 1, name.n);
    for (isize i = 0; i < c->n; i++)
        if (str_eq(c->findings[i].endpoint, id) && str_eq(c->findings[i].visit, visit))
            return outcome_text(r, &c->findings[i], values);
    return S("no such visit or endpoint");
}

static void compare_conduct(runner *r, const study *s, const tape *record, const json *expected) {
    conduct c;
    if (!expected) return;
    conduct_evaluate(r->with->mappings, s, &r->scratch, record, r->now, &c);
    for (const json *want = expected->child; want; want = want->next) {
        str got = conduct_text(r, &c, want->name, str_find_byte(want->text, '/', 0) >= 0);
        if (!str_eq(got, want->text))
            say(r, "%.*s: %.*s, expected %.*s", STR_ARGS(want->name), STR_ARGS(got),
                STR_ARGS(want->text));
    }
}

static void compare_study(runner *r, const study *s, const tape *record, const json *expected) {
    arena *a = &r->scratch;
    str id = study_id(s);
    verdict v = {0};
    verdict_decide(r->with->mappings, s, a, record, r->now, &v);
    compare_criteria(r, &v, of_study(expected, "criteria", id, a));
    compare_evidence(r, &v, of_study(expected, "evidence", id, a));
    compare_contradictions(r, &v, of_study(expected, "contradictions", id, a));
    const json *circumstances = of_study(expected, "circumstances", id, a);
    if (circumstances)
        compare_circumstances(r, flag_circumstances_of(r->with->mappings, s, a, record, r->now),
                              circumstances);
    compare_conduct(r, s, record, of_study(expected, "conduct", id, a));
    const json *want = of_study(expected, "verdict", id, a);
    if (want && !str_eq(want->text, verdict_name(v.kind)))
        say(r, "%.*s: %.*s, expected %.*s", STR_ARGS(id), STR_ARGS(verdict_name(v.kind)),
            STR_ARGS(want->text));
}

/* --- running --- */

static void run_case(void *state) {
    runner *r = state;
    const json *expected = json_get(r->at, "expect");
    problems found = problems_new(&r->scratch);
    str now = json_text(r->at, "now");
    if (!when_parse_datetime(now.n ? now : S("2025-06-30T12:00:00Z"), &r->now)) {
        say(r, "`now` is no instant");
        return;
    }
    tape record;
    build_record(r, &found, &record);
    buf out = buf_new(&r->scratch, 1 << 24, "a record");
    record_json(&record, &out);
    const json *root;
    fault fault;
    if (json_read(&r->scratch, buf_str(&out), &root, &fault))
        compare_rows(r, root, json_get(expected, "rows"));
    else
        say(r, "the record is no JSON: %s", fault.text);
    for (isize i = 0; i < mappings_study_count(r->with->mappings); i++)
        compare_study(r, mappings_study(r->with->mappings, i), &record, expected);
    if (!r->ok) show(&found);
}

/* The first sample that is not there, or the empty str. */
static str missing_sample(runner *r, const json *c) {
    const json *shared = json_get(c, "shared");
    for (const json *s = shared ? shared->child : NULL; s; s = s->next)
        if (access(shared_path(&r->arena, s->text).p, R_OK) != 0) return s->text;
    return (str){0};
}

static void run_one(runner *r, str file, const json *c) {
    str missing = missing_sample(r, c);
    if (missing.n) {
        printf("ok %d - %.*s: %.*s # SKIP no shared %.*s\n", ++r->cases, STR_ARGS(file),
               STR_ARGS(json_text(c, "name")), STR_ARGS(missing));
        return;
    }
    str site = json_text(c, "site");
    r->at = c;
    r->ok = true;
    r->with = set_of(r, site.n ? site : S("demo"));
    arena_init(&r->scratch, CASES_ARENA, &r->case_landing);
    if (!r->with->mappings)
        say(r, "the mappings of site %.*s do not load", STR_ARGS(r->with->site));
    else if (!guarded(&r->case_landing, run_case, r))
        say(r, "%s", r->case_landing.fault.text);
    arena_release(&r->scratch);
    r->failed += !r->ok;
    printf("%s %d - %.*s: %.*s\n", r->ok ? "ok" : "not ok", ++r->cases, STR_ARGS(file),
           STR_ARGS(json_text(c, "name")));
}

static void run_files(void *state) {
    runner *r = state;
    for (int i = 0; i < r->file_count; i++) {
        str text, path = str_from(r->files[i]), name = path;
        const json *root = NULL;
        fault fault;
        for (isize slash; (slash = str_find_byte(name, '/', 0)) >= 0;)
            name = str_slice(name, slash + 1, name.n);
        if (!files_read(&r->arena, S(""), path, LIMIT_CONFIG_BYTES, &text, &fault) ||
            !json_read(&r->arena, text, &root, &fault)) {
            printf("not ok %d - %s: %s\n", ++r->cases, r->files[i], fault.text);
            r->failed++;
            continue;
        }
        const json *cases = json_get(root, "cases");
        for (const json *c = cases ? cases->child : NULL; c; c = c->next) run_one(r, name, c);
    }
}

/* The shipped mappings hold for every site of the tests, without a warning. */
static void report_sets(runner *r) {
    for (int i = 0; i < r->set_count; i++) {
        const set *s = &r->sets[i];
        bool ok = s->mappings && !s->findings;
        r->failed += !ok;
        printf("%s %d - mappings with site %.*s: no findings\n", ok ? "ok" : "not ok", ++r->cases,
               STR_ARGS(s->site));
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.json of tests/mappings, in name order. */
static int all_files(char **files, int cap) {
    DIR *dir = opendir(CASES);
    int n = 0;
    if (!dir) return 0;
    for (struct dirent *e; n < cap && (e = readdir(dir));) {
        if (!str_ends(str_from(e->d_name), S(".json"))) continue;
        size_t size = sizeof CASES + 1 + strlen(e->d_name);
        files[n] = malloc(size);
        if (files[n]) snprintf(files[n++], size, "%s/%s", CASES, e->d_name);
    }
    closedir(dir);
    qsort(files, (size_t)n, sizeof *files, by_name);
    return n;
}

int main(int argc, char **argv) {
    static char *found[FILES];
    static runner r;
    setvbuf(stdout, NULL, _IOLBF, 0);
    r.file_count = argc > 1 ? argc - 1 : all_files(found, FILES);
    r.files = (const char *const *)(argc > 1 ? argv + 1 : found);
    arena_init(&r.arena, CASES_ARENA, &r.landing);
    bool whole = guarded(&r.landing, run_files, &r);
    if (!whole) printf("not ok %d - the run ended early: %s\n", ++r.cases, r.landing.fault.text);
    report_sets(&r);
    arena_release(&r.arena);
    for (int i = 0; argc == 1 && i < r.file_count; i++) free(found[i]);
    printf("1..%d\n", r.cases);
    return r.failed || !whole || !r.cases;
}
