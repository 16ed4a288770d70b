/* SPDX-License-Identifier: Apache-2.0 */
/* sender.c: the loop of one endpoint: access, capability, then as many requests side by side as the
 * configuration allows, each key at most once, and the store's part for many messages at once. */
#include "deliver/sending.h"

#include <stdlib.h>
#include <string.h>

enum {
    PASS_ARENA = 16 << 20,
    DUE_ARENA = 512 << 20, /* bodies of at most 1 MiB */
    CAPABILITY_LIFE_MS = 24 * 60 * 60 * 1000,
    WAIT_MOST_MS = 1000,
    IN_FLIGHT_MOST = 256,
    DUE_AT_ONCE = 256,
    DUE_LIFE_MS = 1000,
    AHEAD_MOST = 120, /* messages in flight in the store that wait for their request or outcome */
    AHEAD_PER_SECOND = 20, /* and at most this part of a second's worth */
    FILE_SLOTS = 16,
    OUTCOME_WAITS_MS = 10,
    CLOCK_TOLERANCE_MS = 1000 /* a clock that is slewed moves less between two looks */
};

/* --- open and close --- */

static bool make_slots(sender *s, fault *fault) {
    int64_t width = s->config->max_in_flight, ahead = s->config->per_second / AHEAD_PER_SECOND;
    width = width < 1 ? 1 : width > IN_FLIGHT_MOST ? IN_FLIGHT_MOST : width;
    ahead = ahead < 0 ? 0 : ahead > AHEAD_MOST ? AHEAD_MOST : ahead;
    int64_t n = s->config->type == ENDPOINT_FILE ? FILE_SLOTS : width + ahead;
    s->width = (int)width;
    s->slots = calloc((size_t)n, sizeof *s->slots);
    if (!s->slots) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for the messages in flight");
        return false;
    }
    s->slot_count = (int)n;
    for (int i = 0; i < s->slot_count; i++) {
        s->slots[i].sender = s;
        arena_init(&s->slots[i].arena, SLOT_ARENA, &s->slots[i].landing);
    }
    return true;
}

static bool check_file_path(const endpoint_config *c, fault *fault) {
    if (c->path.n > 0 && c->path.p[0] == '/' && c->path.n < 4096 &&
        str_find_byte(c->path, 0, 0) < 0)
        return true;
    fault_set(fault, FAULT_CONFIG, -1, "the path of endpoint %.*s is no absolute file path",
              STR_ARGS(c->name));
    return false;
}

sender *sender_open(store *store, const endpoint_config *config, const deliver_log *log,
                    fault *fault) {
    sender *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(fault, FAULT_NOMEM, -1, "no memory for a sender");
        return NULL;
    }
    s->store = store;
    s->config = config;
    if (log) s->log = *log;
    s->bucket = bucket_new(config->per_second, pace_monotonic_ms());
    arena_init(&s->arena, PASS_ARENA, &s->landing);
    arena_init(&s->due_arena, DUE_ARENA, &s->due_landing);
    bool ok = deliver_init(fault) && make_slots(s, fault);
    if (ok && config->type == ENDPOINT_FILE) ok = check_file_path(config, fault);
    if (ok && config->type == ENDPOINT_FHIR) {
        s->https = https_open(config, fault);
        s->credentials = s->https ? credentials_open(config, s->https, fault) : NULL;
        ok = s->credentials != NULL;
    }
    if (ok) return s;
    sender_close(s);
    return NULL;
}

/* --- the lock --- */

static bool take_lock(sender *s) {
    fault fault = {0};
    if (s->locked) return true;
    store_status status = store_sender_lock(s->store, s->config->name, &fault);
    s->locked = status == STORE_OK;
    bool other = status == STORE_NONE;
    if (other && !s->other_sends)
        sender_line(s, DELIVER_INFO, "sender.other", "another process sends for this endpoint");
    if (!other && !s->locked) {
        sender_line(s, DELIVER_ERROR, "sender.store", "%s", fault.text);
        s->store_at = s->now + WAIT_MOST_MS;
    }
    s->other_sends = other;
    s->clock_lead = INT64_MAX;
    return s->locked;
}

/* --- the wall clock --- */

static int64_t clock_lead(void) { return pace_wall_ms() - pace_monotonic_ms(); }

/* Whether waiting times that are in the store may be of a clock that was ahead: they were stored
 * before this sender began, or the clock was set back since. */
static bool clock_set_back(const sender *s) {
    return clock_lead() < s->clock_lead - CLOCK_TOLERANCE_MS;
}

static int64_t wait_most(const sender *s) {
    int64_t most = s->config->backoff_max_ms;
    return most > RETRY_AFTER_MOST_MS ? most : RETRY_AFTER_MOST_MS;
}

static void limit_waits(sender *s) {
    fault fault = {0};
    if (!clock_set_back(s)) {
        if (clock_lead() > s->clock_lead) s->clock_lead = clock_lead();
        return;
    }
    store_status status =
        store_outbox_limit_waits(s->store, s->config->name, pace_wall_ms() + wait_most(s), &fault);
    if (status == STORE_OK)
        s->clock_lead = clock_lead();
    else
        sender_store_fault(s, status, &fault);
}

/* --- capability --- */

static void audit_strategy(sender *s) {
    const capability *c = &s->capability;
    fault fault = {0};
    buf detail = buf_new(&s->arena, 4096, "an audit entry");
    buf_add(&detail, S("{\"endpoint\":"));
    buf_json_string(&detail, s->config->name);
    buf_printf(&detail, ",\"strategy\":%s,\"server\":\"%s\",\"fhirVersion\":\"%s\"}",
               c->usable ? "\"conditional-create-then-if-match\"" : "null", c->software,
               c->version);
    if (store_audit_add(s->store, "strategy", buf_str(&detail), &fault) != STORE_OK)
        sender_line(s, DELIVER_ERROR, "sender.store", "%s", fault.text);
}

static void take_metadata_step(void *state) {
    sender *s = state;
    const exchange *e = &s->metadata;
    capability before = s->capability;
    int64_t after = pace_retry_after(str_from(e->retry_after), pace_wall_ms() / 1000);
    bool markup = document_is_markup(str_from(e->content_type), exchange_reply(e));
    if (e->code != CURLE_OK) {
        reply_class class = e->failure == CLASS_AMBIGUOUS ? CLASS_RETRY : e->failure;
        const char *text = class_transfer_text((int)e->code);
        if (class == CLASS_CONFIG)
            gate_stop(s, class, 0, text, -1);
        else
            gate_failure(s, class, 0, text, -1, false);
        return;
    }
    if (e->status >= 500 || e->status == 429 || e->status == 408) {
        gate_failure(s, CLASS_RETRY, e->status, class_status_text(e->status, markup), after, false);
        return;
    }
    if (e->status != 200 || markup) {
        bool auth = e->status == 401 || e->status == 403;
        gate_stop(s, auth ? CLASS_AUTH : CLASS_CONFIG, e->status,
                  class_status_text(e->status, markup), after);
        return;
    }
    capability_read(document_read(&s->arena, exchange_reply(e)), &s->capability);
    if (memcmp(&before, &s->capability, sizeof before) != 0) audit_strategy(s);
    if (!s->capability.usable) {
        gate_stop(s, CLASS_CONFIG, e->status, s->capability.missing, -1);
        return;
    }
    if (s->known_at == 0)
        sender_line(s, DELIVER_INFO, "endpoint.strategy",
                    "conditional create, then update with If-Match; server %s, FHIR %s",
                    s->capability.software, s->capability.version);
    s->known = true;
    s->known_at = s->now;
}

static void take_metadata(sender *s) {
    s->asking = false;
    arena_clear(&s->arena);
    if (s->metadata.status == 401)
        (void)credentials_discard(s->credentials, credentials_generation(s->credentials));
    if (!guarded(&s->landing, take_metadata_step, s))
        gate_failure(s, CLASS_RETRY, 0, "no memory for the CapabilityStatement", -1, false);
    exchange_forget(&s->metadata);
}

static void ask_metadata_step(void *state) {
    sender *s = state;
    char request_id[37];
    str headers[3] = {S("Accept: application/fhir+json")};
    int n = 1;
    str authorization = credentials_header(s->credentials);
    if (crypto_uuid4(request_id))
        headers[n++] = arena_printf(&s->arena, "X-Request-Id: %s", request_id);
    if (authorization.n > 0) headers[n++] = authorization;
    https_request r = {.method = "GET",
                       .url = arena_printf(&s->arena, "%.*s/metadata", STR_ARGS(s->config->url)),
                       .headers = headers,
                       .header_count = n};
    s->asking = https_start(s->https, &s->metadata, &r);
}

static bool capability_known(sender *s) {
    if (s->known && s->now - s->known_at < CAPABILITY_LIFE_MS) return true;
    if (s->asking || !bucket_take(&s->bucket, s->now)) return false;
    s->requests++;
    arena_clear(&s->arena);
    if (!guarded(&s->landing, ask_metadata_step, s) || !s->asking)
        gate_failure(s, CLASS_RETRY, 0, "no memory for a request", -1, false);
    return false;
}

/* --- filling slots --- */

static int busy_slots(const sender *s) {
    int n = 0;
    for (int i = 0; i < s->slot_count; i++) n += s->slots[i].stage != STAGE_FREE;
    return n;
}

/* What the slots hold, by what they wait for. */
typedef struct load {
    int free, fresh /* no request was made yet */, waiting /* fresh ones too */, flying, ending;
    int64_t since; /* the first outcome that waits */
} load;

static load load_of(const sender *s) {
    load l = {.since = INT64_MAX};
    for (int i = 0; i < s->slot_count; i++) {
        const slot *slot = &s->slots[i];
        l.free += slot->stage == STAGE_FREE;
        if (slot->stage == STAGE_ENDING) {
            l.ending++;
            if (slot->ending_at < l.since) l.since = slot->ending_at;
        } else if (slot->stage != STAGE_FREE) {
            l.waiting += slot->waiting;
            l.fresh += slot->waiting && slot->hops == 0;
            l.flying += !slot->waiting;
        }
    }
    return l;
}

static slot *free_slot(sender *s) {
    for (int i = 0; i < s->slot_count; i++)
        if (s->slots[i].stage == STAGE_FREE) return &s->slots[i];
    return NULL;
}

void sender_store_fault(sender *s, store_status status, const fault *fault) {
    s->due_count = 0;
    s->store_at = pace_monotonic_ms() + WAIT_MOST_MS;
    sender_line(s, status == STORE_BUSY ? DELIVER_WARNING : DELIVER_ERROR, "sender.store", "%s",
                fault->text);
}

typedef struct due_step_state {
    sender *sender;
    store_status status;
    fault fault;
} due_step_state;

static void due_step(void *state) {
    due_step_state *d = state;
    sender *s = d->sender;
    d->status = store_outbox_due(s->store, &s->due_arena, s->config->name, pace_wall_ms(),
                                 DUE_AT_ONCE, &s->due, &s->due_count, &d->fault);
}

static void ask_due(sender *s) {
    due_step_state d = {.sender = s, .status = STORE_OK};
    s->due_count = s->due_next = 0;
    s->due_at = s->now;
    arena_clear(&s->due_arena);
    if (!guarded(&s->due_landing, due_step, &d)) {
        d.status = STORE_FULL;
        d.fault = s->due_landing.fault;
    }
    if (d.status == STORE_OK) return;
    sender_line(s, DELIVER_ERROR, "sender.store", "%s", d.fault.text);
    s->store_at = s->now + WAIT_MOST_MS;
    s->due_count = 0;
}

static bool due_known(const sender *s) {
    return s->due_next < s->due_count && s->now - s->due_at < DUE_LIFE_MS;
}

static bool interrupted(sender *s) { return __atomic_load_n(&s->interrupted, __ATOMIC_ACQUIRE); }

/* Takes up to `room` due messages into slots; gives how many, and where they are. */
static int take_due(sender *s, int room, slot **taken, outbox_start *starts) {
    int n = 0;
    while (n < room && s->due_next < s->due_count) {
        slot *slot = free_slot(s);
        if (!slot_take_in(slot, &s->due[s->due_next])) {
            s->store_at = s->now + WAIT_MOST_MS; /* no memory: not again at once */
            break;
        }
        s->due_next++;
        starts[n] = (outbox_start){slot->queued.id, str_from(slot->request_id), false};
        taken[n++] = slot;
    }
    return n;
}

/* Begins up to `room` due messages; true when at least one was begun. */
static bool begin_due(sender *s, int room) {
    slot *taken[IN_FLIGHT_MOST + AHEAD_MOST];
    outbox_start starts[IN_FLIGHT_MOST + AHEAD_MOST];
    fault fault = {0};
    bool any = false;
    if (!due_known(s)) ask_due(s);
    int n = take_due(s, room, taken, starts);
    if (n == 0) return false;
    store_status status = store_outbox_begin(s->store, starts, n, &fault);
    if (status != STORE_OK) sender_store_fault(s, status, &fault);
    for (int i = 0; i < n; i++) {
        bool begun = status == STORE_OK && starts[i].begun;
        any |= begun;
        if (!begun)
            taken[i]->stage = STAGE_FREE;
        else if (gate_open(s, s->now))
            slot_begin(taken[i]);
        else
            slot_put_back(taken[i]);
        if (begun || status != STORE_OK) continue;
        s->due_count = 0;
        sender_line(s, DELIVER_WARNING, "sender.overtaken",
                    "a message was taken by another sender or by an operator");
    }
    return any;
}

/* Many are begun at once, before those that wait are all sent. */
static bool fill(sender *s) {
    if (s->now < s->store_at || !gate_open(s, s->now)) return false;
    load l = load_of(s);
    int width = gate_width(s), room = l.free;
    if (s->https && l.fresh + l.flying >= width) {
        if (width < s->width || l.fresh >= width || l.free < s->slot_count / 2) return false;
    } else if (s->https && width < s->width) {
        room = width - l.fresh - l.flying;
    }
    return room > 0 && begin_due(s, room);
}

/* --- outcomes --- */

static bool write_outcomes(sender *s) {
    slot *ending[IN_FLIGHT_MOST + AHEAD_MOST];
    const outbox_outcome *list[IN_FLIGHT_MOST + AHEAD_MOST];
    fault fault = {0};
    isize n = 0;
    int64_t now = pace_monotonic_ms();
    for (int i = 0; i < s->slot_count; i++) {
        slot *slot = &s->slots[i];
        if (slot->stage != STAGE_ENDING || slot->ending_at > now) continue;
        ending[n] = slot;
        list[n++] = &slot->ending;
    }
    store_status status = n > 0 ? store_outbox_end(s->store, list, n, &fault) : STORE_OK;
    if (status != STORE_OK) sender_store_fault(s, status, &fault);
    for (isize i = 0; i < n; i++) {
        if (status == STORE_OK)
            slot_ended(ending[i]);
        else
            ending[i]->ending_at = now + WAIT_MOST_MS;
    }
    if (n > 0 && status == STORE_OK && s->log.metric) {
        s->log.metric(s->log.self, "fhirtrial_flags_delivered_total", (double)s->done);
        s->log.metric(s->log.self, "fhirtrial_flags_parked_total", (double)s->parked);
    }
    return status == STORE_OK;
}

/* Outcomes are written when there are many, when one has waited, or when nothing else is to do. */
static void gather_outcomes(sender *s) {
    load l = load_of(s);
    int64_t now = pace_monotonic_ms();
    if (l.ending == 0 || now < l.since) return;
    if (l.ending * 2 >= s->slot_count || l.free == 0 || l.flying + l.waiting == 0 ||
        now - l.since >= OUTCOME_WAITS_MS)
        (void)write_outcomes(s);
}

/* Messages that were begun and not sent, but for `keep` of them, go back: the server is in trouble,
 * or this sender ends. */
static void put_back_unsent(sender *s, int keep) {
    for (int i = 0; i < s->slot_count; i++) {
        slot *slot = &s->slots[i];
        if (slot->stage == STAGE_FREE || slot->stage == STAGE_ENDING) continue;
        if (slot->waiting && slot->hops == 0 && keep-- <= 0) slot_put_back(slot);
    }
}

void sender_close(sender *s) {
    if (!s) return;
    if (s->locked && s->slots) {
        put_back_unsent(s, 0);
        (void)write_outcomes(s);
        store_sender_unlock(s->store, s->config->name);
    }
    for (int i = 0; i < s->slot_count; i++) {
        exchange_release(&s->slots[i].exchange);
        arena_release(&s->slots[i].arena);
    }
    exchange_release(&s->metadata);
    credentials_close(s->credentials);
    https_close(s->https);
    arena_release(&s->arena);
    arena_release(&s->due_arena);
    free(s->slots);
    free(s);
}

static bool anything_due(sender *s) {
    return s->now >= s->store_at &&
           (due_known(s) || store_outbox_wait_ms(s->store, s->config->name, pace_wall_ms()) == 0);
}

/* --- one pass --- */

/* No access: messages that wait for a request go back to the store. */
static void give_up_access(sender *s) {
    credentials_problem p = credentials_failure(s->credentials);
    if (p.class == CLASS_RETRY)
        gate_failure(s, p.class, p.status, p.text, p.retry_after_ms, false);
    else
        gate_stop(s, p.class, p.status, p.text, p.retry_after_ms);
    for (int i = 0; i < s->slot_count; i++)
        if (s->slots[i].stage != STAGE_FREE && s->slots[i].waiting && s->slots[i].hops > 0)
            slot_again(&s->slots[i], p.class, p.text, 0);
    put_back_unsent(s, 0);
}

/* Messages that are under way already first. */
static void send_waiting(sender *s) {
    int left = gate_width(s) - load_of(s).flying;
    for (int fresh = 0; fresh < 2; fresh++) {
        for (int i = 0; i < s->slot_count && left > 0; i++) {
            slot *slot = &s->slots[i];
            if (slot->stage == STAGE_FREE || slot->stage == STAGE_ENDING || !slot->waiting)
                continue;
            if ((slot->hops == 0) != (fresh == 1)) continue;
            if (!bucket_take(&s->bucket, s->now)) return;
            slot_send(slot);
            left--;
        }
    }
}

static void take_ended(sender *s) {
    for (exchange *e = https_next(s->https); e; e = https_next(s->https)) {
        s->now = pace_monotonic_ms();
        if (credentials_take(s->credentials, e, s->now)) continue;
        if (e == &s->metadata) {
            take_metadata(s);
            continue;
        }
        slot_take(s->slots + ((char *)e - (char *)&s->slots->exchange) / (isize)sizeof(slot));
    }
}

/* One round over the network; *active: something is under way. */
static void pass_fhir(sender *s, bool *active) {
    bool open = gate_open(s, s->now);
    bool wanted = busy_slots(s) > 0 || (open && anything_due(s));
    credentials_state state =
        wanted ? credentials_step(s->credentials, s->now) : CREDENTIALS_WAITING;
    s->ready = state == CREDENTIALS_READY;
    if (wanted && state == CREDENTIALS_FAILED) give_up_access(s);
    if (!open || gate_width(s) < s->width)
        put_back_unsent(s, open ? gate_width(s) - load_of(s).flying : 0);
    if (s->ready) {
        if (gate_open(s, s->now) && capability_known(s)) (void)fill(s);
        send_waiting(s);
    }
    https_poll(s->https, 0);
    take_ended(s);
    gather_outcomes(s);
    *active = busy_slots(s) > 0 || s->asking || (wanted && state == CREDENTIALS_WAITING) ||
              (gate_open(s, pace_monotonic_ms()) && anything_due(s));
}

static void pass_file(sender *s, bool *active) {
    *active = fill(s);
    (void)write_outcomes(s);
}

/* How long this pass may wait for the network or the rate; not at all where all that was under way
 * has ended and more is due: no reply would come. */
static int64_t wait_of(sender *s, int64_t left) {
    int64_t wait = left < WAIT_MOST_MS ? left : WAIT_MOST_MS;
    int64_t rate = bucket_wait(&s->bucket, s->now);
    load l = load_of(s);
    if (l.free == s->slot_count && rate == 0 && s->ready && s->known && !s->asking &&
        gate_open(s, s->now) && anything_due(s))
        return 0;
    if (l.waiting > 0 && s->ready && l.flying < gate_width(s) && rate < wait) wait = rate;
    if (l.waiting > 0 && !s->ready && rate < wait) wait = rate > 0 ? rate : 1;
    if (l.ending > 0 && wait > OUTCOME_WAITS_MS) wait = OUTCOME_WAITS_MS;
    if (!s->known && !s->asking && rate < wait) wait = rate > 0 ? rate : 1;
    return wait;
}

int sender_step(sender *s, int budget_ms) {
    bool active = true;
    s->ended = 0;
    s->now = pace_monotonic_ms();
    s->until = s->now + (budget_ms > 0 ? budget_ms : 0);
    if (s->now < s->store_at && !s->locked) return 0;
    if (!take_lock(s)) return s->other_sends ? -1 : 0;
    limit_waits(s);
    while (active && !interrupted(s)) {
        s->now = pace_monotonic_ms();
        if (s->config->type == ENDPOINT_FHIR)
            pass_fhir(s, &active);
        else
            pass_file(s, &active);
        s->now = pace_monotonic_ms();
        if (s->now >= s->until) break;
        if (active && s->https) {
            https_poll(s->https, (int)wait_of(s, s->until - s->now));
            s->now = pace_monotonic_ms();
            take_ended(s);
        }
    }
    (void)write_outcomes(s);
    __atomic_store_n(&s->interrupted, false, __ATOMIC_RELEASE);
    return s->ended;
}

/* --- what others ask --- */

int64_t sender_due_ms(sender *s) {
    int64_t now = pace_monotonic_ms();
    if (busy_slots(s) > 0 || s->asking) return 0;
    if (s->other_sends) return -1;
    if (s->locked && clock_set_back(s)) return s->store_at > now ? s->store_at - now : 0;
    int64_t wait = store_outbox_wait_ms(s->store, s->config->name, pace_wall_ms());
    if (wait < 0) return -1;
    if (s->gate.resume_at - now > wait) wait = s->gate.resume_at - now;
    if (s->store_at - now > wait) wait = s->store_at - now;
    return wait;
}

void sender_interrupt(sender *s) {
    __atomic_store_n(&s->interrupted, true, __ATOMIC_RELEASE);
    if (s->https) https_wake(s->https);
}

static const char *state_name(const sender *s, int64_t now) {
    if (s->other_sends) return "other-sender";
    const char *closed = gate_state(s, now);
    if (closed) return closed;
    return busy_slots(s) > 0 ? "sending" : "idle";
}

typedef struct status_step_state {
    sender *sender;
    str text;
} status_step_state;

static void status_step(void *state) {
    status_step_state *t = state;
    sender *s = t->sender;
    int64_t now = pace_monotonic_ms();
    buf out = buf_new(&s->arena, 4096, "a sender's status");
    buf_add(&out, S("{\"endpoint\":"));
    buf_json_string(&out, s->config->name);
    buf_printf(&out, ",\"state\":\"%s\"", state_name(s, now));
    if (s->known)
        buf_printf(&out,
                   ",\"strategy\":\"conditional-create-then-if-match\",\"server\":\"%s\","
                   "\"fhirVersion\":\"%s\"",
                   s->capability.software, s->capability.version);
    if (s->gate.text) {
        buf_printf(&out, ",\"class\":\"%s\",\"http\":%d,\"reason\":", class_name(s->gate.class),
                   s->gate.status);
        buf_json_string(&out, str_from(s->gate.text));
        if (!gate_open(s, now))
            buf_printf(&out, ",\"retryInMs\":%lld", (long long)(s->gate.resume_at - now));
    }
    buf_printf(&out, ",\"inFlight\":%d,\"delivered\":%lld,\"parked\":%lld,\"requests\":%lld",
               busy_slots(s), (long long)s->done, (long long)s->parked, (long long)s->requests);
    if (s->credentials)
        buf_printf(&out, ",\"tokenRequests\":%lld",
                   (long long)credentials_requests(s->credentials));
    buf_byte(&out, '}');
    t->text = buf_str(&out);
}

isize sender_status_json(sender *s, char *out, isize cap) {
    status_step_state t = {.sender = s};
    if (cap < 3) return 0;
    arena_clear(&s->arena);
    if (!guarded(&s->landing, status_step, &t) || t.text.n >= cap) t.text = S("{}");
    memcpy(out, t.text.p, (size_t)t.text.n);
    out[t.text.n] = 0;
    return t.text.n;
}
