/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h: a folder of its own for a store that is thrown away, with a throw-away site key: for
 * commands that decide about files without touching the hospital's store. */
#ifndef FHIRTRIAL_HOSTS_CLI_SCRATCH_H
#define FHIRTRIAL_HOSTS_CLI_SCRATCH_H

#include <stdbool.h>

#define SCRATCH_KEY   "site.key"
#define SCRATCH_STORE "store.db"

/* Makes a folder (mode 0700) below TMPDIR, else in memory, else in /tmp, with SCRATCH_KEY in it,
 * and room for a store SCRATCH_STORE; malloc'ed, or NULL after an error told on standard error. A
 * SIGINT, SIGTERM or SIGHUP removes it before it ends the process. One at a time. */
char *scratch_make(void);
/* Removes the folder with the files in it, and frees its name; NULL is nothing. */
void scratch_remove(char *folder);

#endif
