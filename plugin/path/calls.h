/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h: the table of functions (calls.def) as the compiler and the machine see it. The table
 * says what a function takes and gives; the machine checks and converts by it, so that a function's
 * body handles only the real case. Each family of functions is one file call_*.c. */
#ifndef FHIRTRIAL_PATH_CALLS_H
#define FHIRTRIAL_PATH_CALLS_H

#include "path/machine.h"

enum call_flags {
    CALL_ORDERED = 1,
    CALL_UNORDERED = 2,
    CALL_SHAREABLE = 4,
    CALL_NOW = 8,
    CALL_ANYWHERE = 16,
    CALL_EMPTY = 32
};

typedef enum call_id {
#define CALL(name, least, most, arguments, input, gives, cardinality, flags) CALL_ID_##name,
#include "path/calls.def"
#undef CALL
    CALL_COUNT
} call_id;

typedef struct call_row {
    const char *name;
    uint8_t least, most;
    const char *arguments;
    char input, gives, cardinality;
    uint8_t flags;
    bool (*run)(machine *m, call *c);
} call_row;

extern const call_row call_table[CALL_COUNT];

/* The row number of a function, or -1. */
int call_find(str name);
/* The letter of the i-th argument, the last one repeating. */
char call_argument(const call_row *row, int i);

#define CALL(name, least, most, arguments, input, gives, cardinality, flags)                       \
    bool call_##name(machine *m, call *c);
#include "path/calls.def"
#undef CALL

#endif
