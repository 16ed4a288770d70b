/* SPDX-License-Identifier: Apache-2.0 */
/* export_kit: a mapping set with three datasets (FN and DM of a subject, TI of the study) over
 * trial_kit's views, and one subject's rows, for tests of the export room. */
#ifndef FHIRTRIAL_TESTS_EXPORT_KIT_H
#define FHIRTRIAL_TESTS_EXPORT_KIT_H

#include "export/export.h"
#include "export/writer.h"
#include "trial_kit.h"

/* Pseudonyms under a key of 32 times 'k', worked out with Python's hmac: HMAC-SHA-256 over the
 * parts joined by 1F, the first 16 bytes as a version-8 UUID. */
#define NAME_IN_S1  "1da9bc56-c10f-8899-b0a7-8755b0836da9" /* export s1 subject ehr|p1 */
#define NAME_AT_ALL "cc5cae03-73c6-8fb7-a164-830fd44e934b" /* export "" subject ehr|p1 */
#define O1_IN_S1    "08c398ff-7292-83bf-abef-634ef94d1af9" /* … row ehr|p1 1F Observation/o1 */
#define O2_IN_S1    "7911a28f-a8ae-83e5-a8c3-9242d254a067"
#define O1_AT_ALL   "281653f1-661f-89a9-990c-82107980cc76"
#define O2_AT_ALL   "6c6dbb9d-2dbc-86d9-9b75-257db8bbf5b0"
#define P1_AT_ALL   "1ba34a05-769c-8252-983f-9db08a9ecb3b" /* … row ehr|p1 1F Patient/p1 */

/* Loads the set; a failed load fails the test and gives false. */
bool export_kit_load(kit *k);
/* A job at 2025-03-01T12:00:00Z, with the study for the formats that are of one. */
export_job export_kit_job(kit *k, export_format format);
/* Rows of the patient ehr|p1: born 1950-05-06, scores 7.60 on 2025-02 and -1 on 2025-01-02. */
const record_row *export_kit_rows(isize *n);
/* Everything of that patient that the formats work from. */
subject export_kit_subject(kit *k, const export_job *job);
/* The text of a share's file, or empty. */
str export_kit_part(const export_share *share, const char *file);

#endif
