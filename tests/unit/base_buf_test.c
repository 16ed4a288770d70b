/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers: growth, the ceiling with its purpose in the text, and RFC 8259 section 7 escapes. */
#include "unit.h"

#include "base/buf.h"

typedef struct work {
    landing where;
    arena a;
    buf b;
} work;

static bool run(work *w, void (*step)(void *)) {
    arena_init(&w->a, 8 << 20, &w->where);
    bool ok = guarded(&w->where, step, w);
    arena_release(&w->a);
    return ok;
}

static void append_step(void *state) {
    work *w = state;
    w->b = buf_new(&w->a, 1000, "a line");
    buf_add(&w->b, S("one "));
    buf_add(&w->b, (str){0});
    buf_byte(&w->b, '2');
    buf_printf(&w->b, " %s=%d", "three", 3);
    str text = buf_str(&w->b);
    CHECK_BYTES(text.p, text.n, "one 2 three=3");
    for (int i = 0; i < 900; i++) buf_byte(&w->b, 'x');
    CHECK_INT(w->b.n, 913);
    CHECK(memcmp(buf_str(&w->b).p, "one 2 three=3xxx", 16) == 0);
}

static void appending(void) {
    work w;
    CHECK(run(&w, append_step));
}

static void exact_step(void *state) {
    work *w = state;
    w->b = buf_new(&w->a, 5, "a report");
    buf_add(&w->b, S("12345"));
    CHECK_INT(w->b.n, 5);
    buf_byte(&w->b, '6');
}

static void ceiling(void) {
    work w;
    CHECK(!run(&w, exact_step));
    CHECK_INT(w.where.fault.code, FAULT_LIMIT);
    CHECK_STR(w.where.fault.text, "a report is longer than its limit of 5 bytes");
}

static void printf_at_limit_step(void *state) {
    work *w = state;
    w->b = buf_new(&w->a, 5, "a report");
    buf_printf(&w->b, "%d", 12345); /* its NUL needs no room of the buffer */
    CHECK_INT(w->b.n, 5);
}

static void printf_at_the_limit(void) {
    work w;
    CHECK(run(&w, printf_at_limit_step));
}

/* The buffer grows in the midst of what printf and integers write. */
static void numbers_step(void *state) {
    work *w = state;
    w->b = buf_new(&w->a, 1 << 16, "numbers");
    buf_integer(&w->b, 0);
    buf_byte(&w->b, ' ');
    buf_integer(&w->b, -9223372036854775807 - 1);
    buf_byte(&w->b, ' ');
    buf_integer(&w->b, 9223372036854775807);
    buf_byte(&w->b, ' ');
    buf_integer(&w->b, -10);
    str text = buf_str(&w->b);
    CHECK_BYTES(text.p, text.n, "0 -9223372036854775808 9223372036854775807 -10");
    w->b.n = 0;
    for (int i = 0; i < 2000; i++) buf_printf(&w->b, "%s", "abc");
    CHECK_INT(w->b.n, 6000);
    for (int i = 0; i < 6000; i++) CHECK_OR_RETURN(w->b.p[i] == "abc"[i % 3]);
}

static void numbers(void) {
    work w;
    CHECK(run(&w, numbers_step));
}

static void json_step(void *state) {
    work *w = state;
    w->b = buf_new(&w->a, 1000, "json");
    buf_json_string(&w->b, S("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xa4"));
    buf_json_string(&w->b, (str){"\0", 1});
    buf_json_string(&w->b, (str){0});
    str text = buf_str(&w->b);
    CHECK_BYTES(text.p, text.n,
                "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\xc3\xa4\"\"\\u0000\"\"\"");
}

static void json_strings(void) {
    work w;
    CHECK(run(&w, json_step));
}

const unit_test base_buf_suite[] = {
    UNIT_TEST(appending), UNIT_TEST(ceiling),      UNIT_TEST(printf_at_the_limit),
    UNIT_TEST(numbers),   UNIT_TEST(json_strings), UNIT_END,
};
