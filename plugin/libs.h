/* SPDX-License-Identifier: Apache-2.0 */
/* libs.h: for each library that matters, the file its functions were bound to at run time and the
 * versions built and run with (the query "libs"), and whether these are the system's. A host may
 * export functions of its own: Node exports its OpenSSL and zlib, and a library that it loads binds
 * to them silently, past the system's security updates. Any thread. */
#ifndef FHIRTRIAL_LIBS_H
#define FHIRTRIAL_LIBS_H

#include "base/buf.h"
#include "base/problem.h"

typedef struct lib_binding {
    const char *function;     /* static */
    const char *library;      /* how the name of its file begins; NULL: any file will do */
    str file;                 /* in the arena */
    const char *built, *runs; /* versions, static */
} lib_binding;

enum { LIB_BINDINGS = 8 };

/* What this process has bound. */
void libs_bindings(arena *arena, lib_binding out[LIB_BINDINGS]);
/* One problem for each function that came from another file than its library's (`own`: the file of
 * this library, into which it may be linked), for an OpenSSL of another major version than built
 * with, and for a libcurl whose TLS (`curl_tls`, "OpenSSL/3.0.15") is not the OpenSSL that runs. */
void libs_judge(const lib_binding *list, isize n, str own, str curl_tls, problems *found);
/* Both of this process: true where nothing is foreign. */
bool libs_ours(problems *found);
void libs_json(buf *out);

#endif
