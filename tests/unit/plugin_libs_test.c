/* SPDX-License-Identifier: Apache-2.0 */
/* Which file each library function came from (engines.md sections 0.3 and 4). */
#include "libs.h"
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>

typedef struct telling {
    arena arena;
    landing landing;
    char *text;
} telling;

static void tell_step(void *state) {
    telling *t = state;
    buf out = buf_new(&t->arena, 1 << 20, "the libraries");
    libs_json(&out);
    buf_byte(&out, 0);
    t->text = out.p;
}

static void each_function_names_a_file_that_is_there(void) {
    static const char *const wanted[][2] = {
        {"SSL_new", "libssl.so"},       {"EVP_DigestInit_ex", "libcrypto.so"},
        {"curl_easy_perform", "curl"},  {"inflate", "libz.so"},
        {"sqlite3_step", "libsqlite3"}, {"cJSON_Parse", "libcjson.so"},
        {"xmlParseChunk", "libxml2.so"}};
    telling t = {0};
    arena_init(&t.arena, 1 << 22, &t.landing);
    CHECK_OR_RETURN(guarded(&t.landing, tell_step, &t));
    for (isize i = 0; i < COUNT_OF(wanted); i++) {
        char member[64], path[1024] = "";
        struct stat info;
        snprintf(member, sizeof member, "\"%s\":{\"file\":\"", wanted[i][0]);
        const char *at = strstr(t.text, member);
        if (!CHECK_MSG(at != NULL, "%s is not named", wanted[i][0])) continue;
        at += strlen(member);
        snprintf(path, sizeof path, "%.*s", (int)strcspn(at, "\""), at);
        CHECK_MSG(stat(path, &info) == 0, "%s: no file %s", wanted[i][0], path);
        CHECK_MSG(strstr(path, wanted[i][1]) != NULL, "%s came from %s", wanted[i][0], path);
    }
    arena_release(&t.arena);
}

/* --- what is foreign --- */
typedef struct judging {
    arena arena;
    landing landing;
    lib_binding list[4];
    const char *curl_tls;
    problems found;
} judging;

static void judge_step(void *state) {
    judging *j = state;
    j->found = problems_new(&j->arena);
    libs_judge(j->list, 4, S("/opt/libfhirtrial.so.0"), str_from(j->curl_tls), &j->found);
}

static const judging good = {
    .list = {{"SSL_new", "libssl", S_INIT("/lib/libssl.so.3"), "OpenSSL 3.0.15 3 Sep 2024",
              "OpenSSL 3.0.17 1 Jul 2025"},
             {"inflate", "libz", S_INIT("/lib/libz.so.1"), "1.2.13", "1.2.13"},
             {"curl_easy_perform", "libcurl", S_INIT("/lib/libcurl.so.4"), "7.88.1", "7.88.1"},
             {"sqlite3_step", NULL, S_INIT("/usr/bin/host"), "3.40.1", "3.40.1"}},
    .curl_tls = "OpenSSL/3.0.17"};

/* Checks that exactly `expected` is found (NULL: nothing) and that it says what to do. */
static void judge(judging j, const char *expected) {
    arena_init(&j.arena, 1 << 20, &j.landing);
    CHECK_OR_RETURN(guarded(&j.landing, judge_step, &j));
    CHECK_INT(j.found.errors, expected ? 1 : 0);
    if (expected && j.found.n == 1) {
        CHECK_BYTES(j.found.list[0].text.p, j.found.list[0].text.n, expected);
        CHECK(str_find(j.found.list[0].remedy, S("foreignLibraries"), 0) > 0);
    }
    arena_release(&j.arena);
}

static void the_systems_are_good(void) { judge(good, NULL); }

static void a_function_of_the_host_is_foreign(void) {
    judging j = good;
    j.list[0].file = S("/usr/bin/node");
    judge(j, "SSL_new comes from /usr/bin/node and not from libssl.so");
    j = good;
    j.list[1].file = S("/libz.so/node"); /* a folder's name proves nothing */
    judge(j, "inflate comes from /libz.so/node and not from libz.so");
}

static void what_is_linked_in_is_ours(void) {
    judging j = good;
    j.list[0].file = S("/opt/libfhirtrial.so.0");
    judge(j, NULL);
}

static void another_openssl_is_foreign(void) {
    judging j = good;
    j.list[0].runs = "OpenSSL 1.1.1w 11 Sep 2023";
    j.curl_tls = "OpenSSL/1.1.1w";
    judge(j, "OpenSSL 1.1.1w runs, and 3.0.15 was built with");
    j = good;
    j.curl_tls = "OpenSSL/3.0.19";
    judge(j, "libcurl has OpenSSL/3.0.19 and this library OpenSSL 3.0.17");
}

const unit_test plugin_libs_suite[] = {UNIT_TEST(each_function_names_a_file_that_is_there),
                                       UNIT_TEST(the_systems_are_good),
                                       UNIT_TEST(a_function_of_the_host_is_foreign),
                                       UNIT_TEST(what_is_linked_in_is_ours),
                                       UNIT_TEST(another_openssl_is_foreign),
                                       UNIT_END};
