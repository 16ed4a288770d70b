/* SPDX-License-Identifier: Apache-2.0 */
/* files.h: reading from disk at configuration time, for the shell and for the tools: one file, a
 * folder of mappings, the rules of a time zone. The pure rooms get what is read here as bytes and
 * tables. Everything returned lives in the caller's arena. Files are opened without following a
 * symbolic link in the last component where that could lead out of the folder, and every size has a
 * ceiling. Nothing is written. Thread-safe. */
#ifndef FHIRTRIAL_FILES_FILES_H
#define FHIRTRIAL_FILES_FILES_H

#include "base/arena.h"
#include "trial/trial.h"

/* The whole regular file `path`, at most `max` bytes. False: *fault names the path, what was wrong
 * and the remedy. An empty `folder` takes `path` as it is; else a relative `path` is taken below
 * it. */
bool files_read(arena *arena, str folder, str path, isize max, str *out, fault *fault);

/* `path` below `folder` unless it is absolute; NUL-terminated copy. */
str files_join(arena *arena, str folder, str path);

/* What of a mappings folder to load. */
typedef struct mapping_choice {
    const str *studies; /* folder names below studies/; NULL: all of them */
    isize study_count;
    str site;              /* folder name below sites/; empty: none */
    const str *guidelines; /* folder names below guidelines/; none unless named */
    isize guideline_count;
    bool all_guidelines;
} mapping_choice;

/* Every *.json of core/, of the chosen studies, guidelines and the one site, in name order, with
 * names relative to `folder` ("core/views/condition.json"); also where the ending is written in
 * capitals. Hidden files and other endings are passed over. A symbolic link and a named folder
 * without a file are listed with their `trouble`, for mappings_load to report. False: *fault names
 * what is missing, with the nearest existing name. */
bool files_mappings(arena *arena, str folder, const mapping_choice *choice,
                    const mapping_file **files, isize *n, fault *fault);

/* The table of a fixed offset ("+01:00", "Z") or of an IANA name ("Europe/Berlin") from the
 * system's zone files (TZif, RFC 8536), 1900 to 2099. False for an unknown name. */
bool files_zone(arena *arena, str name, zone_table *out, fault *fault);

#endif
