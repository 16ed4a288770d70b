/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: reading keys and passwords. What is read goes into the caller's memory, which the
 * caller wipes; nothing of it appears in a fault's text. */
#ifndef FHIRTRIAL_FILES_SECRET_H
#define FHIRTRIAL_FILES_SECRET_H

#include "base/fault.h"

/* Reads the file `path` (NUL-terminated by the caller's arena, absolute) through one descriptor: a
 * regular file, not behind a symbolic link in the last component, owned by this process's user or
 * root, with no permission for group and others (mode 0600 or stricter), of 1 to `max` bytes.
 * `key` is the configuration's key that names it. False: *fault has place and remedy, and of a file
 * that is absent only the key and the folder: somebody may have written the secret in its place;
 * `out` is wiped. Thread-safe. */
bool secret_read(str key, str path, isize max, char *out, isize *n, fault *fault);

#endif
