/* SPDX-License-Identifier: Apache-2.0 */
/* store_help: a fresh store for one test, and short ways to write to it. Every test has its own
 * file, removed with its log and locks when the test begins. */
#ifndef FHIRTRIAL_TESTS_STORE_HELP_H
#define FHIRTRIAL_TESTS_STORE_HELP_H

#include "store/store.h"

#include <sqlite3.h>

typedef struct shelf {
    char path[512];
    store *store;
    arena arena;
    landing landing;
    fault fault;
} shelf;

extern const digest shelf_digest;

/* Opens a new store named after the test; checks that it opens. */
bool shelf_open(shelf *s, const char *name);
/* Opens the same file as it is; `pages` limits its size, 0 does not. */
store_status shelf_reopen(shelf *s, int64_t pages);
void shelf_close(shelf *s);
/* A connection beside the store, to look at and to damage what it holds. */
sqlite3 *shelf_peek(const shelf *s);
/* The single integer or text (static storage) of a query; -1 and "" when there is no row. */
long long shelf_number(const shelf *s, const char *sql);
const char *shelf_text(const shelf *s, const char *sql);
bool shelf_exec(const shelf *s, const char *sql);

/* Commits one resource of one view row of patient `id` of source "a"; `updated` may be NULL. */
store_status shelf_put(shelf *s, const char *type, const char *id, const char *patient,
                       const char *updated, const char *content);
/* Commits a Flag's state; `body` NULL queues nothing. */
store_status shelf_flag(shelf *s, const char *key, const char *status, const char *body);
/* Puts one message in flight; STORE_NONE where it was not begun. */
store_status shelf_begin(shelf *s, int64_t id, const char *request);
/* Verifies trail and rows; nothing that is not asked for may be wrong but the chain. */
store_status shelf_verify(shelf *s, int64_t *entries, int64_t *bad);

#endif
