/* SPDX-License-Identifier: Apache-2.0 */
/* db.h: one SQLite connection with its prepared statements. Errors stick: the first one sets
 * `status` and the caller's fault, and everything after it does nothing, so that a piece of work is
 * written straight down and asked once at its end. Only SQLITE_DONE ends a query well. Used by one
 * thread at a time; nothing outside the store room sees it. */
#ifndef FHIRTRIAL_STORE_DB_H
#define FHIRTRIAL_STORE_DB_H

#include "base/arena.h"
#include "store/store.h"

#include <sqlite3.h>

enum { DB_STATEMENTS = 128 };

typedef struct db {
    sqlite3 *handle;
    store_status status;
    fault *fault; /* of the call under way */
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } cache[DB_STATEMENTS];
    int cached;
    int64_t changes; /* of the connection when the part began */
} db;

/* --- values to bind; their bytes must live until the query is over --- */
typedef struct value {
    enum { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } kind;
    int64_t n;
    str s;
} value;
static inline value T(str s) { return (value){VALUE_TEXT, 0, s}; }
static inline value B(str s) { return (value){VALUE_BLOB, 0, s}; }
static inline value N(int64_t n) { return (value){VALUE_INTEGER, n, {NULL, 0}}; }
/* NULL for 0: keys of rows that need not be there. */
static inline value KEY(int64_t n) { return (value){n ? VALUE_INTEGER : VALUE_NULL, n, {NULL, 0}}; }
#define VALUES(...)                                                                                \
    (const value[]){__VA_ARGS__}, (int)(sizeof((const value[]){__VA_ARGS__}) / sizeof(value))
#define NO_VALUES NULL, 0

/* A connection with the store's settings, which changes nothing in the file yet; false with *fault
 * and status set. `busy_ms` and `max_pages` as in store_options. */
bool db_open(db *d, const char *path, int64_t busy_ms, int64_t max_pages, fault *fault);
void db_close(db *d);
/* Switches the file to a write-ahead log, waiting for others at most `busy_ms`. */
bool db_write_ahead(db *d, int64_t busy_ms);
/* Begins a call: clears the status, sets where faults go, resets what a jump left behind. */
void db_ready(db *d, fault *fault);
/* Sets the status unless one is set; the format names place and remedy. */
void db_fail(db *d, store_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As db_fail, with SQLite's own code and words of the last error. */
void db_failed(db *d, int code, const char *doing);
static inline bool db_ok(const db *d) { return d->status == STORE_OK; }

/* Runs text with several statements and no result. */
void db_script(db *d, const char *sql);
/* Runs one statement without result rows; `sql` must be static text: it is prepared once. */
void db_run(db *d, const char *sql, const value *values, int n);
/* Rows that the last db_run changed. */
int64_t db_changes(const db *d);
int64_t db_last_key(const db *d);

typedef struct query {
    db *db;
    sqlite3_stmt *statement;
} query;
query db_query(db *d, const char *sql, const value *values, int n);
/* The next row; false at the end (the query is over then) and on an error (status says). */
bool db_row(query *q);
/* Ends a query before its last row. */
void db_done(query *q);
/* Columns of the row; text and bytes live until the next db_row or db_done. */
int64_t db_int(const query *q, int column);
str db_text(const query *q, int column);
str db_bytes(const query *q, int column);
/* The single integer of a query, or `absent` where there is no row. */
int64_t db_number(db *d, const char *sql, const value *values, int n, int64_t absent);

/* Transactions; db_finish commits where all went well, else rolls back. A BUSY begin is STORE_BUSY.
 */
void db_begin(db *d);
void db_finish(db *d);
/* A part of a transaction. Where it fails before it wrote anything the transaction goes on, else
 * all of it is undone: a savepoint would copy every page that a part touches, to be ready for what
 * hardly ever happens. db_in_transaction tells; a part that begins after that is STORE_BUSY. */
void db_part_begin(db *d);
void db_part_end(db *d);
bool db_in_transaction(const db *d);

#endif
