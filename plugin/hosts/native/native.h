/* SPDX-License-Identifier: Apache-2.0 */
/* native.h: the library loaded by path into a program written in C, for the shims of engines that
 * take C modules (Tcl, Lua, Orthanc). A shim does not link the library: it can be given up and
 * another file loaded in its place while the engine goes on, which is how it is upgraded.
 *
 * Answers come in memory of the caller's `native_text`, which grows to the size an answer needs, so
 * that no caller ever sees FHIRTRIAL_E_BUFFER. */
#ifndef FHIRTRIAL_HOSTS_NATIVE_H
#define FHIRTRIAL_HOSTS_NATIVE_H

#include "fhirtrial.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct native {
    void *library;
    uint32_t (*abi_version)(void);
    int32_t (*open)(uint32_t, const char *, int64_t, int32_t *);
    int32_t (*configure)(int32_t, const char *, int64_t);
    int32_t (*process)(int32_t, const void *, int64_t, const char *, void *, int64_t, int64_t *,
                       int64_t *);
    int32_t (*submit)(int32_t, const void *, int64_t, const char *, int64_t *);
    int32_t (*wait)(int32_t, int64_t *, int32_t);
    int32_t (*result)(int32_t, int64_t, void *, int64_t, int64_t *);
    int32_t (*step)(int32_t, int32_t);
    int32_t (*query)(int32_t, const char *, void *, int64_t, int64_t *);
    int32_t (*next_event)(int32_t, void *, int64_t, int64_t *);
    int32_t (*on_log)(int32_t, int32_t, fhirtrial_log_fn, void *);
    int32_t (*on_metric)(int32_t, fhirtrial_metric_fn, void *);
    int32_t (*on_clock)(int32_t, fhirtrial_clock_fn, void *);
    const char *(*strerror)(int32_t);
    int32_t (*close)(int32_t, int32_t);
} native;

/* Memory for answers: `p` is malloc'ed, NUL-terminated behind `n`, and the caller's to free. Begin
 * with {0}; `cap` may be set beforehand to what the first attempt shall have (0: 64 KiB). */
typedef struct native_text {
    char *p;
    int64_t n, cap;
} native_text;

/* Loads the file at `path` (NULL: libfhirtrial.so.0 from where the system looks) and binds all
 * functions. False: *why is a static or dlerror's text. Not thread-safe with unloading. */
bool native_load(native *library, const char *path, const char **why);
/* Every handle must be closed before. */
void native_unload(native *library);

/* fhirtrial_process, fhirtrial_result, fhirtrial_query and fhirtrial_next_event with as much room
 * as they need; FHIRTRIAL_E_NOMEM also where there is no memory for an answer. [thread-safe] with a
 * `to` of one's own. */
int32_t native_process(const native *library, int32_t handle, const void *in, int64_t in_len,
                       const char *meta_json, native_text *to);
int32_t native_result(const native *library, int32_t handle, int64_t job, native_text *to);
int32_t native_query(const native *library, int32_t handle, const char *what, native_text *to);
int32_t native_next_event(const native *library, int32_t handle, native_text *to);

#endif
