/* SPDX-License-Identifier: Apache-2.0 */
/* path_rate EXPRESSION FILE.json MILLISECONDS: how often a second the expression is evaluated on
 * the parsed resource, and with reading the resource each time; how often an evaluation allocates;
 * and what it gives, so that other engines can be asked the same. For tests/bench/path.mjs: one
 * line of JSON. Compiled as mappings are: for the type of the resource, strictly. Time is that of
 * the thread's processor, so that other programs on the machine count less. */
#include "bench.h"
#include "fhir/read.h"
#include "path/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MOST = 1 << 24, ARENA_MOST = 1 << 28 };

/* The linker sends every allocation of the program's own code through these (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static int64_t allocations;

void *__wrap_malloc(size_t size) {
    allocations++;
    return __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size) {
    allocations++;
    return __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t size) {
    allocations++;
    return __real_realloc(p, size);
}

typedef struct rate {
    double parsed, read; /* evaluations a second */
    int64_t before;      /* allocations for reading and compiling: that they are counted at all */
    int64_t parsed_allocations, read_allocations; /* while these rates were measured */
} rate;

typedef struct work {
    arena plan, message;
    landing landing;
    str json;
    const char *expression;
    tape tape;
    const program *program;
    path_run run;
    int64_t ns;
    rate rate;
    buf result;
} work;

static int64_t thread_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "path_rate: %s\n", what);
    exit(1);
}

static void read_message(work *w) {
    fault why;
    if (!read_json(&w->message, w->json, NULL, NULL, &w->tape, &why))
        fail("the file is no FHIR JSON");
    w->run = (path_run){.tape = &w->tape, .arena = &w->message, .now = w->run.now};
}

static void evaluate(work *w) {
    collection got;
    if (path_evaluate(w->program, &w->run, 0, &got) != PATH_OK) fail(w->run.reason);
    BENCH_KEEP(got.n);
}

static void compile(work *w) {
    path_environment e = {.model = w->tape.model, .root = w->tape.nodes[0].type, .strict = true};
    problems found = problems_new(&w->plan);
    w->program = path_compile(&w->plan, &e, str_from(w->expression), S(""), S(""), &found);
    if (!w->program) fail("the expression does not compile");
}

static void show(work *w) {
    collection got;
    if (path_evaluate(w->program, &w->run, 0, &got) != PATH_OK) fail(w->run.reason);
    buf_add(&w->result, S("["));
    for (isize i = 0; i < got.n; i++) {
        if (i) buf_add(&w->result, S(","));
        item_json(&w->run, got.items[i], false, &w->result);
    }
    buf_add(&w->result, S("]"));
}

static void evaluate_again(work *w, int64_t n) {
    arena_mark mark = arena_here(&w->message);
    for (int64_t i = 0; i < n; i++) {
        evaluate(w);
        arena_rewind(&w->message, mark);
    }
}

static void read_again(work *w, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        arena_clear(&w->message);
        read_message(w);
        evaluate(w);
    }
}

/* Twice as many each time until they take long enough; only the last ones count. */
static double rate_of(work *w, void (*again)(work *, int64_t), int64_t *count) {
    for (int64_t n = 1;; n *= 2) {
        int64_t before = allocations, start = thread_ns();
        again(w, n);
        int64_t ns = thread_ns() - start;
        *count = allocations - before;
        if (ns >= w->ns) return (double)n * 1e9 / (double)ns;
    }
}

static void measure(void *state) {
    work *w = state;
    when_parse_datetime(S("2025-06-30T12:00:00Z"), &w->run.now);
    read_message(w);
    compile(w);
    show(w);
    w->rate.before = allocations;
    w->rate.parsed = rate_of(w, evaluate_again, &w->rate.parsed_allocations);
    w->rate.read = rate_of(w, read_again, &w->rate.read_allocations);
}

static str read_file(const char *name) {
    FILE *f = fopen(name, "rb");
    char *text = malloc(FILE_MOST);
    if (!f || !text) fail("the file cannot be read");
    size_t n = fread(text, 1, FILE_MOST, f);
    fclose(f);
    return (str){text, (isize)n};
}

int main(int argc, char **argv) {
    static work w;
    if (argc != 4) fail("usage: path_rate EXPRESSION FILE.json MILLISECONDS");
    w.expression = argv[1];
    w.json = read_file(argv[2]);
    w.ns = strtoll(argv[3], NULL, 10) * 1000000;
    arena_init(&w.plan, ARENA_MOST, &w.landing);
    arena_init(&w.message, ARENA_MOST, &w.landing);
    w.result = buf_new(&w.plan, FILE_MOST, "a result");
    if (!guarded(&w.landing, measure, &w)) fail("out of memory");
    printf("{\"parsed\":%.0f,\"read\":%.0f,\"before\":%lld,\"parsedAllocations\":%lld,"
           "\"readAllocations\":%lld,"
           "\"result\":%.*s}\n",
           w.rate.parsed, w.rate.read, (long long)w.rate.before,
           (long long)w.rate.parsed_allocations, (long long)w.rate.read_allocations,
           STR_ARGS(buf_str(&w.result)));
    arena_release(&w.message);
    arena_release(&w.plan);
    return 0;
}
