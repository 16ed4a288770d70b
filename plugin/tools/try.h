/* SPDX-License-Identifier: Apache-2.0 */
/* try.h: one study over a sample, the loop of those who write mappings: read the mappings, make the
 * records of the sample's patients, decide, show. Nothing is stored and nothing is sent. try.c
 * reads the arguments and watches, try_sample.c makes records and verdicts, try_print.c shows them.
 * Single-threaded; all but the sample's bytes lives in the arena of one run. */
#ifndef FHIRTRIAL_TOOLS_TRY_H
#define FHIRTRIAL_TOOLS_TRY_H

#include "tools/bytes.h"
#include "tools/inputs.h"
#include "trial/trial.h"

typedef struct try_patient {
    str id;
    record_row *rows; /* as the record wants them: by view, source and place */
    isize n, cap;
    tape record;
    verdict verdict;
    flag_change flag; /* what a first Flag would do */
    const char *why;
} try_patient;

/* The last state of each resource counts, as it would in a store. */
typedef struct try_resource {
    str source; /* "Observation/x" */
    const entry *entry;
    isize patient; /* -1: none */
} try_resource;

typedef struct trying {
    arena arena;
    landing landing;
    /* what is asked for */
    const char *folder; /* of mappings */
    const char *site;   /* NULL: the only one, if there is one */
    const char *study;
    const char *patient; /* NULL: all */
    const char *const *arguments;
    isize argument_count;
    bool json, all, color;
    when clock; /* --now, if `fixed` */
    bool fixed;
    /* the sample, on the heap */
    inputs sample;
    bytes *texts; /* one a file */
    /* results of one run */
    when now;
    const mapping_file *files;
    isize file_count;
    problems found; /* in the mappings */
    const mappings *set;
    const study *chosen;
    try_resource *resources;
    isize resource_count, resource_cap;
    try_patient *patients;
    isize patient_count, patient_cap;
    long messages, passed_over;
    isize shown; /* patients */
} trying;

/* Reads the mappings; false where they have an error (in t->found) or, with *wrong, where folder,
 * study or site do not exist, which was told on standard error. */
bool try_load(trying *t, bool *wrong);
/* Reads the sample's files; what cannot be read is told on standard error and counted. To be called
 * outside of a guarded step, and undone by try_free. */
void try_read(trying *t);
void try_free(trying *t);
/* Makes records of the sample and decides; findings go to standard error. */
void try_decide(trying *t);
/* Shows mistakes of the mappings. */
void try_print_mistakes(const trying *t);
/* Shows records and verdicts. */
void try_print(trying *t);

#endif
