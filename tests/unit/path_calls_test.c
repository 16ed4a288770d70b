/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions: rows make sense, each is found by its name, and each function and
 * operator stands in at least one line of tests/path. */
#include "path/calls.h"
#include "path/parse.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static void rows(void) {
    for (int i = 0; i < CALL_COUNT; i++) {
        const call_row *r = &call_table[i];
        CHECK_MSG(call_find(str_from(r->name)) == i, "%s", r->name);
        CHECK_MSG(r->least <= r->most && r->most < MAX_ARGUMENTS, "%s", r->name);
        CHECK_MSG(r->most == 0 ? !r->arguments[0] : r->arguments[0] != 0, "%s", r->name);
        CHECK_MSG(strspn(r->arguments, "sinowcet") == strlen(r->arguments), "%s", r->name);
        CHECK_MSG(strchr("*1snw-", r->input) && r->input, "%s", r->name);
        CHECK_MSG(strchr("bildsDMTqk=ety?", r->gives) && r->gives, "%s", r->name);
        CHECK_MSG(strchr("1=*", r->cardinality) && r->cardinality, "%s", r->name);
        CHECK_MSG(r->run != NULL, "%s", r->name);
    }
    CHECK_INT(call_find(S("frist")), -1);
    CHECK_INT(call_find(S("")), -1);
    CHECK_INT(call_argument(&call_table[CALL_ID_trace], 0), 's');
    CHECK_INT(call_argument(&call_table[CALL_ID_trace], 1), 'e');
    CHECK_INT(call_argument(&call_table[CALL_ID_sort], 7), 'e');
}

/* What the expressions of tests/path are made of. */
typedef struct used {
    arena arena;
    landing landing;
    str line;
    bool call[CALL_COUNT], binary[BINARY_IMPLIES + 1], kind[AST_REFUSED + 1], minus, plus;
} used;

static void note(used *u, const ast *a) {
    if (!a) return;
    u->kind[a->kind] = true;
    if (a->kind == AST_BINARY || a->kind == AST_TYPE_TEST) u->binary[a->op] = true;
    if (a->kind == AST_UNARY) *(a->op == '-' ? &u->minus : &u->plus) = true;
    int id = a->kind == AST_CALL ? call_find(a->name) : -1;
    if (id >= 0) u->call[id] = true;
    note(u, a->left);
    note(u, a->right);
    for (const ast *arg = a->args; arg; arg = arg->next) note(u, arg);
}

/* Only a line whose result is a value, or nothing, tells what an operator does. */
static void note_line(void *state) {
    used *u = state;
    isize arrow = str_find(u->line, S("=>"), 0);
    if (arrow < 0 || u->line.p[0] == '#' || u->line.p[0] == '!') return;
    str wants = str_trim(str_slice(u->line, arrow + 2, u->line.n));
    if (str_starts(wants, S("refused")) || str_starts(wants, S("error"))) return;
    problems found = problems_new(&u->arena);
    str source = str_trim(str_slice(u->line, 0, arrow));
    reporter r = {.found = &found, .source = source};
    note(u, path_parse(&u->arena, source, &r));
}

static void note_file(used *u, const char *name) {
    char path[64];
    size_t length = 0;
    snprintf(path, sizeof path, "tests/path/%s.txt", name);
    char *text = unit_read(unit_source(path), &length);
    for (str rest = {text, (isize)length}; text && rest.n > 0;) {
        isize end = str_find_byte(rest, '\n', 0);
        u->line = str_trim(str_slice(rest, 0, end < 0 ? rest.n : end));
        rest = str_slice(rest, end < 0 ? rest.n : end + 1, rest.n);
        CHECK(u->line.n == 0 || guarded(&u->landing, note_line, u));
    }
    free(text);
}

static void each_is_tested(void) {
    static const char *const files[] = {"existence",  "subsets", "control",  "strings",
                                        "math",       "dates",   "types",    "quantities",
                                        "conversion", "fhir",    "literals", "operators"};
    static used u;
    arena_init(&u.arena, 64 << 20, &u.landing);
    for (isize f = 0; f < COUNT_OF(files); f++) note_file(&u, files[f]);
    arena_release(&u.arena);
    /* translate() and memberOf() need terminology: path_value_test.c. */
    u.call[CALL_ID_translate] = u.call[CALL_ID_memberOf] = true;
    for (int i = 0; i < CALL_COUNT; i++)
        CHECK_MSG(u.call[i], "no test calls %s()", call_table[i].name);
    for (int i = BINARY_MULTIPLY; i <= BINARY_IMPLIES; i++)
        CHECK_MSG(u.binary[i], "no test has binary operator %d (binary_op in path/ast.h)", i);
    for (int i = 0; i <= AST_REFUSED; i++)
        CHECK_MSG(u.kind[i], "no test has a tree of kind %d (ast_kind in path/ast.h)", i);
    CHECK(u.minus);
    CHECK(u.plus);
}

static void each_is_documented(void) {
    size_t length;
    char *text = unit_read(unit_source("docs/fhirpath.md"), &length), name[64];
    for (int i = 0; text && i < CALL_COUNT; i++) {
        snprintf(name, sizeof name, "%s(", call_table[i].name);
        CHECK_MSG(strstr(text, name) != NULL, "docs/fhirpath.md does not name %s()",
                  call_table[i].name);
    }
    free(text);
}

const unit_test path_calls_suite[] = {UNIT_TEST(rows), UNIT_TEST(each_is_tested),
                                      UNIT_TEST(each_is_documented), UNIT_END};
