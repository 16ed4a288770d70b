/* SPDX-License-Identifier: Apache-2.0 */
/* reread: what must hold of every tape that a reader made. The tape is well formed; each node's
 * place can be told; its canonical JSON is read again to the same canonical JSON. */
#ifndef FHIRTRIAL_TESTS_FUZZ_REREAD_H
#define FHIRTRIAL_TESTS_FUZZ_REREAD_H

#include "fhir/read.h"
#include "fuzz.h"

typedef bool reread_reader(arena *arena, str bytes, const read_options *options, problems *found,
                           tape *out, fault *fault);

typedef struct reread_state {
    reread_reader *read;
    const read_options *options;
    str input;
    arena *a;
} reread_state;

/* Ranges nest, and no key comes back after another one among siblings. */
static void reread_well_formed(const tape *t) {
    FUZZ_MUST(t->n > 0 && t->nodes[0].next == t->n);
    for (uint32_t i = 0; i < t->n; i++) {
        const node *n = &t->nodes[i];
        FUZZ_MUST(n->next > i && n->next <= t->n && n->reserved == 0);
        FUZZ_MUST(n->kind == NODE_COMPLEX || (n->flags & NODE_HAS_TEXT) || n->next > i + 1);
        for (uint32_t c = i + 1; c < n->next && c < i + 64; c = t->nodes[c].next) {
            FUZZ_MUST(t->nodes[c].next <= n->next);
            uint32_t first = tape_child(t, i, t->nodes[c].key);
            while (first != c) {
                first = tape_next(t, i, first);
                FUZZ_MUST(first != TAPE_NONE);
            }
        }
    }
}

static void reread_step(void *state) {
    reread_state *s = (reread_state *)state;
    problems found = problems_new(s->a);
    fault fault = {0};
    tape t, again;
    if (!s->read(s->a, s->input, s->options, &found, &t, &fault)) {
        FUZZ_MUST(fault.code != FAULT_NONE && fault.text[0] && fault.at <= s->input.n);
        return;
    }
    reread_well_formed(&t);
    for (uint32_t i = 0; i < t.n && i < 200; i++) {
        FUZZ_MUST(tape_fhirpath(&t, i, s->a).n > 0);
        FUZZ_MUST(i == 0 || tape_pointer(&t, i, s->a).p[0] == '/');
        FUZZ_MUST(t.nodes[tape_resource_of(&t, i)].flags & NODE_RESOURCE);
    }
    buf first = buf_new(s->a, 64 << 20, "canonical JSON"), second = first;
    tape_write_json(&t, 0, true, &first);
    /* an object that held only what is not FHIR is written empty, and then not read again */
    bool empties = str_find(buf_str(&first), S("{}"), 0) >= 0;
    FUZZ_MUST(read_json(s->a, buf_str(&first), NULL, &found, &again, &fault));
    tape_write_json(&again, 0, true, &second);
    FUZZ_MUST(empties || str_eq(buf_str(&first), buf_str(&second)));
}

static void reread(reread_reader *read, const read_options *options, const uint8_t *data,
                   size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    reread_state s = {
        .read = read, .options = options, .input = {(const char *)data, (isize)size}, .a = &a};
    if (!guarded(&where, reread_step, &s))
        FUZZ_MUST(where.fault.code == FAULT_NOMEM || where.fault.code == FAULT_LIMIT);
    arena_release(&a);
}

#endif
