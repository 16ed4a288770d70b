/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h: the view room's own picture of a compiled ViewDefinition, shared by its files and by
 * nobody else. Every `select` of the definition becomes one node that opens a level (SELECT,
 * FOR_EACH, FOR_EACH_OR_NULL, REPEAT) and whose children are its columns, its nested selects and
 * its unionAll, in that order (SQL on FHIR v2, ViewDefinition, column ordering). `next` is the
 * continuation: running a node binds its cells and goes on with the next one.
 *
 *     SELECT ── COLUMN id ── FOR_EACH name ── ...
 *                             └ COLUMN family ── UNION ── ...
 *                                                └ SELECT, FOR_EACH ... (branches bind the same
 * cells)
 *
 * Everything lives in the configuration's arena and is constant once view_compile returned. */
#ifndef FHIRTRIAL_VIEW_PLAN_H
#define FHIRTRIAL_VIEW_PLAN_H

#include "view/view.h"

typedef enum plan_kind {
    PLAN_SELECT,
    PLAN_COLUMN,
    PLAN_FOR_EACH,
    PLAN_FOR_EACH_OR_NULL,
    PLAN_REPEAT,
    PLAN_UNION
} plan_kind;

typedef struct plan_node plan_node;
struct plan_node {
    plan_kind kind;
    isize cell, cells;     /* the cells this node and its children bind: cell .. cell+cells-1 */
    const program **paths; /* COLUMN, FOR_EACH*: one; REPEAT: one or more; else none */
    isize path_count;
    bool row_index; /* COLUMN: the path is %rowIndex itself, 0 on the row of an empty forEachOrNull
                     */
    const plan_node *child, *next;
};

struct view {
    str name, url;
    const model *model;
    model_type resource;
    view_column *columns;
    str *sql_types; /* of the columns */
    isize column_count;
    const plan_node *plan;
    const program *const *where;
    isize where_count;
    const path_need *needs;   /* of which the where conditions want one; NULL: nothing is known */
    path_constant *constants; /* parameters of the environment, then the view's own */
    collection *values;       /* of the view's own constants */
    isize constant_count, parameter_count;
    bool strict, uses_now;
    str not_shareable, not_tabular; /* the first reason, or empty */
};

/* What compiling needs at hand. */
typedef struct planner {
    arena *arena;
    const view_environment *environment;
    view *view;
    problems *found;
    str file;
    const json **origins; /* where each column of the view is defined */
    isize column_cap;
    isize visible; /* columns that the next path may use as %name: those bound before it */
} planner;

/* An error at `where` in the definition. */
void plan_error(planner *p, const json *where, const char *code, str text, str remedy);
/* Compiles `where` (a string) as a path over `focus`; NULL after an error. In mappings (strict) the
 * path sees the first `visible` columns as constants behind the view's own: cells are bound in that
 * order, so their values are there. This goes beyond SQL on FHIR; such a view is not shareable. */
const program *plan_path(planner *p, const json *where, model_type focus);
/* The one type of all that `repeat` reaches from a focus, or TYPE_NONE; a path that means nothing
 * on any of it is an error (view_repeat.c). */
model_type plan_repeat_type(planner *p, const json *paths, model_type focus);
/* True for ^[A-Za-z][A-Za-z0-9_]*$, what a name must be (ViewDefinition, sql-name). */
bool plan_name_ok(str name);
/* Reads `constant`; false after an error. */
bool plan_constants(planner *p, const json *definition);
/* Reads one column into the view's list; its index, or -1 after an error. */
isize plan_column(planner *p, const json *column);
/* Checks the finished list: no name twice in the whole view (ValidateColumns). */
void plan_columns_unique(planner *p);
/* Whether unionAll's branch agrees with the first one; reports where it does not. */
void plan_branch_agrees(planner *p, const json *branch, const view_column *first, isize n,
                        const view_column *other, isize other_count);
/* Whether a value of type `actual` may stand in a column declared as `declared`. */
bool plan_type_fits(const model *m, model_type declared, model_type actual);
/* Works out the SQL types of the finished list. */
void plan_sql_types(view *v, arena *arena);
/* Records the first reason why the view is not shareable or not tabular. */
void plan_profile(view *v, arena *arena, const json *definition);

#endif
