/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the benchmarks that Makefile.am lists: `bench` all of them, `bench NAME...` those whose
 * "<file>: <case>" contains a name. One line a case: time a round, megabytes a second where bytes
 * mean something, and then how many times the speed of the file's first case, or of the last
 * yardstick, that is. */
#include "bench.h"

#include <stdbool.h>
#include <stdio.h>
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

enum { BENCHES = sizeof benches / sizeof benches[0], RUNS = 5, RUN_NS = 200 * 1000 * 1000 };

/* Time of the thread, not of the clock: other work on the machine is not to be measured. */
static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

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

static bool wanted(const char *file, const char *name, int argc, char **argv) {
    char full[80];
    snprintf(full, sizeof full, "%s: %s", file, name);
    for (int i = 1; i < argc; i++)
        if (strstr(full, argv[i])) return true;
    return argc == 1;
}

int main(int argc, char **argv) {
    for (int i = 0; i < BENCHES; i++) {
        double first = 0;
        for (const bench_case *c = benches[i].cases; c->name; c++)
            if (wanted(benches[i].name, c->name, argc, argv)) measure(benches[i].name, c, &first);
    }
    return 0;
}
