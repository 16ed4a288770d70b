/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of FHIR XML to nodes. One frame for each open element; what is not FHIR is reported and
 * passed over with all it holds. */
#include "fhir/xml_tape.h"

#include "fhir/model_ids.h"
#include "fhir/primitive.h"

#include <string.h>

#define FHIR_SPACE  "http://hl7.org/fhir"
#define XHTML_SPACE "http://www.w3.org/1999/xhtml"
#define XSI_SPACE   "http://www.w3.org/2001/XMLSchema-instance"

enum { TEXT_PIECE = 4096 };

xml_tape *xml_tape_new(arena *a, str bytes, const read_options *options, problems *found,
                       fault *fault) {
    xml_tape *x = arena_new(a, xml_tape, 1);
    x->tape = tape_begin(a, model_r4());
    x->input = bytes;
    x->found = found;
    x->fault = fault;
    x->max_string = options && options->max_string > 0 ? options->max_string : LIMIT_STRING_BYTES;
    x->max_depth = options && options->max_depth > 0 ? options->max_depth : LIMIT_DEPTH;
    if (x->max_depth > LIMIT_DEPTH) x->max_depth = LIMIT_DEPTH;
    x->keep = options ? options->keep : NULL;
    x->ampersands = memchr(bytes.p, '&', (size_t)bytes.n) != NULL;
    return x;
}

static isize tag_at(const xml_tape *x) { return x->where(x->parser, true); }

static bool fail(xml_tape *x, const char *text) {
    fault_set(x->fault, FAULT_INPUT, tag_at(x), "%s", text);
    return false;
}

static void problem_at(xml_tape *x, const place *p, const char *code, const char *text,
                       const char *remedy) {
    if (x->found) place_problem(x->found, p, tag_at(x), code, str_from(text), str_from(remedy));
}

/* Passes over the element that begins now, with all it holds. */
static bool pass_over(xml_tape *x) {
    x->skip = 1;
    return true;
}

static bool bit(const uint64_t *set, uint16_t ordinal) {
    return set[ordinal / 64] >> (ordinal % 64) & 1;
}

static void set_bit(uint64_t *set, uint16_t ordinal) {
    set[ordinal / 64] |= UINT64_C(1) << (ordinal % 64);
}

/* Field by field: filling the whole frame with zeros takes longer than the rest. */
static xml_frame *push(xml_tape *x, const place *place, const keep *keep, model_type type) {
    xml_frame *f = &x->frames[x->open++];
    f->place.up = place->up;
    f->place.name.p = place->name.p;
    f->place.name.n = place->name.n;
    f->place.index = place->index;
    f->keep = keep;
    f->type = type;
    f->key = f->last = KEY_NONE;
    f->node = 0;
    f->run = f->texts = 0;
    f->slot = f->filled = f->reported = f->conflict = false;
    for (int i = 0; i < COUNT_OF(f->seen); i++) f->seen[i] = 0;
    return f;
}

/* Texts are copied into pieces of the arena, many into one. */
static str copy_of(xml_tape *x, str text) {
    if (x->room_end - x->room < text.n + 1) {
        isize n = text.n + 1 > TEXT_PIECE ? text.n + 1 : TEXT_PIECE;
        x->room = arena_new(x->tape.arena, char, n);
        x->room_end = x->room + n;
    }
    char *copy = x->room;
    memcpy(copy, text.p, (size_t)text.n);
    x->room += text.n + 1;
    return (str){copy, text.n};
}

/* Whether a text is this literal: a comparison of known length needs no call. */
#define IS(text, literal)                                                                          \
    ((text).n == sizeof(literal) - 1 && memcmp((text).p, literal, sizeof(literal) - 1) == 0)

/* Whether a namespace is FHIR's; the parser gives the same address again for the same one. */
static bool is_fhir(xml_tape *x, str space) {
    if (space.n && space.p == x->fhir_space) return true;
    if (!IS(space, FHIR_SPACE)) return false;
    x->fhir_space = space.p;
    return true;
}

/* A copy of an attribute's value in the arena, with its ampersands. */
static str value_of(xml_tape *x, str raw) {
    const str spelt = S("&#38;");
    str copy = copy_of(x, raw);
    if (!x->ampersands) return copy;
    isize at = str_find(copy, spelt, 0);
    char *text = (char *)(uintptr_t)copy.p, *out = text;
    for (isize from = 0; from < copy.n;) {
        isize to = at < 0 ? copy.n : at;
        memmove(out, text + from, (size_t)(to - from));
        out += to - from;
        from = to;
        if (at < 0) break;
        *out++ = '&';
        from += spelt.n;
        at = str_find(copy, spelt, from);
    }
    return (str){text, out - text};
}

/* The rule that a value breaks, or NULL; *code is the kind of finding. */
static const char *value_rule(const xml_tape *x, model_type type, str text, const char **code) {
    *code = "too-long";
    if (text.n > x->max_string) return "the text is longer than the limit of 1 MiB for a value";
    *code = "value";
    return primitive_rule(type, text);
}

/* --- attributes --- */

/* What a name means below an element; NULL when FHIR does not know it or, with a projection, when
 * nobody wants it. */
static const model_spelling *look_up(const xml_tape *x, const xml_frame *f, str name,
                                     const keep **below) {
    model_words words = model_words_of(name, false);
    *below = NULL;
    if (!f->keep) return model_lookup_words(x->tape.model, f->type, name, words);
    const keep_member *found = keep_find(f->keep, name, words);
    if (!found) return NULL;
    *below = keep_below(found);
    return found->spelling;
}

/* id and url: elements that XML spells as attributes. */
static void add_attribute(xml_tape *x, xml_frame *f, const xml_attribute *a) {
    place here = {.up = &f->place, .name = a->name, .index = -1};
    const keep *below;
    const model_spelling *m = a->space.n ? NULL : look_up(x, f, a->name, &below);
    if (!m && f->keep) return;
    if (!m || !(m->flags & MEMBER_ATTRIBUTE)) {
        problem_at(x, &here, "structure", "FHIR XML has no such attribute here",
                   "send the element as FHIR R4 defines it");
        return;
    }
    str text = value_of(x, a->value);
    const char *code, *rule = value_rule(x, m->type, text, &code);
    if (rule)
        problem_at(x, &here, code, rule, "correct the value; it was left out");
    else
        tape_primitive(&x->tape, m->key, m->type, text, 0);
}

static void add_attributes(xml_tape *x, xml_frame *f, const xml_attribute *list, isize n,
                           bool primitive) {
    for (isize i = 0; i < n; i++) {
        bool value = primitive && !list[i].space.n && IS(list[i].name, "value");
        if (value || IS(list[i].space, XSI_SPACE)) continue;
        f->filled = true;
        add_attribute(x, f, &list[i]);
    }
}

/* --- elements --- */

static bool open_resource(xml_tape *x, place place, model_key key, str name,
                          const xml_attribute *list, isize n) {
    model_type type = model_find_type(x->tape.model, name);
    const keep *keep = x->keep ? projection_of(x->keep, type) : NULL;
    xml_frame *f = push(x, &place, keep, type);
    f->node = tape_open(&x->tape, key, type, NODE_RESOURCE);
    f->filled = true; /* a resource may be nothing but its type */
    add_attributes(x, f, list, n, false);
    return true;
}

static bool is_resource_type(const model *m, str name) {
    model_type type = model_find_type(m, name);
    return model_is_resource(m, type) && !model_is_abstract(m, type);
}

static bool open_root(xml_tape *x, str space, str name, const xml_attribute *list, isize n) {
    if (!is_fhir(x, space))
        return fail(x, "the root element is not in the namespace http://hl7.org/fhir; send "
                       "FHIR XML");
    if (!is_resource_type(x->tape.model, name)) {
        str remedy = place_resource_remedy(x->tape.model, name, x->tape.arena);
        fault_set(x->fault, FAULT_INPUT, tag_at(x),
                  "the root element is no resource type of FHIR R4; %.*s", STR_ARGS(remedy));
        return false;
    }
    return open_resource(x, (place){.index = -1}, KEY_NONE, name, list, n);
}

/* Inside `contained` or `resource`: exactly one resource. */
static bool open_in_slot(xml_tape *x, xml_frame *slot, str name, const xml_attribute *list,
                         isize n) {
    if (slot->run++) {
        problem_at(x, &slot->place, "structure", "one resource may stand here, not several",
                   "repeat the surrounding element");
        return pass_over(x);
    }
    if (!is_resource_type(x->tape.model, name)) {
        place_unknown_resource(x->found, &slot->place, tag_at(x), x->tape.model, name);
        return pass_over(x);
    }
    return open_resource(x, slot->place, slot->key, name, list, n);
}

/* Whether the element may come here, now; what it breaks is reported. */
static bool in_order(xml_tape *x, xml_frame *f, const model_spelling *m, const place *here) {
    bool again = bit(f->seen, m->root), many = m->flags & MEMBER_MANY;
    if (again && !many) {
        problem_at(x, here, "structure",
                   "the element does not repeat but is given twice; neither is used",
                   "send one of them");
        if (!f->conflict) memset(f->refused, 0, sizeof f->refused);
        set_bit(f->refused, m->root);
        f->conflict = true;
        return false;
    }
    if (again && f->last != m->key) {
        problem_at(x, here, "structure", "elements of one name must stand together",
                   "send the elements in the order of FHIR R4; this one was left out");
        return false;
    }
    set_bit(f->seen, m->root);
    f->run = f->last == m->key ? f->run + 1 : 0;
    f->last = m->key;
    return true;
}

static void open_primitive(xml_tape *x, xml_frame *f, const model_spelling *m,
                           const xml_attribute *list, isize n) {
    str text = {0};
    for (isize i = 0; i < n; i++) {
        if (list[i].space.n || !IS(list[i].name, "value")) continue;
        text = value_of(x, list[i].value);
        const char *code, *rule = value_rule(x, m->type, text, &code);
        if (!rule) break;
        problem_at(x, &f->place, code, rule,
                   m->key == KEY_id ? "correct the value" : "correct the value; it was left out");
        f->reported = true;
        /* As in read_json.c: a resource's wrong id stays. Other ids are attributes. */
        if (m->key != KEY_id) text = (str){0};
    }
    f->node =
        tape_primitive(&x->tape, m->key, m->type, text, m->flags & MEMBER_SPELT ? NODE_CHOICE : 0);
    f->keep = NULL; /* what is kept of a primitive is kept with its extensions */
}

static bool open_div(xml_tape *x, str space, const place *here) {
    if (!IS(space, XHTML_SPACE)) {
        problem_at(x, here, "structure",
                   "the narrative is not in the namespace http://www.w3.org/1999/xhtml",
                   "declare the namespace on div");
        return pass_over(x);
    }
    x->in_div = true;
    x->div_at = tag_at(x);
    return pass_over(x);
}

static bool open_child(xml_tape *x, xml_frame *parent, str space, str name,
                       const xml_attribute *list, isize n) {
    const model *m = x->tape.model;
    place here = {.up = &parent->place, .name = name, .index = -1};
    parent->filled = true;
    const keep *below;
    const model_spelling *found = look_up(x, parent, name, &below);
    if (!found && parent->keep) return pass_over(x);
    if (!found || (found->flags & (MEMBER_CHOICE | MEMBER_ATTRIBUTE))) {
        if (found && (found->flags & MEMBER_ATTRIBUTE))
            problem_at(x, &here, "structure", "FHIR XML spells this as an attribute",
                       "write it into the tag above");
        else
            place_unknown(x->found, &here, tag_at(x), m, parent->type);
        return pass_over(x);
    }
    if (!in_order(x, parent, found, &here)) return pass_over(x);
    if (found->flags & MEMBER_MANY) here.index = parent->run;
    if (found->type == TYPE_xhtml) return open_div(x, space, &here);
    if (!is_fhir(x, space)) {
        problem_at(x, &here, "structure", "the element is not in the namespace of FHIR",
                   "put it into http://hl7.org/fhir");
        return pass_over(x);
    }
    here.name = model_key_name(m, found->key);
    if (found->flags & MEMBER_SPELT) here.name = copy_of(x, name);
    xml_frame *f = push(x, &here, below, found->type);
    if (found->flags & MEMBER_RESOURCE) {
        f->slot = true;
        f->key = found->key;
        return true;
    }
    bool primitive = found->flags & MEMBER_PRIMITIVE;
    if (primitive)
        open_primitive(x, f, found, list, n);
    else
        f->node = tape_open(&x->tape, found->key, found->type,
                            found->flags & MEMBER_SPELT ? NODE_CHOICE : 0);
    add_attributes(x, f, list, n, primitive);
    return true;
}

bool xml_open(xml_tape *x, str space, str name, const xml_attribute *list, isize n) {
    if (x->depth == x->max_depth) {
        fault_set(x->fault, FAULT_LIMIT, tag_at(x),
                  "elements are nested deeper than the limit of %d levels; send a flatter document",
                  x->max_depth);
        return false;
    }
    x->depth++;
    if (x->skip) {
        x->skip++;
        return true;
    }
    if (!x->open) return open_root(x, space, name, list, n);
    xml_frame *parent = &x->frames[x->open - 1];
    if (parent->slot) return open_in_slot(x, parent, name, list, n);
    return open_child(x, parent, space, name, list, n);
}

/* --- ends --- */

/* Takes the children that were given twice off the tape. */
static void drop_refused(xml_tape *x, const xml_frame *f) {
    tape_builder *b = &x->tape;
    uint32_t to = f->node + 1;
    for (uint32_t from = to, next; from < b->n; from = next) {
        next = b->nodes[from].next;
        uint32_t count = next - from;
        str key = model_key_name(b->model, b->nodes[from].key);
        const model_spelling *m = model_lookup(b->model, f->type, key);
        if (m && bit(f->refused, m->root)) continue;
        memmove(b->nodes + to, b->nodes + from, (size_t)count * sizeof(node));
        for (uint32_t i = to; i < to + count; i++) b->nodes[i].next -= from - to;
        to += count;
    }
    b->n = to;
}

static void end_div(xml_tape *x) {
    xml_frame *parent = &x->frames[x->open - 1];
    x->in_div = false;
    str text = str_slice(x->input, x->div_at, x->where(x->parser, false));
    place here = {.up = &parent->place, .name = S("div"), .index = -1};
    if (text.n > x->max_string)
        problem_at(x, &here, "too-long", "the text is longer than the limit of 1 MiB for a value",
                   "send a shorter narrative; it was left out");
    else
        tape_primitive(&x->tape, KEY_div, TYPE_xhtml, text, 0);
}

/* Whether an element says nothing. A complex one that held only what is not FHIR stays, as in JSON:
 * something was there. */
static bool is_empty(const node *n, const xml_frame *f) {
    if (n->kind == NODE_COMPLEX) return !f->filled;
    return !(n->flags & NODE_HAS_TEXT) && n->next == f->node + 1;
}

bool xml_close_plain(xml_tape *x) {
    if (x->skip > 1 || (x->skip == 1 && !x->in_div)) {
        x->depth--;
        x->skip--;
        return true;
    }
    const xml_frame *f = &x->frames[x->open - 1];
    if (x->skip || f->slot || f->conflict) return false;
    const node *n = &x->tape.nodes[f->node];
    if (n->kind == NODE_COMPLEX ? !f->filled : !(n->flags & NODE_HAS_TEXT)) return false;
    x->depth--;
    x->open--;
    tape_close(&x->tape, f->node);
    return true;
}

void xml_close(xml_tape *x) {
    x->depth--;
    if (x->skip) {
        if (--x->skip == 0 && x->in_div) end_div(x);
        return;
    }
    xml_frame *f = &x->frames[--x->open];
    if (f->slot) {
        if (!f->run)
            problem_at(x, &f->place, "structure", "the element holds no resource", "leave it out");
        return;
    }
    if (f->conflict) drop_refused(x, f);
    tape_close(&x->tape, f->node);
    if (!is_empty(&x->tape.nodes[f->node], f)) return;
    if (!f->reported && !f->filled)
        problem_at(x, &f->place, "structure", "the element has neither a value nor children",
                   "leave it out");
    x->tape.n = f->node;
}

void xml_text(xml_tape *x, str text) {
    if (x->skip || !x->open || !str_trim(text).n) return;
    xml_frame *f = &x->frames[x->open - 1];
    if (f->texts++ == 0)
        problem_at(x, &f->place, "structure", "FHIR XML has no text between elements",
                   "put a value into the attribute `value`; the text was left out");
}
