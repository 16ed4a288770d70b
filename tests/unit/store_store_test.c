/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: who may, which files are refused untouched, one store a file, damage, a full disk. */
#include "store_help.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void made_for_the_owner_alone(void) {
    shelf s;
    struct stat about;
    CHECK_OR_RETURN(shelf_open(&s, "store-mode"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[520];
        snprintf(path, sizeof path, "%s%s", s.path, ends[i]);
        CHECK(stat(path, &about) == 0);
        CHECK_INT(about.st_mode & 0777, 0600);
    }
    CHECK_STR(shelf_text(&s, "PRAGMA journal_mode"), "wal");
    shelf_close(&s);
}

static void others_may_not_read(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-others"));
    store_close(s.store);
    CHECK(chmod(s.path, 0640) == 0);
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    CHECK(strstr(s.fault.text, "chmod 600") != NULL);
    CHECK(s.store == NULL);
    CHECK(chmod(s.path, 0600) == 0);
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    shelf_close(&s);
}

static void paths_that_are_refused(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-paths"));
    char link_path[520];
    snprintf(link_path, sizeof link_path, "%s.link", s.path);
    unlink(link_path);
    CHECK(symlink(s.path, link_path) == 0);
    const char *const bad[] = {"relative.db", "",         "/", "/nonexistent-folder/x.db",
                               link_path,     "/dev/null"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        store_options options = {.path = str_from(bad[i]), .digest = &shelf_digest};
        store *other = NULL;
        CHECK_MSG(store_open(&options, &other, &s.fault) == STORE_BROKEN, "%s", bad[i]);
        CHECK(other == NULL);
        CHECK_INT(s.fault.code, FAULT_STORE);
    }
    unlink(link_path);
    shelf_close(&s);
}

static void one_store_a_file(void) {
    shelf s, twin;
    CHECK_OR_RETURN(shelf_open(&s, "store-shared"));
    twin = s;
    CHECK_INT(shelf_reopen(&twin, 0), STORE_OK);
    CHECK(twin.store == s.store);
    store_close(twin.store);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK); /* still open */
    shelf_close(&s);
}

static void a_foreign_file_is_left_alone(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-foreign"));
    store_close(s.store);
    CHECK(unlink(s.path) == 0);
    int fd = open(s.path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    CHECK(shelf_exec(&s, "CREATE TABLE theirs (x)"));
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    CHECK(strstr(s.fault.text, "something else") != NULL);
    CHECK_STR(shelf_text(&s, "PRAGMA journal_mode"), "delete");
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM sqlite_schema"), 1);
    shelf_close(&s);
}

static void overwrite(const char *path, long at, const char *bytes, size_t n) {
    FILE *file = fopen(path, "r+b");
    CHECK_OR_RETURN(file != NULL);
    CHECK(fseek(file, at, SEEK_SET) == 0);
    CHECK(fwrite(bytes, 1, n, file) == n);
    fclose(file);
}

static void damage_is_found(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-damage"));
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        CHECK_INT(shelf_put(&s, "Observation", id, "p1", "", id), STORE_OK);
    }
    store_close(s.store);
    long long root = shelf_number(&s, "SELECT rootpage FROM sqlite_schema WHERE name = 'resource'");
    overwrite(s.path, (long)(root - 1) * 4096, "\x0d\xff\xff\xff\xff\xff\xff", 7);
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    CHECK(strstr(s.fault.text, "damaged") != NULL);
    overwrite(s.path, 0, "no database at all", 18);
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN);
    shelf_close(&s);
}

static void health(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-health"));
    CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o2", "p1", "", "c2"), STORE_OK);
    CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE audit SET entry = replace(entry, 'message', 'massage')"
                         " WHERE seq = 2"));
    CHECK_INT(store_check(s.store, &s.fault), STORE_BROKEN);
    CHECK(strstr(s.fault.text, "audit entry 2") != NULL);
    store_close(s.store);
    CHECK_INT(shelf_reopen(&s, 0), STORE_BROKEN); /* nor is it opened again */
    CHECK(strstr(s.fault.text, "audit entry 2") != NULL);
    shelf_close(&s);
}

/* A full disk: the message is refused whole, what was there stays, and room makes it work again. */
static void a_full_disk(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-full"));
    CHECK_INT(shelf_put(&s, "Observation", "first", "p1", "", "c1"), STORE_OK);
    long long pages = shelf_number(&s, "PRAGMA page_count");
    store_close(s.store);
    CHECK_INT(shelf_reopen(&s, pages + 2), STORE_OK);
    static char large[200001];
    for (size_t i = 0; i + 1 < sizeof large; i++)
        large[i] = (char)('a' + (i * i * 7 + i / 97) % 26);
    store_status status = shelf_put(&s, "Observation", "large", "p1", "", large);
    CHECK_INT(status, STORE_FULL);
    CHECK(strstr(s.fault.text, "nothing was stored") != NULL);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM resource"), 1);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM audit"), 1);
    CHECK_INT(store_check(s.store, &s.fault), STORE_OK);
    store_close(s.store);
    CHECK_INT(shelf_reopen(&s, 0), STORE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "large", "p1", "", large), STORE_OK);
    int64_t entries, bad;
    CHECK_INT(shelf_verify(&s, &entries, &bad), STORE_OK);
    CHECK_INT(entries, 2);
    CHECK_INT(bad, 0);
    shelf_close(&s);
}

/* A writer that holds the file beyond the time-out. */
static void busy(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "store-busy"));
    sqlite3 *other = shelf_peek(&s);
    CHECK(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_BUSY);
    CHECK(strstr(s.fault.text, "busyTimeout") != NULL);
    resource_head head; /* reading goes on */
    CHECK_INT(store_resource(s.store, &s.arena, S("a"), S("Observation"), S("o1"), &head, &s.fault),
              STORE_NONE);
    CHECK(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(other);
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "c1"), STORE_OK);
    shelf_close(&s);
}

/* The caller's arena ends while results are copied: the raise comes with nothing held. */
typedef struct tight {
    shelf s;
    arena small;
    landing where;
    bool came_back;
} tight;

static void read_too_much(void *state) {
    tight *t = state;
    stored_row *rows;
    isize n;
    store_rows(t->s.store, &t->small, (patient_ref){S("a"), S("p1")}, &rows, &n, &t->s.fault);
    t->came_back = true;
}

static void no_memory_leaves_nothing_held(void) {
    tight t = {.came_back = false};
    CHECK_OR_RETURN(shelf_open(&t.s, "store-tight"));
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        CHECK_INT(shelf_put(&t.s, "Observation", id, "p1", "", id), STORE_OK);
    }
    int stopped = 0;
    for (isize limit = 0; limit < 20000; limit += 500) {
        arena_init(&t.small, limit, &t.where);
        t.came_back = false;
        bool ok = guarded(&t.where, read_too_much, &t);
        CHECK(ok == t.came_back);
        CHECK(ok || t.where.fault.code == FAULT_NOMEM);
        stopped += !ok;
        arena_release(&t.small);
    }
    CHECK(stopped > 0 && stopped < 40);
    CHECK_INT(shelf_put(&t.s, "Observation", "after", "p1", "", "c"), STORE_OK);
    shelf_close(&t.s);
}

const unit_test store_store_suite[] = {
    UNIT_TEST(made_for_the_owner_alone),
    UNIT_TEST(others_may_not_read),
    UNIT_TEST(paths_that_are_refused),
    UNIT_TEST(one_store_a_file),
    UNIT_TEST(a_foreign_file_is_left_alone),
    UNIT_TEST(damage_is_found),
    UNIT_TEST(health),
    UNIT_TEST(a_full_disk),
    UNIT_TEST(busy),
    UNIT_TEST(no_memory_leaves_nothing_held),
    UNIT_END,
};
