/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h: what the commands that only ask a store have in common: options, the patients asked for,
 * cells and lists as tables. */
#ifndef FHIRTRIAL_HOSTS_CLI_ASK_H
#define FHIRTRIAL_HOSTS_CLI_ASK_H

#include "cli.h"
#include "doc.h"
#include "session.h"
#include "table.h"

typedef struct ask {
    session session;
    session_options options;
    const char *source, *study, *reason, *state, *from, *count, *format, *subjects, *out, *mappings,
        *site, *expect;
    bool json, force;
    char **rest;
    int rest_n;
} ask;

/* Reads the options: -1 to go on, else the exit code. */
int ask_options(ask *ask, int argc, char **argv, const char *help);
/* The same, and opens the session. */
int ask_begin(ask *ask, int argc, char **argv, const char *help);
int ask_end(ask *ask, int code);

/* Whether `text` is a whole number from 1, as ids and counts are; where not, says so with `what` it
 * was to be. NULL (not given) is right. */
bool ask_number(const char *command, const char *what, const char *text);

/* Whether the configuration has the study that --study names; says so where it has not. */
bool ask_study(ask *ask, const char *command, const char *study);

typedef struct patient {
    char *source, *id;
} patient;

/* The patients named on the command line, or all that have a decision; how many. */
int ask_patients(ask *ask, patient **list, int32_t *code);
void ask_free_patients(patient *list, int n);

/* Whether an array of strings has `name`. */
bool ask_has(const cJSON *strings, const char *name);
/* Adds a JSON value as a cell: codings by code, quantities and periods short, lists separated by
 * spaces. */
void ask_cell(table *table, const cJSON *value);
/* Prints an array of objects as a table of the named members ("a.b": member b of member a; "xMs":
 * Unix milliseconds, shown as an instant). */
void ask_print_list(const char *document, const char *const *columns, int n);

#define ASK_OPTIONS                                                                                \
    "  -c, --config FILE    configuration (fhirtrial.json)\n"                                      \
    "      --library FILE   the shared object (beside this program)\n"                             \
    "  -s, --source NAME    the feed the patient is of (the configuration's)\n"                    \
    "      --json           JSON instead of tables\n"                                              \
    "      --help           this text\n\n"

#endif
