/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the spelling of FHIR resources among the mapping files (ValueSet, ConceptMap) against the
 * R4 model, so that a misspelt element is an error and not silence. */
#include "trial/set.h"

static bool any_member(str name) {
    return str_eq(name, S("resourceType")) || str_eq(name, S("fhir_comments"));
}

static str suggestion(loader *l, model_type type, str name) {
    model_element *elements;
    isize n = model_elements(l->set->model, type, l->arena, &elements);
    str *names = arena_new(l->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = model_key_name(l->set->model, elements[i].key);
    str near = problem_nearest(name, names, n);
    if (near.n == 0) return S("remove it, or see the R4 definition of this element");
    return arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near));
}

static void lint_value(loader *l, const set_file *file, const json *value, model_type type) {
    if (value->kind == JSON_ARRAY)
        for (const json *child = value->child; child; child = child->next)
            lint_value(l, file, child, type);
    else if (value->kind == JSON_OBJECT)
        set_lint(l, file, value, type);
}

void set_lint(loader *l, const set_file *file, const json *object, model_type type) {
    if (type == TYPE_NONE || model_is_primitive(l->set->model, type)) return;
    for (const json *member = object->child; member; member = member->next) {
        if (any_member(member->name)) continue;
        str name = member->name;
        if (name.n > 1 && name.p[0] == '_') name = str_slice(name, 1, name.n);
        model_element element;
        model_type child;
        if (!model_member(l->set->model, type, name, &element, &child)) {
            set_problem(l, PROBLEM_ERROR, file, member, "structure",
                        arena_printf(l->arena, "%.*s has no element \"%.*s\"",
                                     STR_ARGS(model_type_name(l->set->model, type)),
                                     STR_ARGS(member->name)),
                        suggestion(l, type, name));
            continue;
        }
        if (!element.resource && name.n == member->name.n) lint_value(l, file, member, child);
    }
}
