/* SPDX-License-Identifier: Apache-2.0 */
/* The FHIR JSON reader: the text is indexed and checked as JSON first (index.h, grammar.h); then
 * one walk over the tokens looks up each member as it comes, in the model or, where only some
 * elements are wanted, in the projection, and puts values straight onto the tape.
 *
 * Only `_x` members, holes in arrays and conflicts need more than one pass over their object; they
 * are rare, and read_mend.c does them. What reads the value at token `t` gives the token behind it,
 * so that the way through the text stays in registers, or READ_FAULT with the fault set; what is
 * merely not FHIR is reported and passed over. */
#include "fhir/model_ids.h"
#include "fhir/primitive.h"
#include "fhir/read_state.h"
#include "fhir/scan.h"

static uint32_t read_value(reader *r, uint32_t t, object *parent, const model_spelling *f,
                           const keep *keep, const place *place);

void read_problem(reader *r, const place *place, const char *at, const char *code, const char *text,
                  const char *remedy) {
    place_problem(r->found, place, at - r->beg, code, str_from(text), str_from(remedy));
}

/* Reports and passes over one value. */
static uint32_t reject(reader *r, uint32_t t, const place *place, const char *text,
                       const char *remedy) {
    read_problem(r, place, read_at(r, t), "structure", text, remedy);
    return token_past(r->index, t);
}

str read_string(const reader *r, uint32_t token) {
    str raw = token_string(r->index, token);
    return index_escaped(r->index, raw) ? scan_unescape(raw, r->tape.arena) : raw;
}

/* Sets the bit of an ordinal and tells whether it was set before. */
static bool mark(object *o, uint16_t ordinal) {
    uint64_t bit = UINT64_C(1) << (ordinal % 64), *word = &o->seen[ordinal / 64];
    bool before = *word & bit;
    *word |= bit;
    return before;
}

/* --- primitives --- */

/* Whether JSON spells values of this type as numbers, and as true or false. */
static bool spelt_as_number(model_type type) {
    return type == TYPE_decimal || type == TYPE_integer || type == TYPE_positiveInt ||
           type == TYPE_unsignedInt;
}

/* The scalar at `t`, whatever it is. */
static inline str scalar_at(const reader *r, uint32_t t, uint8_t *flags, bool *fits,
                            model_type type) {
    char c = r->index->kind[t];
    *flags = 0;
    if (c == '"') {
        str text = token_string(r->index, t);
        *fits = r->text_for_all || !(spelt_as_number(type) || type == TYPE_boolean);
        if (index_escaped(r->index, text)) *flags |= NODE_ESCAPED;
        return text;
    }
    bool number = c == '-' || (c >= '0' && c <= '9');
    *fits = number ? spelt_as_number(type) : type == TYPE_boolean;
    if (number) *flags |= NODE_NUMBER;
    return token_scalar(r->index, t);
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
    if (*flags & NODE_NUMBER && type == TYPE_decimal) return NULL; /* JSON's own grammar */
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

static uint32_t read_primitive(reader *r, uint32_t t, object *parent, const model_spelling *f,
                               const place *place) {
    char c = r->index->kind[t];
    const char *at = read_at(r, t), *code;
    bool in_array = place->index >= 0, fits = false;
    if (c == '{' || c == '[') {
        if (in_array) add_hole(r, parent, f, REPORTED);
        return reject(r, t, place, "a primitive value is expected here, not an object or array",
                      expected_spelling(f->type));
    }
    uint8_t flags;
    str text = scalar_at(r, t++, &flags, &fits, f->type);
    bool null = c == 'n';
    if (null && in_array) {
        add_hole(r, parent, f, 0);
        return t;
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
        return t;
    }
    if (f->flags & MEMBER_SPELT) flags |= NODE_CHOICE;
    tape_primitive(&r->tape, f->key, f->type, text, flags);
    return t;
}

/* --- objects --- */

/* The source of the node: from the token `from` up to the token `to`. */
static inline void set_source(reader *r, uint32_t index, uint32_t from, uint32_t to) {
    node *n = &r->tape.nodes[index];
    n->text = read_at(r, from);
    n->length = r->index->at[to - 1] + 1 - r->index->at[from];
}

/* Reads an object into a new node; an empty one leaves nothing behind. */
static uint32_t read_complex(reader *r, uint32_t t, const model_spelling *f, object *o,
                             uint8_t flags) {
    bool bare = o->keep && !o->keep->n; /* nobody wants any of its members */
    if (r->index->kind[t + 1] == '}')
        return reject(r, t, o->place, "an object must not be empty in FHIR JSON",
                      "leave the element out");
    uint32_t index = tape_open(&r->tape, f->key, o->type, flags);
    uint32_t behind = bare ? token_past(r->index, t) : read_members(r, t, o);
    if (behind == READ_FAULT) return READ_FAULT;
    tape_close(&r->tape, index);
    set_source(r, index, t, behind);
    return behind;
}

/* The value of resourceType in the object at `t`; the empty text when there is none. It is the
 * first member in nearly every message. */
static str find_resource_type(const reader *r, uint32_t t) {
    const token_index *x = r->index;
    for (t++; x->kind[t] == '"'; t += x->kind[t] == ',') {
        if (x->kind[t + 2] == '"' && str_eq(read_string(r, t), S("resourceType")))
            return read_string(r, t + 2);
        t = token_past(x, t + 2);
    }
    return (str){0};
}

/* The resource's type and its name as spelt; TYPE_NONE when FHIR has no such resource. */
static model_type resource_type(const reader *r, uint32_t t, str *name) {
    const model *m = r->tape.model;
    *name = find_resource_type(r, t);
    model_type type = model_find_type(m, *name);
    return model_is_resource(m, type) && !model_is_abstract(m, type) ? type : TYPE_NONE;
}

static uint32_t read_typed(reader *r, uint32_t t, model_type type, model_key key,
                           const place *place) {
    object o;
    object_begin(&o, place, r->keep ? projection_of(r->keep, type) : NULL, type, true);
    const model_spelling f = {.key = key};
    return read_complex(r, t, &f, &o, NODE_RESOURCE);
}

/* Nested resources are left out with a finding when their type is not known. */
static uint32_t read_nested(reader *r, uint32_t t, model_key key, const place *place) {
    if (r->index->kind[t] != '{')
        return reject(r, t, place, "a resource is expected here", "send a JSON object");
    str name;
    model_type type = resource_type(r, t, &name);
    if (type) return read_typed(r, t, type, key, place);
    place_unknown_resource(r->found, place, read_at(r, t) - r->beg, r->tape.model, name);
    return token_past(r->index, t);
}

static uint32_t read_value(reader *r, uint32_t t, object *parent, const model_spelling *f,
                           const keep *keep, const place *place) {
    if (f->flags & MEMBER_RESOURCE) return read_nested(r, t, f->key, place);
    if (f->flags & MEMBER_PRIMITIVE) return read_primitive(r, t, parent, f, place);
    if (r->index->kind[t] != '{')
        return reject(r, t, place, "an object is expected here",
                      "send the element as a JSON object");
    object o;
    object_begin(&o, place, keep, f->type, false);
    return read_complex(r, t, f, &o, f->flags & MEMBER_SPELT ? NODE_CHOICE : 0);
}

static uint32_t read_array(reader *r, uint32_t t, object *parent, const model_spelling *f,
                           const keep *keep, place *place) {
    const char *kind = r->index->kind;
    if (kind[t] != '[')
        return reject(r, t, place, "the element repeats, so JSON spells it as an array",
                      "put the value into [ ]");
    bool more = kind[t + 1] != ']';
    if (!more)
        read_problem(r, place, read_at(r, t), "structure",
                     "an array must not be empty in FHIR JSON", "leave the element out");
    for (t++; more; t += more) {
        place->index++;
        t = read_value(r, t, parent, f, keep, place);
        if (t == READ_FAULT) return READ_FAULT;
        more = kind[t] == ',';
    }
    return t + 1;
}

/* --- members --- */

/* resourceType, a name that FHIR does not have here, or one that nobody wants. The name is the
 * token before the colon, `t` the value. */
static uint32_t read_other(reader *r, uint32_t t, object *o, const place *here, model_words words) {
    uint32_t name = t - 2;
    if (o->resource && str_eq(here->name, S("resourceType"))) {
        if (o->typed) return read_fail_duplicate(r, name);
        o->typed = true;
    } else {
        if (!o->keep)
            place_unknown(r->found, here, read_at(r, name) - r->beg, r->tape.model, o->type);
        if (!read_note_name(r, o, name, here->name, words)) return READ_FAULT;
    }
    return token_past(r->index, t);
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

/* What the name means; NULL when FHIR does not know it or nobody wants it. */
static inline const model_spelling *look_up(const reader *r, const object *o, str name,
                                            model_words words, const keep **below) {
    *below = NULL;
    if (!o->keep) return model_lookup_words(r->tape.model, o->type, name, words);
    const keep_member *found = keep_find(o->keep, name, words);
    if (!found) return NULL;
    *below = keep_below(found);
    return found->spelling;
}

/* Notes a `_x` member for the end of the object. */
static uint32_t note_late(reader *r, uint32_t t, object *o, const place *here, model_words words) {
    str sibling = str_slice(here->name, 1, here->name.n);
    const keep *below;
    const model_spelling *f = look_up(r, o, sibling, model_words_of(sibling, false), &below);
    if (!f || !(f->flags & MEMBER_PRIMITIVE)) return read_other(r, t, o, here, words);
    if (late_of(o, f->ordinal)) return read_fail_duplicate(r, t - 2);
    bool seen = o->seen[f->ordinal / 64] >> (f->ordinal % 64) & 1;
    if ((f->flags & MEMBER_SPELT) && mark(o, f->root) && !seen)
        note_conflict(r, o, f, here, read_at(r, t - 2));
    late *l = arena_new(r->tape.arena, late, 1);
    *l = (late){.member = f, .name = here->name, .value = t, .before = r->tape.n};
    if (o->last_late)
        o->last_late->next = l;
    else
        o->late = l;
    o->last_late = l;
    o->mend = true;
    return token_past(r->index, t);
}

/* The arguments go in registers: a name written to memory in halves and read whole would stall. */
static inline __attribute__((always_inline)) uint32_t read_member(reader *r, uint32_t t, object *o,
                                                                  str name, model_words words) {
    place here = {.up = o->place, .name = {name.p, name.n}, .index = -1};
    if (name.n && name.p[0] == '_') return note_late(r, t, o, &here, words);
    const keep *below;
    const model_spelling *f = look_up(r, o, name, words, &below);
    if (!f || (f->flags & MEMBER_CHOICE)) return read_other(r, t, o, &here, words);
    if (mark(o, f->ordinal)) return read_fail_duplicate(r, t - 2);
    if ((f->flags & MEMBER_SPELT) && mark(o, f->root) && !late_of(o, f->ordinal))
        note_conflict(r, o, f, &here, read_at(r, t - 2));
    if (f->flags & MEMBER_MANY) return read_array(r, t, o, f, below, &here);
    if (r->index->kind[t] == '[')
        return reject(r, t, &here,
                      "the element does not repeat, so JSON spells it without an array",
                      "send one value without [ ]");
    return read_value(r, t, o, f, below, &here);
}

uint32_t read_members(reader *r, uint32_t t, object *o) {
    const token_index *x = r->index;
    const char *end = x->text + x->length;
    uint32_t first = r->tape.n;
    o->first = ++t;
    for (bool more = x->kind[t] != '}'; more; t += more) {
        str name = token_string(x, t);
        bool escaped = index_escaped(x, name);
        if (escaped) name = scan_unescape(name, r->tape.arena);
        model_words words = model_words_of(name, !escaped && end - name.p >= 16);
        t = read_member(r, t + 2, o, name, words);
        if (t == READ_FAULT) return READ_FAULT;
        more = x->kind[t] == ',';
    }
    if (!read_names_end(r, o) || (o->mend && !read_mend(r, o, first))) return READ_FAULT;
    return t + 1;
}

/* --- entry --- */

/* Says why a text is no JSON: the lexer that reads from the front finds the first mistake. */
static bool fail_json(str bytes, int max_depth, fault *fault) {
    scan s = scan_new(bytes, max_depth, fault);
    if (scan_skip(&s) && scan_end(&s))
        fault_set(fault, FAULT_INTERNAL, 0, "the index and the lexer of JSON do not agree");
    return false;
}

/* Indexes and checks the text. */
static bool index_json(token_index *x, arena *a, str bytes, const read_options *options,
                       fault *fault) {
    int max_depth = options ? options->max_depth : 0;
    if (max_depth <= 0 || max_depth > LIMIT_DEPTH) max_depth = LIMIT_DEPTH;
    vectors variant = options ? options->vectors : VECTORS_BEST;
    return (index_build(x, read_without_mark(bytes), variant, a) && grammar_check(x, max_depth)) ||
           fail_json(bytes, max_depth, fault);
}

static void reader_begin(reader *r, token_index *index, const char *beg, fault *fault) {
    r->index = index;
    r->beg = beg;
    r->fault = fault;
    r->keep = NULL;
    r->max_string = LIMIT_STRING_BYTES;
    r->text_for_all = r->unwanted = false;
}

/* The whole message, which nobody can want, as a node without children. */
static bool pass_over_root(reader *r, model_type type) {
    uint32_t index = tape_open(&r->tape, KEY_NONE, type, NODE_RESOURCE);
    set_source(r, index, 0, token_past(r->index, 0));
    r->unwanted = true;
    return true;
}

static bool root_wanted(const reader *r, model_type type) {
    if (projection_never(r->keep, type)) return false;
    const need *needs = projection_needs_of(r->keep, type);
    return !needs || read_needed(r, 0, needs);
}

/* A single resource cannot be left out: its unknown type is a fault. */
static bool read_root(reader *r) {
    str name;
    model_type type = resource_type(r, 0, &name);
    place root = {.index = -1};
    if (r->keep && type && !root_wanted(r, type)) return pass_over_root(r, type);
    if (type) return read_typed(r, 0, type, KEY_NONE, &root) != READ_FAULT;
    str remedy = name.n ? place_resource_remedy(r->tape.model, name, r->tape.arena)
                        : S("add the member resourceType with the type's name");
    fault_set(r->fault, FAULT_INPUT, read_at(r, 0) - r->beg, "%s; %.*s",
              name.n ? "resourceType is no resource type of FHIR R4"
                     : "the resource has no resourceType",
              STR_ARGS(remedy));
    return false;
}

bool read_json(arena *a, str bytes, const read_options *options, problems *found, tape *out,
               fault *fault) {
    if (!read_size_ok(bytes, options, fault)) return false;
    str text = read_without_mark(bytes);
    const char *first = scan_space(text.p, text.p + text.n);
    if (first == text.p + text.n || *first != '{') {
        fault_set(fault, FAULT_INPUT, first - bytes.p,
                  "a FHIR resource is a JSON object; the text begins differently");
        return false;
    }
    token_index index;
    if (!index_json(&index, a, bytes, options, fault)) return false;
    reader r;
    reader_begin(&r, &index, bytes.p, fault);
    r.tape = tape_begin(a, model_r4());
    r.found = found;
    if (options && options->max_string > 0) r.max_string = options->max_string;
    if (options) r.keep = options->keep;
    if (!r.keep) tape_expect(&r.tape, index.n / 4);
    if (!read_root(&r)) return false;
    if (r.tape.n == 0) {
        fault_set(fault, FAULT_INPUT, 0, "the resource is empty");
        return false;
    }
    *out = tape_finish(&r.tape, bytes);
    out->unwanted = r.unwanted;
    return true;
}

bool read_json_element(tape_builder *b, model_key key, model_type type, str text, fault *fault) {
    problems found = problems_new(b->arena);
    token_index index;
    if (!index_json(&index, b->arena, text, NULL, fault)) return false;
    reader r;
    reader_begin(&r, &index, text.p, fault);
    r.tape = *b;
    r.found = &found;
    r.text_for_all = true;
    place root = {.index = -1},
          here = {.up = &root, .name = model_key_name(b->model, key), .index = -1};
    model_spelling f = {.key = key, .type = type};
    if (model_is_primitive(b->model, type)) f.flags = MEMBER_PRIMITIVE;
    object parent = {.place = &root};
    bool array = index.kind[0] == '[';
    uint32_t behind = array ? read_array(&r, 0, &parent, &f, NULL, &here)
                            : read_value(&r, 0, &parent, &f, NULL, &here);
    if (behind == READ_FAULT) return false;
    if (found.n || parent.mend) {
        const problem *p = found.n ? found.list : NULL;
        fault_set(fault, FAULT_INPUT, p ? p->at : -1, "%.*s: %.*s", STR_ARGS(here.name),
                  STR_ARGS(p ? p->text : S("null is no value here")));
        return false;
    }
    *b = r.tape;
    return true;
}
