/* SPDX-License-Identifier: Apache-2.0 */
/* One sender an endpoint: in this process, in another, and after a take-over. */
#include "store_help.h"
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void once_in_a_process(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "sender-one"));
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_NONE);
    CHECK_INT(store_sender_lock(s.store, S("other"), &s.fault), STORE_OK);
    store_sender_unlock(s.store, S("ehr"));
    store_sender_unlock(s.store, S("ehr")); /* not held: nothing happens */
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT epoch FROM sender WHERE endpoint = 'ehr'"), 2);
    shelf_close(&s); /* lets go of what is still held */
    CHECK_OR_RETURN(shelf_reopen(&s, 0) == STORE_OK);
    CHECK_INT(store_sender_lock(s.store, S("other"), &s.fault), STORE_OK);
    shelf_close(&s);
}

/* The child holds the lock until its pipe ends, or is killed. */
static pid_t holder(shelf *s, int *ready, int *go) {
    int up[2], down[2];
    if (!CHECK(pipe(up) == 0 && pipe(down) == 0)) return -1;
    pid_t child = fork();
    if (child == 0) {
        char byte = 'n';
        close(up[0]);
        close(down[1]);
        if (shelf_reopen(s, 0) == STORE_OK &&
            store_sender_lock(s->store, S("ehr"), &s->fault) == STORE_OK) {
            byte = 'y';
        }
        bool told = write(up[1], &byte, 1) == 1;
        while (told && read(down[0], &byte, 1) > 0) {
        }
        _exit(0);
    }
    close(up[1]);
    close(down[0]);
    *ready = up[0];
    *go = down[1];
    return child;
}

static void once_among_processes(void) {
    shelf s;
    int ready = -1, go = -1, result = 0;
    char byte = 0;
    CHECK_OR_RETURN(shelf_open(&s, "sender-two"));
    store_close(s.store);
    pid_t child = holder(&s, &ready, &go);
    CHECK_OR_RETURN(child > 0);
    CHECK(read(ready, &byte, 1) == 1 && byte == 'y');
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK); /* others accept messages without sending */
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_NONE);
    CHECK(strstr(s.fault.text, "another process") != NULL);
    CHECK(kill(child, SIGKILL) == 0); /* a lock does not outlive its process */
    CHECK(waitpid(child, &result, 0) == child);
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    close(ready);
    close(go);
    shelf_close(&s);
}

/* A sender that was taken over, whatever it believes, puts nothing in flight. */
static void an_older_epoch_may_not_send(void) {
    shelf s;
    isize n;
    outbox_message *list;
    CHECK_OR_RETURN(shelf_open(&s, "sender-epoch"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(store_outbox_due(s.store, &s.arena, S("ehr"), 1, 10, &list, &n, &s.fault), STORE_OK);
    CHECK_OR_RETURN(n == 1);
    CHECK_INT(shelf_begin(&s, list->id, "r1"), STORE_NONE); /* no lock */
    CHECK_INT(store_sender_lock(s.store, S("ehr"), &s.fault), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE sender SET epoch = epoch + 1"));
    CHECK_INT(shelf_begin(&s, list->id, "r1"), STORE_NONE);
    CHECK_STR(shelf_text(&s, "SELECT state FROM outbox"), "ready");
    shelf_close(&s);
}

/* Times of a clock that was ahead: only what waits, at this endpoint, beyond the limit. */
static void waits_are_limited(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "sender-waits"));
    CHECK_INT(shelf_flag(&s, "k1", "active", "one"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k2", "active", "two"), STORE_OK);
    CHECK_INT(shelf_flag(&s, "k3", "active", "three"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE outbox SET next_ms = 9000000 WHERE id <> 2"));
    CHECK(shelf_exec(&s, "UPDATE outbox SET next_ms = 4000 WHERE id = 2"));
    CHECK(shelf_exec(&s, "UPDATE outbox SET state = 'parked' WHERE id = 3"));
    CHECK_INT(store_outbox_limit_waits(s.store, S("other"), 5000, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT next_ms FROM outbox WHERE id = 1"), 9000000);
    CHECK_INT(store_outbox_limit_waits(s.store, S("ehr"), 5000, &s.fault), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT group_concat(next_ms) FROM outbox"), "5000,4000,9000000");
    CHECK_INT(store_outbox_wait_ms(s.store, S("ehr"), 3000), 1000);
    shelf_close(&s);
}

const unit_test store_sender_suite[] = {
    UNIT_TEST(once_in_a_process),
    UNIT_TEST(once_among_processes),
    UNIT_TEST(an_older_epoch_may_not_send),
    UNIT_TEST(waits_are_limited),
    UNIT_END,
};
