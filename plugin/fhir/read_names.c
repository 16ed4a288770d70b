/* SPDX-License-Identifier: Apache-2.0 */
/* Names given twice (RFC 8259 section 4 leaves open what they mean; here they are refused), among
 * the members that the model was not asked about. Each name sets one of 256 marks. Where the mark
 * was set before, the object's names up to here are compared; where that happens too often, all of
 * them are sorted once at the object's end, so that no choice of names makes it slow. */
#include "fhir/read_state.h"
#include "fhir/scan.h"

enum { DOUBTS = 16 /* after so many, names are sorted */ };

uint32_t read_fail_duplicate(reader *r, uint32_t token) {
    fault_set(r->fault, FAULT_INPUT, read_at(r, token) - r->beg,
              "an object has two members of this name (RFC 8259 section 4); send each element "
              "once, repeats as an array");
    return READ_FAULT;
}

/* The token of the next member's name; false at the object's end. */
static bool next_name(const reader *r, uint32_t *t) {
    *t = token_past(r->index, *t + 2);
    if (r->index->kind[*t] != ',') return false;
    ++*t;
    return true;
}

static bool met_before(const reader *r, const object *o, uint32_t token, str name) {
    for (uint32_t t = o->first; t != token; next_name(r, &t))
        if (str_eq(read_string(r, t), name)) return true;
    return false;
}

bool read_note_name(reader *r, object *o, uint32_t token, str name, model_words words) {
    uint64_t mixed = model_mix(words, name) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t *mark = &o->names[mixed >> 62], bit = UINT64_C(1) << (mixed >> 56 & 63);
    if (o->noted++ == 0) memset(o->names, 0, sizeof o->names);
    bool doubt = *mark & bit;
    *mark |= bit;
    if (!doubt || ++o->doubtful > DOUBTS) return true;
    if (!met_before(r, o, token, name)) return true;
    read_fail_duplicate(r, token);
    return false;
}

bool read_names_end(reader *r, object *o) {
    if (o->doubtful <= DOUBTS) return true;
    isize n = 0;
    uint32_t t = o->first;
    do n++;
    while (next_name(r, &t));
    str *names = arena_new(r->tape.arena, str, n);
    uint32_t *tokens = arena_new(r->tape.arena, uint32_t, n);
    t = o->first;
    for (isize i = 0; i < n; i++, next_name(r, &t)) {
        names[i] = read_string(r, t);
        tokens[i] = t;
    }
    isize twice = scan_duplicate(names, n, r->tape.arena);
    if (twice < 0) return true;
    read_fail_duplicate(r, tokens[twice]);
    return false;
}
