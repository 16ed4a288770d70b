/* SPDX-License-Identifier: Apache-2.0 */
/* delivery.c: one message through strategy A: read where anything is in doubt, create only if none
 * exists, update only the version that was seen, and believe nothing but a Flag with our
 * identifier, subject and sequence. */
#include "deliver/sending.h"

/* --- moving between stages --- */

static void go(slot *slot, stage stage) {
    if (slot->hops >= HOPS_MOST) {
        slot_park(slot, CLASS_RECONCILE,
                  "the server's state changed again and again while it was written", NULL);
        return;
    }
    slot->stage = stage;
    slot->waiting = true;
}

static void go_write(slot *slot) {
    if (slot->remote.fhir_id.n == 0)
        go(slot, STAGE_CREATE);
    else
        go(slot, slot->remote.etag.n > 0 ? STAGE_UPDATE : STAGE_FETCH);
}

static void go_after_lookup(slot *slot) {
    if (slot->must_read)
        go(slot, STAGE_SEARCH);
    else
        go_write(slot);
}

static void adopt(slot *slot, const flag_seen *seen) {
    /* Copies: the reply is wiped when the next request starts. */
    slot->remote.fhir_id = arena_str(&slot->arena, seen->id);
    slot->remote.etag = arena_str(&slot->arena, seen->version);
}

static remote_state remote_of(const slot *slot, const flag_seen *seen) {
    return (remote_state){.fhir_id = seen->id,
                          .etag = seen->version,
                          .seq = seen->seq > 0 ? seen->seq : slot->remote.seq,
                          .body_sha256 = slot->remote.body_sha256};
}

/* --- beginning --- */

static void copy_message(slot *slot, const outbox_message *from) {
    arena *a = &slot->arena;
    slot->queued = *from;
    slot->queued.endpoint = slot->sender->config->name;
    slot->queued.key = arena_str(a, from->key);
    slot->queued.body = arena_str(a, from->body);
    slot->queued.body_sha256 = arena_str(a, from->body_sha256);
    slot->must_read = from->attempts > 0 || from->recovered;
}

static void copy_remote(slot *slot, const remote_state *from) {
    arena *a = &slot->arena;
    slot->remote = (remote_state){.seq = from->seq, .body_sha256 = arena_str(a, from->body_sha256)};
    if (document_is_id(from->fhir_id)) slot->remote.fhir_id = arena_str(a, from->fhir_id);
    if (document_is_id(from->etag)) slot->remote.etag = arena_str(a, from->etag);
}

typedef struct taking {
    slot *slot;
    const outbox_message *message;
} taking;

static void take_in_step(void *state) {
    taking *t = state;
    copy_message(t->slot, t->message);
    copy_remote(t->slot, &t->message->remote);
}

bool slot_take_in(slot *slot, const outbox_message *message) {
    taking t = {slot, message};
    exchange_forget(&slot->exchange);
    arena_clear(&slot->arena);
    slot->wrote = slot->fetched = slot->searched = slot->renewed = slot->waiting = false;
    slot->hops = 0;
    if (!crypto_uuid4(slot->request_id)) {
        gate_stop(slot->sender, CLASS_CONFIG, 0, "OpenSSL gives no random numbers", -1);
        return false;
    }
    if (!guarded(&slot->landing, take_in_step, &t)) return false;
    slot->stage = STAGE_TAKEN;
    return true;
}

bool slot_ends_nothing(const slot *slot) {
    return slot->remote.fhir_id.n == 0 && slot->remote.seq == 0 &&
           !str_eq(json_text(slot->message.body, "status"), S("active"));
}

static void begin_requests(slot *slot) {
    slot->must_read |= slot_ends_nothing(slot);
    if (slot->message.subject.n == 0)
        go(slot, STAGE_LOOKUP);
    else
        go_after_lookup(slot);
}

static void begin_step(void *state) {
    slot *slot = state;
    const char *why;
    if (!flag_message_read(&slot->arena, slot->queued.body, slot->queued.key, slot->queued.seq,
                           slot->queued.body_sha256, &slot->message, &why))
        slot_park(slot, CLASS_PERMANENT, why, NULL);
    else if (slot->sender->config->type == ENDPOINT_FHIR)
        begin_requests(slot);
    else
        slot_append(slot);
}

void slot_begin(slot *slot) {
    if (!guarded(&slot->landing, begin_step, slot))
        slot_again(slot, CLASS_RETRY, "no memory for the message", 1000);
}

/* --- ending --- */

static void slot_end(slot *slot) {
    slot->stage = STAGE_ENDING;
    slot->waiting = false;
    slot->ending_at = pace_monotonic_ms();
}

void slot_ended(slot *slot) {
    sender *s = slot->sender;
    const outbox_outcome *o = &slot->ending;
    slot->stage = STAGE_FREE;
    if (o->unsent) return;
    if (o->done) s->done++;
    if (o->park) s->parked++;
    if (o->done || o->park) s->ended++;
    int level = o->park ? DELIVER_ERROR : o->done ? DELIVER_INFO : DELIVER_WARNING;
    sender_line(s, level,
                o->done   ? "flag.delivered"
                : o->park ? "flag.parked"
                          : "flag.waits",
                "outbox %lld, attempt %d, request %s, class %s, HTTP %d%s%.*s", (long long)o->id,
                slot->queued.attempts + 1, slot->request_id, o->class, o->http,
                o->reason.n ? ": " : "", STR_ARGS(o->reason));
}

void slot_put_back(slot *slot) {
    slot->ending = (outbox_outcome){
        .id = slot->queued.id, .request_id = str_from(slot->request_id), .unsent = true};
    slot_end(slot);
}

static outbox_outcome outcome_of(slot *slot, reply_class class, const char *reason) {
    return (outbox_outcome){.id = slot->queued.id,
                            .request_id = str_from(slot->request_id),
                            .class = class_name(class),
                            .http = slot->exchange.status,
                            .reason = str_from(reason)};
}

void slot_done(slot *slot, const flag_seen *seen) {
    remote_state remote = {seen->id, seen->version, slot->message.seq, slot->queued.body_sha256};
    slot->remote = remote;
    slot->ending = outcome_of(slot, CLASS_OK, NULL);
    slot->ending.done = true;
    slot->ending.remote = &slot->remote;
    gate_success(slot->sender);
    slot_end(slot);
}

void slot_done_without(slot *slot) {
    slot->ending =
        outcome_of(slot, CLASS_OK, "the endpoint has no such Flag, so there is none to be ended");
    slot->ending.done = true;
    gate_success(slot->sender);
    slot_end(slot);
}

void slot_park(slot *slot, reply_class class, const char *reason, const remote_state *remote) {
    slot->ending = outcome_of(slot, class, reason);
    slot->ending.park = true;
    if (remote) {
        slot->remote = *remote;
        slot->ending.remote = &slot->remote;
    }
    str reply = exchange_reply(&slot->exchange);
    if (class == CLASS_PERMANENT && slot->exchange.status >= 400 && reply.n > 0 &&
        reply.n <= OUTCOME_BYTES_MOST && document_read(&slot->arena, reply))
        slot->ending.outcome = reply;
    slot_end(slot);
}

void slot_again(slot *slot, reply_class class, const char *reason, int64_t delay_ms) {
    slot->ending = outcome_of(slot, class, reason);
    slot->ending.next_wall_ms = pace_wall_ms() + delay_ms;
    slot_end(slot);
}

/* The server, not the message, is at fault: the message waits, the endpoint stops or slows down. */
static void give_back(slot *slot, reply_class class, const char *text) {
    const endpoint_config *c = slot->sender->config;
    const exchange *e = &slot->exchange;
    int64_t after = pace_retry_after(str_from(e->retry_after), pace_wall_ms() / 1000);
    int64_t delay =
        after > 0 ? after
                  : pace_backoff(c->backoff_first_ms, c->backoff_max_ms, slot->queued.attempts + 1);
    if (class == CLASS_AUTH || class == CLASS_CONFIG) {
        gate_stop(slot->sender, class, e->status, text, after);
        slot_again(slot, class, text, 0);
        return;
    }
    gate_failure(slot->sender, class, e->status, text, after, e->status > 0);
    slot_again(slot, class, text, delay);
}

/* --- what the server holds --- */

static void take_absent(slot *slot) {
    if (slot_ends_nothing(slot)) {
        slot_done_without(slot);
    } else if (slot->remote.fhir_id.n == 0) {
        go_write(slot);
    } else if (!slot->fetched) {
        go(slot, STAGE_FETCH); /* a search index may lag behind */
    } else {
        static const remote_state none = {0};
        slot_park(slot, CLASS_RECONCILE,
                  "the Flag is gone at the endpoint: check why, then retry to create it anew",
                  &none);
    }
}

/* Whether a person or another program changed the Flag since we wrote it: its version is another,
 * its sequence is the one we wrote last. */
static bool edited(const slot *slot, const flag_seen *seen) {
    if (slot->remote.fhir_id.n == 0 || slot->remote.etag.n == 0) return false;
    if (str_eq(seen->version, slot->remote.etag)) return false;
    return seen->seq >= 0 ? seen->seq == slot->remote.seq : !slot->must_read;
}

static void park_edited(slot *slot, const flag_seen *seen) {
    remote_state remote = remote_of(slot, seen);
    slot_park(slot, CLASS_RECONCILE,
              "the Flag was changed at the endpoint by someone else: their change stands; retry to "
              "overwrite it",
              &remote);
}

static void raise_above(slot *slot, const flag_seen *seen) {
    fault fault = {0};
    int64_t seq = slot->message.seq;
    store_status status =
        store_raise_seq(slot->sender->store, slot->queued.id, seen->seq, &seq, &fault);
    if (status != STORE_OK) {
        sender_store_fault(slot->sender, status, &fault);
        slot_again(slot, CLASS_RETRY, "the store could not be written", 1000);
        return;
    }
    sender_line(slot->sender, DELIVER_WARNING, "sequence.raised",
                "outbox %lld: the server holds a later sequence than this store knows of, so the "
                "store was lost or restored",
                (long long)slot->queued.id);
    slot->message.seq = seq;
    adopt(slot, seen);
    go_write(slot);
}

static void take_ours(slot *slot, const flag_seen *seen) {
    bool known_version = str_eq(seen->version, slot->remote.etag);
    if (seen->version.n == 0) {
        give_back(slot, CLASS_CONFIG,
                  "the server gives Flags no version ids, so updates cannot be guarded");
    } else if (seen->same_message && seen->same_content) {
        slot_done(slot, seen);
    } else if (seen->same_message && !known_version) {
        park_edited(slot, seen);
    } else if (!seen->same_message && seen->seq >= slot->message.seq) {
        raise_above(slot, seen);
    } else if (edited(slot, seen)) {
        park_edited(slot, seen);
    } else {
        adopt(slot, seen);
        go_write(slot);
    }
}

/* A mismatch after a write may mean that another patient's Flag was changed: that message is parked
 * for a person to look at, and the endpoint stops. */
static void take_mismatch(slot *slot, const char *text) {
    bool wrote = slot->stage == STAGE_CREATE || slot->stage == STAGE_UPDATE;
    gate_stop(slot->sender, CLASS_CONFIG, slot->exchange.status, text, -1);
    if (wrote)
        slot_park(slot, CLASS_CONFIG, text, NULL);
    else
        slot_again(slot, CLASS_CONFIG, text, 0);
}

static void handle_sight(slot *slot, flag_sight sight, const flag_seen *seen) {
    switch (sight) {
    case SIGHT_NONE: take_absent(slot); return;
    case SIGHT_OURS: take_ours(slot, seen); return;
    case SIGHT_MANY:
        slot_park(slot, CLASS_RECONCILE,
                  "the endpoint holds more than one Flag with this identifier: remove all but one, "
                  "then retry",
                  NULL);
        return;
    case SIGHT_OTHER_IDENTIFIER:
        take_mismatch(slot, "the server answered with a Flag of another identifier");
        return;
    case SIGHT_OTHER_SUBJECT:
        if (slot->stage == STAGE_CREATE || slot->stage == STAGE_UPDATE)
            take_mismatch(slot, "the server answered with a Flag of another patient");
        else
            slot_park(slot, CLASS_RECONCILE,
                      "the endpoint's Flag belongs to another patient now: was the patient merged "
                      "there?",
                      NULL);
        return;
    case SIGHT_UNUSABLE: break;
    }
    give_back(slot, slot->wrote ? CLASS_AMBIGUOUS : CLASS_RETRY,
              "the reply does not hold the resource that was asked for");
}

/* --- replies --- */

static void take_lookup(slot *slot, const json *reply) {
    int n;
    str reference;
    if (patient_reply_search(&slot->arena, reply, &reference, &n)) {
        slot->message.subject = reference;
        go_after_lookup(slot);
    } else if (n < 0) {
        give_back(slot, CLASS_RETRY, "the reply to the search for the patient is no searchset");
    } else {
        slot_park(slot, CLASS_PERMANENT,
                  n == 0 ? "no-patient: the endpoint has no patient with the identifier"
                         : "no-patient: the endpoint has several patients with the identifier",
                  NULL);
    }
}

/* A success without a usable Flag proves nothing yet: read it back. */
static void read_back(slot *slot) {
    str id, version;
    slot->wrote = true;
    if (slot->remote.fhir_id.n == 0 &&
        location_flag(str_from(slot->exchange.location), &id, &version))
        slot->remote.fhir_id = arena_str(&slot->arena, id);
    slot->remote.etag = (str){0};
    go(slot, slot->remote.fhir_id.n > 0 ? STAGE_FETCH : STAGE_SEARCH);
}

static void take_write(slot *slot, const json *reply) {
    flag_seen seen;
    bool empty = exchange_reply(&slot->exchange).n == 0;
    if (empty || document_is(reply, "OperationOutcome")) {
        read_back(slot);
        return;
    }
    flag_sight sight = flag_reply_read(reply, &slot->message, slot->sender->config->url,
                                       str_from(slot->exchange.etag), &seen);
    slot->wrote = true;
    if (sight == SIGHT_UNUSABLE) {
        give_back(slot, CLASS_AMBIGUOUS, "the reply to a write holds no usable Flag");
    } else if (sight != SIGHT_OURS || (seen.same_message && seen.same_content)) {
        handle_sight(slot, sight, &seen);
    } else { /* the Flag was there before, or the server changed what it stored */
        slot->must_read = true;
        go(slot, STAGE_SEARCH);
    }
}

static void take_good(slot *slot, const json *reply) {
    flag_seen seen;
    str base = slot->sender->config->url;
    flag_sight sight;
    switch (slot->stage) {
    case STAGE_LOOKUP: take_lookup(slot, reply); return;
    case STAGE_SEARCH:
        slot->searched = true;
        sight = flag_reply_search(reply, &slot->message, base, &seen);
        handle_sight(slot, sight, &seen);
        return;
    case STAGE_FETCH:
        slot->fetched = true;
        sight = flag_reply_read(reply, &slot->message, base, str_from(slot->exchange.etag), &seen);
        handle_sight(slot, sight, &seen);
        return;
    default: take_write(slot, reply); return;
    }
}

static bool is_gone(const slot *slot) {
    int status = slot->exchange.status;
    return (status == 404 || status == 410) &&
           (slot->stage == STAGE_FETCH || slot->stage == STAGE_UPDATE);
}

static void take_gone(slot *slot) {
    flag_seen none = {.seq = -1};
    slot->fetched = true;
    if (slot->searched)
        handle_sight(slot, SIGHT_NONE, &none);
    else
        go(slot, STAGE_SEARCH); /* it may live on under another id */
}

static void take_refusal(slot *slot, reply_class class) {
    bool writing = slot->stage == STAGE_CREATE || slot->stage == STAGE_UPDATE;
    bool markup =
        document_is_markup(str_from(slot->exchange.content_type), exchange_reply(&slot->exchange));
    const char *text = class_status_text(slot->exchange.status, markup);
    if (class == CLASS_RECONCILE && writing) {
        slot->must_read = true;
        go(slot, STAGE_SEARCH);
    } else if (class == CLASS_RECONCILE) {
        give_back(slot, CLASS_RETRY, text);
    } else if (class == CLASS_PERMANENT && !writing) {
        give_back(slot, CLASS_CONFIG,
                  slot->stage == STAGE_LOOKUP ? "the server does not let patients be searched"
                                              : "the server does not let Flags be read");
    } else if (class == CLASS_PERMANENT) {
        slot_park(slot, class, text, NULL);
    } else {
        give_back(slot, class, text);
    }
}

static void take_step(void *state) {
    slot *slot = state;
    const exchange *e = &slot->exchange;
    if (e->code != CURLE_OK) {
        give_back(slot, e->failure, class_transfer_text((int)e->code));
        return;
    }
    if (e->status == 401 && !slot->renewed &&
        credentials_discard(slot->sender->credentials, slot->generation)) {
        slot->renewed = true;
        slot->waiting = true;
        return;
    }
    str body = exchange_reply(e);
    bool markup = document_is_markup(str_from(e->content_type), body);
    const json *reply = markup ? NULL : document_read(&slot->arena, body);
    const json *outcome = document_is(reply, "OperationOutcome") ? reply : NULL;
    reply_class class = class_of_reply(e->status, markup, outcome);
    bool nothing = e->status >= 200 && e->status < 300 && body.n == 0;
    if (is_gone(slot) && !markup)
        take_gone(slot);
    else if (class == CLASS_OK || nothing)
        take_good(slot, reply);
    else
        take_refusal(slot, class);
}

void slot_take(slot *slot) {
    if (!guarded(&slot->landing, take_step, slot))
        slot_again(slot, CLASS_AMBIGUOUS, "no memory for the reply", 1000);
}

/* --- sending --- */

static void send_step(void *state) {
    slot *slot = state;
    slot->generation = credentials_generation(slot->sender->credentials);
    if (!slot_request(slot)) {
        give_back(slot, CLASS_RETRY, "the request could not be made");
        return;
    }
    slot->waiting = false;
    slot->hops++;
    slot->sender->requests++;
}

void slot_send(slot *slot) {
    if (!guarded(&slot->landing, send_step, slot))
        slot_again(slot, CLASS_RETRY, "no memory for the request", 1000);
}
