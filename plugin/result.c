/* SPDX-License-Identifier: Apache-2.0 */
/* result.c: the JSON document a host gets for a message (docs/abi.md, Result of a message). */
#include "work.h"

static void text_member(buf *out, const char *name, str text) {
    buf_printf(out, ",\"%s\":", name);
    if (text.n > 0)
        buf_json_string(out, text);
    else
        buf_add(out, S("null"));
}

static void write_rows(const work *w, buf *out) {
    bool any = false;
    buf_add(out, S(",\"rows\":{"));
    for (isize v = 0; v < mappings_view_count(w->c->mappings); v++) {
        str name = view_name(mappings_view(w->c->mappings, v));
        isize n = 0;
        for (isize i = 0; i < w->writes.n; i++)
            for (isize k = 0; k < w->writes.at[i].row_count; k++)
                n += str_eq(w->writes.at[i].rows[k].view, name);
        if (n == 0) continue;
        buf_printf(out, "%s\"%.*s\":%td", any ? "," : "", STR_ARGS(name), n);
        any = true;
    }
    buf_byte(out, '}');
}

static void write_ignored(const work *w, buf *out) {
    buf_add(out, S(",\"ignored\":["));
    for (isize i = 0; i < w->ignored.n; i++) {
        buf_add(out, i ? S(",{\"reference\":") : S("{\"reference\":"));
        buf_json_string(out, w->ignored.at[i].reference);
        buf_printf(out, ",\"why\":\"%s\"}", w->ignored.at[i].why);
    }
    buf_byte(out, ']');
}

static str patient_text(work *w, patient_ref patient) {
    return reference_text(&w->arena, S("Patient"), patient.id);
}

static void write_verdicts(work *w, buf *out) {
    buf_add(out, S(",\"verdicts\":["));
    for (isize i = 0; i < w->decisions.n; i++) {
        const decided *d = &w->decisions.at[i];
        buf_add(out, i ? S(",{\"patient\":") : S("{\"patient\":"));
        buf_json_string(out, patient_text(w, d->group->canonical->ref));
        text_member(out, "source", d->group->canonical->ref.source);
        buf_printf(out, ",\"changed\":%s,\"verdict\":", d->changed ? "true" : "false");
        buf_add(out, d->document);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void write_flags(work *w, buf *out) {
    buf_add(out, S(",\"flags\":["));
    for (isize i = 0; i < w->queued.n; i++) {
        const queued_flag *f = &w->queued.at[i];
        buf_add(out, i ? S(",{\"endpoint\":") : S("{\"endpoint\":"));
        buf_json_string(out, f->endpoint);
        text_member(out, "study", f->study);
        text_member(out, "patient", patient_text(w, f->patient));
        text_member(out, "identifier", f->identifier);
        buf_printf(out, ",\"status\":\"%s\"", f->status);
        text_member(out, "code", f->code);
        buf_printf(out, ",\"why\":\"%s\",\"queued\":%s}", f->why, f->queued ? "true" : "false");
    }
    buf_byte(out, ']');
}

static const char *outcome_word(const work *w) {
    if (w->code < 0) return "rejected";
    return w->found.errors > 0 ? "partial" : "ok";
}

void work_result(work *w) {
    buf out = buf_new(&w->arena, w->arena.limit / 2, "a result");
    buf_printf(&out, "{\"outcome\":\"%s\",\"resources\":%td", outcome_word(w),
               w->message.resources);
    text_member(&out, "message", w->meta ? w->meta->id : (str){0});
    text_member(&out, "traceparent", w->meta ? w->meta->traceparent : (str){0});
    text_member(&out, "evaluated", w->now_text);
    if (w->code >= 0) {
        buf_printf(&out, ",\"written\":%td", w->writes.n);
        write_rows(w, &out);
        write_ignored(w, &out);
        write_verdicts(w, &out);
        write_flags(w, &out);
    }
    buf_add(&out, S(",\"operationOutcome\":"));
    outcome_json(&w->found, (str){0}, &out);
    buf_byte(&out, '}');
    w->document = buf_str(&out);
}
