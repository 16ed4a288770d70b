/* SPDX-License-Identifier: Apache-2.0 */
/* site.json: what one site says about itself: its time zone, which views it declares complete, and
 * the values that a study leaves to it. */
#include "trial/set.h"

static const char *const members[] = {"$schema",    "schema",      "id",       "title",
                                      "timezone",   "defaultZone", "complete", "parameters",
                                      "assertions", NULL};

static const json *expect(loader *l, const site *s, const char *name, json_kind kind,
                          const char *shape) {
    const json *value = json_get(s->root, name);
    if (!value || value->kind == kind) return value;
    set_problem(l, PROBLEM_ERROR, s->file, value, "structure",
                arena_printf(l->arena, "\"%s\" must be %s", name, shape), set_form(kind));
    return NULL;
}

static bool offset_text(str text) {
    when w;
    char full[40];
    isize n = 0;
    static const char date[] = "2000-01-01T00:00:00";
    if (text.n > 6) return false;
    for (; date[n]; n++) full[n] = date[n];
    for (isize i = 0; i < text.n; i++) full[n++] = text.p[i];
    return when_parse_datetime((str){full, n}, &w) && w.has_zone;
}

void site_load(loader *l) {
    mappings *m = l->set;
    site *s = &m->site;
    for (isize i = 0; i < m->file_count; i++) {
        set_file *file = &m->files[i];
        if (file->kind != FILE_SITE || !file->root) continue;
        if (s->file) {
            set_problem(l, PROBLEM_ERROR, file, file->root, "duplicate",
                        arena_printf(l->arena, "there is a second site beside %.*s",
                                     STR_ARGS(s->file->name)),
                        S("load one site"));
            return;
        }
        s->file = file;
        s->root = file->root;
    }
    if (!s->file) return;
    json_only(s->root, members, s->file->name, l->found);
    const json *schema = expect(l, s, "schema", JSON_NUMBER, "the number 1");
    if (!schema || !str_eq(schema->text, S("1")))
        set_problem(l, PROBLEM_ERROR, s->file, schema ? schema : s->root, "value",
                    S("\"schema\" must be 1"), S("this version reads schema 1"));
    const json *id = expect(l, s, "id", JSON_STRING, "a string");
    str folder = str_slice(s->file->name, S("sites/").n, s->file->name.n - S("/site.json").n);
    if (id && !str_eq(id->text, folder))
        set_problem(l, PROBLEM_ERROR, s->file, id, "value",
                    S("the id of a site is the name of its folder"),
                    arena_printf(l->arena, "write \"%.*s\"", STR_ARGS(folder)));
    expect(l, s, "timezone", JSON_STRING, "a string");
    s->id = json_text(s->root, "id");
    s->timezone = json_text(s->root, "timezone");
    const json *zone = expect(l, s, "defaultZone", JSON_STRING, "a string");
    if (zone && !offset_text(zone->text))
        set_problem(l, PROBLEM_ERROR, s->file, zone, "value",
                    S("\"defaultZone\" must be an offset"), S("write it as +01:00, or Z"));
    else if (zone)
        s->default_zone = zone->text;
    const json *assertions = expect(l, s, "assertions", JSON_ARRAY, "an array");
    if (assertions) assertion_authors_read(l, assertions);
}

bool site_complete(const site *s, str view) {
    const json *list = json_get(s->root, "complete");
    for (const json *name = list ? list->child : NULL; name; name = name->next)
        if (name->kind == JSON_STRING && str_eq(name->text, view)) return true;
    return false;
}

static const json *member(const json *object, str name) {
    for (const json *child = object ? object->child : NULL; child; child = child->next)
        if (str_eq(child->name, name)) return child;
    return NULL;
}

const json *site_parameter(const site *s, str study, str name) {
    return member(member(json_get(s->root, "parameters"), study), name);
}

static void unknown_name(loader *l, const json *where, const char *what, const str *names,
                         isize n) {
    const site *s = &l->set->site;
    str name = where->name.n ? where->name : where->text;
    str near = problem_nearest(name, names, n);
    set_problem(l, PROBLEM_ERROR, s->file, where, "not-found",
                arena_printf(l->arena, "there is no %s '%.*s'", what, STR_ARGS(name)),
                near.n ? arena_printf(l->arena, "did you mean '%.*s'?", STR_ARGS(near))
                       : S("remove it, or check the name"));
}

static void check_complete(loader *l, const json *list) {
    const mappings *m = l->set;
    str *names = arena_new(l->arena, str, m->view_count);
    for (isize i = 0; i < m->view_count; i++) names[i] = m->views[i].name;
    for (const json *name = list->child; name; name = name->next)
        if (views_find(m, name->text) < 0) unknown_name(l, name, "view", names, m->view_count);
}

static const study *study_named(const mappings *m, str id) {
    for (isize i = 0; i < m->study_count; i++)
        if (str_eq(m->studies[i].id, id)) return &m->studies[i];
    return NULL;
}

static void check_parameters(loader *l, const json *of_study, const study *s) {
    isize n = s->name_count - NAME_FIRST_PARAMETER;
    str *names = arena_new(l->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = s->names[NAME_FIRST_PARAMETER + i].name;
    for (const json *p = of_study->child; p; p = p->next) {
        bool known = false;
        for (isize i = 0; i < n; i++) known = known || str_eq(names[i], p->name);
        if (!known) unknown_name(l, p, "parameter", names, n);
    }
}

/* A site may carry values for studies that are not loaded here: only a near miss is a mistake. */
void site_check(loader *l) {
    const mappings *m = l->set;
    if (!m->site.root) return;
    const json *complete = expect(l, &m->site, "complete", JSON_ARRAY, "an array of view names");
    if (complete) check_complete(l, complete);
    const json *parameters = expect(l, &m->site, "parameters", JSON_OBJECT, "an object");
    str *ids = arena_new(l->arena, str, m->study_count);
    for (isize i = 0; i < m->study_count; i++) ids[i] = m->studies[i].id;
    for (const json *p = parameters ? parameters->child : NULL; p; p = p->next) {
        const study *s = study_named(m, p->name);
        if (s)
            check_parameters(l, p, s);
        else if (problem_nearest(p->name, ids, m->study_count).n)
            unknown_name(l, p, "study", ids, m->study_count);
    }
    for (isize i = 0; i < m->site.author_count; i++) {
        const json *list = m->site.authors[i].studies;
        for (const json *id = list ? list->child : NULL; id; id = id->next)
            if (!study_named(m, id->text) && problem_nearest(id->text, ids, m->study_count).n)
                unknown_name(l, id, "study", ids, m->study_count);
    }
}

str mappings_site(const mappings *m) { return m->site.id; }
