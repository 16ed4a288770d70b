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

const unit_test fhir_read_need_suite[] = {UNIT_TEST(wanted), UNIT_TEST(unwanted),
                                          UNIT_TEST(in_a_bundle), UNIT_END};
