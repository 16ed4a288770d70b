/* SPDX-License-Identifier: Apache-2.0 */
/* What others may ask of a compiled view, how its cells are written, and how it is explained. */
#include "view/plan.h"

str view_name(const view *v) { return v->name; }
str view_url(const view *v) { return v->url; }
const model *view_model(const view *v) { return v->model; }
str view_sql_type(const view *v, isize column) { return v->sql_types[column]; }
model_type view_resource(const view *v) { return v->resource; }
bool view_uses_now(const view *v) { return v->uses_now; }

const view_column *view_columns(const view *v, isize *n) {
    *n = v->column_count;
    return v->columns;
}

bool view_shareable(const view *v, str *why_not) {
    *why_not = v->not_shareable;
    return v->not_shareable.n == 0;
}

bool view_tabular(const view *v, str *why_not) {
    *why_not = v->not_tabular;
    return v->not_tabular.n == 0;
}

typedef struct projecting {
    projection *to;
    model_type resource;
} projecting;

static void keep(void *self, const model_key *keys, isize n, bool deep) {
    projecting *p = self;
    projection_keep(p->to, p->resource, keys, n, deep);
}

static void keep_deep(void *self, const model_key *keys, isize n, bool deep) {
    (void)deep;
    projecting *p = self;
    projection_keep(p->to, p->resource, keys, n, true);
}

static void project_path(projecting *p, const program *path,
                         void (*reach)(void *self, const model_key *keys, isize n, bool deep)) {
    if (!path_reaches(path, reach, p)) projection_keep(p->to, p->resource, NULL, 0, true);
}

/* Paths below a forEach start at the forEach's element: keeping that element deep covers them. */
static void project_nodes(projecting *p, const plan_node *node) {
    for (; node; node = node->next) {
        switch (node->kind) {
        case PLAN_COLUMN: project_path(p, node->paths[0], keep); break;
        case PLAN_FOR_EACH:
        case PLAN_FOR_EACH_OR_NULL: project_path(p, node->paths[0], keep_deep); break;
        case PLAN_REPEAT: projection_keep(p->to, p->resource, NULL, 0, true); break;
        case PLAN_SELECT:
        case PLAN_UNION: project_nodes(p, node->child); break;
        }
    }
}

void view_project(const view *v, projection *to) {
    projecting p = {to, v->resource};
    for (isize i = 0; i < v->where_count; i++) project_path(&p, v->where[i], keep);
    project_nodes(&p, v->plan);
    if (!v->needs) projection_need_nothing(to, v->resource);
    for (const path_need *n = v->needs; n; n = n->next)
        projection_need(to, v->resource, n->keys, n->n, n->text);
}

bool view_literals(const view *v, void (*told)(void *self, str text), void *self) {
    for (const path_need *n = v->needs; n; n = n->next) told(self, n->text);
    return v->needs;
}

static void pass_by(void *self, const model_key *keys, isize n, bool deep) {
    (void)self;
    (void)keys;
    (void)n;
    (void)deep;
}

static bool nodes_leave(const plan_node *node) {
    for (; node; node = node->next) {
        for (isize i = 0; i < node->path_count; i++)
            if (!path_reaches(node->paths[i], pass_by, NULL)) return true;
        if (nodes_leave(node->child)) return true;
    }
    return false;
}

bool view_leaves_resource(const view *v) {
    for (isize i = 0; i < v->where_count; i++)
        if (!path_reaches(v->where[i], pass_by, NULL)) return true;
    return nodes_leave(v->plan);
}

static void indent(buf *out, int depth) {
    for (int i = 0; i < depth; i++) buf_add(out, S("  "));
}

static void explain_paths(const plan_node *node, int depth, buf *out) {
    for (isize i = 0; i < node->path_count; i++) {
        indent(out, depth + 1);
        buf_printf(out, "path %.*s\n", STR_ARGS(path_source(node->paths[i])));
        path_explain(node->paths[i], out);
    }
}

static void explain_nodes(const view *v, const plan_node *node, int depth, buf *out) {
    static const char *const words[] = {"select",        "column", "forEach",
                                        "forEachOrNull", "repeat", "unionAll"};
    for (; node; node = node->next) {
        indent(out, depth);
        buf_printf(out, "%s cells %td..%td", words[node->kind], node->cell,
                   node->cell + node->cells - 1);
        if (node->kind == PLAN_COLUMN) {
            const view_column *c = &v->columns[node->cell];
            str type = c->type == TYPE_NONE ? S("?") : model_type_name(v->model, c->type);
            buf_printf(out, " %.*s: %.*s%s", STR_ARGS(c->name), STR_ARGS(type),
                       c->collection ? "*" : "");
        }
        buf_byte(out, '\n');
        explain_paths(node, depth, out);
        explain_nodes(v, node->child, depth + 1, out);
    }
}

void view_explain(const view *v, buf *out) {
    buf_printf(out, "view %.*s on %.*s\n", STR_ARGS(v->name),
               STR_ARGS(model_type_name(v->model, v->resource)));
    for (isize i = 0; i < v->where_count; i++) {
        buf_printf(out, "where %.*s\n", STR_ARGS(path_source(v->where[i])));
        path_explain(v->where[i], out);
    }
    explain_nodes(v, v->plan, 0, out);
}

void view_cells_json(const view *v, path_run *run, const view_row *row, buf *out) {
    buf_byte(out, '[');
    for (isize i = 0; i < row->n; i++) {
        const collection *cell = &row->cells[i];
        if (i) buf_byte(out, ',');
        if (v->columns[i].collection) buf_byte(out, '[');
        for (isize k = 0; k < cell->n; k++) {
            if (k) buf_byte(out, ',');
            item_json(run, cell->items[k], true, out);
        }
        if (v->columns[i].collection)
            buf_byte(out, ']');
        else if (cell->n == 0)
            buf_add(out, S("null"));
    }
    buf_byte(out, ']');
}
