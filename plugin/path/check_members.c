/* SPDX-License-Identifier: Apache-2.0 */
/* check_members.c: names of types and of elements, against the model. */
#include "fhir/model_ids.h"
#include "path/check.h"
#include "path/machine.h"

/* --- names of types --- */
static bool system_kind(str name, uint32_t *kind) {
    static const struct {
        const char *name;
        uint32_t kind;
    } kinds[] = {{"Boolean", ITEM_BOOLEAN},   {"String", ITEM_STRING},
                 {"Integer", ITEM_INTEGER},   {"Long", ITEM_LONG},
                 {"Decimal", ITEM_DECIMAL},   {"Date", ITEM_DATE},
                 {"DateTime", ITEM_DATETIME}, {"Time", ITEM_TIME},
                 {"Quantity", ITEM_QUANTITY}, {"Any", SYSTEM_ANY}};
    for (isize i = 0; i < COUNT_OF(kinds); i++) {
        if (!str_eq(name, str_from(kinds[i].name))) continue;
        *kind = kinds[i].kind;
        return true;
    }
    return false;
}

/* The written name: the namespace, or empty, and the rest with its dots. */
static void type_parts(checker *c, const ast *a, str *space, str *name) {
    const ast *chain[4];
    int n = 0;
    *space = *name = (str){0};
    for (; a && a->kind == AST_MEMBER && n < 4; a = a->left) chain[n++] = a;
    if (n == 0 || n == 4 || (a && !(a->kind == AST_THIS && a->implied))) return;
    int i = n - 1;
    if (n > 1 && (str_eq(chain[i]->name, S("System")) || str_eq(chain[i]->name, S("FHIR"))))
        *space = chain[i--]->name;
    *name = chain[i--]->name;
    for (; i >= 0; i--)
        *name = arena_printf(c->arena, "%.*s.%.*s", STR_ARGS(*name), STR_ARGS(chain[i]->name));
}

static void report_unknown_type(checker *c, const ast *a) {
    check_strict(c, a->at, a->name,
                 S("use a FHIR R4 type or one of Boolean String Integer Long Decimal Date DateTime "
                   "Time Quantity"));
}

/* A name that stands for no type: FHIRPath has it fail when it is evaluated. */
static void unknown_type(checker *c, ast *a, str name) {
    a->name = arena_printf(c->arena, "there is no type \"%.*s\"", STR_ARGS(name));
    report_unknown_type(c, a);
    a->kind = AST_REFUSED;
    a->type = static_any();
}

void check_type_name(checker *c, ast *a) {
    str space, name;
    /* Seen before: the body of repeat() is checked several times. */
    if (a->kind == AST_LITERAL && a->literal.kind == ITEM_TYPE) return;
    if (a->kind == AST_REFUSED) {
        report_unknown_type(c, a);
        return;
    }
    type_parts(c, a, &space, &name);
    item t = {.kind = ITEM_TYPE, .text = name, .node = SYSTEM_NONE};
    bool system = system_kind(name, &t.node);
    if (!str_eq(space, S("System"))) t.type = model_find_type(c->model, name);
    if (str_eq(space, S("FHIR"))) {
        t.node = SYSTEM_NONE;
        t.scale = NAMESPACE_FHIR;
    } else if (str_eq(space, S("System"))) {
        t.scale = NAMESPACE_SYSTEM; /* System.Patient exists nowhere: nothing is of that type */
    } else {
        t.scale = t.type == TYPE_NONE ? NAMESPACE_SYSTEM
                  : system            ? NAMESPACE_EITHER
                                      : NAMESPACE_FHIR;
    }
    if (name.n == 0) {
        check_error(c, a->at, S("a type name is needed here"), S("write a type such as Quantity"));
    } else if (t.type == TYPE_NONE && !str_eq(space, S("System")) &&
               (!system || str_eq(space, S("FHIR")))) {
        unknown_type(c, a, name);
        return;
    }
    a->kind = AST_LITERAL;
    a->literal = t;
    a->type = static_value(ITEM_TYPE);
}

static_type check_named_type(const ast *a) {
    if (a->kind != AST_LITERAL) return static_any();
    if (a->literal.type != TYPE_NONE) return static_node(a->literal.type);
    if (a->literal.node == SYSTEM_ANY) return static_any();
    if (a->literal.node != SYSTEM_NONE) return static_value((int)a->literal.node);
    return (static_type){.kind = STATIC_EMPTY};
}

/* --- members --- */
static str nearest_element(checker *c, model_type type, str name) {
    model_element *list;
    isize n = model_elements(c->model, type, c->arena, &list);
    str *names = arena_new(c->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = model_key_name(c->model, list[i].key);
    return problem_nearest(name, names, n);
}

/* Elements that nearly every type has: they help nobody who looks for another. */
static bool common_element(str name) {
    static const str names[] = {
        S_INIT("id"),       S_INIT("extension"),     S_INIT("modifierExtension"), S_INIT("meta"),
        S_INIT("language"), S_INIT("implicitRules"), S_INIT("contained")};
    for (isize i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, names[i])) return true;
    return false;
}

enum { ELEMENTS_SHOWN = 12 };

/* What a type does have: of the record the views, of a view its columns. */
static str elements_of(checker *c, model_type type) {
    model_element *list;
    isize n = type == TYPE_NONE ? 0 : model_elements(c->model, type, c->arena, &list), shown = 0;
    buf all = buf_new(c->arena, LIMIT_CONFIG_BYTES, "a list of elements");
    for (isize i = 0; i < n && shown <= ELEMENTS_SHOWN; i++) {
        str name = model_key_name(c->model, list[i].key);
        if (common_element(name)) continue;
        buf_add(&all, shown ? S(", ") : S("it has "));
        buf_add(&all, shown == ELEMENTS_SHOWN ? S("...") : name);
        shown++;
    }
    return shown ? buf_str(&all) : S("use an element of the FHIR R4 definition");
}

static void unknown_element(checker *c, ast *a, str of, model_type type) {
    a->target = TARGET_NOTHING;
    a->type = (static_type){.kind = STATIC_EMPTY};
    c->unknown++;
    str nearest = type == TYPE_NONE ? (str){0} : nearest_element(c, type, a->name);
    check_strict(
        c, a->at,
        arena_printf(c->arena, "%.*s has no element \"%.*s\"", STR_ARGS(of), STR_ARGS(a->name)),
        nearest.n ? arena_printf(c->arena, "did you mean \"%.*s\"?", STR_ARGS(nearest))
                  : elements_of(c, type));
}

static static_type element_type(model_type owner, const model_element *e) {
    static_type t = static_node(e->type);
    if (e->choices > 0) t = (static_type){.kind = STATIC_CHOICE, .type = owner, .key = e->key};
    if (e->resource) t = static_node(TYPE_Resource);
    t.many = e->many;
    return t;
}

/* FHIR R4 fhirpath.html, "Polymorphism": the choice is one element without its type's name. */
static bool choice_spelling(checker *c, ast *a, model_type type) {
    model_element e;
    model_type stands;
    if (!model_member(c->model, type, a->name, &e, &stands) || e.choices == 0) return false;
    str key = model_key_name(c->model, e.key), name = model_type_name(c->model, stands);
    a->target = TARGET_NOTHING;
    a->type = (static_type){.kind = STATIC_EMPTY};
    check_error(c, a->at,
                arena_printf(c->arena,
                             "\"%.*s\" is how JSON spells a choice; FHIRPath has no such element",
                             STR_ARGS(a->name)),
                arena_printf(c->arena, "write %.*s.ofType(%.*s)", STR_ARGS(key), STR_ARGS(name)));
    return true;
}

static void member_of_node(checker *c, ast *a, static_type left) {
    model_element e;
    if (model_element_of(c->model, left.type, a->key, &e)) {
        a->type = element_type(left.type, &e);
    } else if (model_is_abstract(c->model, left.type) && a->key != KEY_NONE) {
        a->type = static_any();
        a->type.many = true;
    } else if (!choice_spelling(c, a, left.type)) {
        unknown_element(c, a, model_type_name(c->model, left.type), left.type);
    }
}

static void member_of_choice(checker *c, ast *a, static_type left) {
    bool found = false;
    for (int i = 0;; i++) {
        model_element e;
        model_type type = model_choice(c->model, left.type, left.key, i);
        if (type == TYPE_NONE) break;
        if (!model_element_of(c->model, type, a->key, &e)) continue;
        static_type t = element_type(type, &e);
        a->type = found ? static_join(a->type, t) : t;
        found = true;
    }
    if (!found) unknown_element(c, a, static_name(c->arena, c->model, left), TYPE_NONE);
}

static void member_of_value(checker *c, ast *a, static_type left) {
    static const struct {
        item_kind kind;
        const char *name;
        item_kind gives;
    } parts[] = {{ITEM_QUANTITY, "value", ITEM_DECIMAL}, {ITEM_QUANTITY, "unit", ITEM_STRING},
                 {ITEM_QUANTITY, "code", ITEM_STRING},   {ITEM_TYPE, "name", ITEM_STRING},
                 {ITEM_TYPE, "namespace", ITEM_STRING},  {ITEM_CODING, "system", ITEM_STRING},
                 {ITEM_CODING, "code", ITEM_STRING},     {ITEM_CODING, "display", ITEM_STRING}};
    for (isize i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].kind != left.item || !str_eq(a->name, str_from(parts[i].name))) continue;
        a->target = TARGET_VALUE_PART;
        a->type = static_value(parts[i].gives);
        return;
    }
    unknown_element(c, a, static_name(c->arena, c->model, left), TYPE_NONE);
}

/* The type's name at the head of an expression: `Patient.name` on a Patient. */
static bool root_name(checker *c, ast *a, static_type focus) {
    model_type named = model_find_type(c->model, a->name), have = focus.type;
    model_element e;
    if (a->left->kind != AST_THIS || !a->left->implied || named == TYPE_NONE) return false;
    if (focus.kind == STATIC_NODE && model_element_of(c->model, have, a->key, &e)) return false;
    if (focus.kind != STATIC_NODE && focus.kind != STATIC_ANY) return false;
    bool capital = a->name.p[0] >= 'A' && a->name.p[0] <= 'Z';
    if (!capital) return false;
    a->target = TARGET_ROOT;
    a->literal = (item){.kind = ITEM_TYPE,
                        .text = a->name,
                        .type = named,
                        .node = SYSTEM_NONE,
                        .scale = NAMESPACE_FHIR};
    bool narrower = focus.kind == STATIC_ANY || model_is_a(c->model, named, have);
    if (!narrower && !model_is_a(c->model, have, named)) {
        check_strict(c, a->at,
                     arena_printf(c->arena, "this expression runs on %.*s, not on %.*s",
                                  STR_ARGS(model_type_name(c->model, have)), STR_ARGS(a->name)),
                     S("begin with the type of the resource, or without one"));
        a->type = (static_type){.kind = STATIC_EMPTY};
        return true;
    }
    a->type = narrower ? static_node(named) : focus;
    a->type.many = focus.many;
    return true;
}

void check_member(checker *c, ast *a, const context *ctx) {
    check_node(c, a->left, ctx);
    static_type left = a->left->type;
    a->key = model_find_key(c->model, a->name);
    a->target = TARGET_ELEMENT;
    int unknown = c->unknown;
    if (root_name(c, a, left)) {
        a->known = true;
        return;
    }
    switch ((static_kind_of)left.kind) {
    case STATIC_NODE: member_of_node(c, a, left); break;
    case STATIC_CHOICE: member_of_choice(c, a, left); break;
    case STATIC_VALUE: member_of_value(c, a, left); break;
    case STATIC_EMPTY: a->type = left; break;
    default:
        a->type = static_any();
        a->type.many = true;
        if (a->key == KEY_NONE && !str_eq(a->name, S("namespace")))
            unknown_element(c, a, S("FHIR R4"), TYPE_NONE);
    }
    a->known = a->known || (unknown == c->unknown && left.kind != STATIC_EMPTY);
    a->type.many = a->type.many || left.many;
    a->type.unordered = left.unordered;
}
