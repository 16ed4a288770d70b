/* SPDX-License-Identifier: Apache-2.0 */
/* session.h: the shared object loaded and one handle open on it, for the length of a command. Every
 * function of the library is called through this table. */
#ifndef FHIRTRIAL_HOSTS_CLI_SESSION_H
#define FHIRTRIAL_HOSTS_CLI_SESSION_H

#include "fhirtrial.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct session {
    void *library;
    int32_t handle;
    int64_t now_ns; /* --now, or 0: real time */
    bool verbose;
    uint32_t (*abi_version)(void);
    int32_t (*open)(uint32_t, const char *, int64_t, int32_t *);
    int32_t (*process)(int32_t, const void *, int64_t, const char *, void *, int64_t, int64_t *,
                       int64_t *);
    int32_t (*submit)(int32_t, const void *, int64_t, const char *, int64_t *);
    int32_t (*wait)(int32_t, int64_t *, int32_t);
    int32_t (*result)(int32_t, int64_t, void *, int64_t, int64_t *);
    int32_t (*step)(int32_t, int32_t);
    int32_t (*query)(int32_t, const char *, void *, int64_t, int64_t *);
    int32_t (*on_log)(int32_t, int32_t, fhirtrial_log_fn, void *);
    int32_t (*on_clock)(int32_t, fhirtrial_clock_fn, void *);
    const char *(*strerror)(int32_t);
    int32_t (*close)(int32_t, int32_t);
} session;

/* What all host commands take. */
typedef struct session_options {
    const char *library; /* --library; NULL: beside the program, in its .libs, else as installed */
    const char *config;  /* --config; NULL: fhirtrial.json in the current folder */
    const char *now;     /* --now; NULL: real time */
    bool verbose;        /* --verbose: log lines of every level on standard error */
} session_options;

/* Loads and opens; on an error it has been told on standard error and false is returned. */
bool session_begin(session *session, const session_options *options);
void session_end(session *session, int32_t drain_ms);

/* The parts of these two, for commands that open several handles: load the library; the text of
 * the configuration that the options name (malloc'ed, or NULL); open a handle on a text, `name`
 * being what errors call it; set the evaluation clock of what is opened next; unload. Errors are
 * told on standard error. */
bool session_load(session *session, const session_options *options);
char *session_config(const session_options *options, size_t *n);
bool session_open(session *session, const char *name, const char *text, size_t n);
bool session_clock(session *session, const char *now);
/* Whether a text is an instant as --now takes it. */
bool session_is_instant(const char *text);
void session_unload(session *session);

/* The answer to a query as a NUL-terminated malloc'ed text, or NULL; *code is the library's. */
char *session_ask(session *session, const char *what, int32_t *code);
/* The name, `?`, and pairs of argument and value, URL-encoded, asked as above; SESSION_END ends
 * them, a NULL value leaves its pair out. */
#define SESSION_END ((const char *)NULL)
char *session_ask_with(session *session, int32_t *code, const char *name, ...);
/* Tells a failed query on standard error and gives the exit code for it. */
int session_complain(session *session, const char *what, int32_t code);
/* Prints the issues of an OperationOutcome document (or of a result that has one) as lines
 * "<where>: severity: text". Returns how many were errors. */
int session_print_outcome(const char *where, const char *document);
/* The same of a document that was read; NULL has none. */
int session_print_issues(const char *where, const cJSON *root);

#endif
