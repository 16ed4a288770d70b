/* SPDX-License-Identifier: Apache-2.0 */
/* resources.c: which of a message's resources change the store's state, by the order rules of the
 * store; two states of one resource in one message follow the same rules. */
#include "work.h"

bool patient_same(patient_ref a, patient_ref b) {
    return str_eq(a.id, b.id) && str_eq(a.source, b.source);
}

void work_touch(work *w, patient_ref patient) {
    uint64_t hash = index_hash(patient.source, patient.id);
    if (patient.id.n == 0) return;
    for (isize e = index_first(&w->touched_by_id, hash); e >= 0;
         e = index_next(&w->touched_by_id, e))
        if (patient_same(w->touched.at[w->touched_by_id.entries[e].at], patient)) return;
    index_add(&w->arena, &w->touched_by_id, hash, w->touched.n);
    *PUSH(w, w->touched) = patient;
}

str reference_text(arena *arena, str type, str id) {
    return arena_printf(arena, "%.*s/%.*s", STR_ARGS(type), STR_ARGS(id));
}

resource_write *work_write(const work *w, str type, str id) {
    const list_index *index = &w->write_by_id;
    for (isize e = index_first(index, index_hash(type, id)); e >= 0; e = index_next(index, e)) {
        resource_write *write = &w->writes.at[index->entries[e].at];
        if (str_eq(write->id, id) && str_eq(write->type, type)) return write;
    }
    return NULL;
}

static resource_write *add_write(work *w, const entry *e) {
    index_add(&w->arena, &w->write_by_id, index_hash(e->type, e->id), w->writes.n);
    return PUSH(w, w->writes);
}

static bool stored_head(work *w, str type, str id, resource_head *head) {
    *head = (resource_head){0};
    w->status = store_resource(w->instance->store, &w->arena, w->source, type, id, head, &w->fault);
    return w->status == STORE_OK || w->status == STORE_NONE;
}

/* What is in force before this entry: an earlier entry of the message, else the store. */
static bool head_of(work *w, const entry *e, const resource_write *earlier, resource_head *head) {
    if (earlier) {
        *head = (resource_head){earlier->type,        earlier->id,      earlier->patient.id,
                                earlier->version,     earlier->updated, earlier->content,
                                earlier->view_digest, earlier->removal};
        return true;
    }
    return stored_head(w, e->type, e->id, head);
}

static order_result order_of(const resource_head *head, const entry *e) {
    return store_order(head, e->version, e->updated, e->content, e->action == ENTRY_REMOVE);
}

/* The order of an entry behind another of its message; where that one told none of its own, it is
 * older than what it replaced may still be. */
static bool order_behind(work *w, const entry *e, order_result *order) {
    resource_head head;
    if (!stored_head(w, e->type, e->id, &head)) return false;
    if (w->status == STORE_OK && order_of(&head, e) == ORDER_OLDER) *order = ORDER_OLDER;
    return true;
}

static const stored_row *make_rows(work *w, const entry *e) {
    stored_row *rows = arena_new(&w->arena, stored_row, e->row_count);
    for (isize i = 0; i < e->row_count; i++) {
        isize view = e->rows[i].view;
        rows[i] = (stored_row){view_name(mappings_view(w->c->mappings, view)),
                               e->type,
                               e->id,
                               e->version,
                               e->updated,
                               e->rows[i].cells,
                               mappings_view_digest(w->c->mappings, view),
                               i};
    }
    return rows;
}

static str kept_bytes(work *w, const entry *e) {
    if (e->node == TAPE_NONE || (!e->reached && w->c->settings.keep != KEEP_ALL)) return (str){0};
    buf out = buf_new(&w->arena, w->c->settings.message_bytes * 2, "a resource");
    tape_write_json(&w->tape, e->node, false, &out);
    return buf_str(&out);
}

/* A removal keeps the order of what it removed where it tells none of its own, and what that was
 * (contracts.md, Identity). */
static void keep_order(const resource_head *head, resource_write *slot) {
    if (slot->updated.n == 0) slot->updated = head->updated;
    if (slot->version.n == 0 || str_starts(slot->version, S("sha256:")))
        slot->version = head->version.n > 0 ? head->version : slot->version;
    slot->content = head->content;
}

static void accept(work *w, const entry *e, resource_write *slot) {
    bool removal = e->action == ENTRY_REMOVE;
    *slot = (resource_write){.patient = {w->source, e->patient},
                             .type = e->type,
                             .id = e->id,
                             .version = e->version,
                             .updated = e->updated,
                             .content = e->content,
                             .removal = removal};
    slot->view_digest = w->c->views_digest;
    if (removal) return;
    slot->bytes = kept_bytes(w, e);
    slot->rows = make_rows(w, e);
    slot->row_count = e->row_count;
    slot->identifiers = e->identifiers;
    slot->links = e->links;
}

/* A resource that was never seen and gives no row changes nobody's record: who was decided under
 * these mappings need not be decided again. */
static bool leaves_record(work *w, const entry *e, bool known, bool *leaves) {
    *leaves = false;
    if (known || e->row_count > 0 || e->patient.n == 0 || str_eq(e->type, S("Patient")))
        return true;
    patient_state state;
    w->status = store_patient(w->instance->store, &w->arena, (patient_ref){w->source, e->patient},
                              &state, &w->fault);
    *leaves = w->status == STORE_OK && str_eq(state.decided, w->c->digest);
    return w->status == STORE_OK || w->status == STORE_NONE;
}

static bool take_entry(work *w, const entry *e) {
    resource_write *earlier = work_write(w, e->type, e->id);
    resource_head head;
    if (!head_of(w, e, earlier, &head)) return false;
    bool known = earlier || w->status == STORE_OK;
    order_result order = known ? order_of(&head, e) : ORDER_NEWER;
    if (earlier && order == ORDER_NEWER && !order_behind(w, e, &order)) return false;
    if (order != ORDER_NEWER) {
        *PUSH(w, w->ignored) = (ignored){reference_text(&w->arena, e->type, e->id),
                                         order == ORDER_OLDER ? "older" : "same"};
        return true;
    }
    str before = known ? head.patient : (str){0};
    bool leaves;
    if (!leaves_record(w, e, known, &leaves)) return false;
    resource_write *slot = earlier ? earlier : add_write(w, e);
    accept(w, e, slot);
    if (slot->removal) keep_order(&head, slot);
    slot->unseen = leaves;
    work_touch(w, (patient_ref){w->source, before});
    if (!leaves) work_touch(w, (patient_ref){w->source, e->patient});
    return true;
}

bool work_resources(work *w) {
    for (isize i = 0; i < w->message.n; i++)
        if (!take_entry(w, &w->message.entries[i])) return false;
    return true;
}

bool work_restate(work *w, const stale_resource *stale) {
    for (isize i = 0; i < w->message.n; i++) {
        const entry *e = &w->message.entries[i];
        if (!str_eq(e->id, stale->id) || !str_eq(e->type, stale->type)) continue;
        resource_write *write = add_write(w, e);
        accept(w, e, write);
        /* What the first message said of it stays: its patient may have been known from the Bundle
         * around it. */
        write->patient = stale->patient;
        write->version = stale->version;
        write->bytes = (str){0};
        work_touch(w, stale->patient);
        return true;
    }
    return false;
}

bool work_in_force(work *w, const stale_resource *stale, bool *yes) {
    resource_head head;
    if (!stored_head(w, stale->type, stale->id, &head)) return false;
    *yes = w->status == STORE_OK && !head.removed && str_eq(head.version, stale->version) &&
           str_eq(head.updated, stale->updated) && str_eq(head.content, stale->content);
    return true;
}

const resource_write *work_patient_write(const work *w, patient_ref patient) {
    if (!str_eq(patient.source, w->source)) return NULL;
    return work_write(w, S("Patient"), patient.id);
}
