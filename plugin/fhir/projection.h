/* SPDX-License-Identifier: Apache-2.0 */
/* projection.h: the trie behind read_options.keep, for the readers. A `keep` stands for one element
 * on a path to something wanted; NULL stands for "everything below". Built at configuration time by
 * read.h's projection_keep, then read only. */
#ifndef FHIRTRIAL_FHIR_PROJECTION_H
#define FHIRTRIAL_FHIR_PROJECTION_H

#include "fhir/read.h"

enum { KEEP_BUCKETS = 16 };

typedef struct keep keep;
struct keep {
    model_key key;
    bool deep;  /* all below is wanted */
    keep *next; /* in the parent's bucket */
    keep *bucket[KEEP_BUCKETS];
};

/* What is wanted of a resource of this type; NULL: everything. */
const keep *projection_of(const projection *p, model_type type);

/* What is wanted below the element `key`: false when it can be skipped. */
static inline bool keep_below(const keep *k, model_key key, const keep **below) {
    *below = NULL;
    if (!k) return true;
    const keep *child = k->bucket[key % KEEP_BUCKETS];
    while (child && child->key != key) child = child->next;
    if (!child) return false;
    if (!child->deep) *below = child;
    return true;
}

#endif
