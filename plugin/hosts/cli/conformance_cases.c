/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_cases.c: reads the case files and checks their form, so that a misspelt member cannot
 * make a case prove nothing. */
#include "conformance.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const conformance_shows[SHOWS] = {"met", "not-met", "boundary", "unknown"};

static void mistake(conformance *c, const char *folder, const char *name, const char *text,
                    const char *what) {
    fprintf(stderr, "%s/cases.json: %s%s%s%s%s\n", folder, name, *name ? ": " : "", text,
            *what ? " " : "", what);
    c->mistakes++;
}

/* --- form --- */
static bool among(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static void only(conformance *c, const char *folder, const char *name, const cJSON *object,
                 const char *const *members) {
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        if (!among(member->string, members))
            mistake(c, folder, name, "unknown member", member->string);
    }
}

static bool result_like(const char *text) {
    static const char *const results[] = {"met", "not-met", "not-applicable", NULL};
    static const char *const reasons[] = {"no-data",
                                          "stale",
                                          "imprecise",
                                          "ambiguous-scale",
                                          "ambiguous-site",
                                          "conflict",
                                          "bad-unit",
                                          "unsupported-code",
                                          "needs-human",
                                          "stale-mapping",
                                          "source-incomplete",
                                          "limit",
                                          "error",
                                          NULL};
    if (strncmp(text, "unknown:", 8) == 0) return among(text + 8, reasons);
    return among(text, results);
}

static void check_shows(conformance *c, const conformance_case *at) {
    const cJSON *shows = cJSON_GetObjectItemCaseSensitive(at->document, "shows"), *one;
    const char *const names[] = {"met", "not-met", "boundary", "unknown", NULL};
    if (!cJSON_IsArray(shows)) mistake(c, at->folder, at->name, "\"shows\" must be an array", "");
    cJSON_ArrayForEach(one, shows) {
        if (!cJSON_IsString(one) || !among(one->valuestring, names))
            mistake(c, at->folder, at->name,
                    "\"shows\" has another word than met, not-met, boundary and unknown", "");
    }
}

static bool is_file(const conformance_case *at, const cJSON *input) {
    char *path = NULL;
    struct stat info;
    if (!cJSON_IsString(input) || asprintf(&path, "%s/%s", at->folder, input->valuestring) < 0)
        return false;
    bool found = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    free(path);
    return found;
}

static void check_inputs(conformance *c, const conformance_case *at) {
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(at->document, "input"), *one;
    if (!cJSON_IsArray(inputs)) mistake(c, at->folder, at->name, "\"input\" must be an array", "");
    cJSON_ArrayForEach(one, inputs) {
        const char *lost;
        char *resource = conformance_resource(c, one, &lost);
        if (!resource && (lost || !is_file(at, one)))
            mistake(c, at->folder, at->name,
                    lost ? "resources.json has no" : "there is no shared resource or input file",
                    lost                  ? lost
                    : cJSON_IsString(one) ? one->valuestring
                                          : "");
        cJSON_free(resource);
    }
}

static void check_case(conformance *c, const conformance_case *at) {
    static const char *const members[] = {
        "name",       "proves",   "note",       "shows",    "now",    "input",    "patient",
        "parameters", "complete", "incomplete", "decision", "expect", "evidence", NULL};
    only(c, at->folder, at->name, at->document, members);
    if (!*at->name) mistake(c, at->folder, "a case", "has no \"name\"", "");
    if (!*at->proves) mistake(c, at->folder, at->name, "\"proves\" must quote the source", "");
    if (!result_like(doc_text(at->document, "expect")))
        mistake(c, at->folder, at->name,
                "\"expect\" is no result:", doc_text(at->document, "expect"));
    const char *decision = doc_text(at->document, "decision");
    if (*decision && strcmp(decision, "met") != 0 && strcmp(decision, "not-met") != 0)
        mistake(c, at->folder, at->name, "\"decision\" must be met or not-met", "");
    const char *now = doc_text(at->document, "now");
    if (*now && !session_is_instant(now))
        mistake(c, at->folder, at->name,
                "\"now\" is no instant such as 2025-06-30T12:00:00Z:", now);
    check_shows(c, at);
    check_inputs(c, at);
}

/* --- folders --- */
static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The sub-folders of a folder, sorted; how many, -1 when it cannot be read. */
static int folders_of(const char *path, char ***list) {
    DIR *dir = opendir(path);
    int n = 0, cap = 0;
    *list = NULL;
    if (!dir) return -1;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char *below = NULL;
        struct stat info;
        if (e->d_name[0] == '.' || asprintf(&below, "%s/%s", path, e->d_name) < 0) continue;
        bool folder = stat(below, &info) == 0 && S_ISDIR(info.st_mode);
        free(below);
        if (!folder) continue;
        if (n == cap) {
            char **grown = realloc(*list, sizeof **list * (size_t)(cap = cap ? 2 * cap : 16));
            if (!grown) break;
            *list = grown;
        }
        (*list)[n] = strdup(e->d_name);
        if ((*list)[n]) n++;
    }
    closedir(dir);
    if (n > 0) qsort(*list, (size_t)n, sizeof **list, by_name);
    return n;
}

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, got;
    char piece[4096];
    FILE *to = file ? open_memstream(&text, &n) : NULL;
    while (to && (got = fread(piece, 1, sizeof piece, file)) > 0) fwrite(piece, 1, got, to);
    if (to) fclose(to);
    if (file) fclose(file);
    return text;
}

static void add_cases(conformance *c, const conformance_group *g) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(g->document, "cases"), *one;
    static const char *const members[] = {"source", "proves", "parameters", "none", "cases", NULL};
    only(c, g->folder, "", g->document, members);
    if (!cJSON_IsArray(list)) mistake(c, g->folder, "", "\"cases\" must be an array", "");
    int more = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    conformance_case *grown =
        realloc(c->cases, sizeof *c->cases * (size_t)(c->case_count + more + 1));
    if (!grown) return;
    c->cases = grown;
    cJSON_ArrayForEach(one, list) {
        if (!cJSON_IsObject(one)) {
            mistake(c, g->folder, "", "a case must be an object", "");
            continue;
        }
        conformance_case *at = &c->cases[c->case_count++];
        const char *proves = doc_text(one, "proves");
        *at = (conformance_case){.study = g->study,
                                 .criterion = g->criterion,
                                 .name = doc_text(one, "name"),
                                 .proves = *proves ? proves : doc_text(g->document, "proves"),
                                 .document = one,
                                 .group = g->document,
                                 .folder = g->folder};
        check_case(c, at);
    }
}

static void read_group(conformance *c, const char *study, const char *criterion) {
    conformance_group g = {.study = strdup(study), .criterion = strdup(criterion)};
    char *path = NULL, *text = NULL;
    if (asprintf(&g.folder, "%s/%s/%s", c->cases_folder, study, criterion) < 0) g.folder = NULL;
    if (g.folder && asprintf(&path, "%s/cases.json", g.folder) > 0) text = read_text(path);
    if (text) g.document = doc_read_exact(text);
    if (g.folder && (!text || !cJSON_IsObject(g.document)))
        mistake(c, g.folder, "", text ? "this is no JSON object" : "the file cannot be read", "");
    free(text);
    free(path);
    conformance_group *grown = realloc(c->groups, sizeof *c->groups * (size_t)(c->group_count + 1));
    if (!grown) return;
    c->groups = grown;
    c->groups[c->group_count++] = g;
    if (cJSON_IsObject(g.document)) add_cases(c, &g);
}

/* resources.json beside the studies; a folder of cases need not have one. */
static void read_shared(conformance *c) {
    char *path = NULL;
    if (asprintf(&path, "%s/resources.json", c->cases_folder) < 0) return;
    char *text = read_text(path);
    if (text) c->shared = doc_read_exact(text);
    if (text && !cJSON_IsObject(c->shared)) {
        fprintf(stderr, "%s: this is no JSON object\n", path);
        c->mistakes++;
    }
    free(text);
    free(path);
}

bool conformance_read(conformance *c) {
    char **studies, **criteria;
    int n = folders_of(c->cases_folder, &studies);
    if (n < 0) {
        fprintf(stderr, "fhirtrial: %s cannot be read: name the folder of cases with --cases\n",
                c->cases_folder);
        return false;
    }
    read_shared(c);
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        bool wanted = !c->study || strcmp(c->study, studies[i]) == 0;
        int m = wanted && asprintf(&path, "%s/%s", c->cases_folder, studies[i]) > 0
                    ? folders_of(path, &criteria)
                    : -1;
        for (int k = 0; k < m; k++) {
            read_group(c, studies[i], criteria[k]);
            free(criteria[k]);
        }
        if (m >= 0) free(criteria);
        free(path);
        free(studies[i]);
    }
    free(studies);
    return true;
}

void conformance_free(conformance *c) {
    for (int i = 0; i < c->case_count; i++) {
        free(c->cases[i].got);
        free(c->cases[i].why);
    }
    for (int i = 0; i < c->group_count; i++) {
        free(c->groups[i].study);
        free(c->groups[i].criterion);
        free(c->groups[i].folder);
        cJSON_Delete(c->groups[i].document);
    }
    free(c->cases);
    free(c->groups);
    free(c->clock_text);
    cJSON_Delete(c->shared);
    cJSON_Delete(c->info);
    cJSON_Delete(c->site);
    cJSON_Delete(c->studies);
}
