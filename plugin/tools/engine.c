/* SPDX-License-Identifier: Apache-2.0 */
/* One worker: block to messages, message to resources, resource to rows. */
#include "tools/engine.h"

#include "fhir/model_ids.h"
#include "fhir/read.h"
#include "tools/tools.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_ARENA = 512 << 20 };

struct engine {
    const engine_job *job;
    arena arena;
    landing landing;
    results *out;
    str text;   /* the message */
    isize line; /* of its first byte, in the block, from 0 */
    bool bad;
};

engine *engine_new(const engine_job *job) {
    engine *e = tool_memory(1, (isize)sizeof *e);
    e->job = job;
    arena_init(&e->arena, MESSAGE_ARENA, &e->landing);
    return e;
}

void engine_free(engine *e) {
    arena_release(&e->arena);
    free(e);
}

void results_init(results *r, isize views) {
    *r = (results){0};
    r->rows = tool_memory(views, (isize)sizeof *r->rows);
    r->row_counts = tool_memory(views, (isize)sizeof *r->row_counts);
}

void results_free(results *r, isize views) {
    for (isize i = 0; i < views; i++) bytes_free(&r->rows[i]);
    free(r->rows);
    free(r->row_counts);
    bytes_free(&r->notes);
    bytes_free(&r->texts);
}

/* What the keys of a Bundle's entries rest on is kept too: a reference by fullUrl gives the key of
 * the resource it leads to, of whatever type. A Bundle that gives no row itself is read for its
 * entries. */
const projection *engine_projection(arena *a, const view *const *views, isize n) {
    static const model_key url[] = {KEY_entry, KEY_fullUrl}, inner[] = {KEY_entry, KEY_resource};
    static const model_key id[] = {KEY_id};
    for (isize i = 0; i < n; i++)
        if (view_leaves_resource(views[i])) return NULL;
    projection *keep = projection_new(a, model_r4());
    projection_keep(keep, TYPE_Bundle, url, 2, true);
    projection_keep(keep, TYPE_Bundle, inner, 2, false);
    projection_need_nothing(keep, TYPE_Bundle);
    for (model_type t = 1; t < TYPE_R4_COUNT; t++)
        if (model_is_resource(model_r4(), t)) projection_keep(keep, t, id, 1, true);
    bool read[TYPE_R4_COUNT] = {[TYPE_Bundle] = true};
    for (isize i = 0; i < n; i++) {
        view_project(views[i], keep);
        if (view_resource(views[i]) < TYPE_R4_COUNT) read[view_resource(views[i])] = true;
    }
    for (model_type t = 1; t < TYPE_R4_COUNT; t++)
        if (!read[t]) projection_need_never(keep, t);
    return keep;
}

/* --- notes --- */
/* `at` is an offset in the message, or -1 when it is about all of it. */
static void add_note(engine *e, isize at, const char *level, str text, str remedy, str place) {
    int line = 1, column = 1;
    char head[64];
    if (at >= 0) problem_line_column(e->text, at, &line, &column);
    int head_n = snprintf(head, sizeof head, ":%d: %s: ", column, level);
    note added = {.line = e->line + line - 1, .from = e->out->texts.n};
    bytes_add(&e->out->texts, (str){head, head_n});
    bytes_add(&e->out->texts, text);
    if (remedy.n) bytes_add(&e->out->texts, S("; "));
    bytes_add(&e->out->texts, remedy);
    if (place.n) bytes_add(&e->out->texts, S(" ["));
    bytes_add(&e->out->texts, place);
    if (place.n) bytes_add(&e->out->texts, S("]"));
    added.n = e->out->texts.n - added.from;
    bytes_add(&e->out->notes, (str){(const char *)&added, (isize)sizeof added});
}

/* --- rows --- */
typedef struct taker {
    const view *view;
    rows_format format;
    path_run *run;
    buf text;
    long rows;
} taker;

static void take_row(void *self, const view_row *row) {
    taker *t = self;
    rows_add(t->format, t->view, t->run, row, &t->text);
    t->rows++;
}

/* Rows are held back until the resource is through: none stands there of one that failed. */
static void run_view(engine *e, path_run *run, uint32_t node, isize v) {
    arena_mark mark = arena_here(&e->arena);
    taker t = {.view = e->job->views[v], .format = e->job->formats[v], .run = run};
    t.text = buf_new(&e->arena, 4 * (isize)LIMIT_MESSAGE_BYTES, "the rows of a resource");
    str column;
    if (view_rows(t.view, run, node, take_row, &t, &column) == VIEW_OK) {
        bytes_add(&e->out->rows[v], buf_str(&t.text));
        e->out->row_counts[v] += t.rows;
    } else {
        bool several = e->job->view_count > 1;
        str text = arena_printf(&e->arena, "%s%.*s%s%s%.*s%s%s", several ? "view " : "",
                                STR_ARGS(several ? view_name(t.view) : (str){0}),
                                several ? ": " : "", column.n ? "column " : "", STR_ARGS(column),
                                column.n ? ": " : "", run->reason);
        add_note(e, tape_offset(run->tape, node), "error", text, (str){0},
                 tape_pointer(run->tape, node, &e->arena));
        e->bad = true;
    }
    arena_rewind(&e->arena, mark);
}

static void run_resource(engine *e, path_run *run, uint32_t node) {
    const tape *t = run->tape;
    const struct node *nodes = t->nodes;
    e->out->resources++;
    for (isize v = 0; v < e->job->view_count; v++)
        if (view_resource(e->job->views[v]) == nodes[node].type) run_view(e, run, node, v);
    if (nodes[node].type != TYPE_Bundle) return;
    for (uint32_t i = node + 1; i < nodes[node].next; i = nodes[i].next)
        for (uint32_t k = i + 1; nodes[i].key == KEY_entry && k < nodes[i].next; k = nodes[k].next)
            if (nodes[k].key == KEY_resource) run_resource(e, run, k);
}

/* --- messages --- */
static void message_step(void *state) {
    engine *e = state;
    tape t;
    fault fault;
    read_options options = {.keep = e->job->keep};
    problems found = problems_new(&e->arena);
    bool ok = read_resource(&e->arena, e->text, &options, &found, &t, &fault);
    for (isize i = 0; ok && i < found.n; i++) {
        const problem *p = &found.list[i];
        add_note(e, p->at, tool_level(p->level), p->text, p->remedy, p->place);
    }
    if (!ok) {
        add_note(e, fault.at, "error", str_from(fault.text), (str){0}, (str){0});
        e->bad = true;
        return;
    }
    if (t.unwanted) {
        e->out->resources++;
        return;
    }
    path_run run = {
        .tape = &t, .arena = &e->arena, .terminology = e->job->terminology, .now = e->job->now};
    path_prepare(&run);
    run_resource(e, &run, 0);
}

static void pass_over_long(engine *e) {
    char text[96];
    int n = snprintf(text, sizeof text, "the message is larger than the limit of %d bytes",
                     LIMIT_MESSAGE_BYTES);
    add_note(e, -1, "error", (str){text, n}, S("send smaller Bundles"), (str){0});
    e->out->messages++;
    e->out->passed_over++;
}

static void run_message(engine *e, str text) {
    if (text.n > LIMIT_MESSAGE_BYTES) return pass_over_long(e);
    e->text = text;
    e->bad = false;
    arena_clear(&e->arena);
    if (!guarded(&e->landing, message_step, e)) {
        add_note(e, -1, "error", str_from(e->landing.fault.text), (str){0}, (str){0});
        e->bad = true;
    }
    e->out->messages++;
    e->out->passed_over += e->bad;
}

static void run_lines(engine *e, str rest) {
    while (rest.n > 0) {
        const char *feed = memchr(rest.p, '\n', (size_t)rest.n);
        str line = {rest.p, feed ? feed - rest.p : rest.n};
        rest = str_slice(rest, line.n + 1, rest.n);
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (line.n && (line.p[0] == '{' || str_trim(line).n)) run_message(e, line);
        e->line++;
    }
    e->out->lines = e->line;
}

/* --- trusted lines --- */
static isize line_feeds(const char *p, const char *end) {
    isize n = 0;
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        n++;
        p++;
    }
    return n;
}

/* Only the lines that can hold one of the texts are messages; the others are counted, for the
 * numbers of lines in findings. */
static void run_candidates(engine *e, str rest) {
    const char *counted = rest.p, *end = rest.p + rest.n;
    bool open = rest.n > 0 && end[-1] != '\n';
    str line;
    while (literals_next_line(e->job->trusted, VECTORS_BEST, &rest, &line)) {
        e->line += line_feeds(counted, line.p);
        counted = line.p;
        run_message(e, line);
    }
    e->line += line_feeds(counted, end) + open;
    e->out->lines = e->line;
    e->out->unseen = e->line - e->out->messages;
}

void engine_run(engine *e, const block *b, results *out) {
    e->out = out;
    e->line = 0;
    e->text = (str){0};
    for (isize v = 0; v < e->job->view_count; v++) {
        out->rows[v].n = 0;
        out->row_counts[v] = 0;
    }
    out->notes.n = out->texts.n = 0;
    out->lines = out->messages = out->resources = out->passed_over = out->unseen = 0;
    if (b->too_long) {
        pass_over_long(e);
        out->lines = 1;
    } else if (b->text.n == 0) {
        return;
    } else if (!b->document && e->job->trusted)
        run_candidates(e, bytes_str(&b->text));
    else if (!b->document)
        run_lines(e, bytes_str(&b->text));
    else if (str_trim(bytes_str(&b->text)).n)
        run_message(e, bytes_str(&b->text));
}
