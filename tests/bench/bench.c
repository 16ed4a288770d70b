/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the benchmarks that Makefile.am lists: `bench` all of them, `bench NAME...` those whose
 * "<file>: <case>" contains a name. One line a case: time a round, megabytes a second where bytes
 * mean something, and then how many times the speed of the file's first case, or of the last
 * yardstick, that is. Cases in turns: the median time a round of the thread and of the clock, and
 * the median of how many times the speed of the yardstick in the same turn. */
#include "bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH(name) extern const bench_case name##_bench[];
#include "benches.def"
#undef BENCH

static const struct {
    const char *name;
    const bench_case *cases;
} benches[] = {
#define BENCH(name) {#name, name##_bench},
#include "benches.def"
#undef BENCH
};

enum {
    BENCHES = sizeof benches / sizeof benches[0],
    RUNS = 5,
    RUN_NS = 200 * 1000 * 1000,
    TURNS = 7,
    TURN_CASES = 8
};

static int64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Time of the thread, not of the clock: other work on the machine is not to be measured. */
static int64_t now_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

static int64_t time_of(const bench_case *c, int64_t rounds, int64_t *bytes) {
    if (c->prepare) c->prepare(rounds);
    int64_t start = now_ns();
    *bytes = c->run(rounds);
    return now_ns() - start;
}

/* `first` is the speed of the file's first case or last yardstick in this run, 0 before it. */
static void measure(const char *file, const bench_case *c, double *first) {
    int64_t rounds = 1, bytes, ns = time_of(c, rounds, &bytes);
    ns = time_of(c, rounds,
                 &bytes); /* what is made once, such as a file or a connection, is there */
    while (ns < RUN_NS) {
        rounds = ns > RUN_NS / 100 ? rounds * RUN_NS / ns + 1 : rounds * 10;
        ns = time_of(c, rounds, &bytes);
    }
    for (int run = 1; run < RUNS; run++) {
        int64_t again = time_of(c, rounds, &bytes);
        if (again < ns) ns = again;
    }
    char name[80];
    snprintf(name, sizeof name, "%s: %s", file, c->name);
    printf("%-44s %14.1f ns", name, (double)ns / (double)rounds);
    double speed = (double)bytes * 1000 / (double)ns;
    if (bytes) printf("  %10.1f MB/s", speed);
    if (bytes && *first > 0 && !c->yardstick)
        printf("  %7.2f times", speed / *first);
    else
        *first = speed;
    putchar('\n');
    fflush(stdout);
}

/* --- in turns --- */

typedef struct turns {
    double thread[TURN_CASES][TURNS], clock[TURN_CASES][TURNS]; /* nanoseconds a round */
} turns;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double values[TURNS]) {
    double sorted[TURNS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, TURNS, sizeof *sorted, by_size);
    return sorted[TURNS / 2];
}

static double median_times(const double yardstick[TURNS], const double values[TURNS]) {
    double times[TURNS];
    for (int i = 0; i < TURNS; i++) times[i] = yardstick[i] / values[i];
    return median(times);
}

static void take_turn(const bench_case *c, double *thread, double *clock) {
    if (c->prepare) c->prepare(c->rounds);
    int64_t start = now_ns(), began = read_clock(CLOCK_MONOTONIC);
    c->run(c->rounds);
    *thread = (double)(now_ns() - start) / (double)c->rounds;
    *clock = (double)(read_clock(CLOCK_MONOTONIC) - began) / (double)c->rounds;
}

static void print_turns(const char *file, const bench_case *const *cases, int n, const turns *t) {
    for (int i = 0; i < n; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s: %s", file, cases[i]->name);
        printf("%-32s %10.0f ns thread %10.0f ns clock", name, median(t->thread[i]),
               median(t->clock[i]));
        if (i > 0 && cases[0]->yardstick)
            printf("  %6.2f %6.2f times", median_times(t->thread[0], t->thread[i]),
                   median_times(t->clock[0], t->clock[i]));
        putchar('\n');
    }
    fflush(stdout);
}

static void measure_turns(const char *file, const bench_case *const *cases, int n) {
    static turns t;
    for (int turn = -1; turn < TURNS; turn++) /* the first makes files and connections */
        for (int i = 0; i < n; i++)
            take_turn(cases[i], &t.thread[i][turn < 0 ? 0 : turn],
                      &t.clock[i][turn < 0 ? 0 : turn]);
    print_turns(file, cases, n, &t);
}

/* --- all of them --- */

static bool wanted(const char *file, const char *name, int argc, char **argv) {
    char full[80];
    snprintf(full, sizeof full, "%s: %s", file, name);
    for (int i = 1; i < argc; i++)
        if (strstr(full, argv[i])) return true;
    return argc == 1;
}

/* The wanted cases of a file from `first` on that take turns; gives the one after them. */
static const bench_case *run_turns(const char *file, const bench_case *first, int argc,
                                   char **argv) {
    const bench_case *c = first, *list[TURN_CASES];
    int n = 0;
    do {
        if (n < TURN_CASES && wanted(file, c->name, argc, argv)) list[n++] = c;
        c++;
    } while (c->name && c->rounds > 0 && !c->yardstick);
    if (n > 0) measure_turns(file, list, n);
    return c;
}

int main(int argc, char **argv) {
    for (int i = 0; i < BENCHES; i++) {
        const char *file = benches[i].name;
        double first = 0;
        for (const bench_case *c = benches[i].cases; c->name;) {
            if (c->rounds > 0) {
                c = run_turns(file, c, argc, argv);
                continue;
            }
            if (wanted(file, c->name, argc, argv)) measure(file, c, &first);
            c++;
        }
    }
    return 0;
}
