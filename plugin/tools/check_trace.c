/* SPDX-License-Identifier: Apache-2.0 */
/* From each criterion back to its sentence and on to its cases: file and line, the expressions and
 * views it leans on, the conformance cases, and what is missing. */
#include "tools/cases.h"
#include "tools/check.h"
#include "tools/tools.h"

#include <stdio.h>
#include <unistd.h>

enum { VIEWS_SHOWN = 256, GAPS = 8, TRACE_BYTES = 1 << 26 };

static const char *const expressions[] = {"applies", "evidence", "met",
                                          "notMet",  "unknown",  "absent"};

typedef struct trace_row {
    str id, kind, text, source;
    str file; /* of the protocol, as opened */
    int line;
    const json *definition; /* NULL: the source has it, the protocol has not */
    str views[VIEWS_SHOWN];
    isize view_count;
    criterion_cases cases;
    str gaps[GAPS];
    isize gap_count;
} trace_row;

/* --- cases --- */
static const char *cases_folder(checking *c) {
    str beside = arena_printf(&c->arena, "%s/../conformance/cases", c->path);
    if (c->cases) return c->cases;
    return access(beside.p, R_OK) == 0 ? beside.p : NULL;
}

static const json *definition_of(const study *s, isize i) {
    const json *list = json_get(study_document(s), "criteria"), *c = list ? list->child : NULL;
    while (c && i-- > 0) c = c->next;
    return c;
}

void check_cases(checking *c) {
    const char *folder = cases_folder(c);
    for (isize i = 0; folder && i < mappings_study_count(c->set); i++) {
        const study *s = mappings_study(c->set, i);
        if (!cases_of_study(&c->arena, folder, study_id(s))) continue;
        for (isize k = 0; k < study_criterion_count(s); k++) {
            str id = study_criterion(s, k)->id;
            const json *at = json_get(definition_of(s, k), "id");
            criterion_cases cases = cases_read(&c->arena, folder, study_id(s), id);
            if (cases.n) continue;
            problems_add(&c->found,
                         (problem){.level = PROBLEM_WARNING,
                                   .code = "not-found",
                                   .file = study_file(s),
                                   .at = at ? at->at : -1,
                                   .place = json_pointer(at, &c->arena),
                                   .text = arena_printf(&c->arena, "no case tests criterion '%.*s'",
                                                        STR_ARGS(id)),
                                   .remedy = arena_printf(&c->arena, "write %.*s (docs/auditor.md)",
                                                          STR_ARGS(cases.file))});
        }
    }
}

/* --- rows --- */
static void gap(trace_row *row, str text) {
    if (row->gap_count < GAPS) row->gaps[row->gap_count++] = text;
}

static const json *source_list(const study *s) {
    return json_get(json_get(study_document(s), "source"), "criteria");
}

/* G5 of the source may be several criteria: G5a, G5b. */
static bool is_of(str criterion, str listed) {
    if (str_eq(criterion, listed)) return true;
    char last = criterion.n ? criterion.p[criterion.n - 1] : 0;
    return criterion.n == listed.n + 1 && str_starts(criterion, listed) && last >= 'a' &&
           last <= 'z';
}

static bool in_source(const study *s, str id) {
    const json *list = source_list(s);
    for (const json *c = list ? list->child : NULL; c; c = c->next)
        if (is_of(id, c->text)) return true;
    return false;
}

static void find_cases(checking *c, const study *s, trace_row *row) {
    const char *folder = cases_folder(c);
    if (!folder) {
        gap(row, S("no folder of conformance cases (--cases)"));
        return;
    }
    row->cases = cases_read(&c->arena, folder, study_id(s), row->id);
    row->source = json_text(row->cases.root, "source");
    if (row->cases.wrong)
        gap(row, arena_printf(&c->arena, "%.*s: %s", STR_ARGS(row->cases.file), row->cases.wrong));
    else if (!row->cases.n)
        gap(row, arena_printf(&c->arena, "no conformance case: %.*s", STR_ARGS(row->cases.file)));
    for (int i = 0; row->cases.n && i < CASES_SHOWN; i++)
        if (!row->cases.shown[i])
            gap(row, arena_printf(&c->arena, "no case shows %s, and \"none\" says no reason",
                                  cases_shown[i]));
    if (row->cases.n && !row->source.n) gap(row, S("the cases name no source"));
}

static void fill_row(checking *c, const study *s, isize i, trace_row *row) {
    int column;
    *row = (trace_row){.id = study_criterion(s, i)->id,
                       .kind = criterion_kind_name(study_criterion(s, i)->kind),
                       .text = study_criterion(s, i)->text,
                       .definition = definition_of(s, i)};
    row->file = arena_printf(&c->arena, "%s/%.*s", c->path, STR_ARGS(study_file(s)));
    for (isize k = 0; k < c->file_count; k++)
        if (str_eq(c->files[k].name, study_file(s)))
            problem_line_column(c->files[k].text, row->definition->at, &row->line, &column);
    row->view_count = study_criterion_views(c->set, s, i, row->views, VIEWS_SHOWN);
    if (!source_list(s))
        gap(row,
            S("the protocol does not list the source's sentences (\"source\": {\"criteria\"})"));
    else if (!in_source(s, row->id))
        gap(row, S("the source's list does not have it"));
    find_cases(c, s, row);
}

static bool has_criterion(const study *s, str listed) {
    for (isize i = 0; i < study_criterion_count(s); i++)
        if (is_of(study_criterion(s, i)->id, listed)) return true;
    return false;
}

/* --- text --- */
static void print_gaps(const trace_row *row) {
    for (isize i = 0; i < row->gap_count; i++)
        printf("        GAP: %.*s\n", STR_ARGS(row->gaps[i]));
}

static void print_row(const checking *c, const trace_row *row) {
    if (c->quiet && !row->gap_count) return;
    printf("  %-5.*s %.*s, %.*s:%d\n", STR_ARGS(row->id), STR_ARGS(row->kind), STR_ARGS(row->file),
           row->line);
    if (!row->definition) {
        print_gaps(row);
        return;
    }
    printf("        \"%.*s\"\n", STR_ARGS(row->text));
    fputs("        expressions:", stdout);
    for (isize i = 0; i < COUNT_OF(expressions); i++)
        if (json_get(row->definition, expressions[i])) printf(" %s", expressions[i]);
    if (json_is_true(row->definition, "human")) fputs(" (a person decides)", stdout);
    fputs("\n        views:", stdout);
    for (isize i = 0; i < row->view_count; i++) printf(" %.*s", STR_ARGS(row->views[i]));
    printf("\n        cases: %td", row->cases.n);
    for (int i = 0; i < CASES_SHOWN; i++)
        if (row->cases.shown[i]) printf(" %s", cases_shown[i]);
    if (row->source.n) printf("\n        source: %.*s", STR_ARGS(row->source));
    putchar('\n');
    print_gaps(row);
}

/* --- JSON --- */
static void json_list(buf *out, const char *name, const str *list, isize n) {
    buf_printf(out, ",\"%s\":[", name);
    for (isize i = 0; i < n; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, list[i]);
    }
    buf_byte(out, ']');
}

static void json_row(buf *out, const trace_row *row) {
    str used[COUNT_OF(expressions)], shown[CASES_SHOWN];
    isize used_n = 0, shown_n = 0;
    for (isize i = 0; i < COUNT_OF(expressions); i++)
        if (json_get(row->definition, expressions[i])) used[used_n++] = str_from(expressions[i]);
    for (int i = 0; i < CASES_SHOWN; i++)
        if (row->cases.shown[i]) shown[shown_n++] = str_from(cases_shown[i]);
    buf_add(out, S("{\"id\":"));
    buf_json_string(out, row->id);
    buf_add(out, S(",\"kind\":"));
    buf_json_string(out, row->kind);
    buf_add(out, S(",\"file\":"));
    buf_json_string(out, row->file);
    buf_printf(out, ",\"line\":%d,\"text\":", row->line);
    buf_json_string(out, row->text);
    json_list(out, "expressions", used, used_n);
    json_list(out, "views", row->views, row->view_count);
    buf_printf(out, ",\"cases\":%td", row->cases.n);
    json_list(out, "shows", shown, shown_n);
    buf_add(out, S(",\"source\":"));
    buf_json_string(out, row->source);
    json_list(out, "gaps", row->gaps, row->gap_count);
    buf_byte(out, '}');
}

/* --- the table --- */
typedef struct tracing {
    checking *c;
    buf out;
    bool any;
    isize studies, criteria, gaps;
} tracing;

static void put_row(tracing *t, const trace_row *row) {
    t->gaps += row->gap_count;
    if (!t->c->json) {
        print_row(t->c, row);
        return;
    }
    if (t->any) buf_byte(&t->out, ',');
    t->any = true;
    json_row(&t->out, row);
}

/* A sentence of the source that no criterion stands for. */
static void put_missing(tracing *t, const study *s, str listed) {
    trace_row row = {.id = listed, .kind = S("none"), .line = 1};
    row.file = arena_printf(&t->c->arena, "%s/%.*s", t->c->path, STR_ARGS(study_file(s)));
    gap(&row, S("the source has it, and no criterion does"));
    put_row(t, &row);
}

static void trace_study(tracing *t, const study *s) {
    const json *list = source_list(s);
    trace_row *row = arena_new(&t->c->arena, trace_row, 1);
    if (t->c->json) {
        buf_add(&t->out, t->studies++ ? S("]},{\"id\":") : S("{\"id\":"));
        buf_json_string(&t->out, study_id(s));
        buf_add(&t->out, S(",\"criteria\":["));
        t->any = false;
    } else
        printf("%s %.*s: %.*s\n", study_guideline(s) ? "guideline" : "study", STR_ARGS(study_id(s)),
               STR_ARGS(study_title(s)));
    for (isize i = 0; i < study_criterion_count(s); i++) {
        t->criteria++;
        fill_row(t->c, s, i, row);
        put_row(t, row);
    }
    for (const json *l = list ? list->child : NULL; l; l = l->next)
        if (!has_criterion(s, l->text)) put_missing(t, s, l->text);
}

static void trace_step(void *state) {
    tracing *t = state;
    checking *c = t->c;
    t->out = buf_new(&c->arena, TRACE_BYTES, "the table");
    buf_add(&t->out, S("{\"studies\":["));
    for (isize i = 0; i < mappings_study_count(c->set); i++)
        trace_study(t, mappings_study(c->set, i));
    buf_printf(&t->out, "%s],\"total\":%td,\"gaps\":%td}\n",
               mappings_study_count(c->set) ? "]}" : "", t->criteria, t->gaps);
    if (c->json) fwrite(t->out.p, 1, (size_t)t->out.n, stdout);
}

int check_trace(checking *c) {
    tracing t = {.c = c};
    if (!guarded(&c->landing, trace_step, &t)) {
        fprintf(stderr, "fhirtrial check: %s\n", c->landing.fault.text);
        return TOOL_FAILED;
    }
    fflush(stdout);
    fprintf(stderr, "%td criteria, %td gap%s\n", t.criteria, t.gaps, t.gaps == 1 ? "" : "s");
    return t.gaps ? TOOL_FAILED : TOOL_OK;
}
