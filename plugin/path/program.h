/* SPDX-License-Identifier: Apache-2.0 */
/* program.h: what lower.c makes and run.c runs. A program is a flat array of 16-byte operations in
 * post-order: each takes the collections on top of the item stack and leaves one. An operation that
 * runs parts of its own (where, iif, sort) is followed by those parts, each headed by `body` with
 * the index just past it; the loop runs a part by calling itself, so the depth of the C stack is
 * the nesting of the expression, never that of the data. Elements one after the other are one
 * operation, `path`, whose steps stand in a table of their own.
 *
 *     Patient.name.where(use = 'official').family
 *       0 path       Patient.name
 *       1 call       where             1 argument, parts end at 4
 *       2 body                         ends at 4
 *       3   path_equal use "official"
 *       4 path_of    family
 *
 * Constant after compilation; shared by threads. */
#ifndef FHIRTRIAL_PATH_PROGRAM_H
#define FHIRTRIAL_PATH_PROGRAM_H

#include "path/ast.h"

/* Deepest pile of collections one evaluation may hold, checked by the verifier. */
enum { STACK_COLLECTIONS = 512, MAX_VARIABLES = 64, MAX_ARGUMENTS = 100 };

typedef enum op_code {
#define OP(name, takes, operand) OP_##name,
#include "path/ops.def"
#undef OP
    OP_COUNT
} op_code;

/* The columns of ops.def. */
enum { OP_TAKES_HEAD = -1, OP_TAKES_VARIES = -2 };
typedef enum op_operand {
    OPERAND_NONE,
    OPERAND_CONSTANT,
    OPERAND_CONSTANTS,
    OPERAND_COMPARED,
    OPERAND_STEPS,
    OPERAND_STEPS_EQUAL,
    OPERAND_NAME,
    OPERAND_TYPE,
    OPERAND_GIVEN,
    OPERAND_SLOT,
    OPERAND_SKIP,
    OPERAND_PART,
    OPERAND_CALLED
} op_operand;

typedef struct op_row {
    const char *name;
    int8_t takes;
    uint8_t operand; /* op_operand */
} op_row;

extern const op_row op_table[OP_COUNT];

typedef struct op {
    uint8_t code;
    uint8_t argc;  /* call: value arguments and parts together; paths: steps */
    uint8_t parts; /* call: the parts among them */
    bool plain;    /* call: takes its input and its arguments as they are */
    uint16_t a;
    uint16_t n; /* source span: bytes from `at`, at most 65535 */
    uint32_t b;
    uint32_t at;
} op;

_Static_assert(sizeof(op) == 16, "an operation has 16 bytes");

/* One step of a path: to the children of one name, unless it stays, and on from there only with
 * what is of a type, where one is named (`Patient.`, `.ofType(Quantity)`). */
typedef struct step {
    model_key key;
    model_type only; /* TYPE_NONE: all go on */
    bool stays;
    bool exactly;  /* of `only` itself, for primitives (call_types.c) */
    uint32_t name; /* constant: the name, for values, which have no keys */
    uint32_t type; /* constant: the type, for the same */
} step;

/* A regular expression that is a literal in the source, compiled with the program. */
typedef struct regex regex;
typedef struct pattern {
    const char *text; /* the String constant it stands for, by address */
    const regex *regex;
} pattern;

struct program {
    const op *ops;
    isize n;
    const static_type *types; /* of what each operation leaves, for explain */
    const item *constants;
    isize constant_count;
    const step *steps;
    isize step_count;
    const pattern *patterns;
    isize pattern_count;
    const model *model;
    const path_terminology *terminology; /* the one it was checked against */
    str source;
    static_type result;
    isize environment_count;
    int variables; /* slots of defineVariable */
    bool uses_now, shareable, edition_r4;
    const struct reach *reach; /* the places it looks at; NULL: anything */
};

#endif
