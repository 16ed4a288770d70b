/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file: what is read is written and read again to the same text. */
#include "fhir/json.h"
#include "fuzz.h"

typedef struct state {
    str input;
    arena *a;
} state;

static void check_places(const json *value, isize end, arena *a) {
    for (const json *v = value->child; v; v = v->next) {
        FUZZ_MUST(v->parent == value && v->at >= 0 && v->at < end);
        FUZZ_MUST(json_pointer(v, a).p[0] == '/');
        if (value->kind == JSON_OBJECT) FUZZ_MUST(v->name_at >= 0 && v->name_at < v->at);
        check_places(v, end, a);
    }
}

static void step(void *data) {
    state *s = data;
    fault fault = {0};
    const json *root, *again;
    if (!json_read(s->a, s->input, &root, &fault)) {
        FUZZ_MUST(!root && fault.code != FAULT_NONE && fault.at >= 0 && fault.at <= s->input.n);
        return;
    }
    if (s->input.n < 4096) check_places(root, s->input.n, s->a);
    buf first = buf_new(s->a, 64 << 20, "JSON"), second = first;
    json_write(root, &first);
    FUZZ_MUST(json_read(s->a, buf_str(&first), &again, &fault));
    json_write(again, &second);
    FUZZ_MUST(str_eq(buf_str(&first), buf_str(&second)));
}

void fuzz_json(const uint8_t *data, size_t size) {
    landing where = {0};
    arena a;
    arena_init(&a, 256 << 20, &where);
    state s = {.input = {(const char *)data, (isize)size}, .a = &a};
    if (!guarded(&where, step, &s)) FUZZ_MUST(where.fault.code == FAULT_NOMEM);
    arena_release(&a);
}
