/* SPDX-License-Identifier: Apache-2.0 */
#include "view_kit.h"

const view *view_kit_compile(kit *k, const char *definition, bool strict) {
    const json *root;
    fault fault = {0};
    view_environment environment = {.model = model_r4(), .strict = strict};
    bool ok = json_read(&k->arena, kit_text(k, definition), &root, &fault);
    if (!CHECK_MSG(ok, "%s", fault.text)) return NULL;
    return view_compile(&k->arena, &environment, root, S("v.json"), &k->found);
}

typedef struct row_sink {
    const view *view;
    path_run *run;
    buf *out;
} row_sink;

static void take_row(void *self, const view_row *row) {
    row_sink *s = self;
    view_cells_json(s->view, s->run, row, s->out);
    buf_byte(s->out, '\n');
}

str view_kit_rows(kit *k, const view *v, const char *resource) {
    static const char *const words[] = {"", "error", "limit"};
    tape t;
    fault fault = {0};
    str column;
    buf out = buf_new(&k->arena, 64 << 20, "rows");
    bool ok = read_json(&k->arena, kit_text(k, resource), NULL, &k->found, &t, &fault);
    if (!CHECK_MSG(ok, "%s", fault.text)) return (str){0};
    path_run run = {.tape = &t, .arena = &k->arena, .now = kit_now()};
    row_sink sink = {v, &run, &out};
    view_status status = view_rows(v, &run, 0, take_row, &sink, &column);
    if (status == VIEW_OK) return buf_str(&out);
    return arena_printf(&k->arena, "%s: %.*s: %s", words[status], STR_ARGS(column), run.reason);
}

str view_kit_run(kit *k, const char *definition, const char *resource) {
    const view *v = view_kit_compile(k, definition, false);
    if (!CHECK(v != NULL)) {
        kit_show(k);
        return (str){0};
    }
    return view_kit_rows(k, v, resource);
}
