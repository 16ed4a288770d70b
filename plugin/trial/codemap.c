/* SPDX-License-Identifier: Apache-2.0 */
/* The site's code map: adds to every Coding it knows the codings it maps to, right behind the
 * original, which stays and is what evidence shows (contracts.md). A Coding that may stand only
 * once keeps its place alone. */
#include "fhir/model_ids.h"
#include "trial/message.h"
#include <string.h>

enum { TARGETS = 16 };

typedef struct coder {
    const mappings *set;
    arena *arena;
    const tape *from;
    tape_builder to;
    uint32_t *moved;
} coder;

static isize targets_at(const coder *c, uint32_t index, path_coding *out) {
    const node *n = &c->from->nodes[index];
    if (n->kind != NODE_COMPLEX || n->type != TYPE_Coding) return 0;
    str system = tape_child_text(c->from, index, KEY_system, c->arena);
    str code = tape_child_text(c->from, index, KEY_code, c->arena);
    if (!system.n || !code.n) return 0;
    isize found = terminology_site_codes(c->set, system, code, out, TARGETS);
    return found < TARGETS ? found : TARGETS;
}

/* Whether anything in the subtree has a target. */
static bool concerns(const coder *c, uint32_t index) {
    path_coding out[TARGETS];
    for (uint32_t i = index; i < c->from->nodes[index].next; i++)
        if (targets_at(c, i, out) > 0) return true;
    return false;
}

static void copy_whole(coder *c, uint32_t index) {
    const node *source = &c->from->nodes[index];
    uint32_t at = tape_copy(&c->to, c->from, index, source->key);
    c->to.nodes[at].flags = source->flags;
    for (uint32_t i = index; i < source->next; i++) c->moved[i] = at + (i - index);
}

static bool already_there(const coder *c, uint32_t parent, const path_coding *target) {
    const tape *t = c->from;
    for (uint32_t i = parent + 1; i < t->nodes[parent].next; i = t->nodes[i].next)
        if (t->nodes[i].type == TYPE_Coding &&
            str_eq(tape_child_text(t, i, KEY_system, c->arena), target->system) &&
            str_eq(tape_child_text(t, i, KEY_code, c->arena), target->code))
            return true;
    return false;
}

static void add_codings(coder *c, uint32_t parent, uint32_t coding) {
    path_coding targets[TARGETS];
    model_element element;
    const node *n = &c->from->nodes[coding];
    isize count = targets_at(c, coding, targets);
    if (count == 0 ||
        !model_element_of(c->from->model, c->from->nodes[parent].type, n->key, &element) ||
        !element.many)
        return;
    for (isize i = 0; i < count; i++) {
        if (already_there(c, parent, &targets[i])) continue;
        uint32_t at = tape_open(&c->to, n->key, TYPE_Coding, 0);
        tape_primitive(&c->to, KEY_system, TYPE_uri, targets[i].system, 0);
        tape_primitive(&c->to, KEY_code, TYPE_code, targets[i].code, 0);
        if (targets[i].display.n)
            tape_primitive(&c->to, KEY_display, TYPE_string, targets[i].display, 0);
        tape_close(&c->to, at);
    }
}

/* Depth is that of the tape, which the reader has bounded. */
static void copy(coder *c, uint32_t index) {
    const node *source = &c->from->nodes[index];
    if (source->kind == NODE_PRIMITIVE || !concerns(c, index)) {
        copy_whole(c, index);
        return;
    }
    uint32_t at = tape_open(&c->to, source->key, source->type, source->flags);
    c->moved[index] = at;
    for (uint32_t i = index + 1; i < source->next; i = c->from->nodes[i].next) {
        copy(c, i);
        add_codings(c, index, i);
    }
    tape_close(&c->to, at);
    c->to.nodes[at].text = source->text;
    c->to.nodes[at].length = source->length;
}

const tape *codemap_apply(const mappings *m, arena *arena, const tape *t, const uint32_t **moved) {
    coder c = {.set = m, .arena = arena, .from = t};
    *moved = NULL;
    if (m->terms.site_codes.n == 0 || t->n == 0 || !concerns(&c, 0)) return t;
    c.to = tape_begin(arena, t->model);
    c.moved = arena_new(arena, uint32_t, t->n);
    copy(&c, 0);
    tape *out = arena_new(arena, tape, 1);
    *out = tape_finish(&c.to, t->input);
    *moved = c.moved;
    return out;
}
