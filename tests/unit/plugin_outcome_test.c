/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "instance.h"

#include <stdlib.h>

typedef struct writing {
    arena arena;
    landing landing;
    problem problem;
    int times;
    const char *config;
    char *text;
} writing;

static void write_step(void *state) {
    writing *w = state;
    problems found = problems_new(&w->arena);
    for (int i = 0; i < w->times; i++) problems_add(&found, w->problem);
    buf out = buf_new(&w->arena, 1 << 22, "an outcome");
    outcome_json(&found, str_from(w->config ? w->config : ""), &out);
    buf_byte(&out, 0);
    w->text = out.p;
}

static void written(writing *w) {
    arena_init(&w->arena, 1 << 24, &w->landing);
    CHECK_OR_RETURN(guarded(&w->landing, write_step, w));
}

static void an_issue_has_all_its_parts(void) {
    writing w = {.times = 1,
                 .problem = {.level = PROBLEM_WARNING,
                             .code = "value",
                             .at = -1,
                             .place = S("Observation.value"),
                             .text = S("out of \"range\""),
                             .remedy = S("send 0 to 10")}};
    written(&w);
    CHECK_STR(w.text, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"warning\","
                      "\"code\":\"value\",\"details\":{\"text\":\"out of \\\"range\\\": send 0 to "
                      "10\"},\"expression\":[\"Observation.value\"]}]}");
    arena_release(&w.arena);
}

static void a_place_is_line_and_column_of_a_text(void) {
    writing w = {.times = 1,
                 .config = "{\n  \"x\": 1}",
                 .problem = {.level = PROBLEM_FATAL, .code = "structure", .at = 4, .text = S("t")}};
    written(&w);
    CHECK(strstr(w.text, "\"severity\":\"fatal\"") != NULL);
    CHECK(strstr(w.text, "\"diagnostics\":\"line 2, column 3\"") != NULL);
    CHECK(strstr(w.text, "\"expression\"") == NULL);
    arena_release(&w.arena);
}

static void a_place_is_a_byte_of_a_message(void) {
    writing w = {
        .times = 1,
        .problem = {.level = PROBLEM_ERROR, .code = "structure", .at = 17, .text = S("t")}};
    written(&w);
    CHECK(strstr(w.text, "\"diagnostics\":\"byte 17\"") != NULL);
    arena_release(&w.arena);
}

static void a_file_is_named(void) {
    writing w = {.times = 1,
                 .problem = {.level = PROBLEM_ERROR,
                             .code = "invalid",
                             .file = S("core/views/x.json"),
                             .at = -1,
                             .text = S("t")}};
    written(&w);
    CHECK(strstr(w.text, "core/views/x.json") != NULL);
    arena_release(&w.arena);
}

static void no_problem_is_said_too(void) {
    writing w = {0};
    written(&w);
    CHECK(strstr(w.text, "\"severity\":\"information\"") != NULL);
    arena_release(&w.arena);
}

static void what_is_left_out_is_counted(void) {
    writing w = {.times = LIMIT_PROBLEMS + 5,
                 .problem = {.level = PROBLEM_ERROR, .code = "value", .at = -1, .text = S("t")}};
    written(&w);
    CHECK(strstr(w.text, "5 further problems") != NULL);
    arena_release(&w.arena);
}

static void the_latest_failure_is_kept(void) {
    instance *i = calloc(1, sizeof *i);
    CHECK_OR_RETURN(i != NULL);
    pthread_mutex_init(&i->outcome_lock, NULL);
    outcome_remember(i, S("first"));
    outcome_remember(i, S("second"));
    CHECK_STR(i->last_error, "second");
    free(i->last_error);
    pthread_mutex_destroy(&i->outcome_lock);
    free(i);
}

static void a_failed_open_is_kept_for_the_process(void) {
    char text[64], small[3] = "??";
    outcome_of_open(S("{\"a\":1}"));
    CHECK_INT(outcome_copy_open(NULL, 0), 7);
    CHECK_INT(outcome_copy_open(small, 2), 7);
    CHECK_STR(small, "??");
    CHECK_INT(outcome_copy_open(text, sizeof text), 7);
    CHECK_BYTES(text, 7, "{\"a\":1}");
}

static void too_long_an_outcome_says_so(void) {
    isize n = 1 << 17;
    char *huge = malloc((size_t)n), *copy = malloc((size_t)n);
    CHECK_OR_RETURN(huge && copy);
    memset(huge, 'x', (size_t)n);
    outcome_of_open((str){huge, n});
    isize kept = outcome_copy_open(copy, n);
    CHECK(kept > 0 && kept < 1000);
    CHECK(memmem(copy, (size_t)kept, "fhirtrial check", 15) != NULL);
    free(huge);
    free(copy);
}

const unit_test plugin_outcome_suite[] = {
    UNIT_TEST(an_issue_has_all_its_parts),     UNIT_TEST(a_place_is_line_and_column_of_a_text),
    UNIT_TEST(a_place_is_a_byte_of_a_message), UNIT_TEST(a_file_is_named),
    UNIT_TEST(no_problem_is_said_too),         UNIT_TEST(what_is_left_out_is_counted),
    UNIT_TEST(the_latest_failure_is_kept),     UNIT_TEST(a_failed_open_is_kept_for_the_process),
    UNIT_TEST(too_long_an_outcome_says_so),    UNIT_END,
};
