/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_report.c: what the cases cover, and the report as plain text. */
#include "conformance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- coverage --- */
static const cJSON *with_id(const cJSON *list, const char *id) {
    const cJSON *one;
    cJSON_ArrayForEach(one, list) {
        if (strcmp(doc_text(one, "id"), id) == 0) return one;
    }
    return NULL;
}

const cJSON *conformance_study(const conformance *c, const char *study) {
    return with_id(c->studies, study);
}

const cJSON *conformance_criterion(const conformance *c, const char *study, const char *criterion) {
    return with_id(cJSON_GetObjectItemCaseSensitive(conformance_study(c, study), "criteria"),
                   criterion);
}

static bool case_shows(const conformance_case *at, const char *what) {
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(at->document, "shows")) {
        if (cJSON_IsString(one) && strcmp(one->valuestring, what) == 0) return true;
    }
    return false;
}

static const conformance_group *group_of(const conformance *c, const char *study,
                                         const char *criterion) {
    for (int i = 0; i < c->group_count; i++)
        if (strcmp(c->groups[i].study, study) == 0 &&
            strcmp(c->groups[i].criterion, criterion) == 0)
            return &c->groups[i];
    return NULL;
}

bool conformance_covered(const conformance *c, const char *study, const cJSON *criterion, int shows,
                         const char **why_not) {
    const char *id = doc_text(criterion, "id");
    const conformance_group *g = group_of(c, study, id);
    const cJSON *none = g ? cJSON_GetObjectItemCaseSensitive(g->document, "none") : NULL;
    const char *why = doc_text(none, conformance_shows[shows]);
    *why_not = *why ? why : NULL;
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        if (at->status == CASE_PASSED && strcmp(at->study, study) == 0 &&
            strcmp(at->criterion, id) == 0 && case_shows(at, conformance_shows[shows]))
            return true;
    }
    return false;
}

void conformance_count(conformance *c) {
    const cJSON *study, *criterion;
    const char *why;
    cJSON_ArrayForEach(study, c->studies) {
        const char *id = doc_text(study, "id");
        if (c->study && strcmp(c->study, id) != 0) continue;
        cJSON_ArrayForEach(criterion, cJSON_GetObjectItemCaseSensitive(study, "criteria")) {
            for (int i = 0; i < SHOWS; i++)
                c->gaps += !conformance_covered(c, id, criterion, i, &why) && !why;
        }
    }
}

/* --- files --- */
FILE *conformance_open(const conformance *c, const char *name) {
    char *path = NULL;
    FILE *file = asprintf(&path, "%s/%s", c->out, name) < 0 ? NULL : fopen(path, "w");
    if (!file)
        fprintf(stderr, "fhirtrial: %s/%s cannot be written: %s\n", c->out, name,
                strerrordesc_np(errno));
    free(path);
    return file;
}

bool conformance_close(const char *name, FILE *file) {
    bool bad = ferror(file) != 0;
    bad |= fclose(file) != 0;
    if (bad) fprintf(stderr, "fhirtrial: %s was not written whole: is the disk full?\n", name);
    return !bad;
}

/* --- text --- */
static void text_head(const conformance *c, FILE *to) {
    fprintf(to,
            "fhirtrial conformance report\n\n"
            "made            %s\n"
            "library         fhirtrial %s\n"
            "mappings        %s\n"
            "configuration   %s\n"
            "site            %s\n"
            "cases           %s\n\n",
            c->clock_text, doc_text(c->info, "version"), doc_text(c->info, "mappings"),
            c->config_path, doc_text(c->site, "id"), c->cases_folder);
    fprintf(to, "%d cases: %d passed, %d failed, %d not covered\n", c->case_count, c->passed,
            c->failed, c->not_covered);
    fprintf(to, "%d of what every criterion should show has no case that passed\n\n", c->gaps);
}

static void text_failures(const conformance *c, FILE *to) {
    if (c->failed) fputs("FAILED\n", to);
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        if (at->status != CASE_FAILED) continue;
        fprintf(to, "  %s %s: %s\n    %s\n    proves: %s\n", at->study, at->criterion, at->name,
                at->why, at->proves);
    }
    if (c->failed) fputc('\n', to);
    if (c->not_covered) fputs("NOT COVERED\n", to);
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        if (at->status == CASE_NOT_COVERED)
            fprintf(to, "  %s %s: %s\n    %s\n", at->study, at->criterion, at->name, at->why);
    }
    if (c->not_covered) fputc('\n', to);
}

static void text_criterion(const conformance *c, const char *study, const cJSON *criterion,
                           FILE *to) {
    const char *id = doc_text(criterion, "id"), *why;
    fprintf(to, "  %-4s", id);
    for (int i = 0; i < SHOWS; i++) {
        bool covered = conformance_covered(c, study, criterion, i, &why);
        fprintf(to, "  %-11s", covered ? "proven" : why ? "n/a" : "NOT COVERED");
    }
    fprintf(to, "  %s\n", doc_text(criterion, "text"));
}

bool conformance_text(const conformance *c) {
    FILE *to = conformance_open(c, "report.txt");
    const cJSON *study, *criterion;
    if (!to) return false;
    text_head(c, to);
    text_failures(c, to);
    cJSON_ArrayForEach(study, c->studies) {
        const char *id = doc_text(study, "id");
        if (c->study && strcmp(c->study, id) != 0) continue;
        fprintf(to, "%s  %s\n  %-4s", id, doc_text(study, "title"), "");
        for (int i = 0; i < SHOWS; i++) fprintf(to, "  %-11s", conformance_shows[i]);
        fputs("  criterion\n", to);
        cJSON_ArrayForEach(criterion, cJSON_GetObjectItemCaseSensitive(study, "criteria")) {
            text_criterion(c, id, criterion, to);
        }
        fputc('\n', to);
    }
    fputs("n/a: the case file says why the criterion cannot show it (see report.html).\n"
          "A result is proven for the cases tried and for the mappings named above, no more.\n",
          to);
    return conformance_close("report.txt", to);
}
