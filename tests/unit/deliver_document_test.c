/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from the network: what other parsers let pass and this door must not. */
#include "unit.h"

#include "deliver/document.h"

static landing ground;
static arena memory;

static const json *read_text(str text) {
    arena_init(&memory, 16 << 20, &ground);
    return document_read(&memory, text);
}

static bool accepts(str text) {
    bool ok = read_text(text) != NULL;
    arena_release(&memory);
    return ok;
}

static void plain_objects_are_read(void) {
    CHECK(accepts(S("{}")));
    CHECK(accepts(S(" {\"a\":[1,2,{\"b\":null}]}\n")));
    CHECK(accepts(S("\xef\xbb\xbf{\"a\":1}")));
}

/* RFC 8259 and threats 4, 6 and 8 of the threat table. */
static void everything_else_is_refused(void) {
    CHECK(!accepts((str){0}));
    CHECK(!accepts(S("[]")));
    CHECK(!accepts(S("\"text\"")));
    CHECK(!accepts(S("{\"a\":01}")));
    CHECK(!accepts(S("{\"a\":1.}")));
    CHECK(!accepts(S("{\"a\":\"b")));
    CHECK(!accepts(S("{\"a\":1} x")));
    CHECK(!accepts(S("{\"a\":1,\"a\":2}")));
    CHECK(!accepts(S("{\"a\":{\"b\":1,\"\\u0062\":2}}")));
    CHECK(!accepts(S("{\"a\":\"\\u0000\"}")));
    CHECK(!accepts(S("{\"a\":\"\n\"}")));
    CHECK(!accepts(S("{\"a\":\"\xff\"}")));
    CHECK(!accepts(S("{\"a\":\"\\ud800\"}")));
    CHECK(!accepts(S("{\"a\":1\0}")));
    CHECK(!accepts(S("<html>")));
}

static void depth_is_limited(void) {
    static char text[2000000];
    for (int depth = 64; depth <= 65; depth++) {
        isize n = 0;
        text[n++] = '{';
        memcpy(text + n, "\"a\":", 4);
        n += 4;
        memset(text + n, '[', (size_t)depth - 1);
        memset(text + n + depth - 1, ']', (size_t)depth - 1);
        n += 2 * (depth - 1);
        text[n++] = '}';
        CHECK_INT(accepts((str){text, n}), depth == 64);
    }
    memset(text, '[', sizeof text);
    CHECK(!accepts((str){text, 1000000}));
}

static void size_is_limited(void) {
    static char text[LIMIT_REPLY_BYTES + 1];
    memset(text, ' ', sizeof text);
    memcpy(text, "{}", 2);
    CHECK(accepts((str){text, LIMIT_REPLY_BYTES}));
    CHECK(!accepts((str){text, LIMIT_REPLY_BYTES + 1}));
}

static void names_are_compared_as_written(void) {
    const json *root = read_text(S("{\"Status\":\"x\",\"resourceType\":\"Flag\"}"));
    CHECK(root && json_text(root, "status").n == 0);
    CHECK(document_is(root, "Flag"));
    CHECK(!document_is(root, "flag"));
    CHECK(!document_is(NULL, "Flag"));
    arena_release(&memory);
}

static void numbers_keep_their_digits(void) {
    const json *root = read_text(S("{\"a\":1.10,\"b\":1e400,\"c\":9007199254740993}"));
    CHECK_OR_RETURN(root != NULL);
    CHECK_BYTES(json_get(root, "a")->text.p, json_get(root, "a")->text.n, "1.10");
    CHECK_BYTES(json_get(root, "b")->text.p, json_get(root, "b")->text.n, "1e400");
    CHECK_BYTES(json_get(root, "c")->text.p, json_get(root, "c")->text.n, "9007199254740993");
    arena_release(&memory);
}

static void whole_numbers(void) {
    const json *root =
        read_text(S("{\"a\":300,\"b\":\"300\",\"c\":-1,\"d\":3e2,\"e\":1.5,\"f\":\"\","
                    "\"g\":1000000000000000,\"h\":null,\"i\":999999999999999}"));
    int64_t n = 0;
    CHECK_OR_RETURN(root != NULL);
    CHECK(document_whole(json_get(root, "a"), &n) && n == 300);
    CHECK(document_whole(json_get(root, "b"), &n) && n == 300);
    CHECK(document_whole(json_get(root, "i"), &n) && n == 999999999999999);
    for (const char *name = "cdefghz"; *name; name++) {
        const char text[2] = {*name, 0};
        CHECK_MSG(!document_whole(json_get(root, text), &n), "%s", text);
    }
    arena_release(&memory);
}

static void ids_and_visible_text(void) {
    char longest[65];
    memset(longest, 'a', sizeof longest);
    CHECK(document_is_id(S("A-z.09")));
    CHECK(document_is_id((str){longest, 64}));
    CHECK(!document_is_id((str){longest, 65}));
    CHECK(!document_is_id((str){0}));
    CHECK(!document_is_id(S("a/b")));
    CHECK(!document_is_id(S("a_b")));
    CHECK(!document_is_id(S("a\r\nb")));
    CHECK(document_is_visible(S("https://x/y?z")));
    CHECK(!document_is_visible(S("a b")));
    CHECK(!document_is_visible(S("a\r\nX: y")));
    CHECK(!document_is_visible(S("\xc3\xa4")));
}

static void markup_is_recognised(void) {
    CHECK(document_is_markup(S("text/html; charset=utf-8"), S("")));
    CHECK(document_is_markup(S("TEXT/HTML"), S("{}")));
    CHECK(document_is_markup(S(""), S("\n <html>")));
    CHECK(document_is_markup(S("application/fhir+json"), S("<?xml version=\"1.0\"?>")));
    CHECK(!document_is_markup(S("application/fhir+json"), S("{\"a\":\"<html>\"}")));
    CHECK(!document_is_markup(S(""), S("")));
}

const unit_test deliver_document_suite[] = {UNIT_TEST(plain_objects_are_read),
                                            UNIT_TEST(everything_else_is_refused),
                                            UNIT_TEST(depth_is_limited),
                                            UNIT_TEST(size_is_limited),
                                            UNIT_TEST(names_are_compared_as_written),
                                            UNIT_TEST(numbers_keep_their_digits),
                                            UNIT_TEST(whole_numbers),
                                            UNIT_TEST(ids_and_visible_text),
                                            UNIT_TEST(markup_is_recognised),
                                            UNIT_END};
