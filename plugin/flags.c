/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c: what a verdict means for the Flag at each endpoint: who its subject is there, the Flag's
 * next state, and the resource that goes to the outbox. */
#include "work.h"

#include "fhir/json.h"

/* The person as one endpoint knows him. */
typedef struct subject {
    str key;       /* patient key: source|id or system|value */
    str reference; /* Patient/id, or empty */
    str system, value;
} subject;

static subject as_source(work *w, const member *m) {
    return (subject){
        .key = arena_printf(&w->arena, "%.*s|%.*s", STR_ARGS(m->ref.source), STR_ARGS(m->ref.id)),
        .reference = reference_text(&w->arena, S("Patient"), m->ref.id)};
}

enum { SUBJECTS = 128 };

/* Identifiers ([system, value] pairs) of one system, each a subject. */
static void by_identifier(work *w, str of_system, str identifiers, subject *list, isize *n) {
    const json *pairs;
    fault fault;
    if (identifiers.n == 0 || !json_read(&w->arena, identifiers, &pairs, &fault)) return;
    for (const json *pair = pairs->child; pair && *n < SUBJECTS; pair = pair->next) {
        const json *system = pair->child, *value = system ? system->next : NULL;
        if (!value || value->text.n == 0 || !str_eq(system->text, of_system)) continue;
        str key =
            arena_printf(&w->arena, "%.*s|%.*s", STR_ARGS(system->text), STR_ARGS(value->text));
        list[(*n)++] = (subject){.key = key, .system = system->text, .value = value->text};
    }
}

/* All keys this person can have at the endpoint; the first is the one in force: of the canonical
 * patient where he has one, among equals the least. */
static isize subjects_of(work *w, const group *g, const endpoint_settings *e, subject *list) {
    isize n = 0, preferred = 0;
    for (isize pass = 0; pass < 2; pass++) {
        for (isize i = 0; i < g->n && n < SUBJECTS; i++) {
            const member *m = &g->members[i];
            bool wanted = pass == 0 ? !m->replaced : m->replaced;
            if (!wanted) continue;
            if (e->by_identifier)
                by_identifier(w, e->identifier_system, m->identifiers, list, &n);
            else if (str_eq(m->ref.source, e->source))
                list[n++] = as_source(w, m);
        }
        if (pass == 0) preferred = n;
    }
    isize among = preferred > 0 ? preferred : n, least = 0;
    for (isize i = 1; i < among; i++)
        if (str_compare(list[i].key, list[least].key) < 0) least = i;
    if (n > 0) {
        subject first = list[least];
        list[least] = list[0];
        list[0] = first;
    }
    return n;
}

static flag_status status_of(str text) {
    if (str_eq(text, S("active"))) return FLAG_ACTIVE;
    if (str_eq(text, S("inactive"))) return FLAG_INACTIVE;
    if (str_eq(text, S("entered-in-error"))) return FLAG_ENTERED_IN_ERROR;
    return FLAG_ABSENT;
}

static const char *status_name(flag_status status) {
    static const char *const names[] = {"absent", "active", "inactive", "entered-in-error"};
    return names[status];
}

static flag_state state_of(const stored_flag *f) {
    return (flag_state){status_of(f->status),
                        str_eq(f->code, S("eligible")) ? VERDICT_ELIGIBLE : VERDICT_NEEDS_REVIEW,
                        f->start, f->end, f->hold_since};
}

/* References of the verdict's evidence that live at the endpoint, each once. */
static isize evidence_of(work *w, const group *g, const endpoint_settings *e, const verdict *v,
                         const str **out) {
    LIST(str) list = {0};
    bool lives =
        e->evidence == EVIDENCE_SAME_AS_SOURCE && str_eq(e->source, g->canonical->ref.source);
    for (isize i = 0; lives && i < v->n; i++) {
        for (isize k = 0; k < v->findings[i].evidence_count; k++) {
            str reference = v->findings[i].evidence[k];
            bool there = str_find_byte(reference, '|', 0) >= 0; /* of another source */
            for (isize j = 0; !there && j < list.n; j++) there = str_eq(list.at[j], reference);
            if (!there) *PUSH_IN(&w->person, list) = reference;
        }
    }
    *out = list.at;
    return list.n;
}

static str flag_body(work *w, const group *g, const endpoint_settings *e, const study *s,
                     const verdict *v, const subject *who, str identifier,
                     const flag_state *state) {
    const flag_settings *f = &w->c->settings.flag;
    flag_target target = {.subject = who->reference,
                          .subject_system = who->system,
                          .subject_value = who->value,
                          .identifier_system = f->identifier_system,
                          .identifier_value = identifier,
                          .code_system = f->code_system,
                          .author_display = f->author_display,
                          .author_system = f->author_system,
                          .author_value = f->author_value,
                          .author_device = f->author_device};
    const str *evidence;
    isize n = evidence_of(w, g, e, v, &evidence);
    buf out = buf_new(&w->arena, LIMIT_REPLY_BYTES, "a Flag");
    flag_write(s, state, &target, evidence, n, &out);
    return buf_str(&out);
}

static void queue(work *w, const group *g, const endpoint_settings *e, const study *s,
                  const verdict *v, const subject *who, const stored_flag *old,
                  const flag_state *next, const char *why, bool write) {
    stored_flag f = {.endpoint = e->wire.name,
                     .study = study_id(s),
                     .patient_key = who->key,
                     .identifier = old->identifier,
                     .status = str_from(status_name(next->status)),
                     .code = verdict_name(next->code),
                     .start = next->start,
                     .end = next->end,
                     .hold_since = next->hold_since,
                     .seq = old->seq};
    str body = write ? flag_body(w, g, e, s, v, who, old->identifier, next) : (str){0};
    *PUSH(w, w->flags) =
        (flag_write_row){.flag = f, .why = str_from(why), .body = body, .patient_key = who->key};
    *PUSH(w, w->queued) = (queued_flag){
        f.endpoint, f.study, f.identifier, g->canonical->ref, status_name(next->status),
        why,        f.code,  write};
}

static bool identifier_of(work *w, const endpoint_settings *e, const study *s, str key, str *out) {
    char *uuid = arena_new(&w->arena, char, 36);
    *out = (str){uuid, 36};
    if (!flag_identifier(deliver_digest(), (str){w->c->site_key, w->c->site_key_n}, e->wire.name,
                         study_id(s), key, uuid))
        fault_raise(&w->landing, FAULT_INTERNAL, -1, "HMAC-SHA-256 is not available from OpenSSL");
    return true;
}

static bool read_flag(work *w, const endpoint_settings *e, str identifier, stored_flag *out) {
    *out = (stored_flag){.identifier = identifier};
    w->status = store_flag(w->instance->store, &w->arena, e->wire.name, identifier, out, &w->fault);
    return w->status == STORE_OK || w->status == STORE_NONE;
}

/* A Flag under another key of the same person (a merge): an active one becomes inactive. */
static bool retire(work *w, const group *g, const endpoint_settings *e, const study *s,
                   const verdict *v, const subject *who) {
    str identifier;
    stored_flag old;
    if (!identifier_of(w, e, s, who->key, &identifier) || !read_flag(w, e, identifier, &old))
        return false;
    if (w->status == STORE_NONE || status_of(old.status) != FLAG_ACTIVE) return true;
    flag_state next = state_of(&old);
    next.status = FLAG_INACTIVE;
    next.end = flag_end(&w->arena, next.start, w->now);
    next.hold_since = (str){0};
    queue(w, g, e, s, v, who, &old, &next, "merged", true);
    return true;
}

static bool in_group(const group *g, patient_ref patient) {
    for (isize i = 0; i < g->n; i++)
        if (patient_same(g->members[i].ref, patient)) return true;
    return false;
}

/* Whether somebody else has the identifier after this message. */
static bool held_elsewhere(work *w, const group *g, const subject *who, bool *held) {
    patient_ref *holders;
    isize n;
    w->status = store_holders(w->instance->store, &w->arena, who->system, who->value, &holders, &n,
                              &w->fault);
    if (w->status != STORE_OK && w->status != STORE_NONE) return false;
    *held = false;
    for (isize i = 0; w->status == STORE_OK && i < n; i++)
        *held |= !in_group(g, holders[i]) && !work_patient_write(w, holders[i]);
    for (isize i = 0; i < w->writes.n; i++) {
        const resource_write *write = &w->writes.at[i];
        subject list[SUBJECTS];
        isize said = 0;
        if (!str_eq(write->type, S("Patient")) || in_group(g, write->patient)) continue;
        by_identifier(w, who->system, write->identifiers, list, &said);
        for (isize k = 0; k < said; k++) *held |= str_eq(list[k].key, who->key);
    }
    return true;
}

/* Flags under identifiers that this person had before the message and has no more, unless they are
 * somebody else's now. */
static bool retire_former(work *w, const group *g, const endpoint_settings *e, const study *s,
                          const verdict *v, const subject *who, isize n) {
    subject *former = arena_new(&w->person, subject, SUBJECTS);
    isize count = 0;
    for (isize i = 0; e->by_identifier && i < g->n; i++)
        by_identifier(w, e->identifier_system, g->members[i].state.identifiers, former, &count);
    for (isize i = 0; i < count; i++) {
        bool kept = false, held;
        for (isize k = 0; k < n && !kept; k++) kept = str_eq(former[i].key, who[k].key);
        if (kept) continue;
        if (!held_elsewhere(w, g, &former[i], &held)) return false;
        if (!held && !retire(w, g, e, s, v, &former[i])) return false;
    }
    return true;
}

static bool flag_at(work *w, const group *g, const endpoint_settings *e, const study *s,
                    const verdict *v, flag_circumstances circumstances) {
    subject *who = arena_new(&w->person, subject, SUBJECTS);
    isize n = subjects_of(w, g, e, who);
    if (!retire_former(w, g, e, s, v, who, n)) return false;
    if (n == 0) return true; /* not a patient of that endpoint */
    str identifier;
    stored_flag old;
    if (!identifier_of(w, e, s, who[0].key, &identifier) || !read_flag(w, e, identifier, &old))
        return false;
    flag_state state = state_of(&old), next = state;
    const char *why = "";
    flag_change change = flag_next(&state, v, circumstances, (int)study_flag_hold_days(s), w->now,
                                   &w->arena, &next, &why);
    w->again |= next.hold_since.n > 0;
    if (change != FLAG_KEEP) queue(w, g, e, s, v, &who[0], &old, &next, why, change == FLAG_WRITE);
    for (isize i = 1; i < n; i++)
        if (!str_eq(who[i].key, who[0].key) && !retire(w, g, e, s, v, &who[i])) return false;
    return true;
}

bool work_flags(work *w, const group *g, const study *s, const verdict *v,
                flag_circumstances circumstances) {
    for (isize i = 0; i < w->c->settings.endpoint_count; i++)
        if (!flag_at(w, g, &w->c->settings.endpoints[i], s, v, circumstances)) return false;
    return true;
}

static bool flag_error_at(work *w, const group *g, const endpoint_settings *e, const study *s,
                          const verdict *v) {
    subject *who = arena_new(&w->person, subject, SUBJECTS);
    isize n = subjects_of(w, g, e, who);
    for (isize i = 0; i < n; i++) {
        str identifier;
        stored_flag old;
        if (!identifier_of(w, e, s, who[i].key, &identifier) || !read_flag(w, e, identifier, &old))
            return false;
        flag_status status = status_of(old.status);
        if (w->status == STORE_NONE || status == FLAG_ABSENT || status == FLAG_ENTERED_IN_ERROR)
            continue;
        flag_state next = state_of(&old);
        next.status = FLAG_ENTERED_IN_ERROR;
        next.hold_since = (str){0};
        queue(w, g, e, s, v, &who[i], &old, &next, "entered-in-error", true);
    }
    return true;
}

bool work_flags_json(work *w, const study *s, buf *out) {
    bool first = true;
    for (isize i = 0; i < w->c->settings.endpoint_count; i++) {
        const endpoint_settings *e = &w->c->settings.endpoints[i];
        subject *who = arena_new(&w->person, subject, SUBJECTS);
        isize n = subjects_of(w, &w->groups.at[0], e, who);
        for (isize k = 0; k < n; k++) {
            str identifier;
            isize before = out->n;
            if (!first) buf_byte(out, ',');
            if (!identifier_of(w, e, s, who[k].key, &identifier)) return false;
            w->status =
                store_flag_json(w->instance->store, e->wire.name, identifier, out, &w->fault);
            if (w->status != STORE_OK && w->status != STORE_NONE) return false;
            if (w->status == STORE_NONE)
                out->n = before;
            else
                first = false;
        }
    }
    return true;
}

bool work_flag_error(work *w, str study_name, str reason) {
    static const verdict no_verdict;
    for (isize i = 0; i < mappings_study_count(w->c->mappings); i++) {
        const study *s = mappings_study(w->c->mappings, i);
        if (!str_eq(study_id(s), study_name)) continue;
        for (isize k = 0; k < w->c->settings.endpoint_count; k++)
            if (!flag_error_at(w, &w->groups.at[0], &w->c->settings.endpoints[k], s, &no_verdict))
                return false;
    }
    if (w->flags.n == 0) {
        w->code = FHIRTRIAL_NOMATCH;
        return true;
    }
    buf entry = buf_new(&w->arena, FAULT_TEXT * 4, "an audit entry");
    buf_add(&entry, S("{\"action\":\"flag.error\",\"study\":"));
    buf_json_string(&entry, study_name);
    buf_add(&entry, S(",\"reason\":"));
    buf_json_string(&entry, str_slice(reason, 0, FAULT_TEXT));
    buf_byte(&entry, '}');
    *PUSH(w, w->audit) = buf_str(&entry);
    return true;
}
