/* SPDX-License-Identifier: Apache-2.0 */
/* Where a node is. Nodes do not know their parent (places are asked for rarely, nodes are read all
 * the time), so the way is found from the root: at each level the child whose range holds it. */
#include "fhir/tape.h"

typedef struct step {
    uint32_t parent, node;
    int index; /* among its siblings of the same key */
} step;

/* The child of `parent` on the way to `target`. */
static step step_towards(const tape *t, uint32_t parent, uint32_t target) {
    const node *nodes = t->nodes;
    step s = {.parent = parent, .node = parent + 1};
    while (nodes[s.node].next <= target) {
        uint32_t next = nodes[s.node].next;
        s.index = nodes[next].key == nodes[s.node].key ? s.index + 1 : 0;
        s.node = next;
    }
    return s;
}

static bool repeats(const tape *t, step s) {
    model_element element;
    const node *n = &t->nodes[s.node];
    if (model_element_of(t->model, t->nodes[s.parent].type, n->key, &element)) return element.many;
    return s.index > 0 || tape_next(t, s.parent, s.node) != TAPE_NONE;
}

str tape_fhirpath(const tape *t, uint32_t index, arena *a) {
    buf out = buf_new(a, LIMIT_STRING_BYTES, "a FHIRPath location");
    buf_add(&out, model_type_name(t->model, t->nodes[0].type));
    for (uint32_t at = 0; at != index;) {
        step s = step_towards(t, at, index);
        buf_byte(&out, '.');
        buf_add(&out, model_key_name(t->model, t->nodes[s.node].key));
        if (repeats(t, s)) buf_printf(&out, "[%d]", s.index);
        at = s.node;
    }
    return buf_str(&out);
}

str tape_pointer(const tape *t, uint32_t index, arena *a) {
    buf out = buf_new(a, LIMIT_STRING_BYTES, "a JSON pointer");
    for (uint32_t at = 0; at != index;) {
        step s = step_towards(t, at, index);
        bool below = s.node != index; /* what a primitive has below it stands in `_x` */
        buf_add(&out, below && t->nodes[s.node].kind == NODE_PRIMITIVE ? S("/_") : S("/"));
        buf_add(&out, tape_name(t, s.node, a));
        if (repeats(t, s)) buf_printf(&out, "/%d", s.index);
        at = s.node;
    }
    return buf_str(&out);
}
