/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h: the state of one evaluation and what the function families need of it. The item stack
 * holds every collection end to end; `starts` says where each begins. The stack lives in the C
 * frame of path_evaluate and moves to the run's arena when it must grow, so code keeps indices into
 * it, never pointers, across anything that pushes. Nothing here raises: a function that cannot go
 * on calls machine_fail or machine_limit and returns false, and false goes up. */
#ifndef FHIRTRIAL_PATH_MACHINE_H
#define FHIRTRIAL_PATH_MACHINE_H

#include "fhir/model_ids.h"
#include "path/program.h"
#include <string.h>

/* What $this, $index and $total are while a part runs. */
typedef struct frame {
    const item *focus;
    isize n;
    int64_t index; /* -1: outside of any function that counts */
    const item *total;
    isize total_n;
} frame;

typedef struct path_machine {
    const program *program;
    path_run *run;
    const node *nodes;
    const model *model;
    item *stack;
    isize top, cap;
    isize *starts;
    int depth;
    int64_t steps; /* still allowed */
    isize limit;   /* items on the stack */
    path_status status;
    const op *op; /* the one that runs, for the place of an error */
    uint32_t context;
    const frame *frame;
    collection *variables;
} machine;

/* A System value with room for what its item points to. Never copied. */
typedef struct value {
    item it;
    when when;
    quantity_value quantity;
} value;

/* One call of a function. Indices are into the stack. */
typedef struct call {
    const struct call_row *row;
    const op *op;
    int argc;               /* values and parts together */
    isize in, n;            /* the input */
    isize arg[4], arg_n[4]; /* value arguments */
    int args;
    int parts;
    const op *part; /* the first `body`, or NULL */
    value input;    /* a single input, loaded */
    value args_v[3];
    bool placed; /* the result already stands at `in` */
} call;

/* Ends the evaluation: an error of the expression on this data, with the place of the running
 * operation and no value from the data. Returns false. */
#define machine_fail(m, ...)                                                                       \
    ({                                                                                             \
        fault fault_;                                                                              \
        fault_set(&fault_, FAULT_INPUT, -1, __VA_ARGS__);                                          \
        machine_failed((m), &fault_);                                                              \
    })
bool machine_failed(machine *m, const fault *why);
/* The same for a limit; `name` names it. */
bool machine_limit(machine *m, const char *name);
/* Room for `count` more items; moves the stack. */
bool machine_grow(machine *m, isize count);
enum {
    STEP_BYTES = 64,    /* of text that one step may look at */
    STEP_BYTES_MADE = 8 /* and that it may make */
};
/* Counts work that is not an operation of its own (nodes walked, items compared). */
static inline bool machine_step(machine *m, int64_t count) {
    m->steps -= count;
    return m->steps >= 0 || machine_limit(m, "steps of one expression");
}

static inline bool push(machine *m, item it) {
    if (__builtin_expect(m->top == m->cap, 0) && !machine_grow(m, 1)) return false;
    m->stack[m->top++] = it;
    return true;
}
/* The pile of collections: a new, empty one; where the last begins, and how many items it has. */
static inline void pile_begin(machine *m) { m->starts[m->depth++] = m->top; }
static inline isize pile_at(const machine *m) { return m->starts[m->depth - 1]; }
static inline isize pile_n(const machine *m) { return m->top - m->starts[m->depth - 1]; }
/* An item is copied as two words of 16 bytes, so the most frequent ones are written as two: a wide
 * load of what narrow stores have just written has to wait for them to leave the processor. */
typedef uint64_t item_word __attribute__((vector_size(16)));
_Static_assert(sizeof(item) == 2 * sizeof(item_word) && offsetof(item, integer) == 16 &&
                   offsetof(item, type) == 2 && offsetof(item, node) == 4 &&
                   __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "push_words knows how an item lies in memory");
static inline bool push_words(machine *m, uint64_t head, uint64_t low, uint64_t high) {
    if (__builtin_expect(m->top == m->cap, 0) && !machine_grow(m, 1)) return false;
    item_word words[2] = {{head, 0}, {low, high}};
    memcpy(&m->stack[m->top++], words, sizeof words);
    return true;
}
/* The first word of an element's item. */
static inline uint64_t node_head(const machine *m, uint32_t index) {
    return ITEM_NODE | (uint64_t)m->nodes[index].type << 16 | (uint64_t)index << 32;
}
static inline bool push_node(machine *m, uint32_t index) {
    return push_words(m, node_head(m, index), 0, 0);
}
static inline bool push_boolean(machine *m, bool b) { return push_words(m, ITEM_BOOLEAN, b, 0); }
static inline bool push_integer(machine *m, int64_t i) {
    return push_words(m, ITEM_INTEGER, (uint64_t)i, 0);
}
static inline bool push_string(machine *m, str text) {
    return push_words(m, ITEM_STRING, (uint64_t)(uintptr_t)text.p, (uint64_t)text.n);
}
/* Nothing for unknown. */
static inline bool push_tri(machine *m, tri t) {
    return t == TRI_UNKNOWN || push_boolean(m, t == TRI_TRUE);
}
bool push_decimal(machine *m, decimal d);
/* The value is copied to the arena. */
bool push_when(machine *m, when w);
bool push_quantity(machine *m, decimal value, str unit, bool calendar);
static inline item node_item(const machine *m, uint32_t index) {
    item it;
    item_word words[2] = {{node_head(m, index), 0}, {0, 0}};
    memcpy(&it, words, sizeof it);
    return it;
}

/* --- paths (walk.c) --- */
/* Pushes what n steps lead to from an item. */
bool walk(machine *m, item it, const step *steps, int n);
/* Pushes the part of a value that is no element (a Coding's code, a Quantity's unit). */
bool push_value_part(machine *m, item it, str name);

/* The resource a node lies in; of a contained one, the resource that contains it. */
uint32_t machine_root_resource(const machine *m, uint32_t index);

/* Runs the k-th part of a call on a focus; the result is left at [*at, m->top). The caller takes it
 * away by setting m->top. */
bool part_run(machine *m, const call *c, int k, const frame *f, isize *at);
/* Singleton evaluation of a collection as a Boolean (FHIRPath: Singleton Evaluation of
 * Collections): empty is unknown, one item that is no Boolean is true, more are an error. */
bool truth_of(machine *m, isize at, isize n, tri *out);
/* Runs an operator on the last one or two collections. */
bool operator_run(machine *m, const op *o);
/* `=` of what stands from `at` up, which it takes, with a constant. */
bool operator_equal(machine *m, isize at, const item *right, bool negated);
/* After the left side of and, or, implies: true in *skip when it decides alone. An unknown left
 * side never does. */
bool operator_left(machine *m, op_code code, bool *skip);
/* Runs an operation of `call` kind: checks and converts input and arguments by the table, then
 * calls. */
bool call_run(machine *m, const op *o);

/* --- values (value.c) --- */
enum { VALUE_KINDS = TYPE_xhtml + 1 };
extern const uint8_t value_kinds[]; /* of a type: the item_kind and one; 0: none */
/* The System value a FHIR element of this type converts to (item_kind), or -1. */
static inline int value_kind_of_type(model_type type) {
    return type < VALUE_KINDS ? value_kinds[type] - 1 : -1;
}
/* Loads an item as a System value: a primitive element by its type, a FHIR Quantity by its code.
 * False when the element has no value or none that its type allows; other elements stay nodes. */
bool value_load(machine *m, item it, value *out);
static inline decimal item_decimal(item it) {
    return it.kind == ITEM_DECIMAL ? (decimal){it.coef, it.scale} : decimal_int(it.integer);
}
static inline bool is_number(item it) {
    return it.kind == ITEM_INTEGER || it.kind == ITEM_DECIMAL || it.kind == ITEM_LONG;
}
static inline bool is_temporal(item it) {
    return it.kind == ITEM_DATE || it.kind == ITEM_DATETIME || it.kind == ITEM_TIME;
}
/* The name of a System value's type ("Integer"). */
const char *value_kind_name(int kind);
/* The text of a value as toString() gives it; false for types and codings. */
bool value_text(machine *m, const value *v, str *out);
/* The unit a Quantity is compared by, and whether it is a calendar year or month, which UCUM does
 * not know. */
str quantity_ucum(const quantity_value *q, bool *calendar_only);

/* --- comparing (compare.c) --- */
/* `=` of two items, `~` of two items. */
bool items_equal(machine *m, item a, item b, tri *out);
bool items_equivalent(machine *m, item a, item b, bool *out);
/* `=` and `~` of two collections on the stack. */
bool collections_equal(machine *m, isize a, isize an, isize b, isize bn, tri *out);
bool collections_equivalent(machine *m, isize a, isize an, isize b, isize bn, bool *out);
/* Order of two loaded values: TRI_TRUE and *order, TRI_UNKNOWN; false after machine_fail when they
 * cannot be ordered. */
bool values_order(machine *m, const value *a, const value *b, tri *decided, int *order);
/* Whether one of n items from `at` equals `it`. */
bool contains_item(machine *m, isize at, isize n, item it, bool *out);
/* Removes later items that equal earlier ones from [at, m->top). */
bool make_distinct(machine *m, isize at);

/* --- arithmetic (arith.c) --- */
/* The binary operators of numbers, text, dates and quantities on the two single values; pushes the
 * result or nothing. */
bool arith_run(machine *m, op_code code, const value *a, const value *b);
bool arith_negate(machine *m, const value *a);

/* --- types (call_types.c) --- */
/* Whether the item is of the type (an ITEM_TYPE from the program). `exact`: a primitive of a
 * subtype does not count (docs/decisions.md). */
bool type_matches(const machine *m, item it, item type, bool exact);

#endif
