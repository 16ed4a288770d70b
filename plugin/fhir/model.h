/* SPDX-License-Identifier: Apache-2.0 */
/* model.h: what FHIR R4 says of its types: names, inheritance, elements, cardinalities and choices.
 * The R4 tables are generated from the official definitions (model_r4.inc, made by
 * fhir/make-model.mjs, committed) and constant. A model may be extended at configuration time by
 * types of our own (the patient record's root type Record and one type a view): an extended model
 * lives in the configuration's arena and is read only afterwards. All functions are thread-safe on
 * a finished model.
 *
 * Keys and types are small numbers. A key is an element name ("birthDate"); one name has one key
 * whatever its parent. A choice element is one key ("value"); its JSON spellings ("valueQuantity")
 * resolve to that key and a type. Backbone elements have types of their own, named as in the
 * definitions ("Observation.component"); contentReference resolves to the type referred to.
 * Primitive types are types too (TYPE of "boolean"), all of them below `Element`. */
#ifndef FHIRTRIAL_FHIR_MODEL_H
#define FHIRTRIAL_FHIR_MODEL_H

#include "base/arena.h"

typedef uint16_t model_key;  /* 0 = no key */
typedef uint16_t model_type; /* 0 = no type */
enum { KEY_NONE = 0, TYPE_NONE = 0 };

typedef struct model model;

/* What an element of a type is. */
typedef struct model_element {
    model_key key;
    model_type type;  /* the only type, or TYPE_NONE for a choice or an abstract Resource */
    uint16_t choices; /* number of allowed types when a choice ("value[x]"), else 0 */
    bool many;        /* max > 1 */
    bool resource;    /* a nested resource stands here (contained, Bundle.entry.resource,
                         Parameters.parameter.resource) */
} model_element;

/* The constant R4 4.0.1 model. */
const model *model_r4(void);

/* Name <-> key. model_find_key gives KEY_NONE for a name that no element has. Names have static or
 * model lifetime. */
model_key model_find_key(const model *m, str name);
str model_key_name(const model *m, model_key key);

/* Type by its FHIR name ("Patient", "Observation.component", "code"); TYPE_NONE when unknown. */
model_type model_find_type(const model *m, str name);
str model_type_name(const model *m, model_type type);
/* The type it specialises (Age -> Quantity -> Element; Patient -> DomainResource -> Resource; code
 * -> string -> Element). */
model_type model_base(const model *m, model_type type);
/* True when `type` is `ancestor` or specialises it, at any distance. */
bool model_is_a(const model *m, model_type type, model_type ancestor);
bool model_is_resource(const model *m, model_type type);
bool model_is_primitive(const model *m, model_type type);
bool model_is_abstract(const model *m, model_type type);

/* The element `key` of `type`, inherited ones included; false when the type has none such. */
bool model_element_of(const model *m, model_type type, model_key key, model_element *out);
/* The i-th allowed type of a choice element, 0 <= i < choices; TYPE_NONE beyond. */
model_type model_choice(const model *m, model_type type, model_key key, int i);
/* Resolves a JSON or XML member name inside `type`: a plain element, or a choice spelt with its
 * type ("valueQuantity" -> key `value`, type Quantity). False when the type has no such member.
 * `type_out` is what stands there (TYPE_NONE for a nested resource). */
bool model_member(const model *m, model_type type, str member, model_element *element,
                  model_type *type_out);
/* Elements of a type in definition order, inherited first; NULL-free array in *list; returns how
 * many. For messages ("did you mean") and canonical order. */
isize model_elements(const model *m, model_type type, arena *arena, model_element **list);

/* Whether the R4 Patient compartment lists `type`, and the key of the element that names its
 * patient for our purposes: `subject`, else `patient`, else `individual` (contracts.md, Identity).
 * KEY_NONE when not in the compartment. */
model_key model_patient_element(const model *m, model_type type);

/* Common keys and types, so that nobody looks up names at run time. Generated: KEY_id,
 * KEY_extension, TYPE_Patient, ... in model_ids.h. */

/* --- extending (configuration time only) --- */
/* A copy-on-write extension of `base` in the arena. */
model *model_extend(arena *arena, const model *base);
model_key model_add_key(model *m, str name);
model_type model_add_type(model *m, str name, model_type base);
/* Adds element `key` of `type`'s own; `child` its type. */
void model_add_element(model *m, model_type type, model_key key, model_type child, bool many);

#endif
