/* SPDX-License-Identifier: Apache-2.0 */
/* entries.h: what a reference means within a Bundle (FHIR R4 bundle.html#references): the entry
 * whose fullUrl it is, else the entry whose resource has its type and id. With path_prepare a table
 * answers, without it a search; both find the first such entry. */
#ifndef FHIRTRIAL_PATH_ENTRIES_H
#define FHIRTRIAL_PATH_ENTRIES_H

#include "path/machine.h"

/* Type and id at the end of a relative or absolute reference, without its version; false for any
 * other. */
bool entry_split_reference(const model *model, str reference, str *type, str *id);
/* The resource node, or TAPE_NONE. False after machine_limit. */
bool entry_find(machine *m, str reference, uint32_t *out);
/* The UUID of the fullUrl of the entry that holds the resource, or the empty str. */
str entry_uuid(machine *m, uint32_t resource);

#endif
