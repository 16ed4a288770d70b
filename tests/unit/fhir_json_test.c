/* SPDX-License-Identifier: Apache-2.0 */
/* Plain JSON documents: values, places, findings about unknown members, writing. */
#include "fhir/json.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static landing where;
static arena a;

typedef struct reading {
    str text;
    const json *root;
    bool ok;
    fault fault;
} reading;

static void step(void *state) {
    reading *r = state;
    r->ok = json_read(&a, r->text, &r->root, &r->fault);
}

static reading read_text(str text) {
    reading r = {.text = text};
    arena_release(&a);
    arena_init(&a, 64 << 20, &where);
    CHECK(guarded(&where, step, &r));
    return r;
}

static void values(void) {
    reading r = read_text(S("{\"s\":\"a\\u00e9\",\"n\":1.50,\"t\":true,\"f\":false,\"z\":null,"
                            "\"l\":[1,[]],\"o\":{}}"));
    CHECK_OR_RETURN(r.ok);
    CHECK_INT(r.root->kind, JSON_OBJECT);
    CHECK_INT(r.root->count, 7);
    str s = json_text(r.root, "s");
    CHECK_BYTES(s.p, s.n, "a\xC3\xA9");
    CHECK_BYTES(json_get(r.root, "n")->text.p, json_get(r.root, "n")->text.n, "1.50");
    CHECK(json_is_true(r.root, "t") && !json_is_true(r.root, "f") && !json_is_true(r.root, "s"));
    CHECK_INT(json_get(r.root, "z")->kind, JSON_NULL);
    CHECK_INT(json_get(r.root, "l")->count, 2);
    CHECK_INT(json_get(r.root, "l")->child->next->kind, JSON_ARRAY);
    CHECK_INT(json_get(r.root, "o")->count, 0);
    CHECK(!json_get(r.root, "S")); /* case matters */
    CHECK(!json_get(NULL, "s") && !json_get(json_get(r.root, "s"), "x"));
    CHECK_INT(json_text(r.root, "n").n, 0);
    CHECK(!json_text(r.root, "missing").n);
}

static void places(void) {
    reading r = read_text(S(" {\"a\": [10, {\"b/~\": 20}]}"));
    CHECK_OR_RETURN(r.ok);
    const json *list = json_get(r.root, "a"), *twenty = list->child->next->child;
    CHECK_INT(r.root->at, 1);
    CHECK_INT(r.root->name_at, -1);
    CHECK_INT(list->name_at, 2);
    CHECK_INT(list->at, 7);
    CHECK_INT(list->child->name_at, -1);
    CHECK_INT(twenty->at, 20);
    CHECK(twenty->parent->parent == list);
    str pointer = json_pointer(twenty, &a);
    CHECK_BYTES(pointer.p, pointer.n, "/a/1/b~1~0");
    CHECK_INT(json_pointer(r.root, &a).n, 0);
}

static void refused(void) {
    static const struct {
        str text;
        isize at;
    } cases[] = {
        {{"{\"a\":1,\"b\":2,\"a\":3}", 19}, 13}, {{"[1,]", 4}, 3}, {{"", 0}, 0},
        {{"{\"a\":1,\"\\u0061\":3}", 18}, 7},    {{"{} x", 4}, 3},
    };
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        reading r = read_text(cases[i].text);
        CHECK_MSG(!r.ok && !r.root, "%td", i);
        CHECK_INT(r.fault.code, FAULT_INPUT);
        CHECK_INT(r.fault.at, cases[i].at);
    }
}

/* One value deeper than the limit, one byte larger than the limit. */
static void limits(void) {
    char deep[2 * (LIMIT_DEPTH + 1)];
    memset(deep, '[', LIMIT_DEPTH + 1);
    memset(deep + LIMIT_DEPTH + 1, ']', LIMIT_DEPTH + 1);
    CHECK(read_text((str){deep + 1, 2 * LIMIT_DEPTH}).ok);
    reading r = read_text((str){deep, 2 * (LIMIT_DEPTH + 1)});
    CHECK(!r.ok && r.fault.code == FAULT_LIMIT && r.fault.at == LIMIT_DEPTH);

    char *large = malloc(LIMIT_CONFIG_BYTES + 1);
    memset(large, ' ', LIMIT_CONFIG_BYTES + 1);
    large[0] = '1';
    CHECK(read_text((str){large, LIMIT_CONFIG_BYTES}).ok);
    r = read_text((str){large, LIMIT_CONFIG_BYTES + 1});
    CHECK(!r.ok && r.fault.code == FAULT_LIMIT);
    free(large);
}

static void unknown_members(void) {
    reading r = read_text(S("{\"id\":1,\"titel\":2,\"zzz\":{\"titel\":3}}"));
    CHECK_OR_RETURN(r.ok);
    static const char *const names[] = {"id", "title", NULL};
    problems found = problems_new(&a);
    json_only(r.root, names, S("protocol.json"), &found);
    CHECK_OR_RETURN(found.n == 2 && found.errors == 2);
    const problem *p = &found.list[0];
    CHECK_BYTES(p->file.p, p->file.n, "protocol.json");
    CHECK_BYTES(p->place.p, p->place.n, "/titel");
    CHECK_BYTES(p->text.p, p->text.n, "unknown member \"titel\"");
    CHECK_BYTES(p->remedy.p, p->remedy.n, "did you mean \"title\"?");
    CHECK_INT(p->at, 8);
    CHECK(found.list[1].remedy.n > 0);
    json_only(json_get(r.root, "id"), names, S("x"), &found); /* no object: nothing to say */
    CHECK_INT(found.n, 2);
}

static void writing(void) {
    reading r = read_text(
        S(" { \"a\" : [ 1.0 , \"\\u00e9\\n\\\"\" , { } , [ ] ] , \"b\" : null, \"c\":true,"
          "\"d\":false } "));
    CHECK_OR_RETURN(r.ok);
    buf out = buf_new(&a, 1 << 16, "a test's text");
    json_write(r.root, &out);
    str text = buf_str(&out);
    CHECK_BYTES(text.p, text.n,
                "{\"a\":[1.0,\"\xC3\xA9\\n\\\"\",{},[]],\"b\":null,\"c\":true,\"d\":false}");
    arena_release(&a);
}

const unit_test fhir_json_suite[] = {
    UNIT_TEST(values), UNIT_TEST(places),          UNIT_TEST(refused),
    UNIT_TEST(limits), UNIT_TEST(unknown_members), UNIT_TEST(writing),
    UNIT_END};
