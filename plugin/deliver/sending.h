/* SPDX-License-Identifier: Apache-2.0 */
/* sending.h: the inner side of the sender: the endpoint's state, and one slot for each message in
 * flight. sender.c owns the loop, gate.c says whether and how fast requests may go, delivery.c
 * moves one message through strategy A, append.c serves the file endpoint. For these files alone.
 *
 * The store is written for many messages at once: what is taken from the queue is in flight there
 * before any of its bytes leave, and outcomes gather until enough are there or nothing else is to
 * do. A message whose outcome is lost is read back before it is sent again, so that waiting is
 * safe.
 *
 * Nothing is allocated while a message moves but in its slot's arena, and every step that uses it
 * is guarded: a step that runs out of memory ends as "retry", and the store still knows the message
 * to be in flight. */
#ifndef FHIRTRIAL_DELIVER_SENDING_H
#define FHIRTRIAL_DELIVER_SENDING_H

#include "deliver/capability.h"
#include "deliver/credentials.h"
#include "deliver/crypto.h"
#include "deliver/flag_reply.h"
#include "deliver/pace.h"
#include "store/store.h"

enum {
    SLOT_ARENA = 16 << 20,
    HOPS_MOST = 8, /* requests of one attempt */
    REQUEST_ID_TEXT = 37,
    OUTCOME_BYTES_MOST = 64 * 1024 /* of a server's OperationOutcome kept in the store */
};

typedef enum stage {
    STAGE_FREE,
    STAGE_TAKEN,  /* from the queue, not yet in flight in the store */
    STAGE_LOOKUP, /* which Patient has the identifier? */
    STAGE_SEARCH, /* what does the server hold under our identifier? */
    STAGE_FETCH,  /* what does it hold under the known id? */
    STAGE_CREATE,
    STAGE_UPDATE,
    STAGE_ENDING /* its outcome is to be written to the store, with others */
} stage;

typedef struct slot {
    sender *sender;
    stage stage;
    bool waiting; /* the stage's request is not started yet */
    arena arena;
    landing landing;
    exchange exchange;
    outbox_message queued;
    flag_message message;
    remote_state remote; /* what is known of the server's Flag; fhir_id empty: nothing */
    bool must_read;      /* an earlier attempt may have had an effect */
    bool wrote;          /* a write of this attempt was answered with success */
    bool fetched, searched, renewed;
    int hops;
    int64_t generation; /* of the token used */
    char request_id[REQUEST_ID_TEXT];
    outbox_outcome ending;
    int64_t ending_at; /* monotonic ms since when it can be written; later after a failure */
} slot;

/* Whether requests may go to the endpoint. A stop is for what a person must mend (credentials,
 * configuration), a pause for a server that is down or busy; both end by themselves. */
typedef struct gate {
    bool stopped;
    reply_class class; /* of the last problem */
    const char *text;  /* static */
    int status;
    int64_t resume_at; /* monotonic ms; 0: open */
    int failures;      /* in a row */
} gate;

struct sender {
    store *store;
    const endpoint_config *config;
    deliver_log log;
    bool interrupted; /* atomic */
    bool locked, other_sends;
    int64_t clock_lead; /* of the wall clock before the monotonic one, ms, when it was greatest */
    https *https;
    credentials *credentials;
    bucket bucket;
    gate gate;
    exchange metadata;
    bool asking, known;
    int64_t known_at;
    capability capability;
    arena arena; /* of one pass */
    landing landing;
    slot *slots;
    int slot_count;
    int width;  /* requests side by side; more slots hold messages before and after theirs */
    bool ready; /* access is there: requests may go */
    int ended;  /* messages that reached an end state in this call */
    int64_t done, parked, requests;
    int64_t store_at; /* the store is not asked before: monotonic ms */
    int64_t now;      /* of the pass */
    int64_t until;    /* end of the step's budget */
    /* Messages that were due at `due_at`, some of them begun since: asking the store costs more the
     * more there is in the queue. */
    arena due_arena;
    landing due_landing;
    outbox_message *due;
    isize due_count, due_next;
    int64_t due_at;
};

/* --- gate.c --- */
bool gate_open(const sender *s, int64_t now_ms);
/* "stopped" or "paused" for `health`; NULL: open. */
const char *gate_state(const sender *s, int64_t now_ms);
/* How many messages may be in flight: one while the server has just failed. */
int gate_width(const sender *s);
void gate_success(sender *s);
/* Auth or config: stops the endpoint for a while; logged once per cause. */
void gate_stop(sender *s, reply_class class, int status, const char *text, int64_t retry_after_ms);
/* Retry or ambiguous: after a refusal with Retry-After, no connection, or failures in a row,
 * pauses. `answered`: there was a reply. */
void gate_failure(sender *s, reply_class class, int status, const char *text,
                  int64_t retry_after_ms, bool answered);
void sender_line(sender *s, int level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- sender.c --- */
/* A store that could not be read or written: it is left alone for a while. */
void sender_store_fault(sender *s, store_status status, const fault *fault);

/* --- delivery.c --- */
/* Copies a due message into a free slot. False: no memory, the slot stays free. */
bool slot_take_in(slot *slot, const outbox_message *message);
/* First step of a message that is in flight in the store. */
void slot_begin(slot *slot);
/* A message of which nothing was sent goes back as it was. */
void slot_put_back(slot *slot);
/* Starts the stage's request where access and rate allow it. */
void slot_send(slot *slot);
/* Acts on the reply in the slot's exchange. */
void slot_take(slot *slot);
/* Ends an attempt. `reason` is static. */
void slot_done(slot *slot, const flag_seen *seen);
/* Whether the message ends a Flag of which nothing was ever seen at the endpoint: then none is made
 * only to be ended. */
bool slot_ends_nothing(const slot *slot);
/* Ends an attempt: the endpoint has no such Flag, and needs none. */
void slot_done_without(slot *slot);
void slot_park(slot *slot, reply_class class, const char *reason, const remote_state *remote);
void slot_again(slot *slot, reply_class class, const char *reason, int64_t delay_ms);
/* The outcome of STAGE_ENDING is in the store: logs, counts and frees. */
void slot_ended(slot *slot);
/* --- request.c --- */
/* False: it could not be made. */
bool slot_request(slot *slot);

/* --- append.c --- */
/* Appends the message in the slot to the endpoint's file and ends it. */
void slot_append(slot *slot);

#endif
