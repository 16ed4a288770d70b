/* SPDX-License-Identifier: Apache-2.0 */
/* protocol.json: the head of a study, its parameters, its Flag and its circumstances. Unknown
 * members, missing ones and wrong shapes are errors with their place. */
#include "trial/set.h"

static void report(loader *l, const study *s, const json *where, const char *code, str text,
                   str remedy) {
    set_problem(l, PROBLEM_ERROR, s->file, where, code, text, remedy);
}

/* The member when it has the kind; reports a missing one only when `needed`. */
static const json *take(loader *l, const study *s, const json *object, const char *name,
                        json_kind kind, bool needed) {
    static const char *const shapes[] = {"null",     "false",    "true",     "a number",
                                         "a string", "an array", "an object"};
    const json *value = json_get(object, name);
    if (value && value->kind == kind) return value;
    if (value)
        report(l, s, value, "structure",
               arena_printf(l->arena, "\"%s\" must be %s", name, shapes[kind]), set_form(kind));
    else if (needed)
        report(l, s, object, "required", arena_printf(l->arena, "\"%s\" is missing", name),
               S("add it"));
    return NULL;
}

static str take_text(loader *l, const study *s, const json *object, const char *name, bool needed) {
    const json *value = take(l, s, object, name, JSON_STRING, needed);
    return value ? value->text : (str){0};
}

/* --- parameters --- */
static model_type parameter_type(loader *l, const study *s, const json *definition) {
    static const str types[] = {S_INIT("Quantity"), S_INIT("decimal"), S_INIT("integer"),
                                S_INIT("string"),   S_INIT("code"),    S_INIT("date"),
                                S_INIT("boolean")};
    str type = take_text(l, s, definition, "type", true);
    for (isize i = 0; i < COUNT_OF(types); i++)
        if (str_eq(type, types[i])) return model_find_type(l->set->model, type);
    if (type.n) {
        str near = problem_nearest(type, types, COUNT_OF(types));
        report(l, s, json_get(definition, "type"), "value",
               S("a parameter's type is Quantity, decimal, integer, string, code, date or boolean"),
               near.n ? arena_printf(l->arena, "did you mean \"%.*s\"?", STR_ARGS(near))
                      : S("choose one of them"));
    }
    return TYPE_NONE;
}

static void set_value(loader *l, study *s, isize slot, const set_file *file, const json *value,
                      str type) {
    item *it = arena_new(l->arena, item, 1);
    if (parameter_value(l->arena, value, type, it))
        s->values[slot] = (collection){it, 1};
    else
        set_problem(l, PROBLEM_ERROR, file, value, "value",
                    arena_printf(l->arena, "this is no value of type %.*s", STR_ARGS(type)),
                    parameter_remedy(l->arena, value, type));
}

/* Names are used as %name: an identifier that no other parameter or define has. */
static void check_name(loader *l, const study *s, const json *definition, str name) {
    const json *where = json_get(definition, "name");
    bool ok = name.n > 0;
    for (isize i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        ok = ok && (letter || (i > 0 && c >= '0' && c <= '9'));
    }
    if (where && !ok)
        report(l, s, where, "value", S("a name must be letters, digits and _"),
               S("it is used as %name"));
    for (isize i = 0; i < s->name_count; i++)
        if (str_eq(s->names[i].name, name))
            report(l, s, where, "duplicate", S("this name is taken"), S("choose another name"));
}

static void read_parameter(loader *l, study *s, const json *definition) {
    static const char *const members[] = {"name", "type", "value", "siteMustConfirm", "text", NULL};
    json_only(definition, members, s->file->name, l->found);
    str name = take_text(l, s, definition, "name", true);
    str type = json_text(definition, "type");
    check_name(l, s, definition, name);
    isize slot = s->name_count++;
    s->names[slot] = (path_constant){.name = name, .type = parameter_type(l, s, definition)};
    const json *own = json_get(definition, "value");
    const json *theirs = site_parameter(&l->set->site, s->file->study, name);
    const json *must = json_get(definition, "siteMustConfirm");
    bool confirm = json_is_true(definition, "siteMustConfirm");
    if (must && must->kind != JSON_TRUE && must->kind != JSON_FALSE) {
        report(l, s, must, "structure", S("\"siteMustConfirm\" is true or false"),
               set_form(JSON_TRUE));
        confirm = true; /* one message is enough */
    }
    if (confirm && own)
        report(l, s, own, "invariant", S("a siteMustConfirm parameter has no value here"),
               S("remove the value: the source document does not state it; site.json sets it"));
    if (!confirm && !own)
        report(l, s, definition, "required", S("this parameter needs a \"value\""),
               S("add it, or declare \"siteMustConfirm\": true"));
    s->unset[slot] = confirm && !theirs;
    if (s->names[slot].type == TYPE_NONE) return;
    if (theirs)
        set_value(l, s, slot, l->set->site.file, theirs, type);
    else if (own && !confirm)
        set_value(l, s, slot, s->file, own, type);
}

static void read_parameters(loader *l, study *s) {
    const json *list = take(l, s, s->file->root, "parameters", JSON_ARRAY, false);
    const json *defines = take(l, s, s->file->root, "define", JSON_ARRAY, false);
    isize most = NAME_FIRST_PARAMETER + (list ? list->count : 0) + (defines ? defines->count : 0);
    s->names = arena_new(l->arena, path_constant, most);
    s->values = arena_new(l->arena, collection, most);
    s->unset = arena_new(l->arena, bool, most);
    s->used = arena_new(l->arena, bool, most);
    common_names(l->set->model, s->names);
    s->name_count = NAME_FIRST_PARAMETER;
    for (const json *p = list ? list->child : NULL; p; p = p->next) read_parameter(l, s, p);
    s->define_first = s->name_count;
}

/* --- the head --- */
/* "P7D" or "P1W": whole days, as the hold of a Flag needs. */
static bool read_days(str text, isize *days) {
    isize n = 0;
    if (text.n < 3 || text.n > 6 || text.p[0] != 'P') return false;
    for (isize i = 1; i < text.n - 1; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        n = n * 10 + (text.p[i] - '0');
    }
    char unit = text.p[text.n - 1];
    *days = unit == 'W' ? n * 7 : n;
    return unit == 'D' || unit == 'W';
}

static void read_flag(loader *l, study *s) {
    static const char *const members[] = {"hold", "text", NULL};
    const json *flag = take(l, s, s->file->root, "flag", JSON_OBJECT, false);
    str name = s->identifier_value.n ? s->identifier_value : s->id;
    s->hold_days = 7;
    s->flag_text = arena_printf(l->arena, "%s %.*s",
                                s->guideline ? "Care: review suggested, guideline"
                                             : "Research: screening review suggested, study",
                                STR_ARGS(name));
    if (!flag) return;
    json_only(flag, members, s->file->name, l->found);
    const json *hold = take(l, s, flag, "hold", JSON_STRING, false);
    if (hold && !read_days(hold->text, &s->hold_days))
        report(l, s, hold, "value", S("\"hold\" must be whole days or weeks"),
               S("write it as \"P7D\" or \"P1W\""));
    str text = take_text(l, s, flag, "text", false);
    if (text.n) s->flag_text = text;
}

static void read_identifier(loader *l, study *s) {
    static const char *const members[] = {"system", "value", NULL};
    const json *identifier = take(l, s, s->file->root, "identifier", JSON_OBJECT, true);
    if (!identifier) return;
    json_only(identifier, members, s->file->name, l->found);
    s->identifier_system = take_text(l, s, identifier, "system", true);
    s->identifier_value = take_text(l, s, identifier, "value", true);
}

static void read_head(loader *l, study *s) {
    static const char *const members[] = {
        "$schema",       "schema",         "id",         "identifier", "title",     "status",
        "source",        "description",    "parameters", "define",     "screening", "flag",
        "circumstances", "contradictions", "criteria",   "schemes",    "arms",      "anchors",
        "visits",        "endpoints",      NULL};
    static const str statuses[] = {S_INIT("active"), S_INIT("closed")};
    const json *root = s->file->root;
    json_only(root, members, s->file->name, l->found);
    const json *schema = take(l, s, root, "schema", JSON_NUMBER, true);
    if (schema && !str_eq(schema->text, S("1")))
        report(l, s, schema, "value", S("\"schema\" must be 1"), S("this version reads schema 1"));
    s->id = take_text(l, s, root, "id", true);
    if (s->id.n && !str_eq(s->id, s->file->study))
        report(l, s, json_get(root, "id"), "value",
               S("the id of a study is the name of its folder"),
               arena_printf(l->arena, "write \"%.*s\"", STR_ARGS(s->file->study)));
    s->title = take_text(l, s, root, "title", true);
    str status = take_text(l, s, root, "status", true);
    s->open = str_eq(status, statuses[0]);
    if (status.n && !s->open && !str_eq(status, statuses[1]))
        report(l, s, json_get(root, "status"), "value", S("\"status\" is active or closed"),
               S("a closed study inactivates its Flags"));
}

/* Ids of the sentences of the source, by which `check --trace` finds those without a criterion. */
static void check_source(loader *l, const study *s) {
    const json *source = take(l, s, s->file->root, "source", JSON_OBJECT, false);
    const json *list = source ? take(l, s, source, "criteria", JSON_ARRAY, false) : NULL;
    for (const json *c = list ? list->child : NULL; c; c = c->next)
        if (c->kind != JSON_STRING)
            report(l, s, c, "structure", S("\"criteria\" must be an array of ids"),
                   set_form(JSON_STRING));
}

static bool id_taken(const mappings *m, str id) {
    for (isize i = 0; i < m->study_count; i++)
        if (str_eq(m->studies[i].id, id)) return true;
    return false;
}

void protocols_read(loader *l) {
    mappings *m = l->set;
    m->studies = arena_new(l->arena, study, m->file_count);
    for (isize i = 0; i < m->file_count; i++) {
        if (m->files[i].kind != FILE_PROTOCOL || !m->files[i].root) continue;
        study s = {.file = &m->files[i], .guideline = m->files[i].guideline};
        read_head(l, &s);
        if (id_taken(m, s.id)) continue;
        check_source(l, &s);
        read_identifier(l, &s);
        read_flag(l, &s);
        read_parameters(l, &s);
        m->studies[m->study_count++] = s;
    }
}

/* --- expressions --- */
const program *study_expression(loader *l, const study *s, const json *text, bool boolean) {
    if (!text) return NULL;
    if (text->kind != JSON_STRING || text->text.n == 0) {
        report(l, s, text, "structure", S("an expression must be a string"),
               S("write FHIRPath over the patient record between double quotes"));
        return NULL;
    }
    path_environment environment = {.model = l->set->model,
                                    .root = l->set->record_type,
                                    .constants = s->names,
                                    .constant_count = s->name_count,
                                    .terminology = &l->set->terms.face,
                                    .strict = true};
    isize before = l->found->n;
    const program *compiled = path_compile(l->arena, &environment, text->text, s->file->name,
                                           json_pointer(text, l->arena), l->found);
    for (isize i = before; i < l->found->n; i++) /* from the expression to the file */
        if (l->found->list[i].at >= 0) l->found->list[i].at += text->at + 1;
    if (!compiled || !boolean) return compiled;
    model_type type = path_result_type(compiled);
    if (type != TYPE_NONE && !str_eq(model_type_name(l->set->model, type), S("boolean")))
        report(l, s, text, "invariant", S("this expression must give a Boolean"),
               S("compare, or use exists()"));
    else if (path_result_many(compiled))
        report(l, s, text, "invariant", S("this expression may give several Booleans"),
               S("write exists(...) or all(...) around the list, or name one row"));
    return compiled;
}

static circumstance_rule compile_circumstance(loader *l, const study *s, const json *object,
                                              const char *name) {
    expression_facts facts = {0};
    const json *text = json_get(object, name);
    expression_facts_add(l->set, s, text, &facts);
    bool now = facts.now;
    for (isize i = 0; i < l->set->view_count; i++)
        now = now || (mask_has(&facts.views, i) && l->set->views[i].now);
    return (circumstance_rule){study_expression(l, s, text, true), facts.defines, now};
}

static void compile_circumstances(loader *l, study *s) {
    static const char *const members[] = {"dead",        "consentDenied", "enrolled",
                                          "testPatient", "screeningDate", NULL};
    const json *c = take(l, s, s->file->root, "circumstances", JSON_OBJECT, true);
    if (!c) return;
    json_only(c, members, s->file->name, l->found);
    for (isize i = 0; i < 3; i++) /* the others have a default */
        if (!json_get(c, members[i]))
            report(l, s, c, "required", arena_printf(l->arena, "\"%s\" is missing", members[i]),
                   S("the Flag's life depends on it: write an expression over the record"));
    s->dead = compile_circumstance(l, s, c, "dead");
    s->test_patient = compile_circumstance(l, s, c, "testPatient");
    s->consent_denied = compile_circumstance(l, s, c, "consentDenied");
    s->enrolled = compile_circumstance(l, s, c, "enrolled");
}

/* %screening is worked out before the defines, which lean on it. */
static void compile_screening(loader *l, study *s) {
    const json *date = json_get(json_get(s->file->root, "circumstances"), "screeningDate");
    expression_facts facts = {0};
    expression_facts_add(l->set, s, date, &facts);
    s->screening_date = study_expression(l, s, date, false);
}

typedef struct looking_ahead {
    loader *l;
    const study *s;
    const json *define;
} looking_ahead;

/* A define sees those before it: says so of one that stands behind. */
static void look_ahead(void *self, str name, bool percent) {
    looking_ahead *look = self;
    for (const json *d = look->define->next; d && percent; d = d->next)
        if (str_eq(json_text(d, "name"), name))
            report(look->l, look->s, json_get(look->define, "expression"), "invariant",
                   arena_printf(look->l->arena, "%%%.*s is defined further down", STR_ARGS(name)),
                   S("move it up: a define sees those before it"));
}

static void compile_defines(loader *l, study *s) {
    static const char *const members[] = {"name", "text", "expression", NULL};
    const json *list = json_get(s->file->root, "define");
    if (!list || list->kind != JSON_ARRAY) return;
    s->defines = arena_new(l->arena, define, list->count);
    if (list->count > VIEW_MOST) {
        report(l, s, list, "too-long", arena_printf(l->arena, "more than %d defines", VIEW_MOST),
               S("remove some"));
        return;
    }
    for (const json *d = list->child; d; d = d->next) {
        json_only(d, members, s->file->name, l->found);
        str name = take_text(l, s, d, "name", true);
        const json *expression = take(l, s, d, "expression", JSON_STRING, true);
        check_name(l, s, d, name);
        define *out = &s->defines[s->name_count - s->define_first];
        expression_facts_add(l->set, s, expression, &out->facts);
        isize errors = l->found->errors;
        looking_ahead look = {l, s, d};
        set_words_of(expression, look_ahead, &look);
        if (l->found->errors == errors) out->program = study_expression(l, s, expression, false);
        path_constant constant = {.name = name, .clock = out->facts.now};
        if (out->program) {
            constant.type = path_result_type(out->program);
            constant.many = path_result_many(out->program);
        }
        s->names[s->name_count++] = constant;
    }
}

static void warn_name(loader *l, const study *s, const json *where, isize i) {
    if (!s->used[i])
        set_problem(l, PROBLEM_WARNING, s->file, where, "informational",
                    arena_printf(l->arena, "no expression uses %%%.*s", STR_ARGS(s->names[i].name)),
                    S("use it, or remove it"));
}

static void warn_unused(loader *l, const study *s) {
    const json *parameters = json_get(s->file->root, "parameters");
    const json *defines = json_get(s->file->root, "define");
    isize i = NAME_FIRST_PARAMETER;
    for (const json *p = parameters ? parameters->child : NULL; p && i < s->define_first;
         p = p->next)
        warn_name(l, s, p, i++);
    i = s->define_first;
    for (const json *d = defines ? defines->child : NULL; d && i < s->name_count; d = d->next)
        warn_name(l, s, d, i++);
}

void protocols_compile(loader *l) {
    for (isize i = 0; i < l->set->study_count; i++) {
        study *s = &l->set->studies[i];
        compile_screening(l, s);
        compile_defines(l, s);
        compile_circumstances(l, s);
        criteria_compile(l, s);
        schedule_compile(l, s);
        schedule_check(l, s);
        warn_unused(l, s);
    }
}
