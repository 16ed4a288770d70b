/* SPDX-License-Identifier: Apache-2.0 */
/* call_reference.c: resolve() within the message, and the keys of SQL on FHIR v2. A key is
 * "Type/id"; a resource without an id has the UUID of its Bundle entry's fullUrl, so that both
 * sides of a reference give the same key. */
#include "fhir/model_ids.h"
#include "path/calls.h"

static bool is_id(str s) {
    for (isize i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
        if (!ok) return false;
    }
    return s.n > 0 && s.n <= 64;
}

static isize last_slash(str s) {
    isize at = s.n - 1;
    while (at >= 0 && s.p[at] != '/') at--;
    return at;
}

/* Type and id at the end of a relative or absolute reference, without its version. */
static bool split_reference(const model *model, str reference, str *type, str *id) {
    isize history = str_find(reference, S("/_history/"), 0);
    if (history >= 0) reference = str_slice(reference, 0, history);
    isize slash = last_slash(reference);
    if (slash < 0) return false;
    *id = str_slice(reference, slash + 1, reference.n);
    str head = str_slice(reference, 0, slash);
    *type = str_slice(head, last_slash(head) + 1, head.n);
    model_type t = model_find_type(model, *type);
    return t != TYPE_NONE && model_is_resource(model, t) && is_id(*id);
}

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

/* Whether a Bundle entry is what the reference means (FHIR R4 bundle.html#references). */
static bool entry_is(machine *m, uint32_t entry, uint32_t resource, str reference, str type,
                     str id) {
    const tape *t = m->run->tape;
    str full = tape_child_text(t, entry, KEY_fullUrl, m->run->arena);
    if (full.n > 0 && str_eq(full, reference)) return true;
    if (id.n == 0 || !str_eq(model_type_name(m->model, m->nodes[resource].type), type))
        return false;
    return str_eq(tape_child_text(t, resource, KEY_id, m->run->arena), id);
}

static bool find_entry(machine *m, str reference, uint32_t *out) {
    const tape *t = m->run->tape;
    str type = {0}, id = {0};
    *out = TAPE_NONE;
    if (t->n == 0 || t->nodes[0].type != TYPE_Bundle) return true;
    if (!split_reference(m->model, reference, &type, &id)) id.n = 0;
    uint32_t entry = tape_child(t, 0, KEY_entry);
    for (; entry != TAPE_NONE && *out == TAPE_NONE; entry = tape_next(t, 0, entry)) {
        if (!machine_step(m, 1)) return false;
        uint32_t resource = tape_child(t, entry, KEY_resource);
        if (resource != TAPE_NONE && entry_is(m, entry, resource, reference, type, id))
            *out = resource;
    }
    return true;
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
        else if (!find_entry(m, reference, &found))
            return false;
        if (found != TAPE_NONE && !push(m, node_item(m, found))) return false;
    }
    return true;
}

static bool push_key(machine *m, str type, str id) {
    return push_string(m, arena_printf(m->run->arena, "%.*s/%.*s", STR_ARGS(type), STR_ARGS(id)));
}

static str uuid_of_entry(machine *m, uint32_t resource) {
    if (resource == 0 || m->nodes[resource].key != KEY_resource) return (str){0};
    const tape *t = m->run->tape;
    uint32_t entry = tape_child(t, 0, KEY_entry);
    for (; entry != TAPE_NONE; entry = tape_next(t, 0, entry)) {
        if (resource < entry || resource >= t->nodes[entry].next) continue;
        str full = tape_child_text(t, entry, KEY_fullUrl, m->run->arena);
        return str_starts(full, S("urn:uuid:")) ? str_slice(full, 9, full.n) : (str){0};
    }
    return (str){0};
}

static bool push_resource_key(machine *m, uint32_t resource) {
    str id = tape_child_text(m->run->tape, resource, KEY_id, m->run->arena);
    if (id.n == 0) id = uuid_of_entry(m, resource);
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
    if (split_reference(m->model, reference, &type, &id))
        return (wanted.n > 0 && !str_eq(wanted, type)) || push_key(m, type, id);
    uint32_t found;
    if (!find_entry(m, reference, &found)) return false;
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
