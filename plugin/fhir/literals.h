/* SPDX-License-Identifier: Apache-2.0 */
/* literals.h: the lines of an NDJSON text that can hold one of a few texts at all, found without
 * reading them. For `fhirtrial view --trusted`: where a view keeps only resources with the code
 * "72514-3", a line that holds these seven bytes nowhere gives no row, and is passed over as fast
 * as memory can be searched.
 *
 * What that leaves unchecked: the lines that are passed over are not looked at any further. They
 * may be no JSON, no UTF-8 or no FHIR, and nobody will know. Lines that are given back are
 * candidates, no more: they are to be read and asked as always. No line that could give a row is
 * ever passed over: a JSON string may spell any character as \u and four digits, so a line with
 * a \u is a candidate whatever else it holds.
 *
 *     static void add(void *self, str text) { literals_add(self, text); }
 *     literals *l = literals_new(arena);
 *     bool ok = true;                                    // once for a run
 *     for each view v: ok = ok && view_literals(v, add, l);   // view/view.h: what a row needs
 *     ok = ok && literals_usable(l);
 *     while (ok ? literals_next_line(l, VECTORS_BEST, &rest, &line)
 *               : read_next_line(&rest, &line)) ...
 *
 * The place of a line in the file is told by its address; who needs its number counts the line
 * feeds before it, when it is needed. */
#ifndef FHIRTRIAL_FHIR_LITERALS_H
#define FHIRTRIAL_FHIR_LITERALS_H

#include "base/arena.h"
#include "fhir/vectors.h"

typedef struct literals literals;

/* An empty set, in the arena. Read only once everything is added; then any thread may use it. */
literals *literals_new(arena *arena);
/* Adds a text, unescaped as a row's predicate compares it; borrowed. A line is a candidate when it
 * holds any of the texts. A text that cannot serve (of less than three bytes, with a quote, a
 * backslash, a slash or a control character, which JSON may spell in other ways; or one more than
 * LITERALS_MOST) makes the whole set unusable. The same text twice counts once. */
enum { LITERALS_MOST = 32 };
void literals_add(literals *l, str text);
/* Whether there is at least one text and all of them can serve. */
bool literals_usable(const literals *l);
/* Cuts the next candidate line off *rest, and all lines before it; false at the end of the text,
 * *rest is empty then. Lines are as read_next_line (read.h) has them. The set must be usable. */
bool literals_next_line(const literals *l, vectors variant, str *rest, str *line);

#endif
