/* SPDX-License-Identifier: Apache-2.0 */
/* model_extend.h: the part of a model that lies beyond the R4 tables: keys and types added at
 * configuration time, numbered on from the tables' last. Asked by model.c only. Everything lives in
 * the arena given to model_extend; functions that find nothing return 0, false or the empty str. */
#ifndef FHIRTRIAL_FHIR_MODEL_EXTEND_H
#define FHIRTRIAL_FHIR_MODEL_EXTEND_H

#include "fhir/model_table.h"

typedef struct extension_type {
    str name;
    model_type base;
    uint16_t inherited; /* members of all bases: the first own ordinal */
    isize n, cap;
    model_element *elements;
    model_spelling *spellings; /* the same, as the readers look them up */
} extension_type;

struct model {
    const model *base; /* NULL for R4 itself */
    arena *arena;
    str *keys;
    isize n_keys, cap_keys;
    extension_type *types;
    isize n_types, cap_types;
    /* numbers of the first key and type of this layer */
    model_key first_key;
    model_type first_type;
};

model_key extension_find_key(const model *m, str name);
str extension_key_name(const model *m, model_key key);
model_type extension_find_type(const model *m, str name);
str extension_type_name(const model *m, model_type type);
model_type extension_base(const model *m, model_type type);
/* Own elements only. */
const model_spelling *extension_lookup(const model *m, model_type type, str name);
bool extension_element(const model *m, model_type type, model_key key, model_element *out);
isize extension_elements(const model *m, model_type type, model_element *out);
/* Members of an R4 type, inherited ones and spellings included: where an extension's ordinals
 * begin. */
int model_r4_members(model_type type);

#endif
