/* SPDX-License-Identifier: Apache-2.0 */
/* check_calls.c: function calls against the rows of calls.def, and the few functions whose type is
 * more than a row can say. */
#include "fhir/model_ids.h"
#include "path/calls.h"
#include "path/check.h"
#include "path/environment.h"

static const char *const refused[] = {"subsumes", "subsumedBy",     "elementDefinition",
                                      "slice",    "checkModifiers", "hasTemplateIdOf"};

static void unknown_call(checker *c, const ast *a) {
    for (isize i = 0; i < COUNT_OF(refused); i++) {
        if (!str_eq(a->name, str_from(refused[i]))) continue;
        check_error(c, a->at, arena_printf(c->arena, "%s() is not supported", refused[i]),
                    S("it needs definitions or a code system that are not loaded; use memberOf()"));
        return;
    }
    str names[CALL_COUNT];
    for (int i = 0; i < CALL_COUNT; i++) names[i] = str_from(call_table[i].name);
    str near = problem_nearest(a->name, names, CALL_COUNT);
    check_error(c, a->at, arena_printf(c->arena, "there is no function %.*s()", STR_ARGS(a->name)),
                near.n ? arena_printf(c->arena, "did you mean %.*s()?", STR_ARGS(near))
                       : S("docs/fhirpath.md lists the functions"));
}

static bool arity_fits(checker *c, const ast *a, const call_row *row) {
    if (a->argc >= row->least && a->argc <= row->most) return true;
    str wants = row->least == row->most ? arena_printf(c->arena, "%d", row->least)
                : row->most >= MAX_ARGUMENTS - 1 && a->argc < row->least
                    ? arena_printf(c->arena, "at least %d", row->least)
                    : arena_printf(c->arena, "%d to %d", row->least, row->most);
    check_error(c, a->at,
                arena_printf(c->arena, "%s() takes %.*s argument(s), not %d", row->name,
                             STR_ARGS(wants), a->argc),
                S("add or remove arguments"));
    return false;
}

static int letter_kind(char letter) {
    switch (letter) {
    case 's': return ITEM_STRING;
    case 'i': return ITEM_INTEGER;
    case 'n': return ITEM_QUANTITY;
    default: return -1;
    }
}

/* A single input or argument of a known kind. */
static void check_letter(checker *c, const ast *a, char letter, const char *what) {
    if (letter == '*' || letter == '-' || letter == 'c' || letter == 'e' || letter == 't') return;
    check_single(c, a, what);
    int kind = letter_kind(letter);
    bool never = kind >= 0 && static_never(c->model, a->type, kind);
    if (letter == 'w')
        never = static_never(c->model, a->type, ITEM_DATETIME) &&
                static_never(c->model, a->type, ITEM_TIME);
    /* No data can make it right: an error in either mode. */
    if (never)
        check_error(c, a->at,
                    arena_printf(c->arena, "%s cannot be %.*s", what,
                                 STR_ARGS(static_name(c->arena, c->model, a->type))),
                    S("take an element of the right type, or convert it"));
}

/* The context that a function's expression argument runs in. */
static context part_context(call_id id, const ast *a, const context *outer) {
    context ctx = *outer;
    if (id == CALL_ID_coalesce) return ctx;
    ctx.focus = a->left->type;
    if (id == CALL_ID_defineVariable) return ctx;
    ctx.focus.many = false;
    ctx.counts = ctx.counts || (id != CALL_ID_iif && id != CALL_ID_trace);
    ctx.totals = ctx.totals || id == CALL_ID_aggregate;
    return ctx;
}

static void check_arguments(checker *c, ast *a, call_id id, const context *outer) {
    const call_row *row = &call_table[id];
    context inner = part_context(id, a, outer);
    int i = 0;
    for (ast *arg = a->args; arg; arg = arg->next, i++) {
        char letter = call_argument(row, i);
        int visible = c->visible;
        if (letter == 't') {
            check_type_name(c, arg);
            continue;
        }
        check_node(c, arg, letter == 'e' ? &inner : outer);
        c->visible = visible;
        check_letter(c, arg, letter, arena_printf(c->arena, "an argument of %s()", row->name).p);
    }
}

static static_type letter_type(char gives, const ast *a) {
    switch (gives) {
    case 'b': return static_value(ITEM_BOOLEAN);
    case 'i': return static_value(ITEM_INTEGER);
    case 'l': return static_value(ITEM_LONG);
    case 'd': return static_value(ITEM_DECIMAL);
    case 's': return static_value(ITEM_STRING);
    case 'D': return static_value(ITEM_DATE);
    case 'M': return static_value(ITEM_DATETIME);
    case 'T': return static_value(ITEM_TIME);
    case 'q': return static_value(ITEM_QUANTITY);
    case 'k': return static_value(ITEM_CODING);
    case 'y': return static_value(ITEM_TYPE);
    case '=': return a->left->type;
    case 'e': return a->args->type;
    case 't': return check_named_type(a->args);
    default: return static_any();
    }
}

static void result_type(ast *a, const call_row *row) {
    a->type = letter_type(row->gives, a);
    a->type.many = row->cardinality == '*' || (row->cardinality == '=' && a->left->type.many);
    a->type.unordered = (row->flags & CALL_UNORDERED) ||
                        ((row->gives == '=' || row->gives == 't') && a->left->type.unordered);
}

/* --- the ones with rules of their own --- */
/* Of several items that are no Booleans no data makes a condition: an error in either mode. */
static void check_condition(checker *c, const ast *a) {
    if (a->type.many && static_never(c->model, a->type, ITEM_BOOLEAN))
        check_error(c, a->at, S("the condition of iif() needs one Boolean"),
                    S("write exists() or a comparison"));
    else
        check_boolean(c, a, "the condition of iif()");
}

static void check_branches(checker *c, ast *a, call_id id) {
    ast *first = a->args;
    if (id == CALL_ID_iif) {
        check_single(c, a->left, "iif()");
        check_condition(c, first);
        first = first->next;
    }
    a->type = first->type;
    for (const ast *arg = first->next; arg; arg = arg->next)
        a->type = static_join(a->type, arg->type);
}

/* --- repeat() --- */
/* Where the findings stood before the body of repeat() was checked. */
typedef struct before {
    isize n, errors;
    int unknown;
    bool failed;
} before;

static before remember(const checker *c) {
    return (before){c->reporter->found->n, c->reporter->found->errors, c->unknown, c->failed};
}

static void forget_since(checker *c, before b) {
    if (c->visits > MOST_VISITS) return; /* that finding must stay */
    c->reporter->found->n = b.n;
    c->reporter->found->errors = b.errors;
    c->failed = b.failed;
}

static bool all_known(const ast *a) {
    if (!a) return true;
    if (a->kind == AST_MEMBER && !a->known) return false;
    for (const ast *arg = a->args; arg; arg = arg->next)
        if (!all_known(arg)) return false;
    return all_known(a->left) && all_known(a->right);
}

static void check_body(checker *c, ast *a, const context *outer, static_type focus) {
    context inner = part_context(CALL_ID_repeat, a, outer);
    int visible = c->visible;
    inner.focus = focus;
    inner.focus.many = false;
    check_node(c, a->args, &inner);
    c->visible = visible;
}

/* What the expression gives must accept the expression again. A name that only one of the types on
 * the way has is right (QuestionnaireResponse.repeat(item | answer)), and found when it runs. So
 * both are tried first, without strictness, which ends at the first finding. */
static void check_repeat(checker *c, ast *a, const context *outer) {
    before b = remember(c);
    c->trial++;
    check_body(c, a, outer, a->left->type);
    check_body(c, a, outer, a->args->type);
    c->trial--;
    bool alike = c->unknown == b.unknown, known = all_known(a->args);
    forget_since(c, b);
    if (alike || !known) check_body(c, a, outer, a->left->type);
    static_type once = a->args->type;
    before rest = remember(c);
    check_body(c, a, outer, alike ? once : static_any());
    if (!alike && !known) forget_since(c, rest);
    a->type = static_same(once, a->args->type) ? once : static_any();
    a->type.many = true;
    a->type.unordered = false;
}

static void check_define(checker *c, ast *a) {
    const ast *name = a->args;
    if (name->kind != AST_LITERAL || name->literal.kind != ITEM_STRING) {
        check_error(c, name->at, S("defineVariable() needs its name as a String literal"),
                    S("write defineVariable('name', expression)"));
        return;
    }
    str text = name->literal.text, ignored;
    bool taken = environment_text(c->arena, text, &ignored) || str_eq(text, S("resource")) ||
                 str_eq(text, S("rootResource")) || str_eq(text, S("context")) ||
                 str_eq(text, S("rowIndex"));
    for (int i = 0; i < c->visible; i++) taken = taken || str_eq(text, c->defined[i].name);
    for (isize i = 0; i < c->environment->constant_count; i++)
        taken = taken || str_eq(text, c->environment->constants[i].name);
    bool full = (c->slots == MAX_VARIABLES && !a->known) || c->visible == MAX_VARIABLES;
    if (taken || full) {
        check_error(c, name->at,
                    taken ? arena_printf(c->arena, "%%%.*s is defined already", STR_ARGS(text))
                          : S("limit: more than 64 variables in one expression"),
                    S("choose another name"));
        return;
    }
    if (!a->known) a->variable = c->slots++;
    a->known = true; /* the body of repeat() is checked several times */
    c->defined[c->visible++] =
        (defined){text, name->next ? name->next->type : a->left->type, a->variable};
}

/* A value set or concept map named by a literal must be loaded. */
static void check_terminology(checker *c, ast *a, call_id id) {
    const path_terminology *t = c->environment->terminology;
    const ast *url = a->args;
    if (!t) {
        check_error(c, a->at,
                    arena_printf(c->arena,
                                 "%s() needs value sets and concept maps, and none are loaded",
                                 call_table[id].name),
                    S("they come with a folder of mappings: name it with --mappings"));
        return;
    }
    str text = {0};
    if (url->kind == AST_LITERAL || (url->kind == AST_VARIABLE && url->source == VARIABLE_LITERAL))
        text = url->literal.text;
    if (text.n == 0) return;
    bool known = id == CALL_ID_memberOf ? t->has_value_set(t->self, text)
                                        : t->has_concept_map(t->self, text);
    if (!known)
        check_strict(c, url->at,
                     arena_printf(c->arena, "the %s \"%.*s\" is not loaded",
                                  id == CALL_ID_memberOf ? "value set" : "concept map",
                                  STR_ARGS(text)),
                     S("correct the url, or add the file to the mappings"));
}

static void check_criteria(checker *c, ast *a, call_id id) {
    if (a->args && (id == CALL_ID_where || id == CALL_ID_exists || id == CALL_ID_all))
        check_boolean(c, a->args, arena_printf(c->arena, "%s()", call_table[id].name).p);
}

static void check_special(checker *c, ast *a, call_id id) {
    switch (id) {
    case CALL_ID_where:
    case CALL_ID_exists:
    case CALL_ID_all: check_criteria(c, a, id); break;
    case CALL_ID_select:
        a->type.many = a->left->type.many || a->args->type.many;
        a->type.unordered = a->left->type.unordered;
        break;
    case CALL_ID_iif:
    case CALL_ID_coalesce: check_branches(c, a, id); break;
    case CALL_ID_union:
    case CALL_ID_combine:
        a->type = static_join(a->left->type, a->args->type);
        a->type.many = true;
        /* combine(other, preserveOrder); union() is `|`, whose order the R4 suite counts on. */
        a->type.unordered = id == CALL_ID_combine && a->argc == 1;
        break;
    case CALL_ID_defineVariable: check_define(c, a); break;
    case CALL_ID_extension:
        a->type = static_node(TYPE_Extension);
        a->type.many = true;
        break;
    case CALL_ID_memberOf:
    case CALL_ID_translate: check_terminology(c, a, id); break;
    case CALL_ID_getValue:
        if (static_kind(a->left->type) >= 0) a->type = static_value(static_kind(a->left->type));
        break;
    case CALL_ID_not: check_boolean(c, a->left, "not()"); break;
    default: break;
    }
}

void check_call(checker *c, ast *a, const context *ctx) {
    check_node(c, a->left, ctx);
    a->type = static_any();
    int found = call_find(a->name);
    if (found < 0) {
        unknown_call(c, a);
        return;
    }
    a->target = found;
    const call_row *row = &call_table[found];
    if (!arity_fits(c, a, row)) return;
    check_letter(c, a->left, row->input, arena_printf(c->arena, "the input of %s()", row->name).p);
    if ((row->flags & CALL_ORDERED) && a->left->type.unordered)
        check_strict(
            c, a->at,
            arena_printf(c->arena, "%s() needs an order, and its input has none", row->name),
            S("sort() it first, or choose the item with where(...)"));
    bool repeats = found == CALL_ID_repeat || found == CALL_ID_repeatAll;
    if (repeats)
        check_repeat(c, a, ctx);
    else
        check_arguments(c, a, (call_id)found, ctx);
    if (row->flags & CALL_NOW) c->uses_now = true;
    if (!(row->flags & CALL_SHAREABLE)) c->not_shareable = true;
    if (c->failed || repeats) return;
    result_type(a, row);
    check_special(c, a, (call_id)found);
}
