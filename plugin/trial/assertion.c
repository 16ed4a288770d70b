/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions that people recorded on criteria: rows of the view `assertion` (core, derived), which
 * count only from an author and a feed that site.json lists. The newest that counts settles an
 * unknown; it never turns what the data say, and never stands over a defect or a limit. */
#include "trial/decide.h"

/* --- site.json --- */
static const char *const members[] = {"source", "performer", "studies", NULL};

static bool text_list(loader *l, const json *list) {
    for (const json *c = list->child; c; c = c->next)
        if (c->kind != JSON_STRING) {
            set_problem(l, PROBLEM_ERROR, l->set->site.file, c, "structure",
                        S("\"studies\" must be an array of study ids"), S("write the ids"));
            return false;
        }
    return true;
}

static bool member_text(loader *l, const json *entry, const char *name, str *out) {
    const json *value = json_get(entry, name);
    *out = json_text(entry, name);
    if (value && value->kind == JSON_STRING && out->n) return true;
    set_problem(l, PROBLEM_ERROR, l->set->site.file, value ? value : entry, "required",
                arena_printf(l->arena, "an assertion's author needs \"%s\", a text", name),
                S("{\"source\": a feed, \"performer\": \"Practitioner/17\" or \"system|value\"}"));
    return false;
}

static void read_author(loader *l, const json *entry, assertion_author *out) {
    if (entry->kind != JSON_OBJECT) {
        set_problem(
            l, PROBLEM_ERROR, l->set->site.file, entry, "structure",
            S("an entry of \"assertions\" must be an object"),
            S("{\"source\": a feed, \"performer\": \"Practitioner/17\" or \"system|value\"}"));
        return;
    }
    json_only(entry, members, l->set->site.file->name, l->found);
    const json *studies = json_get(entry, "studies");
    if (studies && studies->kind != JSON_ARRAY)
        set_problem(l, PROBLEM_ERROR, l->set->site.file, studies, "structure",
                    S("\"studies\" must be an array of study ids"), S("write the ids"));
    else if (studies && text_list(l, studies))
        out->studies = studies;
    bool whole = member_text(l, entry, "source", &out->source);
    if (!member_text(l, entry, "performer", &out->performer) || !whole) return;
    bool reference = str_find_byte(out->performer, '/', 0) > 0;
    if (!reference && str_find_byte(out->performer, '|', 0) <= 0)
        set_problem(l, PROBLEM_ERROR, l->set->site.file, json_get(entry, "performer"), "value",
                    S("\"performer\" is neither a reference nor an identifier"),
                    S("write \"Practitioner/17\" or \"system|value\""));
}

void assertion_authors_read(loader *l, const json *list) {
    site *s = &l->set->site;
    s->authors = arena_new(l->arena, assertion_author, list->count);
    for (const json *entry = list->child; entry; entry = entry->next)
        read_author(l, entry, &s->authors[s->author_count++]);
}

/* --- the view --- */
static bool column_key(loader *l, const record_view *v, const char *name, model_key *out) {
    isize n;
    const view_column *columns = view_columns(v->view, &n);
    for (isize i = 0; i < n; i++)
        if (str_eq(columns[i].name, str_from(name))) {
            *out = v->columns[i];
            return true;
        }
    set_problem(l, PROBLEM_ERROR, v->file, v->file->root, "required",
                arena_printf(l->arena, "the view 'assertion' has no column '%s'", name),
                S("it needs effective, study, criterion, answer, performer and source"));
    return false;
}

void assertion_view_find(loader *l) {
    mappings *m = l->set;
    assertion_view *a = &m->assertions;
    a->view = views_find(m, S("assertion"));
    if (a->view < 0) {
        if (m->site.author_count)
            set_problem(l, PROBLEM_ERROR, m->site.file, json_get(m->site.root, "assertions"),
                        "not-found",
                        S("no view is named 'assertion': nothing tells decisions of "
                          "people from other resources"),
                        S("keep core/views/assertion.json, or leave \"assertions\" empty"));
        return;
    }
    const record_view *v = &m->views[a->view];
    if (!v->view) return; /* reported */
    column_key(l, v, "effective", &a->effective);
    column_key(l, v, "study", &a->study);
    column_key(l, v, "criterion", &a->criterion);
    column_key(l, v, "answer", &a->answer);
    column_key(l, v, "performer", &a->performer);
    column_key(l, v, "source", &a->source);
}

/* --- rows --- */
typedef struct decision {
    str source, by, at_text;
    when at;
    result answer;
} decision;

static bool author_for(const assertion_author *a, str study) {
    if (!a->studies) return true;
    for (const json *c = a->studies->child; c; c = c->next)
        if (str_eq(c->text, study)) return true;
    return false;
}

/* The feed of a row: named before its source where it is not the record's own. */
static str feed_of(const decider *d, str source) {
    isize bar = str_find_byte(source, '|', 0);
    if (bar > 0) return str_slice(source, 0, bar);
    return tape_child_text(d->run.tape, 0, d->set->key_feed, d->run.arena);
}

/* The first performer of the row that the site lists, or empty. */
static str listed_performer(const decider *d, uint32_t row, str feed) {
    const tape *t = d->run.tape;
    const site *s = &d->set->site;
    model_key key = d->set->assertions.performer;
    for (uint32_t p = tape_child(t, row, key); p != TAPE_NONE; p = tape_next(t, row, p)) {
        str performer = tape_text(t, p, d->run.arena);
        for (isize i = 0; i < s->author_count; i++) {
            const assertion_author *a = &s->authors[i];
            if (str_eq(a->source, feed) && str_eq(a->performer, performer) &&
                author_for(a, d->study->id))
                return performer;
        }
    }
    return (str){0};
}

/* Why the row does not count, or NULL with *out filled. */
static const char *row_decision(const decider *d, uint32_t row, decision *out) {
    const tape *t = d->run.tape;
    const assertion_view *a = &d->set->assertions;
    arena *arena = d->run.arena;
    int order = 0;
    out->source = tape_child_text(t, row, a->source, arena);
    out->by = listed_performer(d, row, feed_of(d, out->source));
    if (!out->by.n) return "its author or its feed is not listed under \"assertions\" in site.json";
    str answer = tape_child_text(t, row, a->answer, arena);
    if (!answer.n) return "its answer is neither met nor not-met";
    out->answer = str_eq(answer, result_name(RESULT_MET)) ? RESULT_MET : RESULT_NOT_MET;
    if (out->answer == RESULT_NOT_MET && !str_eq(answer, result_name(RESULT_NOT_MET)))
        return "its answer is neither met nor not-met";
    out->at_text = tape_child_text(t, row, a->effective, arena);
    if (!when_parse_datetime(out->at_text, &out->at)) return "it has no date";
    if (when_compare(out->at, d->run.now, &order) == TRI_TRUE && order > 0)
        return "it is dated after the evaluation";
    return NULL;
}

static bool concerns(const decider *d, uint32_t row, const criterion *c) {
    const tape *t = d->run.tape;
    const assertion_view *a = &d->set->assertions;
    return str_eq(tape_child_text(t, row, a->study, d->run.arena), d->study->id) &&
           str_eq(tape_child_text(t, row, a->criterion, d->run.arena), c->info.id);
}

typedef struct newest {
    decision decision;
    bool any, conflict;
    const char *ignored; /* why another one does not count */
} newest;

static void consider(newest *n, const decision *d) {
    int order = 0;
    if (!n->any) {
        n->decision = *d;
        n->any = true;
        return;
    }
    bool decided = when_compare(d->at, n->decision.at, &order) == TRI_TRUE;
    if (decided && order > 0) {
        n->decision = *d;
        n->conflict = false;
    } else if ((!decided || order == 0) && d->answer != n->decision.answer)
        n->conflict = true;
}

static newest newest_of(const decider *d, const criterion *c) {
    const tape *t = d->run.tape;
    const record_view *v = &d->set->views[d->set->assertions.view];
    newest found = {0};
    for (uint32_t i = 1; i < t->n; i = t->nodes[i].next) {
        decision one = {0};
        if (t->nodes[i].key != v->key || !concerns(d, i, c)) continue;
        const char *why = row_decision(d, i, &one);
        if (why)
            found.ignored = why;
        else
            consider(&found, &one);
    }
    return found;
}

/* --- what it settles --- */
static bool may_be_settled(reason r) {
    switch (r) {
    case REASON_NO_DATA:
    case REASON_STALE:
    case REASON_IMPRECISE:
    case REASON_AMBIGUOUS_SCALE:
    case REASON_AMBIGUOUS_SITE:
    case REASON_CONFLICT:
    case REASON_BAD_UNIT:
    case REASON_UNSUPPORTED_CODE:
    case REASON_NEEDS_HUMAN: return true;
    case REASON_NONE:
    case REASON_SOURCE_INCOMPLETE:
    case REASON_STALE_MAPPING:
    case REASON_LIMIT:
    case REASON_ERROR: break;
    }
    return false;
}

static void settle(decider *d, const decision *from, finding *f) {
    assertion *a = arena_new(d->run.arena, assertion, 1);
    *a = (assertion){.by = from->by,
                     .at = from->at_text,
                     .source = decider_reference(d, from->source),
                     .feed = feed_of(d, from->source)};
    str *evidence = arena_new(d->run.arena, str, f->evidence_count + 1);
    for (isize i = 0; i < f->evidence_count; i++) evidence[i] = f->evidence[i];
    evidence[f->evidence_count++] = a->source;
    f->evidence = evidence;
    f->result = from->answer;
    f->reason = REASON_NONE;
    f->detail = (str){0};
    f->asserted = a;
}

void assertion_apply(decider *d, const criterion *c, finding *f) {
    const mappings *m = d->set;
    if (m->assertions.view < 0) return;
    const record_view *v = &m->views[m->assertions.view];
    bool open = f->result == RESULT_UNKNOWN && may_be_settled(f->reason);
    if (open && mask_meets(&v->needs, &d->stale)) {
        f->reason = REASON_STALE_MAPPING;
        f->detail = S("decisions of people, read by an earlier mapping, wait to be read again");
        return;
    }
    newest found = newest_of(d, c);
    if (found.any && found.conflict && open) {
        f->reason = REASON_CONFLICT;
        f->detail = S("two decisions of people at the same time say the opposite");
    } else if (found.any && open)
        settle(d, &found.decision, f);
    else if (found.any && (f->result == RESULT_MET || f->result == RESULT_NOT_MET) &&
             !found.conflict && found.decision.answer != f->result)
        f->detail = S("a person decided the opposite; the data on record count");
    else if (found.ignored && open) {
        f->ignored = found.ignored;
        f->detail =
            arena_printf(d->run.arena, "a person's decision does not count: %s", found.ignored);
    }
}
