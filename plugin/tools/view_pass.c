/* SPDX-License-Identifier: Apache-2.0 */
/* The pass: what the pool calls. */
#include "tools/view_pass.h"

#include "fhir/read.h"
#include "tools/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A block is worth waking a thread for; alone it should stay in the processor's cache. */
enum { BLOCK_ALONE = 256 << 10, BLOCK_SHARED = 1 << 20, SHOWN_EVERY_MS = 200 };

typedef struct piece {
    block block;
    _Alignas(TOOL_LINE) results results; /* the worker writes here while the next piece is taken */
} piece;

typedef struct passing {
    view_pass *pass;
    blocks blocks;
    engine *engines[POOL_MOST];
    const input_file *file; /* of the block given last */
    long line;              /* in it, of the next block's first byte */
    int64_t shown_ms, begun_ms;
    bool shown;
} passing;

static bool take(void *self, void *p) {
    passing *w = self;
    return blocks_next(&w->blocks, &((piece *)p)->block);
}

static void work(void *self, int worker, void *p) {
    passing *w = self;
    piece *one = p;
    engine_run(w->engines[worker], &one->block, &one->results);
}

static void put_rows(void *self, void *p) {
    passing *w = self;
    piece *one = p;
    for (isize v = 0; v < w->pass->job->view_count; v++) {
        sink *s = &w->pass->sinks[v];
        sink_put(s, bytes_str(&one->results.rows[v]), one->results.row_counts[v]);
        if (one->block.slow) sink_flush(s);
        if (s->failed) w->pass->failed = true;
    }
}

/* --- standard error --- */
static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void hide_progress(passing *w) {
    if (w->shown) fputs("\r\033[K", stderr);
    w->shown = false;
}

static void show_progress(passing *w, int64_t position) {
    int64_t now = now_ms(), size = w->pass->inputs->size;
    if (now - w->shown_ms < SHOWN_EVERY_MS) return;
    w->shown_ms = now;
    w->shown = true;
    int64_t rate = position / 1000 / (now - w->begun_ms + 1); /* MB a second */
    if (size > 0)
        fprintf(stderr, "\r\033[K%3d %%  ", (int)(position * 100 / size));
    else
        fputs("\r\033[K", stderr);
    fprintf(stderr, "%lld MB, %lld MB/s, %ld messages", (long long)(position / 1000000),
            (long long)rate, w->pass->messages);
    fflush(stderr);
}

static void print_notes(passing *w, const results *r) {
    const note *notes = (const note *)(const void *)r->notes.p;
    isize n = r->notes.n / (isize)sizeof *notes;
    for (isize i = 0; i < n; i++)
        fprintf(stderr, "%s:%ld%.*s\n", w->file->name, (long)(w->line + notes[i].line),
                STR_ARGS(((str){r->texts.p + notes[i].from, notes[i].n})));
}

static void print_fault(passing *w, const block *b) {
    if (w->line > 1)
        fprintf(stderr, "%s:%ld: error: %s\n", b->file->name, w->line, b->fault);
    else
        fprintf(stderr, "%s: error: %s\n", b->file->name, b->fault);
    w->pass->unread++;
}

static bool give(void *self, void *p) {
    passing *w = self;
    piece *one = p;
    const results *r = &one->results;
    if (w->file != one->block.file) w->line = 1;
    w->file = one->block.file;
    if (r->notes.n || one->block.fault) hide_progress(w);
    print_notes(w, r);
    w->line += r->lines;
    if (one->block.fault) print_fault(w, &one->block);
    w->pass->messages += r->messages;
    w->pass->resources += r->resources;
    w->pass->passed_over += r->passed_over;
    w->pass->unseen += r->unseen;
    if (!w->pass->unordered) put_rows(w, p);
    if (w->pass->progress) show_progress(w, one->block.position);
    return !w->pass->failed;
}

/* libxml2 prepares itself when it is first used, which must not happen on two threads at once. */
static void prepare_step(void *state) {
    tape t;
    fault fault;
    arena *a = state;
    read_resource(a, S("<Basic xmlns=\"http://hl7.org/fhir\"><id value=\"a\"/></Basic>"), NULL,
                  NULL, &t, &fault);
}

static void prepare(void) {
    arena a;
    landing landing;
    arena_init(&a, 1 << 20, &landing);
    guarded(&landing, prepare_step, &a);
    arena_release(&a);
}

void view_pass_run(view_pass *p) {
    passing w = {.pass = p, .begun_ms = now_ms(), .shown_ms = now_ms()};
    int count = p->threads > 1 ? 2 * p->threads + 1 : 1;
    piece *pieces = tool_memory(count, (isize)sizeof *pieces);
    void **list = tool_memory(count, (isize)sizeof *list);
    w.blocks = (blocks){.inputs = p->inputs, .size = p->threads > 1 ? BLOCK_SHARED : BLOCK_ALONE};
    for (int i = 0; i < count; i++) {
        results_init(&pieces[i].results, p->job->view_count);
        list[i] = &pieces[i];
    }
    for (int i = 0; i < p->threads; i++) w.engines[i] = engine_new(p->job);
    if (p->threads > 1) prepare();
    pool_work calls = {&w, take, work, p->unordered ? put_rows : NULL, give};
    pool_run(&calls, p->threads, list, count);
    hide_progress(&w);
    for (int i = 0; i < p->threads; i++) engine_free(w.engines[i]);
    for (int i = 0; i < count; i++) {
        results_free(&pieces[i].results, p->job->view_count);
        bytes_free(&pieces[i].block.text);
    }
    blocks_close(&w.blocks);
    free(pieces);
    free(list);
}
