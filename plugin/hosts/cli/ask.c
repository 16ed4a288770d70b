/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c: options, patients and tables of the commands that ask. */
#include "ask.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    OPTION_LIBRARY = 256,
    OPTION_JSON,
    OPTION_STUDY,
    OPTION_HELP,
    OPTION_REASON,
    OPTION_STATE,
    OPTION_FROM,
    OPTION_COUNT,
    OPTION_EXPECT,
    OPTION_NOW,
    OPTION_FORMAT,
    OPTION_SUBJECTS,
    OPTION_FORCE,
    OPTION_MAPPINGS,
    OPTION_SITE
};

static const struct option long_options[] = {{"config", required_argument, NULL, 'c'},
                                             {"source", required_argument, NULL, 's'},
                                             {"out", required_argument, NULL, 'o'},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"library", required_argument, NULL, OPTION_LIBRARY},
                                             {"now", required_argument, NULL, OPTION_NOW},
                                             {"json", no_argument, NULL, OPTION_JSON},
                                             {"study", required_argument, NULL, OPTION_STUDY},
                                             {"reason", required_argument, NULL, OPTION_REASON},
                                             {"state", required_argument, NULL, OPTION_STATE},
                                             {"from", required_argument, NULL, OPTION_FROM},
                                             {"count", required_argument, NULL, OPTION_COUNT},
                                             {"expect", required_argument, NULL, OPTION_EXPECT},
                                             {"format", required_argument, NULL, OPTION_FORMAT},
                                             {"subjects", required_argument, NULL, OPTION_SUBJECTS},
                                             {"force", no_argument, NULL, OPTION_FORCE},
                                             {"mappings", required_argument, NULL, OPTION_MAPPINGS},
                                             {"site", required_argument, NULL, OPTION_SITE},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

int ask_options(ask *a, int argc, char **argv, const char *help) {
    *a = (ask){0};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "c:s:o:v", long_options, NULL)) != -1;) {
        switch (c) {
        case 'c': a->options.config = optarg; break;
        case 's': a->source = optarg; break;
        case 'o': a->out = optarg; break;
        case 'v': a->options.verbose = true; break;
        case OPTION_LIBRARY: a->options.library = optarg; break;
        case OPTION_NOW: a->options.now = optarg; break;
        case OPTION_JSON: a->json = true; break;
        case OPTION_STUDY: a->study = optarg; break;
        case OPTION_REASON: a->reason = optarg; break;
        case OPTION_STATE: a->state = optarg; break;
        case OPTION_FROM: a->from = optarg; break;
        case OPTION_COUNT: a->count = optarg; break;
        case OPTION_EXPECT: a->expect = optarg; break;
        case OPTION_FORMAT: a->format = optarg; break;
        case OPTION_SUBJECTS: a->subjects = optarg; break;
        case OPTION_FORCE: a->force = true; break;
        case OPTION_MAPPINGS: a->mappings = optarg; break;
        case OPTION_SITE: a->site = optarg; break;
        case OPTION_HELP: fputs(help, stdout); return CLI_DONE;
        default: fprintf(stderr, "Try 'fhirtrial %s --help'.\n", argv[0]); return CLI_USAGE;
        }
    }
    a->rest = argv + optind;
    a->rest_n = argc - optind;
    return -1;
}

int ask_begin(ask *a, int argc, char **argv, const char *help) {
    int exit_code = ask_options(a, argc, argv, help);
    if (exit_code >= 0) return exit_code;
    if (a->mappings || a->site) {
        fprintf(stderr, "fhirtrial %s: its mappings are those of the configuration\n", argv[0]);
        return CLI_USAGE;
    }
    return session_begin(&a->session, &a->options) ? -1 : CLI_USAGE;
}

int ask_end(ask *a, int code) {
    session_end(&a->session, 0);
    return code;
}

bool ask_number(const char *command, const char *what, const char *text) {
    if (!text) return true;
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits <= 18 && !text[digits] && strspn(text, "0") < digits) return true;
    fprintf(stderr, "fhirtrial %s: %s wants a whole number from 1, not \"%s\"\n", command, what,
            text);
    return false;
}

bool ask_study(ask *a, const char *command, const char *study) {
    int32_t code;
    free(session_ask_with(&a->session, &code, "conduct", "study", study, SESSION_END));
    if (code != FHIRTRIAL_NOMATCH) return true;
    fprintf(stderr, "fhirtrial %s: study \"%s\" is not among those of the configuration\n", command,
            study);
    return false;
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
    cJSON_ArrayForEach(column, columns) {
        if (strcmp(column->valuestring, name) == 0) return true;
    }
    return false;
}

enum { DIGEST_SHOWN = 15 };

/* A digest is long enough to be told apart after its first digits; --json has it whole. */
static void string_text(const char *text, FILE *to) {
    const char *digest = strstr(text, "sha256:");
    if (digest && strlen(digest) > DIGEST_SHOWN)
        fprintf(to, "%.*s~", (int)(digest - text) + DIGEST_SHOWN, text);
    else
        fputs(text, to);
}

/* A cell as text: codings by code, references and quantities short, lists separated by spaces. */
static void cell_text(const cJSON *value, FILE *to) {
    if (cJSON_IsString(value)) string_text(value->valuestring, to);
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

/* The named member; "a.b" is member b of member a; a name ending in Ms is a time in Unix
 * milliseconds. */
static const cJSON *member_of(const cJSON *row, const char *name) {
    const char *dot = strchr(name, '.');
    char outer[32];
    if (!dot) return cJSON_GetObjectItemCaseSensitive(row, name);
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(row, outer), dot + 1);
}

static bool is_time(const char *name) {
    size_t n = strlen(name);
    return n > 2 && strcmp(name + n - 2, "Ms") == 0;
}

static void add_time(table *t, const cJSON *value) {
    char text[32] = "";
    time_t seconds =
        cJSON_IsString(value) ? (time_t)(strtoll(value->valuestring, NULL, 10) / 1000) : 0;
    struct tm parts;
    if (seconds > 0 && gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    table_add(t, text);
}

static void add_heading(table *t, const char *name) {
    const char *dot = strchr(name, '.');
    char text[32];
    snprintf(text, sizeof text, "%s", dot ? dot + 1 : name);
    if (is_time(text)) text[strlen(text) - 2] = 0;
    table_add(t, text);
}

void ask_print_list(const char *document, const char *const *columns, int n) {
    cJSON *root = doc_read(document);
    const cJSON *row;
    table t;
    table_init(&t, n);
    for (int i = 0; i < n; i++) add_heading(&t, columns[i]);
    cJSON_ArrayForEach(row, root) {
        for (int i = 0; i < n; i++) {
            if (is_time(columns[i]))
                add_time(&t, member_of(row, columns[i]));
            else
                ask_cell(&t, member_of(row, columns[i]));
        }
    }
    if (t.rows > t.columns)
        table_print(&t);
    else
        puts("nothing");
    table_free(&t);
    cJSON_Delete(root);
}
