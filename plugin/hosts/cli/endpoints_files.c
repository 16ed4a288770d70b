/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints_files.c: a study's endpoints over files of FHIR messages, without a configuration: the
 * library is opened on a store that is thrown away, the files are fed to it, and it is asked. */
#include "endpoints.h"
#include "feed.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESULT_BYTES = 1 << 20 };

/* Identifiers of Flags that are never sent: there is no endpoint. */
#define NOWHERE "urn:fhirtrial:nowhere"

typedef struct feeding {
    session *session;
    char *result;
    long refused;
} feeding;

static char *config_text(const ask *a, const char *study, const char *folder) {
    char *mappings = realpath(a->mappings, NULL);
    if (!mappings) {
        fprintf(stderr, "fhirtrial endpoints: %s cannot be read: name a folder of mappings\n",
                a->mappings);
        return NULL;
    }
    cJSON *root = cJSON_CreateObject(), *set = cJSON_AddObjectToObject(root, "mappings");
    cJSON *flag = cJSON_AddObjectToObject(root, "flag");
    cJSON_AddNumberToObject(root, "schema", 1);
    cJSON_AddStringToObject(root, "base", folder);
    cJSON_AddStringToObject(cJSON_AddObjectToObject(root, "store"), "path", SCRATCH_STORE);
    cJSON_AddStringToObject(set, "path", mappings);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "studies"), cJSON_CreateString(study));
    if (a->site) cJSON_AddStringToObject(set, "site", a->site);
    cJSON_AddStringToObject(root, "source", a->source ? a->source : "files");
    cJSON_AddStringToObject(root, "siteKey", SCRATCH_KEY);
    cJSON_AddStringToObject(flag, "identifierSystem", NOWHERE);
    cJSON_AddStringToObject(flag, "codeSystem", NOWHERE);
    cJSON_AddStringToObject(cJSON_AddObjectToObject(flag, "author"), "display", "fhirtrial");
    cJSON_AddArrayToObject(root, "endpoints");
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    free(mappings);
    return text;
}

static bool give(void *user, const message_at *m) {
    feeding *f = user;
    int64_t n = 0, job = 0;
    int32_t code = f->session->process(f->session->handle, m->bytes, (int64_t)m->n, NULL, f->result,
                                       RESULT_BYTES, &n, &job);
    if (code >= 0 || code == FHIRTRIAL_E_BUFFER) return true;
    f->refused++;
    fprintf(stderr, "%s:%ld: refused: %s\n", m->path, m->line, f->session->strerror(code));
    return true;
}

static int feed_and_print(ask *a, const char *study) {
    feeding f = {.session = &a->session, .result = malloc(RESULT_BYTES)};
    char *const *files = a->rest;
    int n = a->rest_n;
    if (!f.result || !feed_inputs(files, n, give, &f)) {
        free(f.result);
        return CLI_FAILED;
    }
    free(f.result);
    a->rest_n = 0; /* no patient is named */
    int exit_code = endpoints_print(a, study);
    return exit_code == CLI_DONE && f.refused ? CLI_REFUSED : exit_code;
}

static int open_and_print(ask *a, const char *study, const char *folder) {
    char *config = config_text(a, study, folder);
    int exit_code = CLI_USAGE;
    if (config && session_open(&a->session, "--mappings", config, strlen(config))) {
        exit_code = feed_and_print(a, study);
        a->session.close(a->session.handle, 0);
    }
    cJSON_free(config);
    return exit_code;
}

int endpoints_of_files(ask *a, const char *study) {
    if (a->rest_n == 0) {
        fputs("fhirtrial endpoints: name the files that are to be read\n", stderr);
        return CLI_USAGE;
    }
    if (!session_load(&a->session, &a->options)) return CLI_USAGE;
    char *folder = scratch_make();
    int exit_code = folder ? open_and_print(a, study, folder) : CLI_FAILED;
    scratch_remove(folder);
    session_unload(&a->session);
    return exit_code;
}
