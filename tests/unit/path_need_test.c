/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition says it needs: by hand for the shapes that are understood; and where a condition
 * is true, one of its needs stands in the resource. */
#include "fhir/model_ids.h"
#include "path_fixture.h"

/* The needs as "code.coding.code=72514-3|..."; "-" for none. */
static void says_with(fixture *f, const char *expression, const char *expected) {
    char text[400] = "-";
    fixture_eval(f, str_from(expression));
    CHECK_OR_RETURN(f->program != NULL);
    size_t at = 0;
    const path_need *n =
        path_needs(&f->arena, f->program, TYPE_Observation, f->values, f->constant_count);
    for (; n; n = n->next) {
        if (at) text[at++] = '|';
        for (isize i = 0; i < n->n; i++) {
            str name = model_key_name(model_r4(), n->keys[i]);
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", i ? "." : "",
                                   STR_ARGS(name));
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "=%.*s", STR_ARGS(n->text));
    }
    CHECK_MSG(strcmp(text, expected) == 0, "%s: %s", expression, text);
}

static void needs(void) {
    static const struct {
        const char *expression, *needs;
    } cases[] = {
        {"code.coding.exists(system = 'http://loinc.org' and code = '72514-3')",
         "code.coding.code=72514-3"},
        {"code.coding.where(code = '1' and system = 'http://x').exists()", "code.coding.code=1"},
        {"Observation.code.coding.code = 'a'", "code.coding.code=a"},
        {"'final' = status", "status=final"},
        {"status = 'final' or status = 'amended'", "status=final|status=amended"},
        {"status in ('final' | 'amended')", "status=final|status=amended"},
        {"code.coding.code contains 'a'", "code.coding.code=a"},
        {"status = 'final' and value.exists()", "status=final"},
        {"code.coding.exists(code = 'b') and status = 'c' or id = 'd'", "code.coding.code=b|id=d"},
        {"code.coding.where(code = 'a').first().display.exists()", "code.coding.code=a"},
        {"code.where(coding.exists(code = 'a')).text = 't'", "code.text=t"},
        /* nothing can be said */
        {"status = 'final' or value.exists()", "-"},
        {"(status = 'final').not()", "-"},
        {"status != 'final'", "-"},
        {"status ~ 'final'", "-"},
        {"code.coding.all(code = 'a')", "-"},
        {"status = 'final' implies value.exists()", "-"},
        {"issued = '2020-01-01T00:00:00Z'", "-"},
        {"value = 'x'", "-"},
        {"status.startsWith('f')", "-"},
        {"iif(status = 'final', true, true)", "-"},
        {"status = status", "-"},
        {"'a' in status", "status=a"},
        {"true", "-"},
    };
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Observation\"}"));
    for (isize i = 0; i < COUNT_OF(cases); i++) says_with(&f, cases[i].expression, cases[i].needs);
    fixture_end(&f);
}

static void constants(void) {
    const item final = {.kind = ITEM_STRING, .text = S_INIT("final")};
    const path_constant names[] = {{.name = S_INIT("known"), .type = TYPE_string},
                                   {.name = S_INIT("unknown"), .type = TYPE_string}};
    const collection values[] = {{&final, 1}, {NULL, 0}};
    fixture f;
    fixture_begin(&f);
    f.constants = names;
    f.values = values;
    f.constant_count = 2;
    fixture_input(&f, S("{\"resourceType\":\"Observation\"}"));
    says_with(&f, "status = %known", "status=final");
    says_with(&f, "status = %unknown", "-");
    says_with(&f, "status = %known and id = %unknown", "status=final");
    fixture_end(&f);
}

/* Whether the text stands at the end of the keys, below node `at`. */
static bool stands(const tape *t, uint32_t at, const path_need *n, isize step, arena *a) {
    if (step == n->n) return str_eq(tape_text(t, at, a), n->text);
    uint32_t c = tape_child(t, at, n->keys[step]);
    for (; c != TAPE_NONE; c = tape_next(t, at, c))
        if (stands(t, c, n, step + 1, a)) return true;
    return false;
}

/* 1 where the expression is true and needs something. */
static int check(fixture *f, str expression) {
    str got = fixture_eval(f, expression);
    if (!f->program || !str_eq(got, S("true"))) return 0;
    const path_need *needs = path_needs(&f->arena, f->program, TYPE_Observation, NULL, 0);
    if (!needs) return 0;
    bool met = false;
    for (const path_need *n = needs; n; n = n->next) met |= stands(&f->tape, 0, n, 0, &f->arena);
    CHECK_MSG(met, "%.*s", STR_ARGS(expression));
    return 1;
}

/* On a resource that has something of everything. */
static void what_is_needed_stands_there(void) {
    static const char *const expressions[] = {
        "code.coding.exists(system = 'http://s' and code = 'c2')",
        "code.coding.where(code = 'c1').exists(display = 'one')",
        "code.coding.where(system = 'http://s').last().code = 'c2'",
        "code.coding[1].code = 'c2'",
        "('final' | 'amended') contains status",
        "status in ('amended' | 'final')",
        "code.coding.code contains 'c1'",
        "status = 'other' or code.coding.exists(code = 'c1') and id = 'i'",
        "Observation.component.where(code.coding.exists(code = 'k')).value.ofType(string) = 'v'",
        "component.code.coding.single().code = 'k' and status = 'final'",
        "where(status = 'final').code.text = 't'",
    };
    fixture f;
    fixture_begin(&f);
    fixture_input(&f,
                  S("{\"resourceType\":\"Observation\",\"id\":\"i\",\"status\":\"final\",\"code\":{"
                    "\"coding\":[{\"system\":\"http://s\",\"code\":\"c1\",\"display\":\"one\"},"
                    "{\"system\":\"http://s\",\"code\":\"c2\"}],\"text\":\"t\"},\"component\":["
                    "{\"code\":{\"coding\":[{\"code\":\"k\"}]},\"valueString\":\"v\"}]}"));
    for (isize i = 0; i < COUNT_OF(expressions); i++)
        CHECK_MSG(check(&f, str_from(expressions[i])) == 1, "%s", expressions[i]);
    fixture_end(&f);
}

const unit_test path_need_suite[] = {UNIT_TEST(needs), UNIT_TEST(constants),
                                     UNIT_TEST(what_is_needed_stands_there), UNIT_END};
