/* SPDX-License-Identifier: Apache-2.0 */
/* The inbox: a message that comes again gets the result it got before. */
#include "store/state.h"

#include <string.h>

typedef struct inbox_call {
    call call;
    str source, message_id;
    const uint8_t *sha256;
    stored_result *out;
    bool any;
} inbox_call;

static void find_step(void *state) {
    inbox_call *i = state;
    query q = db_query(i->call.db,
                       "SELECT sha256, code, document, document_size FROM inbox"
                       " WHERE source = ?1 AND message_id = ?2",
                       VALUES(T(i->source), T(i->message_id)));
    if (!db_row(&q)) return;
    str sha256 = db_bytes(&q, 0);
    i->any = true;
    i->out->same_bytes = sha256.n == DIGEST_BYTES && memcmp(sha256.p, i->sha256, DIGEST_BYTES) == 0;
    i->out->code = (int32_t)db_int(&q, 1);
    i->out->document = unpack(&i->call, db_bytes(&q, 2), db_int(&q, 3));
    db_done(&q);
}

store_status store_inbox_find(store *store, arena *arena, str source, str message_id,
                              const uint8_t sha256[DIGEST_BYTES], stored_result *out,
                              fault *fault) {
    inbox_call i = {.source = source, .message_id = message_id, .sha256 = sha256, .out = out};
    *out = (stored_result){0};
    store_status status = store_read(store, arena, fault, find_step, &i.call);
    return status == STORE_OK && !i.any ? STORE_NONE : status;
}
