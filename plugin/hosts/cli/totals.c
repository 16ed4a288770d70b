/* SPDX-License-Identifier: Apache-2.0 */
/* totals.c: counts results of endpoints and prints them with their denominators. */
#include "totals.h"

#include "doc.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* --- rows --- */
static void add_row(totals *t, const cJSON *endpoint, const char *visit, const char *arm) {
    t->list[t->n++] = (total){.endpoint = doc_text(endpoint, "id"),
                              .visit = visit,
                              .arm = arm,
                              .count = cJSON_IsTrue(member(endpoint, "count")),
                              .incomplete = member(endpoint, "incomplete") != NULL,
                              .reasons = cJSON_CreateObject()};
}

static void add_rows(totals *t, const cJSON *endpoint, const char *visit, const cJSON *arms) {
    const cJSON *arm;
    cJSON_ArrayForEach(arm, arms) {
        add_row(t, endpoint, visit, doc_text(arm, "id"));
    }
    if (cJSON_GetArraySize(arms) > 0) add_row(t, endpoint, visit, "");
    add_row(t, endpoint, visit, NULL);
}

bool totals_init(totals *t, const cJSON *conduct) {
    const cJSON *arms = member(conduct, "arms"), *endpoint, *visit;
    size_t rows = 0, of_one = (size_t)cJSON_GetArraySize(arms) + 2;
    cJSON_ArrayForEach(endpoint, member(conduct, "endpoints")) {
        rows += of_one * ((size_t)cJSON_GetArraySize(member(endpoint, "visits")) + 1);
    }
    *t = (totals){.list = calloc(rows + 1, sizeof *t->list)};
    if (!t->list) return false;
    cJSON_ArrayForEach(endpoint, member(conduct, "endpoints")) {
        const cJSON *visits = member(endpoint, "visits");
        cJSON_ArrayForEach(visit, visits) {
            add_rows(t, endpoint, visit->valuestring, arms);
        }
        if (cJSON_GetArraySize(visits) == 0) add_rows(t, endpoint, "", arms);
    }
    return true;
}

void totals_free(totals *t) {
    for (int i = 0; i < t->n; i++) cJSON_Delete(t->list[i].reasons);
    free(t->list);
}

/* --- counting --- */
static void count_reason(total *row, const char *reason) {
    cJSON *known = cJSON_GetObjectItemCaseSensitive(row->reasons, reason);
    if (known)
        cJSON_SetNumberValue(known, known->valuedouble + 1);
    else
        cJSON_AddNumberToObject(row->reasons, reason, 1);
}

static void count(total *row, const cJSON *finding) {
    const char *result = doc_text(finding, "result");
    bool met = strcmp(result, "met") == 0, not_met = strcmp(result, "not-met") == 0;
    row->met += met;
    row->not_met += not_met;
    row->measured += strcmp(result, "measured") == 0;
    row->not_applicable += strcmp(result, "not-applicable") == 0;
    if (row->count && (met || not_met)) row->events += atoll(doc_text(finding, "value"));
    if (strcmp(result, "unknown") != 0) return;
    row->unknown++;
    count_reason(row, doc_text(finding, "reason"));
}

void totals_add(totals *t, const cJSON *conduct) {
    const char *arm = doc_text(conduct, "arm");
    const cJSON *finding;
    cJSON_ArrayForEach(finding, member(conduct, "endpoints")) {
        for (int i = 0; i < t->n; i++) {
            total *row = &t->list[i];
            if (strcmp(row->endpoint, doc_text(finding, "id")) == 0 &&
                strcmp(row->visit, doc_text(finding, "visit")) == 0 &&
                (!row->arm || strcmp(row->arm, arm) == 0))
                count(row, finding);
        }
    }
}

/* --- printing --- */
static long subjects(const total *row) {
    return row->met + row->not_met + row->unknown + row->not_applicable + row->measured;
}

/* In whole per cent, half a per cent upwards. */
static long percent(const total *row) {
    long of = row->met + row->not_met;
    return (200 * row->met + of) / (2 * of);
}

static void add_number(table *t, long long number, bool shown) {
    char text[24] = "";
    if (shown) snprintf(text, sizeof text, "%lld", number);
    table_add(t, text);
}

static void add_rate(table *t, const total *row) {
    char text[96] = "";
    if (row->met + row->not_met > 0)
        snprintf(text, sizeof text, "%ld/%ld = %ld %%", row->met, row->met + row->not_met,
                 percent(row));
    table_add(t, text);
}

static void add_reasons(table *t, const total *row) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    const cJSON *reason;
    if (!to) return;
    cJSON_ArrayForEach(reason, row->reasons) {
        fprintf(to, "%s%s: %.0f", reason == row->reasons->child ? "" : "; ", reason->string,
                reason->valuedouble);
    }
    fclose(to);
    table_add(t, text);
    free(text);
}

void totals_print(const totals *t) {
    static const char *const heading[] = {
        "endpoint", "visit",    "arm", "subjects", "met",
        "events",   "measured", "n/a", "unknown",  "reasons of what is unknown"};
    enum { COLUMNS = sizeof heading / sizeof heading[0] };
    table out;
    table_init(&out, COLUMNS);
    for (int i = 0; i < COLUMNS; i++) table_add(&out, heading[i]);
    for (int i = 0; i < t->n; i++) {
        const total *row = &t->list[i];
        if (subjects(row) == 0 || row->incomplete) continue;
        table_add(&out, row->endpoint);
        table_add(&out, row->visit);
        table_add(&out, !row->arm ? "all" : *row->arm ? row->arm : "not known");
        add_number(&out, subjects(row), true);
        add_rate(&out, row);
        add_number(&out, row->events, row->count && row->met + row->not_met > 0);
        add_number(&out, row->measured, row->measured > 0);
        add_number(&out, row->not_applicable, row->not_applicable > 0);
        add_number(&out, row->unknown, row->unknown > 0);
        add_reasons(&out, row);
    }
    if (out.rows > out.columns) table_print(&out);
    table_free(&out);
}

static cJSON *total_json(const total *row) {
    cJSON *out = cJSON_CreateObject();
    long of = row->met + row->not_met;
    cJSON_AddStringToObject(out, "endpoint", row->endpoint);
    if (*row->visit) cJSON_AddStringToObject(out, "visit", row->visit);
    if (row->arm) cJSON_AddStringToObject(out, "arm", row->arm);
    cJSON_AddNumberToObject(out, "subjects", (double)subjects(row));
    cJSON_AddNumberToObject(out, "met", (double)row->met);
    cJSON_AddNumberToObject(out, "of", (double)of);
    if (of > 0) cJSON_AddNumberToObject(out, "percent", (double)percent(row));
    if (row->count) cJSON_AddNumberToObject(out, "events", (double)row->events);
    cJSON_AddNumberToObject(out, "measured", (double)row->measured);
    cJSON_AddNumberToObject(out, "notApplicable", (double)row->not_applicable);
    cJSON_AddNumberToObject(out, "unknown", (double)row->unknown);
    cJSON_AddItemToObject(out, "reasons", cJSON_Duplicate(row->reasons, true));
    return out;
}

void totals_print_json(const totals *t) {
    bool first = true;
    putchar('[');
    for (int i = 0; i < t->n; i++) {
        if (subjects(&t->list[i]) == 0) continue;
        cJSON *row = total_json(&t->list[i]);
        char *text = cJSON_PrintUnformatted(row);
        printf("%s%s", first ? "\n" : ",\n", text ? text : "{}");
        first = false;
        cJSON_free(text);
        cJSON_Delete(row);
    }
    putchar(']');
}
