/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the invented resources of resources.h to standard output:
 *   generate json COUNT [SEED]     NDJSON, a resource a line
 *   generate xml COUNT [SEED]      the same resources as FHIR XML, a resource a line
 *   generate bundles COUNT [SEED]  the same as NDJSON of Bundles, a patient a line
 * COUNT is the number of resources; a smaller one gives the beginning of a larger one. */
#include "resources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct generating {
    bool bundles, failed;
    uint64_t left;
} generating;

static void begin(void *user, emitter *e, const char *type, const char *id) {
    const generating *g = user;
    if (g->bundles) {
        emit_object(e, NULL);
        emit_format(e, "fullUrl", "urn:uuid:%s", id);
    }
    emit_resource(e, g->bundles ? "resource" : NULL, type);
    emit_text(e, "id", id);
}

static bool end(void *user, emitter *e) {
    generating *g = user;
    emit_end(e);
    if (g->bundles)
        emit_end(e);
    else
        emit_line(e);
    return --g->left > 0;
}

static void write_patient(generating *g, emitter *e, uint64_t seed, uint64_t number) {
    resource_sink sink = {begin, end, g};
    e->n = 0;
    if (g->bundles) {
        emit_resource(e, NULL, "Bundle");
        emit_text(e, "type", "collection");
        emit_list(e, "entry");
    }
    resources_of_patient(e, seed, number, &sink);
    if (g->bundles) {
        emit_end(e);
        emit_end(e);
        emit_line(e);
    }
    g->failed = fwrite(e->p, 1, e->n, stdout) != e->n;
}

static bool parse_number(const char *text, uint64_t *out) {
    char *after;
    *out = strtoumax(text, &after, 10);
    return text[0] >= '0' && text[0] <= '9' && !*after;
}

int main(int argc, char **argv) {
    generating g = {0};
    uint64_t seed = 1;
    if (argc < 3 || argc > 4 || !parse_number(argv[2], &g.left) ||
        (argc == 4 && !parse_number(argv[3], &seed))) {
        fputs("usage: generate json|xml|bundles COUNT [SEED]\n", stderr);
        return 2;
    }
    g.bundles = strcmp(argv[1], "bundles") == 0;
    emitter e = {.xml = strcmp(argv[1], "xml") == 0};
    for (uint64_t number = 0; g.left && !g.failed; number++) write_patient(&g, &e, seed, number);
    free(e.p);
    if (g.failed || fflush(stdout) || ferror(stdout)) {
        perror("generate: standard output");
        return 1;
    }
    return 0;
}
