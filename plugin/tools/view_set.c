/* SPDX-License-Identifier: Apache-2.0 */
/* Files to compiled views. */
#include "tools/view_set.h"

#include "files/files.h"
#include "tools/engine.h"
#include "tools/tools.h"

#include <string.h>
#include <sys/stat.h>

enum { SET_ARENA = 1 << 30 };

void view_set_init(view_set *s) { arena_init(&s->arena, SET_ARENA, &s->landing); }
void view_set_free(view_set *s) { arena_release(&s->arena); }

typedef struct question {
    view_set *set;
    const char *path;
    bool yes;
} question;

static void is_view_step(void *state) {
    question *q = state;
    str text;
    fault fault;
    const json *root;
    arena *a = &q->set->arena;
    q->yes = files_read(a, (str){0}, str_from(q->path), LIMIT_CONFIG_BYTES, &text, &fault) &&
             json_read(a, text, &root, &fault) && root->kind == JSON_OBJECT &&
             json_get(root, "select") != NULL;
}

/* A pipe is not opened here: who writes to it would find its reader gone. */
bool view_set_is_view(view_set *s, const char *path) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    question q = {s, path, false};
    arena_mark mark = arena_here(&s->arena);
    bool yes = guarded(&s->landing, is_view_step, &q) && q.yes;
    arena_rewind(&s->arena, mark);
    return yes;
}

/* --- loading --- */
static bool load_mappings(view_set *s) {
    s->model = model_r4();
    if (!s->mappings) return true;
    const mappings *set = tool_mappings(&s->arena, "view", s->mappings);
    if (!set) return false;
    s->terminology = mappings_terminology(set);
    s->model = mappings_model(set);
    return true;
}

/* A view that was written for a mapping set may use what only the set gives. */
static void tell_of_mappings(const view_set *s, const problems *found) {
    if (s->mappings) return;
    for (isize i = 0; i < found->n; i++) {
        str text = found->list[i].text;
        if (str_find(text, S("none are loaded"), 0) < 0 && !str_starts(text, S("there is no %")))
            continue;
        fputs(
            "fhirtrial view: a view of a mapping set has its value sets and concept maps, and may "
            "use the columns above a path, only with --mappings FOLDER\n",
            stderr);
        return;
    }
}

static bool load_view(view_set *s, isize index) {
    const char *path = s->paths[index];
    str text;
    fault fault;
    const json *root;
    if (!files_read(&s->arena, (str){0}, str_from(path), LIMIT_CONFIG_BYTES, &text, &fault)) {
        fprintf(stderr, "fhirtrial view: %s\n", fault.text);
        return false;
    }
    problems found = problems_new(&s->arena);
    view_environment environment = {
        .model = s->model, .terminology = s->terminology, .strict = s->mappings != NULL};
    if (json_read(&s->arena, text, &root, &fault))
        s->views[index] = view_compile(&s->arena, &environment, root, str_from(path), &found);
    else
        problems_add(&found, (problem){.level = PROBLEM_ERROR,
                                       .code = "invalid",
                                       .at = fault.at,
                                       .text = str_from(fault.text)});
    for (isize i = 0; i < found.n; i++) tool_print_problem(stderr, path, text, &found.list[i]);
    if (!s->views[index]) tell_of_mappings(s, &found);
    return s->views[index] != NULL;
}

static void load_step(void *state) {
    view_set *s = state;
    bool ok = load_mappings(s);
    for (isize i = 0; ok && i < s->n; i++) ok = load_view(s, i);
    if (!ok)
        s->n = 0;
    else
        s->keep = engine_projection(&s->arena, s->views, s->n);
}

bool view_set_load(view_set *s) {
    if (guarded(&s->landing, load_step, s)) return s->n > 0;
    fprintf(stderr, "fhirtrial view: %s\n", s->landing.fault.text);
    return false;
}

/* --- texts to search for --- */
static void add_literal(void *self, str text) { literals_add(self, text); }

typedef struct gathering {
    view_set *set;
    literals *all;
    isize without; /* a view that needs no text; -1: there is none */
} gathering;

static void gather_step(void *state) {
    gathering *g = state;
    g->all = literals_new(&g->set->arena);
    for (isize i = 0; i < g->set->n && g->without < 0; i++)
        if (!view_literals(g->set->views[i], add_literal, g->all)) g->without = i;
}

const literals *view_set_literals(view_set *s) {
    gathering g = {s, NULL, -1};
    if (!guarded(&s->landing, gather_step, &g)) {
        fprintf(stderr, "fhirtrial view: %s\n", s->landing.fault.text);
        return NULL;
    }
    if (g.without >= 0)
        fprintf(stderr,
                "%s: warning: --trusted has no effect: no text has to stand in every resource that "
                "gives a row\n",
                s->paths[g.without]);
    else if (!literals_usable(g.all))
        fprintf(stderr, "fhirtrial view: warning: --trusted has no effect: JSON can spell a text "
                        "that has to stand in the resources in several ways, or it is too short, "
                        "or there are too many\n");
    else
        return g.all;
    return NULL;
}

str view_set_name(const view_set *s, isize view) {
    str name = view_name(s->views[view]);
    if (name.n) return name;
    const char *slash = strrchr(s->paths[view], '/');
    name = str_from(slash ? slash + 1 : s->paths[view]);
    isize dot = str_find_byte(name, '.', 1);
    return dot < 0 ? name : str_slice(name, 0, dot);
}

/* --- explaining --- */
static void explain_step(void *state) {
    view_set *s = state;
    for (isize i = 0; i < s->n; i++) {
        buf out = buf_new(&s->arena, SET_ARENA / 4, "the explanation");
        view_explain(s->views[i], &out);
        fwrite(out.p, 1, (size_t)out.n, stdout);
    }
}

void view_set_explain(view_set *s) {
    if (!guarded(&s->landing, explain_step, s))
        fprintf(stderr, "fhirtrial view: %s\n", s->landing.fault.text);
}
