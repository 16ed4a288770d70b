/* SPDX-License-Identifier: Apache-2.0 */
/* What a mapping set is set to at this site, as JSON: each study's parameters with the value in
 * force, and what the site declares. An auditor reads it, and a conformance case compares its
 * assumptions with it. */
#include "trial/set.h"

static const json *value_in_force(const mappings *m, const study *s, const json *parameter) {
    const json *theirs = site_parameter(&m->site, s->file->study, json_text(parameter, "name"));
    return theirs ? theirs : json_get(parameter, "value");
}

void study_parameters_json(const mappings *m, const study *s, buf *out) {
    const json *list = json_get(s->file->root, "parameters");
    buf_byte(out, '[');
    for (const json *p = list ? list->child : NULL; p; p = p->next) {
        const json *value = value_in_force(m, s, p);
        buf_add(out, p == list->child ? S("{\"name\":") : S(",{\"name\":"));
        buf_json_string(out, json_text(p, "name"));
        buf_add(out, json_is_true(p, "siteMustConfirm")
                         ? S(",\"siteMustConfirm\":true,\"value\":")
                         : S(",\"siteMustConfirm\":false,\"value\":"));
        if (value)
            json_write(value, out);
        else
            buf_add(out, S("null"));
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void text_member(buf *out, const char *name, str text) {
    buf_printf(out, "\"%s\":", name);
    if (text.n)
        buf_json_string(out, text);
    else
        buf_add(out, S("null"));
    buf_byte(out, ',');
}

static void list_member(buf *out, const char *name, const json *list) {
    buf_printf(out, "\"%s\":", name);
    if (list)
        json_write(list, out);
    else
        buf_add(out, S("[]"));
}

void site_settings_json(const mappings *m, buf *out) {
    const site *s = &m->site;
    buf_byte(out, '{');
    text_member(out, "id", s->id);
    text_member(out, "timezone", s->timezone);
    text_member(out, "defaultZone", s->default_zone);
    list_member(out, "complete", json_get(s->root, "complete"));
    buf_byte(out, ',');
    list_member(out, "assertions", json_get(s->root, "assertions"));
    buf_byte(out, '}');
}
