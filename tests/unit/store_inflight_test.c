/* SPDX-License-Identifier: Apache-2.0 */
/* Messages under way: what one process was doing when it died, as the next one sees it. */
#include "store_help.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t one[DIGEST_BYTES] = {1, 2, 3}, other[DIGEST_BYTES] = {9};
static const char one_hex[] = "0102030000000000000000000000000000000000000000000000000000000000";

/* A process that dies with the message under way, or (done) after it got through it. */
static void die_with(shelf *s, const uint8_t sha256[DIGEST_BYTES], bool done) {
    int status = 0, mark;
    pid_t child = fork();
    if (child == 0) {
        if (shelf_reopen(s, 0) != STORE_OK) _exit(2);
        bool begun = store_inflight_begin(s->store, sha256, &mark);
        if (begun && done) store_inflight_end(s->store, mark, true);
        if (begun) kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, SIGKILL);
}

static bool may_begin(shelf *s, const uint8_t sha256[DIGEST_BYTES]) {
    int mark;
    bool may = store_inflight_begin(s->store, sha256, &mark);
    if (may) store_inflight_end(s->store, mark, false);
    return may;
}

/* The store with nothing open in this process, as die_with wants it. */
static bool prepare(shelf *s, const char *name) {
    if (!shelf_open(s, name)) return false;
    store_close(s->store);
    s->store = NULL;
    return true;
}

static bool look(shelf *s) { return CHECK_INT(shelf_reopen(s, 0), STORE_OK); }

static void twice_is_quarantined(void) {
    shelf s;
    CHECK_OR_RETURN(prepare(&s, "inflight-twice"));
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(may_begin(&s, one));
    CHECK_INT(store_quarantined(s.store), 0);
    store_close(s.store);
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(!may_begin(&s, one));
    CHECK(may_begin(&s, other));
    CHECK_INT(store_quarantined(s.store), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit WHERE instr(entry, "
                               "'\"action\":\"quarantined\",\"detail\":{\"sha256\":\"010203')"),
              1);
    shelf_close(&s);
}

static void it_stays_until_it_is_released(void) {
    shelf s;
    CHECK_OR_RETURN(prepare(&s, "inflight-release"));
    die_with(&s, one, false);
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    store_close(s.store);
    CHECK_OR_RETURN(look(&s)); /* closing and opening changes nothing */
    CHECK(!may_begin(&s, one));
    buf out = buf_new(&s.arena, 4096, "a test");
    store_quarantine_json(s.store, &out);
    str text = buf_str(&out);
    CHECK_MSG(str_starts(text, S("[{\"sha256\":\"010203")), "%.*s", STR_ARGS(text));
    CHECK_INT(store_quarantine_release(s.store, S("00"), &s.fault), STORE_NONE);
    CHECK_INT(store_quarantine_release(s.store, str_from(one_hex), &s.fault), STORE_OK);
    CHECK(may_begin(&s, one));
    CHECK_INT(store_quarantined(s.store), 0);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit WHERE instr(entry, "
                               "'\"action\":\"released\",\"detail\":{\"sha256\":\"010203')"),
              1);
    shelf_close(&s);
}

static void getting_through_between_forgets(void) {
    shelf s;
    CHECK_OR_RETURN(prepare(&s, "inflight-through"));
    die_with(&s, one, false);
    die_with(&s, one, true);
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(may_begin(&s, one));
    shelf_close(&s);
}

/* Reading it again is not getting through it. */
static void a_part_forgets_nothing(void) {
    shelf s;
    int mark;
    CHECK_OR_RETURN(prepare(&s, "inflight-part"));
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(store_inflight_begin(s.store, one, &mark));
    store_inflight_end(s.store, mark, false);
    store_close(s.store);
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(!may_begin(&s, one));
    shelf_close(&s);
}

/* What a living process has under way is no death; what it learns, the others know at once. */
static void the_living_are_left_alone(void) {
    shelf s;
    int mark, ready[2], go[2];
    char byte = 0;
    CHECK_OR_RETURN(prepare(&s, "inflight-living") && pipe(ready) == 0 && pipe(go) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        if (shelf_reopen(&s, 0) != STORE_OK || !store_inflight_begin(s.store, one, &mark)) _exit(2);
        bool told = write(ready[1], "y", 1) == 1;
        while (told && read(go[0], &byte, 1) > 0) {
        }
        if (!store_inflight_begin(s.store, other, &mark)) kill(getpid(), SIGKILL);
        _exit(1);
    }
    close(go[0]);
    CHECK(read(ready[0], &byte, 1) == 1);
    for (int i = 0; i < 3; i++) {
        CHECK_OR_RETURN(look(&s));
        CHECK(may_begin(&s, one));
        store_close(s.store);
    }
    die_with(&s, other, false);
    die_with(&s, other, false);
    CHECK_OR_RETURN(look(&s));
    close(go[1]);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(status, SIGKILL);
    CHECK(may_begin(&s, one)); /* the child's death is seen by who opens next */
    shelf_close(&s);
    close(ready[0]);
    close(ready[1]);
}

static void more_than_there_are_slots(void) {
    enum { MANY = 600 };
    static int marks[MANY];
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "inflight-many"));
    int watched = 0;
    for (int i = 0; i < MANY; i++) {
        CHECK(store_inflight_begin(s.store, one, &marks[i]));
        watched += marks[i] >= 0;
    }
    CHECK_INT(watched, 512);
    for (int i = 0; i < MANY; i++) store_inflight_end(s.store, marks[i], true);
    shelf_close(&s);
}

static void a_file_of_something_else_is_made_anew(void) {
    shelf s;
    char path[600];
    CHECK_OR_RETURN(prepare(&s, "inflight-damaged"));
    snprintf(path, sizeof path, "%s-inflight", s.path);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, "not a journal at all", 20) == 20);
    close(fd);
    die_with(&s, one, false);
    die_with(&s, one, false);
    CHECK_OR_RETURN(look(&s));
    CHECK(!may_begin(&s, one));
    shelf_close(&s);
}

const unit_test store_inflight_suite[] = {
    UNIT_TEST(twice_is_quarantined),
    UNIT_TEST(it_stays_until_it_is_released),
    UNIT_TEST(getting_through_between_forgets),
    UNIT_TEST(a_part_forgets_nothing),
    UNIT_TEST(the_living_are_left_alone),
    UNIT_TEST(more_than_there_are_slots),
    UNIT_TEST(a_file_of_something_else_is_made_anew),
    UNIT_END,
};
