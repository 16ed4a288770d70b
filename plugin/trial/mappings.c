/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a mapping set: tells files apart by their place, reads them, has every part checked, and
 * gives each part the digest by which the store knows what made a row or a verdict. */
#include "trial/set.h"

void set_problem(loader *l, problem_level level, const set_file *file, const json *where,
                 const char *code, str text, str remedy) {
    problems_add(l->found, (problem){.level = level,
                                     .code = code,
                                     .file = file ? file->name : (str){0},
                                     .at = where ? where->at : -1,
                                     .place = where ? json_pointer(where, l->arena) : (str){0},
                                     .text = text,
                                     .remedy = remedy});
}

str set_form(json_kind kind) {
    switch (kind) {
    case JSON_STRING: return S("write it between double quotes");
    case JSON_NUMBER: return S("write a number, without quotes");
    case JSON_ARRAY: return S("write [ ... ]");
    case JSON_OBJECT: return S("write { ... }");
    default: return S("write true or false, without quotes");
    }
}

/* --- files --- */
static str segment(str path, int index) {
    isize from = 0;
    for (; index > 0; index--) {
        isize slash = str_find_byte(path, '/', from);
        if (slash < 0) return (str){0};
        from = slash + 1;
    }
    isize to = str_find_byte(path, '/', from);
    return str_slice(path, from, to < 0 ? path.n : to);
}

static file_kind kind_in(str folder, bool site) {
    if (str_eq(folder, S("views"))) return site ? FILE_OTHER : FILE_VIEW;
    if (str_eq(folder, S("valuesets"))) return FILE_VALUE_SET;
    if (str_eq(folder, S("conceptmaps"))) return site ? FILE_SITE_MAP : FILE_CONCEPT_MAP;
    return FILE_OTHER;
}

static bool of_guideline(str name) { return str_eq(segment(name, 0), S("guidelines")); }

static bool of_study(str name) {
    return str_eq(segment(name, 0), S("studies")) || of_guideline(name);
}

/* core/views/x.json, core/exports/x.json, studies/<id>/protocol.json, studies/<id>/views/x.json,
 * the same below guidelines/, sites/<site>/site.json */
static file_kind kind_of(str name) {
    str top = segment(name, 0), third = segment(name, 2);
    bool site = str_eq(top, S("sites"));
    if (!str_ends(name, S(".json"))) return FILE_OTHER;
    if (str_eq(top, S("core"))) {
        if (segment(name, 3).n) return FILE_OTHER;
        return str_eq(segment(name, 1), S("exports")) ? FILE_EXPORT
                                                      : kind_in(segment(name, 1), false);
    }
    if (!site && !of_study(name)) return FILE_OTHER;
    if (segment(name, 3).n) return segment(name, 4).n ? FILE_OTHER : kind_in(third, site);
    if (site && str_eq(third, S("site.json"))) return FILE_SITE;
    return !site && str_eq(third, S("protocol.json")) ? FILE_PROTOCOL : FILE_OTHER;
}

static bool misspelt_ending(str name) {
    str end = str_slice(name, name.n > 5 ? name.n - 5 : 0, name.n);
    return str_eq_ascii_case(end, S(".json")) && !str_eq(end, S(".json"));
}

static void read_file(loader *l, set_file *file) {
    fault fault;
    if (file->kind == FILE_OTHER) {
        if (misspelt_ending(file->name))
            set_problem(l, PROBLEM_ERROR, file, NULL, "structure",
                        S("the name of a mapping file ends in .json, in small letters"),
                        S("rename it, or move it away"));
        else if (str_ends(file->name, S(".json")))
            set_problem(l, PROBLEM_WARNING, file, NULL, "structure",
                        S("this file's place tells nothing about what it is: it is not read"),
                        S("core/views, core/valuesets, core/conceptmaps, core/exports, "
                          "studies/<id>/protocol.json, "
                          "studies/<id>/views, the same below guidelines, sites/<site>/site.json, "
                          "sites/<site>/conceptmaps"));
        return;
    }
    if (file->text.n > LIMIT_CONFIG_BYTES) {
        set_problem(l, PROBLEM_ERROR, file, NULL, "too-long",
                    arena_printf(l->arena, "the file is longer than %d bytes", LIMIT_CONFIG_BYTES),
                    S("split it"));
        return;
    }
    if (json_read(l->arena, file->text, &file->root, &fault)) {
        if (file->root->kind == JSON_OBJECT) return;
        set_problem(l, PROBLEM_ERROR, file, file->root, "structure",
                    S("a mapping file must hold one JSON object"), S("put it between { and }"));
        file->root = NULL;
        return;
    }
    file->root = NULL;
    problems_add(l->found, (problem){.level = PROBLEM_ERROR,
                                     .code = "invalid",
                                     .file = file->name,
                                     .at = fault.at,
                                     .text = arena_str(l->arena, str_from(fault.text)),
                                     .remedy = json_remedy(file->text, fault.at)});
}

static bool same_folder(str a, str b) {
    return str_eq(segment(a, 0), segment(b, 0)) && str_eq(segment(a, 1), segment(b, 1));
}

/* A study's folder without its protocol, or a site's without its site.json, would be half of what
 * was meant. */
static void check_folder(loader *l, isize first) {
    const mappings *m = l->set;
    const set_file *file = &m->files[first];
    bool site = str_eq(segment(file->name, 0), S("sites"));
    if (!site && !of_study(file->name)) return;
    if (first > 0 && same_folder(m->files[first - 1].name, file->name)) return; /* was looked at */
    str wanted = site ? S("site.json") : S("protocol.json"), near = {0};
    for (isize i = first; i < m->file_count && same_folder(m->files[i].name, file->name); i++) {
        str leaf = segment(m->files[i].name, 2);
        if (m->files[i].kind == (site ? FILE_SITE : FILE_PROTOCOL)) return;
        if (!segment(m->files[i].name, 3).n && problem_nearest(wanted, &leaf, 1).n) near = leaf;
    }
    set_problem(l, PROBLEM_ERROR, file, NULL, "not-found",
                arena_printf(l->arena, "the folder %.*s/%.*s has no %.*s",
                             STR_ARGS(segment(file->name, 0)), STR_ARGS(segment(file->name, 1)),
                             STR_ARGS(wanted)),
                near.n ? arena_printf(l->arena, "rename %.*s", STR_ARGS(near))
                       : S("add it, or move the folder away"));
}

/* What is no file of the set although somebody put it there; line 1 where it could be one. */
static void refuse_file(loader *l, const mapping_file *file) {
    problems_add(l->found, (problem){.level = PROBLEM_ERROR,
                                     .code = "not-found",
                                     .file = file->name,
                                     .at = file->text.p ? 0 : -1,
                                     .text = str_from(file->trouble),
                                     .remedy = str_from(file->remedy)});
}

static void list_files(loader *l, const mapping_file *files, isize n) {
    mappings *m = l->set;
    m->files = arena_new(l->arena, set_file, n);
    for (isize i = 0; i < n; i++) {
        if (files[i].trouble) {
            refuse_file(l, &files[i]);
            continue;
        }
        isize k = m->file_count++;
        for (; k > 0 && str_compare(m->files[k - 1].name, files[i].name) > 0; k--)
            m->files[k] = m->files[k - 1];
        m->files[k] = (set_file){.name = files[i].name, .text = files[i].text};
    }
    for (isize i = 0; i < m->file_count; i++) {
        set_file *file = &m->files[i];
        file->kind = kind_of(file->name);
        if (of_study(file->name)) file->study = segment(file->name, 1);
        file->guideline = of_guideline(file->name);
        read_file(l, file);
    }
    for (isize i = 0; i < m->file_count; i++) check_folder(l, i);
}

/* What a file that cannot be read would have defined is missing everywhere: nothing that could be
 * said of the others would help. */
static bool all_readable(const mappings *m) {
    for (isize i = 0; i < m->file_count; i++)
        if (m->files[i].kind != FILE_OTHER && !m->files[i].root) return false;
    return true;
}

problem mappings_timezone_problem(arena *arena, const mapping_file *files, isize n, str why) {
    const str remedy = S("write an offset such as \"+01:00\" or an IANA name such as "
                         "\"Europe/Berlin\" (package tzdata)");
    isize end = str_find(why, S(": "), 0);
    problem p = {.level = PROBLEM_ERROR,
                 .code = "value",
                 .at = -1,
                 .place = S("/timezone"),
                 .text = str_slice(why, 0, end < 0 ? why.n : end), /* the remedy is said below */
                 .remedy = remedy};
    for (isize i = 0; i < n; i++) {
        const json *root, *zone;
        fault fault;
        if (kind_of(files[i].name) != FILE_SITE || !json_read(arena, files[i].text, &root, &fault))
            continue;
        zone = json_get(root, "timezone");
        p.file = files[i].name;
        p.at = zone ? zone->at : -1;
    }
    return p;
}

str mappings_timezone(arena *arena, const mapping_file *files, isize n) {
    for (isize i = 0; i < n; i++) {
        const json *root;
        fault fault;
        if (kind_of(files[i].name) == FILE_SITE && json_read(arena, files[i].text, &root, &fault))
            return json_text(root, "timezone");
    }
    return (str){0};
}

/* --- digests --- */
static void absorb(buf *into, str name, str text) {
    buf_printf(into, "%td %.*s %td\n", name.n, STR_ARGS(name), text.n);
    buf_add(into, text);
    buf_byte(into, '\n');
}

static str hex_of(loader *l, const digest *d, const buf *text) {
    uint8_t bytes[DIGEST_BYTES];
    char hex[DIGEST_HEX];
    if (!d || !d->sha256(buf_str(text), bytes)) return (str){0};
    digest_hex(bytes, hex);
    return arena_str(l->arena, (str){hex, DIGEST_HEX});
}

static void absorb_zone(buf *into, const zone_table *zone) {
    if (!zone) return;
    buf_printf(into, "zone %.*s\n", STR_ARGS(zone->name));
    for (isize i = 0; i < zone->n; i++)
        buf_printf(into, "%lld %d\n", (long long)zone->rules[i].from, (int)zone->rules[i].minutes);
}

/* Adds the tables that `value` mentions, and those that these include. */
static void absorb_terms(const mappings *m, const json *value, buf *into, bool *taken) {
    for (isize i = 0; i < m->file_count; i++) {
        const set_file *f = &m->files[i];
        bool term =
            f->kind == FILE_VALUE_SET || f->kind == FILE_CONCEPT_MAP || f->kind == FILE_SITE_MAP;
        if (!term || !f->root || taken[i]) continue;
        if (!set_mentions(value, json_text(f->root, "url"))) continue;
        taken[i] = true;
        absorb(into, f->name, f->text);
        absorb_terms(m, f->root, into, taken);
    }
}

/* A view's rows change with its text, with the terminology it asks, and with the site's code map.
 */
static str view_digest(loader *l, const record_view *v, const digest *d) {
    const mappings *m = l->set;
    buf text = buf_new(l->arena, 4 * (isize)LIMIT_CONFIG_BYTES, "the digest of a view");
    bool *taken = arena_new(l->arena, bool, m->file_count);
    absorb(&text, v->file->name, v->file->text);
    absorb_terms(m, v->file->root, &text, taken);
    for (isize i = 0; i < m->file_count; i++)
        if (m->files[i].kind == FILE_SITE_MAP && !taken[i])
            absorb(&text, m->files[i].name, m->files[i].text);
    return hex_of(l, d, &text);
}

/* A verdict changes with the protocol, the site and every view. */
static str study_digest_of(loader *l, const study *s, const digest *d) {
    const mappings *m = l->set;
    buf text = buf_new(l->arena, 4 * (isize)LIMIT_CONFIG_BYTES, "the digest of a study");
    bool *taken = arena_new(l->arena, bool, m->file_count);
    absorb(&text, s->file->name, s->file->text);
    absorb_terms(m, s->file->root, &text, taken);
    if (m->site.file) absorb(&text, m->site.file->name, m->site.file->text);
    for (isize i = 0; i < m->view_count; i++) absorb(&text, m->views[i].name, m->views[i].digest);
    absorb_zone(&text, m->zone);
    return hex_of(l, d, &text);
}

static const projection *reach_of(const mappings *m) {
    projection *all = projection_new(m->arena, m->model);
    for (isize i = 0; i < m->stored_count; i++) view_project(m->views[i].view, all);
    return all;
}

static void make_digests(loader *l, const digest *d) {
    mappings *m = l->set;
    if (!d) return;
    for (isize i = 0; i < m->view_count; i++) m->views[i].digest = view_digest(l, &m->views[i], d);
    for (isize i = 0; i < m->study_count; i++)
        m->studies[i].digest = study_digest_of(l, &m->studies[i], d);
    buf all = buf_new(l->arena, 16 * (isize)LIMIT_CONFIG_BYTES, "the digest of the mapping set");
    for (isize i = 0; i < m->file_count; i++) absorb(&all, m->files[i].name, m->files[i].text);
    absorb_zone(&all, m->zone);
    m->digest = hex_of(l, d, &all);
}

/* --- the set --- */
const mappings *mappings_load(arena *arena, const mapping_file *files, isize n,
                              const zone_table *zone, const digest *digest, problems *found) {
    mappings *m = arena_new(arena, mappings, 1);
    loader l = {arena, m, found};
    isize errors = found->errors;
    m->arena = arena;
    m->zone = zone;
    m->model = model_extend(arena, model_r4());
    list_files(&l, files, n);
    if (!all_readable(m)) return NULL;
    terminology_load(&l);
    site_load(&l);
    protocols_read(&l);
    views_load(&l);
    assertion_view_find(&l);
    protocols_compile(&l);
    datasets_load(&l);
    site_check(&l);
    terminology_check(&l);
    if (found->errors != errors) return NULL;
    terminology_unused(&l);
    datasets_unused(&l);
    advice_give(&l);
    m->reach = reach_of(m);
    make_digests(&l, digest);
    return m;
}

str mappings_digest(const mappings *m) { return m->digest; }
const model *mappings_model(const mappings *m) { return m->model; }
const path_terminology *mappings_terminology(const mappings *m) { return &m->terms.face; }
isize mappings_view_count(const mappings *m) { return m->stored_count; }
const view *mappings_view(const mappings *m, isize i) { return m->views[i].view; }
str mappings_view_digest(const mappings *m, isize i) { return m->views[i].digest; }
isize mappings_derived_count(const mappings *m) { return m->view_count - m->stored_count; }
const view *mappings_derived(const mappings *m, isize i) {
    return m->views[m->stored_count + i].view;
}
isize mappings_study_count(const mappings *m) { return m->study_count; }
const study *mappings_study(const mappings *m, isize i) { return &m->studies[i]; }
