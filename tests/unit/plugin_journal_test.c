/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "instance.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct seen {
    int lines, metrics, level;
    char text[LOG_LINE_BYTES], name[64];
    double value;
    bool was_inside;
} seen;

static void take_line(void *user, int32_t level, const char *line) {
    seen *s = user;
    s->lines++;
    s->level = level;
    s->was_inside = inside_callback();
    snprintf(s->text, sizeof s->text, "%s", line);
}

static void take_metric(void *user, const char *name, double value) {
    seen *s = user;
    s->metrics++;
    s->value = value;
    snprintf(s->name, sizeof s->name, "%s", name);
}

static journal *journal_here(void) {
    journal *j = calloc(1, sizeof *j);
    if (!j) abort();
    journal_init(j);
    return j;
}

static void journal_end(journal *j) {
    journal_free(j);
    free(j);
}

static int32_t next(journal *j, char *out, int64_t cap) {
    int64_t n = 0;
    int32_t code = journal_next(j, out, cap - 1, &n);
    out[code == FHIRTRIAL_OK ? n : 0] = 0;
    return code;
}

static void lines_wait_in_order(void) {
    char text[LOG_LINE_BYTES];
    journal *j = journal_here();
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_NOMATCH);
    journal_line(j, FHIRTRIAL_LOG_WARNING, "first", S("ehr"), S("a \"text\""));
    journal_line(j, FHIRTRIAL_LOG_DEBUG, "second", (str){0}, S("b"));
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_OK);
    CHECK(strstr(text, "\"level\":\"warning\",\"event\":\"first\",\"endpoint\":\"ehr\"") != NULL);
    CHECK(strstr(text, "\"text\":\"a \\\"text\\\"\"}") != NULL);
    CHECK(strncmp(text, "{\"time\":\"20", 11) == 0);
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_OK);
    CHECK(strstr(text, "second") != NULL && strstr(text, "endpoint") == NULL);
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_NOMATCH);
    journal_end(j);
}

static void a_line_is_one_line_and_not_long(void) {
    char text[LOG_LINE_BYTES];
    static char huge[5000];
    memset(huge, '\n', sizeof huge);
    journal *j = journal_here();
    journal_line(j, FHIRTRIAL_LOG_ERROR, "long", S("ehr"), (str){huge, sizeof huge});
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_OK);
    CHECK(strchr(text, '\n') == NULL);
    CHECK(text[strlen(text) - 1] == '}');
    journal_end(j);
}

static void the_callback_gets_what_waited(void) {
    seen s = {0};
    char text[LOG_LINE_BYTES];
    journal *j = journal_here();
    journal_line(j, FHIRTRIAL_LOG_INFO, "before", (str){0}, S("x"));
    journal_deliver(j);
    journal_on_log(j, FHIRTRIAL_LOG_INFO, take_line, &s);
    CHECK_INT(s.lines, 0);
    journal_deliver(j);
    CHECK_INT(s.lines, 1);
    CHECK(strstr(s.text, "before") != NULL);
    CHECK(s.was_inside && !inside_callback());
    journal_line(j, FHIRTRIAL_LOG_DEBUG, "quiet", (str){0}, S("x"));
    journal_line(j, FHIRTRIAL_LOG_ERROR, "loud", (str){0}, S("x"));
    journal_deliver(j);
    CHECK_INT(s.lines, 2);
    CHECK_INT(s.level, FHIRTRIAL_LOG_ERROR);
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_NOMATCH);
    journal_on_log(j, 0, NULL, NULL);
    journal_line(j, FHIRTRIAL_LOG_ERROR, "after", (str){0}, S("x"));
    journal_deliver(j);
    CHECK_INT(s.lines, 2);
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_OK);
    journal_end(j);
}

static void the_oldest_go_and_are_counted(void) {
    char text[LOG_LINE_BYTES], name[16];
    journal *j = journal_here();
    for (int i = 0; i < LOG_LINES + 10; i++) {
        snprintf(name, sizeof name, "line%d", i);
        journal_line(j, FHIRTRIAL_LOG_INFO, name, (str){0}, S("x"));
    }
    int lines = 0, lost = -1;
    char last[LOG_LINE_BYTES] = "";
    while (next(j, text, sizeof text) == FHIRTRIAL_OK) {
        lines++;
        const char *at = strstr(text, "lines-lost");
        if (at) {
            const char *number = strpbrk(strstr(text, "\"text\""), "0123456789");
            lost = number ? (int)strtol(number, NULL, 10) : 0;
        }
        memcpy(last, text, sizeof last);
    }
    CHECK(strstr(last, "line1033") != NULL);
    CHECK_MSG(lost >= 10 && lost <= 11, "told %d lost", lost);
    CHECK(lines >= LOG_LINES - 1 && lines <= LOG_LINES + 1);
    /* Told once. */
    journal_line(j, FHIRTRIAL_LOG_INFO, "again", (str){0}, S("x"));
    CHECK_INT(next(j, text, sizeof text), FHIRTRIAL_OK);
    CHECK(strstr(text, "again") != NULL);
    journal_end(j);
}

static void metrics_are_told_when_they_change(void) {
    seen s = {0};
    journal *j = journal_here();
    journal_on_metric(j, take_metric, &s);
    journal_metric(j, "sent", 1);
    journal_deliver(j);
    CHECK_INT(s.metrics, 1);
    CHECK_STR(s.name, "sent");
    journal_deliver(j);
    CHECK_INT(s.metrics, 1);
    journal_metric(j, "sent", 2);
    journal_metric(j, "parked", 0);
    journal_deliver(j);
    CHECK_INT(s.metrics, 3);
    journal_on_metric(j, NULL, NULL);
    journal_metric(j, "sent", 3);
    journal_deliver(j);
    CHECK_INT(s.metrics, 3);
    journal_end(j);
}

static void too_many_metrics_are_left_out(void) {
    static char names[METRICS + 10][16];
    journal *j = journal_here();
    for (int i = 0; i < METRICS + 10; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        journal_metric(j, names[i], i);
    }
    CHECK_INT(j->metric_count, METRICS);
    journal_end(j);
}

typedef struct prometheus {
    arena arena;
    landing landing;
    journal *journal;
    buf out;
} prometheus;

static void prometheus_step(void *state) {
    prometheus *p = state;
    p->out = buf_new(&p->arena, 1 << 16, "metrics");
    journal_prometheus(p->journal, &p->out);
}

static void metrics_as_prometheus_text(void) {
    prometheus p = {.journal = journal_here()};
    arena_init(&p.arena, 1 << 20, &p.landing);
    journal_metric(p.journal, "outbox_ready", 3);
    CHECK(guarded(&p.landing, prometheus_step, &p));
    CHECK_BYTES(p.out.p, p.out.n,
                "# TYPE fhirtrial_outbox_ready gauge\nfhirtrial_outbox_ready 3\n");
    arena_release(&p.arena);
    journal_end(p.journal);
}

const unit_test plugin_journal_suite[] = {
    UNIT_TEST(lines_wait_in_order),
    UNIT_TEST(a_line_is_one_line_and_not_long),
    UNIT_TEST(the_callback_gets_what_waited),
    UNIT_TEST(the_oldest_go_and_are_counted),
    UNIT_TEST(metrics_are_told_when_they_change),
    UNIT_TEST(too_many_metrics_are_left_out),
    UNIT_TEST(metrics_as_prometheus_text),
    UNIT_END,
};
