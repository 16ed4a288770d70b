/* SPDX-License-Identifier: Apache-2.0 */
/* The criteria and contradictions of a protocol: read, checked against each other, compiled. */
#include "trial/set.h"

static void report(loader *l, const study *s, const json *where, const char *code, str text,
                   str remedy) {
    set_problem(l, PROBLEM_ERROR, s->file, where, code, text, remedy);
}

static str needed_text(loader *l, const study *s, const json *object, const char *name) {
    const json *value = json_get(object, name);
    if (value && value->kind == JSON_STRING && value->text.n) return value->text;
    report(l, s, value ? value : object, "required",
           arena_printf(l->arena, "\"%s\" must be a text", name), S("add it"));
    return (str){0};
}

/* Position of the text among `names`; reports otherwise. */
static isize choose(loader *l, const study *s, const json *value, const str *names, isize n) {
    for (isize i = 0; value && i < n; i++)
        if (str_eq(value->text, names[i])) return i;
    if (!value) return -1;
    str near = problem_nearest(value->text, names, n);
    buf all = buf_new(l->arena, LIMIT_CONFIG_BYTES, "a list of words");
    for (isize i = 0; i < n; i++) buf_printf(&all, "%s%.*s", i ? ", " : "", STR_ARGS(names[i]));
    report(l, s, value, "value",
           arena_printf(l->arena, "\"%.*s\" cannot be '%.*s'", STR_ARGS(value->name),
                        STR_ARGS(value->text)),
           near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                  : arena_printf(l->arena, "one of %.*s", STR_ARGS(buf_str(&all))));
    return -1;
}

static void read_flag_member(loader *l, const study *s, const json *object, const char *name,
                             bool *out) {
    const json *value = json_get(object, name);
    *out = value && value->kind == JSON_TRUE;
    if (value && value->kind != JSON_TRUE && value->kind != JSON_FALSE)
        report(l, s, value, "structure", arena_printf(l->arena, "\"%s\" is true or false", name),
               set_form(JSON_TRUE));
}

/* --- what the expressions lean on --- */
static void gather_facts(loader *l, const study *s, criterion *c, const json *definition) {
    static const char *const names[] = {"applies", "evidence", "met", "notMet", "unknown"};
    const mappings *m = l->set;
    expression_facts facts = {0};
    for (isize i = 0; i < COUNT_OF(names); i++)
        expression_facts_add(m, s, json_get(definition, names[i]), &facts);
    c->defines = facts.defines;
    c->unset = facts.unset;
    c->info.uses_now = facts.now;
    for (isize i = 0; i < m->view_count; i++) {
        if (!mask_has(&facts.views, i)) continue;
        mask_join(&c->needs, &m->views[i].needs);
        c->unset = c->unset || m->views[i].unset;
        c->info.uses_now = c->info.uses_now || m->views[i].now;
    }
}

static void read_absent(loader *l, const study *s, criterion *c, const json *definition) {
    static const str words[] = {S_INIT("unknown"), S_INIT("met"), S_INIT("not-met")};
    static const result results[] = {RESULT_UNKNOWN, RESULT_MET, RESULT_NOT_MET};
    const mappings *m = l->set;
    const json *absent = json_get(definition, "absent"), *view = json_get(definition, "view");
    isize choice = choose(l, s, absent, words, COUNT_OF(words));
    c->absent = RESULT_UNKNOWN;
    if (view && views_find(m, view->text) < 0) {
        str *names = arena_new(l->arena, str, m->view_count);
        for (isize i = 0; i < m->view_count; i++) names[i] = m->views[i].name;
        str near = problem_nearest(view->text, names, m->view_count);
        report(l, s, view, "not-found",
               arena_printf(l->arena, "there is no view '%.*s'", STR_ARGS(view->text)),
               near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                      : S("name a view of core/views, or of this study"));
        return;
    }
    if (choice <= 0) return;
    if (!view)
        report(l, s, absent, "required",
               S("an \"absent\" that decides needs the \"view\" whose completeness it rests on"),
               S("name the view that the site may declare complete"));
    else if (site_complete(&m->site, view->text))
        c->absent = results[choice];
}

unknown_rule *criteria_unknown(loader *l, const study *scope, const study *s,
                               const json *definition, isize *count) {
    static const char *const members[] = {"when", "reason", NULL};
    static const reason reasons[] = {REASON_NO_DATA,        REASON_STALE,
                                     REASON_IMPRECISE,      REASON_AMBIGUOUS_SCALE,
                                     REASON_AMBIGUOUS_SITE, REASON_CONFLICT,
                                     REASON_BAD_UNIT,       REASON_UNSUPPORTED_CODE,
                                     REASON_NEEDS_HUMAN,    REASON_SOURCE_INCOMPLETE,
                                     REASON_STALE_MAPPING,  REASON_LIMIT,
                                     REASON_ERROR};
    const json *list = json_get(definition, "unknown");
    *count = 0;
    if (!list) return NULL;
    if (list->kind != JSON_ARRAY) {
        report(l, s, list, "structure", S("\"unknown\" must be an array"),
               S("write [{\"when\": ..., \"reason\": ...}]"));
        return NULL;
    }
    str names[COUNT_OF(reasons)];
    for (isize i = 0; i < COUNT_OF(reasons); i++) names[i] = reason_name(reasons[i]);
    unknown_rule *rules = arena_new(l->arena, unknown_rule, list->count);
    for (const json *u = list->child; u; u = u->next) {
        json_only(u, members, s->file->name, l->found);
        needed_text(l, s, u, "when");
        needed_text(l, s, u, "reason");
        isize which = choose(l, s, json_get(u, "reason"), names, COUNT_OF(reasons));
        expression_facts facts = {0}; /* marks the names used */
        expression_facts_add(l->set, s, json_get(u, "when"), &facts);
        const program *when = study_expression(l, scope, json_get(u, "when"), true);
        if (which >= 0 && when) rules[(*count)++] = (unknown_rule){when, reasons[which]};
    }
    return rules;
}

static void warn_evidence(loader *l, const study *s, const json *evidence, const program *p) {
    model_type type = path_result_type(p);
    if (type == TYPE_NONE || !model_is_primitive(l->set->model, type)) return;
    set_problem(l, PROBLEM_WARNING, s->file, evidence, "informational",
                S("\"evidence\" should give rows, not values: a value's row is taken as evidence, "
                  "a computed one has none"),
                S("end the expression at the view's rows"));
}

/* A guideline excludes nobody, and a study has no rules. */
static void check_kind(loader *l, const study *s, const criterion *c, const json *where) {
    criterion_kind kind = c->info.kind;
    if (!where || kind == CRITERION_REPORT || (kind == CRITERION_RULE) == s->guideline) return;
    report(l, s, where, "invariant",
           s->guideline ? S("a guideline has rules and reports")
                        : S("a study has inclusions, exclusions and reports"),
           s->guideline ? S("write \"rule\" or \"report\"")
                        : S("write \"inclusion\", \"exclusion\" or \"report\""));
}

static void read_criterion(loader *l, const study *s, criterion *c, const json *definition) {
    static const char *const members[] = {"id",       "kind",  "text",      "pair",    "applies",
                                          "evidence", "met",   "notMet",    "unknown", "absent",
                                          "view",     "human", "transient", "note",    NULL};
    static const str kinds[] = {S_INIT("inclusion"), S_INIT("exclusion"), S_INIT("report"),
                                S_INIT("rule")};
    static const criterion_kind meanings[] = {CRITERION_INCLUSION, CRITERION_EXCLUSION,
                                              CRITERION_REPORT, CRITERION_RULE};
    json_only(definition, members, s->file->name, l->found);
    c->info.id = needed_text(l, s, definition, "id");
    c->info.text = needed_text(l, s, definition, "text");
    needed_text(l, s, definition, "kind");
    c->info.pair = json_text(definition, "pair");
    isize kind = choose(l, s, json_get(definition, "kind"), kinds, COUNT_OF(kinds));
    c->info.kind = kind < 0 ? CRITERION_INCLUSION : meanings[kind];
    check_kind(l, s, c, json_get(definition, "kind"));
    read_flag_member(l, s, definition, "human", &c->info.human);
    read_flag_member(l, s, definition, "transient", &c->info.transient);
    const json *evidence = json_get(definition, "evidence"), *met = json_get(definition, "met");
    if (!c->info.human && (!evidence || !met))
        report(l, s, definition, "required",
               S("a criterion that no person decides needs \"evidence\" and \"met\""),
               S("add them, or declare \"human\": true"));
    c->applies = study_expression(l, s, json_get(definition, "applies"), true);
    c->evidence = study_expression(l, s, evidence, false);
    c->met = study_expression(l, s, met, true);
    c->not_met = study_expression(l, s, json_get(definition, "notMet"), true);
    if (c->evidence) warn_evidence(l, s, evidence, c->evidence);
    c->unknown = criteria_unknown(l, s, s, definition, &c->unknown_count);
    read_absent(l, s, c, definition);
    gather_facts(l, s, c, definition);
}

/* --- criteria among each other --- */
static criterion *find_criterion(const study *s, str id) {
    for (isize i = 0; i < s->criterion_count; i++)
        if (str_eq(s->criteria[i].info.id, id)) return &s->criteria[i];
    return NULL;
}

static void unknown_criterion(loader *l, const study *s, const json *where) {
    str *names = arena_new(l->arena, str, s->criterion_count);
    for (isize i = 0; i < s->criterion_count; i++) names[i] = s->criteria[i].info.id;
    str near = problem_nearest(where->text, names, s->criterion_count);
    report(l, s, where, "not-found",
           arena_printf(l->arena, "there is no criterion '%.*s'", STR_ARGS(where->text)),
           near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                  : S("name one of this study's criteria"));
}

static void check_pairs(loader *l, const study *s, const json *list) {
    for (const json *definition = list->child; definition; definition = definition->next) {
        const json *pair = json_get(definition, "pair");
        if (!pair) continue;
        const criterion *other = find_criterion(s, pair->text);
        if (!other)
            unknown_criterion(l, s, pair);
        else if (!str_eq(other->info.pair, json_text(definition, "id")))
            report(l, s, pair, "invariant", S("a pair must name each other"),
                   S("add \"pair\" to the other criterion"));
    }
}

/* Only inclusions may screen: an exclusion that nobody checked must not keep a patient unseen. */
static void read_screening(loader *l, study *s) {
    const json *list = json_get(s->file->root, "screening");
    if (s->guideline) {
        if (list)
            report(l, s, list, "invariant", S("a guideline has no \"screening\""),
                   S("remove it: a rule that is met asks for the Flag by itself"));
        return;
    }
    if (!list || list->kind != JSON_ARRAY || list->count == 0) {
        report(l, s, list ? list : s->file->root, "required",
               S("\"screening\" must list at least one inclusion criterion"),
               S("without it every unknown patient would raise a Flag"));
        return;
    }
    for (const json *id = list->child; id; id = id->next) {
        criterion *c = find_criterion(s, id->text);
        if (!c) {
            unknown_criterion(l, s, id);
            continue;
        }
        if (c->info.kind != CRITERION_INCLUSION)
            report(l, s, id, "invariant", S("a screening criterion must be an inclusion"),
                   S("take it out of \"screening\""));
        c->info.screening = true;
    }
}

static void read_contradictions(loader *l, study *s) {
    static const char *const members[] = {"id", "when", "text", NULL};
    const json *list = json_get(s->file->root, "contradictions");
    if (!list) return;
    if (list->kind != JSON_ARRAY) {
        report(l, s, list, "structure", S("\"contradictions\" must be an array"),
               S("write [{\"id\": ..., \"when\": ..., \"text\": ...}]"));
        return;
    }
    s->contradictions = arena_new(l->arena, contradiction_rule, list->count);
    for (const json *c = list->child; c; c = c->next) {
        json_only(c, members, s->file->name, l->found);
        contradiction_rule rule = {
            .shown = {needed_text(l, s, c, "id"), needed_text(l, s, c, "text")}};
        needed_text(l, s, c, "when");
        rule.when = study_expression(l, s, json_get(c, "when"), true);
        expression_facts facts = {0};
        expression_facts_add(l->set, s, json_get(c, "when"), &facts);
        if (rule.when) s->contradictions[s->contradiction_count++] = rule;
    }
}

void criteria_compile(loader *l, study *s) {
    const json *list = json_get(s->file->root, "criteria");
    if (!list || list->kind != JSON_ARRAY || list->count == 0) {
        report(l, s, list ? list : s->file->root, "required", S("a protocol needs \"criteria\""),
               S("add an array of criteria"));
        return;
    }
    s->criteria = arena_new(l->arena, criterion, list->count);
    for (const json *c = list->child; c; c = c->next) {
        if (find_criterion(s, json_text(c, "id")))
            report(l, s, json_get(c, "id"), "duplicate", S("two criteria have this id"),
                   S("rename one"));
        read_criterion(l, s, &s->criteria[s->criterion_count], c);
        s->criterion_count++;
    }
    check_pairs(l, s, list);
    read_screening(l, s);
    read_contradictions(l, s);
}
