/* SPDX-License-Identifier: Apache-2.0 */
/* What a program says it can reach is enough: each expression of tests/path gives the same on the
 * whole resource and on one that was read with that projection alone. */
#include "path_fixture.h"

#include <stdlib.h>

typedef struct reading {
    projection *keep;
    model_type type;
    char text[400];
} reading;

static void keep(void *self, const model_key *keys, isize n, bool deep) {
    reading *r = self;
    projection_keep(r->keep, r->type, keys, n, deep);
}

/* The same expression over the projected resource; false where the program can reach anything. */
static bool projected(fixture *f, str json, str expression, str *out) {
    fixture_eval(f, expression);
    if (!f->program) return false;
    reading r = {projection_new(&f->arena, f->tape.model), f->tape.nodes[0].type, {0}};
    if (!path_reaches(f->program, keep, &r)) return false;
    tape whole = f->tape;
    fault why;
    read_options options = {.keep = r.keep};
    CHECK(read_json(&f->arena, json, &options, NULL, &f->tape, &why));
    *out = fixture_eval(f, expression);
    f->tape = whole;
    return true;
}

static int compare_file(const char *name) {
    char path[64];
    int compared = 0;
    size_t length = 0;
    snprintf(path, sizeof path, "tests/path/%s.txt", name);
    char *text = unit_read(unit_source(path), &length);
    if (!text) return 0;
    fixture f;
    fixture_begin(&f);
    str json = S("{\"resourceType\":\"Basic\"}"), rest = {text, (isize)length};
    fixture_input(&f, json);
    while (rest.n > 0) {
        isize end = str_find_byte(rest, '\n', 0);
        str line = str_trim(str_slice(rest, 0, end < 0 ? rest.n : end));
        rest = str_slice(rest, end < 0 ? rest.n : end + 1, rest.n);
        if (str_starts(line, S("!input "))) {
            json = arena_str(&f.arena, str_slice(line, 7, line.n));
            fixture_input(&f, json);
        }
        isize arrow = str_find(line, S("=>"), 0);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == '!' || arrow < 0) continue;
        str expression = str_trim(str_slice(line, 0, arrow)), again;
        if (!projected(&f, json, expression, &again)) continue;
        str full = fixture_eval(&f, expression);
        CHECK_MSG(str_eq(full, again), "%.*s: %.*s, projected %.*s", STR_ARGS(expression),
                  STR_ARGS(full), STR_ARGS(again));
        compared++;
    }
    fixture_end(&f);
    free(text);
    return compared;
}

static void enough(void) {
    static const char *const files[] = {"existence", "subsets", "control", "quantities",
                                        "types",     "fhir",    "strings", "dates"};
    int compared = 0;
    for (isize i = 0; i < COUNT_OF(files); i++) compared += compare_file(files[i]);
    CHECK_MSG(compared > 200, "%d expressions compared", compared);
}

static void list(void *self, const model_key *keys, isize n, bool deep) {
    reading *r = self;
    size_t at = strlen(r->text);
    for (isize i = 0; i < n; i++) {
        str name = model_key_name(model_r4(), keys[i]);
        at += (size_t)snprintf(r->text + at, sizeof r->text - at, "%s%.*s", i ? "." : "",
                               STR_ARGS(name));
    }
    snprintf(r->text + at, sizeof r->text - at, "%s ", deep ? "+" : "");
}

static void says(fixture *f, const char *expression, const char *expected) {
    reading r = {0};
    fixture_eval(f, str_from(expression));
    CHECK_OR_RETURN(f->program != NULL);
    bool known = path_reaches(f->program, list, &r);
    CHECK_STR(known ? r.text : "anything", expected);
}

static void places_named(void) {
    fixture f;
    fixture_begin(&f);
    fixture_input(&f, S("{\"resourceType\":\"Patient\"}"));
    says(&f, "Patient.name.given", "name.given+ ");
    says(&f, "name.where(use = 'official').family", "name.family+ name.use+ ");
    says(&f, "1 + 2", "");
    says(&f, "extension('u').value", "extension+ ");
    says(&f, "defineVariable('n', name).select(%n.family)", "name.family+ ");
    says(&f, "coalesce(name.family, birthDate)", "birthDate+ name.family+ ");
    says(&f, "descendants()", "anything");
    says(&f, "contained.id", "anything");
    says(&f, "%resource.id", "anything");
    says(&f, "$this", "anything");
    says(&f, "generalPractitioner.resolve()", "anything");
    fixture_end(&f);
}

const unit_test path_reach_suite[] = {UNIT_TEST(enough), UNIT_TEST(places_named), UNIT_END};
