/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c: options, patients and tables of the commands that ask. */
#include "ask.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_LIBRARY = 256,
    OPTION_JSON,
    OPTION_STUDY,
    OPTION_HELP,
    OPTION_REASON,
    OPTION_STATE,
    OPTION_FROM,
    OPTION_COUNT,
    OPTION_NOW
};

static const struct option long_options[] = {{"config", required_argument, NULL, 'c'},
                                             {"source", required_argument, NULL, 's'},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"library", required_argument, NULL, OPTION_LIBRARY},
                                             {"now", required_argument, NULL, OPTION_NOW},
                                             {"json", no_argument, NULL, OPTION_JSON},
                                             {"study", required_argument, NULL, OPTION_STUDY},
                                             {"reason", required_argument, NULL, OPTION_REASON},
                                             {"state", required_argument, NULL, OPTION_STATE},
                                             {"from", required_argument, NULL, OPTION_FROM},
                                             {"count", required_argument, NULL, OPTION_COUNT},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

/* -1: go on, the session is open; else the exit code. */
int ask_begin(ask *a, int argc, char **argv, const char *help) {
    *a = (ask){0};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "c:s:v", long_options, NULL)) != -1;) {
        switch (c) {
        case 'c': a->options.config = optarg; break;
        case 's': a->source = optarg; break;
        case 'v': a->options.verbose = true; break;
        case OPTION_LIBRARY: a->options.library = optarg; break;
        case OPTION_NOW: a->options.now = optarg; break;
        case OPTION_JSON: a->json = true; break;
        case OPTION_STUDY: a->study = optarg; break;
        case OPTION_REASON: a->reason = optarg; break;
        case OPTION_STATE: a->state = optarg; break;
        case OPTION_FROM: a->from = optarg; break;
        case OPTION_COUNT: a->count = optarg; break;
        case OPTION_HELP: fputs(help, stdout); return CLI_DONE;
        default: fprintf(stderr, "Try 'fhirtrial %s --help'.\n", argv[0]); return CLI_USAGE;
        }
    }
    a->rest = argv + optind;
    a->rest_n = argc - optind;
    return session_begin(&a->session, &a->options) ? -1 : CLI_USAGE;
}

int ask_end(ask *a, int code) {
    session_end(&a->session, 0);
    return code;
}

static bool listed(const patient *list, int n, const char *source, const char *id) {
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].id, id) == 0 && strcmp(list[i].source, source) == 0) return true;
    return false;
}

/* The patients named on the command line, or all that have a decision. */
int ask_patients(ask *a, patient **list, int32_t *code) {
    int n = 0;
    *code = FHIRTRIAL_OK;
    *list = NULL;
    if (a->rest_n > 0) {
        *list = calloc((size_t)a->rest_n, sizeof **list);
        for (int i = 0; *list && i < a->rest_n; i++)
            (*list)[n++] = (patient){a->source ? strdup(a->source) : NULL, strdup(a->rest[i])};
        return n;
    }
    char *answer = session_ask(&a->session, "patients", code);
    cJSON *root = answer ? doc_read(answer) : NULL;
    const cJSON *row;
    *list = calloc((size_t)cJSON_GetArraySize(root) + 1, sizeof **list);
    cJSON_ArrayForEach(row, root) {
        const char *source = doc_text(row, "source"), *id = doc_text(row, "patient");
        if (*list && !listed(*list, n, source, id))
            (*list)[n++] = (patient){strdup(source), strdup(id)};
    }
    cJSON_Delete(root);
    free(answer);
    return n;
}

void ask_free_patients(patient *list, int n) {
    for (int i = 0; i < n; i++) {
        free(list[i].source);
        free(list[i].id);
    }
    free(list);
}

bool ask_has(const cJSON *columns, const char *name) {
    const cJSON *column;
    cJSON_ArrayForEach(column, columns) if (strcmp(column->valuestring, name) == 0) return true;
    return false;
}

/* A cell as text: codings by code, references and quantities short, lists separated by spaces. */
static void cell_text(const cJSON *value, FILE *to) {
    if (cJSON_IsString(value)) fputs(value->valuestring, to);
    if (cJSON_IsBool(value)) fputs(cJSON_IsTrue(value) ? "true" : "false", to);
    if (cJSON_IsArray(value)) {
        const cJSON *item;
        cJSON_ArrayForEach(item, value) {
            if (item != value->child) fputc(' ', to);
            cell_text(item, to);
        }
    }
    if (!cJSON_IsObject(value)) return;
    const char *code = doc_text(value, "code"), *amount = doc_text(value, "value"),
               *start = doc_text(value, "start"), *reference = doc_text(value, "reference");
    if (*amount)
        fprintf(to, "%s %s", amount, *code ? code : doc_text(value, "unit"));
    else if (*start || *doc_text(value, "end"))
        fprintf(to, "%s..%s", start, doc_text(value, "end"));
    else
        fputs(*code ? code : reference, to);
}

void ask_cell(table *t, const cJSON *value) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (to) {
        cell_text(value, to);
        fclose(to);
    }
    table_add(t, text);
    free(text);
}

void ask_print_list(const char *answer, const char *const *columns, int n) {
    cJSON *root = doc_read(answer);
    const cJSON *row;
    table t;
    table_init(&t, n);
    for (int i = 0; i < n; i++) table_add(&t, columns[i]);
    cJSON_ArrayForEach(row, root) for (int i = 0; i < n; i++)
        ask_cell(&t, cJSON_GetObjectItemCaseSensitive(row, columns[i]));
    if (t.rows > t.columns)
        table_print(&t);
    else
        puts("nothing");
    table_free(&t);
    cJSON_Delete(root);
}
