/* SPDX-License-Identifier: Apache-2.0 */
/* The store against bare SQLite. The bare loop leaves the same file behind: the store's own schema
 * with all its indexes and settings, the same rows of every table, prepared once and bound, nothing
 * read, compared, compressed or hashed. A round is one message of one Observation with one row.
 * "one" commits each message, "many" a thousand of them at once. */
#include "store/store.h"
#include "bench.h"
#include "bench_files.h"
#include "deliver/deliver.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENTS = 5000, BATCH = 1000, KEPT_BYTES = 1300, PACKED_BYTES = 560, AUDIT_BYTES = 390 };

static const char schema[] =
#include "schema.inc"
    ;

/* --- what is written --- */

typedef struct sample {
    char patient[40], id[40], content[65], updated[32], cells[200];
    char bytes[KEPT_BYTES + 1];
} sample;

static const char digest_text[] =
    "5b1d7c0f2a3948e6b7d05c6a1f8e9d2c4b3a29180f7e6d5c4b3a2918f7e6d5c4";

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static void random_hex(char *out, int n) {
    for (int i = 0; i < n; i++) out[i] = "0123456789abcdef"[next_random() >> 20 & 15];
    out[n] = 0;
}

static void make_sample(sample *s) {
    snprintf(s->patient, sizeof s->patient, "7f3b9c0e-2d4a-4c1b-9e77-%012u",
             (unsigned)(next_random() % PATIENTS));
    random_hex(s->id, 36);
    random_hex(s->content, 64);
    snprintf(s->updated, sizeof s->updated, "2025-0%d-1%dT08:00:0%dZ", 1 + (int)(next_random() % 9),
             (int)(next_random() % 10), (int)(next_random() % 10));
    snprintf(s->cells, sizeof s->cells,
             "[\"72514-3\",\"7.%d0\",\"{score}\",\"2025-03-1%dT10:00:00+01:00\",\"final\",null,"
             "null,\"http://loinc.example\",\"Pain severity 0-10 verbal numeric rating\",\"%s\"]",
             (int)(next_random() % 10), (int)(next_random() % 10), s->updated);
    int n = snprintf(s->bytes, sizeof s->bytes,
                     "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"meta\":{\"lastUpdated\":"
                     "\"%s\"},\"status\":\"final\",\"subject\":{\"reference\":\"Patient/%s\"},"
                     "\"note\":[{\"text\":\"",
                     s->id, s->updated, s->patient);
    while (n < KEPT_BYTES - 4) {
        n += snprintf(s->bytes + n, sizeof s->bytes - (size_t)n, "%.*s", KEPT_BYTES - 4 - n,
                      "the same words come again and again in such a resource ");
        if (n < KEPT_BYTES - 24) {
            random_hex(s->bytes + n, 12);
            n += 12;
        }
    }
    memcpy(s->bytes + n, "\"}]}", 5);
}

/* --- bare SQLite --- */

enum { PUT_PATIENT, PUT_RESOURCE, PUT_KEPT, PUT_ROW, PUT_AUDIT, RAISE, BEGIN, COMMIT, STATEMENTS };

typedef struct bare {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    int64_t n;
    char packed[PACKED_BYTES], audit[AUDIT_BYTES];
} bare;

static void must(const bare *b, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "bench: SQLite: %s\n", sqlite3_errmsg(b->db));
    abort();
}

static void bare_open(bare *b, const char *name) {
    static const char *const sql[STATEMENTS] = {
        "INSERT INTO patient (pk, source, id, rev) VALUES (?1, 'acme', ?2, 0)",
        "INSERT INTO resource (pk, source, type, id, patient, version, updated, content,"
        " view_digest, removed, kept) VALUES (?1, 'acme', 'Observation', ?2, ?3, '1', ?4, ?5, ?6,"
        " 0, ?1)",
        "INSERT INTO kept (pk, resource, version, updated, content, bytes, bytes_size, kept_ms)"
        " VALUES (?1, ?1, '1', ?2, ?3, ?4, 1300, 1764385200000)",
        "INSERT INTO view_row VALUES (?1, 'pain_scores', 0, ?2, ?3)",
        "INSERT INTO audit (seq, entry, hash) VALUES (?1, ?2, ?3)",
        "UPDATE patient SET rev = rev + 1 WHERE pk = ?1",
        "BEGIN IMMEDIATE",
        "COMMIT"};
    char path[BENCH_PATH];
    bench_file(name, path);
    must(b, sqlite3_open(path, &b->db));
    must(b, sqlite3_exec(b->db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
                         "PRAGMA secure_delete = FAST;",
                         NULL, NULL, NULL));
    must(b, sqlite3_exec(b->db, schema, NULL, NULL, NULL));
    for (int i = 0; i < STATEMENTS; i++)
        must(b, sqlite3_prepare_v3(b->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &b->statements[i],
                                   NULL));
    for (int i = 0; i < PACKED_BYTES; i++) b->packed[i] = (char)(next_random() >> 24);
    memset(b->audit, 'x', sizeof b->audit);
}

static void run_statement(const bare *b, int which) {
    must(b, sqlite3_step(b->statements[which]));
    must(b, sqlite3_reset(b->statements[which]));
}

static void bind_text(const bare *b, int which, int i, const char *text) {
    must(b, sqlite3_bind_text(b->statements[which], i, text, -1, SQLITE_STATIC));
}

static void bind_number(const bare *b, int which, int i, int64_t n) {
    must(b, sqlite3_bind_int64(b->statements[which], i, n));
}

static void bare_patients(const bare *b) {
    char id[40];
    run_statement(b, BEGIN);
    for (unsigned i = 0; i < PATIENTS; i++) {
        snprintf(id, sizeof id, "7f3b9c0e-2d4a-4c1b-9e77-%012u", i);
        bind_number(b, PUT_PATIENT, 1, i + 1);
        bind_text(b, PUT_PATIENT, 2, id);
        run_statement(b, PUT_PATIENT);
    }
    run_statement(b, COMMIT);
}

static void bare_message(bare *b, const sample *s) {
    int64_t pk = ++b->n, patient = 1 + strtol(s->patient + 24, NULL, 10);
    bind_number(b, PUT_RESOURCE, 1, pk);
    bind_text(b, PUT_RESOURCE, 2, s->id);
    bind_number(b, PUT_RESOURCE, 3, patient);
    bind_text(b, PUT_RESOURCE, 4, s->updated);
    bind_text(b, PUT_RESOURCE, 5, s->content);
    bind_text(b, PUT_RESOURCE, 6, digest_text);
    run_statement(b, PUT_RESOURCE);
    bind_number(b, PUT_KEPT, 1, pk);
    bind_text(b, PUT_KEPT, 2, s->updated);
    bind_text(b, PUT_KEPT, 3, s->content);
    must(b, sqlite3_bind_blob(b->statements[PUT_KEPT], 4, b->packed, PACKED_BYTES, SQLITE_STATIC));
    run_statement(b, PUT_KEPT);
    bind_number(b, PUT_ROW, 1, pk);
    bind_text(b, PUT_ROW, 2, s->cells);
    bind_text(b, PUT_ROW, 3, digest_text);
    run_statement(b, PUT_ROW);
    bind_number(b, PUT_AUDIT, 1, pk);
    must(b, sqlite3_bind_text(b->statements[PUT_AUDIT], 2, b->audit, AUDIT_BYTES, SQLITE_STATIC));
    must(b, sqlite3_bind_blob(b->statements[PUT_AUDIT], 3, b->packed, DIGEST_BYTES, SQLITE_STATIC));
    run_statement(b, PUT_AUDIT);
    bind_number(b, RAISE, 1, patient);
    run_statement(b, RAISE);
}

static int64_t bare_loop(bare *b, const char *name, int64_t rounds, int64_t batch) {
    sample s;
    if (!b->db) {
        bare_open(b, name);
        bare_patients(b);
    }
    for (int64_t i = 0; i < rounds; i++) {
        make_sample(&s);
        if (i % batch == 0) run_statement(b, BEGIN);
        bare_message(b, &s);
        if (i % batch == batch - 1 || i == rounds - 1) run_statement(b, COMMIT);
    }
    return rounds * KEPT_BYTES;
}

static int64_t one_bare(int64_t rounds) {
    static bare b;
    return bare_loop(&b, "one-bare", rounds, 1);
}

static int64_t many_bare(int64_t rounds) {
    static bare b;
    return bare_loop(&b, "many-bare", rounds, BATCH);
}

/* --- the product's store --- */

typedef struct filled {
    sample sample;
    stored_row row;
    resource_write resource;
    rev_check rev;
    message_write message;
} filled;

static int64_t revs[PATIENTS];

static int64_t *rev_of(const sample *s) { return &revs[strtol(s->patient + 24, NULL, 10)]; }

static void fill(filled *f) {
    sample *s = &f->sample;
    make_sample(s);
    patient_ref patient = {S("acme"), str_from(s->patient)};
    f->row = (stored_row){.view = S("pain_scores"),
                          .cells = str_from(s->cells),
                          .view_digest = str_from(digest_text)};
    f->resource = (resource_write){.patient = patient,
                                   .type = S("Observation"),
                                   .id = str_from(s->id),
                                   .version = S("1"),
                                   .updated = str_from(s->updated),
                                   .content = str_from(s->content),
                                   .bytes = str_from(s->bytes),
                                   .rows = &f->row,
                                   .row_count = 1,
                                   .view_digest = str_from(digest_text)};
    f->rev = (rev_check){patient, (*rev_of(s))++};
    f->message = (message_write){.source = S("acme"),
                                 .revs = &f->rev,
                                 .rev_count = 1,
                                 .resources = &f->resource,
                                 .resource_count = 1};
    for (int i = 0; i < DIGEST_BYTES; i++) f->message.sha256[i] = (uint8_t)s->content[i];
}

static store *open_store(const char *name) {
    store *s = NULL;
    fault fault = {0};
    char path[BENCH_PATH];
    bench_file(name, path);
    store_options o = {.path = str_from(path), .busy_ms = 5000, .digest = deliver_digest()};
    if (store_open(&o, &s, &fault) == STORE_OK) return s;
    fprintf(stderr, "bench: %s\n", fault.text);
    abort();
}

static void check(store_status status, const fault *fault) {
    if (status == STORE_OK) return;
    fprintf(stderr, "bench: store: %d %s\n", (int)status, fault->text);
    abort();
}

static int64_t one_store(int64_t rounds) {
    static store *s;
    static filled f;
    fault fault = {0};
    if (!s) {
        s = open_store("one-store");
        memset(revs, 0, sizeof revs);
    }
    for (int64_t i = 0; i < rounds; i++) {
        fill(&f);
        check(store_commit(s, &f.message, &fault), &fault);
    }
    return rounds * KEPT_BYTES;
}

/* A thousand messages in one group. */
static int64_t group_store(int64_t rounds) {
    static store *s;
    static filled f;
    fault fault = {0};
    if (!s) {
        s = open_store("group-store");
        memset(revs, 0, sizeof revs);
    }
    for (int64_t i = 0; i < rounds; i++) {
        fill(&f);
        if (i % BATCH == 0) check(store_group_begin(s, &fault), &fault);
        check(store_commit(s, &f.message, &fault), &fault);
        if (i % BATCH == BATCH - 1 || i == rounds - 1) check(store_group_end(s, &fault), &fault);
    }
    return rounds * KEPT_BYTES;
}

/* One message, such as a Bundle, of a thousand resources; of less in the last one. */
static int64_t bundle_store(int64_t rounds) {
    static store *s;
    static filled f[BATCH];
    static resource_write resources[BATCH];
    fault fault = {0};
    if (!s) {
        s = open_store("bundle-store");
        memset(revs, 0, sizeof revs);
    }
    for (int64_t done = 0; done < rounds; done += BATCH) {
        message_write m = {.source = S("acme"), .resources = resources};
        for (; m.resource_count < BATCH && done + m.resource_count < rounds; m.resource_count++) {
            fill(&f[m.resource_count]);
            resources[m.resource_count] = f[m.resource_count].resource;
        }
        check(store_commit(s, &m, &fault), &fault);
    }
    return rounds * KEPT_BYTES;
}

const bench_case store_bench[] = {
    BENCH_CASE(one_bare),    BENCH_CASE(one_store),    {"many_bare", many_bare, 0, 1},
    BENCH_CASE(group_store), BENCH_CASE(bundle_store), BENCH_END,
};
