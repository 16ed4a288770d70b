/* SPDX-License-Identifier: Apache-2.0 */
/* A message id with the bytes it came with, and the answer they got. */
#include "store_help.h"
#include "unit.h"

static const uint8_t these[DIGEST_BYTES] = {1}, others[DIGEST_BYTES] = {2};

static store_status find(shelf *s, str source, str id, const uint8_t *sha256, stored_result *out) {
    return store_inbox_find(s->store, &s->arena, source, id, sha256, out, &s->fault);
}

static void a_remembered_id_gives_its_answer(void) {
    shelf s;
    stored_result found;
    CHECK_OR_RETURN(shelf_open(&s, "inbox-answer"));
    message_write m = {.source = S("a"),
                       .message_id = S("m-1"),
                       .sha256 = {1},
                       .code = -7,
                       .document = S("{\"outcome\":\"rejected\"}")};
    CHECK_INT(find(&s, S("a"), S("m-1"), these, &found), STORE_NONE);
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(find(&s, S("a"), S("m-1"), these, &found), STORE_OK);
    CHECK(found.same_bytes);
    CHECK_INT(found.code, -7);
    CHECK_BYTES(found.document.p, found.document.n, "{\"outcome\":\"rejected\"}");
    CHECK_INT(find(&s, S("a"), S("m-1"), others, &found), STORE_OK);
    CHECK(!found.same_bytes);
    shelf_close(&s);
}

static void an_id_is_of_its_source(void) {
    shelf s;
    stored_result found;
    CHECK_OR_RETURN(shelf_open(&s, "inbox-source"));
    message_write m = {.source = S("a"), .message_id = S("m-1"), .sha256 = {1}};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(find(&s, S("b"), S("m-1"), these, &found), STORE_NONE);
    CHECK_INT(find(&s, S("a"), S("m-2"), these, &found), STORE_NONE);
    shelf_close(&s);
}

static void a_message_without_an_id_is_not_remembered(void) {
    shelf s;
    CHECK_OR_RETURN(shelf_open(&s, "inbox-none"));
    message_write m = {.source = S("a"), .sha256 = {1}, .document = S("{}")};
    CHECK_INT(store_commit(s.store, &m, &s.fault), STORE_OK);
    CHECK_INT(shelf_number(&s, "SELECT count(*) FROM inbox"), 0);
    shelf_close(&s);
}

const unit_test store_inbox_suite[] = {
    UNIT_TEST(a_remembered_id_gives_its_answer), UNIT_TEST(an_id_is_of_its_source),
    UNIT_TEST(a_message_without_an_id_is_not_remembered), UNIT_END};
