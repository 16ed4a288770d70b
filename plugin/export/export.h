/* SPDX-License-Identifier: Apache-2.0 */
/* export.h: the face of the export room: records as files that the world of trials reads. The room
 * is pure: it gives texts, a host writes them. An export is made in pieces, so that none of its
 * files is ever held whole: export_files names the files, export_subject gives one subject's share
 * of each, export_frame what stands before, between and behind the shares. The same mappings, rows,
 * key and clock give the same bytes.
 *
 * Nobody is named: a subject is a keyed hash over its patient key, another one in each study; ids
 * and references of resources leave as keyed hashes or not at all; of a birth date the year is
 * left; texts that a feed could put a name into do not leave (mappings/core/exports, trial.h).
 *
 * Everything lives in the caller's arena; faults are raised at its landing. Thread-safe. */
#ifndef FHIRTRIAL_EXPORT_EXPORT_H
#define FHIRTRIAL_EXPORT_EXPORT_H

#include "trial/trial.h"

typedef enum export_format {
    EXPORT_CSV,             /* the record's views, RFC 4180 */
    EXPORT_NDJSON,          /* the same, a JSON object a row */
    EXPORT_REDCAP,          /* data dictionary and import file of REDCap */
    EXPORT_DATASET_JSON,    /* the datasets, CDISC Dataset-JSON 1.1 */
    EXPORT_DATASET_NDJSON,  /* the same, in its NDJSON form */
    EXPORT_ODM,             /* the datasets, CDISC ODM-XML 1.3.2 */
    EXPORT_FHIR_DEFINITIONS /* the studies as ResearchStudy and EvidenceVariable, no subject */
} export_format;

/* Who is a subject of a study's export. Nobody whose research consent is denied is in any. */
typedef enum export_choice {
    EXPORT_ENROLLED,   /* enrolled in the study */
    EXPORT_CANDIDATES, /* those, and who is eligible or to be reviewed */
    EXPORT_ALL         /* everybody the store knows of */
} export_choice;

/* Both false for an unknown name: "dataset-json", "candidates". */
bool export_format_find(str name, export_format *out);
bool export_choice_find(str name, export_choice *out);
/* Whether the format is of one study: `study` must then be given. */
bool export_of_one_study(export_format format);

typedef struct export_job {
    const mappings *mappings;
    const study *study; /* NULL: none, every study (fhir-definitions), every subject */
    export_format format;
    export_choice choice;
    when now;     /* clock of the export: criteria and ages are of it */
    str created;  /* the same as an instant */
    str version;  /* of the library */
    str site_key; /* secret */
    const digest *digest;
} export_job;

/* The subject's pseudonym in this export; `patient_key` is "source|id" of the person's patient
 * (contracts.md, Identity). */
str export_subject_name(const export_job *job, arena *arena, str patient_key);

/* Names of the export's files, relative, with '/'. */
void export_files(const export_job *job, arena *arena, const str **names, isize *n);

/* A subject's share of one file. */
typedef struct export_part {
    str file;
    isize records; /* rows in it */
    str text;
} export_part;
typedef struct export_share {
    bool chosen;              /* else there are no parts */
    bool incomplete;          /* rows were left out: of an earlier mapping, or views that failed */
    const export_part *parts; /* files without a row of the subject are not listed */
    isize n;
} export_share;
/* Feed and rows as for record_build. A dataset that cannot be worked out raises FAULT_LIMIT or
 * FAULT_CONFIG: half a table is none. */
void export_subject(const export_job *job, arena *arena, str patient_key, str feed,
                    const record_row *rows, isize n, export_share *out);

/* What a file holds beside the shares: head, the shares with `between` between them, tail. Files
 * that are of the study alone have all in the head. */
typedef struct export_frame {
    str head, between, tail;
    isize records; /* in the head */
} export_frame;
/* `records`: rows in all shares. False: the export has no such file. */
bool export_frame_of(const export_job *job, arena *arena, str file, int64_t records,
                     export_frame *out);

#endif
