/* SPDX-License-Identifier: Apache-2.0 */
/* view_set.h: the ViewDefinitions of one call of `fhirtrial view`, compiled, with what they need:
 * the terminology of a mapping set where one was named, and what of a message has to be kept for
 * them. Made on one thread, then read only. */
#ifndef FHIRTRIAL_TOOLS_VIEW_SET_H
#define FHIRTRIAL_TOOLS_VIEW_SET_H

#include "fhir/literals.h"
#include "view/view.h"

enum { VIEW_SET_MOST = 64 };

typedef struct view_set {
    arena arena;
    landing landing;
    const char *mappings; /* folder, or NULL */
    const char *paths[VIEW_SET_MOST];
    const view *views[VIEW_SET_MOST];
    isize n;
    const model *model;
    const path_terminology *terminology;
    const projection *keep; /* NULL: everything */
} view_set;

void view_set_init(view_set *s);
void view_set_free(view_set *s);
/* Whether the file holds a ViewDefinition: a JSON object with "select". */
bool view_set_is_view(view_set *s, const char *path);
/* Compiles the views of `paths` and tells all findings on standard error; false after an error. */
bool view_set_load(view_set *s);
/* The texts of which one stands in every message that gives a row (`fhirtrial view --trusted`);
 * NULL, and told on standard error why, when there is no such set. After view_set_load. */
const literals *view_set_literals(view_set *s);
/* The view's name, else that of its file without folder and ending. */
str view_set_name(const view_set *s, isize view);

/* The columns of one view with their types: lines for people; JSON objects with commas between. */
void view_columns_print(const view *v);
void view_columns_json(const view *v, buf *out);

/* Prints operations (`fhirtrial view --explain`). */
void view_set_explain(view_set *s);
/* Prints the output columns with their types, for people or as one JSON document. */
void view_set_schema(view_set *s, bool as_json);

#endif
