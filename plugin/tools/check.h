/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: what `fhirtrial check` holds together: check.c reads and prints, check_trace.c follows
 * each criterion from the source's sentence to its cases. Single-threaded. */
#ifndef FHIRTRIAL_TOOLS_CHECK_H
#define FHIRTRIAL_TOOLS_CHECK_H

#include "trial/trial.h"

enum { CHECK_NAMES = 64 };

typedef struct checking {
    arena arena;
    landing landing;
    const char *path;     /* a folder, or one ViewDefinition */
    const char *mappings; /* for the ViewDefinition; or NULL */
    const char *site;     /* NULL: every one */
    str studies[CHECK_NAMES];
    isize study_count;
    const char *cases; /* folder of the conformance cases; NULL: the one beside `path` */
    bool json, quiet, trace;
    /* results */
    problems found;      /* of all sites, each finding once */
    const char *stopped; /* why a folder could not be read at all, or NULL */
    const mapping_file *files;
    isize file_count;
    const mappings *set; /* the last that loaded */
    const view *view;    /* of the file */
    bool failed;         /* and it was said why */
} checking;

/* Warns of criteria that no case tests, where there are cases of their study at all. */
void check_cases(checking *c);
/* Prints the table of criteria; the exit code. The set has no error. */
int check_trace(checking *c);

#endif
