/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "files/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *secret_file(const char *text, mode_t mode) {
    const char *path = unit_scratch("secret");
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t n = (ssize_t)strlen(text);
    CHECK(fd >= 0 && write(fd, text, (size_t)n) == n && fchmod(fd, mode) == 0);
    close(fd);
    return path;
}

static void refused(const char *path, isize max, const char *said) {
    char out[64];
    isize n = 77;
    fault fault = {0};
    memset(out, 'x', sizeof out);
    CHECK(!secret_read(S("siteKey"), str_from(path), max, out, &n, &fault));
    CHECK_INT(n, 0);
    for (isize i = 0; i < max; i++) CHECK_INT(out[i], 0);
    CHECK_MSG(strstr(fault.text, said) != NULL, "\"%s\" is not in: %s", said, fault.text);
    CHECK_MSG(strstr(fault.text, "hunter2") == NULL, "the secret is in: %s", fault.text);
}

static void a_secret_of_ones_own_is_read(void) {
    char out[64];
    isize n = 0;
    fault fault = {0};
    CHECK(secret_read(S("siteKey"), str_from(secret_file("hunter2", 0600)), 7, out, &n, &fault));
    CHECK_BYTES(out, n, "hunter2");
    CHECK(secret_read(S("siteKey"), str_from(secret_file("hunter2", 0400)), 64, out, &n, &fault));
    CHECK_INT(n, 7);
}

static void what_others_may_touch_is_refused(void) {
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0602, 0610, 0601, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        refused(secret_file("hunter2", modes[i]), 64, "chmod 600");
}

static void a_wrong_file_is_refused(void) {
    char link[4096];
    refused(secret_file("", 0600), 64, "empty");
    refused(secret_file("hunter2", 0600), 6, "larger");
    refused("/nowhere/key", 64, "does not exist: make it, or write the path");
    refused("/nowhere/hunter2", 64, "secret file of \"siteKey\" in /nowhere/: it does not exist");
    refused("/", 64, "no regular file");
    refused("", 64, "no file name");
    char target[4096];
    snprintf(target, sizeof target, "%s", secret_file("hunter2", 0600));
    snprintf(link, sizeof link, "%s", unit_scratch("secret-link"));
    unlink(link);
    CHECK(symlink(target, link) == 0);
    refused(link, 64, "symbolic link");
}

static void another_users_file_is_refused(void) {
    const char *path = secret_file("hunter2", 0600);
    if (geteuid() != 0) return; /* only root can make one */
    CHECK(chown(path, 12345, 12345) == 0);
    refused(path, 64, "another user");
}

const unit_test files_secret_suite[] = {
    UNIT_TEST(a_secret_of_ones_own_is_read),
    UNIT_TEST(what_others_may_touch_is_refused),
    UNIT_TEST(a_wrong_file_is_refused),
    UNIT_TEST(another_users_file_is_refused),
    UNIT_END,
};
