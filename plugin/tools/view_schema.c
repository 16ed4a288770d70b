/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial view --schema`: the columns that a view will give (SQL on FHIR v2: "the output
 * schema").
 */
#include "tools/tools.h"
#include "tools/view_set.h"

enum { SCHEMA_BYTES = 64 << 20 };

static str type_of(const view *v, const view_column *c) {
    return c->type == TYPE_NONE ? S("?") : model_type_name(view_model(v), c->type);
}

static isize wider(isize wide, str text) { return text.n > wide ? text.n : wide; }

static void pad(str text, isize wide) { printf("%-*.*s  ", (int)wide, STR_ARGS(text)); }

void view_columns_print(const view *v) {
    isize n, name = 6, type = 4, sql = 8;
    const view_column *c = view_columns(v, &n);
    for (isize k = 0; k < n; k++) {
        name = wider(name, c[k].name);
        type = wider(type, type_of(v, &c[k]));
        sql = wider(sql, view_sql_type(v, k));
    }
    fputs("  ", stdout);
    pad(S("column"), name);
    pad(S("type"), type);
    pad(S("SQL type"), sql);
    puts("collection");
    for (isize k = 0; k < n; k++) {
        fputs("  ", stdout);
        pad(c[k].name, name);
        pad(type_of(v, &c[k]), type);
        pad(view_sql_type(v, k), sql);
        puts(c[k].collection ? "yes" : "no");
    }
}

static void json_member(buf *out, const char *name, str value) {
    buf_printf(out, "\"%s\":", name);
    if (value.n)
        buf_json_string(out, value);
    else
        buf_add(out, S("null"));
}

static void json_column(buf *out, const view *v, isize k) {
    isize n;
    const view_column *c = &view_columns(v, &n)[k];
    buf_add(out, k ? S(",{") : S("{"));
    json_member(out, "name", c->name);
    buf_byte(out, ',');
    json_member(out, "type", c->type == TYPE_NONE ? (str){0} : type_of(v, c));
    buf_printf(out, ",\"collection\":%s,", c->collection ? "true" : "false");
    json_member(out, "sql", view_sql_type(v, k));
    buf_byte(out, ',');
    json_member(out, "description", c->description);
    buf_byte(out, '}');
}

void view_columns_json(const view *v, buf *out) {
    isize n;
    view_columns(v, &n);
    for (isize k = 0; k < n; k++) json_column(out, v, k);
}

static void json_step(void *state) {
    view_set *s = state;
    buf out = buf_new(&s->arena, SCHEMA_BYTES, "the schema");
    buf_add(&out, S("{\"views\":["));
    for (isize i = 0; i < s->n; i++) {
        buf_add(&out, i ? S(",{") : S("{"));
        json_member(&out, "name", view_set_name(s, i));
        buf_byte(&out, ',');
        json_member(&out, "url", view_url(s->views[i]));
        buf_byte(&out, ',');
        json_member(&out, "resource",
                    model_type_name(view_model(s->views[i]), view_resource(s->views[i])));
        buf_add(&out, S(",\"columns\":["));
        view_columns_json(s->views[i], &out);
        buf_add(&out, S("]}"));
    }
    buf_add(&out, S("]}\n"));
    fwrite(out.p, 1, (size_t)out.n, stdout);
}

void view_set_schema(view_set *s, bool as_json) {
    if (as_json) {
        if (!guarded(&s->landing, json_step, s))
            fprintf(stderr, "fhirtrial view: %s\n", s->landing.fault.text);
        return;
    }
    for (isize i = 0; i < s->n; i++) {
        const view *v = s->views[i];
        printf("view %.*s on %.*s\n", STR_ARGS(view_set_name(s, i)),
               STR_ARGS(model_type_name(view_model(v), view_resource(v))));
        view_columns_print(v);
    }
}
