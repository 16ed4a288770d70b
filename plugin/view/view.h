/* SPDX-License-Identifier: Apache-2.0 */
/* view.h: the face of the SQL on FHIR room: a ViewDefinition (v2, 2.0.0 and 3.0.0-ballot) becomes a
 * plan at configuration time, and rows when it is run over a resource. The plan is six kinds of
 * node (select, column, forEach, forEachOrNull, repeat, unionAll); running it binds columns in
 * continuation order, so no partial rows are built, and row order is document order, last sibling
 * fastest. Plans are constant after compilation and shared by threads. */
#ifndef FHIRTRIAL_VIEW_VIEW_H
#define FHIRTRIAL_VIEW_VIEW_H

#include "fhir/json.h"
#include "fhir/read.h"
#include "path/path.h"

typedef struct view_tag {
    str name, value;
} view_tag;

typedef struct view_column {
    str name;
    model_type type; /* declared; else inferred; TYPE_NONE when neither is known */
    bool declared;   /* `type` was stated in the definition */
    bool collection;
    str description;
    const view_tag *tags;
    isize tag_count;
} view_column;

typedef struct view view;

typedef struct view_environment {
    const model *model;                  /* for views on `Record`: the extended one */
    const path_terminology *terminology; /* may be NULL */
    const path_constant *parameters; /* %names besides the view's own constants (study parameters in
                                        derived views) */
    isize parameter_count;
    bool strict; /* mappings; the official suite runs lenient */
} view_environment;

/* Checks (ValidateColumns included) and compiles; NULL after an error; findings carry file, offset,
 * JSON pointer and a suggestion. */
view *view_compile(arena *arena, const view_environment *environment, const json *definition,
                   str file, problems *found);

str view_name(const view *v);
str view_url(const view *v);
const model *view_model(const view *v);
model_type view_resource(const view *v);
const view_column *view_columns(const view *v, isize *n);
/* The ANSI SQL type of a column: what its tag ansi/type says, else the default for its FHIR type
 * (SQL on FHIR v2, ViewDefinition, type hinting); of a collection, an array of it. Text of the
 * view.
 */
str view_sql_type(const view *v, isize column);
/* Which profile it satisfies, and why not the others: "shareable", "tabular" or the first reason.
 * For `check`. */
bool view_shareable(const view *v, str *why_not);
bool view_tabular(const view *v, str *why_not);
bool view_uses_now(const view *v);
/* Adds all it can reach to the projection, and what its `where` needs: a resource without that is
 * read as a node without children, which gives no row. */
void view_project(const view *v, projection *p);
/* Whether a path may look at elements it does not name, perhaps in another resource of the Bundle:
 * what a projection keeps is then not enough. */
bool view_leaves_resource(const view *v);
/* Tells the texts of which one has to stand in every resource that gives a row, for a search that
 * comes before reading (fhir/literals.h). False, without a call, when its `where` says no such
 * thing. The texts live as long as the view. */
bool view_literals(const view *v, void (*told)(void *self, str text), void *self);
/* Prints plan and op lists. */
void view_explain(const view *v, buf *out);

typedef struct view_row {
    const collection *cells;
    isize n;
} view_row; /* cells in column order; n = 0 items is null */

typedef enum view_status { VIEW_OK, VIEW_ERROR, VIEW_LIMIT } view_status;

/* Calls `row` for each row of the resource at node `resource` (whose type must be the view's).
 * Cells live until `row` returns. On VIEW_ERROR and VIEW_LIMIT, run->reason says why, *column names
 * the column or is empty; rows already given stand only if the caller keeps them: it should drop
 * them. */
view_status view_rows(const view *v, path_run *run, uint32_t resource,
                      void (*row)(void *self, const view_row *row), void *self, str *column);

/* One row as the JSON array the store keeps: null, "text" for primitives, an object for complex
 * cells, an array for collections. */
void view_cells_json(const view *v, path_run *run, const view_row *row, buf *out);

#endif
