/* SPDX-License-Identifier: Apache-2.0 */
/* call_codes.c: memberOf() (FHIR R4 fhirpath.html) and translate(), our own: the targets of a code
 * in a loaded ConceptMap, as Codings, in the map's order. Value sets and maps are answered by
 * path_terminology. */
#include "fhir/model_ids.h"
#include "path/calls.h"

enum { TARGETS = 16 };

/* The next (system, code) of an item: a Coding is one, a CodeableConcept one a coding, a string a
 * code without a system. *at is 0 at first; false at the end. */
static bool next_code(machine *m, item it, uint32_t *at, str *system, str *code) {
    const tape *t = m->run->tape;
    arena *a = m->run->arena;
    if (it.kind != ITEM_NODE) {
        if (*at > 0) return false;
        *at = 1;
        *system = it.kind == ITEM_CODING ? it.coding->system : (str){0};
        *code = it.kind == ITEM_CODING   ? it.coding->code
                : it.kind == ITEM_STRING ? it.text
                                         : (str){0};
        return code->n > 0;
    }
    const node *n = &m->nodes[it.node];
    uint32_t coding = it.node;
    if (it.type == TYPE_CodeableConcept) {
        coding = *at == 0 ? tape_child(t, it.node, KEY_coding) : tape_next(t, it.node, *at);
        if (coding == TAPE_NONE) return false;
    } else if (*at > 0) {
        return false;
    }
    *at = coding == 0 ? 1 : coding;
    if (n->kind == NODE_PRIMITIVE) {
        *system = (str){0};
        *code = tape_text(t, it.node, a);
        return code->n > 0;
    }
    *system = tape_child_text(t, coding, KEY_system, a);
    *code = tape_child_text(t, coding, KEY_code, a);
    return true;
}

bool call_memberOf(machine *m, call *c) {
    const path_terminology *t = m->run->terminology;
    if (!t) return machine_fail(m, "memberOf() needs value sets, and this run has none");
    tri member = TRI_FALSE;
    str system, code;
    for (uint32_t at = 0; next_code(m, m->stack[c->in], &at, &system, &code);)
        if (code.n > 0)
            member = tri_or(member, t->member_of(t->self, c->args_v[0].it.text, system, code));
    return push_tri(m, member);
}

static bool push_coding(machine *m, path_coding target) {
    coding_value *kept = arena_new(m->run->arena, coding_value, 1);
    *kept = (coding_value){target.system, target.code, target.display};
    return push(m, (item){.kind = ITEM_CODING, .coding = kept});
}

static bool push_targets(machine *m, str url, str system, str code) {
    const path_terminology *t = m->run->terminology;
    path_coding few[TARGETS], *targets = few;
    isize n = t->translate(t->self, url, system, code, few, TARGETS);
    if (n > TARGETS) {
        targets = arena_new(m->run->arena, path_coding, n);
        n = t->translate(t->self, url, system, code, targets, n);
    }
    for (isize i = 0; i < n; i++)
        if (!push_coding(m, targets[i])) return false;
    return true;
}

bool call_translate(machine *m, call *c) {
    if (!m->run->terminology)
        return machine_fail(m, "translate() needs concept maps, and this run has none");
    for (isize i = 0; i < c->n; i++) {
        str system, code;
        for (uint32_t at = 0; next_code(m, m->stack[c->in + i], &at, &system, &code);)
            if (code.n > 0 && !push_targets(m, c->args_v[0].it.text, system, code)) return false;
    }
    return true;
}
