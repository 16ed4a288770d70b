/* SPDX-License-Identifier: Apache-2.0 */
/* path.h: the face of the FHIRPath room. An expression is compiled once, at configuration time,
 * against a model (lex, parse, check, lower) into a flat, printable list of operations, and then
 * run over tapes without allocating per collection. The room knows the language and FHIR's own
 * functions; it reads no clock, no terminology server and no file: now, constants, value sets and
 * concept maps come in from the caller. A program is constant after compilation and may be run by
 * several threads at once, each with its own path_run. */
#ifndef FHIRTRIAL_PATH_PATH_H
#define FHIRTRIAL_PATH_PATH_H

#include "base/problem.h"
#include "base/when.h"
#include "fhir/tape.h"

/* --- values --- */
typedef enum item_kind {
    ITEM_NODE,
    ITEM_BOOLEAN,
    ITEM_INTEGER,
    ITEM_LONG,
    ITEM_DECIMAL,
    ITEM_STRING,
    ITEM_DATE,
    ITEM_DATETIME,
    ITEM_TIME,
    ITEM_QUANTITY,
    ITEM_TYPE,
    ITEM_CODING /* results of translate() */
} item_kind;

typedef struct quantity_value {
    decimal value;
    str unit;
    bool calendar; /* `1 week`, not `1 'wk'` */
} quantity_value;
typedef struct coding_value {
    str system, code, display;
} coding_value;

/* One item of a collection, 32 bytes. Text and pointers belong to the run's arena, the tape or the
 * program. */
typedef struct item {
    uint8_t kind;
    uint8_t scale;   /* ITEM_DECIMAL: digits as written */
    model_type type; /* ITEM_NODE: its FHIR type */
    uint32_t node;   /* ITEM_NODE: index in the tape */
    union {
        bool boolean;
        int64_t integer;
        __int128 coef; /* ITEM_DECIMAL */
        str text;
        const when *when;
        const quantity_value *quantity;
        const coding_value *coding;
    };
} item;

typedef struct collection {
    const item *items;
    isize n;
} collection;

/* --- what a compilation may refer to --- */
typedef struct path_coding {
    str system, code, display;
} path_coding;

/* Value sets and concept maps, answered by the trial room. All strings are borrowed. `self` is
 * passed back. Thread-safe. */
typedef struct path_terminology {
    const void *self;
    bool (*has_value_set)(const void *self, str url);
    bool (*has_concept_map)(const void *self, str url);
    /* Whether (system, code) is in the value set; TRI_UNKNOWN when the set is not loaded. An empty
     * system matches code-only members. */
    tri (*member_of)(const void *self, str url, str system, str code);
    /* Targets of (system, code) in the map, in the map's order, at most `cap`; returns how many
     * there are. */
    isize (*translate)(const void *self, str url, str system, str code, path_coding *out,
                       isize cap);
} path_terminology;

/* A %name: its type and, when known at compile time, its value; else the value comes with the run
 * (same order). */
typedef struct path_constant {
    str name;
    model_type type; /* FHIR type of the value, for the checker */
    bool many;
    bool clock; /* derived from the evaluation clock: path_uses_now */
} path_constant;

typedef struct path_environment {
    const model *model;
    model_type
        root; /* type of the focus; TYPE_NONE: decided at run time, nothing is checked below it */
    model_type resource; /* type of %resource and %rootResource where the focus lies below them;
                            TYPE_NONE: the root, where that is a resource */
    const path_constant *constants; /* beside %resource %context %rootResource %ucum %sct %loinc
                                       %vs-x %ext-x, which are built in */
    isize constant_count;
    const path_terminology *terminology; /* NULL: memberOf and translate are compile errors */
    bool strict; /* mappings: unknown elements, wrong inputs, possible many where one is needed are
                    errors */
    bool edition_r4; /* the R4 suite's readings (docs/decisions.md); else the newest */
} path_environment;

typedef struct program program;

/* The code of a finding that the text is no FHIRPath; other errors of a compilation are about what
 * it means, and those of a run about the data. */
#define PATH_SYNTAX "structure"

/* Compiles; NULL when there was an error. Findings go to `found` with `at` = byte offset in
 * `expression`; file and place are the caller's to fill in (`file`, `place` are copied into each
 * problem). The program lives in `arena`. (FHIRPath N1, 3.0.0; FHIR R4 fhirpath.html.) */
program *path_compile(arena *arena, const path_environment *environment, str expression, str file,
                      str place, problems *found);

/* The value of a text that is one literal, a number's sign included, and nothing else; false for
 * any other text. The item is in the arena. (FHIRPath: Literals.) */
bool path_literal(arena *arena, str text, item *out);

/* Facts about a program. */
model_type path_result_type(const program *p); /* TYPE_NONE when it depends on data */
bool path_result_many(const program *p);       /* may give more than one item */
bool path_uses_now(const program *p); /* now(), today(), timeOfDay(), or a constant marked so: time
                                         alone can change it */
bool path_is_shareable(
    const program *p); /* only what ShareableViewDefinition demands (SQL on FHIR v2) */
str path_source(const program *p);
/* The element paths a program can reach, for projection push-down: calls `reach` per path; false
 * when it can reach anything (descendants, resolve). */
bool path_reaches(const program *p,
                  void (*reach)(void *self, const model_key *keys, isize n, bool deep), void *self);
/* One of the texts that have to stand in what the program is run on, at the end of `keys` from the
 * focus, as the value of a string, code or uri. */
typedef struct path_need path_need;
struct path_need {
    const path_need *next; /* another one that would do */
    const model_key *keys;
    isize n;
    str text;
};

/* What a condition on an element or resource of type `focus` needs to be true: one of a list, in
 * the arena; NULL when nothing can be said. `constants` are the values of the first
 * `constant_count` constants of the environment, n = 0 where one is not known.
 * `code.coding.exists(system = 'x' and code = 'y')` needs the code "y". */
const path_need *path_needs(arena *arena, const program *p, model_type focus,
                            const collection *constants, isize constant_count);
/* Of two lists that both have to be met, the one that tells more resources apart. */
const path_need *path_needs_better(const path_need *a, const path_need *b);
/* One line an operation with its source span, type and cardinality; stable text, golden-tested. */
void path_explain(const program *p, buf *out);

/* --- running --- */
typedef struct path_limits {
    int64_t steps;
    isize items;
} path_limits; /* 0: LIMIT_STEPS, LIMIT_ITEMS */

typedef enum path_status { PATH_OK, PATH_ERROR, PATH_LIMIT } path_status;

/* The inputs of a run and its memory. Set up once a message, used for many runs. One thread at a
 * time. */
typedef struct path_run {
    const tape *tape;
    arena *arena;                /* strings, results; the caller marks and rewinds */
    const collection *constants; /* values in the order of path_environment.constants */
    const path_terminology *terminology;
    when now; /* evaluation clock with the site's offset: now(), today(), timeOfDay() */
    path_limits limits;
    const collection *row_index; /* %rowIndex, or NULL */
    /* results */
    char reason[160]; /* PATH_ERROR, PATH_LIMIT: what and where, no patient value */
    isize at;         /* offset in the expression, or -1 */
    const struct path_entries *entries; /* by path_prepare; NULL: references are searched for */
} path_run;

/* For a run over a Bundle: a table of its entries, so that resolve() and the keys of SQL on FHIR
 * need no search. In run->arena, from where it must not be rewound while the run is used; for any
 * other resource it does nothing. */
void path_prepare(path_run *run);

/* Evaluates on the focus node; *out lives until the arena is rewound. PATH_ERROR: an evaluation
 * error (several items where one is required ...), the result is then empty. */
path_status path_evaluate(const program *p, path_run *run, uint32_t focus, collection *out);
/* The same with the result taken as a criterion: TRI_UNKNOWN for empty; one non-Boolean item is
 * true (FHIRPath: Singleton Evaluation). */
path_status path_test(const program *p, path_run *run, uint32_t focus, tri *out);

/* The FHIR type an item has or maps to (ITEM_DECIMAL -> decimal, ...). */
model_type item_type(const path_run *run, item it);
/* True when the item is or converts to a primitive with a value; its text as FHIR writes it
 * ("7.60", "2025-03", "true"). */
bool item_text(path_run *run, item it, str *text);
/* The item as JSON: primitives as a JSON string of their text when `as_text`, else as FHIR JSON;
 * complex nodes as FHIR JSON; Quantity and Coding as objects. */
void item_json(path_run *run, item it, bool as_text, buf *out);

#endif
