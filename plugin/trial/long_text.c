/* SPDX-License-Identifier: Apache-2.0 */
/* Texts beyond the limit of a kept string (contracts.md, Messages). One that no view reaches, such
 * as an attachment, stays where it is: it counts for the resource's content and for nothing else.
 * One that a view reaches is hidden from the views, and an issue says so. */
#include "fhir/projection.h"
#include "trial/message.h"
#include <string.h>

typedef struct hider {
    extraction *x;
    const part *part;
    node *nodes; /* a copy of the tape's; NULL as long as nothing is hidden */
} hider;

static void hide_text(hider *h, uint32_t index) {
    const tape *t = h->x->tape;
    if (!h->nodes) {
        h->nodes = arena_new(h->x->arena, node, t->n);
        memcpy(h->nodes, t->nodes, t->n * sizeof *h->nodes);
    }
    h->nodes[index].text = NULL;
    h->nodes[index].length = 0;
    h->nodes[index].flags &= (uint8_t)~NODE_HAS_TEXT;
}

/* Whether something below was hidden; then the source span around it must not be copied either. */
static bool hide_below(hider *h, uint32_t parent, const keep *wanted) {
    const tape *t = h->x->tape;
    bool hidden = false;
    for (uint32_t i = parent + 1; i < t->nodes[parent].next; i = t->nodes[i].next) {
        const node *n = &t->nodes[i];
        const keep *below;
        if (!projection_below(wanted, n, &below)) continue;
        if (n->kind == NODE_PRIMITIVE && n->length > LIMIT_STRING_BYTES) {
            hide_text(h, i);
            hidden = true;
            message_problem(h->x, h->part, i, PROBLEM_ERROR, "too-long",
                            S("the text is longer than the limit of 1 MiB for a value that a "
                              "mapping reads"),
                            S("send a shorter one; this one is not used"));
        }
        hidden |= hide_below(h, i, below);
    }
    if (hidden && t->nodes[parent].kind == NODE_COMPLEX) {
        h->nodes[parent].text = NULL;
        h->nodes[parent].length = 0;
    }
    return hidden;
}

const tape *long_text_hidden(extraction *x) {
    hider h = {.x = x};
    bool any = false;
    for (uint32_t i = 0; i < x->tape->n && !any; i++)
        any = x->tape->nodes[i].kind == NODE_PRIMITIVE &&
              x->tape->nodes[i].length > LIMIT_STRING_BYTES;
    for (isize k = 0; any && k < x->n; k++) {
        h.part = &x->parts[k];
        if (h.part->resource == TAPE_NONE || h.part->refused) continue;
        hide_below(&h, h.part->resource,
                   projection_of(x->set->reach, x->tape->nodes[h.part->resource].type));
    }
    if (!h.nodes) return x->tape;
    tape *shown = arena_new(x->arena, tape, 1);
    *shown = *x->tape;
    shown->nodes = h.nodes;
    return shown;
}
