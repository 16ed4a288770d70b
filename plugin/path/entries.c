/* SPDX-License-Identifier: Apache-2.0 */
/* entries.c: a table with open addressing; each entry is in it by its fullUrl and by its type and
 * id. */
#include "path/entries.h"
#include "fhir/model_ids.h"

typedef struct path_entries {
    uint32_t *slots; /* entry nodes; 0 is free, since node 0 is the Bundle */
    uint64_t mask;
} path_entries;

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

bool entry_split_reference(const model *model, str reference, str *type, str *id) {
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

/* A reference taken apart: its text, and type and id where it has them. */
typedef struct wanted {
    str reference, type, id;
} wanted;

static bool entry_is(const tape *t, arena *arena, uint32_t entry, const wanted *w) {
    uint32_t resource = tape_child(t, entry, KEY_resource);
    if (resource == TAPE_NONE) return false;
    str full = tape_child_text(t, entry, KEY_fullUrl, arena);
    if (full.n > 0 && str_eq(full, w->reference)) return true;
    if (w->id.n == 0) return false;
    return str_eq(model_type_name(t->model, t->nodes[resource].type), w->type) &&
           str_eq(tape_child_text(t, resource, KEY_id, arena), w->id);
}

static uint64_t hash_of(str type, str id) { return str_hash(type) * 31 + str_hash(id); }

static void put(path_entries *e, uint64_t hash, uint32_t entry) {
    uint64_t i = hash & e->mask;
    while (e->slots[i]) i = (i + 1) & e->mask;
    e->slots[i] = entry;
}

void path_prepare(path_run *run) {
    const tape *t = run->tape;
    if (t->n == 0 || t->nodes[0].type != TYPE_Bundle) return;
    uint64_t count = 0, size = 16;
    uint32_t first = tape_child(t, 0, KEY_entry);
    for (uint32_t i = first; i != TAPE_NONE; i = tape_next(t, 0, i)) count++;
    while (size < count * 4) size *= 2;
    path_entries *e = arena_new(run->arena, path_entries, 1);
    e->slots = arena_new(run->arena, uint32_t, (isize)size);
    e->mask = size - 1;
    for (uint32_t i = first; i != TAPE_NONE; i = tape_next(t, 0, i)) {
        uint32_t resource = tape_child(t, i, KEY_resource);
        if (resource == TAPE_NONE) continue;
        str full = tape_child_text(t, i, KEY_fullUrl, run->arena);
        str id = tape_child_text(t, resource, KEY_id, run->arena);
        if (full.n > 0) put(e, str_hash(full), i);
        if (id.n > 0) put(e, hash_of(model_type_name(t->model, t->nodes[resource].type), id), i);
    }
    run->entries = e;
}

/* The first entry in the chain of a hash that is the wanted one, or `best` when that stands before
 * it. */
static bool probe(machine *m, const wanted *w, uint64_t hash, uint32_t *best) {
    const path_entries *e = m->run->entries;
    for (uint64_t i = hash & e->mask; e->slots[i]; i = (i + 1) & e->mask) {
        if (!machine_step(m, 1)) return false;
        if (e->slots[i] < *best && entry_is(m->run->tape, m->run->arena, e->slots[i], w))
            *best = e->slots[i];
    }
    return true;
}

static bool search(machine *m, const wanted *w, uint32_t *best) {
    const tape *t = m->run->tape;
    uint32_t entry = tape_child(t, 0, KEY_entry);
    for (; entry != TAPE_NONE && *best == TAPE_NONE; entry = tape_next(t, 0, entry)) {
        if (!machine_step(m, 1)) return false;
        if (entry_is(t, m->run->arena, entry, w)) *best = entry;
    }
    return true;
}

bool entry_find(machine *m, str reference, uint32_t *out) {
    const tape *t = m->run->tape;
    wanted w = {.reference = reference};
    uint32_t entry = TAPE_NONE;
    *out = TAPE_NONE;
    if (t->n == 0 || t->nodes[0].type != TYPE_Bundle) return true;
    if (!entry_split_reference(m->model, reference, &w.type, &w.id)) w.id.n = 0;
    bool ok = !m->run->entries ? search(m, &w, &entry)
                               : probe(m, &w, str_hash(reference), &entry) &&
                                     (w.id.n == 0 || probe(m, &w, hash_of(w.type, w.id), &entry));
    if (ok && entry != TAPE_NONE) *out = tape_child(t, entry, KEY_resource);
    return ok;
}

/* A node begins after its parent, with only the parent's earlier children between: the entry is the
 * last node before the resource whose range holds it. */
str entry_uuid(machine *m, uint32_t resource) {
    const tape *t = m->run->tape;
    if (resource == 0 || t->nodes[resource].key != KEY_resource) return (str){0};
    uint32_t entry = resource - 1;
    while (entry > 0 && (t->nodes[entry].next <= resource || t->nodes[entry].key != KEY_entry))
        entry--;
    if (entry == 0) return (str){0};
    str full = tape_child_text(t, entry, KEY_fullUrl, m->run->arena);
    return str_starts(full, S("urn:uuid:")) ? str_slice(full, 9, full.n) : (str){0};
}
