/* SPDX-License-Identifier: Apache-2.0 */
/* messages: made-up FHIR resources for the benchmarks, the same in every run, one a line: nine
 * Observations in ten (vital signs, panels with components, laboratory values with reference
 * ranges, every tenth a pain score), Procedures, now and then a Patient; about 1,300 bytes each. */
#ifndef FHIRTRIAL_TESTS_BENCH_MESSAGES_H
#define FHIRTRIAL_TESTS_BENCH_MESSAGES_H

#include "base/base.h"

/* The lines as JSON, and the same resources as FHIR XML. Made at the first call; never freed. */
str messages_json(void);
str messages_xml(void);

#endif
