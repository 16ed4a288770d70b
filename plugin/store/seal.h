/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h: what the audit trail knows of the rows of other tables. Whoever writes such a row seals
 * it with the values that it writes, in the order of seal_tables, and then appends an audit entry:
 * that takes the seals along. For writing steps, but for the walk. */
#ifndef FHIRTRIAL_STORE_SEAL_H
#define FHIRTRIAL_STORE_SEAL_H

#include "store/state.h"

enum {
    SEAL_RESOURCE = 'r', /* key: pk */
    SEAL_ROWS = 'w',     /* pk of the resource; all rows in order of view and number */
    SEAL_KEPT = 'k',     /* pk */
    SEAL_VERDICT = 'v',  /* pk */
    SEAL_FLAG = 'f',     /* seal_key(endpoint, identifier); without its sequence number */
    SEAL_OUTBOX = 'o',   /* id; what was to be sent, not what became of it */
    SEAL_BYTES = 9 + DIGEST_BYTES
};

/* A row that is sealed in several pieces. */
typedef struct seal_row {
    call *call;
    arena_mark mark;
    buf text;
    bool good;
} seal_row;
void seal_begin(seal_row *row, call *c);
void seal_values(seal_row *row, const value *values, int n);
/* False, with the status set, where SHA-256 is not available. */
bool seal_end(seal_row *row, uint8_t out[DIGEST_BYTES]);

/* A row of one piece. */
void seal(call *c, char kind, int64_t key, const value *values, int n);
void seal_hash(call *c, char kind, int64_t key, const uint8_t hash[DIGEST_BYTES]);
/* The row was deleted. */
void seal_gone(call *c, char kind, int64_t key);
/* Key of a row that has no integer one. */
int64_t seal_key(call *c, str first, str second);

typedef struct seal_table {
    char kind;
    const char *noun;
    const char *sql;
} seal_table;
/* Ends with kind 0. */
extern const seal_table seal_tables[];
/* Calls `seen` for every sealed row that the table has now. */
typedef void seal_seen(void *self, const seal_table *table, int64_t key, const char *name,
                       const uint8_t hash[DIGEST_BYTES]);
void seal_walk(call *c, const seal_table *table, seal_seen *seen, void *self);

#endif
