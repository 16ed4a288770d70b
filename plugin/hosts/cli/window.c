/* SPDX-License-Identifier: Apache-2.0 */
/* window.c: submits, waits, fetches, and gives again what was not stored. */
#include "window.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESULT_FIRST = 1 << 20, RETRIES = 50, WAIT_MS = 1000 };

window *window_new(session *session, const char *meta, window_take take, void *user) {
    window *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    *w =
        (window){.session = session, .meta = meta, .take = take, .user = user, .cap = RESULT_FIRST};
    w->result = malloc((size_t)w->cap + 1);
    if (w->result) return w;
    free(w);
    return NULL;
}

void window_free(window *w) {
    if (!w) return;
    free(w->result);
    free(w);
}

static void submit(window *w, given *g) {
    session *s = w->session;
    g->job = 0;
    g->code = s->submit(s->handle, g->bytes, (int64_t)g->n, w->meta, &g->job);
}

/* Fetches the result of a job that was accepted; *n is its length. */
static void fetch(window *w, given *g, int64_t *n) {
    session *s = w->session;
    *n = 0;
    if (g->job == 0) return;
    do {
        g->code = s->wait(s->handle, &g->job, WAIT_MS);
    } while (g->code == FHIRTRIAL_PENDING);
    if (g->code == FHIRTRIAL_OK) g->code = s->result(s->handle, g->job, w->result, w->cap, n);
    while (g->code == FHIRTRIAL_E_BUFFER) {
        char *grown = realloc(w->result, (size_t)*n + 1);
        if (!grown) {
            g->code = FHIRTRIAL_E_NOMEM;
            *n = 0;
            return;
        }
        w->result = grown;
        w->cap = *n;
        g->code = s->result(s->handle, g->job, w->result, w->cap, n);
    }
}

static bool again_later(int32_t code) {
    return code == FHIRTRIAL_E_RETRY || code == FHIRTRIAL_E_FULL;
}

/* A message that was not stored must not be overtaken: those behind it are given again, too, which
 * changes nothing where they were stored. */
static void give_again(window *w, int first) {
    int64_t ignored;
    for (int i = first + 1; i < w->n; i++) fetch(w, &w->list[i], &ignored);
    nanosleep(&(struct timespec){0, 100000000}, NULL);
    for (int i = first; i < w->n; i++) submit(w, &w->list[i]);
}

void window_finish(window *w) {
    int tries = 0;
    for (int i = 0; i < w->n; i++) {
        given *g = &w->list[i];
        int64_t n;
        fetch(w, g, &n);
        if (again_later(g->code) && tries++ < RETRIES) {
            give_again(w, i--);
            continue;
        }
        w->result[n] = 0;
        w->take(w->user, &(message_at){g->path, g->line, g->bytes, g->n, true}, g->code, w->result,
                n);
        free(g->path);
        free(g->bytes);
    }
    w->n = 0;
    w->bytes = 0;
}

bool window_add(window *w, const message_at *m) {
    given *g = &w->list[w->n];
    *g = (given){strdup(m->path), malloc(m->n + 1), m->line, m->n, 0, FHIRTRIAL_OK};
    if (!g->path || !g->bytes) {
        free(g->path);
        free(g->bytes);
        return false;
    }
    memcpy(g->bytes, m->bytes, m->n);
    w->n++;
    w->bytes += m->n;
    submit(w, g);
    if (w->n == WINDOW_MESSAGES || w->bytes > WINDOW_BYTES || again_later(g->code) || !m->more)
        window_finish(w);
    return true;
}
