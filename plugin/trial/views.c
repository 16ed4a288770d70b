/* SPDX-License-Identifier: Apache-2.0 */
/* The views of a mapping set and the type Record that they make up. Two phases: first every view's
 * declared columns extend the R4 model, then all views are compiled on it, the derived ones (those
 * on Record) in the order of what they mention. */
#include "trial/set.h"

isize views_find(const mappings *m, str name) {
    for (isize i = 0; i < m->view_count; i++)
        if (str_eq(m->views[i].name, name)) return i;
    return -1;
}

static bool is_record(const json *root) { return str_eq(json_text(root, "resource"), S("Record")); }

static bool reserved_element(str name) {
    static const str names[] = {S_INIT("id"),       S_INIT("meta"),         S_INIT("implicitRules"),
                                S_INIT("language"), S_INIT("resourceType"), S_INIT("failedView"),
                                S_INIT("feed"),     S_INIT("export"),       S_INIT("criterion")};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, names[i])) return true;
    return false;
}

static isize study_of(const mappings *m, str folder) {
    for (isize i = 0; i < m->study_count; i++)
        if (folder.n && str_eq(m->studies[i].file->study, folder)) return i;
    return -1;
}

/* Lists views in the order of their numbers so far: stored by name, then derived by name. */
static void list_views(loader *l) {
    mappings *m = l->set;
    m->views = arena_new(l->arena, record_view, m->file_count);
    for (isize i = 0; i < m->file_count; i++) {
        set_file *f = &m->files[i];
        if (f->kind != FILE_VIEW || !f->root) continue;
        str name = json_text(f->root, "name");
        isize other = views_find(m, name);
        if (other >= 0 || reserved_element(name)) {
            set_problem(l, PROBLEM_ERROR, f, json_get(f->root, "name"), "duplicate",
                        other >= 0 ? arena_printf(l->arena, "%.*s defines a view of this name too",
                                                  STR_ARGS(m->views[other].file->name))
                                   : S("this name is taken by the record's own elements"),
                        S("rename the view"));
            continue;
        }
        if (m->view_count == VIEW_MOST) {
            set_problem(l, PROBLEM_ERROR, f, f->root, "too-long",
                        arena_printf(l->arena, "more than %d views", VIEW_MOST),
                        S("merge or remove some"));
            return;
        }
        m->views[m->view_count++] = (record_view){
            .name = name, .file = f, .derived = is_record(f->root), .study = study_of(m, f->study)};
    }
}

static void sort_views(mappings *m) {
    for (isize i = 1; i < m->view_count; i++)
        for (isize k = i; k > 0; k--) {
            record_view *a = &m->views[k - 1], *b = &m->views[k];
            bool later = a->derived != b->derived ? a->derived : str_compare(a->name, b->name) > 0;
            if (!later) break;
            record_view swap = *a;
            *a = *b;
            *b = swap;
        }
    m->stored_count = 0;
    for (isize i = 0; i < m->view_count; i++) m->stored_count += !m->views[i].derived;
}

/* --- the record's type --- */
static void add_columns(loader *l, model_type row, const json *select) {
    model *model = l->set->model;
    const json *columns = json_get(select, "column");
    for (const json *c = columns ? columns->child : NULL; c; c = c->next) {
        str name = json_text(c, "name"), type = json_text(c, "type");
        model_type child = model_find_type(model, type);
        model_element clash;
        if (name.n == 0 || child == TYPE_NONE) continue; /* reported when the view is compiled */
        model_key key = model_add_key(model, name);
        if (model_element_of(model, row, key, &clash)) continue;
        model_add_element(model, row, key, child, json_is_true(c, "collection"));
    }
    const json *inner = json_get(select, "select"), *branches = json_get(select, "unionAll");
    for (const json *s = inner ? inner->child : NULL; s; s = s->next) add_columns(l, row, s);
    if (branches && branches->child) add_columns(l, row, branches->child);
}

static void add_provenance(mappings *m, model_type row) {
    model_type text = model_find_type(m->model, S("string"));
    model_add_element(m->model, row, m->key_source, text, false);
    model_add_element(m->model, row, m->key_version, text, false);
    model_add_element(m->model, row, m->key_updated, model_find_type(m->model, S("instant")),
                      false);
    model_add_element(m->model, row, m->key_stale, model_find_type(m->model, S("boolean")), false);
    model_add_element(m->model, row, m->key_error, model_find_type(m->model, S("boolean")), false);
}

static void make_model(loader *l) {
    mappings *m = l->set;
    m->key_source = model_add_key(m->model, S("source"));
    m->key_version = model_add_key(m->model, S("sourceVersion"));
    m->key_updated = model_add_key(m->model, S("sourceUpdated"));
    m->key_stale = model_add_key(m->model, S("sourceStale"));
    m->key_error = model_add_key(m->model, S("sourceError"));
    m->key_failed = model_add_key(m->model, S("failedView"));
    m->key_feed = model_add_key(m->model, S("feed"));
    m->record_type =
        model_add_type(m->model, S("Record"), model_find_type(m->model, S("Resource")));
    model_add_element(m->model, m->record_type, m->key_failed,
                      model_find_type(m->model, S("string")), true);
    model_add_element(m->model, m->record_type, m->key_feed, model_find_type(m->model, S("string")),
                      false);
    model_type element = model_find_type(m->model, S("Element"));
    for (isize i = 0; i < m->view_count; i++) {
        record_view *v = &m->views[i];
        if (v->name.n == 0) continue; /* reported when the view is compiled */
        str type = arena_printf(l->arena, "Record.%.*s", STR_ARGS(v->name));
        v->key = model_add_key(m->model, v->name);
        v->type = model_add_type(m->model, type, element);
        if (!v->derived) add_provenance(m, v->type);
        const json *selects = json_get(v->file->root, "select");
        for (const json *s = selects ? selects->child : NULL; s; s = s->next)
            add_columns(l, v->type, s);
        model_add_element(m->model, m->record_type, v->key, v->type, true);
    }
    export_model_make(m);
}

/* --- what a view depends on --- */
static expression_facts facts_of(const mappings *m, isize view) {
    const record_view *v = &m->views[view];
    const study *s = v->study < 0 ? NULL : &m->studies[v->study];
    expression_facts facts = {0};
    expression_facts_add(m, s, json_get(v->file->root, "select"), &facts);
    expression_facts_add(m, s, json_get(v->file->root, "where"), &facts);
    return facts;
}

/* Whether the mask names a derived view that has not found its place yet (at or after `placed`),
 * other than `self`. A column may share its own view's name. */
static bool waits(const mappings *m, const view_mask *mask, isize self, isize placed) {
    for (isize i = placed; i < m->view_count; i++)
        if (i != self && mask_has(mask, i)) return true;
    return false;
}

/* The expressions of a view: elsewhere a word is no name of anything. */
static const json *mention_in(const record_view *v, const str *words, isize n, bool percent) {
    const json *found = set_mention_of(json_get(v->file->root, "select"), words, n, percent);
    return found ? found : set_mention_of(json_get(v->file->root, "where"), words, n, percent);
}

static isize first_waiting(const mappings *m, isize view, isize placed) {
    expression_facts facts = facts_of(m, view);
    for (isize i = placed; i < m->view_count; i++)
        if (i != view && mask_has(&facts.views, i)) return i;
    return view;
}

/* Whoever follows one that waits from view to view comes into the circle in as many steps as there
 * are views, and then once around it. */
static void report_circle(loader *l, isize placed) {
    const mappings *m = l->set;
    isize at = placed;
    for (isize i = placed; i < m->view_count; i++) at = first_waiting(m, at, placed);
    isize next = first_waiting(m, at, placed);
    const record_view *v = &m->views[at];
    buf circle = buf_new(l->arena, LIMIT_CONFIG_BYTES, "a circle of views");
    buf_add(&circle, v->name);
    for (isize i = next; i != at; i = first_waiting(m, i, placed))
        buf_printf(&circle, ", %.*s", STR_ARGS(m->views[i].name));
    const json *where = mention_in(v, &m->views[next].name, 1, false);
    set_problem(l, PROBLEM_ERROR, v->file, where ? where : v->file->root, "invariant",
                arena_printf(l->arena, "derived views depend on each other in a circle: %.*s",
                             STR_ARGS(buf_str(&circle))),
                S("let one of them do without the others: they must name each other in one "
                  "direction only"));
}

static void order_derived(loader *l) {
    mappings *m = l->set;
    isize placed = m->stored_count;
    while (placed < m->view_count) {
        isize next = placed;
        for (; next < m->view_count; next++) {
            expression_facts facts = facts_of(m, next);
            if (!waits(m, &facts.views, next, placed)) break;
        }
        if (next == m->view_count) {
            report_circle(l, placed);
            return;
        }
        record_view moved = m->views[next]; /* the others keep their name order */
        for (isize i = next; i > placed; i--) m->views[i] = m->views[i - 1];
        m->views[placed++] = moved;
    }
}

static void find_needs(mappings *m, isize view) {
    record_view *v = &m->views[view];
    mask_add(&v->needs, view);
    if (!v->derived) return;
    expression_facts facts = facts_of(m, view);
    v->unset = facts.unset;
    v->now = facts.now;
    for (isize i = 0; i < view; i++) {
        if (!mask_has(&facts.views, i)) continue;
        mask_join(&v->needs, &m->views[i].needs);
        v->unset = v->unset || m->views[i].unset;
        v->now = v->now || m->views[i].now;
    }
}

/* --- compiling --- */
/* The "name" of a column, wherever in the tree of selects it stands. */
static const json *column_below(const json *value, str name) {
    const json *columns = json_get(value, "column");
    for (const json *c = columns ? columns->child : NULL; c; c = c->next)
        if (str_eq(json_text(c, "name"), name)) return json_get(c, "name");
    for (const json *child = value ? value->child : NULL; child; child = child->next) {
        const json *found = column_below(child, name);
        if (found) return found;
    }
    return NULL;
}

static const json *column_named(const record_view *v, str name) {
    const json *selects = json_get(v->file->root, "select");
    const json *found = column_below(selects, name);
    return found ? found : selects;
}

static void check_stored(loader *l, const record_view *v) {
    static const str ours[] = {S_INIT("source"), S_INIT("sourceVersion"), S_INIT("sourceUpdated"),
                               S_INIT("sourceStale"), S_INIT("sourceError")};
    isize n;
    const view_column *columns = view_columns(v->view, &n);
    for (isize i = 0; i < n; i++)
        for (isize k = 0; k < COUNT_OF(ours); k++)
            if (str_eq(columns[i].name, ours[k]))
                set_problem(l, PROBLEM_ERROR, v->file, column_named(v, columns[i].name), "value",
                            arena_printf(l->arena, "column '%.*s' is added by the engine",
                                         STR_ARGS(columns[i].name)),
                            S("rename or remove it"));
    static const str clocks[] = {S_INIT("now"), S_INIT("today"), S_INIT("timeOfDay")};
    const json *where = mention_in(v, clocks, COUNT_OF(clocks), false);
    if (view_uses_now(v->view))
        set_problem(l, PROBLEM_ERROR, v->file, where ? where : v->file->root, "invariant",
                    S("a stored view must not use now() or today()"),
                    S("its rows would age in the store: compute it in a derived view"));
}

static void compile_view(loader *l, isize index) {
    mappings *m = l->set;
    record_view *v = &m->views[index];
    path_constant *names = arena_new(l->arena, path_constant, NAME_FIRST_PARAMETER);
    common_names(m->model, names);
    view_environment environment = {
        .model = m->model, .terminology = &m->terms.face, .strict = true};
    if (v->derived) {
        environment.parameters = v->study < 0 ? names : m->studies[v->study].names;
        environment.parameter_count =
            v->study < 0 ? (isize)NAME_FIRST_PARAMETER : m->studies[v->study].define_first;
    }
    v->view = view_compile(l->arena, &environment, v->file->root, v->file->name, l->found);
    if (!v->view) return;
    if (!v->derived) check_stored(l, v);
    isize n;
    const view_column *columns = view_columns(v->view, &n);
    v->columns = arena_new(l->arena, model_key, n);
    for (isize i = 0; i < n; i++) v->columns[i] = model_find_key(m->model, columns[i].name);
}

void views_load(loader *l) {
    mappings *m = l->set;
    list_views(l);
    sort_views(m);
    make_model(l);
    order_derived(l);
    for (isize i = 0; i < m->view_count; i++) {
        find_needs(m, i);
        compile_view(l, i);
    }
}
