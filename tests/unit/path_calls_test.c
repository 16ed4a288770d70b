/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions: rows make sense, each is found by its name, and each is used by at least
 * one line of tests/path. */
#include "path/calls.h"
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

static void each_is_tested(void) {
    static const char *const files[] = {"existence",  "subsets", "control", "strings",    "math",
                                        "conversion", "dates",   "types",   "quantities", "fhir"};
    bool used[CALL_COUNT] = {false};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        char path[64], name[64];
        size_t length;
        snprintf(path, sizeof path, "tests/path/%s.txt", files[f]);
        char *text = unit_read(unit_source(path), &length);
        for (int i = 0; text && i < CALL_COUNT; i++) {
            snprintf(name, sizeof name, "%s(", call_table[i].name);
            used[i] = used[i] || strstr(text, name) != NULL;
        }
        free(text);
    }
    /* translate() and memberOf() need terminology: path_value_test.c. */
    used[CALL_ID_translate] = used[CALL_ID_memberOf] = true;
    for (int i = 0; i < CALL_COUNT; i++)
        CHECK_MSG(used[i], "no test calls %s()", call_table[i].name);
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
