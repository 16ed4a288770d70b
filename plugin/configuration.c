/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.c: everything a configuration names, read and checked before any of it is in force.
 */
#include "files/files.h"
#include "files/secret.h"
#include "instance.h"
#include "libs.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIGURATION_BYTES = 256 << 20 };

typedef struct load_work {
    configuration *c;
    str text;
    problems *found; /* in the caller's memory */
    bool ok;
} load_work;

static bool add_fault(load_work *w, const fault *fault, const char *code) {
    problems_add(
        w->found,
        (problem){.level = PROBLEM_FATAL, .code = code, .at = -1, .text = str_from(fault->text)});
    return false;
}

static bool read_site_key(load_work *w) {
    fault fault = {0};
    configuration *c = w->c;
    if (!secret_read(S("siteKey"), c->settings.site_key_path, SITE_KEY_MOST, c->site_key,
                     &c->site_key_n, &fault))
        return add_fault(w, &fault, "security");
    if (c->site_key_n >= SITE_KEY_LEAST) return true;
    fault_set(&fault, FAULT_CONFIG, -1,
              "secret file %.*s: the site key has fewer than %d bytes: make one with 'openssl rand "
              "-hex 32'",
              STR_ARGS(c->settings.site_key_path), SITE_KEY_LEAST);
    return add_fault(w, &fault, "security");
}

/* A finding in a mapping file gets line and column behind the file's name while the text is here.
 */
static void name_lines(problems *found, const mapping_file *files, isize n) {
    for (isize i = 0; i < found->n; i++) {
        problem *p = &found->list[i];
        for (isize k = 0; k < n && p->at >= 0; k++) {
            int line, column;
            if (!str_eq(files[k].name, p->file)) continue;
            problem_line_column(files[k].text, p->at, &line, &column);
            p->file = arena_printf(found->arena, "%.*s:%d:%d", STR_ARGS(p->file), line, column);
            break;
        }
    }
}

/* The zone the site names; read before the mappings are loaded, because the core gets it as a
 * table. */
static bool read_zone(load_work *w, const mapping_file *files, isize n) {
    configuration *c = w->c;
    fault fault = {0};
    str name = mappings_timezone(&c->arena, files, n);
    if (files_zone(&c->arena, name.n > 0 ? name : S("Z"), &c->zone, &fault)) return true;
    problems_add(w->found, mappings_timezone_problem(&c->arena, files, n, str_from(fault.text)));
    name_lines(w->found, files, n);
    return false;
}

static void write_files(configuration *c, const mapping_file *files, isize n) {
    buf out = buf_new(&c->arena, 8 * (isize)LIMIT_CONFIG_BYTES, "the mapping set");
    buf_byte(&out, '{');
    for (isize i = 0; i < n; i++) {
        if (i > 0) buf_byte(&out, ',');
        buf_json_string(&out, files[i].name);
        buf_byte(&out, ':');
        buf_json_string(&out, files[i].text);
    }
    buf_byte(&out, '}');
    c->mapping_document = buf_str(&out);
}

static str digest_of_views(configuration *c) {
    buf all = buf_new(&c->arena, LIMIT_CONFIG_BYTES, "the views' digests");
    uint8_t bytes[DIGEST_BYTES];
    char *hex = arena_new(&c->arena, char, DIGEST_HEX);
    for (isize i = 0; i < mappings_view_count(c->mappings); i++)
        buf_printf(&all, "%.*s=%.*s\n", STR_ARGS(view_name(mappings_view(c->mappings, i))),
                   STR_ARGS(mappings_view_digest(c->mappings, i)));
    if (!deliver_digest()->sha256(buf_str(&all), bytes))
        fault_raise(&c->landing, FAULT_INTERNAL, -1, "SHA-256 is not available from OpenSSL");
    digest_hex(bytes, hex);
    return (str){hex, DIGEST_HEX};
}

static bool read_mappings(load_work *w) {
    configuration *c = w->c;
    const mapping_file *files;
    isize n;
    fault fault = {0};
    const settings *s = &c->settings;
    mapping_choice choice = {.studies = s->studies.n > 0 ? s->studies.items : NULL,
                             .study_count = s->studies.n,
                             .guidelines = s->guidelines.items,
                             .guideline_count = s->guidelines.n,
                             .site = s->site};
    if (!files_mappings(&c->arena, s->mappings_path, &choice, &files, &n, &fault))
        return add_fault(w, &fault, "not-found");
    if (!read_zone(w, files, n)) return false;
    c->mappings = mappings_load(&c->arena, files, n, &c->zone, deliver_digest(), w->found);
    name_lines(w->found, files, n);
    if (!c->mappings) return false;
    c->digest = mappings_digest(c->mappings);
    c->views_digest = digest_of_views(c);
    write_files(c, files, n);
    return true;
}

/* A library bound to another OpenSSL than the system's is refused before any key is used with it.
 */
static bool check_libraries(load_work *w) {
    arena *arena = &w->c->arena;
    problems foreign = problems_new(arena);
    if (libs_ours(&foreign)) return true;
    bool allowed = w->c->settings.foreign_libraries == FOREIGN_ALLOW;
    for (isize i = 0; i < foreign.n; i++) {
        if (!allowed) problems_add(w->found, foreign.list[i]);
        w->c->foreign = arena_printf(arena, "%.*s%s%.*s", STR_ARGS(w->c->foreign), i ? "; " : "",
                                     STR_ARGS(foreign.list[i].text));
    }
    return allowed;
}

static void load_step(void *state) {
    load_work *w = state;
    str text = arena_str(&w->c->arena, w->text);
    w->ok = settings_read(&w->c->arena, text, &w->c->settings, w->found);
    if (!w->ok) return;
    bool key = read_site_key(w);
    bool mapped = read_mappings(w);
    bool ours = check_libraries(w);
    w->ok = key && mapped && ours;
}

configuration *configuration_load(str text, problems *found, int32_t *code) {

    configuration *c = calloc(1, sizeof *c);
    *code = FHIRTRIAL_E_NOMEM;
    if (!c) return NULL;
    atomic_init(&c->users, 1);
    arena_init(&c->arena, CONFIGURATION_BYTES, &c->landing);
    load_work w = {.c = c, .text = text, .found = found};
    landing *outer = found->arena->landing;
    found->arena->landing = &c->landing;
    if (guarded(&c->landing, load_step, &w)) {
        *code = w.ok ? FHIRTRIAL_OK : FHIRTRIAL_E_CONFIG;
    } else {
        *code = c->landing.fault.code == FAULT_NOMEM ? FHIRTRIAL_E_NOMEM : FHIRTRIAL_E_CONFIG;
        if (*code == FHIRTRIAL_E_CONFIG) add_fault(&w, &c->landing.fault, "too-long");
    }
    found->arena->landing = outer;
    if (*code == FHIRTRIAL_OK) return c;
    configuration_drop(c);
    return NULL;
}

configuration *configuration_take(instance *instance) {
    pthread_mutex_lock(&instance->lock);
    configuration *c = instance->current;
    atomic_fetch_add(&c->users, 1);
    pthread_mutex_unlock(&instance->lock);
    return c;
}

const study *configuration_study(const configuration *c, str id) {
    for (isize i = 0; i < mappings_study_count(c->mappings); i++)
        if (str_eq(study_id(mappings_study(c->mappings, i)), id))
            return mappings_study(c->mappings, i);
    return NULL;
}

void configuration_drop(configuration *c) {
    if (!c || atomic_fetch_sub(&c->users, 1) != 1) return;
    arena_release(&c->arena);
    explicit_bzero(c->site_key, sizeof c->site_key);
    free(c);
}
