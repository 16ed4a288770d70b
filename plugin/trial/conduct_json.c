/* SPDX-License-Identifier: Apache-2.0 */
/* A subject's arm, visits and endpoints as a document, and what a study asks of every subject. */
#include "trial/conduct.h"

static void member(buf *out, const char *name, str text) {
    char last = out->p[out->n - 1];
    if (last != '{' && last != '[') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    if (text.n)
        buf_json_string(out, text);
    else
        buf_add(out, S("null"));
}

static void day_member(buf *out, const char *name, bool known, when day) {
    char text[WHEN_TEXT];
    isize n = known ? when_format(day, text) : 0;
    member(out, name, (str){text, n});
}

static void visit_json(const visit_window *v, buf *out) {
    buf_byte(out, '{');
    member(out, "id", v->id);
    buf_printf(out, ",\"number\":%td", v->number);
    day_member(out, "anchor", v->anchored, v->anchor);
    day_member(out, "due", v->anchored, v->due);
    day_member(out, "from", v->placed, v->from);
    day_member(out, "to", v->placed, v->to);
    member(out, "reason", reason_name(v->reason));
    if (v->detail) member(out, "detail", str_from(v->detail));
    buf_byte(out, '}');
}

static void finding_json(const endpoint_finding *f, buf *out) {
    buf_byte(out, '{');
    member(out, "id", f->endpoint);
    member(out, "visit", f->visit);
    member(out, "result", outcome_name(f->outcome));
    member(out, "reason", reason_name(f->reason));
    if (f->baseline.n) member(out, "baseline", f->baseline);
    if (f->value.n) member(out, "value", f->value);
    if (f->change.n) member(out, "change", f->change);
    buf_add(out, S(",\"evidence\":["));
    for (isize i = 0; i < f->evidence_count; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, f->evidence[i]);
    }
    buf_byte(out, ']');
    if (f->detail.n) member(out, "detail", f->detail);
    buf_byte(out, '}');
}

void conduct_json(const conduct *c, buf *out) {
    buf_byte(out, '{');
    member(out, "arm", c->arm);
    member(out, "armReason", reason_name(c->arm_reason));
    buf_add(out, S(",\"visits\":["));
    for (isize i = 0; i < c->visit_count; i++) {
        if (i) buf_byte(out, ',');
        visit_json(&c->visits[i], out);
    }
    buf_add(out, S("],\"endpoints\":["));
    for (isize i = 0; i < c->n; i++) {
        if (i) buf_byte(out, ',');
        finding_json(&c->findings[i], out);
    }
    buf_add(out, S("]}"));
}

static void endpoint_json(const study *s, const endpoint *e, buf *out) {
    buf_byte(out, '{');
    member(out, "id", e->id);
    member(out, "role", e->role);
    member(out, "text", e->text);
    buf_printf(out, ",\"asksYesOrNo\":%s,\"count\":%s", e->met.program ? "true" : "false",
               e->count ? "true" : "false");
    if (e->incomplete.n) member(out, "incomplete", e->incomplete);
    buf_add(out, S(",\"visits\":["));
    for (isize i = 0; i < e->visit_count; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, s->visits[e->visits[i]].id);
    }
    buf_add(out, S("]}"));
}

void study_conduct_json(const study *s, buf *out) {
    buf_add(out, S("{\"arms\":["));
    for (isize i = 0; i < s->arm_count; i++) {
        buf_add(out, i ? S(",{") : S("{"));
        member(out, "id", s->arms[i].id);
        member(out, "title", s->arms[i].title);
        buf_byte(out, '}');
    }
    buf_add(out, S("],\"visits\":["));
    for (isize i = 0; i < s->visit_count; i++) {
        buf_add(out, i ? S(",{") : S("{"));
        member(out, "id", s->visits[i].id);
        member(out, "title", s->visits[i].title);
        buf_byte(out, '}');
    }
    buf_add(out, S("],\"endpoints\":["));
    for (isize i = 0; i < s->endpoint_count; i++) {
        if (i) buf_byte(out, ',');
        endpoint_json(s, &s->endpoints[i], out);
    }
    buf_add(out, S("]}"));
}
