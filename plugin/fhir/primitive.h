/* SPDX-License-Identifier: Apache-2.0 */
/* primitive.h: the formats of FHIR's primitive types (R4 datatypes.html, section Primitive Types),
 * checked where a message is read, so that everything behind the readers may rely on them. Checks
 * the text only; what a date or number is worth is for when.h and decimal.h. Pure. */
#ifndef FHIRTRIAL_FHIR_PRIMITIVE_H
#define FHIRTRIAL_FHIR_PRIMITIVE_H

#include "fhir/model.h"

/* The rule that `text` breaks as a value of the R4 primitive `type`, in words that contain no part
 * of it (static storage), or NULL when it is a legal value. */
const char *primitive_rule(model_type type, str text);
/* The same for a text that is known to hold no byte below 0x20. */
const char *primitive_rule_plain(model_type type, str text);

#endif
