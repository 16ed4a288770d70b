/* SPDX-License-Identifier: Apache-2.0 */
/* core/exports: the datasets (a view on Export with names, labels, types and keys for its columns),
 * and one file that says which columns of the record's own views leave, and how. Nothing is written
 * here: the export room runs what this file has checked. */
#include "trial/set.h"

static void report(loader *l, const set_file *f, const json *where, const char *code, str text,
                   str remedy) {
    set_problem(l, PROBLEM_ERROR, f, where, code, text, remedy);
}

/* The member when it has the kind; a missing one is reported where it is needed. */
static const json *take(loader *l, const set_file *f, const json *object, const char *name,
                        json_kind kind, bool needed) {
    const json *value = json_get(object, name);
    if (value && value->kind == kind) return value;
    if (value)
        report(l, f, value, "structure", arena_printf(l->arena, "\"%s\" has the wrong form", name),
               kind == JSON_STRING   ? S("write a string")
               : kind == JSON_ARRAY  ? S("write an array")
               : kind == JSON_NUMBER ? S("write a number")
                                     : S("write an object"));
    else if (needed)
        report(l, f, object, "required", arena_printf(l->arena, "\"%s\" is missing", name),
               S("add it"));
    return NULL;
}

/* The place of a text in a list of names, -1 and a finding where it is not there. */
static int choice(loader *l, const set_file *f, const json *value, const str *names, isize n) {
    for (isize i = 0; i < n; i++)
        if (str_eq(value->text, names[i])) return (int)i;
    str near = problem_nearest(value->text, names, n);
    buf all = buf_new(l->arena, LIMIT_STRING_BYTES, "a list of names");
    for (isize i = 0; i < n; i++) {
        if (i) buf_add(&all, S(", "));
        buf_add(&all, names[i]);
    }
    report(l, f, value, "value",
           arena_printf(l->arena, "this must be one of: %.*s", STR_ARGS(buf_str(&all))),
           near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                  : S("choose one of them"));
    return -1;
}

static bool schema_is_1(loader *l, const set_file *f) {
    const json *schema = take(l, f, f->root, "schema", JSON_NUMBER, true);
    if (!schema || str_eq(schema->text, S("1"))) return schema != NULL;
    report(l, f, schema, "value", S("\"schema\" must be 1"), S("this version reads schema 1"));
    return false;
}

/* --- columns --- */
static const str leavings[] = {S_INIT("plain"), S_INIT("year"), S_INIT("key"), S_INIT("number"),
                               S_INIT("not")};
static const str types[] = {S_INIT("string"), S_INIT("integer"), S_INIT("decimal"),
                            S_INIT("datetime")};

static isize cell_of(const view *v, str name) {
    isize n;
    const view_column *columns = view_columns(v, &n);
    for (isize i = 0; i < n; i++)
        if (str_eq(columns[i].name, name)) return i;
    return -1;
}

static void find_cell(loader *l, const set_file *f, const json *where, const dataset *d,
                      dataset_column *c) {
    isize n;
    const view_column *columns = view_columns(d->view, &n);
    c->cell = cell_of(d->view, c->name);
    if (c->sequence) {
        if (c->cell >= 0)
            report(l, f, where, "invariant", S("a sequence is numbered here, not by the view"),
                   S("take the column out of the view"));
        c->cell = -1;
        return;
    }
    if (c->cell < 0) {
        str *names = arena_new(l->arena, str, n);
        for (isize i = 0; i < n; i++) names[i] = columns[i].name;
        str near = problem_nearest(c->name, names, n);
        report(l, f, where, "not-found",
               arena_printf(l->arena, "the view has no column '%.*s'", STR_ARGS(c->name)),
               near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                      : S("add it to the view, or \"sequence\": true here"));
    } else if (columns[c->cell].collection) {
        report(l, f, where, "invariant",
               arena_printf(l->arena, "column '%.*s' is a collection", STR_ARGS(c->name)),
               S("a dataset holds one value a cell: join() it in the view"));
    }
}

static void read_column(loader *l, const set_file *f, const json *at, const dataset *d,
                        dataset_column *c) {
    static const char *const members[] = {"name",     "label",  "type",        "key",
                                          "sequence", "leaves", "description", NULL};
    json_only(at, members, f->name, l->found);
    const json *name = take(l, f, at, "name", JSON_STRING, true),
               *label = take(l, f, at, "label", JSON_STRING, true),
               *type = take(l, f, at, "type", JSON_STRING, true),
               *key = take(l, f, at, "key", JSON_NUMBER, false),
               *leaves = take(l, f, at, "leaves", JSON_STRING, false);
    c->name = name ? name->text : (str){0};
    c->label = label ? label->text : (str){0};
    c->sequence = json_is_true(at, "sequence");
    int chosen = type ? choice(l, f, type, types, COUNT_OF(types)) : -1;
    c->type = chosen < 0 ? DATASET_STRING : (dataset_type)chosen;
    chosen = leaves ? choice(l, f, leaves, leavings, COUNT_OF(leavings)) : LEAVE_PLAIN;
    c->leaving = chosen < 0 ? LEAVE_NOT : (leaving)chosen;
    if (key) {
        decimal number;
        int64_t place;
        bool ok = decimal_parse(key->text, &number) && decimal_to_int64(number, &place) &&
                  place >= 1 && place <= 99;
        if (!ok)
            report(l, f, key, "value", S("\"key\" is a place among the keys"), S("write 1 to 99"));
        c->key = ok ? (int)place : 0;
    }
    if (name) find_cell(l, f, name, d, c);
}

static void read_columns(loader *l, const set_file *f, dataset *d) {
    const json *list = take(l, f, f->root, "columns", JSON_ARRAY, true);
    if (!list) return;
    dataset_column *columns = arena_new(l->arena, dataset_column, list->count);
    for (const json *at = list->child; at; at = at->next) {
        if (at->kind != JSON_OBJECT) {
            report(l, f, at, "structure", S("a column must be an object"),
                   S("write {\"name\": …, \"label\": …, \"type\": …}"));
            continue;
        }
        dataset_column *c = &columns[d->column_count];
        read_column(l, f, at, d, c);
        for (isize i = 0; i < d->column_count; i++)
            if (c->name.n && str_eq(columns[i].name, c->name))
                report(l, f, at, "duplicate", S("two columns have this name"), S("rename one"));
        d->column_count++;
    }
    d->columns = columns;
}

/* --- datasets --- */
/* SDTM's own rule for a variable or dataset: at most 8 of A-Z and 0-9, a letter first. It is also
 * a safe name for a file. */
static bool good_name(str name) {
    if (name.n < 1 || name.n > 8 || name.p[0] < 'A' || name.p[0] > 'Z') return false;
    for (isize i = 0; i < name.n; i++)
        if (!(name.p[i] >= 'A' && name.p[i] <= 'Z') && !(name.p[i] >= '0' && name.p[i] <= '9'))
            return false;
    return true;
}

static const view *compile(loader *l, const set_file *f, const json *definition) {
    mappings *m = l->set;
    path_constant *names = arena_new(l->arena, path_constant, NAME_FIRST_PARAMETER);
    common_names(m->model, names);
    view_environment environment = {.model = m->model,
                                    .terminology = &m->terms.face,
                                    .parameters = names,
                                    .parameter_count = NAME_FIRST_PARAMETER,
                                    .strict = true};
    if (!str_eq(json_text(definition, "resource"), S("Export"))) {
        report(l, f, definition, "value", S("a dataset's view must read Export"),
               S("write \"resource\": \"Export\""));
        return NULL;
    }
    return view_compile(l->arena, &environment, definition, f->name, l->found);
}

static void read_dataset(loader *l, const set_file *f) {
    static const char *const members[] = {"schema", "dataset", "label", "rows", "description",
                                          "source", "columns", "view",  NULL};
    static const str owners[] = {S_INIT("subject"), S_INIT("study")};
    mappings *m = l->set;
    dataset d = {0};
    json_only(f->root, members, f->name, l->found);
    const json *name = take(l, f, f->root, "dataset", JSON_STRING, true),
               *label = take(l, f, f->root, "label", JSON_STRING, true),
               *rows = take(l, f, f->root, "rows", JSON_STRING, true),
               *definition = take(l, f, f->root, "view", JSON_OBJECT, true);
    take(l, f, f->root, "source", JSON_STRING, true);
    if (!schema_is_1(l, f) || !name || !label || !rows || !definition) return;
    if (!good_name(name->text))
        report(l, f, name, "value", S("a dataset's name is 1 to 8 of A-Z and 0-9, a letter first"),
               S("rename it"));
    d.name = name->text;
    d.label = label->text;
    d.of_study = choice(l, f, rows, owners, COUNT_OF(owners)) == 1;
    d.view = compile(l, f, definition);
    if (!d.view) return;
    read_columns(l, f, &d);
    for (isize i = 0; i < m->dataset_count; i++)
        if (str_eq(m->datasets[i].name, d.name))
            report(l, f, name, "duplicate", S("two datasets have this name"), S("rename one"));
    isize k = m->dataset_count++;
    for (; k > 0 && str_compare(m->datasets[k - 1].name, d.name) > 0; k--)
        m->datasets[k] = m->datasets[k - 1];
    m->datasets[k] = d;
}

/* --- what leaves of the record's own views --- */
static bool known_column(const mappings *m, str rule) {
    isize dot = str_find_byte(rule, '.', 0);
    str column = dot < 0 ? rule : str_slice(rule, dot + 1, rule.n);
    for (isize i = 0; i < m->view_count; i++) {
        const record_view *v = &m->views[i];
        if (dot >= 0 && !str_eq(v->name, str_slice(rule, 0, dot))) continue;
        if (v->view && cell_of(v->view, column) >= 0) return true;
    }
    return false;
}

static void read_record(loader *l, const set_file *f) {
    static const char *const members[] = {"schema", "record", "description", NULL};
    static const char *const rules[] = {"plain", "year", "key", "number", "not", NULL};
    mappings *m = l->set;
    json_only(f->root, members, f->name, l->found);
    const json *record = take(l, f, f->root, "record", JSON_OBJECT, true);
    if (!schema_is_1(l, f) || !record) return;
    json_only(record, rules, f->name, l->found);
    isize count = 0;
    for (const json *rule = record->child; rule; rule = rule->next) count += rule->count;
    m->leaving = arena_new(l->arena, leaving_rule, count);
    m->leaving_count = 0;
    for (const json *rule = record->child; rule; rule = rule->next) {
        int how = 0;
        while (how < (int)COUNT_OF(leavings) && !str_eq(rule->name, leavings[how])) how++;
        if (how == (int)COUNT_OF(leavings)) continue;
        for (const json *column = rule->child; column; column = column->next) {
            m->leaving[m->leaving_count++] = (leaving_rule){column->text, (leaving)how};
        }
    }
}

void datasets_load(loader *l) {
    mappings *m = l->set;
    m->datasets = arena_new(l->arena, dataset, m->file_count);
    for (isize i = 0; i < m->file_count; i++) {
        const set_file *f = &m->files[i];
        if (f->kind != FILE_EXPORT || !f->root) continue;
        if (json_get(f->root, "record"))
            read_record(l, f);
        else
            read_dataset(l, f);
    }
}

void datasets_unused(loader *l) {
    for (isize i = 0; i < l->set->file_count; i++) {
        const set_file *f = &l->set->files[i];
        const json *record = f->kind == FILE_EXPORT ? json_get(f->root, "record") : NULL;
        for (const json *rule = record ? record->child : NULL; rule; rule = rule->next)
            for (const json *column = rule->child; column; column = column->next)
                if (!known_column(l->set, column->text))
                    set_problem(l, PROBLEM_WARNING, f, column, "not-found",
                                S("no view has this column"), S("correct it, or take it out"));
    }
}

/* --- what the export room asks --- */
isize mappings_dataset_count(const mappings *m) { return m->dataset_count; }
const dataset *mappings_dataset(const mappings *m, isize i) { return &m->datasets[i]; }

static const leaving_rule *rule_for(const mappings *m, str view, str column) {
    const leaving_rule *found = NULL;
    for (isize i = 0; i < m->leaving_count; i++) {
        const leaving_rule *r = &m->leaving[i];
        isize dot = str_find_byte(r->column, '.', 0);
        if (dot < 0 && str_eq(r->column, column) && !found) found = r;
        if (dot >= 0 && str_eq(str_slice(r->column, 0, dot), view) &&
            str_eq(str_slice(r->column, dot + 1, r->column.n), column))
            return r;
    }
    return found;
}

leaving mappings_leaving(const mappings *m, str view, str column, model_type type) {
    static const str plain[] = {S_INIT("boolean"), S_INIT("integer"),     S_INIT("decimal"),
                                S_INIT("code"),    S_INIT("dateTime"),    S_INIT("instant"),
                                S_INIT("time"),    S_INIT("positiveInt"), S_INIT("unsignedInt"),
                                S_INIT("Coding"),  S_INIT("Quantity"),    S_INIT("Period")};
    const leaving_rule *rule = rule_for(m, view, column);
    if (rule) return rule->leaving;
    str name = model_type_name(m->model, type);
    if (str_eq(name, S("date"))) return LEAVE_YEAR;
    for (isize i = 0; i < COUNT_OF(plain); i++)
        if (str_eq(name, plain[i])) return LEAVE_PLAIN;
    return LEAVE_NOT;
}

typedef struct relay {
    path_run *run;
    void (*row)(void *self, path_run *run, const view_row *cells);
    void *self;
} relay;

static void pass_row(void *self, const view_row *cells) {
    relay *r = self;
    r->row(r->self, r->run, cells);
}

view_status dataset_rows(const mappings *m, const dataset *d, const study *s, arena *arena,
                         const tape *document, when now,
                         void (*row)(void *self, path_run *run, const view_row *cells), void *self,
                         str *column) {
    path_run run;
    record_run_init(m, s, arena, document, now, &run);
    relay r = {&run, row, self};
    return view_rows(d->view, &run, 0, pass_row, &r, column);
}
