/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of a token server and discovery documents: what is believed can stand in a header and in
 * a URL. The first line is the scope asked for. */
#include "deliver/token.h"
#include "fuzz.h"

typedef struct work {
    arena arena;
    landing landing;
    str scope, body;
} work;

static void look(void *state) {
    work *w = state;
    token_grant grant;
    const char *why;
    str url;
    const json *reply = document_read(&w->arena, w->body);
    if (token_read(reply, w->scope, &grant, &why)) {
        FUZZ_MUST(grant.token.n > 0 && document_is_visible(grant.token));
        FUZZ_MUST(grant.seconds >= 1 && grant.seconds <= TOKEN_MOST_SECONDS);
        FUZZ_MUST(token_scope_covers(w->scope, w->scope));
    } else {
        FUZZ_MUST(why != NULL);
    }
    if (smart_configuration_read(reply, S("RS384"), &url, &why))
        FUZZ_MUST(str_starts(url, S("https://")) && document_is_visible(url));
    FUZZ_MUST(token_error_text(reply) != NULL);
    (void)token_scope_covers(w->body, w->scope);
}

void fuzz_token_reply(const uint8_t *data, size_t size) {
    work w = {.body = {(const char *)data, (isize)size}};
    isize end = str_find_byte(w.body, '\n', 0);
    if (end >= 0) {
        w.scope = str_slice(w.body, 0, end);
        w.body = str_slice(w.body, end + 1, w.body.n);
    }
    arena_init(&w.arena, 64 << 20, &w.landing);
    (void)guarded(&w.landing, look, &w);
    arena_release(&w.arena);
}
