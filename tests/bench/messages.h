/* SPDX-License-Identifier: Apache-2.0 */
/* messages: the beginning of what tests/bench/generate writes (resources.h), in memory, one
 * resource a line: 20,000 resources, 26 MB of JSON, the same in every run. */
#ifndef FHIRTRIAL_TESTS_BENCH_MESSAGES_H
#define FHIRTRIAL_TESTS_BENCH_MESSAGES_H

#include "base/base.h"

/* The lines as JSON, and the same resources as FHIR XML. Made at the first call; never freed. */
str messages_json(void);
str messages_xml(void);

#endif
