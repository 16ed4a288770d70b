/* SPDX-License-Identifier: Apache-2.0 */
/* conducting.h: the two questions by which a host learns how a study went (docs/abi.md, conduct and
 * conduct.subject): what is asked of every subject and whom the store knows, and one person's arm,
 * visits and endpoints. Each is answered from its arguments alone; the clock goes from the first
 * answer into the later questions. Used by query.c on the caller's thread. */
#ifndef FHIRTRIAL_CONDUCTING_H
#define FHIRTRIAL_CONDUCTING_H

#include "instance.h"

/* {"at","study","title","conduct":{…},"patients":[[source, id],…]}. */
store_status conducting_plan(instance *instance, const study *study, int64_t clock, arena *arena,
                             buf *out, fault *fault);

#endif
