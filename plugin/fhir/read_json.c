/* SPDX-License-Identifier: Apache-2.0 */
/* The FHIR JSON reader: one pass over the bytes, each member looked up in the model as it comes,
 * values straight onto the tape.
 *
 * Only `_x` members, holes in arrays and conflicts need more than one pass over their object; they
 * are rare, and read_mend.c does them. Functions that return bool give false for a fault; what is
 * merely not FHIR is reported, skipped, and true. */
#include "fhir/model_ids.h"
#include "fhir/primitive.h"
#include "fhir/read_state.h"

static bool read_value(reader *r, object *parent, const model_spelling *f, const keep *keep,
                       const place *place);

void read_problem(reader *r, const place *place, const char *at, const char *code, const char *text,
                  const char *remedy) {
    place_problem(r->found, place, scan_offset(&r->scan, at), code, str_from(text),
                  str_from(remedy));
}

/* Reports and passes over one value. */
static bool reject(reader *r, const place *place, const char *text, const char *remedy) {
    read_problem(r, place, r->scan.p, "structure", text, remedy);
    return scan_skip(&r->scan);
}

/* Sets the bit of an ordinal and tells whether it was set before. */
static bool mark(object *o, uint16_t ordinal) {
    uint64_t bit = UINT64_C(1) << (ordinal % 64), *word = &o->seen[ordinal / 64];
    bool before = *word & bit;
    *word |= bit;
    return before;
}

static bool fail_duplicate(reader *r, const char *at) {
    return scan_fail(&r->scan, at,
                     "an object has two members of this name (RFC 8259 section 4); send each "
                     "element once, repeats as an array");
}

/* --- primitives --- */

/* Whether JSON spells values of this type as numbers, and as true or false. */
static bool spelt_as_number(model_type type) {
    return type == TYPE_decimal || type == TYPE_integer || type == TYPE_positiveInt ||
           type == TYPE_unsignedInt;
}

/* Takes the scalar at the scan, whatever it is. */
static bool take_scalar(reader *r, str *text, uint8_t *flags, bool *fits, model_type type) {
    char c = scan_peek(&r->scan);
    bool escaped = false;
    *flags = 0;
    if (c == '"') {
        *fits = r->text_for_all || !(spelt_as_number(type) || type == TYPE_boolean);
        if (!scan_string(&r->scan, text, &escaped)) return false;
        if (escaped) *flags |= NODE_ESCAPED;
        return true;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        *fits = spelt_as_number(type);
        *flags |= NODE_NUMBER;
        return scan_number(&r->scan, text);
    }
    *fits = type == TYPE_boolean;
    return scan_literal(&r->scan, text);
}

static const char *expected_spelling(model_type type) {
    if (type == TYPE_boolean) return "write true or false without quotes";
    if (spelt_as_number(type)) return "write a JSON number without quotes";
    return "write a JSON string in quotes";
}

/* The rule that a scalar breaks, or NULL. Types with a format are unescaped here and now. */
static const char *scalar_rule(reader *r, model_type type, str *text, uint8_t *flags,
                               const char **code) {
    *code = "too-long";
    if (text->n > r->max_string) return "the text is longer than the limit of 1 MiB for a value";
    *code = "value";
    if (*flags & NODE_NUMBER && type == TYPE_decimal) return NULL; /* the scanner's own grammar */
    if (type == TYPE_xhtml && text->n) return NULL;
    if (!(*flags & NODE_ESCAPED)) return primitive_rule_plain(type, *text);
    *text = scan_unescape(*text, r->tape.arena);
    *flags &= (uint8_t)~NODE_ESCAPED;
    return primitive_rule(type, *text);
}

/* A place in an array that has no value: its `_x` may still have an extension for it. */
static void add_hole(reader *r, object *parent, const model_spelling *f, uint16_t marks) {
    uint32_t index = tape_primitive(&r->tape, f->key, f->type, (str){0}, 0);
    r->tape.nodes[index].reserved = (uint16_t)(HOLE | marks);
    parent->mend = true;
}

static bool read_primitive(reader *r, object *parent, const model_spelling *f, const place *place) {
    char c = scan_peek(&r->scan);
    const char *at = r->scan.p, *code;
    bool in_array = place->index >= 0, fits = false;
    if (c == '{' || c == '[') {
        if (in_array) add_hole(r, parent, f, REPORTED);
        return reject(r, place, "a primitive value is expected here, not an object or array",
                      expected_spelling(f->type));
    }
    str text;
    uint8_t flags;
    if (!take_scalar(r, &text, &flags, &fits, f->type)) return false;
    bool null = c == 'n';
    if (null && in_array) {
        add_hole(r, parent, f, 0);
        return true;
    }
    const char *rule = NULL;
    /* A resource's wrong id stays: whoever uses the resource must not take it for one without. */
    bool kept_id = parent->resource && f->key == KEY_id && !null && text.n > 0;
    if (null)
        read_problem(r, place, at, "structure", "null is no value in FHIR JSON",
                     "leave the member out");
    else if (!fits)
        read_problem(r, place, at, "structure", "the value has the wrong JSON type for its element",
                     expected_spelling(f->type));
    else if ((rule = scalar_rule(r, f->type, &text, &flags, &code)))
        read_problem(r, place, at, code, rule,
                     kept_id ? "correct the value" : "correct the value; it was left out");
    if ((null || !fits || rule) && !kept_id) {
        if (in_array) add_hole(r, parent, f, REPORTED);
        return true;
    }
    if (f->flags & MEMBER_SPELT) flags |= NODE_CHOICE;
    tape_primitive(&r->tape, f->key, f->type, text, flags);
    return true;
}

/* --- objects --- */

/* Reads an object into a new node; an empty one leaves nothing behind. */
static bool read_complex(reader *r, const model_spelling *f, object *o, uint8_t flags) {
    const char *start = r->scan.p;
    bool empty;
    uint32_t index = tape_open(&r->tape, f->key, o->type, flags);
    if (!read_members(r, o, &empty)) return false;
    if (empty) {
        read_problem(r, o->place, start, "structure", "an object must not be empty in FHIR JSON",
                     "leave the element out");
        r->tape.n = index;
        return true;
    }
    tape_close(&r->tape, index);
    node *n = &r->tape.nodes[index];
    n->text = start;
    n->length = (uint32_t)(r->scan.p - start);
    return true;
}

/* Finds the value of resourceType in the object at the scan, which stays where it is; an empty
 * text when there is none. It is the first member in nearly every message. */
static bool find_resource_type(reader *r, str *type) {
    scan *s = &r->scan;
    const char *start = s->p;
    *type = (str){0};
    if (!scan_enter(s)) return false;
    for (bool more = scan_peek(s) != '}', escaped; more;) {
        str name;
        if (!scan_name(s, r->tape.arena, &name)) return false;
        if (str_eq(name, S("resourceType")) && scan_peek(s) == '"') {
            if (!scan_string(s, type, &escaped)) return false;
            if (escaped) *type = scan_unescape(*type, r->tape.arena);
            break;
        }
        if (!scan_skip(s) || !scan_next(s, '}', &more)) return false;
    }
    s->p = start;
    s->depth--;
    return true;
}

/* The resource's type and its name as spelt; TYPE_NONE when FHIR has no such resource. */
static bool resource_type(reader *r, model_type *type, str *name) {
    const model *m = r->tape.model;
    if (!find_resource_type(r, name)) return false;
    *type = model_find_type(m, *name);
    if (!model_is_resource(m, *type) || model_is_abstract(m, *type)) *type = TYPE_NONE;
    return true;
}

static bool read_typed(reader *r, model_type type, model_key key, const place *place) {
    object o = {.place = place,
                .keep = r->keep ? projection_of(r->keep, type) : NULL,
                .type = type,
                .resource = true};
    const model_spelling f = {.key = key};
    return read_complex(r, &f, &o, NODE_RESOURCE);
}

/* Nested resources are left out with a finding when their type is not known. */
static bool read_nested(reader *r, model_key key, const place *place) {
    str name;
    model_type type;
    if (scan_peek(&r->scan) != '{')
        return reject(r, place, "a resource is expected here", "send a JSON object");
    if (!resource_type(r, &type, &name)) return false;
    if (type) return read_typed(r, type, key, place);
    place_unknown_resource(r->found, place, scan_offset(&r->scan, r->scan.p), r->tape.model, name);
    return scan_skip(&r->scan);
}

static bool read_value(reader *r, object *parent, const model_spelling *f, const keep *keep,
                       const place *place) {
    if (f->flags & MEMBER_RESOURCE) return read_nested(r, f->key, place);
    if (f->flags & MEMBER_PRIMITIVE) return read_primitive(r, parent, f, place);
    if (scan_peek(&r->scan) != '{')
        return reject(r, place, "an object is expected here", "send the element as a JSON object");
    object o = {.place = place, .keep = keep, .type = f->type};
    return read_complex(r, f, &o, f->flags & MEMBER_SPELT ? NODE_CHOICE : 0);
}

static bool read_array(reader *r, object *parent, const model_spelling *f, const keep *keep,
                       place *place) {
    scan *s = &r->scan;
    if (scan_peek(s) != '[')
        return reject(r, place, "the element repeats, so JSON spells it as an array",
                      "put the value into [ ]");
    const char *start = s->p;
    if (!scan_enter(s)) return false;
    bool more = scan_peek(s) != ']';
    if (!more)
        read_problem(r, place, start, "structure", "an array must not be empty in FHIR JSON",
                     "leave the element out");
    while (more) {
        place->index++;
        if (!read_value(r, parent, f, keep, place)) return false;
        if (!scan_next(s, ']', &more)) return false;
    }
    scan_leave(s);
    return true;
}

/* --- members --- */

/* resourceType, or a name that FHIR does not have here. */
static bool read_other(reader *r, object *o, str name, const char *at, const place *place) {
    if (o->resource && str_eq(name, S("resourceType"))) {
        if (o->typed) return fail_duplicate(r, at);
        o->typed = true;
        return scan_skip(&r->scan);
    }
    place_unknown(r->found, place, scan_offset(&r->scan, at), r->tape.model, o->type);
    if (o->n_unknown == o->cap_unknown) {
        isize cap = o->cap_unknown ? o->cap_unknown * 2 : 8;
        o->unknown = arena_grow(r->tape.arena, o->unknown, o->n_unknown, cap, (isize)sizeof(str),
                                (isize) _Alignof(str));
        o->cap_unknown = cap;
    }
    o->unknown[o->n_unknown++] = name;
    return scan_skip(&r->scan);
}

static const late *late_of(const object *o, uint16_t ordinal) {
    const late *l = o->late;
    while (l && l->member->ordinal != ordinal) l = l->next;
    return l;
}

/* Which of two values of a choice is meant nobody can know, so neither is used. */
static void note_conflict(reader *r, object *o, const model_spelling *f, const place *place,
                          const char *at) {
    conflict *c = arena_new(r->tape.arena, conflict, 1);
    *c = (conflict){.next = o->conflicts, .key = f->key};
    o->conflicts = c;
    o->mend = true;
    read_problem(r, place, at, "structure", "the element is given with two types; neither is used",
                 "send one of them");
}

/* Notes a `_x` member for the end of the object. */
static bool note_late(reader *r, object *o, str name, const char *at, const place *place) {
    str sibling = str_slice(name, 1, name.n);
    const model_spelling *f = model_lookup(r->tape.model, o->type, sibling);
    if (!f || !(f->flags & MEMBER_PRIMITIVE)) return read_other(r, o, name, at, place);
    if (late_of(o, f->ordinal)) return fail_duplicate(r, at);
    bool seen = o->seen[f->ordinal / 64] >> (f->ordinal % 64) & 1;
    if ((f->flags & MEMBER_SPELT) && mark(o, f->root) && !seen) note_conflict(r, o, f, place, at);
    const keep *below;
    if (!keep_below(o->keep, f->key, &below)) return scan_skip(&r->scan);
    scan_peek(&r->scan);
    late *l = arena_new(r->tape.arena, late, 1);
    *l = (late){.member = f, .name = name, .at = r->scan.p, .before = r->tape.n};
    if (o->last_late)
        o->last_late->next = l;
    else
        o->late = l;
    o->last_late = l;
    o->mend = true;
    return scan_skip(&r->scan);
}

/* Most of what is skipped is a string. */
static inline bool skip(scan *s) {
    str raw;
    bool escaped;
    return scan_peek(s) == '"' ? scan_string(s, &raw, &escaped) : scan_skip(s);
}

static bool read_member(reader *r, object *o, str name, model_words words, const char *at) {
    place here = {.up = o->place, .name = name, .index = -1};
    if (name.n && name.p[0] == '_') return note_late(r, o, name, at, &here);
    const model_spelling *f = model_lookup_words(r->tape.model, o->type, name, words);
    if (!f || (f->flags & MEMBER_CHOICE)) return read_other(r, o, name, at, &here);
    if (mark(o, f->ordinal)) return fail_duplicate(r, at);
    if ((f->flags & MEMBER_SPELT) && mark(o, f->root) && !late_of(o, f->ordinal))
        note_conflict(r, o, f, &here, at);
    const keep *below;
    if (!keep_below(o->keep, f->key, &below)) return skip(&r->scan);
    if (f->flags & MEMBER_MANY) return read_array(r, o, f, below, &here);
    if (scan_peek(&r->scan) == '[')
        return reject(r, &here, "the element does not repeat, so JSON spells it without an array",
                      "send one value without [ ]");
    return read_value(r, o, f, below, &here);
}

bool read_members(reader *r, object *o, bool *empty) {
    scan *s = &r->scan;
    uint32_t first = r->tape.n;
    if (!scan_enter(s)) return false;
    bool more = scan_peek(s) != '}';
    *empty = !more;
    while (more) {
        str name;
        bool escaped;
        scan_peek(s);
        const char *at = s->p;
        if (!scan_name_raw(s, &name, &escaped)) return false;
        if (escaped) name = scan_unescape(name, r->tape.arena);
        model_words words = model_words_of(name, !escaped && s->end - name.p >= 16);
        if (!read_member(r, o, name, words, at) || !scan_next(s, '}', &more)) return false;
    }
    if (o->n_unknown > 1 && scan_duplicate(o->unknown, o->n_unknown, r->tape.arena) >= 0)
        return fail_duplicate(r, s->p);
    if (o->mend && !read_mend(r, o, first)) return false;
    scan_leave(s);
    return true;
}

/* --- entry --- */

static reader reader_new(arena *a, str bytes, const model *m, const read_options *options,
                         problems *found, fault *fault) {
    reader r = {.tape = tape_begin(a, m), .found = found, .max_string = LIMIT_STRING_BYTES};
    if (options && options->max_string > 0) r.max_string = options->max_string;
    if (options) r.keep = options->keep;
    r.scan = scan_new(bytes, options ? options->max_depth : 0, fault);
    return r;
}

/* A single resource cannot be left out: its unknown type is a fault. */
static bool read_root(reader *r) {
    scan *s = &r->scan;
    str name;
    model_type type;
    place root = {.index = -1};
    if (scan_peek(s) != '{')
        return scan_fail(s, s->p, "a FHIR resource is a JSON object; the text begins differently");
    if (!resource_type(r, &type, &name)) return false;
    if (type) return read_typed(r, type, KEY_NONE, &root);
    str remedy = name.n ? place_resource_remedy(r->tape.model, name, r->tape.arena)
                        : S("add the member resourceType with the type's name");
    fault_set(s->fault, FAULT_INPUT, scan_offset(s, s->p), "%s; %.*s",
              name.n ? "resourceType is no resource type of FHIR R4"
                     : "the resource has no resourceType",
              STR_ARGS(remedy));
    return false;
}

bool read_json(arena *a, str bytes, const read_options *options, problems *found, tape *out,
               fault *fault) {
    if (!read_size_ok(bytes, options, fault)) return false;
    reader r = reader_new(a, bytes, model_r4(), options, found, fault);
    if (!read_root(&r) || !scan_end(&r.scan)) return false;
    if (r.tape.n == 0) return scan_fail(&r.scan, r.scan.beg, "the resource is empty");
    *out = tape_finish(&r.tape, bytes);
    return true;
}

bool read_json_element(tape_builder *b, model_key key, model_type type, str text, fault *fault) {
    problems found = problems_new(b->arena);
    reader r = reader_new(b->arena, text, b->model, NULL, &found, fault);
    r.tape = *b;
    r.text_for_all = true;
    place root = {.index = -1},
          here = {.up = &root, .name = model_key_name(b->model, key), .index = -1};
    model_spelling f = {.key = key, .type = type};
    if (model_is_primitive(b->model, type)) f.flags = MEMBER_PRIMITIVE;
    object parent = {.place = &root};
    bool array = scan_peek(&r.scan) == '[';
    bool ok =
        array ? read_array(&r, &parent, &f, NULL, &here) : read_value(&r, &parent, &f, NULL, &here);
    if (!ok || !scan_end(&r.scan)) return false;
    if (found.n || parent.mend) {
        const problem *p = found.n ? found.list : NULL;
        fault_set(fault, FAULT_INPUT, p ? p->at : -1, "%.*s: %.*s", STR_ARGS(here.name),
                  STR_ARGS(p ? p->text : S("null is no value here")));
        return false;
    }
    *b = r.tape;
    return true;
}
