/* SPDX-License-Identifier: Apache-2.0 */
/* What a trial of the mappings shows: of each patient the verdict, why, and the rows it rests on;
 * of many patients a line each. */
#include "fhir/json.h"
#include "tools/tools.h"
#include "tools/try.h"

enum { LINE_WIDTH = 110, PATIENTS_IN_FULL = 3, PRINT_BYTES = 1 << 28 };

/* --- mistakes --- */
static str text_of(const trying *t, str name) {
    for (isize i = 0; i < t->file_count; i++)
        if (str_eq(t->files[i].name, name)) return t->files[i].text;
    return (str){0};
}

void try_print_mistakes(const trying *t) {
    for (isize i = 0; i < t->found.n; i++) {
        const problem *p = &t->found.list[i];
        char name[4096];
        if (p->level < PROBLEM_ERROR) continue; /* `check` tells warnings */
        snprintf(name, sizeof name, "%s/%.*s", t->folder, STR_ARGS(p->file));
        tool_print_problem(stdout, name, text_of(t, p->file), p);
    }
    printf("%td error%s: nothing was decided\n", t->found.errors, t->found.errors == 1 ? "" : "s");
}

/* --- results --- */
static const char *color_of(const trying *t, result r) {
    if (!t->color) return "";
    return r == RESULT_MET ? "\x1b[32m" : r == RESULT_NOT_MET ? "\x1b[31m" : "\x1b[33m";
}

static const char *plain(const trying *t) { return t->color ? "\x1b[0m" : ""; }
static const char *bold(const trying *t) { return t->color ? "\x1b[1m" : ""; }

static isize widest_id(const verdict *v) {
    isize widest = 0;
    for (isize i = 0; i < v->n; i++)
        if (v->findings[i].criterion->id.n > widest) widest = v->findings[i].criterion->id.n;
    return widest;
}

static void print_finding(const trying *t, const finding *f, isize width) {
    str reason = f->reason == REASON_NONE ? (str){0} : reason_name(f->reason);
    char what[64];
    snprintf(what, sizeof what, "%.*s%s%.*s", STR_ARGS(result_name(f->result)),
             reason.n ? ": " : "", STR_ARGS(reason));
    printf("  %-*.*s  %s%-26s%s", (int)width, STR_ARGS(f->criterion->id), color_of(t, f->result),
           what, plain(t));
    for (isize i = 0; i < f->evidence_count; i++) printf(" %.*s", STR_ARGS(f->evidence[i]));
    putchar('\n');
    if (f->detail.n) printf("  %-*s    %.*s\n", (int)width, "", STR_ARGS(f->detail));
}

static void print_flag(const try_patient *p) {
    if (p->flag == FLAG_WRITE)
        printf("  a Flag would be raised: %.*s\n", STR_ARGS(verdict_name(p->verdict.kind)));
    else
        printf("  no Flag would be raised: %s\n", p->why);
}

static void print_verdict(const trying *t, const try_patient *p) {
    const verdict *v = &p->verdict;
    isize width = widest_id(v);
    printf("%sPatient/%.*s, %s %.*s: %.*s%s (%td met, %td not met, %td unknown, %td not "
           "applicable)\n",
           bold(t), STR_ARGS(p->id), study_guideline(t->chosen) ? "guideline" : "study",
           STR_ARGS(study_id(t->chosen)), STR_ARGS(verdict_name(v->kind)), plain(t), v->met,
           v->not_met, v->unknown, v->not_applicable);
    for (isize i = 0; i < v->n; i++) print_finding(t, &v->findings[i], width);
    for (isize i = 0; i < v->contradiction_count; i++)
        printf("  contradiction %.*s: %.*s\n", STR_ARGS(v->contradictions[i].id),
               STR_ARGS(v->contradictions[i].text));
    print_flag(p);
}

/* --- rows --- */
/* A cell in few words: of a Coding its code, of a Quantity value and unit, of a list its items. */
static void add_cell(const json *value, buf *out) {
    const json *number = json_get(value, "value");
    str code = json_text(value, "code"), unit = json_text(value, "unit");
    if (value->kind == JSON_ARRAY) {
        for (const json *item = value->child; item; item = item->next) {
            if (item != value->child) buf_byte(out, ' ');
            add_cell(item, out);
        }
    } else if (value->kind == JSON_OBJECT && number) {
        add_cell(number, out);
        buf_printf(out, " %.*s", STR_ARGS(unit.n ? unit : code));
    } else if (value->kind == JSON_OBJECT && code.n)
        buf_add(out, code);
    else if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
        buf_add(out, value->text);
    else
        json_write(value, out);
}

/* What says where a row comes from stands in front, and the order among versions is no matter of a
 * sample. */
static bool is_provenance(str name) {
    return str_eq(name, S("source")) || str_eq(name, S("sourceVersion")) ||
           str_eq(name, S("sourceUpdated"));
}

static void print_row(trying *t, const json *row) {
    isize column = LINE_WIDTH; /* so that the first cell opens a line */
    const json *from = json_get(row, "source");
    arena_mark mark = arena_here(&t->arena);
    buf source = buf_new(&t->arena, PRINT_BYTES, "a source");
    if (from) add_cell(from, &source);
    printf("    %.*s", STR_ARGS(buf_str(&source)));
    for (const json *cell = row->child; cell; cell = cell->next) {
        buf text = buf_new(&t->arena, PRINT_BYTES, "a cell");
        if (is_provenance(cell->name)) continue;
        buf_printf(&text, "%.*s ", STR_ARGS(cell->name));
        add_cell(cell, &text);
        if (column + text.n + 3 > LINE_WIDTH) {
            fputs("\n      ", stdout);
            column = 6;
        } else
            fputs(" | ", stdout);
        fwrite(text.p, 1, (size_t)text.n, stdout);
        column += text.n + 3;
    }
    putchar('\n');
    arena_rewind(&t->arena, mark);
}

static void print_record(trying *t, const try_patient *p) {
    buf text = buf_new(&t->arena, PRINT_BYTES, "a record");
    const json *root;
    fault fault;
    record_json(&p->record, &text);
    if (!json_read(&t->arena, buf_str(&text), &root, &fault)) return;
    printf("  %srecord%s\n", bold(t), plain(t));
    for (const json *view = root->child; view; view = view->next) {
        if (view->kind != JSON_ARRAY) continue;
        printf("  %.*s\n", STR_ARGS(view->name));
        for (const json *row = view->child; row; row = row->next) print_row(t, row);
    }
}

/* --- many patients --- */
static void print_line(const trying *t, const try_patient *p) {
    const verdict *v = &p->verdict;
    printf("%-32.*s %-13.*s %2td met %2td not %2td unknown ", STR_ARGS(p->id),
           STR_ARGS(verdict_name(v->kind)), v->met, v->not_met, v->unknown);
    for (isize i = 0; i < v->n; i++) {
        const finding *f = &v->findings[i];
        if (f->result != RESULT_UNKNOWN) continue;
        printf(" %s%.*s:%.*s%s", color_of(t, f->result), STR_ARGS(f->criterion->id),
               STR_ARGS(reason_name(f->reason)), plain(t));
    }
    putchar('\n');
}

static bool wanted(const trying *t, const try_patient *p) {
    return !t->patient || str_eq(p->id, str_from(t->patient));
}

/* --- JSON --- */
static void json_patient(trying *t, const try_patient *p, buf *out) {
    buf_add(out, S("{\"patient\":"));
    buf_json_string(out, p->id);
    buf_printf(out, ",\"flag\":%s,\"why\":", p->flag == FLAG_WRITE ? "true" : "false");
    buf_json_string(out, str_from(p->why));
    buf_add(out, S(",\"verdict\":"));
    verdict_json(&p->verdict, out);
    buf_add(out, S(",\"record\":"));
    record_json(&p->record, out);
    buf_byte(out, '}');
    (void)t;
}

static void print_json(trying *t) {
    buf out = buf_new(&t->arena, PRINT_BYTES, "the answer");
    bool any = false;
    buf_add(&out, S("{\"study\":"));
    buf_json_string(&out, str_from(t->study));
    buf_printf(&out, ",\"messages\":%ld,\"passedOver\":%ld,\"patients\":[", t->messages,
               t->passed_over);
    for (isize i = 0; i < t->patient_count; i++) {
        if (!wanted(t, &t->patients[i])) continue;
        if (any) buf_byte(&out, ',');
        any = true;
        json_patient(t, &t->patients[i], &out);
    }
    buf_add(&out, S("]}\n"));
    fwrite(out.p, 1, (size_t)out.n, stdout);
}

void try_print(trying *t) {
    isize shown = 0;
    for (isize i = 0; i < t->patient_count; i++) shown += wanted(t, &t->patients[i]);
    t->shown = shown;
    if (!shown)
        fputs(t->patient ? "fhirtrial try: the sample holds no such patient\n"
                         : "fhirtrial try: the sample holds no patient\n",
              stderr);
    if (t->json) {
        print_json(t);
        return;
    }
    bool full = t->all || shown <= PATIENTS_IN_FULL;
    for (isize i = 0; i < t->patient_count; i++) {
        const try_patient *p = &t->patients[i];
        if (!wanted(t, p)) continue;
        if (full) {
            print_verdict(t, p);
            print_record(t, p);
            putchar('\n');
        } else
            print_line(t, p);
    }
    if (!full)
        printf("%td patients; --patient ID shows one with its record, --all every one\n", shown);
}
