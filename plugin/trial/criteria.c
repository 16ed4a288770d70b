/* SPDX-License-Identifier: Apache-2.0 */
/* One criterion over one record: met, not-met, unknown with its reason, or not-applicable, in the
 * order of contracts.md ("First that holds"), with the resources it rests on. */
#include "trial/decide.h"

static bool run_test(decider *d, const program *p, tri *out, finding *f) {
    *out = TRI_UNKNOWN;
    if (!p) return true;
    path_status status = path_test(p, &d->run, 0, out);
    if (status == PATH_OK) return true;
    if (f->result == RESULT_UNKNOWN && f->reason == REASON_NONE) {
        f->reason = status == PATH_LIMIT ? REASON_LIMIT : REASON_ERROR;
        f->detail = arena_printf(d->run.arena, "%.*s: %s", STR_ARGS(path_source(p)), d->run.reason);
    }
    return false;
}

/* --- evidence --- */
uint32_t decider_row(const decider *d, item it) {
    const tape *t = d->run.tape;
    for (uint32_t i = 1; it.kind == ITEM_NODE && i < t->n; i = t->nodes[i].next)
        if (it.node >= i && it.node < t->nodes[i].next) return i;
    return TAPE_NONE;
}

/* The version under which the record holds a source. */
static str version_of(const decider *d, str source) {
    const tape *t = d->run.tape;
    for (uint32_t i = 1; i < t->n; i = t->nodes[i].next) {
        str version = tape_child_text(t, i, d->set->key_version, d->run.arena);
        if (version.n && str_eq(tape_child_text(t, i, d->set->key_source, d->run.arena), source))
            return version;
    }
    return (str){0};
}

str decider_reference(const decider *d, str source) {
    str version = version_of(d, source);
    bool versioned = version.n && !str_starts(version, S("sha256:"));
    return versioned ? arena_printf(d->run.arena, "%.*s/_history/%.*s", STR_ARGS(source),
                                    STR_ARGS(version))
                     : source;
}

typedef struct references {
    str *list;
    isize n, cap;
} references;

static void add_reference(decider *d, references *r, str source) {
    str text = decider_reference(d, source);
    for (isize i = 0; i < r->n; i++)
        if (str_eq(r->list[i], text)) return;
    if (r->n == r->cap) {
        isize cap = r->cap ? r->cap * 2 : 4;
        r->list =
            arena_grow(d->run.arena, r->list, r->n, cap, (isize)sizeof(str), (isize) _Alignof(str));
        r->cap = cap;
    }
    r->list[r->n++] = text;
}

const str *decider_evidence(decider *d, const collection *rows, isize *n) {
    const tape *t = d->run.tape;
    references r = {0};
    for (isize i = 0; i < rows->n; i++) {
        uint32_t row = decider_row(d, rows->items[i]);
        if (row == TAPE_NONE) continue;
        for (uint32_t s = tape_child(t, row, d->set->key_source); s != TAPE_NONE;
             s = tape_next(t, row, s))
            add_reference(d, &r, tape_text(t, s, d->run.arena));
    }
    *n = r.n;
    return r.list;
}

/* --- the order of contracts.md --- */
typedef struct answers {
    tri applies, met, not_met;
    bool has_evidence;
    reason unknown; /* of the first `unknown.when` that holds, or REASON_NONE */
} answers;

static bool run_evidence(decider *d, const criterion *c, answers *a, finding *f) {
    collection rows = {NULL, 0};
    if (!c->evidence) return true;
    path_status status = path_evaluate(c->evidence, &d->run, 0, &rows);
    if (status != PATH_OK && f->reason == REASON_NONE) {
        f->reason = status == PATH_LIMIT ? REASON_LIMIT : REASON_ERROR;
        f->detail = arena_printf(d->run.arena, "%.*s: %s", STR_ARGS(path_source(c->evidence)),
                                 d->run.reason);
    }
    a->has_evidence = rows.n > 0;
    f->evidence = decider_evidence(d, &rows, &f->evidence_count);
    return status == PATH_OK;
}

/* Every expression is run, so that a limit or an error anywhere is seen first. */
static bool run_all(decider *d, const criterion *c, answers *a, finding *f) {
    bool ok = run_test(d, c->applies, &a->applies, f);
    ok = run_evidence(d, c, a, f) && ok;
    ok = run_test(d, c->met, &a->met, f) && ok;
    ok = run_test(d, c->not_met, &a->not_met, f) && ok;
    if (!c->applies) a->applies = TRI_TRUE;
    if (!c->not_met) a->not_met = tri_not(a->met);
    for (isize i = 0; i < c->unknown_count; i++) {
        tri holds;
        ok = run_test(d, c->unknown[i].when, &holds, f) && ok;
        if (holds == TRI_TRUE && a->unknown == REASON_NONE) a->unknown = c->unknown[i].reason;
    }
    return ok;
}

static void set_unknown(finding *f, reason why) {
    f->result = RESULT_UNKNOWN;
    f->reason = why;
}

static reason reason_or(reason of_rule, reason otherwise) {
    return of_rule != REASON_NONE ? of_rule : otherwise;
}

static void decide_without_evidence(const criterion *c, const answers *a, finding *f) {
    if (a->unknown != REASON_NONE || c->absent == RESULT_UNKNOWN)
        set_unknown(f, reason_or(a->unknown, REASON_NO_DATA));
    else
        f->result = c->absent;
}

static void decide(const criterion *c, const answers *a, finding *f) {
    if (a->applies == TRI_FALSE)
        f->result = RESULT_NOT_APPLICABLE;
    else if (a->applies == TRI_UNKNOWN)
        set_unknown(f, reason_or(a->unknown, REASON_NO_DATA));
    else if (c->unset)
        set_unknown(f, REASON_SOURCE_INCOMPLETE);
    else if (c->info.human)
        set_unknown(f, REASON_NEEDS_HUMAN);
    else if (!a->has_evidence)
        decide_without_evidence(c, a, f);
    else if (a->met == TRI_TRUE && a->not_met == TRI_TRUE)
        set_unknown(f, REASON_CONFLICT);
    else if (a->met == TRI_TRUE)
        f->result = RESULT_MET;
    else if (a->not_met == TRI_TRUE)
        f->result = RESULT_NOT_MET;
    else
        set_unknown(f, reason_or(a->unknown, REASON_ERROR));
}

void criterion_decide(decider *d, const criterion *c, finding *f) {
    answers a = {0};
    *f = (finding){.criterion = &c->info, .result = RESULT_UNKNOWN};
    bool ok = run_all(d, c, &a, f);
    if (mask_meets(&c->needs, &d->stale)) {
        set_unknown(f, REASON_STALE_MAPPING);
        f->detail = S("rows made by an earlier mapping wait to be made again");
    } else if (mask_meets(&c->needs, &d->broken)) {
        set_unknown(f, REASON_ERROR);
        f->detail = S("a resource could not be read into a view that this criterion uses");
    } else if (decider_trust(d, &c->defines) != REASON_NONE) {
        set_unknown(f, decider_trust(d, &c->defines));
        f->detail = S("an expression that this criterion leans on");
    } else if (ok) {
        decide(c, &a, f);
        assertion_apply(d, c, f);
    }
}
