/* SPDX-License-Identifier: Apache-2.0 */
/* How a study is conducted, as protocol.json says it: arms, dose schemes, anchors, visits and
 * endpoints. Everything is read, checked against each other and compiled; visits.c and
 * endpoints.c evaluate it. A visit's tolerance is a parameter, because sources seldom state one:
 * while the site has not set it, the visit has no window. */
#include "trial/set.h"

static void report(loader *l, const study *s, const json *where, const char *code, str text,
                   str remedy) {
    set_problem(l, PROBLEM_ERROR, s->file, where, code, text, remedy);
}

static str needed_text(loader *l, const study *s, const json *object, const char *name) {
    const json *value = json_get(object, name);
    if (value && value->kind == JSON_STRING && value->text.n) return value->text;
    report(l, s, value ? value : object, value ? "structure" : "required",
           arena_printf(l->arena, "\"%s\" must be a text", name), S("add it"));
    return (str){0};
}

/* The array `name` of the object, or NULL; every element must be of `kind`. */
static const json *list_of(loader *l, const study *s, const json *object, const char *name,
                           json_kind kind) {
    const json *list = json_get(object, name);
    bool whole = list && list->kind == JSON_ARRAY;
    for (const json *c = whole ? list->child : NULL; c; c = c->next)
        whole = whole && c->kind == kind;
    if (list && !whole)
        report(l, s, list, "structure",
               arena_printf(l->arena, "\"%s\" must be an array of %s", name,
                            kind == JSON_STRING ? "strings" : "objects"),
               kind == JSON_STRING ? S("write [\"...\", \"...\"]") : S("write [{ ... }, { ... }]"));
    return whole ? list : NULL;
}

/* Ids of one list: unique, and found again by other lists. `ids` grows with the list. */
static str new_id(loader *l, const study *s, const json *object, const str *ids, isize n) {
    str id = needed_text(l, s, object, "id");
    for (isize i = 0; id.n && i < n; i++)
        if (str_eq(ids[i], id))
            report(l, s, json_get(object, "id"), "duplicate",
                   arena_printf(l->arena, "the id '%.*s' is taken", STR_ARGS(id)),
                   S("choose another"));
    return id;
}

static isize find_id(loader *l, const study *s, const json *where, const char *what, const str *ids,
                     isize n) {
    for (isize i = 0; i < n; i++)
        if (str_eq(ids[i], where->text)) return i;
    str near = problem_nearest(where->text, ids, n);
    report(l, s, where, "not-found",
           arena_printf(l->arena, "there is no %s '%.*s'", what, STR_ARGS(where->text)),
           near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                  : arena_printf(l->arena, "name one of this study's %ss", what));
    return -1;
}

/* A list of ids as places in the list that they name. */
static isize *find_ids(loader *l, const study *s, const json *object, const char *name,
                       const char *what, const str *ids, isize n, isize *count) {
    const json *list = list_of(l, s, object, name, JSON_STRING);
    isize *found = arena_new(l->arena, isize, list ? list->count : 0);
    *count = 0;
    for (const json *c = list ? list->child : NULL; c; c = c->next) {
        isize at = find_id(l, s, c, what, ids, n);
        if (at >= 0) found[(*count)++] = at;
    }
    return found;
}

/* --- expressions --- */
/* Joins what the views that are mentioned lean on. */
static void follow_views(const mappings *m, expression_facts *facts) {
    view_mask mentioned = facts->views;
    for (isize i = 0; i < m->view_count; i++) {
        if (!mask_has(&mentioned, i)) continue;
        mask_join(&facts->views, &m->views[i].needs);
        facts->unset = facts->unset || m->views[i].unset;
        facts->now = facts->now || m->views[i].now;
    }
}

static measure compile(loader *l, const study *scope, const study *s, const json *text,
                       bool boolean) {
    measure out = {0};
    expression_facts_add(l->set, s, text, &out.facts);
    follow_views(l->set, &out.facts);
    out.program = study_expression(l, scope, text, boolean);
    return out;
}

static measure compile_needed(loader *l, const study *s, const json *object, const char *name,
                              bool boolean) {
    needed_text(l, s, object, name);
    return compile(l, s, s, json_get(object, name), boolean);
}

/* --- schemes and arms --- */
static void read_scheme(loader *l, study *s, const json *object, str *ids) {
    static const char *const members[] = {"id", "text", "dose", "fractions", "rows", NULL};
    scheme *out = &s->schemes[s->scheme_count];
    json_only(object, members, s->file->name, l->found);
    out->id = ids[s->scheme_count] = new_id(l, s, object, ids, s->scheme_count);
    out->text = needed_text(l, s, object, "text");
    const json *dose = json_get(object, "dose"), *fractions = json_get(object, "fractions");
    if (!dose || !parameter_value(l->arena, dose, S("Quantity"), &out->dose))
        report(l, s, dose ? dose : object, "value", S("a scheme needs a \"dose\""),
               S("write {\"value\": 30, \"unit\": \"Gy\"}"));
    if (!fractions || !parameter_value(l->arena, fractions, S("integer"), &out->fractions))
        report(l, s, fractions ? fractions : object, "value", S("a scheme needs \"fractions\""),
               S("write a whole number"));
    out->rows = compile_needed(l, s, object, "rows", false);
    s->scheme_count++;
}

static void read_arm(loader *l, study *s, const json *object, str *ids, const str *schemes) {
    static const char *const members[] = {"id", "title", "text", "assigned", "schemes", NULL};
    arm *out = &s->arms[s->arm_count];
    json_only(object, members, s->file->name, l->found);
    out->id = ids[s->arm_count] = new_id(l, s, object, ids, s->arm_count);
    out->title = needed_text(l, s, object, "title");
    needed_text(l, s, object, "text");
    out->assigned = compile_needed(l, s, object, "assigned", true);
    out->schemes =
        find_ids(l, s, object, "schemes", "scheme", schemes, s->scheme_count, &out->scheme_count);
    s->arm_count++;
}

/* --- anchors and visits --- */
static void check_date(loader *l, const study *s, const json *text, const program *p) {
    if (!p) return;
    str type = model_type_name(l->set->model, path_result_type(p));
    bool date = path_result_type(p) == TYPE_NONE || str_eq(type, S("date")) ||
                str_eq(type, S("dateTime")) || str_eq(type, S("instant"));
    if (!date || path_result_many(p))
        report(l, s, text, "invariant", S("an anchor must be one date"),
               S("name a date of one row: sort(...).first().start"));
}

static void read_anchor(loader *l, study *s, const json *object, const str *arms) {
    static const char *const members[] = {"id", "arm", "text", "date", NULL};
    anchor *out = &s->anchors[s->anchor_count];
    json_only(object, members, s->file->name, l->found);
    out->id = needed_text(l, s, object, "id");
    needed_text(l, s, object, "text");
    const json *of_arm = json_get(object, "arm");
    out->arm = of_arm ? find_id(l, s, of_arm, "arm", arms, s->arm_count) : -1;
    for (isize i = 0; i < s->anchor_count; i++)
        if (str_eq(s->anchors[i].id, out->id) && s->anchors[i].arm == out->arm)
            report(l, s, object, "duplicate",
                   arena_printf(l->arena, "there is another anchor '%.*s' for %s",
                                STR_ARGS(out->id), of_arm ? "this arm" : "all arms"),
                   S("one anchor an id and arm"));
    out->date = compile_needed(l, s, object, "date", false);
    check_date(l, s, json_get(object, "date"), out->date.program);
    s->anchor_count++;
}

/* An anchor is named by its id; the arm of the subject then chooses among those of that id. */
static str find_anchor(loader *l, const study *s, const json *object) {
    str name = needed_text(l, s, object, "anchor");
    str *ids = arena_new(l->arena, str, s->anchor_count);
    for (isize i = 0; i < s->anchor_count; i++) ids[i] = s->anchors[i].id;
    if (name.n) find_id(l, s, json_get(object, "anchor"), "anchor", ids, s->anchor_count);
    return name;
}

/* A tolerance is a whole number of days, weeks, months or years; where the site has set it, the
 * mistake is the site's. */
static void check_tolerance(loader *l, const study *s, const json *where, isize slot) {
    when_unit unit;
    if (!str_eq(model_type_name(l->set->model, s->names[slot].type), S("Quantity"))) {
        report(l, s, where, "value", S("a tolerance must be a Quantity parameter"),
               S("declare it with \"type\": \"Quantity\""));
        return;
    }
    if (s->values[slot].n != 1) return;
    const quantity_value *q = s->values[slot].items[0].quantity;
    if (parameter_days(q, &unit) && decimal_is_integer(q->value) && q->value.coef >= 0) return;
    const json *theirs = site_parameter(&l->set->site, s->file->study, s->names[slot].name);
    set_problem(l, PROBLEM_ERROR, theirs ? l->set->site.file : s->file, theirs ? theirs : where,
                "value", S("a visit's tolerance must be a whole number of days or longer"),
                S("write {\"value\": 3, \"unit\": \"days\"}"));
}

/* "before" and "after" name Quantity parameters. */
static isize find_tolerance(loader *l, const study *s, const json *object, const char *name) {
    isize n = s->define_first - NAME_FIRST_PARAMETER;
    str *names = arena_new(l->arena, str, n);
    for (isize i = 0; i < n; i++) names[i] = s->names[NAME_FIRST_PARAMETER + i].name;
    if (!needed_text(l, s, object, name).n) return -1;
    const json *where = json_get(object, name);
    isize at = find_id(l, s, where, "parameter", names, n);
    if (at < 0) return -1;
    isize slot = NAME_FIRST_PARAMETER + at;
    s->used[slot] = true;
    check_tolerance(l, s, where, slot);
    return slot;
}

static void read_visit(loader *l, study *s, const json *object, str *ids) {
    static const char *const members[] = {"id",     "title",  "text",  "anchor",
                                          "offset", "before", "after", NULL};
    visit *out = &s->visits[s->visit_count];
    json_only(object, members, s->file->name, l->found);
    out->id = ids[s->visit_count] = new_id(l, s, object, ids, s->visit_count);
    out->title = needed_text(l, s, object, "title");
    needed_text(l, s, object, "text");
    out->anchor = find_anchor(l, s, object);
    const json *offset = json_get(object, "offset");
    when_unit unit;
    bool calendar = offset && parameter_value(l->arena, offset, S("Quantity"), &out->offset) &&
                    out->offset.quantity->calendar && parameter_days(out->offset.quantity, &unit) &&
                    decimal_is_integer(out->offset.quantity->value);
    if (!calendar)
        report(l, s, offset ? offset : object, "value",
               S("a visit needs an \"offset\" in calendar units, in whole days or longer"),
               S("write {\"value\": 3, \"unit\": \"months\"}"));
    out->before = find_tolerance(l, s, object, "before");
    out->after = find_tolerance(l, s, object, "after");
    s->visit_count++;
}

/* --- endpoints --- */
/* Names that an endpoint's expressions may use beside the study's. */
static study scope_of(loader *l, const study *s) {
    model_type date = model_find_type(l->set->model, S("date"));
    model_type code = model_find_type(l->set->model, S("code"));
    study scope = *s;
    scope.names = arena_new(l->arena, path_constant, s->name_count + ENDPOINT_NAMES);
    for (isize i = 0; i < s->name_count; i++) scope.names[i] = s->names[i];
    path_constant *more = scope.names + s->name_count;
    more[ENDPOINT_ANCHOR] = (path_constant){.name = S("anchor"), .type = date};
    more[ENDPOINT_FROM] = (path_constant){.name = S("from"), .type = date};
    more[ENDPOINT_TO] = (path_constant){.name = S("to"), .type = date};
    more[ENDPOINT_ARM] = (path_constant){.name = S("arm"), .type = code};
    more[ENDPOINT_VISIT] = (path_constant){.name = S("visit"), .type = code};
    scope.name_count = s->name_count + ENDPOINT_ROWS;
    return scope;
}

/* What is worked out first becomes a name for what follows. Values are one by then (endpoints.c).
 */
static void bind(study *scope, const study *s, int which, str name, const measure *m) {
    path_constant *c = &scope->names[s->name_count + which];
    *c = (path_constant){.name = name, .clock = m->facts.now, .many = which == ENDPOINT_ROWS};
    if (m->program) c->type = path_result_type(m->program);
    scope->name_count = s->name_count + which + 1;
}

static measure compile_value(loader *l, const study *scope, const study *s, const json *object,
                             const char *name) {
    const json *text = json_get(object, name);
    measure out = compile(l, scope, s, text, false);
    model_type type = out.program ? path_result_type(out.program) : TYPE_NONE;
    if (type != TYPE_NONE && !model_is_primitive(l->set->model, type))
        report(l, s, text, "invariant",
               arena_printf(l->arena, "\"%s\" must be a value, not a row", name),
               S("name a column: %rows.sort(...).last().score"));
    return out;
}

static measure compile_change(loader *l, const study *scope, const study *s, const json *object) {
    measure out = compile_value(l, scope, s, object, "change");
    if (out.program && path_result_many(out.program))
        report(l, s, json_get(object, "change"), "invariant", S("\"change\" must be one value"),
               S("write %baseline - %value"));
    return out;
}

static void read_role(loader *l, const study *s, const json *object, endpoint *out) {
    static const str roles[] = {S_INIT("primary"), S_INIT("secondary"), S_INIT("safety"),
                                S_INIT("conduct")};
    out->role = needed_text(l, s, object, "role");
    for (isize i = 0; i < COUNT_OF(roles); i++)
        if (str_eq(out->role, roles[i])) return;
    if (!out->role.n) return;
    str near = problem_nearest(out->role, roles, COUNT_OF(roles));
    report(l, s, json_get(object, "role"), "value",
           S("a role is primary, secondary, safety or conduct"),
           near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                  : S("choose one of them"));
}

/* At visits, or once: then an anchor may be named. */
static void read_times(loader *l, const study *s, const json *object, const str *visits,
                       endpoint *out) {
    out->visits =
        find_ids(l, s, object, "visits", "visit", visits, s->visit_count, &out->visit_count);
    if (!json_get(object, "anchor")) return;
    out->anchor = find_anchor(l, s, object);
    if (out->visit_count)
        report(l, s, json_get(object, "anchor"), "invariant",
               S("an endpoint at visits has the anchors of its visits"), S("remove \"anchor\""));
}

/* Rows are assigned to visits, so they need visits, and must be rows. */
static measure compile_rows(loader *l, const study *scope, const study *s, const json *object,
                            const endpoint *e) {
    const json *text = json_get(object, "rows");
    measure out = compile(l, scope, s, text, false);
    model_type type = out.program ? path_result_type(out.program) : TYPE_NONE;
    if (text && !e->visit_count)
        report(l, s, text, "invariant", S("\"rows\" are those at a visit"),
               S("name \"visits\", or write \"evidence\""));
    if (type != TYPE_NONE && model_is_primitive(l->set->model, type))
        report(l, s, text, "invariant", S("\"rows\" must be rows of the record"),
               S("end the expression at the view's rows"));
    return out;
}

static void read_facts(loader *l, const study *s, const json *object, endpoint *out) {
    const measure *all[] = {&out->applies, &out->rows,   &out->evidence, &out->baseline,
                            &out->value,   &out->change, &out->met,      &out->not_met};
    expression_facts_add(l->set, s, json_get(object, "unknown"), &out->facts);
    follow_views(l->set, &out->facts);
    for (isize i = 0; i < COUNT_OF(all); i++) {
        mask_join(&out->facts.defines, &all[i]->facts.defines);
        mask_join(&out->facts.views, &all[i]->facts.views);
        out->facts.unset = out->facts.unset || all[i]->facts.unset;
    }
}

static void read_measures(loader *l, const study *s, const json *object, endpoint *out) {
    study scope = scope_of(l, s);
    out->applies = compile(l, &scope, s, json_get(object, "applies"), true);
    out->rows = compile_rows(l, &scope, s, object, out);
    bind(&scope, s, ENDPOINT_ROWS, S("rows"), &out->rows);
    out->evidence = compile(l, &scope, s, json_get(object, "evidence"), false);
    out->baseline = compile_value(l, &scope, s, object, "baseline");
    bind(&scope, s, ENDPOINT_BASELINE, S("baseline"), &out->baseline);
    out->value = compile_value(l, &scope, s, object, "value");
    bind(&scope, s, ENDPOINT_VALUE, S("value"), &out->value);
    out->change = compile_change(l, &scope, s, object);
    bind(&scope, s, ENDPOINT_CHANGE, S("change"), &out->change);
    out->met = compile(l, &scope, s, json_get(object, "met"), true);
    out->not_met = compile(l, &scope, s, json_get(object, "notMet"), true);
    out->unknown = criteria_unknown(l, &scope, s, object, &out->unknown_count);
    if (!out->evidence.program) out->evidence = out->rows;
    read_facts(l, s, object, out);
}

static void read_endpoint(loader *l, study *s, const json *object, str *ids, const str *visits) {
    static const char *const members[] = {"id",      "role",       "text",     "visits",   "anchor",
                                          "applies", "rows",       "evidence", "baseline", "value",
                                          "change",  "met",        "notMet",   "unknown",  "human",
                                          "count",   "incomplete", "note",     NULL};
    endpoint *out = &s->endpoints[s->endpoint_count];
    json_only(object, members, s->file->name, l->found);
    out->id = ids[s->endpoint_count] = new_id(l, s, object, ids, s->endpoint_count);
    out->text = needed_text(l, s, object, "text");
    out->human = json_is_true(object, "human");
    out->count = json_is_true(object, "count");
    if (json_get(object, "incomplete")) out->incomplete = needed_text(l, s, object, "incomplete");
    read_role(l, s, object, out);
    read_times(l, s, object, visits, out);
    read_measures(l, s, object, out);
    bool measured = out->evidence.program && (out->value.program || out->met.program);
    if (!measured && !out->human && !out->incomplete.n)
        report(l, s, object, "required",
               S("an endpoint needs \"evidence\" (or \"rows\") and \"value\" or \"met\""),
               S("add them, or \"human\": true, or say under \"incomplete\" what the source leaves "
                 "out"));
    s->endpoint_count++;
}

/* --- the whole --- */
static isize count_of(const json *list) { return list ? list->count : 0; }

void schedule_compile(loader *l, study *s) {
    const json *root = s->file->root;
    const json *schemes = list_of(l, s, root, "schemes", JSON_OBJECT);
    const json *arms = list_of(l, s, root, "arms", JSON_OBJECT);
    const json *anchors = list_of(l, s, root, "anchors", JSON_OBJECT);
    const json *visits = list_of(l, s, root, "visits", JSON_OBJECT);
    const json *endpoints = list_of(l, s, root, "endpoints", JSON_OBJECT);
    str *scheme_ids = arena_new(l->arena, str, count_of(schemes));
    str *arm_ids = arena_new(l->arena, str, count_of(arms));
    str *visit_ids = arena_new(l->arena, str, count_of(visits));
    str *endpoint_ids = arena_new(l->arena, str, count_of(endpoints));
    s->schemes = arena_new(l->arena, scheme, count_of(schemes));
    s->arms = arena_new(l->arena, arm, count_of(arms));
    s->anchors = arena_new(l->arena, anchor, count_of(anchors));
    s->visits = arena_new(l->arena, visit, count_of(visits));
    s->endpoints = arena_new(l->arena, endpoint, count_of(endpoints));
    for (const json *c = schemes ? schemes->child : NULL; c; c = c->next)
        read_scheme(l, s, c, scheme_ids);
    for (const json *c = arms ? arms->child : NULL; c; c = c->next)
        read_arm(l, s, c, arm_ids, scheme_ids);
    for (const json *c = anchors ? anchors->child : NULL; c; c = c->next)
        read_anchor(l, s, c, arm_ids);
    for (const json *c = visits ? visits->child : NULL; c; c = c->next)
        read_visit(l, s, c, visit_ids);
    for (const json *c = endpoints ? endpoints->child : NULL; c; c = c->next)
        read_endpoint(l, s, c, endpoint_ids, visit_ids);
}
