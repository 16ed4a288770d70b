/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of the readers, with the place and the help that goes with them. */
#include "fhir/place.h"

#include "base/buf.h"
#include "fhir/model_ids.h"
#include "fhir/model_table.h"

enum { NAME_SHOWN = 64 /* bytes of a name that a text repeats */ };

/* A name short enough to be shown, cut at a character. */
static str cut(str name) {
    if (name.n <= NAME_SHOWN) return name;
    isize n = NAME_SHOWN;
    while (n > 0 && ((uint8_t)name.p[n] & 0xC0) == 0x80) n--;
    return (str){name.p, n};
}

/* A control character would begin a line of a log, or command a terminal. */
static char visible(char c) { return (uint8_t)c < 0x20 || c == 0x7F ? '?' : c; }

static str shown(str name, arena *a) {
    name = cut(name);
    char *copy = arena_new(a, char, name.n);
    for (isize i = 0; i < name.n; i++) copy[i] = visible(name.p[i]);
    return (str){copy, name.n};
}

static void add_pointer(const place *p, buf *out) {
    if (!p || !p->up) return;
    add_pointer(p->up, out);
    buf_byte(out, '/');
    str name = cut(p->name);
    for (isize i = 0; i < name.n; i++)
        if (name.p[i] == '~')
            buf_add(out, S("~0"));
        else if (name.p[i] == '/')
            buf_add(out, S("~1"));
        else
            buf_byte(out, visible(name.p[i]));
    if (p->index >= 0) buf_printf(out, "/%d", p->index);
}

str place_pointer(const place *p, arena *a) {
    buf out = buf_new(a, LIMIT_STRING_BYTES, "a JSON pointer");
    add_pointer(p, &out);
    return buf_str(&out);
}

/* True when the list takes no more: then the finding is counted without the cost of its text. */
static bool full(problems *found) {
    if (found->n < LIMIT_PROBLEMS) return false;
    problems_add(found, (problem){.level = PROBLEM_ERROR});
    return true;
}

void place_problem(problems *found, const place *p, isize at, const char *code, str text,
                   str remedy) {
    if (!found || full(found)) return;
    str pointer = place_pointer(p, found->arena);
    problems_add(found, (problem){.level = PROBLEM_ERROR,
                                  .code = code,
                                  .at = at,
                                  .place = pointer,
                                  .text = text,
                                  .remedy = remedy});
}

/* Help for an unknown member: its likely spelling, or the rule that was missed. */
static str remedy_for_member(const model *m, model_type type, str name, arena *a) {
    if (model_is_primitive(m, type))
        return S("beside a primitive only id and extension may stand; the value itself belongs "
                 "into the member without the underscore");
    const model_spelling *found = model_lookup(m, type, name);
    if (found && (found->flags & MEMBER_CHOICE))
        return S("the element has a choice of types: spell it with its type, such as "
                 "valueQuantity");
    str *names;
    isize n = model_spellings(m, type, a, &names);
    str near = problem_nearest(name, names, n);
    if (near.n) return arena_printf(a, "did you mean \"%.*s\"?", STR_ARGS(near));
    return S("remove it, or send it as an extension");
}

void place_unknown(problems *found, const place *p, isize at, const model *m, model_type type) {
    if (!found) return;
    if (full(found)) return;
    arena *a = found->arena;
    str name = shown(p->name, a), type_name = model_type_name(m, type);
    str bare = str_starts(name, S("_")) ? str_slice(name, 1, name.n) : name;
    place_problem(found, p, at, "structure",
                  arena_printf(a, "%.*s has no element \"%.*s\" in FHIR R4", STR_ARGS(type_name),
                               STR_ARGS(name)),
                  remedy_for_member(m, type, bare, a));
}

str place_resource_remedy(const model *m, str type, arena *a) {
    str *names = arena_new(a, str, TYPE_R4_COUNT);
    isize n = 0;
    for (model_type t = 1; t < TYPE_R4_COUNT; t++)
        if (model_is_resource(m, t) && !model_is_abstract(m, t)) names[n++] = model_type_name(m, t);
    str near = problem_nearest(type, names, n);
    if (near.n) return arena_printf(a, "did you mean \"%.*s\"?", STR_ARGS(near));
    return S("use one of the resource types of FHIR R4 (4.0.1)");
}

void place_unknown_resource(problems *found, const place *p, isize at, const model *m, str type) {
    if (!found) return;
    if (full(found)) return;
    place_problem(found, p, at, "not-supported",
                  type.n ? S("resourceType is no resource type of FHIR R4")
                         : S("a resource has no resourceType"),
                  type.n ? place_resource_remedy(m, type, found->arena)
                         : S("add the member resourceType with the type's name"));
}
