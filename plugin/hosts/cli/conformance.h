/* SPDX-License-Identifier: Apache-2.0 */
/* conformance.h: the auditor's kit. Cases are data (conformance/cases/<study>/<criterion>/): small
 * FHIR inputs and, written by hand, the result and the reason that a criterion must have, with the
 * sentence of the source that each proves. They run against the shared object through fhirtrial.h
 * with the site's own mappings, offline, each on a patient of its own; reports say what was proven,
 * what was not, and what nobody tried. A case that assumes a setting which the site has changed is
 * not covered, which is no failure. Single-threaded. */
#ifndef FHIRTRIAL_HOSTS_CLI_CONFORMANCE_H
#define FHIRTRIAL_HOSTS_CLI_CONFORMANCE_H

#include "doc.h"
#include "session.h"

#include <stdio.h>

/* What a criterion's cases must show between them. */
enum { SHOWS_MET, SHOWS_NOT_MET, SHOWS_BOUNDARY, SHOWS_UNKNOWN, SHOWS };
extern const char *const conformance_shows[SHOWS];

typedef enum case_status {
    CASE_NOT_COVERED, /* a setting it assumes is another here, or its study is not loaded */
    CASE_PASSED,
    CASE_FAILED
} case_status;

typedef struct conformance_case {
    const char *study, *criterion, *name, *proves;
    const cJSON *document; /* of cases.json, as read by doc_read_exact */
    const cJSON *group;    /* the whole of cases.json: what holds for all cases of the criterion */
    char *folder;          /* its input files lie here */
    case_status status;
    char *got; /* "met", "unknown:no-data"; NULL: it did not come so far */
    char *why; /* why it failed or was not covered; NULL: it passed */
} conformance_case;

/* One folder of cases. */
typedef struct conformance_group {
    char *study, *criterion, *folder;
    cJSON *document;
} conformance_group;

typedef struct conformance {
    /* what is asked for */
    const char *cases_folder, *config_path, *out;
    session_options options;
    const char *study; /* --study, or NULL */
    char *clock_text;  /* when the reports were made */
    cJSON *shared;     /* resources.json: resources by name, or NULL */
    /* the cases, in order of study, criterion and file */
    conformance_group *groups;
    int group_count;
    conformance_case *cases;
    int case_count;
    int mistakes; /* in case files, told on standard error */
    /* what the library says of itself and of the site */
    cJSON *info, *site, *studies;
    int passed, failed, not_covered, gaps;
} conformance;

/* Reads every cases.json below the folder; mistakes are told on standard error and counted
 * (conformance_cases.c). False when the folder cannot be read. */
bool conformance_read(conformance *c);
void conformance_free(conformance *c);

/* The resource that an input of a case stands for (conformance_input.c): written out, or the name
 * of a shared one, or {"like": name} with members that are other (RFC 7396). cJSON_free the text.
 * NULL: the input is no resource (it may be the name of a file), or *lost is the name that
 * resources.json lacks. */
char *conformance_resource(const conformance *c, const cJSON *input, const char **lost);

/* Runs the cases (conformance_run.c); false when the library or the configuration cannot be used,
 * told on standard error. */
bool conformance_run(conformance *c);

/* The loaded study's or criterion's entry, or NULL. */
const cJSON *conformance_study(const conformance *c, const char *study);
const cJSON *conformance_criterion(const conformance *c, const char *study, const char *criterion);
/* Whether some case of the criterion that passed shows it; *why_not gets the reason that
 * cases.json gives for there being none, or NULL. */
bool conformance_covered(const conformance *c, const char *study, const cJSON *criterion, int shows,
                         const char **why_not);
/* Counts what loaded criteria lack: c->gaps. */
void conformance_count(conformance *c);

/* The reports, each into c->out; false after an error told on standard error. */
bool conformance_text(const conformance *c);  /* report.txt */
bool conformance_html(const conformance *c);  /* report.html */
bool conformance_junit(const conformance *c); /* junit.xml */
bool conformance_fhir(const conformance *c);  /* TestReport.json */
/* Opens DIR/name for writing; NULL after an error told on standard error. */
FILE *conformance_open(const conformance *c, const char *name);
bool conformance_close(const char *name, FILE *file);

#endif
