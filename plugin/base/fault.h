/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h: how the pure rooms give up. A fault says what kind of thing went wrong, where, and what
 * to do about it; `fault_raise` does not return but lands in the one `guarded` call that is active.
 * What makes that safe is one rule: a guarded step holds nothing but arena memory, so no lock,
 * descriptor, statement, library handle or foreign stack frame lies between the raise and the
 * landing. Ordinary findings (a bad entry in a Bundle, a mistake in a mapping) are no faults: they
 * are collected as problems (problem.h) and the work goes on. */
#ifndef FHIRTRIAL_BASE_FAULT_H
#define FHIRTRIAL_BASE_FAULT_H

#include "base/base.h"
#include <setjmp.h>

typedef enum fault_code {
    FAULT_NONE = 0,
    FAULT_NOMEM,   /* the arena's ceiling or the machine's memory */
    FAULT_INPUT,   /* bytes that are not what they should be */
    FAULT_LIMIT,   /* a limit of the table below; the text names it */
    FAULT_CONFIG,  /* configuration or mappings */
    FAULT_STORE,   /* SQLite or the file system */
    FAULT_NET,     /* no connection, TLS, HTTP */
    FAULT_AUTH,    /* token or credentials */
    FAULT_INTERNAL /* a broken invariant of ours */
} fault_code;

/* Every ceiling of the pure rooms, in one place; configuration may lower or raise those marked so.
 */
enum {
    LIMIT_MESSAGE_BYTES = 64 << 20, /* one message (configurable) */
    LIMIT_DEPTH = 64,               /* nesting of JSON, XML and expressions */
    LIMIT_STRING_BYTES = 1 << 20,   /* one string that is kept */
    LIMIT_IDENTIFIER_BYTES = 1024,  /* system or value of an identifier, name of a source */
    LIMIT_REPLY_BYTES = 1 << 20,    /* one reply of an EHR or token server */
    LIMIT_NODES = 1 << 26,          /* nodes of one tape */
    LIMIT_STEPS = 1 << 24,          /* operations of one expression on one input */
    LIMIT_ITEMS = 1 << 20,          /* items of one collection */
    LIMIT_ROWS = 1 << 18,           /* rows of one view from one resource */
    LIMIT_REGEX_MATCH = 1000000,    /* PCRE2 match limit of one match */
    LIMIT_REGEX_DEPTH = 10000,      /* PCRE2 depth limit of one match */
    LIMIT_PROBLEMS = 1000,          /* problems kept for one message or one mapping set */
    LIMIT_CONFIG_BYTES = 16 << 20   /* one configuration or mapping file */
};

enum { FAULT_TEXT = 400 };

typedef struct fault {
    fault_code code;
    isize at; /* byte offset in the input or expression, or -1 */
    char text[FAULT_TEXT];
} fault;

/* Where a raised fault comes down. Lives in the caller of `guarded`; one thread at a time. */
typedef struct landing {
    jmp_buf jump;
    bool armed;
    fault fault;
} landing;

/* Runs step(state) and tells whether it came back by itself. When it did not, landing->fault says
 * why. Landings nest: an inner one is its own object. The step keeps its state in *state, never in
 * locals that are read after a raise. */
bool guarded(landing *landing, void (*step)(void *state), void *state);

/* Fills in `fault` without jumping: for code that returns false instead (readers, shell rooms). */
void fault_set(fault *fault, fault_code code, isize at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Records the fault and jumps to the landing; without an armed landing it ends in a trap, because
 * going on would use memory that does not exist. Never called below a foreign frame (libxml2,
 * SQLite, curl). */
_Noreturn void fault_raise(landing *landing, fault_code code, isize at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The code's name in lower case ("limit"): for logs and reports; static storage. */
const char *fault_name(fault_code code);

#endif
