/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c: prints verdicts with their reasons and evidence. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char explain_help[] =
    "usage: fhirtrial explain [OPTION]... [PATIENT]...\n"
    "Prints verdicts: every criterion's result, the reason of each unknown, the evidence, and the\n"
    "Flags that follow with how their endpoint took the last message. Without a PATIENT one "
    "summary\n"
    "line per patient and study, with the reasons of what is unknown.\n\n"
    "      --study ID       one study only\n" ASK_OPTIONS
    "Exit code: 0 printed, 2 wrong arguments, 4 nothing is known of the patient\n"
    "or no such study, 5 failed.\n\n"
    "Example:  fhirtrial explain --config fhirtrial.json --study nct04242589 st-001\n";

static const cJSON *verdict_of(const cJSON *row) {
    const cJSON *inside = cJSON_GetObjectItemCaseSensitive(row, "verdict");
    return cJSON_IsObject(inside) ? inside : row;
}

/* "needs-human: I1 I5; no-data: I9" */
static char *unknown_reasons(const cJSON *verdict) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    cJSON *reasons = cJSON_CreateArray();
    const cJSON *criterion, *reason;
    const cJSON *criteria = cJSON_GetObjectItemCaseSensitive(verdict, "criteria");
    if (!to) return NULL;
    cJSON_ArrayForEach(criterion, criteria) {
        const char *why = doc_text(criterion, "reason");
        if (*why && !ask_has(reasons, why)) cJSON_AddItemToArray(reasons, cJSON_CreateString(why));
    }
    cJSON_ArrayForEach(reason, reasons) {
        fprintf(to, "%s%s:", reason == reasons->child ? "" : "; ", reason->valuestring);
        cJSON_ArrayForEach(criterion, criteria) {
            if (strcmp(doc_text(criterion, "reason"), reason->valuestring) == 0)
                fprintf(to, " %s", doc_text(criterion, "id"));
        }
    }
    cJSON_Delete(reasons);
    fclose(to);
    return text;
}

static void add_summary(table *t, const patient *p, const cJSON *row) {
    const cJSON *v = verdict_of(row);
    char *reasons = unknown_reasons(v);
    table_add(t, p->id);
    table_add(t, doc_text(v, "study"));
    table_add(t, doc_text(v, "verdict"));
    table_add(t, doc_text(v, "met"));
    table_add(t, doc_text(v, "notMet"));
    table_add(t, doc_text(v, "unknown"));
    table_add(t, doc_text(v, "notApplicable"));
    table_add(t, reasons);
    free(reasons);
}

/* How the newest message fared, as the outbox has it. */
static void print_delivery(const cJSON *flag) {
    const cJSON *remote = cJSON_GetObjectItemCaseSensitive(flag, "remote");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(flag, "message");
    if (*doc_text(remote, "id"))
        printf(", Flag/%s/_history/%s", doc_text(remote, "id"), doc_text(remote, "version"));
    if (!cJSON_IsObject(message)) return;
    printf("; message %s %s", doc_text(message, "id"), doc_text(message, "state"));
    if (*doc_text(message, "class")) printf(", last outcome %s", doc_text(message, "class"));
    if (strcmp(doc_text(message, "http"), "0") != 0)
        printf(" (HTTP %s)", doc_text(message, "http"));
    if (*doc_text(message, "reason")) printf(": %s", doc_text(message, "reason"));
}

static bool wants_flag(const cJSON *row) {
    const cJSON *v = verdict_of(row);
    const char *verdict = doc_text(v, "verdict");
    return (strcmp(verdict, "eligible") == 0 || strcmp(verdict, "needs-review") == 0) &&
           cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(v, "circumstances")) == 0;
}

/* What holds of the person and the study whatever the criteria say, and the Flag at each endpoint.
 */
static void print_flags(const cJSON *row) {
    const cJSON *circumstance, *flag;
    const cJSON *flags = cJSON_GetObjectItemCaseSensitive(row, "flags");
    cJSON_ArrayForEach(circumstance,
                       cJSON_GetObjectItemCaseSensitive(verdict_of(row), "circumstances")) {
        printf("no Flag is shown while this holds: %s\n", circumstance->valuestring);
    }
    if (!cJSON_GetArraySize(flags))
        printf("no Flag%s\n", !wants_flag(row)
                                  ? ""
                                  : ", though the verdict asks for one: no endpoint takes "
                                    "this patient; see \"patient\" of the endpoints");
    cJSON_ArrayForEach(flag, flags) {
        printf("Flag %s at %s: %s, %s", doc_text(flag, "identifier"), doc_text(flag, "endpoint"),
               doc_text(flag, "status"), doc_text(flag, "code"));
        if (*doc_text(flag, "end"))
            printf(", %s to %s", doc_text(flag, "start"), doc_text(flag, "end"));
        else
            printf(" since %s", doc_text(flag, "start"));
        if (*doc_text(flag, "holdSince")) printf(", on hold since %s", doc_text(flag, "holdSince"));
        printf(" (%s)", doc_text(flag, "why"));
        print_delivery(flag);
        putchar('\n');
    }
}

static void print_criteria(const patient *p, const cJSON *row) {
    const cJSON *v = verdict_of(row), *criterion, *contradiction;
    table t;
    printf("Patient/%s, study %s: %s (%s met, %s not met, %s unknown, %s not applicable)\n", p->id,
           doc_text(v, "study"), doc_text(v, "verdict"), doc_text(v, "met"), doc_text(v, "notMet"),
           doc_text(v, "unknown"), doc_text(v, "notApplicable"));
    cJSON_ArrayForEach(contradiction, cJSON_GetObjectItemCaseSensitive(v, "contradictions")) {
        printf("contradiction %s: %s\n", doc_text(contradiction, "id"),
               doc_text(contradiction, "text"));
    }
    print_flags(row);
    static const char *const heading[] = {"criterion",  "result",     "reason", "evidence",
                                          "decided by", "decided on", "detail"};
    table_init(&t, 7);
    for (int i = 0; i < 7; i++) table_add(&t, heading[i]);
    cJSON_ArrayForEach(criterion, cJSON_GetObjectItemCaseSensitive(v, "criteria")) {
        table_add(&t, doc_text(criterion, "id"));
        table_add(&t, doc_text(criterion, "result"));
        table_add(&t, doc_text(criterion, "reason"));
        ask_cell(&t, cJSON_GetObjectItemCaseSensitive(criterion, "evidence"));
        const cJSON *asserted = cJSON_GetObjectItemCaseSensitive(criterion, "asserted");
        table_add(&t, doc_text(asserted, "by"));
        table_add(&t, doc_text(asserted, "at"));
        table_add(&t, doc_text(criterion, "detail"));
    }
    table_print(&t);
    putchar('\n');
    table_free(&t);
}

static int explain_one(ask *a, const patient *p, table *summary) {
    int32_t code;
    char *answer = session_ask_with(&a->session, &code, "explain", "patient", p->id, "source",
                                    p->source, "study", a->study, SESSION_END);
    if (!answer) return session_complain(&a->session, p->id, code);
    if (a->json) {
        printf("%s\n", answer);
        free(answer);
        return CLI_DONE;
    }
    cJSON *root = doc_read(answer);
    const cJSON *row = cJSON_IsArray(root) ? root->child : root;
    for (; row; row = row->next) {
        if (a->rest_n > 0)
            print_criteria(p, row);
        else
            add_summary(summary, p, row);
    }
    cJSON_Delete(root);
    free(answer);
    return CLI_DONE;
}

int cli_explain(int argc, char **argv) {
    static const char *const heading[] = {
        "patient", "study",   "verdict", "met",
        "not met", "unknown", "n/a",     "reasons of what is unknown"};
    ask a;
    patient *list;
    int32_t code;
    table summary;
    int exit_code = ask_begin(&a, argc, argv, explain_help);
    if (exit_code >= 0) return exit_code;
    if (a.study && !ask_study(&a, "explain", a.study)) return ask_end(&a, CLI_NOTHING);
    int n = ask_patients(&a, &list, &code);
    table_init(&summary, 8);
    for (int i = 0; i < 8; i++) table_add(&summary, heading[i]);
    exit_code = code == FHIRTRIAL_OK ? CLI_DONE : session_complain(&a.session, "patients", code);
    for (int i = 0; i < n && exit_code == CLI_DONE; i++)
        exit_code = explain_one(&a, &list[i], &summary);
    if (summary.rows > summary.columns) table_print(&summary);
    table_free(&summary);
    ask_free_patients(list, n);
    return ask_end(&a, exit_code);
}
