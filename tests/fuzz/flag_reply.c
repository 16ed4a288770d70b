/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of an EHR: whatever comes, nothing is read outside it, and only a Flag with our
 * identifier and subject is believed. The first line is a header's value (ETag, Location), the rest
 * the body. */
#include "deliver/flag_reply.h"
#include "deliver/capability.h"
#include "deliver/class.h"
#include "fuzz.h"

#define KEY "0a1b2c3d-0000-8000-8000-0123456789ab"

typedef struct work {
    arena arena;
    landing landing;
    str header, body;
} work;

static void check_seen(flag_sight sight, const flag_seen *seen, str body) {
    if (sight != SIGHT_OURS) return;
    FUZZ_MUST(document_is_id(seen->id));
    FUZZ_MUST(seen->version.n == 0 || document_is_id(seen->version));
    /* An escape could spell the key; without one the bytes must be there. */
    FUZZ_MUST(str_find(body, S(KEY), 0) >= 0 || str_find_byte(body, '\\', 0) >= 0);
}

static void look(void *state) {
    work *w = state;
    flag_message message;
    flag_seen seen;
    capability capability;
    reply_class class;
    const char *why;
    str reference, id, version;
    int n;
    FUZZ_MUST(flag_message_read(
        &w->arena,
        S("{\"resourceType\":\"Flag\",\"identifier\":[{\"system\":\"s\",\"value\":\"" KEY "\"}],"
          "\"status\":\"active\",\"subject\":{\"reference\":\"Patient/7\"}}"),
        S(KEY), 5, S("00112233445566778899aabbccddeeff"), &message, &why));
    const json *reply = document_read(&w->arena, w->body);
    flag_sight sight = flag_reply_read(reply, &message, S("https://e/f"), w->header, &seen);
    check_seen(sight, &seen, w->body);
    sight = flag_reply_search(reply, &message, S("https://e/f"), &seen);
    check_seen(sight, &seen, w->body);
    if (patient_reply_search(&w->arena, reply, &reference, &n)) FUZZ_MUST(n == 1);
    if (location_flag(w->header, &id, &version)) FUZZ_MUST(document_is_id(id));
    FUZZ_MUST(etag_version(w->header).n <= 64);
    capability_read(reply, &capability);
    FUZZ_MUST(capability.usable == (capability.missing == NULL));
    (void)class_of_outcome(reply, &class);
    (void)class_of_reply(200, document_is_markup(w->header, w->body), reply);
    if (flag_message_read(&w->arena, w->body, S(KEY), 1, S("00112233445566778899aabbccddeeff"),
                          &message, &why))
        FUZZ_MUST(document_read(&w->arena, flag_wire(&w->arena, &message, S("a"))) != NULL ||
                  w->body.n > 60000);
}

void fuzz_flag_reply(const uint8_t *data, size_t size) {
    work w = {.body = {(const char *)data, (isize)size}};
    isize end = str_find_byte(w.body, '\n', 0);
    if (end >= 0) {
        w.header = str_slice(w.body, 0, end);
        w.body = str_slice(w.body, end + 1, w.body.n);
    }
    arena_init(&w.arena, 64 << 20, &w.landing);
    (void)guarded(&w.landing, look, &w);
    arena_release(&w.arena);
}
