/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox: order within a key, superseding, attempts before the first byte, crashes between, and
 * the numbers that must rise above a server's. */
#include "store_help.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static outbox_message *due(shelf *s, int64_t now, isize *n) {
    outbox_message *list = NULL;
    CHECK_INT(store_outbox_due(s->store, &s->arena, S("ehr"), now, 10, &list, n, &s->fault),
              STORE_OK);
    return list;
}

static bool start(shelf *s, const char *name) {
    return shelf_open(s, name) &&
           CHECK_INT(store_sender_lock(s->store, S("ehr"), &s->fault), STORE_OK);
}

static store_status end(shelf *s, int64_t id, const char *request, bool done, bool park,
                        int64_t next) {
    remote_state remote = {S("77"), S("W/\"1\""), 1, S("abc")};
    outbox_outcome o = {.id = id,
                        .request_id = str_from(request),
                        .class = done   ? "ok"
                                 : park ? "permanent"
                                        : "retry",
                        .http = done ? 201 : 503,
                        .done = done,
                        .park = park,
                        .next_wall_ms = next,
                        .reason = S("why"),
                        .outcome = S("{}"),
                        .remote = done ? &remote : NULL};
    const outbox_outcome *list[] = {&o};
    return store_outbox_end(s->store, list, 1, &s->fault);
}

static void one_message_to_its_end(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(start(&s, "outbox-one"));
    CHECK_INT(store_outbox_wait_ms(s.store, S("ehr"), 1000), -1);
    CHECK_INT(shelf_flag(&s, "k1", "active", "{\"v\":1}"), STORE_OK);
    CHECK_INT(store_outbox_wait_ms(s.store, S("ehr"), 1000), 0);
    CHECK_INT(store_outbox_wait_ms(s.store, S("other"), 1000), -1);
    outbox_message *m = due(&s, 1000, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(m->seq, 1);
    CHECK_INT(m->attempts, 0);
    CHECK(!m->recovered);
    CHECK_STR(m->body.p, "{\"v\":1}");
    /* printf '{"v":1}' | sha256sum */
    CHECK_STR(m->body_sha256.p, "afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91");
    CHECK_INT(shelf_begin(&s, m->id, "r1"), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT state FROM outbox"), "inflight");
    CHECK_INT(shelf_begin(&s, m->id, "r2"), STORE_NONE); /* once */
    due(&s, 1000, &n);
    CHECK_INT(n, 0);
    CHECK_INT(end(&s, m->id, "r1", false, false, 5000), STORE_OK);
    CHECK_INT(store_outbox_wait_ms(s.store, S("ehr"), 1000), 4000);
    due(&s, 4999, &n);
    CHECK_INT(n, 0);
    m = due(&s, 5000, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(m->attempts, 1);
    CHECK_INT(shelf_begin(&s, m->id, "r2"), STORE_OK);
    CHECK_INT(end(&s, m->id, "r2", true, false, 0), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT state || attempts || last_class FROM outbox"), "done2ok");
    CHECK_STR(shelf_text(&s, "SELECT group_concat(class || http) FROM attempt"), "retry503,ok201");
    remote_state remote;
    CHECK_INT(store_remote(s.store, &s.arena, S("ehr"), S("k1"), &remote, &s.fault), STORE_OK);
    CHECK_STR(remote.fhir_id.p, "77");
    CHECK_STR(remote.etag.p, "W/\"1\"");
    CHECK_INT(store_remote(s.store, &s.arena, S("ehr"), S("k2"), &remote, &s.fault), STORE_NONE);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit WHERE entry ->> '$.action' ="
                               " 'delivery' AND entry ->> '$.state' IN ('ready', 'done')"),
              2);
    shelf_close(&s);
}

static void newer_states_take_the_place(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(start(&s, "outbox-newer"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "inactive", "two"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "other"), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 2);
    CHECK_STR(m[0].body.p, "two");
    CHECK_INT(m[0].seq, 2);
    CHECK(!m[0].recovered); /* the older one never left */
    CHECK_STR(m[1].body.p, "other");
    CHECK_STR(shelf_text(&s, "SELECT state FROM outbox WHERE body = 'one'"), "superseded");
    /* While one is in flight, a newer one waits; once it failed, the newer one must read first. */
    CHECK_INT(shelf_begin(&s, m[0].id, "r1"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", "three"), STORE_OK);
    due(&s, 1, &n);
    CHECK_INT(n, 1);
    CHECK_INT(end(&s, m[0].id, "r1", false, false, 9000), STORE_OK);
    m = due(&s, 1, &n);
    CHECK_INT(n, 1); /* k2: the newer one took over the waiting time */
    m = due(&s, 9000, &n);
    CHECK_OR_RETURN(n == 2);
    CHECK_STR(m[1].body.p, "three");
    CHECK(m[1].recovered);
    CHECK_INT(m[1].seq, 3);
    shelf_close(&s);
}

static void a_parked_head_blocks_its_key_only(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(start(&s, "outbox-parked"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "two"), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 2);
    CHECK_INT(shelf_begin(&s, m[0].id, "r1"), STORE_OK);
    CHECK_INT(end(&s, m[0].id, "r1", false, true, 0), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "inactive", "later"), STORE_OK);
    outbox_message *rest = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_STR(rest->body.p, "two");
    CHECK_INT(store_outbox_retry(s.store, rest->id, &s.fault), STORE_CONFLICT); /* not parked */
    CHECK_INT(store_outbox_park(s.store, rest->id, S("operator"), &s.fault), STORE_OK);
    CHECK_INT(store_outbox_park(s.store, 4711, S("operator"), &s.fault), STORE_NONE);
    CHECK(strstr(s.fault.text, "4711") != NULL);
    due(&s, 1, &n);
    CHECK_INT(n, 0);
    CHECK_INT(store_outbox_retry(s.store, rest->id, &s.fault), STORE_OK);
    rest = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK(rest->recovered); /* who parked it may have repaired the server: read first */
    CHECK_INT(store_outbox_park(s.store, rest->id, S("again"), &s.fault), STORE_OK);
    CHECK_INT(store_outbox_retry(s.store, m[0].id, &s.fault), STORE_OK);
    rest = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_STR(rest->body.p, "later"); /* the newest state, not the one that was refused */
    CHECK(rest->recovered);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit WHERE entry ->> '$.action' IN"
                               " ('outbox.park', 'outbox.retry')"),
              4);
    shelf_close(&s);
}

static void an_operator_is_not_overwritten(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(start(&s, "outbox-operator"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(shelf_begin(&s, m->id, "r1"), STORE_OK);
    CHECK_INT(store_outbox_park(s.store, m->id, S("stop"), &s.fault), STORE_OK);
    CHECK_INT(end(&s, m->id, "r1", false, false, 0), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT state || reason FROM outbox"), "parkedstop");
    CHECK_STR(shelf_text(&s, "SELECT entry ->> '$.state' FROM audit ORDER BY seq DESC LIMIT 1"),
              "overtaken");
    shelf_close(&s);
}

static void numbers_rise_above_the_server(void) {
    shelf s;
    isize n;
    int64_t seq = 0;
    CHECK_OR_RETURN(start(&s, "outbox-raise"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(shelf_begin(&s, m->id, "r1"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k1", "active", "two"), STORE_OK);
    CHECK_INT(store_raise_seq(s.store, m->id, 1, &seq, &s.fault), STORE_OK);
    CHECK_INT(seq, 2); /* into the newer one's old number */
    CHECK_STR(shelf_text(&s, "SELECT group_concat(seq) FROM (SELECT seq FROM outbox ORDER BY id)"),
              "2,3");
    CHECK_INT(store_raise_seq(s.store, m->id, 40, &seq, &s.fault), STORE_OK);
    CHECK_INT(seq, 41);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(seq) FROM (SELECT seq FROM outbox ORDER BY id)"),
              "41,42");
    CHECK_INT(store_raise_seq(s.store, m->id, 7, &seq, &s.fault), STORE_OK);
    CHECK_INT(seq, 41); /* never down */
    CHECK_INT(shelf_flag(&s, "k1", "active", "three"), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT max(seq) FROM outbox"), 43);
    CHECK_INT(shelf_number(&s, "SELECT seq FROM flag"), 43);
    CHECK_INT(store_raise_seq(s.store, 4711, 7, &seq, &s.fault), STORE_BROKEN);
    shelf_close(&s);
}

/* Many in one transaction, each for itself; what never left is as before, and was no attempt. */
static void many_at_once(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(start(&s, "outbox-many"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "two"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k3", "active", "three"), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 3);
    CHECK_INT(store_outbox_park(s.store, m[1].id, S("operator"), &s.fault), STORE_OK);
    outbox_start list[] = {
        {m[0].id, S("r1"), false}, {m[1].id, S("r2"), true}, {m[2].id, S("r3"), false}};
    CHECK_INT(store_outbox_begin(s.store, list, 3, &s.fault), STORE_OK);
    CHECK(list[0].begun && !list[1].begun && list[2].begun);
    CHECK_STR(
        shelf_text(&s, "SELECT group_concat(state) FROM (SELECT state FROM outbox ORDER BY id)"),
        "inflight,parked,inflight");
    outbox_outcome sent = {
        .id = m[0].id, .request_id = S("r1"), .class = "ok", .http = 201, .done = true};
    outbox_outcome kept = {.id = m[2].id, .request_id = S("r3"), .unsent = true};
    const outbox_outcome *ends[] = {&sent, &kept};
    long long entries = shelf_number(&s, "SELECT count(*) FROM audit");
    CHECK_INT(store_outbox_end(s.store, ends, 2, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(state || attempts)"
                             " FROM (SELECT state, attempts FROM outbox ORDER BY id)"),
              "done1,parked0,ready0");
    CHECK_STR(shelf_text(&s, "SELECT group_concat(request_id) FROM attempt"), "r1");
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), entries + 1);
    m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 1);
    CHECK(m->attempts == 0 && !m->recovered);
    shelf_close(&s);
}

/* kill -9 between the commit of `inflight` and any answer: what was in flight is ready again, and
 * said to be in doubt. */
static void killed_in_flight(void) {
    shelf s;
    isize n;
    CHECK_OR_RETURN(shelf_open(&s, "outbox-killed"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "two"), STORE_OK);
    store_close(s.store); /* no connection may cross the fork */
    s.store = NULL;
    pid_t child = fork();
    if (child == 0) {
        outbox_message *list;
        bool ok =
            shelf_reopen(&s, 0) == STORE_OK &&
            store_sender_lock(s.store, S("ehr"), &s.fault) == STORE_OK &&
            store_outbox_due(s.store, &s.arena, S("ehr"), 1, 10, &list, &n, &s.fault) == STORE_OK &&
            shelf_begin(&s, list[0].id, "r1") == STORE_OK;
        if (ok) kill(getpid(), SIGKILL);
        _exit(1);
    }
    int result = 0;
    CHECK(waitpid(child, &result, 0) == child);
    CHECK(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    CHECK_OR_RETURN(shelf_reopen(&s, 0) == STORE_OK);
    CHECK_STR(
        shelf_text(&s, "SELECT group_concat(state) FROM (SELECT state FROM outbox ORDER BY id)"),
        "inflight,ready");
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    outbox_message *m = due(&s, 1, &n);
    CHECK_OR_RETURN(n == 2);
    CHECK(m[0].recovered);
    CHECK_INT(m[0].attempts, 1);
    CHECK(!m[1].recovered);
    CHECK_INT(shelf_number(&s, "SELECT entry ->> '$.recovered' FROM audit WHERE"
                               " entry ->> '$.action' = 'sender' ORDER BY seq DESC LIMIT 1"),
              1);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(bad, 0);
    shelf_close(&s);
}

const unit_test store_outbox_suite[] = {
    UNIT_TEST(one_message_to_its_end),
    UNIT_TEST(newer_states_take_the_place),
    UNIT_TEST(a_parked_head_blocks_its_key_only),
    UNIT_TEST(an_operator_is_not_overwritten),
    UNIT_TEST(numbers_rise_above_the_server),
    UNIT_TEST(many_at_once),
    UNIT_TEST(killed_in_flight),
    UNIT_END,
};
