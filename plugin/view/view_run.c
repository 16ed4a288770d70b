/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a plan over one resource. Nodes are bound in continuation order: a node binds its cells and
 * goes on with what follows it, the last one hands out the row. No partial rows exist, and rows
 * come in document order with the last sibling fastest. */
#include "view/plan.h"
#include <string.h>

/* What is still to be bound once the nodes of the current level are through. */
typedef struct level level;
struct level {
    const plan_node *node;
    uint32_t focus;
    collection row_index;
    const level *up;
};

typedef struct runner {
    const view *view;
    path_run *run;
    collection *cells;
    void (*row)(void *self, const view_row *row);
    void *self;
    isize rows;
    str column;
} runner;

static view_status refuse(runner *r, view_status status, const char *why) {
    size_t n = strlen(why);
    if (n >= sizeof r->run->reason) n = sizeof r->run->reason - 1;
    memcpy(r->run->reason, why, n);
    r->run->reason[n] = 0;
    r->run->at = -1;
    return status;
}

static view_status from_path(path_status status) {
    return status == PATH_OK ? VIEW_OK : status == PATH_LIMIT ? VIEW_LIMIT : VIEW_ERROR;
}

static collection index_value(runner *r, isize index) {
    item *it = arena_new(r->run->arena, item, 1);
    it->kind = ITEM_INTEGER;
    it->integer = index;
    return (collection){it, 1};
}

static view_status evaluate(runner *r, const program *path, uint32_t focus,
                            const collection *row_index, collection *out) {
    r->run->row_index = row_index;
    return from_path(path_evaluate(path, r->run, focus, out));
}

/* In mappings a value must be of the declared type. Elsewhere primitives may stand for one another,
 * but what is no primitive needs its type declared (ViewDefinition.select.column.type). */
static bool cell_fits(const runner *r, const view_column *column, const collection *cell) {
    const model *m = r->view->model;
    bool strict = r->view->strict;
    if (strict && !column->declared) return true;
    for (isize i = 0; i < cell->n; i++) {
        model_type actual = item_type(r->run, cell->items[i]);
        if (actual == TYPE_NONE || (!strict && model_is_primitive(m, actual))) continue;
        if (!column->declared || !plan_type_fits(m, column->type, actual)) return false;
    }
    return true;
}

static view_status bind_column(runner *r, const plan_node *node, uint32_t focus,
                               const collection *row_index) {
    const view_column *column = &r->view->columns[node->cell];
    collection *cell = &r->cells[node->cell];
    view_status status = evaluate(r, node->paths[0], focus, row_index, cell);
    if (status == VIEW_OK && cell->n > 1 && !column->collection)
        status = refuse(r, VIEW_ERROR, "more than one value in a column that is no collection");
    if (status == VIEW_OK && !cell_fits(r, column, cell))
        status = refuse(r, VIEW_ERROR,
                        column->declared ? "a value of another type than the column declares"
                                         : "a value that is no primitive needs a \"type\"");
    if (status != VIEW_OK) r->column = column->name;
    return status;
}

/* The row of a forEachOrNull that found nothing: all cells null, and its own %rowIndex 0. */
static void bind_null(runner *r, const plan_node *node, bool own_level) {
    for (; node; node = node->next) {
        bool same_level = node->kind == PLAN_SELECT || node->kind == PLAN_UNION;
        if (node->kind != PLAN_COLUMN) {
            bind_null(r, node->child, own_level && same_level);
            continue;
        }
        r->cells[node->cell] =
            own_level && node->row_index ? index_value(r, 0) : (collection){NULL, 0};
    }
}

static view_status emit(runner *r) {
    if (++r->rows > LIMIT_ROWS) return refuse(r, VIEW_LIMIT, "rows of one view from one resource");
    view_row row = {r->cells, r->view->column_count};
    r->row(r->self, &row);
    return VIEW_OK;
}

static view_status bind(runner *r, const plan_node *node, uint32_t focus, collection row_index,
                        const level *up);

static view_status bind_items(runner *r, const plan_node *node, const collection *items,
                              const level *after) {
    for (isize i = 0; i < items->n; i++) {
        if (items->items[i].kind != ITEM_NODE)
            return refuse(r, VIEW_ERROR, "forEach gave a value that is no element");
        view_status status = bind(r, node->child, items->items[i].node, index_value(r, i), after);
        if (status != VIEW_OK) return status;
    }
    return VIEW_OK;
}

/* Elements found by repeat, in depth-first pre-order. */
typedef struct hits {
    item *items;
    isize n, cap;
} hits;

static view_status collect(runner *r, const plan_node *repeat, uint32_t focus,
                           const collection *row_index, hits *out) {
    const node *nodes = r->run->tape->nodes;
    for (isize i = 0; i < repeat->path_count; i++) {
        collection found;
        view_status status = evaluate(r, repeat->paths[i], focus, row_index, &found);
        for (isize k = 0; status == VIEW_OK && k < found.n; k++) {
            item it = found.items[k];
            /* Strictly below its focus: only so is the recursion bounded by the tape. */
            if (it.kind != ITEM_NODE || it.node <= focus || it.node >= nodes[focus].next)
                return refuse(r, VIEW_ERROR, "repeat must lead to elements below the current one");
            if (out->n >= LIMIT_ROWS) return refuse(r, VIEW_LIMIT, "elements of one repeat");
            if (out->n == out->cap) {
                isize cap = out->cap ? out->cap * 2 : 16;
                out->items = arena_grow(r->run->arena, out->items, out->n, cap, (isize)sizeof(item),
                                        (isize) _Alignof(item));
                out->cap = cap;
            }
            out->items[out->n++] = it;
            status = collect(r, repeat, it.node, row_index, out);
        }
        if (status != VIEW_OK) return status;
    }
    return VIEW_OK;
}

static view_status bind_level(runner *r, const plan_node *node, uint32_t focus,
                              collection row_index, const level *after) {
    collection items = {NULL, 0};
    if (node->kind == PLAN_SELECT) return bind(r, node->child, focus, row_index, after);
    if (node->kind == PLAN_UNION) {
        for (const plan_node *branch = node->child; branch; branch = branch->next) {
            plan_node alone = *branch;
            alone.next = NULL;
            view_status status = bind(r, &alone, focus, row_index, after);
            if (status != VIEW_OK) return status;
        }
        return VIEW_OK;
    }
    if (node->kind == PLAN_REPEAT) {
        hits found = {0};
        view_status status = collect(r, node, focus, &row_index, &found);
        items = (collection){found.items, found.n};
        return status == VIEW_OK ? bind_items(r, node, &items, after) : status;
    }
    view_status status = evaluate(r, node->paths[0], focus, &row_index, &items);
    if (status != VIEW_OK) return status;
    if (items.n == 0 && node->kind == PLAN_FOR_EACH_OR_NULL) {
        bind_null(r, node->child, true);
        return bind(r, NULL, focus, row_index, after);
    }
    return bind_items(r, node, &items, after);
}

static view_status bind(runner *r, const plan_node *node, uint32_t focus, collection row_index,
                        const level *up) {
    for (; node && node->kind == PLAN_COLUMN; node = node->next) {
        view_status status = bind_column(r, node, focus, &row_index);
        if (status != VIEW_OK) return status;
    }
    if (node) {
        level after = {node->next, focus, row_index, up};
        return bind_level(r, node, focus, row_index, &after);
    }
    return up ? bind(r, up->node, up->focus, up->row_index, up->up) : emit(r);
}

/* Only true lets the resource through; what is no Boolean is a mistake in the view. */
static view_status passes(runner *r, uint32_t resource, const collection *row_index,
                          bool *through) {
    for (isize i = 0; i < r->view->where_count; i++) {
        collection found;
        view_status status = evaluate(r, r->view->where[i], resource, row_index, &found);
        if (status != VIEW_OK) return status;
        if (found.n == 0) return *through = false, VIEW_OK;
        str text;
        bool boolean = found.items[0].kind == ITEM_BOOLEAN ||
                       str_eq(model_type_name(r->view->model, item_type(r->run, found.items[0])),
                              S("boolean"));
        if (found.n > 1 || !boolean || !item_text(r->run, found.items[0], &text))
            return refuse(r, VIEW_ERROR, "a where that gives no single Boolean");
        if (!str_eq(text, S("true"))) return *through = false, VIEW_OK;
    }
    *through = true;
    return VIEW_OK;
}

/* The caller's parameter values, the view's own constants, and the row's cells as they are bound:
 * the order in which plan_path numbered them. */
static collection *constants_of(const view *v, path_run *run) {
    isize own = v->constant_count - v->parameter_count;
    collection *all = arena_new(run->arena, collection, v->constant_count + v->column_count);
    for (isize i = 0; i < v->parameter_count; i++) all[i] = run->constants[i];
    for (isize i = 0; i < own; i++) all[v->parameter_count + i] = v->values[i];
    return all;
}

view_status view_rows(const view *v, path_run *run, uint32_t resource,
                      void (*row)(void *self, const view_row *row), void *self, str *column) {
    collection *constants = constants_of(v, run);
    runner r = {
        .view = v, .run = run, .cells = constants + v->constant_count, .row = row, .self = self};
    const collection *theirs = run->constants;
    run->constants = constants;
    collection top = index_value(&r, 0);
    bool through = false;
    view_status status = passes(&r, resource, &top, &through);
    if (status == VIEW_OK && through) status = bind(&r, v->plan, resource, top, NULL);
    run->constants = theirs;
    run->row_index = NULL;
    *column = r.column;
    return status;
}
