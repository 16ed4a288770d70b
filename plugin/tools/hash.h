/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h: the hash functions that the pure rooms are given (base/digest.h): resources without a
 * version are known by the hash of their content. Thread-safe. */
#ifndef FHIRTRIAL_TOOLS_HASH_H
#define FHIRTRIAL_TOOLS_HASH_H

#include "base/digest.h"

/* Constant; never NULL. */
const digest *tool_digest(void);

#endif
