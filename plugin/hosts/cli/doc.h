/* SPDX-License-Identifier: Apache-2.0 */
/* doc.h: the library's JSON documents read with cJSON for printing. cJSON turns numbers into
 * doubles, which loses digits (7.60 becomes 7.6), so numbers are read as strings. */
#ifndef FHIRTRIAL_HOSTS_CLI_DOC_H
#define FHIRTRIAL_HOSTS_CLI_DOC_H

#include <cjson/cJSON.h>

/* The document with every number as a string of its digits; NULL when malformed. cJSON_Delete it.
 */
cJSON *doc_read(const char *text);
/* The document with every number as cJSON_Raw: printed again it has the digits that it had. NULL
 * when malformed. cJSON_Delete it. */
cJSON *doc_read_exact(const char *text);
/* A merge patch applied to a copy (RFC 7396): members of the patch replace those of the target,
 * objects are merged, null removes. Either may be NULL. cJSON_Delete it. */
cJSON *doc_patched(const cJSON *target, const cJSON *patch);
/* The text of a string or number member, or "". */
const char *doc_text(const cJSON *object, const char *name);
/* The same as a count. */
long doc_count(const cJSON *object, const char *name);

#endif
