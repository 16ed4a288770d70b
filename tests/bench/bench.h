/* SPDX-License-Identifier: Apache-2.0 */
/* bench: what a benchmark file needs. tests/bench/<name>.c ends with an array `const bench_case
 * <name>_bench[]` closed by BENCH_END; the line in Makefile.am is the only list. A case repeats its
 * work `rounds` times and returns the bytes of input that it went through, 0 where that means
 * nothing. The runner finds a number of rounds that takes long enough, and prints the best of
 * several runs, since everything but the work itself only makes a run slower. Cases whose time is
 * also that of a disk or of another process have a number of rounds of their own: they run in turn
 * with their yardstick, so that files grow alike and other load meets all of them, and the median
 * of the turns is printed, by the thread's time and by the clock. */
#ifndef FHIRTRIAL_TESTS_BENCH_H
#define FHIRTRIAL_TESTS_BENCH_H

#include <stdint.h>

typedef struct bench_case {
    const char *name;
    int64_t (*run)(int64_t rounds);
    void (*prepare)(int64_t rounds); /* before each run, not timed; NULL: nothing */
    int yardstick;  /* 1: the cases after this one are compared with it, and not with the first */
    int64_t rounds; /* of a turn; 0: the runner finds a number */
} bench_case;

#define BENCH_CASE(function)                                                                       \
    { #function, function, 0, 0, 0 }
/* Cases in turns: the yardstick, and those after it. */
#define BENCH_YARDSTICK(function, prepare, rounds)                                                 \
    { #function, function, prepare, 1, rounds }
#define BENCH_TURN(function, prepare, rounds)                                                      \
    { #function, function, prepare, 0, rounds }
#define BENCH_END                                                                                  \
    { 0, 0, 0, 0, 0 }

/* Keeps the compiler from leaving out work whose result nobody reads. */
#define BENCH_KEEP(value) __asm__ volatile("" : : "g"(value) : "memory")

#endif
