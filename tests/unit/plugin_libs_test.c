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

const unit_test plugin_libs_suite[] = {UNIT_TEST(each_function_names_a_file_that_is_there),
                                       UNIT_END};
