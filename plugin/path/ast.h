/* SPDX-License-Identifier: Apache-2.0 */
/* ast.h: an expression between parse and lower. The tree lives in the compilation's arena and dies
 * with it; nothing at run time refers to it. parse.c fills in shape and spans, check.c the resolved
 * ids and the static types, lower.c reads both. */
#ifndef FHIRTRIAL_PATH_AST_H
#define FHIRTRIAL_PATH_AST_H

#include "path/path.h"

/* What is known of an expression's items before it runs. */
typedef enum static_kind_of {
    STATIC_ANY,   /* nothing */
    STATIC_EMPTY, /* {}: no item ever */
    STATIC_VALUE, /* a System value: `item` says which */
    STATIC_NODE,  /* an element or resource of FHIR type `type` */
    STATIC_CHOICE /* a choice element: one of the types of element `key` of `type` */
} static_kind_of;

typedef struct static_type {
    uint8_t kind;
    uint8_t item;   /* item_kind, STATIC_VALUE */
    bool many;      /* more than one item is possible */
    bool unordered; /* the order of the items means nothing (children(), descendants()) */
    model_type type;
    model_key key;
} static_type;

typedef enum ast_kind {
    AST_EMPTY,     /* {} */
    AST_LITERAL,   /* literal */
    AST_THIS,      /* $this, and what an expression without a left side starts from */
    AST_INDEX,     /* $index */
    AST_TOTAL,     /* $total */
    AST_VARIABLE,  /* %name */
    AST_MEMBER,    /* left.name */
    AST_CALL,      /* left.name(args) */
    AST_SUBSCRIPT, /* left[right] */
    AST_UNARY,     /* op left */
    AST_BINARY,    /* left op right */
    AST_TYPE_TEST, /* left is right, left as right; right is a type name */
    AST_REFUSED    /* name: why evaluating it fails, where a lenient compilation lets it stand */
} ast_kind;

typedef enum binary_op {
    BINARY_NONE,
    BINARY_MULTIPLY,
    BINARY_DIVIDE,
    BINARY_DIV,
    BINARY_MOD,
    BINARY_ADD,
    BINARY_SUBTRACT,
    BINARY_CONCATENATE,
    BINARY_IS,
    BINARY_AS,
    BINARY_UNION,
    BINARY_LESS,
    BINARY_GREATER,
    BINARY_LESS_OR_EQUAL,
    BINARY_GREATER_OR_EQUAL,
    BINARY_EQUAL,
    BINARY_EQUIVALENT,
    BINARY_NOT_EQUAL,
    BINARY_NOT_EQUIVALENT,
    BINARY_IN,
    BINARY_CONTAINS,
    BINARY_AND,
    BINARY_XOR,
    BINARY_OR,
    BINARY_IMPLIES
} binary_op;

typedef enum sort_direction { SORT_DEFAULT, SORT_ASCENDING, SORT_DESCENDING } sort_direction;

enum { AST_DEPTH = 1000 }; /* the highest tree; nesting of brackets stops at LIMIT_DEPTH */

typedef struct ast ast;
struct ast {
    uint8_t kind;
    uint8_t op;        /* binary_op; AST_UNARY: '+' or '-' */
    uint8_t direction; /* sort_direction of an argument of sort() */
    bool implied;      /* AST_THIS that is not written */
    bool quoted;       /* AST_MEMBER written in back quotes */
    bool known;        /* AST_MEMBER found on some type it is asked of; AST_CALL that has a slot */
    int32_t depth;     /* height of the tree below, to bound every recursion over it */
    isize at, n;       /* the token that names it: operator, name, literal */
    str name;          /* AST_MEMBER, AST_CALL, AST_VARIABLE: unescaped */
    ast *left, *right;
    ast *args, *next; /* arguments, linked by `next` */
    int argc;
    item literal;

    /* from check.c */
    static_type type;
    model_key key;  /* AST_MEMBER */
    int32_t target; /* AST_MEMBER: member_target; AST_CALL: call id; AST_VARIABLE: index or slot */
    int32_t source; /* AST_VARIABLE: variable_source */
    int32_t variable; /* AST_CALL of defineVariable: its slot */
};

/* What a leading or following name turned out to be. */
typedef enum member_target {
    TARGET_ELEMENT,   /* an element: key */
    TARGET_ROOT,      /* the type of the focus: keeps what is of that type (literal: the type) */
    TARGET_NOTHING,   /* no such element: always empty */
    TARGET_VALUE_PART /* a part of a value: a type's name, a quantity's unit (by name) */
} member_target;

typedef enum variable_source {
    VARIABLE_LITERAL,  /* %sct ...: a constant string */
    VARIABLE_CONSTANT, /* of path_environment.constants: index */
    VARIABLE_RESOURCE,
    VARIABLE_ROOT_RESOURCE,
    VARIABLE_CONTEXT,
    VARIABLE_ROW_INDEX,
    VARIABLE_DEFINED /* defineVariable: slot */
} variable_source;

/* How a type specifier is kept in an ITEM_TYPE item: `scale` is the namespace, `type` the FHIR
 * type, `node` the item_kind of a System type, `text` the name. */
enum { NAMESPACE_SYSTEM = 0, NAMESPACE_FHIR = 1, NAMESPACE_EITHER = 2 };
enum {
    SYSTEM_ANY = 254, /* System.Any: every item is of it */
    SYSTEM_NONE = 255 /* System.Patient: a type that no item has */
};

#endif
