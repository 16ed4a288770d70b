/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c: messages that wait together share a commit. They are read first, outside any
 * transaction; then decided one after another inside one, each in a part of its own that fails by
 * itself and each on what those before it wrote; then committed; only then is any of them answered.
 * Where the commit fails, nothing of it was stored, and each goes its own way again. A large
 * message goes its own way from the beginning: others would wait for all its decisions. */
#include "work.h"

#include <stdlib.h>

enum {
    TOGETHER_MS = 100,          /* how long others may have to wait with their writing */
    TOGETHER_BYTES = 256 << 10, /* a larger message shares nothing */
    READ_AHEAD = 256,           /* messages read before their transaction begins, */
    READ_AHEAD_BYTES = 1 << 20  /* each with an arena, so large ones in small numbers */
};

typedef struct batch {
    instance *instance;
    submitted *list;
    work **works;
    isize n;
} batch;

static void process_alone(const batch *b, submitted *s) {
    s->reply = process_message(b->instance, s->bytes, s->meta, s->clock);
}

static bool shares(const submitted *s) { return s->bytes.n <= TOGETHER_BYTES; }

/* Opens and reads messages from `first` on; returns the one after the last. */
static isize read_some(const batch *b, isize first) {
    isize bytes = 0, i = first;
    for (; i < b->n && i - first < READ_AHEAD && bytes <= READ_AHEAD_BYTES; i++) {
        const submitted *s = &b->list[i];
        if (!shares(s)) break;
        bytes += s->bytes.n;
        b->works[i] = message_open(b->instance, s->bytes, s->meta, s->clock);
        if (b->works[i]) message_read(b->works[i]);
    }
    return i;
}

/* Decides messages of [first, end) while there is time; returns the one after the last. */
static isize decide_some(const batch *b, isize first, isize end) {
    int64_t until = clock_monotonic_ms() + TOGETHER_MS;
    isize i = first;
    while (i < end && (i == first || clock_monotonic_ms() < until)) {
        if (b->works[i]) message_decide(b->works[i]);
        i++;
    }
    return i;
}

static void answer(const batch *b, isize i) {
    work *w = b->works[i];
    b->list[i].reply = w ? message_reply(w) : (reply){FHIRTRIAL_E_NOMEM, NULL, 0};
    if (w) message_close(w);
}

static void answer_alone(const batch *b, isize i) {
    if (b->works[i]) message_close(b->works[i]);
    process_alone(b, &b->list[i]);
}

/* One transaction of messages that were read; returns the first that is not answered. */
static isize commit_some(const batch *b, isize first, isize end) {
    fault fault = {0};
    store *store = b->instance->store;
    store_status status = store_group_begin(store, &fault);
    if (status != STORE_OK) { /* whoever has the file would let none of them in */
        for (isize i = first; i < end; i++) {
            if (b->works[i]) message_fail(b->works[i], status, &fault);
            answer(b, i);
        }
        return end;
    }
    isize next = decide_some(b, first, end);
    bool durable = store_group_end(store, &fault) == STORE_OK;
    for (isize i = first; i < next; i++) {
        if (durable)
            answer(b, i);
        else
            answer_alone(b, i);
    }
    return next;
}

void process_batch(instance *instance, submitted *list, isize n) {
    batch b = {instance, list, n > 1 ? calloc((size_t)n, sizeof(work *)) : NULL, n};
    if (!b.works) {
        for (isize i = 0; i < n; i++) process_alone(&b, &list[i]);
        return;
    }
    for (isize first = 0, end = 0; first < n;) {
        if (first == end && !shares(&list[first])) {
            process_alone(&b, &list[first]);
            first = ++end;
            continue;
        }
        if (first == end) end = read_some(&b, first);
        first = commit_some(&b, first, end);
    }
    free(b.works);
}
