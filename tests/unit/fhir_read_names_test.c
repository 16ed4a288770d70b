/* SPDX-License-Identifier: Apache-2.0 */
/* Names given twice, of members that are wanted, unwanted or unknown, however many there are. */
#include "fhir_fixture.h"

#include <stdio.h>

typedef struct making {
    arena *a;
    projection *p;
} making;

static void make(void *state) {
    making *m = state;
    const model_key id[] = {KEY_id}, family[] = {KEY_name, KEY_family};
    m->p = projection_new(m->a, model_r4());
    projection_keep(m->p, TYPE_Patient, id, 1, false);
    projection_keep(m->p, TYPE_Patient, family, 2, false);
}

/* Reads with and without the projection; `at` is where the fault is, -1 for none. */
static void check(const char *text, isize at) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    making m = {.a = &a};
    CHECK(guarded(&where, make, &m));
    for (int i = 0; i < 2; i++) {
        read_options options = {.keep = i ? m.p : NULL};
        fixture f;
        fixture_read_within(&f, str_from(text), &options, 8 << 20);
        CHECK_MSG(f.ok == (at < 0), "%s: %s", text, f.fault.text);
        if (at >= 0) CHECK_MSG(f.fault.at == at, "%s: at %td", text, f.fault.at);
        fixture_end(&f);
    }
    arena_release(&a);
}

static void twice(void) {
    check("{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"a\"}", 35);
    check("{\"resourceType\":\"Patient\",\"gender\":\"male\",\"gender\":\"male\"}", 42);
    check("{\"resourceType\":\"Patient\",\"x\":1,\"\\u0078\":1}", 32);
    check("{\"resourceType\":\"Patient\",\"_x\":1,\"_x\":1}", 33);
    check("{\"resourceType\":\"Patient\",\"_gender\":{\"id\":\"a\"},\"_gender\":{\"id\":\"a\"}}",
          47);
    check("{\"resourceType\":\"Patient\",\"resourceType\":\"Patient\"}", 26);
    check("{\"resourceType\":\"Patient\",\"name\":[{\"use\":\"usual\",\"use\":\"usual\"}]}", 49);
    check("{\"resourceType\":\"Patient\",\"x\":1,\"y\":1,\"X\":1,\"_x\":1,\"\":1}", -1);
    check("{\"resourceType\":\"Patient\",\"x\":{\"a\":1,\"a\":1}}", -1); /* not kept */
}

/* So many names that their marks say nothing any more. */
static void many(void) {
    enum { N = 3000 };
    char *text = malloc(64 + N * 12);
    for (int twin = -1; twin < N; twin += 500) {
        int n = snprintf(text, 64, "{\"resourceType\":\"Patient\"");
        for (int i = 0; i < N; i++) n += snprintf(text + n, 16, ",\"x%d\":0", i);
        int at = n + 1;
        if (twin >= 0) n += snprintf(text + n, 16, ",\"x%d\":0", twin);
        snprintf(text + n, 16, "}");
        check(text, twin < 0 ? -1 : at);
    }
    free(text);
}

const unit_test fhir_read_names_suite[] = {UNIT_TEST(twice), UNIT_TEST(many), UNIT_END};
