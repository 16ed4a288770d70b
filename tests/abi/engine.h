/* SPDX-License-Identifier: Apache-2.0 */
/* engine: what the tests of the interface share. They are a host: they load the shared object with
 * dlopen, know fhirtrial.h and nothing else of the library, and link none of it.
 *
 * A site is a fresh folder with a configuration, a key, an empty store and a file endpoint; the
 * mappings are the project's own, or a small set where a test opens very often. Messages are lines
 * of the synthetic cohort. Static texts that are returned live until the next call. */
#ifndef FHIRTRIAL_TESTS_ABI_ENGINE_H
#define FHIRTRIAL_TESTS_ABI_ENGINE_H

#include "fhirtrial.h"
#include "unit.h"

#include <stdint.h>

typedef struct engine {
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
} engine;

/* The library of this build, loaded once and kept. */
const engine *engine_get(void);
/* Gives that load up, in a child that wants to see the library go. */
void engine_forget(void);
/* A load of its own; false after a failed check. */
bool engine_load(engine *e);
void engine_unload(engine *e);
/* The path of the shared object. */
const char *engine_path(void);

/* What a site differs in. */
typedef struct site {
    const char *name; /* of its folder */
    int threads;
    bool small;       /* mappings of one view and one study instead of the project's */
    bool keep_store;  /* go on with what is in the folder */
    const char *more; /* further members of the configuration, each followed by a comma; or NULL */
} site;

/* Makes the folder and gives the configuration's text. */
const char *site_config(const site *s);
/* The path of a file in a site's folder. */
const char *site_file(const char *name, const char *file);
/* Opens a handle on a fresh site; 0 after a failed check, which shows the library's reason. */
int32_t site_open(const site *s);
/* Opens with a configuration text that site_config gave before. */
int32_t config_open(const char *config);

enum { ANSWER_MOST = 1 << 20 };
typedef struct answer {
    int32_t code;
    int64_t n;
    char text[ANSWER_MOST + 1]; /* with a NUL behind */
} answer;

/* An answer buffer, to be freed. */
answer *answer_new(void);
/* fhirtrial_process on a text; the code is returned and kept in `to`. */
int32_t give(int32_t handle, const char *message, const char *meta, answer *to);
/* fhirtrial_query, likewise. */
int32_t ask(int32_t handle, const char *what, answer *to);

/* The cohort's first line for a resource ("Patient/x"), NUL-terminated; NULL after a failed check.
 */
const char *cohort_line(const char *reference);
/* Gives all lines whose resource id begins with a patient's id; how many were taken. */
int cohort_feed(int32_t handle, const char *patient, answer *to);
/* 2025-06-30T12:00:00Z, the evaluation clock that the cohort is meant for. */
int64_t cohort_clock(void *user);

/* The number behind `"name":` in a JSON text, -1 where there is none. */
long long number_in(const char *json, const char *name);

/* Whether this build is instrumented ("address,undefined", "thread"): stack and memory figures
 * then say nothing. */
bool sanitized(void);

#endif
