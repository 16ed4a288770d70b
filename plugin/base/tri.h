/* SPDX-License-Identifier: Apache-2.0 */
/* tri: a truth value that may be unknown.
 *
 * FHIRPath writes unknown as the empty collection; a criterion writes it as a reason. Both
 * reason with these five functions, which are the truth tables of FHIRPath N1, section 6.5
 * (Boolean logic), and nothing else. There is no way from unknown to a plain bool here: who
 * folds unknown into false must say so where it is done. Values are plain integers, nothing is
 * owned. */
#ifndef FHIRTRIAL_BASE_TRI_H
#define FHIRTRIAL_BASE_TRI_H

#include <stdbool.h>

/* Ordered, so that `and` is the lesser and `or` the greater of two. */
typedef enum tri { TRI_FALSE = 0, TRI_UNKNOWN = 1, TRI_TRUE = 2 } tri;

static inline tri tri_of(bool b) { return b ? TRI_TRUE : TRI_FALSE; }

static inline tri tri_and(tri a, tri b) { return a < b ? a : b; }

static inline tri tri_or(tri a, tri b) { return a > b ? a : b; }

/* FHIRPath N1, 6.5.3: not() of the empty collection is empty. */
static inline tri tri_not(tri a) { return (tri)(TRI_TRUE - a); }

/* Unknown as soon as either side is unknown: no value of the other side decides it. */
static inline tri tri_xor(tri a, tri b) {
    if (a == TRI_UNKNOWN || b == TRI_UNKNOWN) return TRI_UNKNOWN;
    return tri_of(a != b);
}

static inline tri tri_implies(tri a, tri b) { return tri_or(tri_not(a), b); }

#endif
