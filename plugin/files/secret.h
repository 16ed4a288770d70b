/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: reading keys and passwords. What is read goes into the caller's memory, which the
 * caller wipes; nothing of it appears in a fault's text. */
#ifndef FHIRTRIAL_FILES_SECRET_H
#define FHIRTRIAL_FILES_SECRET_H

#include "base/fault.h"

/* Reads the file `path` (NUL-terminated by the caller's arena, absolute) through one descriptor: a
 * regular file, not behind a symbolic link in the last component, owned by this process's user or
 * root, with no permission for group and others (mode 0600 or stricter), of 1 to `max` bytes.
 * False: *fault has place and remedy; `out` is wiped. Thread-safe. */
bool secret_read(str path, isize max, char *out, isize *n, fault *fault);

#endif
