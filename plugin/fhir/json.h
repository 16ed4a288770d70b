/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: plain JSON documents with byte offsets, for configuration and mappings (fhirtrial.json,
 * protocol.json, ViewDefinition, ConceptMap, ValueSet), so that every mistake has a line. It shares
 * the strict scanner of the FHIR reader: RFC 8259, UTF-8, no duplicate names, depth and size
 * limits, number text kept. Read only after reading; lives in its arena; borrows the text. Not for
 * clinical data (read.h). */
#ifndef FHIRTRIAL_FHIR_JSON_H
#define FHIRTRIAL_FHIR_JSON_H

#include "base/buf.h"
#include "base/problem.h"

typedef enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} json_kind;

typedef struct json json;
struct json {
    json_kind kind;
    str name;          /* member name, unescaped; empty in arrays and at the root */
    str text;          /* strings: unescaped; numbers: as written */
    isize at;          /* offset of the value in the text */
    isize name_at;     /* offset of the member's name, or -1 */
    isize count;       /* members or elements */
    const json *child; /* the first, or NULL */
    const json *next;  /* the next sibling, or NULL */
    const json *parent;
};

/* False: *fault says what, where and the remedy. */
bool json_read(arena *arena, str text, const json **root, fault *fault);
/* What to do about a text that json_read refused at byte `at`: the mistakes that people make who
 * write JSON by hand have a remedy of their own. */
str json_remedy(str text, isize at);
/* Member by exact (case-sensitive) name, or NULL; NULL-safe in `object`. */
const json *json_get(const json *object, const char *name);
/* Text of a string member, else the empty str. */
str json_text(const json *object, const char *name);
/* True for the member `name` being JSON true. */
bool json_is_true(const json *object, const char *name);
/* JSON pointer (RFC 6901) of a value. */
str json_pointer(const json *value, arena *arena);
/* Reports every member of `object` whose name is not in `names` (NULL-ended) as an error with "did
 * you mean". */
void json_only(const json *object, const char *const *names, str file, problems *problems);
/* The value as compact JSON. */
void json_write(const json *value, buf *out);

#endif
