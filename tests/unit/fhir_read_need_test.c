/* SPDX-License-Identifier: Apache-2.0 */
/* Resources without the texts that are needed are read as nodes without children; all others as
 * always. */
#include "fhir_fixture.h"

typedef struct making {
    arena *a;
    projection *p;
    bool any;
} making;

static void make(void *state) {
    making *m = state;
    const model_key coding[] = {KEY_code, KEY_coding, KEY_code}, id[] = {KEY_id};
    m->p = projection_new(m->a, model_r4());
    projection_keep(m->p, TYPE_Observation, id, 1, false);
    projection_keep(m->p, TYPE_Bundle, NULL, 0, true);
    projection_need(m->p, TYPE_Observation, coding, 3, S("72514-3"));
    projection_need(m->p, TYPE_Observation, coding, 3, S("89247-1"));
    if (m->any) projection_need_nothing(m->p, TYPE_Observation);
}

/* How many nodes come of the text; 0 for a fault. */
static uint32_t nodes_of(const char *text, bool any) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    making m = {.a = &a, .any = any};
    CHECK(guarded(&where, make, &m));
    read_options options = {.keep = m.p};
    fixture f;
    fixture_read_within(&f, str_from(text), &options, 1 << 20);
    uint32_t n = f.ok ? f.tape.n : 0;
    if (n) CHECK(f.tape.nodes[0].length == (uint32_t)strlen(text));
    if (n) CHECK(f.tape.unwanted == (n == 1));
    fixture_end(&f);
    arena_release(&a);
    return n;
}

#define OBSERVATION(rest) "{\"resourceType\":\"Observation\",\"id\":\"i\"" rest "}"
#define CODE(text)        ",\"code\":{\"coding\":[" text "]}"

static void wanted(void) {
    CHECK_INT(nodes_of(OBSERVATION(CODE("{\"code\":\"72514-3\"}")), false), 2);
    CHECK_INT(
        nodes_of(OBSERVATION(CODE("{\"code\":\"1\"},{\"system\":\"s\",\"code\" : \"89247-1\" }")),
                 false),
        2);
    /* members in any order */
    CHECK_INT(nodes_of("{\"code\":{\"coding\":[{\"code\":\"72514-3\"}]},\"id\":\"i\","
                       "\"resourceType\":\"Observation\"}",
                       false),
              2);
    /* in doubt, the views decide */
    CHECK_INT(nodes_of(OBSERVATION(CODE("{\"code\":\"\\u0037\"}")), false), 2);
    CHECK_INT(nodes_of(OBSERVATION(CODE("{\"c\\u006fde\":\"1\"}")), false), 2);
    CHECK_INT(nodes_of(OBSERVATION(CODE("{\"code\":\"1\"}")), true), 2);
}

static void unwanted(void) {
    static const char *const texts[] = {
        OBSERVATION(""),
        OBSERVATION(CODE("")),
        OBSERVATION(CODE("{\"code\":\"1\"}")),
        OBSERVATION(CODE("{\"code\":\"72514-33\"}")),
        OBSERVATION(CODE("{\"code\":\"72514-\"}")),
        OBSERVATION(CODE("{\"display\":\"72514-3\"}")),
        OBSERVATION(CODE("{\"code\":{\"code\":\"72514-3\"}}")),
        OBSERVATION(",\"code\":\"72514-3\""),
        OBSERVATION(",\"code\":{\"text\":\"72514-3\"}"),
        OBSERVATION(CODE("{\"code\":7}")),
    };
    for (isize i = 0; i < COUNT_OF(texts); i++)
        CHECK_MSG(nodes_of(texts[i], false) == 1, "%s", texts[i]);
    CHECK_INT(nodes_of(OBSERVATION(",\"x\":[1 2]"), false), 0); /* checked as JSON all the same */
}

/* Somebody may refer to it: its id is kept. */
static void in_a_bundle(void) {
    CHECK_INT(nodes_of("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" OBSERVATION(
                           CODE("{\"code\":\"1\"}")) "}]}",
                       false),
              4);
}

/* Texts of every length around a word, at the end of the input too; one that JSON may spell in two
 * ways; members whose names begin alike. */
static void make_long(void *state) {
    making *m = state;
    const model_key text[] = {KEY_code, KEY_text}, name[] = {KEY_bodySite, KEY_text};
    m->p = projection_new(m->a, model_r4());
    static const char *const texts[] = {"a/b", "1234567", "12345678", "123456789 and more"};
    for (isize i = 0; i < COUNT_OF(texts); i++)
        projection_need(m->p, TYPE_Observation, i % 2 ? name : text, 2, str_from(texts[i]));
}

static void texts_of_every_length(void) {
    static const struct {
        const char *text;
        bool wanted;
    } cases[] = {
        {OBSERVATION(",\"code\":{\"text\":\"a/b\"}"), true},
        {OBSERVATION(",\"code\":{\"text\":\"a\\/b\"}"), true},
        {OBSERVATION(",\"code\":{\"text\":\"a/bc\"}"), false},
        {OBSERVATION(",\"bodySite\":{\"text\":\"1234567\"}"), true},
        {OBSERVATION(",\"code\":{\"text\":\"1234567\"}"), false},
        {OBSERVATION(",\"code\":{\"text\":\"12345678\"}"), true},
        {OBSERVATION(",\"code\":{\"text\":\"123456789\"}"), false},
        {OBSERVATION(",\"bodySite\":{\"text\":\"123456789 and more\"}"), true},
        {OBSERVATION(",\"bodySite\":{\"text\":\"123456789 and mora\"}"), false},
        {"{\"resourceType\":\"Observation\",\"code\":{\"text\":\"a/b\"}}", true},
    };
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    making m = {.a = &a};
    CHECK(guarded(&where, make_long, &m));
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        read_options options = {.keep = m.p};
        fixture f;
        fixture_read_within(&f, str_from(cases[i].text), &options, 1 << 20);
        CHECK_MSG(f.ok && f.tape.unwanted != cases[i].wanted, "%s", cases[i].text);
        fixture_end(&f);
    }
    arena_release(&a);
}

static void make_never(void *state) {
    making *m = state;
    const model_key id[] = {KEY_id};
    m->p = projection_new(m->a, model_r4());
    projection_keep(m->p, TYPE_Patient, id, 1, false);
    projection_keep(m->p, TYPE_Bundle, NULL, 0, true);
    projection_need_never(m->p, TYPE_Patient);
}

/* As a message it is not wanted; inside another one somebody may refer to it. */
static void never_as_a_message(void) {
    static const char *const texts[] = {"{\"resourceType\":\"Patient\",\"id\":\"p\"}",
                                        "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
                                        "\"resourceType\":\"Patient\",\"id\":"
                                        "\"p\"}}]}"};
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    making m = {.a = &a};
    CHECK(guarded(&where, make_never, &m));
    for (int i = 0; i < 2; i++) {
        read_options options = {.keep = m.p};
        fixture f;
        fixture_read_within(&f, str_from(texts[i]), &options, 1 << 20);
        CHECK(f.ok && f.tape.unwanted == (i == 0));
        CHECK_INT(f.tape.n, i == 0 ? 1 : 4);
        fixture_end(&f);
    }
    arena_release(&a);
}

const unit_test fhir_read_need_suite[] = {
    UNIT_TEST(wanted),      UNIT_TEST(unwanted),           UNIT_TEST(texts_of_every_length),
    UNIT_TEST(in_a_bundle), UNIT_TEST(never_as_a_message), UNIT_END};
