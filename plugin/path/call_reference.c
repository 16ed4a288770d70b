/* SPDX-License-Identifier: Apache-2.0 */
/* call_reference.c: resolve() within the message, and the keys of SQL on FHIR v2. A key is
 * "Type/id"; a resource without an id has the UUID of its Bundle entry's fullUrl, so that both
 * sides of a reference give the same key. */
#include "fhir/model_ids.h"
#include "path/calls.h"
#include "path/entries.h"

/* The reference's text: of a Reference, or a plain string. */
static str reference_text(machine *m, item it) {
    if (it.kind == ITEM_STRING) return it.text;
    if (it.kind != ITEM_NODE) return (str){0};
    if (m->nodes[it.node].kind == NODE_PRIMITIVE)
        return tape_text(m->run->tape, it.node, m->run->arena);
    return tape_child_text(m->run->tape, it.node, KEY_reference, m->run->arena);
}

static uint32_t find_contained(machine *m, uint32_t from, str id) {
    const tape *t = m->run->tape;
    uint32_t root = machine_root_resource(m, from);
    if (root == TAPE_NONE || id.n == 0) return id.n == 0 ? root : TAPE_NONE;
    uint32_t k = tape_child(t, root, KEY_contained);
    for (; k != TAPE_NONE; k = tape_next(t, root, k))
        if (str_eq(tape_child_text(t, k, KEY_id, m->run->arena), id)) return k;
    return TAPE_NONE;
}

bool call_resolve(machine *m, call *c) {
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        str reference = reference_text(m, it);
        uint32_t found = TAPE_NONE;
        if (reference.n == 0) continue;
        if (reference.p[0] == '#')
            found = find_contained(m, it.kind == ITEM_NODE ? it.node : m->context,
                                   str_slice(reference, 1, reference.n));
        else if (!entry_find(m, reference, &found))
            return false;
        if (found != TAPE_NONE && !push(m, node_item(m, found))) return false;
    }
    return true;
}

static bool push_key(machine *m, str type, str id) {
    return push_string(m, arena_printf(m->run->arena, "%.*s/%.*s", STR_ARGS(type), STR_ARGS(id)));
}

static bool push_resource_key(machine *m, uint32_t resource) {
    str id = tape_child_text(m->run->tape, resource, KEY_id, m->run->arena);
    if (id.n == 0) id = entry_uuid(m, resource);
    return id.n == 0 || push_key(m, model_type_name(m->model, m->nodes[resource].type), id);
}

bool call_getResourceKey(machine *m, call *c) {
    for (isize i = 0; i < c->n; i++) {
        item it = m->stack[c->in + i];
        if (it.kind != ITEM_NODE || !(m->nodes[it.node].flags & NODE_RESOURCE)) continue;
        if (!push_resource_key(m, it.node)) return false;
    }
    return true;
}

/* One reference; `wanted` is the empty str or the only type of resource to take. */
static bool push_reference_key(machine *m, str reference, str wanted) {
    str type, id;
    if (entry_split_reference(m->model, reference, &type, &id))
        return (wanted.n > 0 && !str_eq(wanted, type)) || push_key(m, type, id);
    uint32_t found;
    if (!entry_find(m, reference, &found)) return false;
    if (found == TAPE_NONE) return true;
    type = model_type_name(m->model, m->nodes[found].type);
    return (wanted.n > 0 && !str_eq(wanted, type)) || push_resource_key(m, found);
}

bool call_getReferenceKey(machine *m, call *c) {
    str wanted = c->args > 0 ? m->stack[c->arg[0]].text : (str){0};
    for (isize i = 0; i < c->n; i++) {
        str reference = reference_text(m, m->stack[c->in + i]);
        if (reference.n == 0 || reference.p[0] == '#') continue;
        if (!push_reference_key(m, reference, wanted)) return false;
    }
    return true;
}
