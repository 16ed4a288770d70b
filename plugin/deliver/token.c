/* SPDX-License-Identifier: Apache-2.0 */
/* token.c: client assertions, token replies, discovery documents. */
#include "deliver/token.h"

#include <string.h>

/* --- the assertion --- */

static void add_base64url(buf *out, str text) {
    char *encoded = arena_new(out->arena, char, base64url_size(text.n) + 1);
    base64url((const uint8_t *)text.p, text.n, encoded);
    buf_add(out, (str){encoded, base64url_size(text.n)});
}

static void add_member(buf *out, const char *before, str value) {
    buf_add(out, str_from(before));
    buf_json_string(out, value);
}

static str header_of(arena *arena, const assertion_claims *c) {
    buf out = buf_new(arena, 4096, "the header of a client assertion");
    add_member(&out, "{\"alg\":", c->algorithm);
    add_member(&out, ",\"kid\":", c->key_id);
    buf_add(&out, S(",\"typ\":\"JWT\"}"));
    return buf_str(&out);
}

static str claims_of(arena *arena, const assertion_claims *c) {
    buf out = buf_new(arena, 8192, "the claims of a client assertion");
    add_member(&out, "{\"iss\":", c->client_id);
    add_member(&out, ",\"sub\":", c->client_id);
    add_member(&out, ",\"aud\":", c->audience);
    add_member(&out, ",\"jti\":", str_from(c->jti));
    buf_printf(&out, ",\"iat\":%lld,\"exp\":%lld}", (long long)c->now,
               (long long)c->now + ASSERTION_SECONDS);
    return buf_str(&out);
}

str token_assertion(arena *arena, signing_key *key, const assertion_claims *claims) {
    uint8_t signature[SIGNATURE_BYTES];
    isize n = 0;
    buf out = buf_new(arena, 32768, "a client assertion");
    add_base64url(&out, header_of(arena, claims));
    buf_byte(&out, '.');
    add_base64url(&out, claims_of(arena, claims));
    if (!signing_key_sign(key, buf_str(&out), signature, &n)) return (str){0};
    buf_byte(&out, '.');
    add_base64url(&out, (str){(const char *)signature, n});
    return buf_str(&out);
}

/* application/x-www-form-urlencoded: everything but unreserved characters is encoded. */
static void add_form_value(buf *out, str text) {
    static const char digits[] = "0123456789ABCDEF";
    for (isize i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~')
            buf_byte(out, (char)c);
        else if (c == ' ')
            buf_byte(out, '+');
        else
            buf_printf(out, "%%%c%c", digits[c >> 4], digits[c & 15]);
    }
}

str token_form(arena *arena, str scope, str assertion) {
    buf out = buf_new(arena, 65536, "a token request");
    buf_add(&out, S("grant_type=client_credentials&scope="));
    add_form_value(&out, scope);
    buf_add(&out, S("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%"
                    "3Ajwt-bearer&client_assertion="));
    add_form_value(&out, assertion);
    return buf_str(&out);
}

/* --- scopes --- */

static bool next_word(str text, isize *at, str *word) {
    while (*at < text.n && text.p[*at] == ' ') ++*at;
    isize from = *at;
    while (*at < text.n && text.p[*at] != ' ') ++*at;
    *word = str_slice(text, from, *at);
    return word->n > 0;
}

/* "system/Flag.crus" as ("system/Flag", letters); false for a scope that is no SMART resource scope
 * or carries a search restriction, which is then compared as it is written. */
static bool split_scope(str scope, str *what, unsigned *letters) {
    static const char cruds[] = "cruds";
    isize dot = str_find_byte(scope, '.', 0);
    if (dot < 1 || str_find_byte(scope, '?', 0) >= 0) return false;
    str rights = str_slice(scope, dot + 1, scope.n);
    *what = str_slice(scope, 0, dot);
    *letters = 0;
    if (str_eq(rights, S("*"))) *letters = 31;
    if (str_eq(rights, S("read"))) *letters = 2 | 16;
    if (str_eq(rights, S("write"))) *letters = 1 | 4 | 8;
    if (*letters) return true;
    for (isize i = 0; i < rights.n; i++) {
        const char *letter = strchr(cruds, rights.p[i]);
        if (!letter || rights.p[i] == 0) return false;
        *letters |= 1u << (letter - cruds);
    }
    return *letters != 0;
}

static bool covers_type(str granted, str wanted) {
    if (str_eq(granted, wanted)) return true;
    isize slash = str_find_byte(wanted, '/', 0);
    return slash > 0 && granted.n == slash + 2 && str_ends(granted, S("*")) &&
           str_starts(granted, str_slice(wanted, 0, slash + 1));
}

static bool covers_one(str granted, str wanted) {
    str what, one, type;
    unsigned letters = 0, have = 0, more;
    if (!split_scope(wanted, &what, &letters)) {
        for (isize at = 0; next_word(granted, &at, &one);)
            if (str_eq(one, wanted)) return true;
        return false;
    }
    for (isize at = 0; next_word(granted, &at, &one);)
        if (split_scope(one, &type, &more) && covers_type(type, what)) have |= more;
    return (letters & ~have) == 0;
}

bool token_scope_covers(str granted, str wanted) {
    str one;
    bool any = false;
    for (isize at = 0; next_word(wanted, &at, &one); any = true)
        if (!covers_one(granted, one)) return false;
    return any;
}

/* --- replies --- */

/* RFC 6750 section 2.1: b64token. */
static bool is_b64token(str token) {
    isize n = token.n;
    while (n > 0 && token.p[n - 1] == '=') n--;
    for (isize i = 0; i < n; i++) {
        char c = token.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/'))
            return false;
    }
    return n > 0 && token.n <= TOKEN_MOST_BYTES;
}

bool token_read(const json *reply, str scope, token_grant *out, const char **why) {
    *out = (token_grant){.token = json_text(reply, "access_token")};
    *why = NULL;
    if (!reply)
        *why = "the token server's reply is no JSON object";
    else if (!is_b64token(out->token))
        *why = "the token server's reply holds no usable access_token";
    else if (!str_eq_ascii_case(json_text(reply, "token_type"), S("Bearer")))
        *why = "the token server's token_type is not Bearer";
    else if (!document_whole(json_get(reply, "expires_in"), &out->seconds) || out->seconds < 1 ||
             out->seconds > TOKEN_MOST_SECONDS)
        *why = "the token server's expires_in is not a number of seconds between 1 and 86400";
    else if (!token_scope_covers(json_text(reply, "scope"), scope))
        *why = "the token server granted less than the scope asked for: register the client for "
               "all of it";
    return *why == NULL;
}

const char *token_error_text(const json *reply) {
    static const char *const known[][2] = {
        {"invalid_client", "the token server refuses the client: check clientId, keyId, the "
                           "registered key, and this machine's clock"},
        {"invalid_scope", "the token server refuses the scope: register the client for it"},
        {"invalid_grant", "the token server refuses the client assertion: check its audience and "
                          "this machine's clock"},
        {"unauthorized_client", "the client is not registered for client_credentials"},
        {"unsupported_grant_type", "the token server does not offer client_credentials"},
        {"invalid_request", "the token server finds the request malformed"}};
    str code = json_text(reply, "error");
    for (isize i = 0; i < COUNT_OF(known); i++)
        if (str_eq(code, str_from(known[i][0]))) return known[i][1];
    return "the token server refuses the client";
}

/* --- discovery --- */

/* An absent list allows everything: the member is optional for servers that support more. */
static bool lists(const json *document, const char *name, str wanted) {
    const json *list = json_get(document, name);
    if (!list) return true;
    for (const json *i = list->child; i; i = i->next)
        if (i->kind == JSON_STRING && str_eq(i->text, wanted)) return true;
    return false;
}

bool smart_configuration_read(const json *document, str algorithm, str *token_url,
                              const char **why) {
    *token_url = json_text(document, "token_endpoint");
    *why = NULL;
    if (!document)
        *why = "the server has no usable .well-known/smart-configuration: set auth.tokenUrl";
    else if (!str_starts(*token_url, S("https://")) || !document_is_visible(*token_url))
        *why = "the smart-configuration names no https token_endpoint";
    else if (!lists(document, "token_endpoint_auth_methods_supported", S("private_key_jwt")))
        *why = "the token server does not offer private_key_jwt";
    else if (!lists(document, "token_endpoint_auth_signing_alg_values_supported", algorithm))
        *why = "the token server does not accept the configured auth.algorithm";
    return *why == NULL;
}
