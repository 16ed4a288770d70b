/* SPDX-License-Identifier: Apache-2.0 */
/* libs.c: which files the TLS, digest, HTTP, compression, XML, JSON and SQL functions that this
 * library calls really come from. A host may export its own (Node does), and then the system's
 * security updates do not reach them. */
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

typedef void (*function)(void);

static str file_of(arena *arena, function f) {
    Dl_info info;
    void *address;
    memcpy(&address, &f, sizeof address);
    if (!dladdr(address, &info) || !info.dli_fname) return S("unknown");
    return arena_str(arena, str_from(info.dli_fname));
}

static void member(buf *out, bool first, const char *name, function f, const char *built,
                   const char *runs) {
    buf_printf(out, "%s\"%s\":{\"file\":", first ? "" : ",", name);
    buf_json_string(out, file_of(out->arena, f));
    buf_add(out, S(",\"built\":"));
    buf_json_string(out, str_from(built));
    buf_add(out, S(",\"runs\":"));
    buf_json_string(out, str_from(runs));
    buf_byte(out, '}');
}

void libs_json(buf *out) {
    buf_byte(out, '{');
    member(out, true, "SSL_new", (function)SSL_new, OPENSSL_VERSION_TEXT,
           OpenSSL_version(OPENSSL_VERSION));
    member(out, false, "EVP_DigestInit_ex", (function)EVP_DigestInit_ex, OPENSSL_VERSION_TEXT,
           OpenSSL_version(OPENSSL_VERSION));
    member(out, false, "curl_easy_perform", (function)curl_easy_perform, LIBCURL_VERSION,
           curl_version_info(CURLVERSION_NOW)->version);
    member(out, false, "inflate", (function)inflate, ZLIB_VERSION, zlibVersion());
    member(out, false, "sqlite3_step", (function)sqlite3_step, SQLITE_VERSION,
           sqlite3_libversion());
    member(out, false, "cJSON_Parse", (function)cJSON_Parse, "1.7", cJSON_Version());
    member(out, false, "xmlParseChunk", (function)xmlParseChunk, LIBXML_VERSION_STRING,
           xmlParserVersion);
    buf_byte(out, '}');
}
