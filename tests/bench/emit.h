/* SPDX-License-Identifier: Apache-2.0 */
/* emit: writes FHIR resources as JSON or as XML, compact, one call an element, in the order of the
 * calls. The same calls give the same resource in both forms, so a generator need not know which
 * one it writes. Made for test data: names and nesting are the caller's responsibility. */
#ifndef FHIRTRIAL_TESTS_BENCH_EMIT_H
#define FHIRTRIAL_TESTS_BENCH_EMIT_H

#include <stdbool.h>
#include <stddef.h>

enum { EMIT_DEPTH = 24 };

typedef enum emit_kind { EMIT_OBJECT, EMIT_LIST, EMIT_RESOURCE, EMIT_EXTENSION } emit_kind;

typedef struct emit_level {
    emit_kind kind;
    const char *name; /* XML: the element to close; of a list, that of its items */
    const char *type; /* of a resource */
    bool used;        /* JSON: a comma comes before the next member */
} emit_level;

typedef struct emitter {
    char *p; /* grows as needed, the caller frees it */
    size_t n, cap;
    bool xml;
    int depth;
    emit_level level[EMIT_DEPTH];
} emitter;

/* Each opens what emit_end closes. `name` is NULL for an item of a list and for the outermost
 * resource. */
void emit_resource(emitter *e, const char *name, const char *type);
void emit_object(emitter *e, const char *name);
void emit_list(emitter *e, const char *name);
void emit_extension(emitter *e, const char *url);
void emit_end(emitter *e);

/* A string, from UTF-8; a number or Boolean, as written; a string made by printf. */
void emit_text(emitter *e, const char *name, const char *value);
void emit_literal(emitter *e, const char *name, const char *value);
void emit_format(emitter *e, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Narrative.div: a string in JSON, the markup itself in XML. */
void emit_div(emitter *e, const char *xhtml);
/* Ends a line of output. */
void emit_line(emitter *e);

/* A string whose digits are escapes (\u0034, &#52;): the same value, spelt so that nobody finds it
 * by looking for its bytes. */
void emit_escaped_digits(emitter *e, const char *name, const char *value);

#endif
