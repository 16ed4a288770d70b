/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: resolves every name of a tree against the model and infers what each part can be. In
 * strict mode (mappings) what can only be a mistake is an error: an unknown element, a wrong root
 * type, an input a function does not take, several items where one is needed, an ordered function
 * on an unordered collection. In lenient mode these are warnings and the data decides. Names of
 * functions and %names that cannot be resolved, and inputs that no data can make right, are errors
 * in both. check.c walks the tree, check_members.c knows the model, check_calls.c the functions,
 * static.c the algebra of static types. */
#ifndef FHIRTRIAL_PATH_CHECK_H
#define FHIRTRIAL_PATH_CHECK_H

#include "path/parse.h"
#include "path/program.h"

/* A variable that defineVariable made, visible to what follows it. */
typedef struct defined {
    str name;
    static_type type;
    int slot;
} defined;

/* What $this, $index and $total are at a place of the tree. */
typedef struct context {
    static_type focus;
    bool counts; /* $index exists */
    bool totals; /* $total exists */
} context;

typedef struct checker {
    arena *arena;
    const path_environment *environment;
    const model *model;
    const reporter *reporter;
    defined defined[MAX_VARIABLES];
    int visible, slots;
    bool failed;
    bool uses_now, not_shareable;
    int trial;      /* strictness is off: the body of repeat() is tried */
    int64_t visits; /* nodes checked; repeat() inside of repeat() checks its body many times */
    int unknown;    /* names that a type has not: in the body of repeat() another may have them */
} checker;

enum { MOST_VISITS = 1 << 20 };

/* Fills in key, target, source and type of every node. False after an error. */
bool check_expression(checker *c, ast *root);

/* --- between check.c, check_members.c and check_calls.c --- */
void check_node(checker *c, ast *a, const context *ctx);
void check_call(checker *c, ast *a, const context *ctx);
void check_member(checker *c, ast *a, const context *ctx);
/* Turns a type name (A.B) into an ITEM_TYPE literal. */
void check_type_name(checker *c, ast *a);
/* The static type that a type literal tells of. */
static_type check_named_type(const ast *a);
/* An error in strict mode, a warning otherwise. */
void check_strict(checker *c, isize at, str text, str remedy);
void check_error(checker *c, isize at, str text, str remedy);
/* Complains when `a` may give several items where one is needed. */
void check_single(checker *c, const ast *a, const char *where);
/* Complains when `a` cannot be a Boolean. */
void check_boolean(checker *c, const ast *a, const char *where);

/* --- static.c --- */
static_type static_any(void);
static_type static_value(int kind);
static_type static_node(model_type type);
/* What two branches have in common. */
static_type static_join(static_type a, static_type b);
bool static_same(static_type a, static_type b);
/* The System value kind the items are or convert to, or -1 when unknown or none. */
int static_kind(static_type t);
/* True when nothing the items can be is or converts to `kind`. */
bool static_never(const model *m, static_type t, int kind);
/* A short name for messages and explain ("HumanName", "value[x]", "Integer", "any"). */
str static_name(arena *arena, const model *m, static_type t);

#endif
