/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of pieces under one lock. A piece goes free, taken, done and free again; numbers of the
 * stream count up and name the slot they fall on. */
#include "tools/pool.h"
#include "tools/bytes.h"

#include <pthread.h>
#include <stdlib.h>

typedef enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_DONE } slot_state;

typedef struct slot {
    void *piece;
    slot_state state;
} slot;

typedef struct pool {
    const pool_work *work;
    pthread_mutex_t lock;
    pthread_cond_t change;
    slot *slots;
    unsigned long count, next, give; /* numbers: taken next, given on next */
    bool taking, giving;
    bool over;    /* nothing more is taken */
    bool stopped; /* nothing more is given */
} pool;

typedef struct worker {
    pool *pool;
    int number;
    pthread_t thread;
} worker;

static slot *slot_at(pool *p, unsigned long number) { return &p->slots[number % p->count]; }

/* Under the lock, which is open while `take` runs; NULL at the end. */
static slot *take_piece(pool *p) {
    while (!p->over && (p->taking || slot_at(p, p->next)->state != SLOT_FREE))
        pthread_cond_wait(&p->change, &p->lock);
    if (p->over) return NULL;
    slot *s = slot_at(p, p->next);
    p->taking = true;
    pthread_mutex_unlock(&p->lock);
    bool taken = p->work->take(p->work->self, s->piece);
    pthread_mutex_lock(&p->lock);
    p->taking = false;
    if (taken) {
        s->state = SLOT_TAKEN;
        p->next++;
    } else
        p->over = true;
    pthread_cond_broadcast(&p->change);
    return taken ? s : NULL;
}

/* Under the lock, which is open while the callbacks run. Whoever finds nobody giving gives all that
 * is ready. */
static void give_pieces(pool *p, slot *mine) {
    while (p->work->early && p->giving) pthread_cond_wait(&p->change, &p->lock);
    if (p->work->early && !p->stopped) {
        p->giving = true;
        pthread_mutex_unlock(&p->lock);
        p->work->early(p->work->self, mine->piece);
        pthread_mutex_lock(&p->lock);
        p->giving = false;
        pthread_cond_broadcast(&p->change);
    }
    mine->state = SLOT_DONE;
    while (!p->giving && !p->stopped && slot_at(p, p->give)->state == SLOT_DONE) {
        slot *s = slot_at(p, p->give);
        p->giving = true;
        pthread_mutex_unlock(&p->lock);
        bool go_on = p->work->give(p->work->self, s->piece);
        pthread_mutex_lock(&p->lock);
        p->giving = false;
        p->give++;
        s->state = SLOT_FREE;
        if (!go_on) p->over = p->stopped = true;
        pthread_cond_broadcast(&p->change);
    }
}

static void *worker_main(void *argument) {
    worker *w = argument;
    pool *p = w->pool;
    slot *s;
    pthread_mutex_lock(&p->lock);
    while ((s = take_piece(p)) != NULL) {
        pthread_mutex_unlock(&p->lock);
        p->work->work(p->work->self, w->number, s->piece);
        pthread_mutex_lock(&p->lock);
        give_pieces(p, s);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

void pool_run(const pool_work *work, int threads, void *const *pieces, int count) {
    worker workers[POOL_MOST];
    pool p = {.work = work, .count = (unsigned long)count};
    p.slots = tool_memory(count, (isize)sizeof *p.slots);
    for (int i = 0; i < count; i++) p.slots[i].piece = pieces[i];
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.change, NULL);
    int started = 1;
    for (; started < threads; started++) {
        workers[started] = (worker){.pool = &p, .number = started};
        if (pthread_create(&workers[started].thread, NULL, worker_main, &workers[started])) break;
    }
    workers[0] = (worker){.pool = &p};
    worker_main(&workers[0]);
    for (int i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
    pthread_cond_destroy(&p.change);
    pthread_mutex_destroy(&p.lock);
    free(p.slots);
}
