/* SPDX-License-Identifier: Apache-2.0 */
/* bench_files: a folder in the current one for what a benchmark writes, removed at the end. */
#ifndef FHIRTRIAL_TESTS_BENCH_FILES_H
#define FHIRTRIAL_TESTS_BENCH_FILES_H

enum { BENCH_PATH = 4400 };

/* The absolute path of a file of that name in it. Aborts where there can be none. */
void bench_file(const char *name, char out[BENCH_PATH]);

#endif
