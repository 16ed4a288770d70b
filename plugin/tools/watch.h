/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h: waiting until somebody has saved a file. What is watched are paths; a folder stands for
 * all that lies in it. Times and sizes are looked at again and again, because a watch that the
 * kernel keeps misses files on network drives, and editors that replace a file. SIGINT and SIGTERM
 * end the waiting; one watch a process, single-threaded. */
#ifndef FHIRTRIAL_TOOLS_WATCH_H
#define FHIRTRIAL_TOOLS_WATCH_H

#include "base/base.h"

/* Lets SIGINT and SIGTERM end watch_changed instead of the program. */
void watch_begin(void);
/* A number for names, sizes and times of all that lies at the paths; what is absent counts too. */
uint64_t watch_state(const char *const *paths, isize n);
/* Waits until the state is another than `seen`, and then until it has stayed the same for a
 * moment, so that a file is not read half written. False: a signal ended it. */
bool watch_changed(const char *const *paths, isize n, uint64_t seen);

#endif
