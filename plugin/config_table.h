/* SPDX-License-Identifier: Apache-2.0 */
/* config_table.h: what a key of fhirtrial.json is, as data: the reader (config.c) and the JSON
 * Schema (config_table.c) follow the same rows. */
#ifndef FHIRTRIAL_CONFIG_TABLE_H
#define FHIRTRIAL_CONFIG_TABLE_H

#include "config.h"

typedef enum field_kind {
    FIELD_TEXT,
    FIELD_PATH,
    FIELD_INTEGER,
    FIELD_DURATION,
    FIELD_CHOICE,
    FIELD_LIST,
    FIELD_OBJECT,
    FIELD_ENDPOINTS
} field_kind;

typedef struct field field;
struct field {
    const char *name;
    field_kind kind;
    bool required;
    isize offset;
    int64_t least, most,
        fallback; /* integers as they are, durations in milliseconds, choices as index */
    const char *const *choices; /* NULL-ended */
    const field *fields;        /* of an object; name NULL ends it */
    const char *meaning;
};

/* The keys of the configuration's root object. */
extern const field config_fields[];

#endif
