/* SPDX-License-Identifier: Apache-2.0 */
/* call_types.c: is, as, ofType, type (FHIRPath: Types; FHIR R4 fhirpath.html). */
#include "fhir/model_ids.h"
#include "path/calls.h"

bool type_matches(const machine *m, item it, item type, bool exact) {
    if (type.node == SYSTEM_ANY) return true;
    if (it.kind == ITEM_NODE) {
        if (type.scale == NAMESPACE_SYSTEM || type.type == TYPE_NONE || it.type == TYPE_NONE)
            return false;
        if (it.type == type.type) return true;
        if (exact && m->nodes[it.node].kind == NODE_PRIMITIVE) return false;
        return model_is_a(m->model, it.type, type.type);
    }
    if (it.kind == ITEM_CODING) return type.type == TYPE_Coding;
    return type.scale != NAMESPACE_FHIR && it.kind == type.node;
}

bool call_is(machine *m, call *c) {
    if (c->n == 0) return m->program->edition_r4 || push_boolean(m, false);
    return push_boolean(m, type_matches(m, m->stack[c->in], m->stack[c->arg[0]], false));
}

bool call_as(machine *m, call *c) {
    item it = m->stack[c->in];
    return !type_matches(m, it, m->stack[c->arg[0]], true) || push(m, it);
}

bool call_ofType(machine *m, call *c) {
    item type = m->stack[c->arg[0]];
    isize kept = 0;
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        if (type_matches(m, it, type, true)) m->stack[c->in + kept++] = it;
    }
    m->top = c->in + kept;
    c->placed = true;
    return true;
}

static item type_of(const machine *m, item it) {
    item t = {.kind = ITEM_TYPE, .scale = NAMESPACE_SYSTEM, .node = it.kind};
    if (it.kind == ITEM_NODE || it.kind == ITEM_CODING) {
        t.type = it.kind == ITEM_NODE ? it.type : TYPE_Coding;
        t.scale = NAMESPACE_FHIR;
        t.text = model_type_name(m->model, t.type);
    } else {
        t.text = str_from(value_kind_name(it.kind));
    }
    return t;
}

bool call_type(machine *m, call *c) {
    for (isize i = 0; i < c->n; i++)
        if (!push(m, type_of(m, m->stack[c->in + i]))) return false;
    return true;
}
