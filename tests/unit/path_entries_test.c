/* SPDX-License-Identifier: Apache-2.0 */
/* References within a Bundle: the table of path_prepare finds what the search finds. */
#include "path_fixture.h"

enum { ENTRIES = 500 };

/* Entry i: an Observation with or without an id, whose subject is a Patient entry in one of five
 * ways. */
static str bundle(fixture *f) {
    buf b = buf_new(&f->arena, 16 << 20, "a Bundle");
    buf_add(&b, S("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["));
    for (int i = 0; i < ENTRIES; i++) {
        static const char *const before[] = {"urn:uuid:00000000-0000-4000-8000-", "Patient/p",
                                             "https://x.org/fhir/Patient/p", "Patient/none", "#c"};
        const char *after = i % 5 == 2 ? "/_history/3" : "";
        str subject = arena_printf(&f->arena, "%s%d%s", before[i % 5], i / 2 * 2, after);
        if (i % 2 == 0)
            buf_printf(&b,
                       "%s{\"fullUrl\":\"urn:uuid:00000000-0000-4000-8000-%d\",\"resource\":{"
                       "\"resourceType\":"
                       "\"Patient\",\"id\":\"p%d\",\"active\":true}}",
                       i ? "," : "", i, i);
        else
            buf_printf(&b,
                       ",{\"fullUrl\":\"urn:uuid:10000000-0000-4000-8000-%d\",\"resource\":{"
                       "\"resourceType\":"
                       "\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":"
                       "{\"reference\":\"%.*s\"}}}",
                       i, STR_ARGS(subject));
    }
    buf_add(&b, S("]}"));
    return buf_str(&b);
}

static void prepare_step(void *state) {
    fixture *f = state;
    path_prepare(&f->run);
    f->status = path_evaluate(f->program, &f->run, 0, &f->got);
}

/* The ids the expression gives, without and with the table. */
static void same(fixture *f, const char *expression, int least) {
    str searched = fixture_eval(f, str_from(expression));
    CHECK_MSG(f->got.n >= least, "%s: %td items", expression, f->got.n);
    CHECK(f->run.entries == NULL);
    CHECK_OR_RETURN(guarded(&f->landing, prepare_step, f));
    CHECK(f->run.entries != NULL && f->status == PATH_OK);
    buf out = buf_new(&f->arena, 1 << 20, "a result");
    for (isize i = 0; i < f->got.n; i++) {
        if (i > 0) buf_add(&out, S("; "));
        fixture_item(f, f->got.items[i], &out);
    }
    CHECK(str_eq(searched, buf_str(&out)));
}

static void table(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, bundle(&f));
    same(&f, "entry.resource.ofType(Observation).subject.resolve().id", ENTRIES / 2 * 3 / 5 - 2);
    same(&f, "entry.resource.ofType(Observation).subject.getReferenceKey()", ENTRIES / 2 * 3 / 5);
    same(&f, "entry.resource.getResourceKey()", ENTRIES);
    fixture_end(&f);
}

static void not_a_bundle(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Patient\",\"id\":\"p\"}"));
    fixture_expect(&f, "key", S("getResourceKey()"), S("'Patient/p'"));
    CHECK(guarded(&f.landing, prepare_step, &f));
    CHECK(f.run.entries == NULL);
    fixture_end(&f);
}

/* The first of two entries with the same id counts, and a fullUrl of a later one does not win. */
static void first_wins(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(
        &f,
        S("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
          "\"resourceType\":"
          "\"Patient\",\"id\":\"p\",\"gender\":\"male\"}},{\"fullUrl\":\"Patient/p\",\"resource\":{"
          "\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"female\"}},{\"resource\":{"
          "\"resourceType\":"
          "\"Basic\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}}]}"));
    same(&f, "entry.resource.ofType(Basic).subject.resolve().gender", 1);
    fixture_expect(&f, "first", S("entry.resource.ofType(Basic).subject.resolve().gender"),
                   S("'male'"));
    fixture_end(&f);
}

const unit_test path_entries_suite[] = {UNIT_TEST(table), UNIT_TEST(not_a_bundle),
                                        UNIT_TEST(first_wins), UNIT_END};
