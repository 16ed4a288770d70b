/* SPDX-License-Identifier: Apache-2.0 */
/* The type of what `repeat` reaches: its paths run on the element at hand and on everything they
 * reach (SQL on FHIR v2, Process, repeat). Where all of that is of one type, what stands below the
 * repeat is checked against it like any other path. */
#include "view/plan.h"

enum { TYPES_MOST = 16 };

typedef struct reaching {
    model_type roots[TYPES_MOST]; /* the element at hand, then what was reached */
    isize n;
    bool open; /* something of no known type was reached */
} reaching;

static void reach(reaching *r, model_type type) {
    for (isize i = 1; i < r->n; i++)
        if (r->roots[i] == type) return;
    if (type == TYPE_NONE || r->n == TYPES_MOST)
        r->open = true;
    else
        r->roots[r->n++] = type;
}

/* Whether the path means something on a value of the type; `found` gets why it does not. */
static bool means_something(planner *p, const json *path, model_type root, problems *found,
                            reaching *r) {
    problems *said = p->found;
    p->found = found;
    const program *compiled = plan_path(p, path, root);
    p->found = said;
    if (compiled) reach(r, path_result_type(compiled));
    return compiled != NULL;
}

model_type plan_repeat_type(planner *p, const json *paths, model_type focus) {
    enum { PATHS_MOST = 64 };
    bool meant[PATHS_MOST] = {false};
    problems first[PATHS_MOST];
    reaching r = {.roots = {focus}, .n = 1};
    if (focus == TYPE_NONE || !p->environment->strict || paths->count > PATHS_MOST)
        return TYPE_NONE;
    for (isize root = 0; root < r.n; root++) {
        isize i = 0;
        for (const json *path = paths->child; path; path = path->next, i++) {
            problems found = problems_new(p->arena);
            bool here = means_something(p, path, r.roots[root], &found, &r);
            meant[i] = meant[i] || here;
            if (root == 0) first[i] = found;
        }
    }
    for (isize i = 0; i < paths->count; i++)
        for (isize k = 0; !meant[i] && k < first[i].n; k++)
            problems_add(p->found, first[i].list[k]);
    return r.n == 2 && !r.open ? r.roots[1] : TYPE_NONE;
}
