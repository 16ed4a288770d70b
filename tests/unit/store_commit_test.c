/* SPDX-License-Identifier: Apache-2.0 */
/* Committing: what a message leaves, conflicts, removals, verdicts, many at once, two processes. */
#include "store_help.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const patient_ref p1 = {{"a", 1}, {"p1", 2}};

static int64_t rev_of(shelf *s, patient_ref patient) {
    patient_state state;
    store_patient(s->store, &s->arena, patient, &state, &s->fault);
    return state.rev;
}

static void a_resource_and_its_rows(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-resource"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "2025-01-01T00:00:00Z", "c1"), STORE_OK);
    resource_head head;
    CHECK_INT(store_resource(s.store, &s.arena, S("a"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_OK);
    CHECK_STR(head.patient.p, "p1");
    CHECK_STR(head.version.p, "c1");
    CHECK_STR(head.updated.p, "2025-01-01T00:00:00Z");
    CHECK(!head.removed);
    CHECK_INT(store_resource(s.store, &s.arena, S("b"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_NONE);
    stored_row *rows;
    isize n;
    CHECK_INT(store_rows(s.store, &s.arena, p1, &rows, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 1);
    CHECK_STR(rows[0].cells.p, "[\"7.60\",null]"); /* digits stay */
    CHECK_STR(rows[0].type.p, "Observation");
    CHECK_STR(rows[0].view_digest.p, "v1");
    patient_state patient;
    CHECK_INT(store_patient(s.store, &s.arena, p1, &patient, &s.fault), STORE_OK);
    CHECK_INT(patient.rev, 1);
    CHECK(!patient.known); /* an Observation before its Patient */
    shelf_close(&s);
}

static void rows_are_replaced_and_sorted(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-rows"));
    stored_row rows[] = {{.view = S("zeta"), .cells = S("[1]"), .row = 0},
                         {.view = S("alpha"), .cells = S("[2]"), .row = 1},
                         {.view = S("alpha"), .cells = S("[3]"), .row = 0}};
    resource_write writes[] = {{.patient = p1,
                                .type = S("Observation"),
                                .id = S("o2"),
                                .content = S("x"),
                                .rows = rows,
                                .row_count = 3},
                               {.patient = p1,
                                .type = S("Observation"),
                                .id = S("o1"),
                                .content = S("y"),
                                .rows = rows + 1,
                                .row_count = 1}};
    message_write m = {.source = S("a"), .resources = writes, .resource_count = 2};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(rev_of(&s, p1), 1); /* once a message */
    stored_row *list;
    isize n;
    CHECK_INT(store_rows(s.store, &s.arena, p1, &list, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 4);
    static const char *const order[] = {"alpha o1 1", "alpha o2 0", "alpha o2 1", "zeta o2 0"};
    for (int i = 0; i < 4; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %s %d", list[i].view.p, list[i].id.p, (int)list[i].row);
        CHECK_STR(text, order[i]);
    }
    writes[0].row_count = 1;
    writes[0].content = S("z");
    m.resource_count = 1;
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_rows(s.store, &s.arena, p1, &list, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 2);
    shelf_close(&s);
}

static void a_removal_leaves_its_order(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-removal"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "2025-01-01T00:00:00Z", "c1"), STORE_OK);
    resource_write removal = {.patient = p1,
                              .type = S("Observation"),
                              .id = S("o1"),
                              .version = S("c1"),
                              .updated = S("2025-01-01T00:00:00Z"),
                              .content = S("what was removed"),
                              .removal = true};
    message_write m = {.source = S("a"), .resources = &removal, .resource_count = 1};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    resource_head head;
    CHECK_INT(store_resource(s.store, &s.arena, S("a"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_OK);
    CHECK(head.removed);
    CHECK_STR(head.updated.p, "2025-01-01T00:00:00Z");
    CHECK_STR(head.content.p, "what was removed");
    stored_row *rows;
    isize n;
    CHECK_INT(store_rows(s.store, &s.arena, p1, &rows, &n, &s.fault), STORE_OK);
    CHECK_INT(n, 0);
    CHECK_INT(store_order(&head, S("c1"), S("2025-01-01T00:00:00Z"), S("c1"), false), ORDER_OLDER);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM kept"), 1); /* the bytes stay for replay */
    shelf_close(&s);
}

static void a_rev_that_moved_is_a_conflict(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-rev"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    rev_check revs[] = {{p1, 0}, {{S("a"), S("p2")}, 0}};
    resource_write r = {.patient = p1, .type = S("Observation"), .id = S("o2"), .content = S("x")};
    message_write m = {.source = S("a"),
                       .message_id = S("m1"),
                       .document = S("{}"),
                       .revs = revs,
                       .rev_count = 2,
                       .resources = &r,
                       .resource_count = 1};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_CONFLICT);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM inbox"), 0);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 1);
    CHECK_INT(rev_of(&s, p1), 1);
    revs[0].rev = 1; /* p2 was never seen: 0 */
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(rev_of(&s, p1), 2);
    m.rev_count = 0;
    m.document = S("{\"other\":1}");
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_CONFLICT); /* the id is there now */
    stored_result result;
    CHECK_INT(store_inbox_find(s.store, &s.arena, S("a"), S("m1"), m.sha256, &result, &s.fault),
              STORE_OK);
    CHECK_STR(result.document.p, "{}");
    shelf_close(&s);
}

static void touched_and_decided_patients_move(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-touched"));
    patient_ref touched[] = {{S("a"), S("p2")}, {S("a"), S("p2")}, {S("b"), S("p2")}};
    decided_patient decided[] = {{{S("a"), S("p3")}, 500}, {{S("a"), S("p2")}, 0}};
    message_write m = {.source = S("a"),
                       .touched = touched,
                       .touched_count = 3,
                       .decided = decided,
                       .decided_count = 2,
                       .mapping_digest = S("m1")};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(rev_of(&s, touched[0]), 1);
    CHECK_INT(rev_of(&s, touched[2]), 1);
    CHECK_INT(rev_of(&s, decided[0].patient), 1);
    shelf_close(&s);
}

/* What belongs to no patient has no rev: an older state that comes late is a conflict. */
static void order_without_a_patient(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-device"));
    CHECK_INT(shelf_put(&s, "Device", "d1", "", "2025-02-01T00:00:00Z", "new"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Device", "d1", "", "2025-01-01T00:00:00Z", "old"), STORE_CONFLICT);
    CHECK_STR(shelf_text(&s, "SELECT content FROM resource"), "new");
    shelf_close(&s);
}

static void verdicts(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-verdict"));
    verdict_write v = {.patient = p1,
                       .study = S("nct1"),
                       .kind = S("eligible"),
                       .document = S("{\"v\":1}"),
                       .record_sha256 = S("r"),
                       .mapping_digest = S("m"),
                       .study_digest = S("s"),
                       .library_version = S("1"),
                       .clock = S("2025-01-01T00:00:00Z"),
                       .inputs = S("[\"a\"]")};
    message_write m = {.source = S("a"), .verdicts = &v, .verdict_count = 1};
    last_verdict last;
    CHECK_INT(store_last_verdict(s.store, &s.arena, p1, S("nct1"), &last, &s.fault), STORE_NONE);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    v.kind = S("ineligible");
    v.document = S("{\"v\":2}");
    v.clock = S("2025-01-02T00:00:00Z");
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_last_verdict(s.store, &s.arena, p1, S("nct1"), &last, &s.fault), STORE_OK);
    CHECK_STR(last.kind.p, "ineligible");
    CHECK_STR(last.decided.p, "2025-01-02T00:00:00Z");
    CHECK_STR(last.mapping_digest.p, "m");
    uint8_t hash[DIGEST_BYTES];
    char hex[DIGEST_HEX];
    shelf_digest.sha256(S("{\"v\":2}"), hash);
    digest_hex(hash, hex);
    CHECK(str_eq(last.sha256, (str){hex, DIGEST_HEX}));
    buf out = buf_new(&s.arena, 1 << 20, "a verdict");
    CHECK_INT(store_verdict_json(s.store, p1, S("nct1"), &out, &s.fault), STORE_OK);
    buf_byte(&out, '\0');
    CHECK(strstr(out.p, "\"verdict\":{\"v\":2}}") != NULL);
    CHECK(strstr(out.p, "\"inputs\":[\"a\"]") != NULL);
    CHECK_INT(store_verdict_json(s.store, p1, S("nct2"), &out, &s.fault), STORE_NONE);
    shelf_close(&s);
}

static void flags(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-flag"));
    stored_flag flag;
    CHECK_INT(store_flag(s.store, &s.arena, S("ehr"), S("k1"), &flag, &s.fault), STORE_NONE);
    CHECK_INT(shelf_flag(&s, "k1", "active", "body"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", NULL), STORE_OK); /* a hold: nothing is queued */
    CHECK_INT(store_flag(s.store, &s.arena, S("ehr"), S("k1"), &flag, &s.fault), STORE_OK);
    CHECK_INT(flag.seq, 1);
    CHECK_STR(flag.status.p, "active");
    CHECK_STR(flag.patient_key.p, "a|p1");
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM outbox"), 1);
    shelf_close(&s);
}

/* --- many threads, two processes --- */

enum { THREADS = 8, EACH = 25 };

typedef struct worker {
    shelf *s;
    int number, failed, conflicts;
} worker;

static void *write_many(void *argument) {
    worker *w = argument;
    for (int i = 0; i < EACH; i++) {
        char id[32];
        fault why;
        snprintf(id, sizeof id, "t%d-%d", w->number, i);
        /* Every fifth message names a rev that cannot be right: it must not disturb the others. */
        rev_check revs[] = {{p1, 1000000}};
        resource_write r = {
            .patient = p1, .type = S("Observation"), .id = str_from(id), .content = str_from(id)};
        message_write m = {.source = S("a"),
                           .message_id = str_from(id),
                           .document = S("{}"),
                           .revs = revs,
                           .rev_count = i % 5 == 0,
                           .resources = &r,
                           .resource_count = 1};
        store_status status = store_commit(w->s->store, &m, &why);
        if (status == STORE_CONFLICT) w->conflicts++;
        if (status != STORE_OK && status != STORE_CONFLICT) w->failed++;
    }
    return NULL;
}

static void waiting_messages_share_a_commit(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-threads"));
    pthread_t threads[THREADS];
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){&s, i, 0, 0};
        CHECK(pthread_create(&threads[i], NULL, write_many, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(workers[i].failed, 0);
        CHECK_INT(workers[i].conflicts, EACH / 5);
    }
    int good = THREADS * EACH * 4 / 5;
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), good);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM inbox"), good);
    CHECK_INT(rev_of(&s, p1), good);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(entries, good);
    CHECK_INT(bad, 0);
    shelf_close(&s);
}

static void two_processes(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-processes"));
    store_close(s.store);
    s.store = NULL;
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            worker w = {&s, i, 0, 0};
            store_options options = {
                .path = str_from(s.path), .busy_ms = 20000, .digest = &shelf_digest};
            if (store_open(&options, &s.store, &s.fault) != STORE_OK) _exit(2);
            write_many(&w);
            store_close(s.store);
            _exit(w.failed == 0 && w.conflicts == EACH / 5 ? 0 : 1);
        }
    }
    for (int i = 0; i < 2; i++) {
        int result = -1;
        CHECK(waitpid(children[i], &result, 0) == children[i]);
        CHECK_INT(result, 0);
    }
    CHECK_OR_RETURN(shelf_reopen(&s, 0) == STORE_OK);
    CHECK_INT(rev_of(&s, p1), 2 * EACH * 4 / 5);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(bad, 0); /* one chain, two writers */
    shelf_close(&s);
}

/* kill -9 while messages are committed: whatever was acknowledged is there, and the chain holds. */
static void acknowledged_means_durable(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-killed"));
    store_close(s.store);
    s.store = NULL;
    int acknowledged = 0;
    for (int round = 0; round < 5; round++) {
        int told[2] = {-1, -1};
        CHECK_OR_RETURN(pipe(told) == 0);
        pid_t child = fork();
        if (child == 0) {
            if (shelf_reopen(&s, 0) != STORE_OK) _exit(2);
            for (int i = 0;; i++) {
                char id[32];
                snprintf(id, sizeof id, "r%d-%d", round, i);
                bool ok = shelf_put(&s, "Observation", id, "p1", "", id) == STORE_OK;
                if (!ok || write(told[1], "+", 1) != 1) _exit(1);
            }
        }
        close(told[1]);
        char byte;
        for (int i = 0; i < 20 + 7 * round; i++) acknowledged += read(told[0], &byte, 1) == 1;
        CHECK(kill(child, SIGKILL) == 0);
        int result = 0;
        CHECK(waitpid(child, &result, 0) == child && WIFSIGNALED(result));
        while (read(told[0], &byte, 1) == 1) acknowledged++;
        close(told[0]);
    }
    CHECK_OR_RETURN(shelf_reopen(&s, 0) == STORE_OK);
    long long stored = shelf_number(&s, "SELECT count(*) FROM resource");
    CHECK(stored >= acknowledged && stored <= acknowledged + 5); /* the last answer may be lost */
    CHECK_INT(rev_of(&s, p1), stored);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(entries, stored);
    CHECK_INT(bad, 0);
    CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
    shelf_close(&s);
}

/* --- groups --- */

static message_write group_message(resource_write *r, const char *id, const rev_check *rev) {
    *r = (resource_write){
        .patient = p1, .type = S("Observation"), .id = str_from(id), .content = str_from(id)};
    return (message_write){.source = S("a"),
                           .revs = rev,
                           .rev_count = rev ? 1 : 0,
                           .resources = r,
                           .resource_count = 1};
}

static store_status group_put(shelf *s, const char *id, const rev_check *rev) {
    resource_write r;
    message_write m = group_message(&r, id, rev);
    return store_commit(s->store, &m, &s->fault);
}

/* Each message reads what those before it wrote; nobody else does before the end; what fails, fails
 * alone. */
static void a_group_is_one_commit(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-group"));
    CHECK_INT(store_group_begin(s.store, &s.fault), STORE_OK);
    rev_check unseen = {p1, 0}, once = {p1, 1};
    CHECK_INT(group_put(&s, "o1", &unseen), STORE_OK);
    CHECK_INT(group_put(&s, "o2", &unseen), STORE_CONFLICT); /* o1 moved the rev */
    CHECK_INT(rev_of(&s, p1), 1);
    CHECK_INT(group_put(&s, "o3", &once), STORE_OK);
    resource_head head;
    CHECK_INT(store_resource(s.store, &s.arena, S("a"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), 0);
    CHECK_INT(store_group_end(s.store, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(id) FROM (SELECT id FROM resource ORDER BY id)"),
              "o1,o3");
    CHECK_INT(rev_of(&s, p1), 2);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(entries, 2);
    CHECK_INT(bad, 0);
    shelf_close(&s);
}

/* A message that fails after it began to write takes the group with it, and the end says so. */
static void a_group_on_a_full_disk(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-group-full"));
    long long pages = shelf_number(&s, "PRAGMA page_count");
    store_close(s.store);
    CHECK_INT(shelf_reopen(&s, pages + 2), STORE_OK);
    static char large[200001];
    for (size_t i = 0; i + 1 < sizeof large; i++)
        large[i] = (char)('a' + (i * i * 7 + i / 97) % 26);
    CHECK_INT(store_group_begin(s.store, &s.fault), STORE_OK);
    CHECK_INT(group_put(&s, "o1", NULL), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "large", "p1", "", large), STORE_FULL);
    CHECK_INT(group_put(&s, "o2", NULL), STORE_BUSY);
    CHECK_INT(store_group_end(s.store, &s.fault), STORE_BUSY);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), 0);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 0);
    CHECK_INT(group_put(&s, "o4", NULL), STORE_OK); /* the store goes on */
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(entries, shelf_number(&s, "SELECT count(*) FROM resource"));
    CHECK_INT(bad, 0);
    shelf_close(&s);
}

/* The same where SQLite undoes no more than a statement: a message that has a resource twice, which
 * no caller does, fails at the second. */
static void a_group_with_half_a_message(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-group-half"));
    resource_write twice[] = {{.type = S("Device"), .id = S("d"), .content = S("d")},
                              {.type = S("Device"), .id = S("d"), .content = S("d")}};
    message_write m = {.source = S("a"), .resources = twice, .resource_count = 2};
    CHECK_INT(store_group_begin(s.store, &s.fault), STORE_OK);
    CHECK_INT(group_put(&s, "o1", NULL), STORE_OK);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_BROKEN);
    CHECK_INT(group_put(&s, "o2", NULL), STORE_BUSY);
    CHECK_INT(store_group_end(s.store, &s.fault), STORE_BUSY);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), 0);
    CHECK_INT(group_put(&s, "o3", NULL), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 1);
    shelf_close(&s);
}

/* What is in conflict is found before anything is written: the second resource's state is older
 * than what is stored, and neither the inbox nor the first resource tells of the message. */
static void a_conflict_in_a_group_leaves_nothing(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-group-conflict"));
    CHECK_INT(shelf_put(&s, "Device", "d", "", "2025-02-02T00:00:00Z", "new"), STORE_OK);
    resource_write both[] = {{.type = S("Device"),
                              .id = S("e"),
                              .content = S("e"),
                              .updated = S("2025-01-01T00:00:00Z")},
                             {.type = S("Device"),
                              .id = S("d"),
                              .content = S("old"),
                              .updated = S("2025-01-01T00:00:00Z")}};
    message_write m = {.source = S("a"),
                       .message_id = S("m1"),
                       .document = S("{}"),
                       .resources = both,
                       .resource_count = 2};
    CHECK_INT(store_group_begin(s.store, &s.fault), STORE_OK);
    CHECK_INT(group_put(&s, "o1", NULL), STORE_OK);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_CONFLICT);
    CHECK_INT(group_put(&s, "o2", NULL), STORE_OK);
    CHECK_INT(store_group_end(s.store, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(id) FROM (SELECT id FROM resource ORDER BY id)"),
              "d,o1,o2");
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM inbox"), 0);
    shelf_close(&s);
}

/* kill -9 before the end of a group leaves nothing of it; the end is the only moment. */
static void a_group_that_was_killed(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-group-killed"));
    store_close(s.store);
    s.store = NULL;
    for (int ended = 0; ended < 2; ended++) {
        pid_t child = fork();
        if (child == 0) {
            bool ok = shelf_reopen(&s, 0) == STORE_OK &&
                      store_group_begin(s.store, &s.fault) == STORE_OK &&
                      group_put(&s, "o1", NULL) == STORE_OK &&
                      group_put(&s, "o2", NULL) == STORE_OK;
            if (ok && ended) ok = store_group_end(s.store, &s.fault) == STORE_OK;
            if (ok) kill(getpid(), SIGKILL);
            _exit(1);
        }
        int result = 0;
        CHECK(waitpid(child, &result, 0) == child && WIFSIGNALED(result));
        CHECK_OR_RETURN(shelf_reopen(&s, 0) == STORE_OK);
        CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), ended ? 2 : 0);
        CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), ended ? 2 : 0);
        CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
        store_close(s.store);
        s.store = NULL;
    }
    shelf_close(&s);
}

/* A resource that was decided on as new must be new when it is written, too. */
static void one_that_was_never_seen(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "commit-unseen"));
    resource_write r;
    message_write m = group_message(&r, "o1", NULL);
    r.unseen = true;
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_CONFLICT);
    shelf_close(&s);
}

const unit_test store_commit_suite[] = {
    UNIT_TEST(a_resource_and_its_rows),
    UNIT_TEST(rows_are_replaced_and_sorted),
    UNIT_TEST(a_removal_leaves_its_order),
    UNIT_TEST(a_rev_that_moved_is_a_conflict),
    UNIT_TEST(touched_and_decided_patients_move),
    UNIT_TEST(order_without_a_patient),
    UNIT_TEST(verdicts),
    UNIT_TEST(flags),
    UNIT_TEST(waiting_messages_share_a_commit),
    UNIT_TEST(two_processes),
    UNIT_TEST(acknowledged_means_durable),
    UNIT_TEST(a_group_is_one_commit),
    UNIT_TEST(a_group_on_a_full_disk),
    UNIT_TEST(a_group_with_half_a_message),
    UNIT_TEST(a_conflict_in_a_group_leaves_nothing),
    UNIT_TEST(a_group_that_was_killed),
    UNIT_TEST(one_that_was_never_seen),
    UNIT_END,
};
