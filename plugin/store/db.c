/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: settings, statements, and which SQLite code means what to the store's callers. */
#include "store/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void db_fail(db *d, store_status status, const char *format, ...) {
    if (!db_ok(d)) return;
    d->status = status;
    va_list arguments;
    va_start(arguments, format);
    char text[FAULT_TEXT];
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (d->fault) fault_set(d->fault, FAULT_STORE, -1, "%s", text);
}

void db_failed(db *d, int code, const char *doing) {
    const char *words = d->handle ? sqlite3_errmsg(d->handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        db_fail(d, STORE_BUSY,
                "store: another process is writing (while %s): try again, or raise busyTimeout",
                doing);
        break;
    case SQLITE_FULL:
        db_fail(d, STORE_FULL,
                "store: no space left (while %s): nothing was stored; free space and try again",
                doing);
        break;
    case SQLITE_NOMEM:
        db_fail(d, STORE_BUSY, "store: no memory (while %s): nothing was stored; try again", doing);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        db_fail(d, STORE_BROKEN,
                "store: the file is damaged (while %s): stop, keep it, and restore a backup",
                doing);
        break;
    default: db_fail(d, STORE_BROKEN, "store: SQLite error %d while %s: %s", code, doing, words);
    }
}

static void setting(db *d, const char *sql) {
    if (!db_ok(d)) return;
    int code = sqlite3_exec(d->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) db_failed(d, code, "setting up the connection");
}

/* The change to WAL wants the file alone and does not wait for it by itself. */
bool db_write_ahead(db *d, int64_t busy_ms) {
    for (int64_t waited = 0;; waited += 10) {
        query q = db_query(d, "PRAGMA journal_mode = WAL", NO_VALUES);
        bool row = db_row(&q);
        bool wal = row && str_eq(db_text(&q, 0), S("wal"));
        db_done(&q);
        if (wal) return true;
        if (row) {
            db_fail(d, STORE_BROKEN,
                    "store: this file system cannot hold a write-ahead log: put the store on a "
                    "local disk");
        }
        if (d->status != STORE_BUSY || waited >= busy_ms) return false;
        d->status = STORE_OK;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

bool db_open(db *d, const char *path, int64_t busy_ms, int64_t max_pages, fault *fault) {
    *d = (db){.fault = fault};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &d->handle, flags, NULL);
    if (code != SQLITE_OK) {
        db_failed(d, code, "opening the file");
        return false;
    }
    sqlite3_busy_timeout(d->handle, busy_ms > 0x7fffffff ? 0x7fffffff : (int)busy_ms);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    setting(d, "PRAGMA cell_size_check = ON");
    setting(d, "PRAGMA temp_store = MEMORY"); /* no patient data in temporary files */
    setting(d, "PRAGMA foreign_keys = ON");
    setting(d, "PRAGMA synchronous = FULL");
    setting(d, "PRAGMA secure_delete = FAST");
    setting(d, "PRAGMA journal_size_limit = 67108864");
    setting(d, "PRAGMA cache_size = -16384"); /* indexes of random ids, KiB */
    setting(d,
            "PRAGMA wal_autocheckpoint = 4096"); /* each page that changed often is copied once */
    if (max_pages > 0) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)max_pages);
        setting(d, sql);
    }
    return db_ok(d);
}

void db_close(db *d) {
    for (int i = 0; i < d->cached; i++) sqlite3_finalize(d->cache[i].statement);
    sqlite3_close(d->handle);
    *d = (db){.status = STORE_BROKEN};
}

void db_ready(db *d, fault *fault) {
    d->status = STORE_OK;
    d->fault = fault;
    for (int i = 0; i < d->cached; i++) {
        if (sqlite3_stmt_busy(d->cache[i].statement)) sqlite3_reset(d->cache[i].statement);
    }
}

void db_script(db *d, const char *sql) {
    if (!db_ok(d)) return;
    int code = sqlite3_exec(d->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) db_failed(d, code, "running a script");
}

/* Statements are known by the address of their text. */
static sqlite3_stmt *prepared(db *d, const char *sql) {
    for (int i = 0; i < d->cached; i++) {
        if (d->cache[i].sql == sql) return d->cache[i].statement;
    }
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK) {
        db_failed(d, code, "preparing a statement");
        return NULL;
    }
    if (d->cached == DB_STATEMENTS) {
        sqlite3_finalize(statement);
        db_fail(d, STORE_BROKEN, "store: more statements than DB_STATEMENTS");
        return NULL;
    }
    d->cache[d->cached].sql = sql;
    d->cache[d->cached++].statement = statement;
    return statement;
}

static int bind(sqlite3_stmt *s, int i, const value *v) {
    switch (v->kind) {
    case VALUE_NULL: return sqlite3_bind_null(s, i);
    case VALUE_INTEGER: return sqlite3_bind_int64(s, i, v->n);
    case VALUE_TEXT:
        return sqlite3_bind_text64(s, i, v->s.p ? v->s.p : "", (sqlite3_uint64)v->s.n,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(s, i, v->s.p ? v->s.p : "", (sqlite3_uint64)v->s.n,
                                   SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

query db_query(db *d, const char *sql, const value *values, int n) {
    query q = {.db = d};
    if (!db_ok(d)) return q;
    q.statement = prepared(d, sql);
    for (int i = 0; q.statement && i < n; i++) {
        int code = bind(q.statement, i + 1, &values[i]);
        if (code != SQLITE_OK) {
            db_failed(d, code, "binding a value");
            db_done(&q);
        }
    }
    return q;
}

bool db_row(query *q) {
    if (!q->statement || !db_ok(q->db)) return false;
    int code = sqlite3_step(q->statement);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) db_failed(q->db, code, "reading or writing");
    db_done(q);
    return false;
}

void db_done(query *q) {
    if (q->statement) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    }
    q->statement = NULL;
}

void db_run(db *d, const char *sql, const value *values, int n) {
    query q = db_query(d, sql, values, n);
    if (db_row(&q)) db_done(&q);
}

int64_t db_changes(const db *d) { return sqlite3_changes64(d->handle); }

int64_t db_last_key(const db *d) { return sqlite3_last_insert_rowid(d->handle); }

int64_t db_int(const query *q, int column) { return sqlite3_column_int64(q->statement, column); }

/* A NULL pointer is an empty value, or no memory for a copy: that must not read as empty. */
static str column(const query *q, const void *p, int n) {
    if (!p && sqlite3_errcode(q->db->handle) == SQLITE_NOMEM) {
        db_failed(q->db, SQLITE_NOMEM, "reading a column");
    }
    return (str){p, p ? n : 0};
}

str db_text(const query *q, int i) {
    const void *p = sqlite3_column_text(q->statement, i);
    return column(q, p, sqlite3_column_bytes(q->statement, i));
}

str db_bytes(const query *q, int i) {
    const void *p = sqlite3_column_blob(q->statement, i);
    return column(q, p, sqlite3_column_bytes(q->statement, i));
}

int64_t db_number(db *d, const char *sql, const value *values, int n, int64_t absent) {
    query q = db_query(d, sql, values, n);
    if (!db_row(&q)) return absent;
    int64_t number = db_int(&q, 0);
    db_done(&q);
    return number;
}

void db_begin(db *d) { db_run(d, "BEGIN IMMEDIATE", NO_VALUES); }

bool db_in_transaction(const db *d) { return !sqlite3_get_autocommit(d->handle); }

static void undo(db *d) {
    if (!db_in_transaction(d)) return;
    for (int i = 0; i < d->cached; i++) sqlite3_reset(d->cache[i].statement);
    sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
}

void db_finish(db *d) {
    db_run(d, "COMMIT", NO_VALUES);
    if (!db_ok(d)) undo(d);
}

void db_part_begin(db *d) {
    if (!db_in_transaction(d))
        db_fail(d, STORE_BUSY, "store: nothing of the group was stored: try again");
    d->changes = sqlite3_total_changes64(d->handle);
}

void db_part_end(db *d) {
    if (!db_ok(d) && sqlite3_total_changes64(d->handle) != d->changes) undo(d);
}
