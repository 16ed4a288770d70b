/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.c: problems as a FHIR OperationOutcome, and the latest of them for the query
 * "last-error". */
#include "instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static char open_outcome[1 << 16]; /* of the latest fhirtrial_open that failed in this process */
static isize open_outcome_n;

static const char *severity(problem_level level) {
    switch (level) {
    case PROBLEM_FATAL: return "fatal";
    case PROBLEM_ERROR: return "error";
    case PROBLEM_WARNING: return "warning";
    default: return "information";
    }
}

static void member(buf *out, const char *name, str text) {
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, text);
}

static void write_issue(const problem *p, str config_text, buf *out) {
    arena *memory = out->arena;
    buf_printf(out, "{\"severity\":\"%s\",\"code\":\"%s\"", severity(p->level), p->code);
    str text = p->remedy.n > 0
                   ? arena_printf(memory, "%.*s: %.*s", STR_ARGS(p->text), STR_ARGS(p->remedy))
                   : p->text;
    buf_add(out, S(",\"details\":{\"text\":"));
    buf_json_string(out, text);
    buf_byte(out, '}');
    if (p->file.n > 0)
        member(out, "diagnostics", p->file);
    else if (config_text.n > 0 && p->at >= 0) {
        int line, column;
        problem_line_column(config_text, p->at, &line, &column);
        member(out, "diagnostics", arena_printf(memory, "line %d, column %d", line, column));
    } else if (p->at >= 0) {
        member(out, "diagnostics", arena_printf(memory, "byte %td", p->at));
    }
    if (p->place.n > 0) {
        buf_add(out, S(",\"expression\":["));
        buf_json_string(out, p->place);
        buf_byte(out, ']');
    }
    buf_byte(out, '}');
}

void outcome_json(const problems *found, str config_text, buf *out) {
    buf_add(out, S("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    for (isize i = 0; i < found->n; i++) {
        if (i > 0) buf_byte(out, ',');
        write_issue(&found->list[i], config_text, out);
    }
    if (found->n == 0)
        buf_add(out, S("{\"severity\":\"information\",\"code\":\"informational\",\"details\":{"
                       "\"text\":\"no problems\"}}"));
    if (found->dropped > 0)
        buf_printf(out,
                   ",{\"severity\":\"information\",\"code\":\"too-long\",\"details\":{\"text\":\"%"
                   "td further problems are not listed\"}}",
                   found->dropped);
    buf_add(out, S("]}"));
}

void outcome_remember(instance *instance, str document) {
    char *copy = malloc((size_t)document.n + 1);
    if (!copy) return;
    memcpy(copy, document.p, (size_t)document.n);
    copy[document.n] = 0;
    pthread_mutex_lock(&instance->outcome_lock);
    free(instance->last_error);
    instance->last_error = copy;
    pthread_mutex_unlock(&instance->outcome_lock);
}

void outcome_of_misuse(instance *instance, const char *text) {
    static const char before[] = "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
                                 "\"error\",\"code\":\"invalid\",\"details\":{\"text\":\"";
    char document[FAULT_TEXT + 256];
    /* The texts are ours and need no escaping. */
    int n = snprintf(document, sizeof document, "%s%s\"}}]}", before, text);
    if (n > 0 && n < (int)sizeof document) outcome_remember(instance, (str){document, n});
    journal_line(&instance->journal, FHIRTRIAL_LOG_HOST, "wrong-call", (str){0}, str_from(text));
}

void outcome_of_open(str document) {
    static const char too_long[] =
        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"too-"
        "long\",\"details\":{\"text\":\"too many findings to keep: run fhirtrial check on the "
        "mappings\"}}]}";
    if (document.n > (isize)sizeof open_outcome) document = S(too_long);
    pthread_mutex_lock(&open_lock);
    memcpy(open_outcome, document.p, (size_t)document.n);
    open_outcome_n = document.n;
    pthread_mutex_unlock(&open_lock);
}

isize outcome_copy_open(char *out, isize cap) {
    pthread_mutex_lock(&open_lock);
    isize n = open_outcome_n;
    if (n <= cap && n > 0) memcpy(out, open_outcome, (size_t)n);
    pthread_mutex_unlock(&open_lock);
    return n;
}

int32_t copy_out(str document, void *out, int64_t cap, int64_t *n) {
    *n = document.n;
    if (document.n > cap) return FHIRTRIAL_E_BUFFER;
    if (document.n > 0) memcpy(out, document.p, (size_t)document.n);
    return FHIRTRIAL_OK;
}
