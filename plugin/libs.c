/* SPDX-License-Identifier: Apache-2.0 */
/* libs.c: which files the TLS, digest, HTTP, compression, XML, JSON and SQL functions that this
 * library calls really come from. */
#include "libs.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <libxml/parser.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

typedef void (*function)(void);

static str file_of(arena *arena, function f) {
    Dl_info info;
    void *address;
    memcpy(&address, &f, sizeof address);
    if (!dladdr(address, &info) || !info.dli_fname) return S("unknown");
    return arena_str(arena, str_from(info.dli_fname));
}

void libs_bindings(arena *arena, lib_binding out[LIB_BINDINGS]) {
    const struct {
        const char *name, *library;
        function f;
        const char *built, *runs;
    } all[LIB_BINDINGS] = {
        {"SSL_new", "libssl", (function)SSL_new, OPENSSL_VERSION_TEXT,
         OpenSSL_version(OPENSSL_VERSION)},
        {"EVP_DigestInit_ex", "libcrypto", (function)EVP_DigestInit_ex, OPENSSL_VERSION_TEXT,
         OpenSSL_version(OPENSSL_VERSION)},
        {"curl_easy_perform", "libcurl", (function)curl_easy_perform, LIBCURL_VERSION,
         curl_version_info(CURLVERSION_NOW)->version},
        {"inflate", "libz", (function)inflate, ZLIB_VERSION, zlibVersion()},
        {"ZSTD_compress2", "libzstd", (function)ZSTD_compress2, ZSTD_VERSION_STRING,
         ZSTD_versionString()},
        {"sqlite3_step", NULL, (function)sqlite3_step, SQLITE_VERSION, sqlite3_libversion()},
        {"cJSON_Parse", NULL, (function)cJSON_Parse, "1.7", cJSON_Version()},
        {"xmlParseChunk", NULL, (function)xmlParseChunk, LIBXML_VERSION_STRING, xmlParserVersion}};
    for (int i = 0; i < LIB_BINDINGS; i++)
        out[i] = (lib_binding){all[i].name, all[i].library, file_of(arena, all[i].f), all[i].built,
                               all[i].runs};
}

/* --- foreign or not --- */
static str leaf_of(str path) {
    isize from = 0;
    for (isize i = 0; i < path.n; i++)
        if (path.p[i] == '/') from = i + 1;
    return str_slice(path, from, path.n);
}

static void foreign(problems *found, str text) {
    problems_add(found,
                 (problem){.level = PROBLEM_ERROR,
                           .code = "security",
                           .at = -1,
                           .text = text,
                           .remedy = S("load the library with RTLD_DEEPBIND (koffi: {deep: true}), "
                                       "or set \"foreignLibraries\": \"allow\"")});
}

/* "3.0.15" of "OpenSSL 3.0.15 3 Sep 2024" and of "OpenSSL/3.0.15". */
static str version_of(str text) {
    isize from = 0, to;
    while (from < text.n && (text.p[from] < '0' || text.p[from] > '9')) from++;
    for (to = from; to < text.n && text.p[to] != ' '; to++) {
    }
    return str_slice(text, from, to);
}

static str major_of(str version) {
    isize dot = str_find_byte(version, '.', 0);
    return str_slice(version, 0, dot < 0 ? version.n : dot);
}

void libs_judge(const lib_binding *list, isize n, str own, str curl_tls, problems *found) {
    for (isize i = 0; i < n; i++) {
        const lib_binding *b = &list[i];
        if (!b->library || str_eq(b->file, own) ||
            str_starts(leaf_of(b->file), str_from(b->library)))
            continue;
        foreign(found, arena_printf(found->arena, "%s comes from %.*s and not from %s.so",
                                    b->function, STR_ARGS(b->file), b->library));
    }
    if (n == 0) return;
    str built = version_of(str_from(list[0].built)), runs = version_of(str_from(list[0].runs));
    if (!str_eq(major_of(built), major_of(runs)))
        foreign(found, arena_printf(found->arena, "OpenSSL %.*s runs, and %.*s was built with",
                                    STR_ARGS(runs), STR_ARGS(built)));
    if (str_starts(curl_tls, S("OpenSSL/")) && !str_eq(version_of(curl_tls), runs))
        foreign(found, arena_printf(found->arena, "libcurl has %.*s and this library OpenSSL %.*s",
                                    STR_ARGS(curl_tls), STR_ARGS(runs)));
}

bool libs_ours(problems *found) {
    lib_binding list[LIB_BINDINGS];
    isize before = found->errors;
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
    libs_bindings(found->arena, list);
    libs_judge(list, LIB_BINDINGS, file_of(found->arena, (function)libs_json),
               tls ? str_from(tls) : (str){0}, found);
    return found->errors == before;
}

/* --- as JSON --- */
void libs_json(buf *out) {
    lib_binding list[LIB_BINDINGS];
    libs_bindings(out->arena, list);
    for (int i = 0; i < LIB_BINDINGS; i++) {
        buf_printf(out, "%s\"%s\":{\"file\":", i ? "," : "{", list[i].function);
        buf_json_string(out, list[i].file);
        buf_add(out, S(",\"built\":"));
        buf_json_string(out, str_from(list[i].built));
        buf_add(out, S(",\"runs\":"));
        buf_json_string(out, str_from(list[i].runs));
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}
