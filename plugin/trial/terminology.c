/* SPDX-License-Identifier: Apache-2.0 */
/* Value sets and concept maps of the mapping files, answered to memberOf() and translate(), and the
 * site's code map. Only what is written out is known: an include names its codes, a whole system or
 * other value sets (FHIR R4 ValueSet.compose, ConceptMap.group). */
#include "trial/set.h"

static int row_order(const term_row *a, const term_row *b) {
    int by = str_compare(a->code, b->code);
    if (by == 0) by = str_compare(a->system, b->system);
    return by ? by : (a->order > b->order) - (a->order < b->order);
}

/* Heap sort: no recursion, no scratch, and the order field makes it stable. */
static void sift(term_row *rows, isize from, isize n) {
    for (isize child; (child = 2 * from + 1) < n; from = child) {
        if (child + 1 < n && row_order(&rows[child], &rows[child + 1]) < 0) child++;
        if (row_order(&rows[from], &rows[child]) >= 0) return;
        term_row swap = rows[from];
        rows[from] = rows[child];
        rows[child] = swap;
    }
}

static void sort_rows(term_row *rows, isize n) {
    for (isize i = n / 2; i-- > 0;) sift(rows, i, n);
    for (isize end = n - 1; end > 0; end--) {
        term_row swap = rows[0];
        rows[0] = rows[end];
        rows[end] = swap;
        sift(rows, 0, end);
    }
}

static void add_row(loader *l, term_table *t, str system, str code, path_coding target) {
    if (t->n == t->cap) {
        isize cap = t->cap ? t->cap * 2 : 32;
        t->rows = arena_grow(l->arena, t->rows, t->n, cap, (isize)sizeof(term_row),
                             (isize) _Alignof(term_row));
        t->cap = cap;
    }
    t->rows[t->n] = (term_row){system, code, target, t->n};
    t->n++;
}

/* The first row with this code, or n. */
static isize first_of(const term_table *t, str code) {
    isize low = 0, high = t->n;
    while (low < high) {
        isize middle = low + (high - low) / 2;
        if (str_compare(t->rows[middle].code, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_code(const term_table *t, str system, str code) {
    for (isize i = first_of(t, code); i < t->n && str_eq(t->rows[i].code, code); i++)
        if (system.n == 0 || str_eq(t->rows[i].system, system)) return true;
    for (isize i = 0; i < t->system_count && system.n; i++)
        if (str_eq(t->systems[i], system)) return true;
    return false;
}

static str without_version(str url) {
    return str_slice(url, 0, str_find_byte(url, '|', 0) < 0 ? url.n : str_find_byte(url, '|', 0));
}

static term_table *find_table(term_table *tables, isize n, str url) {
    for (isize i = 0; i < n; i++)
        if (str_eq(tables[i].url, without_version(url))) return &tables[i];
    return NULL;
}

static bool has_value_set(const void *self, str url) {
    const terminology *t = self;
    return find_table(t->sets, t->set_count, url) != NULL;
}

static bool has_concept_map(const void *self, str url) {
    const terminology *t = self;
    return find_table(t->maps, t->map_count, url) != NULL;
}

static tri member_of(const void *self, str url, str system, str code) {
    const terminology *t = self;
    const term_table *set = find_table(t->sets, t->set_count, url);
    return set ? tri_of(has_code(set, system, code)) : TRI_UNKNOWN;
}

static isize targets_of(const term_table *map, str system, str code, path_coding *out, isize cap) {
    isize n = 0;
    for (isize i = first_of(map, code); i < map->n && str_eq(map->rows[i].code, code); i++) {
        if (system.n && !str_eq(map->rows[i].system, system)) continue;
        if (n < cap) out[n] = map->rows[i].target;
        n++;
    }
    return n;
}

static isize translate(const void *self, str url, str system, str code, path_coding *out,
                       isize cap) {
    const terminology *t = self;
    const term_table *map = find_table(t->maps, t->map_count, url);
    return map ? targets_of(map, system, code, out, cap) : 0;
}

isize terminology_site_codes(const mappings *m, str system, str code, path_coding *out, isize cap) {
    return system.n ? targets_of(&m->terms.site_codes, system, code, out, cap) : 0;
}

/* --- reading value sets --- */
static const set_file *file_of(const loader *l, const term_table *t) {
    for (isize i = 0; i < l->set->file_count; i++)
        if (str_eq(l->set->files[i].name, t->file)) return &l->set->files[i];
    return NULL;
}

static void report(loader *l, const term_table *t, const json *where, const char *code, str text,
                   str remedy) {
    set_problem(l, PROBLEM_ERROR, file_of(l, t), where, code, text, remedy);
}

static void resolve_set(loader *l, term_table *t);

static const term_table *included_set(loader *l, term_table *t, const json *url) {
    terminology *all = &l->set->terms;
    term_table *other = find_table(all->sets, all->set_count, url->text);
    if (!other) {
        str *urls = arena_new(l->arena, str, all->set_count);
        for (isize i = 0; i < all->set_count; i++) urls[i] = all->sets[i].url;
        str near = problem_nearest(url->text, urls, all->set_count);
        report(l, t, url, "not-found", S("no value set with this url among the mapping files"),
               near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                      : S("check the url, or add the ValueSet"));
        return NULL;
    }
    other->used = true;
    if (other->state == TERM_BUSY) {
        report(l, t, url, "invariant", S("this value set includes itself"), S("break the circle"));
        return NULL;
    }
    resolve_set(l, other);
    return other;
}

static void take_system(loader *l, term_table *t, str system) {
    t->systems = arena_grow(l->arena, t->systems, t->system_count, t->system_count + 1,
                            (isize)sizeof(str), (isize) _Alignof(str));
    t->systems[t->system_count++] = system;
}

static void take_concepts(loader *l, term_table *t, str system, const json *concepts) {
    for (const json *c = concepts->child; c; c = c->next) {
        str code = json_text(c, "code");
        if (c->kind != JSON_OBJECT)
            report(l, t, c, "structure", S("a concept must be an object"),
                   S("write {\"code\": ...}"));
        else if (code.n == 0)
            report(l, t, c, "required", S("a concept needs a \"code\""), S("add it"));
        else
            add_row(l, t, system, code, (path_coding){.display = json_text(c, "display")});
    }
}

/* One include or exclude into a table of its own: codes of the system that are in every value set
 * named (R4 ValueSet.compose.include: an intersection). */
static void read_include(loader *l, term_table *t, const json *include, term_table *out) {
    str system = json_text(include, "system");
    const json *concepts = json_get(include, "concept"), *sets = json_get(include, "valueSet");
    const json *filter = json_get(include, "filter");
    *out = (term_table){.file = t->file};
    if (filter)
        report(l, t, filter, "not-supported", S("filters need a terminology server"),
               S("list the codes under \"concept\""));
    if (!system.n && !sets)
        report(l, t, include, "required", S("an include needs \"system\" or \"valueSet\""),
               S("add one"));
    if (system.n && concepts)
        take_concepts(l, out, system, concepts);
    else if (system.n && !sets)
        take_system(l, out, system);
    bool first = !(system.n && concepts);
    for (const json *s = sets ? sets->child : NULL; s; s = s->next) {
        const term_table *other = included_set(l, t, s);
        if (!other) continue;
        isize kept = 0;
        for (isize i = 0; first && i < other->n; i++)
            if (!system.n || str_eq(system, other->rows[i].system))
                add_row(l, out, other->rows[i].system, other->rows[i].code, (path_coding){0});
        for (isize i = 0; !first && i < out->n; i++)
            if (has_code(other, out->rows[i].system, out->rows[i].code))
                out->rows[kept++] = out->rows[i];
        if (!first) out->n = kept;
        for (isize i = 0; first && i < other->system_count; i++)
            take_system(l, out, other->systems[i]);
        first = false;
    }
}

static void take_expansion(loader *l, term_table *t, const json *contains) {
    for (const json *c = contains ? contains->child : NULL; c; c = c->next) {
        if (json_text(c, "code").n && !json_is_true(c, "abstract"))
            add_row(l, t, json_text(c, "system"), json_text(c, "code"), (path_coding){0});
        take_expansion(l, t, json_get(c, "contains"));
    }
}

static void drop_excluded(loader *l, term_table *t, const json *exclude) {
    for (const json *e = exclude ? exclude->child : NULL; e; e = e->next) {
        term_table out;
        read_include(l, t, e, &out);
        sort_rows(out.rows, out.n);
        isize kept = 0;
        for (isize i = 0; i < t->n; i++)
            if (!has_code(&out, t->rows[i].system, t->rows[i].code)) t->rows[kept++] = t->rows[i];
        t->n = kept;
    }
}

/* The "code" of the second concept, or element of a map, that has this code and system below a
 * value; `left` counts down. */
static const json *find_double(const json *value, const term_row *row, int *left) {
    const json *list = value->parent, *group = list ? list->parent : NULL;
    bool concept = list && (str_eq(list->name, S("concept")) || str_eq(list->name, S("element")));
    const char *system = concept && str_eq(list->name, S("concept")) ? "system" : "source";
    if (concept && str_eq(json_text(value, "code"), row->code) &&
        str_eq(json_text(group, system), row->system) && --*left == 0)
        return json_get(value, "code");
    for (const json *child = value->child; child; child = child->next) {
        const json *found = find_double(child, row, left);
        if (found) return found;
    }
    return NULL;
}

static const json *second_place(const term_table *t, const term_row *row) {
    int left = 2;
    const json *found = find_double(t->definition, row, &left);
    return found ? found : t->definition;
}

static void warn_doubles(loader *l, const term_table *t, const char *what) {
    for (isize i = 1; i < t->n; i++) {
        const term_row *a = &t->rows[i - 1], *b = &t->rows[i];
        if (str_eq(a->code, b->code) && str_eq(a->system, b->system) &&
            str_eq(a->target.code, b->target.code) && str_eq(a->target.system, b->target.system))
            set_problem(l, PROBLEM_WARNING, file_of(l, t), second_place(t, b), "duplicate",
                        arena_printf(l->arena, "code '%.*s' stands twice in this %s",
                                     STR_ARGS(b->code), what),
                        S("remove one"));
    }
}

static void resolve_set(loader *l, term_table *t) {
    if (t->state != TERM_NEW) return;
    t->state = TERM_BUSY;
    const json *compose = json_get(t->definition, "compose");
    const json *expansion = json_get(t->definition, "expansion");
    if (!compose && !expansion)
        report(l, t, t->definition, "required", S("a value set needs \"compose\" or \"expansion\""),
               S("add compose.include with system and concept"));
    const json *include = json_get(compose, "include");
    for (const json *i = include ? include->child : NULL; i; i = i->next) {
        term_table part;
        read_include(l, t, i, &part);
        for (isize k = 0; k < part.n; k++)
            add_row(l, t, part.rows[k].system, part.rows[k].code, part.rows[k].target);
        for (isize k = 0; k < part.system_count; k++) take_system(l, t, part.systems[k]);
    }
    if (!compose) take_expansion(l, t, json_get(expansion, "contains"));
    drop_excluded(l, t, json_get(compose, "exclude"));
    for (isize i = 0; i < t->n; i++) t->rows[i].target = (path_coding){0};
    sort_rows(t->rows, t->n);
    warn_doubles(l, t, "value set");
    t->state = TERM_READY;
}

/* --- reading concept maps --- */
/* R4 ConceptMapEquivalence, the whole code system. */
static const str equivalences[] = {S_INIT("relatedto"),   S_INIT("equivalent"), S_INIT("equal"),
                                   S_INIT("wider"),       S_INIT("subsumes"),   S_INIT("narrower"),
                                   S_INIT("specializes"), S_INIT("inexact"),    S_INIT("unmatched"),
                                   S_INIT("disjoint")};

static bool known_equivalence(str equivalence) {
    for (isize i = 0; i < COUNT_OF(equivalences); i++)
        if (str_eq(equivalences[i], equivalence)) return true;
    return false;
}

static void check_equivalence(loader *l, const set_file *file, const json *target) {
    const json *value = json_get(target, "equivalence");
    if (!value) {
        set_problem(l, PROBLEM_ERROR, file, target, "required",
                    S("a target needs an \"equivalence\""),
                    S("equivalent, wider, narrower, inexact, unmatched ... (R4 ConceptMap)"));
        return;
    }
    if (known_equivalence(value->text)) return;
    str near = problem_nearest(value->text, equivalences, COUNT_OF(equivalences));
    set_problem(l, PROBLEM_ERROR, file, value, "code-invalid",
                S("no such equivalence in R4 ConceptMap"),
                near.n ? arena_printf(l->found->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                       : S("one of relatedto equivalent equal wider subsumes narrower specializes "
                           "inexact unmatched disjoint"));
}

static bool means_nothing(str equivalence) {
    return str_eq(equivalence, S("unmatched")) || str_eq(equivalence, S("disjoint"));
}

static void read_element(loader *l, term_table *into, const set_file *file, const json *group,
                         const json *element) {
    const json *targets = json_get(element, "target");
    if (json_text(element, "code").n == 0)
        set_problem(l, PROBLEM_ERROR, file, element, "required", S("an element needs a \"code\""),
                    S("add the source code"));
    for (const json *t = targets ? targets->child : NULL; t; t = t->next) {
        str equivalence = json_text(t, "equivalence");
        check_equivalence(l, file, t);
        if (means_nothing(equivalence)) continue;
        if (json_text(t, "code").n == 0)
            set_problem(l, PROBLEM_ERROR, file, t, "required", S("a target needs a \"code\""),
                        S("add it, or set equivalence to unmatched"));
        add_row(l, into, json_text(group, "source"), json_text(element, "code"),
                (path_coding){json_text(group, "target"), json_text(t, "code"),
                              json_text(t, "display")});
    }
}

static void read_groups(loader *l, term_table *into, const set_file *file) {
    const json *groups = json_get(file->root, "group");
    for (const json *g = groups ? groups->child : NULL; g; g = g->next) {
        const json *unmapped = json_get(g, "unmapped"), *elements = json_get(g, "element");
        if (unmapped)
            set_problem(l, PROBLEM_ERROR, file, unmapped, "not-supported",
                        S("\"unmapped\" is not supported"), S("list every code under \"element\""));
        if (json_text(g, "target").n == 0)
            set_problem(l, PROBLEM_ERROR, file, g, "required",
                        S("a group needs a \"target\" system"),
                        S("add the code system of the targets"));
        for (const json *e = elements ? elements->child : NULL; e; e = e->next)
            read_element(l, into, file, g, e);
    }
}

/* --- loading --- */
static bool usable(loader *l, set_file *file, const char *type) {
    if (!str_eq(json_text(file->root, "resourceType"), str_from(type))) {
        set_problem(l, PROBLEM_ERROR, file, file->root, "value",
                    arena_printf(l->arena, "this file must hold a %s", type),
                    S("set resourceType, or move the file"));
        return false;
    }
    if (json_text(file->root, "url").n == 0) {
        set_problem(l, PROBLEM_ERROR, file, file->root, "required",
                    S("it needs a canonical \"url\""), S("paths refer to it by this url"));
        return false;
    }
    set_lint(l, file, file->root, model_find_type(l->set->model, str_from(type)));
    return true;
}

static void add_table(loader *l, set_file *file, term_table *tables, isize *n, const char *type) {
    if (!usable(l, file, type)) return;
    str url = json_text(file->root, "url");
    const term_table *other = find_table(tables, *n, url);
    if (other)
        set_problem(l, PROBLEM_ERROR, file, json_get(file->root, "url"), "duplicate",
                    arena_printf(l->arena, "%.*s has the same url", STR_ARGS(other->file)),
                    S("give each its own url"));
    else
        tables[(*n)++] = (term_table){.url = url, .file = file->name, .definition = file->root};
}

static void load_site_map(loader *l, set_file *file) {
    terminology *t = &l->set->terms;
    if (!usable(l, file, "ConceptMap")) return;
    term_table *core = find_table(t->maps, t->map_count, json_text(file->root, "url"));
    read_groups(l, core ? core : &t->site_codes, file);
}

void terminology_load(loader *l) {
    mappings *m = l->set;
    terminology *t = &m->terms;
    t->sets = arena_new(l->arena, term_table, m->file_count);
    t->maps = arena_new(l->arena, term_table, m->file_count);
    for (isize i = 0; i < m->file_count; i++) {
        if (m->files[i].kind == FILE_VALUE_SET && m->files[i].root)
            add_table(l, &m->files[i], t->sets, &t->set_count, "ValueSet");
        if (m->files[i].kind == FILE_CONCEPT_MAP && m->files[i].root)
            add_table(l, &m->files[i], t->maps, &t->map_count, "ConceptMap");
    }
    for (isize i = 0; i < m->file_count; i++) /* the site's groups are found first */
        if (m->files[i].kind == FILE_SITE_MAP && m->files[i].root) load_site_map(l, &m->files[i]);
    for (isize i = 0; i < t->map_count; i++) {
        read_groups(l, &t->maps[i], file_of(l, &t->maps[i]));
        sort_rows(t->maps[i].rows, t->maps[i].n);
        warn_doubles(l, &t->maps[i], "concept map");
    }
    for (isize i = 0; i < t->set_count; i++) resolve_set(l, &t->sets[i]);
    sort_rows(t->site_codes.rows, t->site_codes.n);
    t->face = (path_terminology){t, has_value_set, has_concept_map, member_of, translate};
}

static void warn_unused(loader *l, const term_table *tables, isize n) {
    for (isize i = 0; i < n; i++) {
        bool used = tables[i].used;
        for (isize k = 0; k < l->set->file_count && !used; k++) {
            const set_file *f = &l->set->files[k];
            bool reader =
                f->kind == FILE_VIEW || f->kind == FILE_PROTOCOL || f->kind == FILE_EXPORT;
            used = reader && f->root && set_mentions(f->root, tables[i].url);
        }
        if (!used)
            set_problem(l, PROBLEM_WARNING, file_of(l, &tables[i]), tables[i].definition,
                        "informational", S("no view, study or export uses it"),
                        S("use it with memberOf() or translate(), or remove the file"));
    }
}

/* Reports the url in a view's constant where memberOf() or translate() takes it and no file has it:
 * whoever compiles the path does not know what the constant holds. */
static void check_url(loader *l, const set_file *f, const json *constant, const char *call,
                      const char *what, const term_table *tables, isize n) {
    const json *url = NULL;
    str *urls = arena_new(l->arena, str, n);
    str use = arena_printf(l->arena, "%s(%%%.*s)", call, STR_ARGS(json_text(constant, "name")));
    for (const json *m = constant->child; m; m = m->next)
        if (str_starts(m->name, S("value")) && m->kind == JSON_STRING) url = m;
    if (!url || !set_mentions(f->root, use)) return;
    for (isize i = 0; i < n; i++) {
        urls[i] = tables[i].url;
        if (str_eq(urls[i], without_version(url->text))) return;
    }
    str near = problem_nearest(url->text, urls, n);
    set_problem(l, PROBLEM_ERROR, f, url, "not-found",
                arena_printf(l->arena, "the %s \"%.*s\" is not loaded", what, STR_ARGS(url->text)),
                near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                       : S("correct the url, or add the file to the mappings"));
}

static void check_constants(loader *l) {
    const terminology *t = &l->set->terms;
    for (isize i = 0; i < l->set->file_count; i++) {
        const set_file *f = &l->set->files[i];
        const json *view = f->kind == FILE_VIEW     ? f->root
                           : f->kind == FILE_EXPORT ? json_get(f->root, "view")
                                                    : NULL;
        const json *list = json_get(view, "constant");
        for (const json *c = list ? list->child : NULL; c; c = c->next) {
            check_url(l, f, c, "memberOf", "value set", t->sets, t->set_count);
            check_url(l, f, c, "translate", "concept map", t->maps, t->map_count);
        }
    }
}

void terminology_check(loader *l) { check_constants(l); }

void terminology_unused(loader *l) {
    warn_unused(l, l->set->terms.sets, l->set->terms.set_count);
    warn_unused(l, l->set->terms.maps, l->set->terms.map_count);
}
