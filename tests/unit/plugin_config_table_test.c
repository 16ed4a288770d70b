/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of fhirtrial.json as data, and the JSON Schema written from them. */
#include "config_table.h"
#include "unit.h"

/* Keys are unique, choices have their default, numbers lie within their bounds. */
static void check_fields(const field *fields) {
    for (const field *f = fields; f->name; f++) {
        CHECK_MSG(f->meaning && *f->meaning, "%s has no meaning", f->name);
        for (const field *other = fields; other != f; other++)
            CHECK_MSG(strcmp(f->name, other->name) != 0, "%s is there twice", f->name);
        if (f->kind == FIELD_INTEGER || f->kind == FIELD_DURATION) {
            CHECK_MSG(f->least <= f->most, "%s has no value", f->name);
            CHECK_MSG(f->fallback >= f->least || f->fallback == 0, "%s: default", f->name);
            CHECK_MSG(f->fallback <= f->most, "%s: default", f->name);
        }
        if (f->kind == FIELD_CHOICE) {
            isize n = 0;
            while (f->choices[n]) n++;
            CHECK_MSG(f->fallback < n, "%s: default", f->name);
        }
        if (f->fields) check_fields(f->fields);
    }
}

static void every_row_is_consistent(void) { check_fields(config_fields); }

typedef struct writing {
    arena arena;
    landing landing;
    char *text;
} writing;

static void schema_step(void *state) {
    writing *w = state;
    buf out = buf_new(&w->arena, 1 << 20, "a schema");
    settings_schema(&out);
    buf_byte(&out, 0);
    w->text = out.p;
}

static void the_schema_says_what_must_be_there(void) {
    writing w = {0};
    arena_init(&w.arena, 1 << 22, &w.landing);
    CHECK_OR_RETURN(guarded(&w.landing, schema_step, &w));
    CHECK(strstr(w.text, "https://json-schema.org/draft/2020-12/schema") != NULL);
    CHECK(strstr(w.text, "\"required\":[\"schema\",\"store\",\"mappings\",\"source\",\"siteKey\","
                         "\"flag\"],\"additionalProperties\":false}") != NULL);
    CHECK(strstr(w.text,
                 "\"threads\":{\"type\":\"integer\",\"description\":\"Worker threads; 0: all "
                 "work on the caller's thread.\",\"minimum\":0,\"maximum\":64,"
                 "\"default\":0}") != NULL);
    arena_release(&w.arena);
}

const unit_test plugin_config_table_suite[] = {
    UNIT_TEST(every_row_is_consistent), UNIT_TEST(the_schema_says_what_must_be_there), UNIT_END};
