/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c: the machine run on sets of places. */
#include "path/reach.h"
#include "fhir/model_ids.h"
#include "path/calls.h"

/* A set of places, without order; NULL is the empty set. */
typedef struct places places;
struct places {
    reach *at;
    const places *next;
};

typedef struct follower {
    arena *arena;
    const program *program;
    const places *pile[STACK_COLLECTIONS];
    int depth;
    const places *variables[MAX_VARIABLES];
    const places *root;
    bool anything;
} follower;

static reach *child_place(follower *f, reach *parent, model_key key) {
    for (reach *c = parent->child; c; c = c->next)
        if (c->key == key) return c;
    reach *c = arena_new(f->arena, reach, 1);
    *c = (reach){.key = key, .next = parent->child};
    parent->child = c;
    return c;
}

static const places *with(follower *f, reach *at, const places *rest) {
    places *p = arena_new(f->arena, places, 1);
    *p = (places){at, rest};
    return p;
}

static const places *children(follower *f, const places *of, model_key key) {
    const places *out = NULL;
    /* A projection is a matter of one resource: what lies in another one is not described by it. */
    if (key == KEY_contained || key == KEY_resource) f->anything = true;
    for (; of; of = of->next) out = with(f, child_place(f, of->at, key), out);
    return out;
}

static const places *both(follower *f, const places *a, const places *b) {
    for (; a; a = a->next) {
        const places *k = b;
        while (k && k->at != a->at) k = k->next;
        if (!k) b = with(f, a->at, b);
    }
    return b;
}

/* Values are taken from these places. */
static void use(const places *of) {
    for (; of; of = of->next) of->at->deep = true;
}

static const places *follow(follower *f, uint32_t from, uint32_t to, const places *focus);

/* What each part of a call gives, on the focus; `k` counts parts. */
static const places *follow_part(follower *f, const op *o, int k, const places *focus) {
    const op *part = o + 1, *ops = f->program->ops;
    for (int i = 0; i < k; i++) part = &ops[part->b];
    return follow(f, (uint32_t)(part - ops) + 1, part->b, focus);
}

/* iif and coalesce: what one of the parts from `first` gives. */
static const places *follow_branches(follower *f, const op *o, int first, const places *focus) {
    const places *out = NULL;
    for (int k = 0; k < o->parts; k++) {
        const places *part = follow_part(f, o, k, focus);
        if (k < first)
            use(part);
        else
            out = both(f, part, out);
    }
    return out;
}

static const places *follow_define(follower *f, const op *o, const places *input) {
    int64_t slot = f->program->constants[o[-1].b].integer;
    f->variables[slot] = o->parts > 0 ? follow_part(f, o, 0, input) : input;
    return input;
}

/* Criteria and keys take values; what the input is stays what it was. */
static const places *follow_kept(follower *f, const op *o, const places *input) {
    for (int k = 0; k < o->parts; k++) use(follow_part(f, o, k, input));
    return input;
}

static const places *follow_call(follower *f, const op *o, const places *focus) {
    const call_row *row = &call_table[o->a];
    const places *arguments = NULL;
    int values = o->argc - o->parts;
    for (int i = 0; i < values; i++) arguments = both(f, f->pile[--f->depth], arguments);
    const places *input = f->pile[--f->depth];
    if (row->flags & CALL_ANYWHERE) f->anything = true;
    switch ((call_id)o->a) {
    case CALL_ID_where:
    case CALL_ID_first:
    case CALL_ID_last:
    case CALL_ID_single:
    case CALL_ID_tail:
    case CALL_ID_skip:
    case CALL_ID_take:
    case CALL_ID_ofType:
    case CALL_ID_as:
    case CALL_ID_trace: use(arguments); return follow_kept(f, o, input);
    case CALL_ID_select: return follow_part(f, o, 0, input);
    case CALL_ID_iif: return follow_branches(f, o, 1, input);
    case CALL_ID_coalesce: return follow_branches(f, o, 0, focus);
    case CALL_ID_union:
        use(input);
        use(arguments);
        return both(f, input, arguments);
    case CALL_ID_combine: return both(f, input, arguments);
    case CALL_ID_defineVariable: return follow_define(f, o, input);
    case CALL_ID_extension: {
        const places *found = children(f, input, KEY_extension);
        use(found);
        return found;
    }
    case CALL_ID_getResourceKey: use(children(f, input, KEY_id)); return NULL;
    default:
        /* What comes out lies in what is kept whole, so that no more need be known of it. */
        use(input);
        use(arguments);
        follow_kept(f, o, input);
        return NULL;
    }
}

static const places *follow_steps(follower *f, const op *o, const places *from) {
    for (const step *s = &f->program->steps[o->b], *end = s + o->argc; s < end; s++)
        if (!s->stays) from = children(f, from, s->key);
    return from;
}

static const places *follow_head(follower *f, const op *o, const places *focus) {
    switch ((op_code)o->code) {
    case OP_this: return focus;
    case OP_path: return follow_steps(f, o, focus);
    case OP_path_equal: use(follow_steps(f, o, focus)); return NULL;
    case OP_variable: return f->variables[o->a];
    case OP_context: return f->root;
    case OP_resource:
    case OP_root_resource: f->anything = true; return NULL;
    default: return NULL;
    }
}

/* An operation that takes one or two collections. */
static const places *follow_taking(follower *f, const op *o) {
    const places *right = f->pile[--f->depth];
    if (o->code == OP_path_of) return follow_steps(f, o, right);
    if (o->code == OP_as) return right;
    use(right);
    if (op_table[o->code].takes < 2) return NULL;
    const places *left = f->pile[--f->depth];
    if (o->code == OP_subscript) return left;
    use(left);
    return o->code == OP_union ? both(f, left, right) : NULL;
}

static const places *follow(follower *f, uint32_t from, uint32_t to, const places *focus) {
    for (uint32_t pc = from; pc < to;) {
        const op *o = &f->program->ops[pc];
        const places *out = o->code == OP_call             ? follow_call(f, o, focus)
                            : op_table[o->code].takes == 0 ? follow_head(f, o, focus)
                                                           : follow_taking(f, o);
        f->pile[f->depth++] = out;
        pc = o->code == OP_call ? o->b : pc + 1;
    }
    return f->pile[--f->depth];
}

const reach *reach_of(arena *arena, const program *p) {
    follower *f = arena_new(arena, follower, 1);
    reach *root = arena_new(arena, reach, 1);
    f->arena = arena;
    f->program = p;
    f->root = with(f, root, NULL);
    use(follow(f, 0, (uint32_t)p->n, f->root));
    return f->anything || root->deep ? NULL : root;
}

static void tell(const reach *r, model_key *keys, isize n,
                 void (*told)(void *self, const model_key *keys, isize n, bool deep), void *self) {
    for (const reach *c = r->child; c; c = c->next) {
        keys[n] = c->key;
        if (c->deep || !c->child)
            told(self, keys, n + 1, true);
        else
            tell(c, keys, n + 1, told, self);
    }
}

bool path_reaches(const program *p,
                  void (*told)(void *self, const model_key *keys, isize n, bool deep), void *self) {
    model_key keys[AST_DEPTH + 1];
    if (!p->reach) return false;
    tell(p->reach, keys, 0, told, self);
    return true;
}
