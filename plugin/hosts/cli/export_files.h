/* SPDX-License-Identifier: Apache-2.0 */
/* export_files.h: the files of one export on disk. Rows are collected beside their final place, a
 * subject at a time; at the end each file is put together, made durable, and only when all are
 * there do they get their names. Files are 0600 and folders 0700: what they hold is patient data.
 */
#ifndef FHIRTRIAL_HOSTS_CLI_EXPORT_FILES_H
#define FHIRTRIAL_HOSTS_CLI_EXPORT_FILES_H

#include <stdbool.h>
#include <stdio.h>

typedef struct export_file {
    char *name;        /* as the library names it */
    char *path;        /* where it goes */
    char *body, *part; /* rows so far; the whole file before it gets its name */
    FILE *rows;        /* open on body, NULL before the first row */
    char *between;     /* what stands between two subjects' rows */
    long long records;
} export_file;

typedef struct export_files {
    export_file *list;
    int n;
} export_files;

/* `out` is a folder, or with one file in all and no folder of that name, the file itself. False
 * where memory is short. */
bool export_files_init(export_files *files, const char *out, char **names, int n);
void export_files_free(export_files *files); /* removes what has not got its name */
/* The first file that exists already, or NULL. */
const char *export_files_existing(const export_files *files);
/* Makes the folders. Each of the following tells a failure on standard error. */
bool export_files_folders(const export_files *files);
export_file *export_files_find(export_files *files, const char *name);
bool export_files_add(export_file *file, const char *text, long long records);
/* Puts head, rows and tail together under the temporary name and syncs it. */
bool export_files_finish(export_file *file, const char *head, const char *tail);
/* Gives all files their names. */
bool export_files_publish(export_files *files);

#endif
