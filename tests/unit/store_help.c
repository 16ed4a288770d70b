/* SPDX-License-Identifier: Apache-2.0 */
#include "store_help.h"

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool sha256(str data, uint8_t out[DIGEST_BYTES]) {
    return EVP_Digest(data.p, (size_t)data.n, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool hmac_sha256(str key, str data, uint8_t out[DIGEST_BYTES]) {
    return HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)data.p, (size_t)data.n, out,
                NULL) != NULL;
}

const digest shelf_digest = {sha256, hmac_sha256};

bool shelf_open(shelf *s, const char *name) {
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, 64 << 20, &s->landing);
    char file[64];
    snprintf(file, sizeof file, "%s.db", name);
    char *folder = realpath(unit_scratch("."), NULL);
    if (!CHECK(folder != NULL)) return false;
    snprintf(s->path, sizeof s->path, "%s/%s", folder, file);
    free(folder);
    static const char *const ends[] = {"", "-wal", "-shm", "-inflight"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[520];
        snprintf(path, sizeof path, "%s%s", s->path, ends[i]);
        unlink(path);
    }
    store_status status = shelf_reopen(s, 0);
    return CHECK_MSG(status == STORE_OK, "open: %d %s", status, s->fault.text);
}

store_status shelf_reopen(shelf *s, int64_t pages) {
    store_options options = {
        .path = str_from(s->path), .busy_ms = 200, .max_pages = pages, .digest = &shelf_digest};
    return store_open(&options, &s->store, &s->fault);
}

void shelf_close(shelf *s) {
    store_close(s->store);
    s->store = NULL;
    arena_release(&s->arena);
}

sqlite3 *shelf_peek(const shelf *s) {
    sqlite3 *handle = NULL;
    CHECK(sqlite3_open_v2(s->path, &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(handle, 2000);
    return handle;
}

const char *shelf_text(const shelf *s, const char *sql) {
    static char text[4096];
    sqlite3 *handle = shelf_peek(s);
    sqlite3_stmt *statement = NULL;
    text[0] = '\0';
    if (CHECK_MSG(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(handle)) &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(statement, 0);
        snprintf(text, sizeof text, "%s", column ? column : "NULL");
    }
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return text;
}

long long shelf_number(const shelf *s, const char *sql) {
    const char *text = shelf_text(s, sql);
    return *text ? strtoll(text, NULL, 10) : -1;
}

bool shelf_exec(const shelf *s, const char *sql) {
    sqlite3 *handle = shelf_peek(s);
    bool ok = sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK;
    CHECK_MSG(ok, "%s: %s", sql, sqlite3_errmsg(handle));
    sqlite3_close(handle);
    return ok;
}

store_status shelf_put(shelf *s, const char *type, const char *id, const char *patient,
                       const char *updated, const char *content) {
    stored_row row = {.view = S("things"), .cells = S("[\"7.60\",null]"), .view_digest = S("v1")};
    resource_write resource = {.patient = {S("a"), str_from(patient)},
                               .type = str_from(type),
                               .id = str_from(id),
                               .version = str_from(content),
                               .updated = str_from(updated),
                               .content = str_from(content),
                               .bytes = str_from(content),
                               .rows = &row,
                               .row_count = 1,
                               .view_digest = S("d1")};
    message_write m = {.source = S("a"), .resources = &resource, .resource_count = 1};
    return store_commit(s->store, &m, &s->fault);
}

store_status shelf_flag(shelf *s, const char *key, const char *status, const char *body) {
    flag_write_row flag = {.flag = {.endpoint = S("ehr"),
                                    .study = S("nct1"),
                                    .patient_key = S("a|p1"),
                                    .identifier = str_from(key),
                                    .status = str_from(status),
                                    .code = S("eligible"),
                                    .start = S("2025-01-01T00:00:00Z")},
                           .why = S("eligible"),
                           .body = str_from(body)};
    message_write m = {.source = S("a"), .flags = &flag, .flag_count = 1};
    return store_commit(s->store, &m, &s->fault);
}

store_status shelf_begin(shelf *s, int64_t id, const char *request) {
    outbox_start start = {id, str_from(request), false};
    store_status status = store_outbox_begin(s->store, &start, 1, &s->fault);
    return status == STORE_OK && !start.begun ? STORE_NONE : status;
}

store_status shelf_verify(shelf *s, int64_t *entries, int64_t *bad) {
    audit_report report;
    store_status status = store_audit_verify(s->store, (str){0}, &report, &s->fault);
    *entries = report.entries;
    *bad = report.bad;
    CHECK_STR(report.record, "");
    return status;
}
