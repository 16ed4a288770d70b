/* SPDX-License-Identifier: Apache-2.0 */
/* fhir_fixture.h: reading a message in a test: one arena, one landing, what came of it. Call
 * fixture_end after each use. */
#ifndef FHIRTRIAL_TESTS_FHIR_FIXTURE_H
#define FHIRTRIAL_TESTS_FHIR_FIXTURE_H

#include "fhir/model_ids.h"
#include "fhir/read.h"

#include "unit.h"

#include <stdlib.h>

typedef struct fixture {
    landing where;
    arena a;
    problems found;
    tape tape;
    fault fault;
    bool ok; /* read without a fault */
    str text;
    const read_options *options;
} fixture;

static void fixture_step(void *state) {
    fixture *f = (fixture *)state;
    f->found = problems_new(&f->a);
    f->ok = read_resource(&f->a, f->text, f->options, &f->found, &f->tape, &f->fault);
}

/* Reads JSON or XML from a copy that ends exactly where the text ends, so that a memory checker
 * sees a byte too many. `limit` is the arena's ceiling. A raised fault is in f->fault too. */
static void fixture_read_within(fixture *f, str text, const read_options *options, isize limit) {
    *f = (fixture){.options = options};
    char *copy = (char *)malloc((size_t)text.n + (text.n == 0));
    memcpy(copy, text.p, (size_t)text.n);
    f->text = (str){copy, text.n};
    arena_init(&f->a, limit, &f->where);
    if (!guarded(&f->where, fixture_step, f)) {
        f->ok = false;
        f->fault = f->where.fault;
    }
}

__attribute__((unused)) static void fixture_read(fixture *f, str text) {
    fixture_read_within(f, text, NULL, 64 << 20);
}

__attribute__((unused)) static void fixture_end(fixture *f) {
    arena_release(&f->a);
    free((char *)(uintptr_t)f->text.p);
}

typedef struct fixture_write {
    fixture *f;
    uint32_t node;
    bool canonical;
    str out;
} fixture_write;

static void fixture_write_step(void *state) {
    fixture_write *w = (fixture_write *)state;
    buf out = buf_new(&w->f->a, 64 << 20, "a test's text");
    tape_write_json(&w->f->tape, w->node, w->canonical, &out);
    w->out = buf_str(&out);
}

/* The node as JSON; lives in the fixture. */
__attribute__((unused)) static str fixture_json(fixture *f, uint32_t node, bool canonical) {
    fixture_write w = {.f = f, .node = node, .canonical = canonical};
    CHECK(guarded(&f->where, fixture_write_step, &w));
    return w.out;
}

/* True when the texts are equal; else a failed check that shows both. */
#define CHECK_TEXT(actual, expected)                                                               \
    do {                                                                                           \
        str actual_ = (actual), expected_ = (expected);                                            \
        unit_check_bytes(actual_.p ? actual_.p : "", actual_.n, expected_.p ? expected_.p : "",    \
                         expected_.n, __FILE__, __LINE__, #actual);                                \
    } while (0)

#endif
