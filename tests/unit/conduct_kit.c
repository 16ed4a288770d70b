/* SPDX-License-Identifier: Apache-2.0 */
#include "conduct_kit.h"

#define STUDY                                                                                      \
    "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,"      \
    "`met`:`obs.score.exists()`}],"                                                                \
    "`parameters`:[{`name`:`early`,`type`:`Quantity`,%s},{`name`:`late`,`type`:`Quantity`,%s}],"   \
    "`arms`:[{`id`:`A`,`title`:`a`,`text`:`x`,`assigned`:`obs.tag.exists($this = 'A')`},"          \
    "{`id`:`B`,`title`:`b`,`text`:`x`,`assigned`:`obs.tag.exists($this = 'B')`}],"                 \
    "`anchors`:[%s],`visits`:[{`id`:`V1`,`title`:`t`,`text`:`x`,`anchor`:`start`,`offset`:{%s},"   \
    "`before`:`early`,`after`:`late`}%s],`endpoints`:[%s]"
#define ANCHOR                                                                                     \
    "{`id`:`start`,`text`:`x`,`date`:`obs.where(tag contains 'start').effective.first()`}"

static const char *or_else(const char *text, const char *otherwise) {
    return text ? text : otherwise;
}

static const char *parameter(kit *k, const char *value) {
    if (value && !*value) return "`siteMustConfirm`:true";
    return arena_printf(&k->arena, "`value`:{%s}", or_else(value, "`value`:0,`unit`:`days`")).p;
}

static str bundle_of(kit *k, const seen *rows) {
    buf out = buf_new(&k->arena, 1 << 20, "a message");
    buf_add(&out, S("{`resourceType`:`Bundle`,`type`:`collection`,`entry`:["));
    for (int i = 0; i < SEEN_MOST && rows[i].tag; i++) {
        buf_printf(&out,
                   "%s{`resource`:{`resourceType`:`Observation`,`id`:`o%d`,`status`:`final`,"
                   "`code`:{`coding`:[{`code`:`%s`}]},`subject`:{`reference`:`Patient/p`}",
                   i ? "," : "", i, rows[i].tag);
        if (rows[i].date) buf_printf(&out, ",`effectiveDateTime`:`%s`", rows[i].date);
        if (rows[i].score) buf_printf(&out, ",`valueQuantity`:{`value`:%s}", rows[i].score);
        buf_add(&out, S("}}"));
    }
    buf_add(&out, S("]}"));
    buf_byte(&out, 0);
    return buf_str(&out);
}

conduct conduct_of(kit *k, const conduct_case *c) {
    conduct out = {0};
    when now = {0};
    k->file_count = 0;
    k->found.n = 0;
    kit_views(k);
    kit_study(k, arena_printf(&k->arena, STUDY, parameter(k, c->before), parameter(k, c->after),
                              or_else(c->anchors, ANCHOR),
                              or_else(c->offset, "`value`:7,`unit`:`days`"), or_else(c->visits, ""),
                              or_else(c->endpoints, ""))
                     .p);
    when_parse_datetime(str_from(or_else(c->now, "2030-01-01T12:00:00Z")), &now);
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return out;
    }
    message m = kit_message(k, bundle_of(k, c->rows).p);
    tape *record = arena_new(&k->arena, tape, 1);
    *record = kit_record(k, &m);
    conduct_evaluate(k->set, mappings_study(k->set, 0), &k->arena, record, now, &out);
    return out;
}

const char *conduct_window(kit *k, const conduct *c, const char *visit) {
    char from[WHEN_TEXT] = "", due[WHEN_TEXT] = "", to[WHEN_TEXT] = "";
    for (isize i = 0; i < c->visit_count; i++) {
        const visit_window *v = &c->visits[i];
        if (!str_eq(v->id, str_from(visit))) continue;
        if (!v->placed)
            return arena_printf(&k->arena, "unknown %.*s", STR_ARGS(reason_name(v->reason))).p;
        from[when_format(v->from, from)] = 0;
        due[when_format(v->due, due)] = 0;
        to[when_format(v->to, to)] = 0;
        return arena_printf(&k->arena, "%s %s %s", from, due, to).p;
    }
    return "no such visit";
}

const char *conduct_result(kit *k, const conduct *c, const char *endpoint, const char *visit) {
    for (isize i = 0; i < c->n; i++) {
        const endpoint_finding *f = &c->findings[i];
        if (!str_eq(f->endpoint, str_from(endpoint)) || !str_eq(f->visit, str_from(visit)))
            continue;
        str text =
            arena_printf(&k->arena, "%.*s%s%.*s", STR_ARGS(outcome_name(f->outcome)),
                         f->reason == REASON_NONE ? "" : " ", STR_ARGS(reason_name(f->reason)));
        if (!f->baseline.n && !f->value.n && !f->change.n) return text.p;
        return arena_printf(&k->arena, "%.*s %.*s/%.*s/%.*s", STR_ARGS(text), STR_ARGS(f->baseline),
                            STR_ARGS(f->value), STR_ARGS(f->change))
            .p;
    }
    return "no such endpoint";
}
