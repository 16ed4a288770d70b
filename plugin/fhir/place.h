/* SPDX-License-Identifier: Apache-2.0 */
/* place.h: where in a message a reader is, as a chain from the element to the root on the readers'
 * own stacks, and the findings they report there. Texts name the place and the rule, never a value
 * of the message. Internal to the readers. */
#ifndef FHIRTRIAL_FHIR_PLACE_H
#define FHIRTRIAL_FHIR_PLACE_H

#include "base/problem.h"
#include "fhir/model.h"

typedef struct place place;
struct place {
    const place *up; /* NULL at the root */
    str name;        /* the member as the message spells it */
    int index;       /* in an array, else -1 */
};

/* The place as a JSON pointer (RFC 6901). */
str place_pointer(const place *place, arena *arena);
/* A finding of level error at byte `at`; `found` may be NULL. `code`, `text` and `remedy` have
 * static or arena lifetime. */
void place_problem(problems *found, const place *place, isize at, const char *code, str text,
                   str remedy);
/* The element `place` is unknown in `type`: with "did you mean", or what else helps. */
void place_unknown(problems *found, const place *place, isize at, const model *m, model_type type);
/* `type` is no resource type that can stand in a message. */
void place_unknown_resource(problems *found, const place *place, isize at, const model *m,
                            str type);
/* What to do about an unknown resource type: "did you mean ..." or general advice. */
str place_resource_remedy(const model *m, str type, arena *arena);

#endif
