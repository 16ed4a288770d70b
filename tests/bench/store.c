/* SPDX-License-Identifier: Apache-2.0 */
/* The store against bare SQLite. The bare loop leaves the same file behind: the store's own schema
 * with all its indexes, settings and patients, the same rows of every table with as many bytes,
 * prepared once and bound, nothing read, compared, compressed, hashed or written as JSON. A round
 * is an Observation of 1.3 KB with one row. "one" commits each as a message of its own, "many" and
 * "group" a thousand messages at once, "bundle" one message of a thousand. */
#include "bench.h"
#include "bench_files.h"
#include "deliver/deliver.h"
#include "messages.h"
#include "store/state.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
    PATIENTS = 5000,
    BATCH = 1000,
    ONE_ROUNDS = 1000,
    MANY_ROUNDS = 10000,
    AUDIT_BYTES = 446,
    SEAL_BYTES = 41, /* three a round: resource, rows, kept bytes */
    PACKED_MOST = 4096
};

static const char schema[] =
#include "schema.inc"
    ;

/* --- what is written --- */

typedef struct sample {
    char patient[40], id[40], content[65], updated[32], cells[200];
    str bytes;
    char packed[PACKED_MOST];
    int packed_n;
} sample;

static sample samples[MANY_ROUNDS];

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

/* The next Observation of the generator, again from the start after the last. */
static str next_observation(void) {
    static isize at;
    static const char start[] = "{\"resourceType\":\"Observation\"";
    str all = messages_json();
    for (;;) {
        if (at >= all.n) at = 0;
        isize end = str_find_byte(all, '\n', at);
        str line = str_slice(all, at, end);
        at = end + 1;
        if (str_starts(line, (str){start, sizeof start - 1})) return line;
    }
}

static void make_sample(sample *s, ZSTD_CCtx *packer) {
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
    s->bytes = next_observation();
    size_t n = ZSTD_compress2(packer, s->packed, PACKED_MOST, s->bytes.p, (size_t)s->bytes.n);
    if (ZSTD_isError(n)) abort();
    s->packed_n = (int)n;
}

/* New ones for each turn, before its time runs. */
static void make_samples(int64_t rounds) {
    static ZSTD_CCtx *packer;
    if (!packer) { /* as pack.c */
        packer = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, -5);
        ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1);
        ZSTD_CCtx_loadDictionary(packer, pack_dictionary.p, (size_t)pack_dictionary.n);
    }
    for (int64_t i = 0; i < rounds; i++) make_sample(&samples[i], packer);
}

/* --- bare SQLite --- */

enum { PUT_PATIENT, PUT_RESOURCE, PUT_KEPT, PUT_ROW, PUT_AUDIT, RAISE, BEGIN, COMMIT, STATEMENTS };

typedef struct bare {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    int64_t n, entries, raised[PATIENTS]; /* raised: in which batch last */
    char audit[AUDIT_BYTES], seals[3 * SEAL_BYTES * BATCH];
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
        " VALUES (?1, ?1, '1', ?2, ?3, ?4, ?5, 1764385200000)",
        "INSERT INTO view_row VALUES (?1, 'pain_scores', 0, ?2, ?3)",
        "INSERT INTO audit (seq, entry, hash, seals) VALUES (?1, ?2, ?3, ?4)",
        "UPDATE patient SET rev = rev + 1 WHERE pk = ?1",
        "BEGIN IMMEDIATE",
        "COMMIT"};
    char path[BENCH_PATH];
    bench_file(name, path);
    must(b, sqlite3_open(path, &b->db));
    must(b, sqlite3_exec(b->db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
                         "PRAGMA secure_delete = FAST; PRAGMA cache_size = -16384;"
                         "PRAGMA wal_autocheckpoint = 4096;",
                         NULL, NULL, NULL));
    must(b, sqlite3_exec(b->db, schema, NULL, NULL, NULL));
    for (int i = 0; i < STATEMENTS; i++)
        must(b, sqlite3_prepare_v3(b->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &b->statements[i],
                                   NULL));
    memset(b->audit, 'x', sizeof b->audit);
    memset(b->seals, 'x', sizeof b->seals);
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

static void bind_blob(const bare *b, int which, int i, const char *bytes, int n) {
    must(b, sqlite3_bind_blob(b->statements[which], i, bytes, n, SQLITE_STATIC));
}

static void bare_resource(bare *b, const sample *s) {
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
    bind_blob(b, PUT_KEPT, 4, s->packed, s->packed_n);
    bind_number(b, PUT_KEPT, 5, s->bytes.n);
    run_statement(b, PUT_KEPT);
    bind_number(b, PUT_ROW, 1, pk);
    bind_text(b, PUT_ROW, 2, s->cells);
    bind_text(b, PUT_ROW, 3, digest_text);
    run_statement(b, PUT_ROW);
}

/* Ends a message that began with round `first`: its audit entry, and each patient's rev once. */
static void bare_end(bare *b, int64_t first, int64_t end) {
    bind_number(b, PUT_AUDIT, 1, ++b->entries);
    must(b, sqlite3_bind_text(b->statements[PUT_AUDIT], 2, b->audit, AUDIT_BYTES, SQLITE_STATIC));
    bind_blob(b, PUT_AUDIT, 3, b->seals, DIGEST_BYTES);
    bind_blob(b, PUT_AUDIT, 4, b->seals, 3 * SEAL_BYTES * (int)(end - first));
    run_statement(b, PUT_AUDIT);
    for (int64_t i = first; i < end; i++) {
        long patient = strtol(samples[i].patient + 24, NULL, 10);
        if (b->raised[patient] == b->entries) continue;
        b->raised[patient] = b->entries;
        bind_number(b, RAISE, 1, 1 + patient);
        run_statement(b, RAISE);
    }
}

/* `message` resources to a message, `batch` to a commit. */
static int64_t bare_loop(bare *b, const char *name, int64_t rounds, int64_t message,
                         int64_t batch) {
    if (!b->db) {
        bare_open(b, name);
        bare_patients(b);
    }
    for (int64_t i = 0; i < rounds; i++) {
        if (i % batch == 0) run_statement(b, BEGIN);
        bare_resource(b, &samples[i]);
        if (i % message == message - 1) bare_end(b, i + 1 - message, i + 1);
        if (i % batch == batch - 1) run_statement(b, COMMIT);
    }
    return rounds;
}

static int64_t one_bare(int64_t rounds) {
    static bare b;
    return bare_loop(&b, "one-bare", rounds, 1, 1);
}

static int64_t many_bare(int64_t rounds) {
    static bare b;
    return bare_loop(&b, "many-bare", rounds, 1, BATCH);
}

static int64_t bundle_bare(int64_t rounds) {
    static bare b;
    return bare_loop(&b, "bundle-bare", rounds, BATCH, BATCH);
}

/* --- the product's store --- */

typedef struct filled {
    stored_row row;
    resource_write resource;
    rev_check rev;
    message_write message;
} filled;

/* A store, and what a caller would have read of its patients. */
typedef struct opened {
    store *store;
    int64_t revs[PATIENTS];
} opened;

static void fill(filled *f, const sample *s, opened *o) {
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
                                   .bytes = s->bytes,
                                   .rows = &f->row,
                                   .row_count = 1,
                                   .view_digest = str_from(digest_text)};
    f->rev = (rev_check){patient, o->revs[strtol(s->patient + 24, NULL, 10)]++};
    f->message = (message_write){.source = S("acme"),
                                 .revs = &f->rev,
                                 .rev_count = 1,
                                 .resources = &f->resource,
                                 .resource_count = 1};
    memcpy(f->message.sha256, s->content, DIGEST_BYTES);
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

/* With the patients of the bare loop. */
static void open_once(opened *o, const char *name) {
    static char ids[PATIENTS][40];
    static patient_ref patients[PATIENTS];
    fault fault = {0};
    if (o->store) return;
    deliver_digest_hold();
    o->store = open_store(name);
    for (unsigned i = 0; i < PATIENTS; i++) {
        snprintf(ids[i], sizeof ids[i], "7f3b9c0e-2d4a-4c1b-9e77-%012u", i);
        patients[i] = (patient_ref){S("acme"), str_from(ids[i])};
        o->revs[i] = 1;
    }
    message_write m = {.source = S("acme"), .touched = patients, .touched_count = PATIENTS};
    check(store_commit(o->store, &m, &fault), &fault);
}

static int64_t one_store(int64_t rounds) {
    static opened o;
    filled f;
    fault fault = {0};
    open_once(&o, "one-store");
    for (int64_t i = 0; i < rounds; i++) {
        fill(&f, &samples[i], &o);
        check(store_commit(o.store, &f.message, &fault), &fault);
    }
    return rounds;
}

/* A thousand messages in one group. */
static int64_t group_store(int64_t rounds) {
    static opened o;
    filled f;
    fault fault = {0};
    open_once(&o, "group-store");
    for (int64_t i = 0; i < rounds; i++) {
        fill(&f, &samples[i], &o);
        if (i % BATCH == 0) check(store_group_begin(o.store, &fault), &fault);
        check(store_commit(o.store, &f.message, &fault), &fault);
        if (i % BATCH == BATCH - 1) check(store_group_end(o.store, &fault), &fault);
    }
    return rounds;
}

/* One message, such as a Bundle, of a thousand resources. */
static int64_t bundle_store(int64_t rounds) {
    static opened o;
    static filled f[BATCH];
    static resource_write resources[BATCH];
    fault fault = {0};
    open_once(&o, "bundle-store");
    for (int64_t done = 0; done < rounds; done += BATCH) {
        message_write m = {.source = S("acme"), .resources = resources, .resource_count = BATCH};
        for (int i = 0; i < BATCH; i++) {
            fill(&f[i], &samples[done + i], &o);
            resources[i] = f[i].resource;
        }
        check(store_commit(o.store, &m, &fault), &fault);
    }
    return rounds;
}

const bench_case store_bench[] = {
    BENCH_YARDSTICK(one_bare, make_samples, ONE_ROUNDS),
    BENCH_TURN(one_store, make_samples, ONE_ROUNDS),
    BENCH_YARDSTICK(many_bare, make_samples, MANY_ROUNDS),
    BENCH_TURN(group_store, make_samples, MANY_ROUNDS),
    BENCH_YARDSTICK(bundle_bare, make_samples, MANY_ROUNDS),
    BENCH_TURN(bundle_store, make_samples, MANY_ROUNDS),
    BENCH_END,
};
