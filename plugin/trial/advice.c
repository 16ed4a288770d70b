/* SPDX-License-Identifier: Apache-2.0 */
/* What is no mistake of form but cannot be meant, in a set without errors: codes that nothing knows
 * or that others stand before, and screening that nobody can ever pass. All are warnings. */
#include "trial/set.h"

static void warn(loader *l, const set_file *file, const json *where, str text, str remedy) {
    set_problem(l, PROBLEM_WARNING, file, where, "informational", text, remedy);
}

static const json *next_of(const json *list, const json *at) {
    return at ? at->next : list ? list->child : NULL;
}

/* --- codes that others stand before --- */
/* Where the value set lists the code, or NULL. */
static const json *listed(const json *includes, str system, str code) {
    for (const json *i = NULL; (i = next_of(includes, i)) != NULL;) {
        if (!str_eq(json_text(i, "system"), system)) continue;
        const json *concepts = json_get(i, "concept");
        for (const json *c = NULL; (c = next_of(concepts, c)) != NULL;)
            if (str_eq(json_text(c, "code"), code)) return c;
    }
    return NULL;
}

static bool whole_system(const json *includes, str system) {
    for (const json *i = NULL; (i = next_of(includes, i)) != NULL;)
        if (str_eq(json_text(i, "system"), system) && !json_get(i, "concept") &&
            !json_get(i, "valueSet"))
            return true;
    return false;
}

static bool includes_sets(const json *includes) {
    for (const json *i = NULL; (i = next_of(includes, i)) != NULL;)
        if (json_get(i, "valueSet")) return true;
    return false;
}

static void check_value_set(loader *l, const set_file *f) {
    const json *compose = json_get(f->root, "compose");
    const json *includes = json_get(compose, "include"), *excludes = json_get(compose, "exclude");
    for (const json *i = NULL; (i = next_of(includes, i)) != NULL;) {
        str system = json_text(i, "system");
        const json *concepts = json_get(i, "concept");
        for (const json *c = NULL; (c = next_of(concepts, c)) != NULL;) {
            str code = json_text(c, "code");
            if (whole_system(includes, system))
                warn(l, f, c,
                     arena_printf(l->arena,
                                  "code '%.*s' is in the set already: its whole system is",
                                  STR_ARGS(code)),
                     S("take it out, or list the system's codes one by one"));
            else if (listed(excludes, system, code))
                warn(l, f, c,
                     arena_printf(l->arena, "code '%.*s' is excluded further down", STR_ARGS(code)),
                     S("take it out of \"include\" or of \"exclude\""));
        }
    }
    if (includes_sets(includes)) return; /* what these hold may be excluded */
    for (const json *e = NULL; (e = next_of(excludes, e)) != NULL;) {
        str system = json_text(e, "system");
        const json *concepts = json_get(e, "concept");
        for (const json *c = NULL; (c = next_of(concepts, c)) != NULL;)
            if (!listed(includes, system, json_text(c, "code")) && !whole_system(includes, system))
                warn(l, f, c,
                     arena_printf(l->arena, "code '%.*s' is excluded and was never included",
                                  STR_ARGS(json_text(c, "code"))),
                     S("take it out of \"exclude\", or correct the code"));
    }
}

/* The element of a map's groups for a source code, or NULL. */
static const json *mapped(const json *map, str system, str code) {
    const json *groups = json_get(map, "group");
    for (const json *g = NULL; (g = next_of(groups, g)) != NULL;) {
        const json *elements = json_get(g, "element");
        if (!str_eq(json_text(g, "source"), system)) continue;
        for (const json *e = NULL; (e = next_of(elements, e)) != NULL;)
            if (str_eq(json_text(e, "code"), code)) return e;
    }
    return NULL;
}

static const set_file *core_map(const mappings *m, str url) {
    for (isize i = 0; i < m->file_count; i++)
        if (m->files[i].kind == FILE_CONCEPT_MAP && str_eq(json_text(m->files[i].root, "url"), url))
            return &m->files[i];
    return NULL;
}

/* A site's map with the url of a core map is asked first, and the core map after it: both answers
 * are found. */
static void check_site_map(loader *l, const set_file *f) {
    const set_file *core = core_map(l->set, json_text(f->root, "url"));
    const json *groups = core ? json_get(f->root, "group") : NULL;
    for (const json *g = NULL; (g = next_of(groups, g)) != NULL;) {
        const json *elements = json_get(g, "element");
        for (const json *e = NULL; (e = next_of(elements, e)) != NULL;)
            if (mapped(core->root, json_text(g, "source"), json_text(e, "code")))
                warn(l, f, e,
                     arena_printf(l->arena,
                                  "code '%.*s' stands before the one of %.*s, which is "
                                  "found too",
                                  STR_ARGS(json_text(e, "code")), STR_ARGS(core->name)),
                     S("take it out here, or give the hospital's code another system"));
    }
}

/* --- codes that nothing asks for --- */
/* Whether some expression says the code as a string. */
static bool asked_for(const mappings *m, str code, arena *arena) {
    str quoted = arena_printf(arena, "'%.*s'", STR_ARGS(code));
    for (isize i = 0; i < m->file_count; i++) {
        const set_file *f = &m->files[i];
        bool reader = f->kind == FILE_VIEW || f->kind == FILE_PROTOCOL || f->kind == FILE_EXPORT;
        if (reader && set_mentions(f->root, quoted)) return true;
    }
    return false;
}

/* Whether another table takes the code on: as the source of a map or as a member of a set. */
static bool taken_on(const mappings *m, str system, str code) {
    for (isize i = 0; i < m->file_count; i++) {
        const set_file *f = &m->files[i];
        const json *includes = json_get(json_get(f->root, "compose"), "include");
        bool map = f->kind == FILE_CONCEPT_MAP || f->kind == FILE_SITE_MAP;
        if (map && mapped(f->root, system, code)) return true;
        if (f->kind == FILE_VALUE_SET &&
            (listed(includes, system, code) || whole_system(includes, system)))
            return true;
    }
    return false;
}

/* Whether the core map has the target itself, or leaves that system to the sites. */
static bool has_target(const json *map, str system, str code) {
    const json *groups = json_get(map, "group");
    bool any = false;
    for (const json *g = NULL; (g = next_of(groups, g)) != NULL;) {
        const json *elements = json_get(g, "element");
        if (!str_eq(json_text(g, "target"), system)) continue;
        for (const json *e = NULL; (e = next_of(elements, e)) != NULL;)
            for (const json *t = NULL; (t = next_of(json_get(e, "target"), t)) != NULL;) {
                any = true;
                if (str_eq(json_text(t, "code"), code)) return true;
            }
    }
    return !any;
}

/* A site maps its codes to what the core knows; a target that nothing knows is mapped in vain, and
 * most often misspelt. */
static void check_targets(loader *l, const set_file *f) {
    const set_file *core = core_map(l->set, json_text(f->root, "url"));
    const json *groups = json_get(f->root, "group");
    for (const json *g = NULL; (g = next_of(groups, g)) != NULL;) {
        const json *elements = json_get(g, "element");
        str system = json_text(g, "target");
        for (const json *e = NULL; (e = next_of(elements, e)) != NULL;)
            for (const json *t = NULL; (t = next_of(json_get(e, "target"), t)) != NULL;) {
                str code = json_text(t, "code");
                if (!code.n || taken_on(l->set, system, code) ||
                    (core && has_target(core->root, system, code)) ||
                    asked_for(l->set, code, l->arena))
                    continue;
                warn(l, f, json_get(t, "code"),
                     arena_printf(l->arena,
                                  "no view, map or value set knows the code '%.*s' of %.*s",
                                  STR_ARGS(code), STR_ARGS(system)),
                     S("correct the code, or take the mapping out"));
            }
    }
}

/* --- screening --- */
static const json *criterion_json(const study *s, isize i) {
    const json *list = json_get(s->file->root, "criteria"), *c = list ? list->child : NULL;
    while (c && i-- > 0) c = c->next;
    return c;
}

static bool is_false(const json *object, const char *name) {
    return str_eq(str_trim(json_text(object, name)), S("false"));
}

static bool has_author(const mappings *m, const study *s) {
    for (isize i = 0; i < m->site.author_count; i++) {
        const json *studies = m->site.authors[i].studies;
        bool any = !studies;
        for (const json *c = NULL; (c = next_of(studies, c)) != NULL;)
            any |= str_eq(c->text, s->id);
        if (any) return true;
    }
    return false;
}

/* A site names the studies that it runs by setting their values; of others it need not know. */
static bool takes_part(const mappings *m, const study *s) {
    const json *all = json_get(m->site.root, "parameters"), *of_study = NULL;
    while ((of_study = next_of(all, of_study)) != NULL)
        if (str_eq(of_study->name, s->id)) return true;
    return false;
}

/* Two that are never met together: what the one calls met the other calls not-met. */
static const criterion *opposite_of(const study *s, isize i) {
    str met = json_text(criterion_json(s, i), "met");
    for (isize k = 0; met.n && k < s->criterion_count; k++) {
        const json *other = criterion_json(s, k);
        if (k != i && s->criteria[k].info.screening && str_eq(json_text(other, "notMet"), met))
            return &s->criteria[k];
    }
    return NULL;
}

static void check_screening(loader *l, const study *s, isize i) {
    const criterion *c = &s->criteria[i];
    const mappings *m = l->set;
    const json *object = criterion_json(s, i), *met = json_get(object, "met");
    str id = c->info.id;
    const str remedy = S("correct it, or take it out of \"screening\"");
    const criterion *opposite = opposite_of(s, i);
    if (!c->info.screening) return;
    if (is_false(object, "met") || is_false(object, "applies"))
        warn(l, s->file, json_get(object, is_false(object, "met") ? "met" : "applies"),
             arena_printf(l->arena, "'%.*s' screens and can never be met", STR_ARGS(id)), remedy);
    if (opposite)
        warn(l, s->file, met,
             arena_printf(l->arena, "'%.*s' and '%.*s' screen and are never met together",
                          STR_ARGS(id), STR_ARGS(opposite->info.id)),
             remedy);
    if (c->info.human && m->site.file && !has_author(m, s))
        warn(l, s->file, json_get(object, "human"),
             arena_printf(l->arena,
                          "'%.*s' screens, only a person decides it, and %.*s lists nobody "
                          "under \"assertions\"",
                          STR_ARGS(id), STR_ARGS(m->site.file->name)),
             S("list who decides, or take it out of \"screening\""));
    if (c->unset && takes_part(m, s))
        warn(l, m->site.file, m->site.root,
             arena_printf(l->arena,
                          "screening criterion '%.*s' of %.*s needs a value that this site "
                          "does not set: nobody can be screened",
                          STR_ARGS(id), STR_ARGS(s->id)),
             S("set the study's siteMustConfirm parameters under \"parameters\""));
}

void advice_give(loader *l) {
    for (isize i = 0; i < l->set->file_count; i++) {
        const set_file *f = &l->set->files[i];
        if (f->kind == FILE_VALUE_SET) check_value_set(l, f);
        if (f->kind == FILE_SITE_MAP) check_site_map(l, f);
        if (f->kind == FILE_SITE_MAP) check_targets(l, f);
    }
    for (isize i = 0; i < l->set->study_count; i++)
        for (isize k = 0; k < l->set->studies[i].criterion_count; k++)
            check_screening(l, &l->set->studies[i], k);
}
