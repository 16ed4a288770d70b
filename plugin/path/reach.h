/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h: which elements a program can look at, for readers that keep nothing else. The operations
 * are followed once with sets of places instead of items; a place is a path of element keys from
 * the focus. What a program takes a value from, compares or returns is kept whole; what it only
 * walks through is kept as a way. An answer may hold too much, never too little. */
#ifndef FHIRTRIAL_PATH_REACH_H
#define FHIRTRIAL_PATH_REACH_H

#include "path/program.h"

typedef struct reach reach;
struct reach {
    model_key key;
    bool deep; /* all below it is kept too */
    reach *child, *next;
};

/* The places below the focus, or NULL when the program can reach anything. */
const reach *reach_of(arena *arena, const program *p);

#endif
