/* SPDX-License-Identifier: Apache-2.0 */
/* group.c: which patients are one person. Two are, when Patient.link joins them in either direction
 * or when they share an identifier of a system the site listed; links that this message writes
 * replace the stored ones. Never by name or birth date (contracts.md, Identity). */
#include "work.h"

#include "fhir/json.h"

enum { GROUP_MOST = 64 };

static const json *read_pairs(work *w, str text) {
    const json *list = NULL;
    fault fault;
    if (text.n == 0 || !json_read(&w->arena, text, &list, &fault)) return NULL;
    return list->kind == JSON_ARRAY ? list->child : NULL;
}

static str pair_part(const json *pair, int part) {
    const json *value = pair->kind == JSON_ARRAY ? pair->child : NULL;
    for (; value && part > 0; part--) value = value->next;
    return value && value->kind == JSON_STRING ? value->text : (str){0};
}

typedef struct frontier {
    patient_ref at[GROUP_MOST];
    isize n;
    landing *landing;
} frontier;

static void reach(frontier *f, patient_ref patient) {
    for (isize i = 0; i < f->n; i++)
        if (patient_same(f->at[i], patient)) return;
    if (f->n == GROUP_MOST)
        fault_raise(f->landing, FAULT_LIMIT, -1,
                    "more than %d Patient ids are tied to one person by identifiers or links: take "
                    "a system that many patients share out of patientIdentifiers, or mend "
                    "Patient.link",
                    GROUP_MOST);
    f->at[f->n++] = patient;
}

static bool listed_system(const work *w, str system) {
    const str_list *systems = &w->c->settings.patient_identifiers;
    for (isize i = 0; i < systems->n; i++)
        if (str_eq(systems->items[i], system)) return true;
    return false;
}

/* Ties that a Patient of this message has by what it says now. */
static bool reach_written(work *w, const resource_write *write, frontier *f) {
    for (const json *pair = read_pairs(w, write->links); pair; pair = pair->next)
        reach(f, (patient_ref){w->source, pair_part(pair, 1)});
    for (const json *pair = read_pairs(w, write->identifiers); pair; pair = pair->next) {
        if (!listed_system(w, pair_part(pair, 0))) continue;
        patient_ref *holders;
        isize n;
        w->status = store_holders(w->instance->store, &w->arena, pair_part(pair, 0),
                                  pair_part(pair, 1), &holders, &n, &w->fault);
        if (w->status != STORE_OK && w->status != STORE_NONE) return false;
        for (isize i = 0; w->status == STORE_OK && i < n; i++)
            if (!work_patient_write(w, holders[i])) reach(f, holders[i]);
    }
    return true;
}

static void add_tie(work *w, str system, str value, isize write) {
    index_add(&w->arena, &w->tie_by_key, index_hash(system, value), w->ties.n);
    *PUSH(w, w->ties) = (tie){system, value, write};
}

/* Every tie that a Patient of this message has by what it says now. */
static void note_ties(work *w) {
    for (isize i = 0; i < w->writes.n; i++) {
        const resource_write *write = &w->writes.at[i];
        if (!str_eq(write->type, S("Patient")) || write->removal) continue;
        for (const json *pair = read_pairs(w, write->links); pair; pair = pair->next)
            add_tie(w, (str){0}, pair_part(pair, 1), i);
        for (const json *pair = read_pairs(w, write->identifiers); pair; pair = pair->next)
            if (listed_system(w, pair_part(pair, 0)))
                add_tie(w, pair_part(pair, 0), pair_part(pair, 1), i);
    }
}

static void reach_tied(work *w, str system, str value, frontier *f) {
    const list_index *index = &w->tie_by_key;
    for (isize e = index_first(index, index_hash(system, value)); e >= 0;
         e = index_next(index, e)) {
        const tie *t = &w->ties.at[index->entries[e].at];
        if (str_eq(t->system, system) && str_eq(t->value, value))
            reach(f, w->writes.at[t->write].patient);
    }
}

/* Patients of this message whose links or identifiers now tie them to `patient`. */
static void reach_back(work *w, const member *m, frontier *f) {
    if (str_eq(m->ref.source, w->source)) reach_tied(w, (str){0}, m->ref.id, f);
    for (const json *own = read_pairs(w, m->identifiers); own; own = own->next)
        if (pair_part(own, 0).n > 0) reach_tied(w, pair_part(own, 0), pair_part(own, 1), f);
}

static bool reach_stored(work *w, const member *m, bool rewritten, frontier *f) {
    const str_list *systems = &w->c->settings.patient_identifiers;
    patient_edge *edges;
    isize n;
    w->status = store_edges(w->instance->store, &w->arena, m->ref, systems->items, systems->n,
                            &edges, &n, &w->fault);
    if (w->status == STORE_NONE) return true;
    if (w->status != STORE_OK) return false;
    for (isize i = 0; i < n; i++) {
        if (rewritten && edges[i].kind != EDGE_LINK_IN) continue;
        if (edges[i].kind != EDGE_LINK_OUT && work_patient_write(w, edges[i].other)) continue;
        reach(f, edges[i].other);
    }
    return true;
}

static bool read_member(work *w, patient_ref ref, member *m) {
    *m = (member){.ref = ref};
    w->status = store_patient(w->instance->store, &w->arena, ref, &m->state, &w->fault);
    if (w->status != STORE_OK && w->status != STORE_NONE) return false;
    const resource_write *write = work_patient_write(w, ref);
    m->identifiers = write ? write->identifiers : m->state.identifiers;
    m->links = write ? write->links : m->state.links;
    for (const json *pair = read_pairs(w, m->links); pair; pair = pair->next)
        if (str_eq(pair_part(pair, 0), S("replaced-by"))) m->replaced = true;
    *PUSH(w, w->revs) = (rev_check){ref, m->state.rev};
    return true;
}

static int by_ref(const member *a, const member *b) {
    int order = str_compare(a->ref.id, b->ref.id);
    return order ? order : str_compare(a->ref.source, b->ref.source);
}

static void choose_canonical(group *g) {
    g->canonical = &g->members[0];
    for (isize i = 1; i < g->n; i++) {
        member *m = &g->members[i], *best = g->canonical;
        if (m->replaced != best->replaced ? best->replaced : by_ref(m, best) < 0) g->canonical = m;
    }
}

static bool in_a_group(const work *w, patient_ref patient) {
    const list_index *index = &w->grouped_by_id;
    isize e = index_first(index, index_hash(patient.source, patient.id));
    for (; e >= 0; e = index_next(index, e)) {
        const group *g = &w->groups.at[index->entries[e].at];
        for (isize k = 0; k < g->n; k++)
            if (patient_same(g->members[k].ref, patient)) return true;
    }
    return false;
}

static bool make_group(work *w, patient_ref start) {
    frontier f = {{start}, 1, &w->landing};
    group g = {arena_new(&w->person, member, GROUP_MOST), 0, NULL};
    for (; g.n < f.n; g.n++) {
        member *m = &g.members[g.n];
        if (!read_member(w, f.at[g.n], m)) return false;
        const resource_write *write = work_patient_write(w, m->ref);
        if (write && !reach_written(w, write, &f)) return false;
        if (!reach_stored(w, m, write != NULL, &f)) return false;
        reach_back(w, m, &f);
    }
    member *members = arena_new(&w->arena, member, g.n);
    for (isize i = 0; i < g.n; i++) {
        members[i] = g.members[i];
        index_add(&w->arena, &w->grouped_by_id,
                  index_hash(members[i].ref.source, members[i].ref.id), w->groups.n);
    }
    g.members = members;
    arena_clear(&w->person);
    choose_canonical(&g);
    *PUSH(w, w->groups) = g;
    return true;
}

/* Who was tied to a rewritten Patient before is affected too: an unlink splits a person again. */
static bool touch_former(work *w) {
    const str_list *systems = &w->c->settings.patient_identifiers;
    for (isize i = 0; i < w->writes.n; i++) {
        if (!str_eq(w->writes.at[i].type, S("Patient"))) continue;
        patient_edge *edges;
        isize n = 0;
        w->status = store_edges(w->instance->store, &w->arena, w->writes.at[i].patient,
                                systems->items, systems->n, &edges, &n, &w->fault);
        if (w->status != STORE_OK && w->status != STORE_NONE) return false;
        for (isize k = 0; w->status == STORE_OK && k < n; k++) work_touch(w, edges[k].other);
    }
    return true;
}

bool work_groups(work *w) {
    if (!touch_former(w)) return false;
    note_ties(w);
    for (isize i = 0; i < w->touched.n; i++)
        if (!in_a_group(w, w->touched.at[i]) && !make_group(w, w->touched.at[i])) return false;
    return true;
}
