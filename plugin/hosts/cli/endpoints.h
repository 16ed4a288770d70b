/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.h: what the command `endpoints` is made of: printing from an open session, and opening
 * one on files in place of a store. */
#ifndef FHIRTRIAL_HOSTS_CLI_ENDPOINTS_H
#define FHIRTRIAL_HOSTS_CLI_ENDPOINTS_H

#include "ask.h"

/* Prints a study's endpoints from the open session; the exit code (endpoints.c). */
int endpoints_print(ask *ask, const char *study);
/* The same over the files in ask->rest, read with the mappings that the options name into a store
 * that is thrown away (endpoints_files.c). */
int endpoints_of_files(ask *ask, const char *study);

#endif
