/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions as SMART Backend Services wants them, and replies that must not be believed. */
#include "unit.h"

#include "deliver/token.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

static landing ground;
static arena memory;

static void begin(void) { arena_init(&memory, 4 << 20, &ground); }

static signing_key *make_key(EVP_PKEY **pkey) {
    const char *path = unit_scratch("assertion.pem");
    fault fault = {0};
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) return NULL;
    *pkey = EVP_RSA_gen(2048);
    PEM_write_PrivateKey(file, *pkey, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    return signing_key_read(str_from(path), S("RS384"), &fault);
}

/* The decoded text of one part of a JWT; OpenSSL's decoder wants the standard alphabet. */
static str decode(str part) {
    isize padded = (part.n + 3) / 4 * 4;
    unsigned char *in = arena_new(&memory, unsigned char, padded + 1),
                  *out = arena_new(&memory, unsigned char, padded + 4);
    for (isize i = 0; i < padded; i++)
        in[i] = (unsigned char)(i >= part.n        ? '='
                                : part.p[i] == '-' ? '+'
                                : part.p[i] == '_' ? '/'
                                                   : part.p[i]);
    int n = EVP_DecodeBlock(out, in, (int)padded);
    return (str){(const char *)out, n - (padded - part.n)};
}

static bool verified(EVP_PKEY *pkey, str input, str signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, pkey) == 1 &&
              EVP_DigestVerify(context, (const unsigned char *)signature.p, (size_t)signature.n,
                               (const unsigned char *)input.p, (size_t)input.n) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static void the_assertion(void) {
    EVP_PKEY *pkey = NULL;
    begin();
    signing_key *key = make_key(&pkey);
    CHECK_OR_RETURN(key != NULL);
    assertion_claims claims = {S("me"), S("k\"1"), S("RS384"), S("https://as.example/token"),
                               "nonce", 1750000000};
    str jwt = token_assertion(&memory, key, &claims);
    isize first = str_find_byte(jwt, '.', 0), second = str_find_byte(jwt, '.', first + 1);
    str header = decode(str_slice(jwt, 0, first)), body = decode(str_slice(jwt, first + 1, second));
    CHECK_BYTES(header.p, header.n, "{\"alg\":\"RS384\",\"kid\":\"k\\\"1\",\"typ\":\"JWT\"}");
    CHECK_BYTES(body.p, body.n,
                "{\"iss\":\"me\",\"sub\":\"me\",\"aud\":\"https://as.example/token\",\"jti\":"
                "\"nonce\",\"iat\":1750000000,\"exp\":1750000240}");
    CHECK(verified(pkey, str_slice(jwt, 0, second), decode(str_slice(jwt, second + 1, jwt.n))));
    signing_key_free(key);
    EVP_PKEY_free(pkey);
    arena_release(&memory);
}

static void the_form(void) {
    begin();
    str form = token_form(&memory, S("system/Flag.crus a"), S("x.y-z_"));
    CHECK_BYTES(form.p, form.n,
                "grant_type=client_credentials&scope=system%2FFlag.crus+a&client_assertion_type="
                "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
                "client_assertion=x.y-z_");
    arena_release(&memory);
}

static const char *read_reply(const char *text, token_grant *grant) {
    const char *why;
    return token_read(document_read(&memory, str_from(text)), S("system/Flag.crus"), grant, &why)
               ? ""
               : why;
}

static void good_replies(void) {
    token_grant grant;
    begin();
    CHECK_STR(read_reply("{\"access_token\":\"aZ0-._~+/==\",\"token_type\":\"bearer\","
                         "\"expires_in\":300,\"scope\":\"system/Flag.crus\"}",
                         &grant),
              "");
    CHECK_BYTES(grant.token.p, grant.token.n, "aZ0-._~+/==");
    CHECK_INT(grant.seconds, 300);
    CHECK_STR(read_reply("{\"access_token\":\"a\",\"token_type\":\"BEARER\",\"expires_in\":"
                         "\"86400\",\"scope\":\"openid system/*.cruds\"}",
                         &grant),
              "");
    arena_release(&memory);
}

#define REPLY(token, type, seconds, scope)                                                         \
    "{\"access_token\":" token ",\"token_type\":" type ",\"expires_in\":" seconds                  \
    ",\"scope\":" scope "}"

static void bad_replies(void) {
    static const char *const cases[][2] = {
        {"", "JSON"},
        {"<html>", "JSON"},
        {REPLY("\"\"", "\"Bearer\"", "300", "\"system/Flag.crus\""), "access_token"},
        {REPLY("1", "\"Bearer\"", "300", "\"system/Flag.crus\""), "access_token"},
        {REPLY("\"a b\"", "\"Bearer\"", "300", "\"system/Flag.crus\""), "access_token"},
        {REPLY("\"a\\r\\nX: y\"", "\"Bearer\"", "300", "\"system/Flag.crus\""), "access_token"},
        {REPLY("\"==\"", "\"Bearer\"", "300", "\"system/Flag.crus\""), "access_token"},
        {REPLY("\"a\"", "\"mac\"", "300", "\"system/Flag.crus\""), "token_type"},
        {REPLY("\"a\"", "null", "300", "\"system/Flag.crus\""), "token_type"},
        {REPLY("\"a\"", "\"Bearer\"", "0", "\"system/Flag.crus\""), "expires_in"},
        {REPLY("\"a\"", "\"Bearer\"", "-5", "\"system/Flag.crus\""), "expires_in"},
        {REPLY("\"a\"", "\"Bearer\"", "1e9", "\"system/Flag.crus\""), "expires_in"},
        {REPLY("\"a\"", "\"Bearer\"", "86401", "\"system/Flag.crus\""), "expires_in"},
        {REPLY("\"a\"", "\"Bearer\"", "null", "\"system/Flag.crus\""), "expires_in"},
        {REPLY("\"a\"", "\"Bearer\"", "300", "null"), "scope"},
        {REPLY("\"a\"", "\"Bearer\"", "300", "\"\""), "scope"},
        {REPLY("\"a\"", "\"Bearer\"", "300", "\"system/Flag.cru\""), "scope"},
        {"{\"access_token\":\"a\",\"access_token\":\"b\",\"token_type\":\"Bearer\",\"expires_in\":"
         "300,\"scope\":\"system/Flag.crus\"}",
         "JSON"}};
    token_grant grant;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = read_reply(cases[i][0], &grant);
        CHECK_MSG(strstr(why, cases[i][1]) != NULL, "%zu: \"%s\"", i, why);
    }
    arena_release(&memory);
}

static void scopes(void) {
    static const struct {
        const char *granted, *wanted;
        bool covers;
    } cases[] = {{"system/Flag.crus", "system/Flag.crus", true},
                 {"system/Flag.cruds", "system/Flag.crus", true},
                 {"system/Flag.c system/Flag.rs system/Flag.u", "system/Flag.crus", true},
                 {"system/*.*", "system/Flag.crus", true},
                 {"system/Flag.write system/Flag.read", "system/Flag.crus", true},
                 {"system/Flag.read", "system/Flag.rs", true},
                 {"system/Flag.rs", "system/Flag.read", true},
                 {"system/Flag.write", "system/Flag.crus", false},
                 {"system/Patient.cruds", "system/Flag.crus", false},
                 {"user/Flag.cruds", "system/Flag.crus", false},
                 {"system/Flag.crus?status=active", "system/Flag.crus", false},
                 {"system/Flag.crus", "system/Flag.crus system/Patient.rs", false},
                 {"system/Patient.rs system/Flag.crus", "system/Flag.crus system/Patient.rs", true},
                 {"", "system/Flag.crus", false},
                 {"system/Flag.crus", "", false},
                 {"system/Flag.x", "system/Flag.c", false},
                 {"offline", "offline", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_MSG(token_scope_covers(str_from(cases[i].granted), str_from(cases[i].wanted)) ==
                      cases[i].covers,
                  "granted \"%s\", wanted \"%s\"", cases[i].granted, cases[i].wanted);
}

static void errors_have_remedies(void) {
    begin();
    CHECK(strstr(token_error_text(document_read(&memory, S("{\"error\":\"invalid_client\"}"))),
                 "keyId") != NULL);
    CHECK(strstr(token_error_text(document_read(&memory, S("{\"error\":\"invalid_scope\"}"))),
                 "scope") != NULL);
    CHECK(strlen(token_error_text(NULL)) > 10);
    arena_release(&memory);
}

static const char *discover(const char *text, str *url) {
    const char *why;
    return smart_configuration_read(document_read(&memory, str_from(text)), S("ES384"), url, &why)
               ? ""
               : why;
}

static void discovery(void) {
    str url;
    begin();
    CHECK_STR(discover("{\"token_endpoint\":\"https://as/t\",\"token_endpoint_auth_methods_"
                       "supported\":[\"private_key_jwt\"],\"token_endpoint_auth_signing_alg_values_"
                       "supported\":[\"RS384\",\"ES384\"]}",
                       &url),
              "");
    CHECK_BYTES(url.p, url.n, "https://as/t");
    CHECK_STR(discover("{\"token_endpoint\":\"https://as/t\"}", &url), "");
    CHECK(strstr(discover("{}", &url), "token_endpoint"));
    CHECK(strstr(discover("{\"token_endpoint\":\"http://as/t\"}", &url), "https"));
    CHECK(strstr(discover("{\"token_endpoint\":\"https://as/t\\r\\nX: y\"}", &url), "https"));
    CHECK(strstr(discover("{\"token_endpoint\":\"https://as/t\",\"token_endpoint_auth_methods_"
                          "supported\":[\"client_secret_basic\"]}",
                          &url),
                 "private_key_jwt"));
    CHECK(strstr(discover("{\"token_endpoint\":\"https://as/t\",\"token_endpoint_auth_signing_alg_"
                          "values_supported\":[\"RS384\"]}",
                          &url),
                 "algorithm"));
    CHECK(strstr(discover("<html>", &url), "tokenUrl"));
    arena_release(&memory);
}

const unit_test deliver_token_suite[] = {UNIT_TEST(the_assertion), UNIT_TEST(the_form),
                                         UNIT_TEST(good_replies),  UNIT_TEST(bad_replies),
                                         UNIT_TEST(scopes),        UNIT_TEST(errors_have_remedies),
                                         UNIT_TEST(discovery),     UNIT_END};
