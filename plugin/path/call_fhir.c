/* SPDX-License-Identifier: Apache-2.0 */
/* call_fhir.c: what FHIR adds to the language (FHIR R4 fhirpath.html, "Additional functions"), but
 * for references (call_reference.c) and codes (call_codes.c). */
#include "fhir/model_ids.h"
#include "path/calls.h"

/* Extensions with the given url. */
bool call_extension(machine *m, call *c) {
    const tape *t = m->run->tape;
    str url = c->args_v[0].it.text;
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        if (it.kind != ITEM_NODE) continue;
        for (uint32_t k = it.node + 1; k < m->nodes[it.node].next; k = m->nodes[k].next) {
            if (!machine_step(m, 1)) return false;
            if (m->nodes[k].key != KEY_extension) continue;
            if (!str_eq(tape_child_text(t, k, KEY_url, m->run->arena), url)) continue;
            if (!push(m, node_item(m, k))) return false;
        }
    }
    return true;
}

static bool has_value(const machine *m, item it) {
    if (it.kind != ITEM_NODE) return true;
    const node *n = &m->nodes[it.node];
    return n->kind == NODE_PRIMITIVE && (n->flags & NODE_HAS_TEXT);
}

bool call_hasValue(machine *m, call *c) {
    return push_boolean(m, c->n == 1 && has_value(m, m->stack[c->in]));
}

bool call_getValue(machine *m, call *c) {
    if (c->n != 1 || !has_value(m, m->stack[c->in])) return true;
    item it = m->stack[c->in];
    value v;
    if (!value_load(m, it, &v)) return true;
    return is_temporal(v.it) ? push_when(m, v.when) : push(m, v.it);
}

/* The base definitions are known; a resource conforms when it is of that type. */
bool call_conformsTo(machine *m, call *c) {
    str base = S("http://hl7.org/fhir/StructureDefinition/"), url = c->args_v[0].it.text;
    item it = m->stack[c->in];
    model_type type = str_starts(url, base)
                          ? model_find_type(m->model, str_slice(url, base.n, url.n))
                          : TYPE_NONE;
    if (type == TYPE_NONE)
        return machine_fail(m, "conformsTo() knows the base definitions of FHIR R4 only");
    return push_boolean(m, it.kind == ITEM_NODE && model_is_a(m->model, it.type, type));
}
