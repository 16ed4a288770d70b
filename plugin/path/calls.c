/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c: the table itself. */
#include "path/calls.h"
#include <string.h>

#define ORDERED   CALL_ORDERED
#define UNORDERED CALL_UNORDERED
#define SHAREABLE CALL_SHAREABLE
#define NOW       CALL_NOW
#define ANYWHERE  CALL_ANYWHERE
#define EMPTY     CALL_EMPTY

const call_row call_table[CALL_COUNT] = {
#define CALL(name, least, most, arguments, input, gives, cardinality, flags)                       \
    {#name, least, most, arguments, input, gives, cardinality, flags, call_##name},
#include "path/calls.def"
#undef CALL
};

int call_find(str name) {
    for (int i = 0; i < CALL_COUNT; i++)
        if (str_eq(name, str_from(call_table[i].name))) return i;
    return -1;
}

char call_argument(const call_row *row, int i) {
    int n = (int)strlen(row->arguments);
    return row->arguments[i < n ? i : n - 1];
}
