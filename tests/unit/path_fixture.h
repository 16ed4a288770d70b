/* SPDX-License-Identifier: Apache-2.0 */
/* path_fixture.h: one expression on one resource, for the tests of the path room. Everything lives
 * in the fixture's arena until fixture_end. */
#ifndef FHIRTRIAL_TESTS_PATH_FIXTURE_H
#define FHIRTRIAL_TESTS_PATH_FIXTURE_H

#include "fhir/read.h"
#include "path/path.h"
#include "unit.h"

#include <stdio.h>

typedef struct fixture {
    arena arena;
    landing landing;
    tape tape;
    bool strict, edition_r4;
    const path_constant *constants;
    isize constant_count;
    const collection *values;
    const path_terminology *terminology;
    path_limits limits;
    /* of the last expression */
    const program *program;
    problems found;
    path_run run;
    path_status status;
    collection got;
    str expression;
    str text; /* the result as fixture_eval says */
} fixture;

static inline void fixture_begin(fixture *f) {
    *f = (fixture){0};
    arena_init(&f->arena, 256 << 20, &f->landing);
}

static inline void fixture_end(fixture *f) { arena_release(&f->arena); }

/* Reads the resource that the following expressions run on. */
static inline bool fixture_input(fixture *f, str json) {
    fault why;
    bool ok =
        read_json(&f->arena, arena_str(&f->arena, json), &(read_options){0}, NULL, &f->tape, &why);
    return CHECK_MSG(ok, "the input cannot be read: %s", ok ? "" : why.text);
}

/* One item as a FHIRPath literal; elements that are no primitive as JSON. */
static inline void fixture_item(fixture *f, item it, buf *out) {
    str text = {0};
    model_type type = item_type(&f->run, it);
    const model *m = f->tape.model;
    bool primitive = item_text(&f->run, it, &text);
    str name = model_type_name(m, type);
    if (it.kind == ITEM_QUANTITY) {
        char number[DECIMAL_TEXT];
        buf_add(out, (str){number, decimal_format(it.quantity->value, number)});
        buf_printf(out, it.quantity->calendar ? " %.*s" : " '%.*s'", STR_ARGS(it.quantity->unit));
    } else if (!primitive) {
        item_json(&f->run, it, false, out);
    } else if (str_eq(name, S("boolean")) || str_eq(name, S("decimal")) ||
               model_is_a(m, type, model_find_type(m, S("integer")))) {
        buf_add(out, text);
    } else if (str_eq(name, S("date")) || str_eq(name, S("dateTime")) ||
               str_eq(name, S("instant"))) {
        buf_printf(out, "@%.*s", STR_ARGS(text));
    } else if (str_eq(name, S("time"))) {
        buf_printf(out, "@T%.*s", STR_ARGS(text));
    } else {
        buf_printf(out, "'%.*s'", STR_ARGS(text));
    }
}

static inline void fixture_run(void *state) {
    fixture *f = state;
    buf out = buf_new(&f->arena, 1 << 20, "a result");
    path_environment e = {.model = f->tape.model,
                          .root = f->tape.nodes[0].type,
                          .constants = f->constants,
                          .constant_count = f->constant_count,
                          .terminology = f->terminology,
                          .strict = f->strict,
                          .edition_r4 = f->edition_r4};
    f->found = problems_new(&f->arena);
    f->program = path_compile(&f->arena, &e, f->expression, S("f"), S("/p"), &f->found);
    if (!f->program) {
        buf_add(&out, S("refused"));
        for (isize i = 0; i < f->found.n; i++)
            if (f->found.list[i].level >= PROBLEM_ERROR)
                buf_printf(&out, " %d: %.*s; %.*s", (int)f->found.list[i].at,
                           STR_ARGS(f->found.list[i].text), STR_ARGS(f->found.list[i].remedy));
        f->text = buf_str(&out);
        return;
    }
    f->run = (path_run){.tape = &f->tape,
                        .arena = &f->arena,
                        .constants = f->values,
                        .terminology = f->terminology,
                        .limits = f->limits};
    when_parse_datetime(S("2025-06-30T12:34:56.789+02:00"), &f->run.now);
    f->status = path_evaluate(f->program, &f->run, 0, &f->got);
    if (f->status != PATH_OK) {
        buf_printf(&out, "%s %d: %s", f->status == PATH_LIMIT ? "limit" : "error", (int)f->run.at,
                   f->run.reason);
    }
    for (isize i = 0; i < f->got.n; i++) {
        if (i > 0) buf_add(&out, S("; "));
        fixture_item(f, f->got.items[i], &out);
    }
    f->text = buf_str(&out);
}

/* Compiles and runs: items as literals with "; " between them, "refused AT: TEXT; REMEDY", "error
 * AT: REASON" or "limit AT: REASON". */
static inline str fixture_eval(fixture *f, str expression) {
    f->expression = expression;
    f->status = PATH_OK;
    f->got = (collection){0};
    if (!guarded(&f->landing, fixture_run, f)) {
        CHECK_MSG(false, "a fault: %s", f->landing.fault.text);
        f->text = S("fault");
    }
    return f->text;
}

/* Checks one expression against the text fixture_eval gives; an expectation that begins with error,
 * limit or refused need only be contained after that word. */
static inline void fixture_expect(fixture *f, const char *place, str expression, str expected) {
    str got = fixture_eval(f, expression);
    static const char *const words[] = {"error", "limit", "refused"};
    bool ok = str_eq(got, expected);
    for (isize i = 0; i < COUNT_OF(words); i++) {
        str word = str_from(words[i]);
        if (str_starts(expected, word) && str_starts(got, word))
            ok = str_find(got, str_trim(str_slice(expected, word.n, expected.n)), 0) >= 0;
    }
    CHECK_MSG(ok, "%s: %.*s => %.*s, not %.*s", place, STR_ARGS(expression), STR_ARGS(got),
              STR_ARGS(expected));
}

#endif
