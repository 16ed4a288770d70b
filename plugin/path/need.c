/* SPDX-License-Identifier: Apache-2.0 */
/* need.c: what has to stand in a resource for a condition to be true. The operations are followed
 * once, as in reach.c, but with facts instead of items: the place an operation's items come from,
 * the String constants it is, and the texts of which one has to be there for it to give an item, or
 * true. An answer may ask for too little, never for too much: what is not understood needs nothing.
 */
#include "fhir/model_ids.h"
#include "path/calls.h"

/* A way of keys from the focus of the program, the last one first. */
typedef struct way way;
struct way {
    const way *up;
    model_key key;
    isize n;
};

typedef struct texts texts;
struct texts {
    const texts *next;
    str text;
};

typedef struct fact {
    bool placed;     /* the items are elements at `at` (NULL: the focus itself) */
    model_type type; /* what they are, where that is known */
    const way *at;
    const texts *texts;     /* String constants, nothing else */
    const path_need *needs; /* NULL: nothing is known */
} fact;

typedef struct follower {
    arena *arena;
    const program *program;
    const collection *constants;
    isize constant_count;
    fact pile[STACK_COLLECTIONS];
    int depth;
} follower;

static fact follow(follower *f, uint32_t from, uint32_t to, fact focus);

static fact child(follower *f, fact parent, model_key key) {
    if (!parent.placed || key == KEY_NONE) return (fact){.needs = parent.needs};
    way *w = arena_new(f->arena, way, 1);
    *w = (way){parent.at, key, parent.at ? parent.at->n + 1 : 1};
    model_element element = {0};
    model_element_of(f->program->model, parent.type, key, &element);
    return (fact){.placed = true, .type = element.type, .at = w, .needs = parent.needs};
}

static fact along(follower *f, const op *o, fact from) {
    for (const step *s = &f->program->steps[o->b], *end = s + o->argc; s < end; s++) {
        if (!s->stays) from = child(f, from, s->key);
        if (s->only) from.type = s->only;
    }
    return from;
}

static fact constants_of(follower *f, const item *items, isize n) {
    const texts *all = NULL;
    for (isize i = 0; i < n; i++) {
        if (items[i].kind != ITEM_STRING) return (fact){0};
        texts *t = arena_new(f->arena, texts, 1);
        *t = (texts){all, items[i].text};
        all = t;
    }
    return (fact){.texts = all};
}

/* --- sets of needs --- */

static const path_need *either(follower *f, const path_need *a, const path_need *b) {
    if (!a || !b) return NULL;
    for (; a; a = a->next) {
        path_need *copy = arena_new(f->arena, path_need, 1);
        *copy = *a;
        copy->next = b;
        b = copy;
    }
    return b;
}

/* How well a set tells resources apart: few texts, none of which is an address. */
static isize cost(const path_need *n) {
    isize sum = 0;
    for (; n; n = n->next) sum += 2 + (str_find_byte(n->text, '/', 0) >= 0 ? 100 : 0);
    return sum;
}

/* Both have to hold: the one that tells more. */
static const path_need *better(const path_need *a, const path_need *b) {
    if (!a || !b) return a ? a : b;
    return cost(b) < cost(a) ? b : a;
}

/* Whether values of the type are Strings and compared as they are: string, uri and what derives
 * from them. */
static bool is_plain(const follower *f, model_type type) {
    const model *m = f->program->model;
    return model_is_a(m, type, TYPE_string) || model_is_a(m, type, TYPE_uri);
}

/* The items at a place equal one of the texts. */
static const path_need *equals(follower *f, fact a, fact b) {
    if (a.texts) {
        fact swap = a;
        a = b;
        b = swap;
    }
    const path_need *out = NULL;
    if (!a.placed || !a.at || !is_plain(f, a.type)) return a.needs;
    for (const texts *t = b.texts; t; t = t->next) {
        path_need *n = arena_new(f->arena, path_need, 1);
        model_key *keys = arena_new(f->arena, model_key, a.at->n);
        for (const way *w = a.at; w; w = w->up) keys[w->n - 1] = w->key;
        *n = (path_need){.next = out, .keys = keys, .n = a.at->n, .text = t->text};
        out = n;
    }
    return better(out, a.needs);
}

static const texts *joined(follower *f, const texts *a, const texts *b) {
    if (!a || !b) return NULL;
    for (; a; a = a->next) {
        texts *copy = arena_new(f->arena, texts, 1);
        *copy = (texts){b, a->text};
        b = copy;
    }
    return b;
}

/* --- operations --- */

static fact follow_call(follower *f, const op *o) {
    const op *ops = f->program->ops, *part = o + 1;
    f->depth -= o->argc - o->parts;
    fact input = f->pile[--f->depth], inside = input;
    inside.needs = NULL;
    switch ((call_id)o->a) {
    case CALL_ID_where:
    case CALL_ID_exists:
        if (o->parts) {
            fact condition = follow(f, (uint32_t)(part - ops) + 1, part->b, inside);
            input.needs = better(input.needs, condition.needs);
        }
        if (o->a == CALL_ID_exists) return (fact){.needs = input.needs};
        return input;
    case CALL_ID_first:
    case CALL_ID_last:
    case CALL_ID_single:
    case CALL_ID_tail:
    case CALL_ID_skip:
    case CALL_ID_take: return input;
    case CALL_ID_ofType:
    case CALL_ID_as: input.type = TYPE_NONE; return input;
    default: return (fact){0};
    }
}

static fact follow_head(follower *f, const op *o, fact focus) {
    const item *constants = f->program->constants;
    switch ((op_code)o->code) {
    case OP_this: return focus;
    case OP_path: return along(f, o, focus);
    case OP_path_equal:
        return (fact){.needs = equals(f, along(f, o, focus), constants_of(f, &constants[o->a], 1))};
    case OP_constant: return constants_of(f, &constants[o->b], 1);
    case OP_constants: return constants_of(f, &constants[o->b], o->a);
    case OP_environment:
        if ((isize)o->b >= f->constant_count) return (fact){0};
        return constants_of(f, f->constants[o->b].items, f->constants[o->b].n);
    default: return (fact){0};
    }
}

/* An operation that takes one or two collections. */
static fact follow_taking(follower *f, const op *o) {
    fact right = f->pile[--f->depth];
    const item *constants = f->program->constants;
    switch ((op_code)o->code) {
    case OP_path_of: return along(f, o, right);
    case OP_compare:
        if (o->a != OP_equal) return (fact){0};
        return (fact){.needs = equals(f, right, constants_of(f, &constants[o->b], 1))};
    case OP_in_constants:
        return (fact){.needs = equals(f, right, constants_of(f, &constants[o->b], o->a))};
    case OP_as: right.type = TYPE_NONE; return right;
    case OP_and_left:
    case OP_or_left: return right;
    default: break;
    }
    if (op_table[o->code].takes < 2) return (fact){0};
    fact left = f->pile[--f->depth];
    switch ((op_code)o->code) {
    case OP_subscript: return left;
    case OP_equal:
    case OP_in:
    case OP_contains: return (fact){.needs = equals(f, left, right)};
    case OP_union: return (fact){.texts = joined(f, left.texts, right.texts)};
    case OP_and: return (fact){.needs = better(left.needs, right.needs)};
    case OP_or: return (fact){.needs = either(f, left.needs, right.needs)};
    default: return (fact){0};
    }
}

static fact follow(follower *f, uint32_t from, uint32_t to, fact focus) {
    for (uint32_t pc = from; pc < to;) {
        const op *o = &f->program->ops[pc];
        fact out = o->code == OP_call             ? follow_call(f, o)
                   : op_table[o->code].takes == 0 ? follow_head(f, o, focus)
                                                  : follow_taking(f, o);
        f->pile[f->depth++] = out;
        pc = o->code == OP_call ? o->b : pc + 1;
    }
    return f->pile[--f->depth];
}

const path_need *path_needs(arena *arena, const program *p, model_type focus,
                            const collection *constants, isize constant_count) {
    follower *f = arena_new(arena, follower, 1);
    f->arena = arena;
    f->program = p;
    f->constants = constants;
    f->constant_count = constant_count;
    return follow(f, 0, (uint32_t)p->n, (fact){.placed = true, .type = focus}).needs;
}

const path_need *path_needs_better(const path_need *a, const path_need *b) { return better(a, b); }
